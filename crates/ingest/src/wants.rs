//! What is wanted and not settled: the only place that decides what to ask for.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Deref,
    sync::Arc,
};

use model::{Key, MetricName, PullKind, SeriesKey, Spans, TimeRange, Ts};
use source::{Ask, DatasetSpec, History, Live, Role, Source, Want, pack_newest_first};
use store::{
    Store, coverage,
    series::{SeriesId, SeriesRow},
};

use crate::{
    Error, calendar,
    index::{Facts, SeriesIndex},
    outage::Outage,
    reach::Reach,
};

/// Which series a job is about. Empty lists mean all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Vendor ids, in any case.
    pub assets: Vec<String>,
    /// Stored metric names, in any case.
    pub metrics: Vec<String>,
    /// Names of datasets.
    pub datasets: Vec<String>,
}

impl Filter {
    pub(crate) fn takes(&self, series: &SeriesKey) -> bool {
        let named = |names: &[String], name: &str| {
            names.is_empty() || names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name))
        };
        named(&self.assets, series.key.asset.as_str())
            && named(&self.metrics, series.metric.as_str())
    }

    pub(crate) fn takes_dataset(&self, dataset: &DatasetSpec) -> bool {
        self.datasets.is_empty() || self.datasets.iter().any(|name| name == dataset.id.as_str())
    }
}

/// What of the wanted time is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// What is open and due: nobody is watching.
    Wait,
    /// What is open, and what failed a moment ago: an operator asks.
    RetryFailed,
    /// Everything again.
    Again,
}

impl From<PullKind> for Patience {
    fn from(kind: PullKind) -> Self {
        match kind {
            PullKind::Gap => Self::Wait,
            PullKind::Backfill | PullKind::Live => Self::RetryFailed,
            PullKind::Reread => Self::Again,
        }
    }
}

/// The frame of a question: what for, and when.
#[derive(Clone, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) kind: PullKind,
    pub(crate) patience: Patience,
    /// First bucket; `None`: as far back as each series is wanted.
    pub(crate) from: Option<Ts>,
    /// First bucket after; `None`: up to what is published.
    pub(crate) to: Option<Ts>,
    pub(crate) filter: &'a Filter,
    pub(crate) now: Ts,
}

/// The series of a source and what may be asked of them. Needs no database.
#[derive(Debug)]
pub(crate) struct Askable<'a> {
    pub(crate) source: &'a dyn Source,
    pub(crate) index: Arc<SeriesIndex>,
}

/// Everything that the decision depends on.
#[derive(Debug)]
pub(crate) struct Planner<'a> {
    pub(crate) askable: Askable<'a>,
    pub(crate) store: &'a Store,
    pub(crate) outage: &'a Outage,
}

impl<'a> Deref for Planner<'a> {
    type Target = Askable<'a>;

    fn deref(&self) -> &Askable<'a> {
        &self.askable
    }
}

