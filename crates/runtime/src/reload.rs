//! SIGHUP: read the configuration again. And what cannot be changed that way.

use std::io;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{Env, MetricsAt, Problem, Role};

/// Hears SIGHUP. Several that come while nobody waits are one.
#[derive(Debug)]
pub struct Hangup(Signal);

/// Listens for SIGHUP from now on; it no longer ends the process.
///
/// # Errors
/// Where the system refuses the handler. Must be called inside a tokio runtime.
pub fn hangup() -> io::Result<Hangup> {
    signal(SignalKind::hangup()).map(Hangup)
}

impl Hangup {
    /// Waits for the next one. Nothing is lost where the wait is given up.
    pub async fn heard(&mut self) {
        // No end: the handler stays for as long as the process.
        if self.0.recv().await.is_none() {
            std::future::pending().await
        }
    }
}

impl Env {
    /// Returns what of `new` holds only after another start of a program of that role: which database,
    /// where files live, what time it is, how logs are written.
    pub fn needs_start(&self, new: &Self, role: Role) -> Vec<Problem> {
        let secret = |secret: &Option<SecretString>| {
            let secret = secret.as_ref();
            secret.map(|secret| secret.expose_secret().to_owned())
        };
        let metrics = |old: MetricsAt, new: MetricsAt| (old.variable, old != new);
        let changed = [
            (
                "DATABASE_URL",
                secret(&self.database.url) != secret(&new.database.url),
            ),
            (
                "DATABASE_READ_URL",
                role == Role::Read
                    && secret(&self.database.read_url) != secret(&new.database.read_url),
            ),
            ("CROSSFEED_HOME", self.home.home != new.home.home),
            ("CROSSFEED_WORLD", self.world != new.world),
            ("CROSSFEED_CLOCK", self.clock != new.clock),
            match role {
                Role::Read => metrics(self.metrics.apid, new.metrics.apid),
                Role::Write => metrics(self.metrics.ingestd, new.metrics.ingestd),
            },
            ("RUST_LOG", self.log.filter != new.log.filter),
            ("CROSSFEED_LOG", self.log.format != new.log.format),
            ("NO_COLOR", self.log.no_color != new.log.no_color),
        ];
        let what = "has changed, and cannot while the program runs: end it and start it again";
        let changed = changed.into_iter().filter(|(_, changed)| *changed);
        changed.map(|(name, _)| Problem::new(name, what)).collect()
    }
}

#[cfg(test)]
mod tests {
    use nix::sys::signal::{Signal as Raised, raise};

    use super::*;

    fn env(vars: &[(&str, &str)]) -> Env {
        let folder = std::path::Path::new("/nowhere");
        let vars = vars.iter().map(|(name, value)| (name.into(), value.into()));
        Env::from_parts(vars, folder).unwrap()
    }

    #[test]
    fn what_needs_another_start_is_named_without_its_value() {
        let old = env(&[("COINGECKO_API_KEY", "one"), ("RUST_LOG", "info")]);
        let same = env(&[
            ("COINGECKO_API_KEY", "two"),
            ("CROSSFEED_CONFIG", "/elsewhere"),
            ("DATABASE_READ_URL", "postgres://me@replica/db"),
            ("CROSSFEED_APID_METRICS_ADDR", "off"),
            ("RUST_LOG", "info"),
        ]);
        assert_eq!(old.needs_start(&same, Role::Write), []);
        let new = env(&[
            ("DATABASE_URL", "postgres://me:hunter2@host/db"),
            ("DATABASE_READ_URL", "postgres://me:hunter2@replica/db"),
            ("CROSSFEED_HOME", "/hunter2"),
            ("CROSSFEED_WORLD", "live"),
            ("CROSSFEED_CLOCK", "/clock"),
            ("CROSSFEED_APID_METRICS_ADDR", "off"),
            ("RUST_LOG", "debug"),
            ("CROSSFEED_LOG", "json"),
            ("NO_COLOR", "1"),
        ]);
        let told = old.needs_start(&new, Role::Read);
        let names: Vec<_> = told.iter().map(|problem| problem.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "DATABASE_URL",
                "DATABASE_READ_URL",
                "CROSSFEED_HOME",
                "CROSSFEED_WORLD",
                "CROSSFEED_CLOCK",
                "CROSSFEED_APID_METRICS_ADDR",
                "RUST_LOG",
                "CROSSFEED_LOG",
                "NO_COLOR"
            ]
        );
        assert!(!format!("{told:?}").contains("hunter2"));
    }

    #[tokio::test]
    async fn one_that_comes_while_nobody_waits_is_heard_later() {
        let mut hangup = hangup().unwrap();
        raise(Raised::SIGHUP).unwrap();
        raise(Raised::SIGHUP).unwrap();
        hangup.heard().await;
    }
}
