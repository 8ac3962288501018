//! Figures that the database alone knows, read once a minute by the process that leads, and after each
//! live tick.
//!
//! In real time, as whoever looks at them. An outage is waited for like everywhere else; nothing here
//! ends the program.

use std::{sync::Arc, time::Duration};

use model::{SourceId, Ts};
use ratelimit::Clock;
use source::{Calendar, DatasetSpec, Role};
use store::read;

use super::{METRICS, Watched, metrics::Metrics, metrics::OfQuota, seconds, set};
use crate::{Collector, Error, Filter, Forecast, State, Stop, outage::Spaced};

/// From the close on Friday to the opening on Monday.
const WEEKEND_SECS: i64 = 2 * 86_400;
const EVERY: Duration = Duration::from_secs(60);
/// Ticks that end together are looked at together.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

/// Keeps the figures of the database fresh until stop is said, where somebody shows them.
///
/// # Errors
/// None: what cannot be read is logged. It returns what other tasks of the schedule do.
pub async fn keep_figures(
    watched: Watched,
    clock: Arc<dyn Clock>,
    stop: Stop,
) -> Result<(), Error> {
    let Some(metrics) = METRICS.get() else {
        stop.said().await;
        return Ok(());
    };
    let said = Spaced::default();
    while !stop.is_said() {
        if !look_once(metrics, &watched, &*clock, &stop, &said).await {
            break;
        }
        let next = async {
            tokio::time::sleep(LEAST_PAUSE).await;
            // After a minute or at once: either is the word to look again.
            let _minute = tokio::time::timeout(EVERY, metrics.look_again.notified()).await;
        };
        stop.or(next).await;
    }
    Ok(())
}

/// Returns false where stop was said meanwhile. Holds no collector afterwards: one that is over must not
/// live through the pause.
async fn look_once(
    metrics: &Metrics,
    watched: &Watched,
    clock: &dyn Clock,
    stop: &Stop,
    said: &Spaced,
) -> bool {
    let collectors = watched.collectors();
    let looked = stop.or(look(metrics, &collectors, clock)).await;
    // One that was opened anew meanwhile shows under the same name.
    let still = watched.collectors();
    let is_gone = |one: &&Arc<Collector>| !still.iter().any(|other| other.id() == one.id());
    for gone in collectors.iter().filter(is_gone) {
        metrics.end(gone);
    }
    match looked {
        None => return false,
        // Nobody was looked at: no figure is as fresh as now.
        Some(Ok(())) if collectors.is_empty() => {}
        Some(Ok(())) => {
            metrics.looked_at.set(seconds(clock.now()));
        }
        Some(Err(error)) if error.is_passing() => {
            tracing::debug!(%error, "the figures could not be read");
        }
        Some(Err(error)) if said.is_due() => {
            tracing::warn!(%error, "the figures could not be read");
        }
        Some(Err(_)) => {}
    }
    true
}

async fn look(
    metrics: &Metrics,
    collectors: &[Arc<Collector>],
    clock: &dyn Clock,
) -> Result<(), Error> {
    let Some(first) = collectors.first() else {
        return Ok(());
    };
    let (store, outage, now) = (&first.store, &first.outage, clock.now());
    let fresh = outage.through(|| read::freshness(store)).await?;
    let rereads = outage.through(|| read::rereads_waiting(store)).await?;
    for collector in collectors {
        let id = collector.id();
        let every_secs = collector.something_new_every_secs();
        set(&metrics.cadence, id, seconds(Ts::from_secs(every_secs)));
        set(&metrics.staleness, id, staleness(&fresh, id, now));
        let waiting = rereads.iter().find(|row| row.source == id.as_str());
        let waiting = waiting.and_then(|row| usize::try_from(row.ranges).ok());
        set(&metrics.rereads, id, count(waiting.unwrap_or(0)));
        outage.through(|| look_at(metrics, collector)).await?;
    }
    Ok(())
}

