//! Figures that the database alone knows, read once a minute by the process that leads, and after each
//! live tick.
//!
//! In real time, as whoever looks at them. An outage is waited for like everywhere else; nothing here
//! ends the program.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use model::{PullKind, SourceId, Spans, Ts};
use ratelimit::Clock;
use source::{Calendar, DatasetSpec, Role};
use store::{read, series::SeriesId};

use super::{METRICS, Watched, metrics::Metrics, metrics::OfQuota, seconds, set};
use crate::{
    Collector, Error, Filter, Stop,
    outage::Spaced,
    quota::window_of,
    wants::{Patience, Scope},
};

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
        let collectors = watched.collectors();
        let looked = stop.or(look(metrics, &collectors, &*clock)).await;
        // One that was opened anew meanwhile shows under the same name.
        let still = watched.collectors();
        let is_gone = |one: &&Arc<Collector>| !still.iter().any(|other| other.id() == one.id());
        for gone in collectors.iter().filter(is_gone) {
            metrics.end(gone);
        }
        match looked {
            None => break,
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
        let next = async {
            tokio::time::sleep(LEAST_PAUSE).await;
            // After a minute or at once: either is the word to look again.
            let _minute = tokio::time::timeout(EVERY, metrics.look_again.notified()).await;
        };
        stop.or(next).await;
    }
    Ok(())
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
    let suspended = outage.through(|| store.suspensions()).await?;
    let parked = outage.through(|| store.parked(now)).await?;
    let fresh = outage.through(|| read::freshness(store)).await?;
    let rereads = outage.through(|| read::rereads_waiting(store)).await?;
    for collector in collectors {
        let id = collector.id();
        let of_source = suspended.iter().filter(|row| row.source == id.as_str());
        let (whole, datasets): (Vec<_>, Vec<_>) = of_source.partition(|row| row.dataset.is_empty());
        set(&metrics.suspended, id, u8::from(!whole.is_empty()).into());
        set(&metrics.suspended_datasets, id, count(datasets.len()));
        let until = parked.iter().filter(|row| row.source == id.as_str());
        let until = until.map(|row| row.until).max();
        set(&metrics.parked_until, id, until.map_or(0., seconds));
        let every_secs = collector.something_new_every_secs();
        set(&metrics.cadence, id, seconds(Ts::from_secs(every_secs)));
        set(&metrics.staleness, id, staleness(&fresh, id, now));
        let waiting = rereads.iter().find(|row| row.source == id.as_str());
        let waiting = waiting.and_then(|row| usize::try_from(row.ranges).ok());
        set(&metrics.rereads, id, count(waiting.unwrap_or(0)));
        collector.look_at_quotas(metrics, now).await?;
        let open = collector.open_buckets(now).await?;
        set(&metrics.gap_buckets, id, open);
    }
    Ok(())
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

    async fn look_at_quotas(&self, metrics: &Metrics, now: Ts) -> Result<(), Error> {
        let reserve = self.timetable().live_reserve_percent;
        for limit in self.source.limits() {
            let Some(window) = window_of(limit, PullKind::Live, reserve) else {
                continue;
            };
            let (unit, span, before) = (window.unit, window.span, window.before);
            let used = || (self.store).used_of(self.id(), limit.host, unit, span, before, now);
            let used = self.outage.through(used).await?;
            let quota = OfQuota::of(self.id(), limit);
            let units = |units: i64| count(usize::try_from(units).unwrap_or(0));
            metrics.quota_used.get_or_create(&quota).set(units(used));
            let given = f64::from(limit.amount);
            metrics.quota_limit.get_or_create(&quota).set(given);
            let left = units(window.limit.saturating_sub(used));
            metrics.quota_left.get_or_create(&quota).set(left);
        }
        Ok(())
    }

    /// Counts the buckets that the gap filler would ask for, whether or not they are due again.
    async fn open_buckets(&self, now: Ts) -> Result<f64, Error> {
        let everything = Filter::default();
        let scope = Scope {
            kind: PullKind::Gap,
            patience: Patience::RetryFailed,
            from: None,
            to: None,
            filter: &everything,
            now,
        };
        // Two datasets may serve one series.
        let mut open: BTreeMap<SeriesId, Spans> = BTreeMap::new();
        for dataset in self.past_datasets(&everything) {
            let wanted = self.wanted(dataset, &scope);
            let found = self.planner().open(&wanted, scope.patience, now).await?;
            for (series, spans) in found {
                open.entry(series).or_default().extend(spans.iter());
            }
        }
        let index = self.index();
        let buckets = open.iter().filter_map(|(series, spans)| {
            let step = index.get(*series)?.series.step;
            Some(spans.iter().map(|range| step.buckets(range)).sum::<u64>())
        });
        let buckets = buckets.sum::<u64>();
        Ok(count(usize::try_from(buckets).unwrap_or(usize::MAX)))
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
