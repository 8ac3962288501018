//! Metrics, health and readiness of a daemon, on a port of its own.
//!
//! What is counted, and what makes a daemon ready, is said by whoever knows it. Names and meanings are
//! in `docs/METRICS.md`.

mod address;
mod health;
mod process;
mod server;

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, PoisonError, RwLock},
};

use prometheus_client::{metrics::info::Info, registry::Registry};
use tokio::task::JoinHandle;

pub use address::{MetricsAt, MetricsEnv};
pub use health::{Health, Probe};

/// The port cannot be had.
#[derive(Debug, thiserror::Error)]
#[error(
    "{variable}: metrics cannot be shown on {address}: {source}; name another address, or `off`"
)]
pub struct TelemetryError {
    variable: &'static str,
    address: SocketAddr,
    source: io::Error,
}

/// What the port shows.
pub(crate) struct Shown {
    registry: RwLock<Registry>,
    probe: RwLock<Probe>,
}

/// The port of one daemon. It closes with it.
pub struct Telemetry {
    shown: Arc<Shown>,
    address: Option<SocketAddr>,
    serving: Option<JoinHandle<()>>,
}

impl TelemetryError {
    /// Whether another program has the port.
    pub fn is_taken(&self) -> bool {
        self.source.kind() == io::ErrorKind::AddrInUse
    }
}

impl Telemetry {
    /// Opens the port of `program` and logs where it is; opens none where that is turned off. Until
    /// [`Self::ready_by`] the daemon is not ready. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`TelemetryError`], which names the variable.
    pub fn start(at: MetricsAt, program: &'static str) -> Result<Self, TelemetryError> {
        let mut telemetry = Self::closed(program);
        telemetry.open(at)?;
        Ok(telemetry)
    }

    /// Returns what [`Self::start`] does without a port yet.
    pub fn closed(program: &'static str) -> Self {
        let shown = Arc::new(Shown {
            registry: RwLock::new(about(program)),
            probe: RwLock::new(health::always(Health::not_ready("starting"))),
        });
        Self {
            shown,
            address: None,
            serving: None,
        }
    }

    /// Opens the port where it is not open and not turned off, and logs where it is. What is to be shown
    /// is added afterwards. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`TelemetryError`], which names the variable; then it stays closed.
    pub fn open(&mut self, at: MetricsAt) -> Result<(), TelemetryError> {
        let (None, Some(asked)) = (self.address, at.address) else {
            return Ok(());
        };
        let fails = |source| TelemetryError {
            variable: at.variable,
            address: asked,
            source,
        };
        let listener = listen(asked).map_err(fails)?;
        let address = listener.local_addr().map_err(fails)?;
        tracing::info!("metrics on http://{address}/metrics");
        self.serving = Some(tokio::spawn(server::serve(
            listener,
            Arc::clone(&self.shown),
        )));
        self.address = Some(address);
        Ok(())
    }

    /// Returns where the port is; none where it is turned off.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Adds metrics. Where the port is turned off nothing is added, so nothing is counted.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        if self.address.is_some() {
            let registry = &self.shown.registry;
            add(&mut registry.write().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// From now on the daemon is as ready as `probe` finds it.
    pub fn ready_by(&self, probe: Probe) {
        let mut current = (self.shown.probe.write()).unwrap_or_else(PoisonError::into_inner);
        *current = probe;
    }

    /// From now on the daemon is not ready, for this reason.
    pub fn not_ready(&self, why: &str) {
        self.ready_by(health::always(Health::not_ready(why)));
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

fn listen(address: SocketAddr) -> io::Result<tokio::net::TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

fn about(program: &'static str) -> Registry {
    let mut registry = Registry::default();
    let info = Info::new([("program", program), ("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("crossfeed_build", "Which program this is", info);
    process::register(&mut registry);
    registry
}