impl Askable<'_> {
    /// Returns the buckets wanted of each series, settled or not.
    pub(crate) fn wanted(
        &self,
        dataset: &DatasetSpec,
        scope: &Scope<'_>,
        facts: &Facts,
        reach: &Reach,
    ) -> Vec<(SeriesId, TimeRange)> {
        self.wanted_since(
            dataset,
            scope,
            facts,
            self.oldest_label(dataset, reach, scope.now),
        )
    }

    /// Returns the oldest label that can be had of a dataset: by the plan, and by what turned out of it.
    pub(crate) fn oldest_label(&self, dataset: &DatasetSpec, reach: &Reach, now: Ts) -> Option<Ts> {
        let horizon = self.source.horizon(dataset.id, now);
        horizon.max(reach.first_label(dataset.id, now))
    }

    /// Returns the buckets wanted of each series, settled or not, from an oldest label on.
    pub(crate) fn wanted_since(
        &self,
        dataset: &DatasetSpec,
        scope: &Scope<'_>,
        facts: &Facts,
        oldest: Option<Ts>,
    ) -> Vec<(SeriesId, TimeRange)> {
        let published = match scope.kind {
            PullKind::Gap => calendar::published(dataset, scope.now),
            _ => dataset.step.floor(scope.now.plus_secs(-dataset.lag_secs)),
        };
        let mut wanted = Vec::new();
        for row in self.rows(dataset, scope.filter) {
            // An operator who asks again may know better than the vendor's last answer.
            if scope.kind == PullKind::Gap && facts.is_unsupported(&row.series.key, scope.now) {
                continue;
            }
            let since = scope.from.or(row.wanted_since).unwrap_or(Ts::OLDEST);
            let reach = oldest.map_or(Ts::OLDEST, |label| label.plus_secs(row.label_shift_secs));
            let start = dataset.step.ceil(since.max(reach));
            let end = scope
                .to
                .map_or(published, |to| dataset.step.ceil(to).min(published));
            let mut range = TimeRange::new(start, end);
            // Who asks for everything again does not believe what was learnt. A tick does: it asks for
            // the newest buckets of what still has some.
            if scope.patience != Patience::Again || scope.kind == PullKind::Live {
                range = range.intersect(facts.life_for(dataset.id, &row.series.key, dataset.step));
            }
            wanted.extend(
                self.active_parts(row, range, scope.kind)
                    .map(|part| (row.id, calendar::trim(dataset, part)))
                    .filter(|(_, part)| !part.is_empty()),
            );
        }
        wanted
    }

    /// Cuts away the time in which the configuration did not want the series; what an operator asks
    /// for by hand is not cut.
    fn active_parts(
        &self,
        row: &SeriesRow,
        range: TimeRange,
        kind: PullKind,
    ) -> impl Iterator<Item = TimeRange> {
        let parts: Vec<_> = match kind {
            PullKind::Gap => row.active.clip(range).iter().collect(),
            _ => vec![range],
        };
        parts.into_iter()
    }

    /// Returns the series of a dataset that a filter takes.
    pub(crate) fn rows<'s>(
        &'s self,
        dataset: &'s DatasetSpec,
        filter: &'s Filter,
    ) -> impl Iterator<Item = &'s SeriesRow> {
        self.index.rows().iter().filter(move |row| {
            row.series.step == dataset.step
                && filter.takes(&row.series)
                && self.source.serves(dataset.id, &row.series)
        })
    }

    /// Returns the ask of a dataset for what is open of `wanted`.
    pub(crate) fn ask_for(
        &self,
        dataset: &DatasetSpec,
        scope: &Scope<'_>,
        wanted: &[(SeriesId, TimeRange)],
        mut open: Vec<(SeriesId, Spans)>,
    ) -> Ask {
        let is_due = matches!(dataset.live, Live::Open { .. }) && scope.kind == PullKind::Live;
        let widens = dataset.whole || is_due;
        let waiting = widens.then(|| waiting_since(&self.index, &open));
        if widens {
            widen(&mut open, wanted);
        }
        let mut wants = join(&self.index, &open, dataset.joins_secs);
        if let Some(since) = waiting {
            // Stable: the wants of a key stay together. A quota that ends leaves the fresh ones.
            wants.sort_by_key(|want| since.get(&want.key).copied());
        }
        Ask {
            dataset: dataset.id,
            kind: scope.kind,
            now: scope.now,
            oldest: None,
            wants,
        }
    }
}

impl Planner<'_> {
    /// Returns what is to be asked of `wanted`.
    pub(crate) async fn open(
        &self,
        wanted: &[(SeriesId, TimeRange)],
        patience: Patience,
        now: Ts,
    ) -> Result<Vec<(SeriesId, Spans)>, Error> {
        let patience = match patience {
            Patience::Wait => coverage::Patience::Wait,
            Patience::RetryFailed => coverage::Patience::RetryFailed,
            Patience::Again => return Ok(all_of(wanted)),
        };
        let gaps = || self.store.open_gaps(wanted, now, patience);
        Ok(self.outage.through(gaps).await?)
    }

    /// Returns the ask of a dataset for what is open.
    pub(crate) async fn ask(
        &self,
        dataset: &DatasetSpec,
        scope: &Scope<'_>,
        wanted: &[(SeriesId, TimeRange)],
    ) -> Result<Ask, Error> {
        let open = self.open(wanted, scope.patience, scope.now).await?;
        Ok(self.ask_for(dataset, scope, wanted, open))
    }
}

