#![doc = include_str!("../README.md")]

mod binaries;
mod cluster;
mod database;
mod download;
mod error;
mod foreground;
mod guard;
mod lock;
mod machine;
mod options;
mod origin;
mod pidfile;
mod place;
mod process;
mod record;
mod seat;
mod server;
mod settings;
mod start;

pub use error::Error;
pub use foreground::run_foreground;
pub use options::{Guard, Options, Profile, Report, find_home};
pub use server::{Info, Server, Status, Stopped, ensure_started, status, stop};
