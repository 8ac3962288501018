//! The one way to a connection: time-outs, TLS, settings. The pool, single connections held for
//! long and the migrations all take it.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    time::Duration,
};

use deadpool_postgres::{Manager, ManagerConfig};
use tokio::{runtime::Handle, task::JoinHandle};
use tokio_postgres::{CancelToken, Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{Error, tls};

pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A dead peer is noticed within about a minute. Without these a stalled COPY holds its locks for
/// hours: `statement_timeout` and cancel do not reach it.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(60);

/// The same for a connection that others wait for: the locks of a host that vanished are free before a
/// standby has waited for half a minute. The vanished one notices a little earlier, so that it asks
/// nothing any more when another begins.
const WATCHED_IDLE: Duration = Duration::from_secs(6);
const WATCHED_INTERVAL: Duration = Duration::from_secs(3);
const WATCHED_RETRIES: u32 = 3;
const WATCHED_USER_TIMEOUT: Duration = Duration::from_secs(15);

/// What the server does about it: 22 seconds at most. Without effect on a socket of this machine, of
/// which each side sees the other's end at once.
pub(crate) const WATCHED_SETTINGS: &str = "SET tcp_keepalives_idle = 10; \
     SET tcp_keepalives_interval = 4; SET tcp_keepalives_count = 3; SET tcp_user_timeout = 20000";

/// Set once per connection: answers must not depend on the server's zone, and compiling a
/// statement costs more than any of ours takes.
pub(crate) const SETTINGS: &str = "SET TimeZone = 'UTC'; SET jit = off; SET DateStyle = 'ISO'";

/// Set on top of them for whoever writes: a process that hangs or vanishes in the middle of a transaction
/// is not waited for longer than one that vanishes with its session. No transaction of ours is idle for
/// even a second; a COPY that stalls is not idle, and left to whoever waits for its lock.
pub(crate) const WRITER_SETTINGS: &str = "SET idle_in_transaction_session_timeout = '15s'";

/// Set on top of them for whoever only reads. The longest good answer takes about a second.
pub(crate) const READER_SETTINGS: &str =
    "SET default_transaction_read_only = on; SET statement_timeout = '20s'";

/// Where the database is and how it is reached.
#[derive(Clone)]
pub(crate) struct Route {
    config: Config,
    tls: MakeRustlsConnect,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Route {
    /// Fills in what `config` leaves open.
    pub(crate) fn new(config: &Config, application_name: &str) -> Result<Self, Error> {
        let mut config = tuned(config, application_name);
        let tls = tls::connector(&mut config)?;
        Ok(Self { config, tls })
    }

    /// Returns the same way for a connection whose end has to be noticed soon.
    pub(crate) fn watched(&self) -> Self {
        Self {
            config: watched(&self.config),
            tls: self.tls.clone(),
        }
    }

    /// Has the server give up what it does for the connection of `token`, unless this is told in time that
    /// it is done.
    pub(crate) fn cancel_on_drop(&self, token: CancelToken) -> CancelOnDrop {
        CancelOnDrop {
            token,
            tls: self.tls.clone(),
            is_done: false,
        }
    }

    /// Makes what opens the connections of a pool.
    pub(crate) fn manager(&self, manager: ManagerConfig) -> Manager {
        Manager::from_config(self.config.clone(), self.tls.clone(), manager)
    }
}

/// A statement that may wait for long. Whoever gives it up returns its connection to the pool, where the
/// next statement would wait behind it.
pub(crate) struct CancelOnDrop {
    token: CancelToken,
    tls: MakeRustlsConnect,
    is_done: bool,
}

impl CancelOnDrop {
    pub(crate) fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        // Without a runtime the process ends.
        if let Ok(runtime) = Handle::try_current() {
            let (token, tls) = (self.token.clone(), self.tls.clone());
            runtime.spawn(async move {
                if let Err(error) = token.cancel_query(tls).await {
                    tracing::debug!(%error, "what was given up could not be cancelled");
                }
            });
        }
    }
}

/// One connection outside of the pool, with the task that drives it.
#[derive(Debug)]
pub(crate) struct OwnConnection {
    client: Client,
    driver: JoinHandle<()>,
}

impl OwnConnection {
    /// Connects, and drives the connection until it is closed.
    pub(crate) async fn open(route: &Route) -> Result<Self, Error> {
        let (client, connection) =
            (route.config.connect(route.tls.clone()).await).map_err(Error::connecting)?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(%error, "a database connection ended");
            }
        });
        let own = Self { client, driver };
        own.batch_execute(SETTINGS).await?;
        Ok(own)
    }

    /// Ends it and waits for the end.
    pub(crate) async fn close(self) {
        let Self { client, driver } = self;
        drop(client);
        if let Err(error) = driver.await {
            tracing::warn!(%error, "a database connection did not end well");
        }
    }
}

impl Deref for OwnConnection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for OwnConnection {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

fn tuned(config: &Config, application_name: &str) -> Config {
    let mut config = config.clone();
    config.application_name(application_name);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(TCP_USER_TIMEOUT);
    }
    // The driver's default is two hours; a shorter one was chosen by somebody.
    if config.get_keepalives() && config.get_keepalives_idle() > KEEPALIVE_IDLE {
        config.keepalives_idle(KEEPALIVE_IDLE);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(KEEPALIVE_INTERVAL);
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(KEEPALIVE_RETRIES);
    }
    config
}

/// Shortens what is longer; keep-alives that somebody turned off stay off.
fn watched(config: &Config) -> Config {
    let mut config = config.clone();
    let at_most = |now: Option<Duration>, most| now.map_or(most, |now| now.min(most));
    config.keepalives_idle(config.get_keepalives_idle().min(WATCHED_IDLE));
    let interval = at_most(config.get_keepalives_interval(), WATCHED_INTERVAL);
    config.keepalives_interval(interval);
    let retries = config.get_keepalives_retries();
    config.keepalives_retries(
        retries.map_or(WATCHED_RETRIES, |retries| retries.min(WATCHED_RETRIES)),
    );
    let user_timeout = config.get_tcp_user_timeout().copied();
    config.tcp_user_timeout(at_most(user_timeout, WATCHED_USER_TIMEOUT));
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_watched_connection_is_noticed_soon() {
        let config = watched(&tuned(&Config::new(), "test"));
        let probes = config.get_keepalives_retries().unwrap();
        let silent =
            config.get_keepalives_idle() + config.get_keepalives_interval().unwrap() * probes;
        assert!(silent <= WATCHED_USER_TIMEOUT, "{silent:?}");
        assert_eq!(config.get_tcp_user_timeout(), Some(&WATCHED_USER_TIMEOUT));
        // Who chose less keeps it.
        let mut chosen = Config::new();
        chosen
            .keepalives_idle(Duration::from_secs(1))
            .tcp_user_timeout(Duration::from_secs(2));
        let config = watched(&tuned(&chosen, "test"));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(1));
        let kept = Some(&Duration::from_secs(2));
        assert_eq!(config.get_tcp_user_timeout(), kept);
    }
}
