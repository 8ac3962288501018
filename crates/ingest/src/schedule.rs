//! When `ingestd` does what: a tick of every source at once, then each at its minute of the hour;
//! catalogues and the vendor's own count of the quota after it, gaps and re-reads in between.
//!
//! Nothing here restarts anything: a source that is suspended stays so, a tick that fails waits for
//! the next one. Ticks missed while the process was down are not replayed; coverage knows the holes.

use std::{sync::Arc, time::Duration};

use model::{Step, Ts};
use ratelimit::{Busy, Clock};

use crate::{Collector, Error, Stop, Summary};

/// Returns when the next tick is due: `offset_secs` after a full hour, later than `now`.
pub fn next_tick(now: Ts, offset_secs: i64) -> Ts {
    let this_hour = Step::Hour.floor(now).plus_secs(offset_secs);
    if this_hour > now {
        this_hour
    } else {
        this_hour.plus_secs(Step::Hour.max_secs())
    }
}

/// Runs the live ticks of one source until stop is said.
///
/// # Errors
/// [`store::Error::LeadershipLost`]: somebody else runs the schedule. Any other error is logged, and
/// the next tick comes when it is due.
pub async fn ticks(
    collector: Arc<Collector>,
    clock: Arc<dyn Clock>,
    stop: Stop,
) -> Result<(), Error> {
    let _busy = Busy::new(&clock);
    loop {
        let run_id = run_id("tick", clock.now());
        tell(&collector, "tick", collector.live(&run_id).await)?;
        match collector.refresh_due_catalogue(&run_id).await.transpose() {
            None => {}
            Some(read) => tell(&collector, "catalogue", read)?,
        }
        tell(
            &collector,
            "account",
            collector.check_account(&run_id).await,
        )?;
        let due = next_tick(clock.now(), collector.tick_offset_secs());
        if stop.or(sleep_until(&*clock, due)).await.is_none() {
            return Ok(());
        }
    }
}

/// Fills gaps of one source after each tick and reads old values again at night, with what the ticks
/// leave, until stop is said.
///
/// # Errors
/// As with [`ticks`].
pub async fn gaps(
    collector: Arc<Collector>,
    clock: Arc<dyn Clock>,
    stop: Stop,
) -> Result<(), Error> {
    let _busy = Busy::new(&clock);
    loop {
        // The tick first: it is what a gap would be made of.
        let start = stop.or(clock.sleep(Duration::from_secs(5))).await;
        if start.is_none() {
            return Ok(());
        }
        tell(
            &collector,
            "gaps",
            collector.fill_gaps(&run_id("gaps", clock.now())).await,
        )?;
        if !stop.is_said() {
            tell(&collector, "rereads", collector.reread().await)?;
        }
        let due = next_tick(clock.now(), collector.tick_offset_secs());
        if stop.or(sleep_until(&*clock, due)).await.is_none() {
            return Ok(());
        }
    }
}

/// Names one run of a command or tick.
pub fn run_id(what: &str, now: Ts) -> String {
    format!("{what}-{now}")
}

async fn sleep_until(clock: &dyn Clock, due: Ts) {
    loop {
        let left_ms = due.millis() - clock.now().millis();
        let Ok(left_ms @ 1..) = u64::try_from(left_ms) else {
            return;
        };
        clock.sleep(Duration::from_millis(left_ms)).await;
    }
}

fn is_idle(summary: &Summary) -> bool {
    summary.pulls.is_empty() && summary.suspended.is_empty() && summary.parked_until.is_none()
}

/// Logs how something ended; hands on what ends the schedule.
fn tell(collector: &Collector, what: &str, result: Result<Summary, Error>) -> Result<(), Error> {
    match result {
        Ok(summary) if is_idle(&summary) => {}
        Ok(summary) => tracing::info!(
            source = %collector.id(), what, status = summary.status().as_str(),
            requests = summary.total(|pull| pull.requests),
            points = summary.total(|pull| pull.received),
            inserted = summary.total(|pull| pull.inserted),
            holes = summary.holes.len(),
            "{what} ended"
        ),
        Err(error @ Error::Store(store::Error::LeadershipLost { .. })) => return Err(error),
        Err(error) => tracing::error!(source = %collector.id(), what, %error, "{what} failed"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_tick_is_always_ahead() {
        let at = |text| Ts::parse(text).unwrap();
        assert_eq!(
            next_tick(at("2026-11-22T10:02:59Z"), 180),
            at("2026-11-22T10:03:00Z")
        );
        assert_eq!(
            next_tick(at("2026-11-22T10:03:00Z"), 180),
            at("2026-11-22T11:03:00Z")
        );
        assert_eq!(
            next_tick(at("2026-11-22T23:59:00Z"), 180),
            at("2026-11-23T00:03:00Z")
        );
    }
}
