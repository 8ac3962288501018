//! When `ingestd` does what: a tick of every source at once, then each at its minute of the hour, or of
//! the day; catalogues and the vendor's own count of the quota after it, gaps and re-reads in between.
//!
//! Nothing here restarts anything: a source that is suspended stays so, a tick that fails waits for
//! the next one. Ticks missed while the process was down are not replayed, nor is one that was due while
//! the one before still ran; coverage knows the holes.

use std::{sync::Arc, time::Duration};

use model::{Step, Ts};
use ratelimit::{Busy, Clock};

use crate::{Collector, Error, Stop, Summary, Timetable, telemetry};

const HOUR_SECS: i64 = Step::Hour.max_secs();
/// How long gaps wait for the tick to begin.
const TICK_FIRST: Duration = Duration::from_secs(5);

/// A clock that goes back by no more than this was put right; ticks are not made twice for it.
const PUT_RIGHT_SECS: i64 = 5 * 60;

/// How the names of live ticks begin.
pub(crate) const TICK: &str = "tick";

/// What the schedule of a source begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// A whole tick at once.
    Tick,
    /// At once what of the last tick that was due no process has done: the one before led until a
    /// moment ago.
    Rest,
}

/// Returns when the next tick is due: `offset_secs` after the beginning of a stretch of `every_secs` of
/// UTC time, later than `now`.
pub fn next_tick(now: Ts, every_secs: i64, offset_secs: i64) -> Ts {
    let every_secs = every_secs.max(HOUR_SECS);
    let begun_secs = now.secs().rem_euclid(every_secs);
    let this = Ts::from_secs(now.secs() - begun_secs).plus_secs(offset_secs);
    if this > now {
        this
    } else {
        this.plus_secs(every_secs)
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
    ticks_from(First::Tick, collector, clock, stop).await
}

/// Does the same, and says what to begin with.
///
/// # Errors
/// As with [`ticks`].
pub async fn ticks_from(
    mut first: First,
    collector: Arc<Collector>,
    clock: Arc<dyn Clock>,
    stop: Stop,
) -> Result<(), Error> {
    let _busy = Busy::new(&clock);
    let timetable = collector.timetable();
    loop {
        let began = clock.now();
        let run_id = run_id(TICK, began);
        telemetry::tick_began(collector.id(), began);
        let since = match std::mem::replace(&mut first, First::Tick) {
            First::Tick => None,
            First::Rest => Some(next_due(&timetable, began).plus_secs(-timetable.every_secs)),
        };
        let ticked = match since {
            None => collector.live(&run_id).await,
            Some(due) => collector.live_rest(&run_id, due).await,
        };
        collector.note_tick(clock.now());
        tell(&collector, "tick", ticked)?;
        match collector.refresh_due_catalogue(&run_id).await.transpose() {
            None => {}
            Some(read) => tell(&collector, "catalogue", read)?,
        }
        tell(
            &collector,
            "account",
            collector.check_account(&run_id, since).await,
        )?;
        if let Err(error) = collector.warn_of_ending_quota().await {
            tracing::error!(source = %collector.id(), %error, "the quotas cannot be looked at");
        }
        let ended = clock.now();
        tell_missed(&collector, began, ended);
        let jitter_secs = drawn_secs(timetable.jitter_secs);
        telemetry::tick_ended(collector.id(), began, ended);
        let due_after = |now| {
            let due = next_due(&timetable, now).plus_secs(jitter_secs);
            telemetry::tick_is_due(collector.id(), due);
            due
        };
        let due = sleep_until(&*clock, began, due_after, |due, was| {
            tell_set_back(&collector, due, was);
        });
        if stop.or(due).await.is_none() {
            return Ok(());
        }
    }
}

/// Fills gaps of one source every hour, after the tick where there is one, and reads old values again at
/// night, with what the ticks leave, until stop is said.
///
/// # Errors
/// As with [`ticks`].
pub async fn gaps(
    collector: Arc<Collector>,
    clock: Arc<dyn Clock>,
    stop: Stop,
) -> Result<(), Error> {
    let _busy = Busy::new(&clock);
    let timetable = collector.timetable();
    let mut tick_first = TICK_FIRST;
    loop {
        let began = clock.now();
        // The tick first: it is what a gap would be made of.
        let start = stop.or(clock.sleep(tick_first)).await;
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
        let offset_secs = timetable.offset_secs % HOUR_SECS;
        let due_after = |now| next_tick(now, HOUR_SECS, offset_secs);
        tick_first = TICK_FIRST + Duration::from_secs(timetable.jitter_secs.into());
        // The loop of the ticks tells of a clock that was set.
        let due = sleep_until(&*clock, began, due_after, |_, _| {});
        if stop.or(due).await.is_none() {
            return Ok(());
        }
    }
}

/// Returns when the next tick is due, its jitter aside.
pub(crate) fn next_due(timetable: &Timetable, now: Ts) -> Ts {
    next_tick(now, timetable.every_secs, timetable.offset_secs)
}

/// Returns how many ticks were due while one ran.
fn missed(timetable: &Timetable, began: Ts, ended: Ts) -> i64 {
    let waited_secs = next_due(timetable, ended).secs() - next_due(timetable, began).secs();
    waited_secs / timetable.every_secs.max(HOUR_SECS)
}

fn tell_missed(collector: &Collector, began: Ts, ended: Ts) {
    let missed = missed(&collector.timetable(), began, ended);
    if missed > 0 {
        tracing::warn!(
            source = %collector.id(), missed, took_ms = ended.millis() - began.millis(),
            "a tick still ran when the next was due: that one is left out, its gaps are filled"
        );
    }
}

/// Draws how much later than due a tick starts.
fn drawn_secs(jitter_secs: u32) -> i64 {
    fastrand::u32(0..=jitter_secs).into()
}

/// Names one run of a command or tick.
pub fn run_id(what: &str, now: Ts) -> String {
    format!("{what}-{now}")
}

/// Sleeps until what is due next, as `due_after` says, to whoever began with this one at `began`. A clock
/// that is set back meanwhile, and not just put right, makes that another time, which is told with the
/// latest time seen: what was due by the old one may be days away.
async fn sleep_until(
    clock: &dyn Clock,
    began: Ts,
    due_after: impl Fn(Ts) -> Ts,
    tell_set_back: impl Fn(Ts, Ts),
) {
    let now = clock.now();
    let mut latest = match now.plus_secs(PUT_RIGHT_SECS) < began {
        true => now,
        false => now.max(began),
    };
    let mut due = due_after(latest);
    loop {
        let now = clock.now();
        if now.plus_secs(PUT_RIGHT_SECS) < latest {
            due = due_after(now);
            tell_set_back(due, latest);
            latest = now;
        }
        latest = latest.max(now);
        let Ok(left_ms @ 1..) = u64::try_from(due.millis() - now.millis()) else {
            return;
        };
        let left = Duration::from_millis(left_ms);
        clock.sleep(left.min(clock.longest_sleep())).await;
    }
}

fn tell_set_back(collector: &Collector, due: Ts, was: Ts) {
    tracing::warn!(
        source = %collector.id(), until = %due,
        "the clock was set back, it was {was} already: the next tick is planned anew"
    );
}

fn is_idle(summary: &Summary) -> bool {
    summary.pulls.is_empty() && summary.suspended.is_empty() && summary.parked_until.is_none()
}

/// Logs how something ended; hands on what ends the schedule.
fn tell(collector: &Collector, what: &str, result: Result<Summary, Error>) -> Result<(), Error> {
    match result {
        Ok(summary) if is_idle(&summary) => {}
        Ok(summary) => tracing::info!(
            source = %collector.id(), job = what, status = summary.status().as_str(),
            requests = summary.total(|pull| pull.requests),
            points = summary.total(|pull| pull.received),
            inserted = summary.total(|pull| pull.inserted),
            holes = summary.holes.len(),
            "{what} ended"
        ),
        Err(error @ Error::Store(store::Error::LeadershipLost { .. })) => return Err(error),
        Err(error) => {
            tracing::error!(source = %collector.id(), job = what, %error, "{what} failed")
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeSet, VecDeque},
        sync::Mutex,
    };

    use async_trait::async_trait;

    use super::*;

    /// A machine's clock: what it shows after each sleep has nothing to do with how long that was.
    #[derive(Debug)]
    struct Moved {
        shows: Mutex<VecDeque<Ts>>,
        slept: Mutex<Vec<Duration>>,
    }

    #[async_trait]
    impl Clock for Moved {
        fn now(&self) -> Ts {
            self.shows.lock().unwrap()[0]
        }

        async fn sleep(&self, duration: Duration) {
            self.slept.lock().unwrap().push(duration);
            let left = self.shows.lock().unwrap().pop_front();
            assert!(left.is_some(), "it sleeps on");
        }
    }

    #[tokio::test]
    async fn a_clock_that_is_set_is_heard_of_within_a_minute() {
        let at = |time: &str| Ts::parse(&format!("2026-11-{time}Z")).unwrap();
        let due = |now| next_tick(now, HOUR_SECS, 180);
        for (began, shows, told) in [
            // The machine was suspended, or the clock was set forward.
            (
                "22T10:03:00",
                vec!["22T10:10:00", "22T10:10:30", "22T21:00:00"],
                None,
            ),
            // Put right over the very second in which the tick was, after it and while it ran.
            (
                "22T10:03:00",
                vec!["22T10:03:01", "22T10:02:59", "22T10:03:00", "22T11:03:00"],
                None,
            ),
            (
                "22T10:03:05",
                vec!["22T10:02:55", "22T10:03:00", "22T11:03:00"],
                None,
            ),
            // It was wrong by weeks, and set back later or while the tick ran.
            ("22T10:03:05", vec!["01T07:30:00", "01T08:03:00"], None),
            (
                "22T10:03:00",
                vec![
                    "22T10:03:20",
                    "22T10:03:50",
                    "01T07:30:00",
                    "01T07:30:30",
                    "01T08:03:00",
                ],
                Some(("01T08:03:00", "22T10:03:50")),
            ),
        ] {
            let last = shows.len() - 1;
            let clock = Moved {
                shows: Mutex::new(shows.into_iter().map(at).collect()),
                slept: Mutex::default(),
            };
            let heard = Mutex::new(Vec::new());
            let tell = |due, was| heard.lock().unwrap().push((due, was));
            sleep_until(&clock, at(began), due, tell).await;
            let slept = clock.slept.into_inner().unwrap();
            assert_eq!(slept.len(), last);
            assert!(slept.iter().all(|one| *one <= Duration::from_secs(60)));
            let told = told.map(|(due, was)| (at(due), at(was)));
            assert_eq!(heard.into_inner().unwrap(), Vec::from_iter(told));
        }
    }

    #[test]
    fn a_tick_that_runs_past_the_next_one_leaves_it_out() {
        let at = |time: &str| Ts::parse(&format!("2026-11-22T{time}Z")).unwrap();
        let hourly = Timetable {
            every_secs: 3_600,
            offset_secs: 180,
            jitter_secs: 60,
            live_reserve_percent: 20,
            reread_requests: None,
        };
        for (began, ended, expected) in [
            // At start, at any minute.
            ("10:02:10", "10:02:59", 0),
            ("10:02:10", "10:03:00", 1),
            ("10:03:40", "11:02:59", 0),
            ("10:03:40", "11:03:00", 1),
            ("10:03:00", "13:10:00", 3),
        ] {
            assert_eq!(missed(&hourly, at(began), at(ended)), expected, "{began}");
        }
        let daily = Timetable {
            every_secs: 86_400,
            offset_secs: 21_900,
            ..hourly
        };
        assert_eq!(missed(&daily, at("06:05:00"), at("23:00:00")), 0);
        assert_eq!(missed(&daily, at("06:00:00"), at("06:06:00")), 1);
    }

    #[test]
    fn every_second_of_the_jitter_is_drawn_and_none_beyond() {
        let drawn: BTreeSet<i64> = (0..1_000).map(|_| drawn_secs(5)).collect();
        assert_eq!(drawn, (0..=5).collect());
        assert_eq!(drawn_secs(0), 0);
    }

    #[test]
    fn the_next_tick_is_always_ahead() {
        let at = |text| Ts::parse(text).unwrap();
        for (now, every_secs, offset_secs, due) in [
            ("2026-11-22T10:02:59Z", 3_600, 180, "2026-11-22T10:03:00Z"),
            ("2026-11-22T10:03:00Z", 3_600, 180, "2026-11-22T11:03:00Z"),
            ("2026-11-22T23:59:00Z", 3_600, 180, "2026-11-23T00:03:00Z"),
            // Once a day, after six.
            (
                "2026-11-22T06:04:59Z",
                86_400,
                21_900,
                "2026-11-22T06:05:00Z",
            ),
            (
                "2026-11-22T06:05:00Z",
                86_400,
                21_900,
                "2026-11-23T06:05:00Z",
            ),
            (
                "2026-11-22T23:59:00Z",
                86_400,
                21_900,
                "2026-11-23T06:05:00Z",
            ),
            (
                "2026-11-22T00:00:00Z",
                86_400,
                21_900,
                "2026-11-22T06:05:00Z",
            ),
        ] {
            assert_eq!(
                next_tick(at(now), every_secs, offset_secs),
                at(due),
                "{now}"
            );
        }
    }
}
