//! Runs a program, and ends with it.

use std::{future::Future, io, time::Duration};

use tokio::runtime::Builder;

/// What still runs on a thread of its own may take so long at the end: a name that is looked up while the
/// resolver does not answer, a large answer that is parsed. Nothing of it is waited for any more.
const LAST: Duration = Duration::from_millis(500);

/// Makes an asynchronous runtime, runs `program` on it and returns what it yields. Tasks are dropped then, and
/// what blocks a thread is left behind after half a second at most.
///
/// # Errors
/// Those of the program; where the system gives no threads.
pub fn run<T, E>(program: impl Future<Output = Result<T, E>>) -> Result<T, E>
where
    E: From<io::Error>,
{
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(program);
    runtime.shutdown_timeout(LAST);
    done
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Instant};

    use super::*;

    #[test]
    fn a_thread_that_is_blocked_for_long_does_not_hold_up_the_end() {
        let (begins, begun) = mpsc::channel();
        let (ends, blocked) = mpsc::channel::<()>();
        let started = Instant::now();
        let done = run(async move {
            tokio::task::spawn_blocking(move || {
                begins.send(()).unwrap();
                // For as long as the test lasts, or a minute.
                blocked.recv_timeout(Duration::from_secs(60)).ok();
            });
            begun.recv().unwrap();
            Ok::<_, io::Error>("done")
        });
        assert_eq!(done.unwrap(), "done");
        let took = started.elapsed();
        assert!(took >= LAST && took < LAST * 10, "{took:?}");
        drop(ends);
    }
}
