//! The stage on a simulated clock: programs and vendor share its time.

use std::{path::Path, time::Duration};

use fake_vendors::Options;
use simclock::Worker;
use testkit::stage::{Ended, Stage, ended};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::process::Command;

/// A wait this long has failed.
const TOO_LONG: Duration = Duration::from_secs(100);
pub(crate) const START: &str = "12:50";

/// A vendor whose clock begins at [`START`].
pub(crate) fn options() -> Options {
    Options {
        now: Some(instant(START)),
        rpm: Some(60_000),
        ..Options::default()
    }
}

fn instant(time: &str) -> OffsetDateTime {
    OffsetDateTime::parse(&format!("2026-05-18T{time}:00Z"), &Rfc3339).unwrap()
}

/// A time of the day, in milliseconds since the epoch.
pub(crate) fn at(time: &str) -> i64 {
    instant(time).unix_timestamp() * 1_000
}

/// Makes a program go by the clock.
pub(crate) fn on_clock(mut command: Command, socket: &Path) -> Command {
    command.env("CROSSFEED_CLOCK", socket);
    command
}

/// An operator who works by the clock: time stands still while commands are typed.
pub(crate) struct Operator(Worker);

impl Operator {
    pub(crate) async fn join(socket: &Path) -> Self {
        Self(Worker::join(socket).await.unwrap())
    }

    /// Leaves everybody to their work until a time of the day.
    pub(crate) async fn sleep_until(&self, time: &str) {
        let millis = u64::try_from(at(time) - self.0.now_ms()).unwrap();
        let slept = self.0.sleep(Duration::from_millis(millis));
        let in_time = tokio::time::timeout(TOO_LONG, slept).await;
        assert!(in_time.is_ok(), "it is only {}", self.0.now_ms());
    }
}

/// Runs the program under test to its end, by the clock.
pub(crate) trait OnClock {
    async fn run_on(&self, socket: &Path, args: &[&str]) -> Ended;
}

impl OnClock for Stage {
    async fn run_on(&self, socket: &Path, args: &[&str]) -> Ended {
        ended(on_clock(self.command(args), socket)).await
    }
}