/// As `crossfeed status` and `crossfeed gaps` see it.
async fn look_at(metrics: &Metrics, collector: &Collector) -> Result<(), store::Error> {
    let survey = collector.survey().await?;
    let id = survey.id();
    let (whole, datasets): (Vec<_>, Vec<_>) =
        (survey.suspensions().iter()).partition(|row| row.dataset.is_empty());
    set(&metrics.suspended_datasets, id, count(datasets.len()));
    set(&metrics.suspended, id, u8::from(!whole.is_empty()).into());
    let until = (survey.parking()).map_or(0., |one| one.until.map_or(f64::INFINITY, seconds));
    set(&metrics.parked_until, id, until);
    for one in survey.quotas() {
        let quota = OfQuota::of(id, one.host, one.unit, one.window);
        let units = |units: u64| count(usize::try_from(units).unwrap_or(usize::MAX));
        for (gauges, value) in [
            (&metrics.quota_ends, ends_at(one.forecast)),
            (&metrics.quota_used, units(one.used)),
            (&metrics.quota_limit, units(one.limit)),
            (&metrics.quota_left, units(one.left())),
        ] {
            gauges.get_or_create(&quota).set(value);
        }
    }
    let standing = survey.standing().await?;
    let degraded = u8::from(standing.state == State::Degraded);
    set(&metrics.degraded, id, degraded.into());
    let gaps = survey.gaps(&Filter::default(), false).await?;
    let open = gaps.iter().filter(|gap| gap.is_open());
    let buckets = open.map(|gap| gap.buckets).sum::<u64>();
    let buckets = usize::try_from(buckets).unwrap_or(usize::MAX);
    set(&metrics.gap_buckets, id, count(buckets));
    Ok(())
}

/// Of what is spent, the parking tells.
fn ends_at(forecast: Forecast) -> f64 {
    match forecast {
        Forecast::EndsAt(at) => seconds(at),
        Forecast::Lasts | Forecast::Spent | Forecast::TooEarly => 0.,
    }
}

fn staleness(fresh: &[read::FreshnessRow], source: SourceId, now: Ts) -> f64 {
    let of_source = fresh.iter().filter(|row| row.source == source.as_str());
    let freshest = of_source.map(|row| row.stale_secs(now)).min();
    freshest.map_or(f64::INFINITY, |secs| seconds(Ts::from_secs(secs)))
}

fn count(things: usize) -> f64 {
    things as f64
}

impl Collector {
    /// Returns how long it takes, at most, until there is something new, where all is well: the ticks come
    /// no faster, nor do the buckets of the finest step, and an exchange rests on weekends.
    fn something_new_every_secs(&self) -> i64 {
        let everything = Filter::default();
        let planner = self.planner();
        let datasets = self.source.datasets().iter();
        let in_use = datasets.filter(|one| {
            let is_asked = one.role != Role::Catalogue;
            is_asked && planner.rows(one, &everything).next().is_some()
        });
        let new_every = |one: &DatasetSpec| match one.calendar {
            Calendar::Exchange => one.step.max_secs() + WEEKEND_SECS,
            Calendar::Always | Calendar::None => one.step.max_secs(),
        };
        let finest = in_use.map(new_every).min();
        self.timetable().every_secs.max(finest.unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use model::Step;

    use super::*;

    #[test]
    fn the_newest_bucket_of_any_step_says_how_stale_a_source_is() {
        let at = |text| Ts::parse(text).unwrap();
        let row = |source: &str, step, newest| read::FreshnessRow {
            source: source.to_owned(),
            step,
            series: 1,
            newest_ts: at(newest),
        };
        let rows = [
            row("acme", Step::Hour, "2026-05-18T09:00:00Z"),
            row("acme", Step::Day, "2026-05-17T00:00:00Z"),
            row("open", Step::Day, "2026-05-18T00:00:00Z"),
            row("other", Step::Hour, "2026-05-18T11:00:00Z"),
        ];
        let now = at("2026-05-18T12:30:00Z");
        let of = |name| staleness(&rows, SourceId::new(name), now) / 3_600.;
        for (name, hours) in [("acme", 2.5), ("other", 0.5), ("open", 0.)] {
            assert!((of(name) - hours).abs() < 1e-9, "{name}");
        }
        assert!(of("silent").is_infinite());
    }
}
