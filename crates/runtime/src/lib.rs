//! What every binary needs once: environment and secrets, logs, metrics, shutdown, which database, exit
//! codes.
//!
//! The only place that reads the process environment. Knows no vendor beyond the names in
//! [`VENDORS`], holds no schedule and runs no query.

mod args;
mod clock;
mod config;
mod database;
mod dotenv;
mod env;
mod exit;
mod instance;
mod known;
mod log;
mod notify;
mod reload;
mod run;
mod shutdown;
mod telemetry;
mod vendor;
mod world;

pub use args::parse_args;
pub use clock::{ClockError, clock};
pub use config::{ConfigError, find_sources_config, read_sources_config};
pub use database::{Database, DatabaseError, Role, database, private_options};
pub use env::{BadEnvironment, DatabaseEnv, Env, HomeEnv, Problem};
pub use exit::Exit;
pub use instance::instance_id;
pub use known::known_variables;
pub use log::{LogEnv, LogFormat, init_command_tracing, init_tracing};
pub use notify::Notify;
pub use reload::{Hangup, hangup};
pub use run::run;
pub use shutdown::{Shutdown, shutdown};
pub use telemetry::{Health, MetricsAt, MetricsEnv, Probe, Telemetry, TelemetryError};
pub use vendor::{VENDORS, VendorEnv};
pub use world::{MixedWorlds, world};
