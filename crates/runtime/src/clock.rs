//! Where the time comes from.

use std::{path::PathBuf, sync::Arc};

use ratelimit::{Clock, SharedClock, SystemClock};

use crate::Env;

/// The clock server that the environment names cannot be joined.
#[derive(Debug, thiserror::Error)]
#[error("CROSSFEED_CLOCK names {socket}, and no clock server answers there")]
pub struct ClockError {
    socket: PathBuf,
    #[source]
    source: simclock::Error,
}

/// Returns the clock that gives every "now" of this process: the machine's, or the simulated time
/// that `CROSSFEED_CLOCK` names. Joining that, the process counts as at work until it ends one unit
/// ([`Clock::end`]).
///
/// # Errors
/// Where the clock server cannot be joined.
pub async fn clock(env: &Env) -> Result<Arc<dyn Clock>, ClockError> {
    let Some(socket) = &env.clock else {
        return Ok(Arc::new(SystemClock));
    };
    match SharedClock::join(socket).await {
        Ok(clock) => Ok(Arc::new(clock)),
        Err(source) => Err(ClockError {
            socket: socket.clone(),
            source,
        }),
    }
}
