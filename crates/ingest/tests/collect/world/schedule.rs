//! A process that runs the schedule of a source.

use std::sync::Arc;

use ingest::{Collector, Stop, schedule};
use ratelimit::Clock;
use tokio::task::JoinSet;

/// Of a process at work.
pub(crate) type Tasks = JoinSet<Result<(), ingest::Error>>;

/// Runs the schedule of a collector, ticks and gaps, on a clock that its tasks alone let go on from here
/// on: the caller only waits.
pub(crate) fn set_to_work(
    tasks: &mut Tasks,
    collector: Collector,
    clock: &Arc<dyn Clock>,
    stop: &Stop,
) {
    let collector = Arc::new(collector);
    let start = || (Arc::clone(&collector), Arc::clone(clock), stop.clone());
    let (one, two) = (start(), start());
    tasks.spawn(schedule::ticks(one.0, one.1, one.2));
    tasks.spawn(schedule::gaps(two.0, two.1, two.2));
    clock.end();
}

/// Waits for the end of all tasks, none of which may have failed.
pub(crate) async fn all_ended(tasks: &mut Tasks) {
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap().unwrap();
    }
}