/// Returns everything as open.
pub(crate) fn all_of(wanted: &[(SeriesId, TimeRange)]) -> Vec<(SeriesId, Spans)> {
    let all = |(id, range): &(SeriesId, TimeRange)| (*id, Spans::from_iter([*range]));
    wanted.iter().map(all).collect()
}

/// Takes for each series with anything open all that is wanted of it: the answer brings it anyway.
fn widen(open: &mut [(SeriesId, Spans)], wanted: &[(SeriesId, TimeRange)]) {
    let mut whole: HashMap<SeriesId, Spans> = HashMap::new();
    for (id, range) in wanted {
        whole.entry(*id).or_default().insert(*range);
    }
    for (id, spans) in open.iter_mut().filter(|(_, spans)| !spans.is_empty()) {
        *spans = whole.remove(id).unwrap_or_default();
    }
}

/// Returns for each key the first bucket of the newest part that is open: since when it waits for the
/// present. An old hole that is asked for again makes nobody wait.
pub(crate) fn waiting_since(index: &SeriesIndex, open: &[(SeriesId, Spans)]) -> HashMap<Key, Ts> {
    let mut since: HashMap<Key, Ts> = HashMap::new();
    for (id, spans) in open {
        if let (Some(row), Some(newest)) = (index.get(*id), spans.iter().next_back()) {
            let first = since.entry(row.series.key.clone()).or_insert(newest.start);
            *first = newest.start.min(*first);
        }
    }
    since
}

/// Joins the open parts of a key's metrics, and those that fit into one request: one answer brings
/// them all, and what lies between is compared on writing.
fn join(index: &SeriesIndex, open: &[(SeriesId, Spans)], joins_secs: i64) -> Vec<Want> {
    let mut keys: BTreeMap<(&Key, i64), Vec<(&MetricName, &Spans)>> = BTreeMap::new();
    for (id, spans) in open {
        if let Some(row) = index.get(*id) {
            let group = keys
                .entry((&row.series.key, row.label_shift_secs))
                .or_default();
            group.push((&row.series.metric, spans));
        }
    }
    let mut wants = Vec::new();
    for ((key, shift_secs), parts) in keys {
        let union: Spans = parts.iter().flat_map(|(_, spans)| spans.iter()).collect();
        for range in pack_newest_first(&union, joins_secs).into_iter().rev() {
            let mut metrics: Vec<_> = parts
                .iter()
                .filter(|(_, spans)| !spans.clip(range).is_empty())
                .map(|(metric, _)| (*metric).clone())
                .collect();
            metrics.sort();
            metrics.dedup();
            wants.push(Want {
                key: key.clone(),
                metrics,
                labels: range.shift(-shift_secs),
            });
        }
    }
    wants
}

/// Whether a dataset is asked for past values at all.
pub(crate) fn has_past(dataset: &DatasetSpec) -> bool {
    dataset.role == Role::Series && dataset.history != History::None
}

#[cfg(test)]
mod tests {
    use model::{SourceId, Step};
    use proptest::prelude::*;

    use super::*;

    const METRICS: [&str; 3] = ["CAP", "PRICE", "VOLUME"];

    fn hours(from: i64, to: i64) -> TimeRange {
        let at = |hour: i64| Ts::from_secs(hour * 3_600);
        TimeRange::new(at(from), at(to))
    }

    /// Two coins with three metrics each, numbered through.
    fn index() -> SeriesIndex {
        let rows = (0..6).map(|n: i32| SeriesRow {
            id: SeriesId(n),
            series: SeriesKey {
                source: SourceId::new("acme"),
                key: Key::of_asset(if n < 3 { "a" } else { "b" }, "usd"),
                metric: METRICS[usize::try_from(n % 3).unwrap()].into(),
                step: Step::Hour,
            },
            label_shift_secs: -3_600,
            wanted_since: None,
            active: Spans::new(),
        });
        SeriesIndex::new(rows.collect())
    }

    #[test]
    fn what_is_brought_whole_is_compared_whole_where_anything_is_open() {
        let spans = |ranges: &[TimeRange]| ranges.iter().copied().collect::<Spans>();
        let wanted = [
            (SeriesId(0), hours(0, 9)),
            (SeriesId(0), hours(12, 20)),
            (SeriesId(1), hours(0, 20)),
        ];
        let mut open = [
            (SeriesId(0), spans(&[hours(19, 20)])),
            (SeriesId(1), Spans::new()),
        ];
        widen(&mut open, &wanted);
        assert_eq!(open[0].1, spans(&[hours(0, 9), hours(12, 20)]));
        assert!(open[1].1.is_empty());
    }

