//! The one way to a connection: time-outs, TLS, settings. The pool, single connections held for
//! long and the migrations all take it.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    time::Duration,
};

use deadpool_postgres::{Manager, ManagerConfig};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{Error, tls};

pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A dead peer is noticed within about a minute. Without these a stalled COPY holds its locks for
/// hours: `statement_timeout` and cancel do not reach it.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(60);

/// Set once per connection: answers must not depend on the server's zone, and compiling a
/// statement costs more than any of ours takes.
pub(crate) const SETTINGS: &str = "SET TimeZone = 'UTC'; SET jit = off; SET DateStyle = 'ISO'";

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

    /// Makes what opens the connections of a pool.
    pub(crate) fn manager(&self, manager: ManagerConfig) -> Manager {
        Manager::from_config(self.config.clone(), self.tls.clone(), manager)
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
