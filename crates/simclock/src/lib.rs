#![doc = include_str!("../README.md")]

mod follower;
mod server;
mod wire;
mod worker;

pub use follower::Follower;
pub use server::Server;
pub use worker::Worker;

/// Why a clock cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The socket.
    #[error("clock server at {path}")]
    Io {
        /// Where it was looked for.
        path: std::path::PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Something else listens there.
    #[error("what listens at {path} is no clock server")]
    Stranger {
        /// Where.
        path: std::path::PathBuf,
    },
}