    #[test]
    fn who_waits_longest_for_the_present_comes_first() {
        let spans = |ranges: &[TimeRange]| ranges.iter().copied().collect::<Spans>();
        let open = [
            (SeriesId(0), spans(&[hours(0, 3), hours(18, 20)])),
            (SeriesId(1), spans(&[hours(17, 20)])),
            (SeriesId(2), Spans::new()),
            (SeriesId(4), spans(&[hours(15, 20)])),
            // Not configured any more.
            (SeriesId(99), spans(&[hours(0, 5)])),
        ];
        let since = waiting_since(&index(), &open);
        let of = |asset: &str| since.get(&Key::of_asset(asset, "usd")).copied();
        assert_eq!(of("a"), Some(hours(17, 20).start));
        assert_eq!(of("b"), Some(hours(15, 20).start));
        assert_eq!(since.len(), 2);
    }

    #[test]
    fn metrics_of_a_key_share_requests() {
        let spans = |ranges: &[TimeRange]| ranges.iter().copied().collect::<Spans>();
        let open = [
            (SeriesId(1), spans(&[hours(0, 5)])),
            (SeriesId(0), spans(&[hours(3, 8), hours(20, 21)])),
            (SeriesId(4), spans(&[hours(0, 5)])),
            // Not configured any more.
            (SeriesId(99), spans(&[hours(0, 5)])),
        ];
        let index = index();
        let joined = |joins_hours: i64| -> Vec<_> {
            join(&index, &open, joins_hours * 3_600)
                .into_iter()
                .map(|want| {
                    let metrics: Vec<_> = want.metrics.iter().map(ToString::to_string).collect();
                    (want.key.asset.to_string(), metrics.join(" "), want.labels)
                })
                .collect()
        };
        let want =
            |asset: &str, metrics: &str, labels| (asset.to_owned(), metrics.to_owned(), labels);
        let apart = [
            want("a", "CAP PRICE", hours(1, 9)),
            want("a", "CAP", hours(21, 22)),
            want("b", "PRICE", hours(1, 6)),
        ];
        assert_eq!(joined(0), apart);
        // The first hole reaches further back than one request.
        assert_eq!(joined(12), apart);
        let near = [
            want("a", "CAP PRICE", hours(1, 22)),
            want("b", "PRICE", hours(1, 6)),
        ];
        assert_eq!(joined(21), near);
    }

    proptest! {
        #[test]
        fn wants_hold_all_that_is_open_and_begin_and_end_with_something_open(
            parts in prop::collection::vec((0_i32..6, 0_i64..40, 1_i64..6), 0..20),
            joins_hours in 0_i64..30,
        ) {
            let index = index();
            let mut open: BTreeMap<SeriesId, Spans> = BTreeMap::new();
            for (id, from, len) in parts {
                open.entry(SeriesId(id)).or_default().insert(hours(from, from + len));
            }
            let open: Vec<_> = open.into_iter().collect();
            let wants = join(&index, &open, joins_hours * 3_600);
            let asked = |row: &SeriesRow| -> Spans {
                wants.iter()
                    .filter(|want| want.key == row.series.key && want.metrics.contains(&row.series.metric))
                    .map(|want| want.labels.shift(row.label_shift_secs))
                    .collect()
            };
            for (id, spans) in &open {
                let row = index.get(*id).unwrap();
                prop_assert!(spans.minus(&asked(row)).is_empty());
            }
            for want in &wants {
                prop_assert!(want.metrics.is_sorted_by(|a, b| a < b));
                let needed: Spans = open.iter()
                    .filter(|(id, _)| index.get(*id).unwrap().series.key == want.key)
                    .flat_map(|(_, spans)| spans.iter())
                    .collect();
                let buckets = want.labels.shift(-3_600);
                prop_assert_eq!(needed.clip(buckets).hull(), Some(buckets));
                prop_assert!(needed.covers(buckets) || buckets.secs() <= joins_hours * 3_600);
            }
        }
    }
}
