//! How a collecting program ends: a signal says stop, what is in flight gets a while, then it is
//! given up. Coverage knows what was not committed.

use std::{future::Future, time::Duration};

use ingest::{Stop, Stopper, Summary};
use runtime::Exit;
use store::pulls::PullStatus;

/// How long what is in flight may take after the word, whatever was done between. With the last words to
/// the database and the end of the runtime it is shorter than the ten seconds after which containers are
/// killed.
const PATIENCE: Duration = Duration::from_secs(8);

/// Returns what SIGTERM and SIGINT say from now on. A second signal ends the process at once.
///
/// # Errors
/// Where the system refuses the handlers.
pub fn stop_on_signal() -> std::io::Result<Stop> {
    let asked = runtime::shutdown()?.asked();
    let (stopper, stop) = Stopper::new();
    tokio::spawn(say_after(asked, stopper));
    Ok(stop)
}

async fn say_after(asked: impl Future<Output = ()>, stopper: Stopper) {
    asked.await;
    stopper.stop();
}

/// Returns what `work` yields, or nothing where it was given up: it still ran a while after stop was
/// said, and was dropped, or the database did not come back in that time.
///
/// # Errors
/// Those of the work.
pub async fn or_give_up<T>(
    stop: &Stop,
    work: impl Future<Output = Result<T, ingest::Error>>,
) -> Result<Option<T>, ingest::Error> {
    let done = tokio::select! {
        biased;
        done = work => done,
        () = stop.said_before(PATIENCE) => {
            tracing::warn!("what was in flight did not end in time: given up, coverage knows it");
            return Ok(None);
        }
    };
    match done {
        Err(error) if stop.is_said() && error.is_passing() => {
            tracing::warn!(%error, "what was in flight is given up, coverage knows it");
            Ok(None)
        }
        done => done.map(Some),
    }
}

/// Returns the exit code of a job: by what is left open, not by how many requests failed on the way.
pub fn exit_of(summary: &Summary, stop: &Stop) -> Exit {
    let status = summary.status();
    // A word to stop between two pulls leaves no pull that says so.
    if stop.is_said() && status != PullStatus::Complete {
        return Exit::Interrupted;
    }
    match status {
        PullStatus::Interrupted => Exit::Interrupted,
        _ if !summary.suspended.is_empty() => Exit::NothingAsked,
        PullStatus::Parked => Exit::NothingAsked,
        PullStatus::Partial => Exit::Partial,
        PullStatus::Failed if summary.holes.is_empty() => Exit::Error,
        PullStatus::Failed => Exit::Partial,
        PullStatus::Complete | PullStatus::NoData | PullStatus::Running => Exit::Complete,
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_done_since_the_word_counts() {
        let (stopper, stop) = Stopper::new();
        stopper.stop();
        let said = Instant::now();
        tokio::time::sleep(PATIENCE / 2).await;
        let work = std::future::pending::<Result<(), ingest::Error>>();
        assert_eq!(or_give_up(&stop, work).await.unwrap(), None);
        assert_eq!(said.elapsed(), PATIENCE);
        // What is done is done, also then.
        let work = async { Ok(7) };
        assert_eq!(or_give_up(&stop, work).await.unwrap(), Some(7));
    }
}
