//! What the service manager hears: ready, reloading, stopping, a line of status, a sign of life.
//!
//! Without effect where nobody started the program as a service that notifies (`NOTIFY_SOCKET`).

use std::{io, time::Duration};

use sd_notify::NotifyState;

/// The way to the service manager. Cheap to clone.
#[derive(Clone, Copy, Debug)]
pub struct Notify {
    is_heard: bool,
}

impl Notify {
    /// Finds out whether somebody listens, and gives signs of life from now on where they are asked for.
    /// Must be called inside a tokio runtime: a task of it gives them, so they end when it stands still.
    pub fn begin() -> Self {
        let notify = Self {
            is_heard: std::env::var_os("NOTIFY_SOCKET").is_some(),
        };
        if let Some(within) = sd_notify::watchdog_enabled().filter(|_| notify.is_heard) {
            tokio::spawn(notify.live(within / 2));
        }
        notify
    }

    /// Whether anybody listens: what nobody hears need not be found out.
    pub const fn is_heard(self) -> bool {
        self.is_heard
    }

    /// Says that the program does what it is for, and what that is.
    pub fn ready(self, status: &str) {
        self.say(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// Says that the configuration is being read again; [`Self::ready`] says that it was.
    pub fn reloading(self) {
        let mut states = vec![NotifyState::Reloading];
        states.extend(NotifyState::monotonic_usec_now().ok());
        self.say(&states);
    }

    /// Says how things are, in a line.
    pub fn status(self, status: &str) {
        self.say(&[NotifyState::Status(status)]);
    }

    /// Says that the program ends.
    pub fn stopping(self) {
        self.say(&[NotifyState::Stopping]);
    }

    async fn live(self, every: Duration) {
        let mut turns = tokio::time::interval(every.max(Duration::from_millis(1)));
        loop {
            turns.tick().await;
            self.say(&[NotifyState::Watchdog]);
        }
    }

    fn say(self, states: &[NotifyState<'_>]) {
        if !self.is_heard {
            return;
        }
        if let Err(error) = sd_notify::notify(states) {
            told(&error);
        }
    }
}

fn told(error: &io::Error) {
    tracing::debug!(%error, "the service manager does not hear");
}
