//! SIGTERM and SIGINT: the first asks for an end, the second ends at once.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Exit;

/// `timeout` and the like signal the process and then its group: one wish, heard twice.
const ECHO: Duration = Duration::from_millis(500);

/// Whether the process was asked to end. Clones see the same.
#[derive(Clone, Debug)]
pub struct Shutdown {
    asked: watch::Receiver<bool>,
}

impl Shutdown {
    /// Whether the process was asked to end.
    pub fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }

    /// Completes once the process was asked to end. The future borrows nothing.
    pub fn asked(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut asked = self.asked.clone();
        async move {
            // The sender lives in the task below; where that is gone the runtime is going, too.
            if asked.wait_for(|asked| *asked).await.is_err() {
                tracing::debug!("the runtime ends");
            }
        }
    }
}

/// Watches for SIGTERM and SIGINT from now on. The second of them ends the process with
/// [`Exit::Interrupted`], whatever it is doing.
///
/// # Errors
/// Where the system refuses the handlers. Must be called inside a tokio runtime.
pub fn shutdown() -> io::Result<Shutdown> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (tell, asked) = watch::channel(false);
    tokio::spawn(async move {
        let mut first: Option<Instant> = None;
        loop {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            if let Some(first) = first {
                if first.elapsed() < ECHO {
                    continue;
                }
                tracing::warn!(signal = name, "ending at once");
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
            tracing::info!(signal = name, "ending; a second signal ends at once");
            first = Some(Instant::now());
            tell.send_replace(true);
        }
    });
    Ok(Shutdown { asked })
}

#[cfg(test)]
mod tests {
    use nix::sys::signal::{Signal, raise};

    use super::*;

    #[tokio::test]
    async fn first_signal_asks() {
        let shutdown = shutdown().unwrap();
        assert!(!shutdown.is_asked());
        let asked = shutdown.asked();
        raise(Signal::SIGTERM).unwrap();
        asked.await;
        assert!(shutdown.clone().is_asked());
    }
}
