//! The active series of one source, by name and by id, and what is known of their assets.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::OnceLock,
};

use model::{
    DatasetId, Key, MetricName, SeriesKey, SeriesSpec, Since, Spans, Step, Subject, TimeRange, Ts,
};
use ratelimit::Clock;
use source::{Fact, Source};
use store::{
    Store,
    facts::FactRow,
    series::{Authority, SeriesId, SeriesRow},
};

use crate::catalogue;

/// The active series of one source.
#[derive(Default)]
pub(crate) struct SeriesIndex {
    rows: Vec<SeriesRow>,
    /// Made when the first answer comes: who only looks at series never needs it.
    by_name: OnceLock<HashMap<(Key, MetricName, Step), usize>>,
    by_id: HashMap<SeriesId, usize>,
}

impl fmt::Debug for SeriesIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Thousands of rows tell nobody anything.
        write!(f, "SeriesIndex({} series)", self.rows.len())
    }
}

impl SeriesIndex {
    /// Makes the configured series and returns the active ones. Selectors become what the catalogues list.
    pub(crate) async fn make(
        source: &dyn Source,
        store: &Store,
        configured: &[SeriesSpec],
        authority: Authority,
        clock: &dyn Clock,
    ) -> Result<Self, store::Error> {
        let series = Self::selected(source, store, configured).await?;
        let rows = (store.sync_series(source.id(), &series, authority, clock.now())).await?;
        Ok(Self::new(rows))
    }

    /// Returns what is configured, with what the catalogues list in place of each selector.
    pub(crate) async fn selected(
        source: &dyn Source,
        store: &Store,
        configured: &[SeriesSpec],
    ) -> Result<Vec<SeriesSpec>, store::Error> {
        let (selectors, mut series): (Vec<SeriesSpec>, Vec<SeriesSpec>) =
            (configured.iter().cloned()).partition(|spec| source.is_selector(&spec.series));
        if !selectors.is_empty() {
            let listed = catalogue::listed(store, source.id()).await?;
            let selected = selectors
                .iter()
                .flat_map(|spec| source.select(spec, &listed));
            // What a row names itself counts before what a selector finds.
            series.extend(selected);
        }
        Ok(series)
    }

    pub(crate) fn new(rows: Vec<SeriesRow>) -> Self {
        let by_id = rows
            .iter()
            .enumerate()
            .map(|(at, row)| (row.id, at))
            .collect();
        Self {
            rows,
            by_name: OnceLock::new(),
            by_id,
        }
    }

    fn by_name(&self) -> &HashMap<(Key, MetricName, Step), usize> {
        let name = |row: &SeriesRow| {
            let SeriesKey {
                key, metric, step, ..
            } = &row.series;
            (key.clone(), metric.clone(), *step)
        };
        self.by_name.get_or_init(|| {
            let rows = self.rows.iter().enumerate();
            rows.map(|(at, row)| (name(row), at)).collect()
        })
    }

    /// Returns what the configuration names, numbered through, as if it were made: for those who count
    /// without a database. What has no start of its own counts as wanted always, and a selector as
    /// nothing.
    pub(crate) fn of_config(source: &dyn Source, configured: &[SeriesSpec], now: Ts) -> Self {
        let is_row = |spec: &&SeriesSpec| spec.enabled && !source.is_selector(&spec.series);
        let rows = configured.iter().filter(is_row).zip(0..);
        let row = |(spec, number): (&SeriesSpec, i32)| SeriesRow {
            id: SeriesId(number),
            series: spec.series.clone(),
            label_shift_secs: spec.stamp.shift_secs(spec.series.step),
            wanted_since: match spec.since {
                Since::At(since) => Some(since),
                Since::ThreeYearsBack | Since::Activation => None,
            },
            active: Spans::from_iter([TimeRange::new(Ts::OLDEST, now)]),
        };
        Self::new(rows.map(row).collect())
    }

    pub(crate) fn rows(&self) -> &[SeriesRow] {
        &self.rows
    }

    pub(crate) fn find(&self, key: &Key, metric: &MetricName, step: Step) -> Option<&SeriesRow> {
        let name = (key.clone(), metric.clone(), step);
        self.by_name().get(&name).and_then(|at| self.rows.get(*at))
    }

    pub(crate) fn get(&self, id: SeriesId) -> Option<&SeriesRow> {
        self.by_id.get(&id).and_then(|at| self.rows.get(*at))
    }
}

/// What answers and catalogues taught, in bucket time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    known: BTreeMap<Subject, FactRow>,
    /// Learnt to be absent since this process started, not from the table, and until when.
    absent: BTreeMap<Subject, Ts>,
}

impl Facts {
    pub(crate) fn new(rows: Vec<FactRow>) -> Self {
        let named = |row: FactRow| (row.subject.clone(), row);
        Self {
            known: rows.into_iter().map(named).collect(),
            absent: BTreeMap::new(),
        }
    }

    /// Takes over what the table says now: other processes learn too.
    pub(crate) fn refresh(&mut self, rows: Vec<FactRow>) {
        self.known = Self::new(rows).known;
    }

    /// Returns what is known of an asset.
    pub(crate) fn of(&self, key: &Key) -> Option<&FactRow> {
        self.known.get(&key.subject())
    }

    /// Returns the whole buckets for which a dataset is asked. What a dataset itself seemed to show
    /// does not bound it: one answer that was cut short would hide the rest for good.
    pub(crate) fn life_for(&self, dataset: DatasetId, key: &Key, step: Step) -> TimeRange {
        let life = life(self.of(key), |from| from != dataset.as_str());
        TimeRange::new(step.floor(life.start), step.ceil(life.end))
    }

    /// Returns the time outside of which a catalogue says that the vendor has nothing.
    pub(crate) fn listed(&self, key: &Key) -> TimeRange {
        life(self.of(key), store::facts::is_catalogue)
    }

    /// Returns the first bucket that is known, whoever taught it.
    pub(crate) fn first(&self, key: &Key) -> Option<Ts> {
        self.of(key).and_then(|fact| fact.first_available)
    }

    /// Whether the vendor said that it does not know the asset, not long ago.
    pub(crate) fn is_unsupported(&self, key: &Key, now: Ts) -> bool {
        self.of(key)
            .and_then(|fact| fact.unsupported_until)
            .is_some_and(|until| now < until)
    }

    /// Whether the vendor said so since this process started, not long ago.
    pub(crate) fn said_absent(&self, key: &Key, now: Ts) -> bool {
        self.absent
            .get(&key.subject())
            .is_some_and(|until| now < *until)
    }

    /// Returns the assets that are not asked for now because the vendor said that it does not know them,
    /// each with the time until which.
    pub(crate) fn unsupported(&self, now: Ts) -> impl Iterator<Item = (&Subject, Ts)> {
        let until = move |fact: &FactRow| fact.unsupported_until.filter(|until| now < *until);
        (self.known.iter()).filter_map(move |(subject, fact)| Some((subject, until(fact)?)))
    }

    /// Returns the same without what the vendor does not know.
    pub(crate) fn as_if_supported(&self) -> Self {
        let mut facts = self.clone();
        for fact in facts.known.values_mut() {
            fact.unsupported_until = None;
        }
        facts
    }

    /// Whether the first value of an asset is known.
    pub(crate) fn knows_first(&self, key: &Key) -> bool {
        self.of(key)
            .is_some_and(|fact| fact.first_available.is_some())
    }

    /// Takes over what the table says of some assets.
    pub(crate) fn take_over(&mut self, rows: Vec<FactRow>) {
        for row in rows {
            self.known.insert(row.subject.clone(), row);
        }
    }

    /// Takes in that the vendor does not know some assets.
    pub(crate) fn mark_absent(&mut self, rows: &[FactRow]) {
        for row in rows {
            let name = row.subject.clone();
            if let Some(until) = row.unsupported_until {
                self.absent.insert(name.clone(), until);
            }
            let known = self
                .known
                .entry(name)
                .or_insert_with(|| FactRow::unknown(row.subject.clone()));
            known.unsupported_until = row.unsupported_until.or(known.unsupported_until);
        }
    }

    /// Forgets that the vendor did not know these assets: it has answered for them. Returns those of
    /// which it had been said.
    pub(crate) fn heard_of<'k>(&mut self, keys: impl Iterator<Item = &'k Key>) -> Vec<Subject> {
        let mut found = Vec::new();
        for key in keys {
            let name = key.subject();
            let marked = self.absent.remove(&name).is_some();
            let told = (self.known.get_mut(&name))
                .is_some_and(|fact| fact.unsupported_until.take().is_some());
            if marked || told {
                found.push(name);
            }
        }
        found
    }
}

/// Returns the life of an asset as far as those who taught its ends are believed.
fn life(fact: Option<&FactRow>, believes: impl Fn(&str) -> bool) -> TimeRange {
    let first = fact.filter(|fact| believes(&fact.known_from));
    let last = fact.filter(|fact| believes(&fact.ended_from));
    TimeRange::new(
        first
            .and_then(|fact| fact.first_available)
            .unwrap_or(Ts::OLDEST),
        last.and_then(|fact| fact.ended_at)
            .unwrap_or(Ts::from_millis(i64::MAX)),
    )
}

/// Turns what a parser learnt, in label time, into rows in bucket time.
pub(crate) fn fact_rows(facts: &[Fact], shift_secs: i64, known_from: &str) -> Vec<FactRow> {
    facts
        .iter()
        .map(|fact| {
            let (Fact::FirstAvailable { key, .. } | Fact::EndedAt { key, .. }) = fact;
            let mut row = FactRow::unknown(key.subject());
            known_from.clone_into(&mut row.known_from);
            match fact {
                Fact::FirstAvailable { label, .. } => {
                    row.first_available = Some(label.plus_secs(shift_secs));
                }
                Fact::EndedAt { label, .. } => row.ended_at = Some(label.plus_secs(shift_secs)),
            }
            row
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Ts {
        Ts::from_secs(hours * 3_600)
    }

    fn fact(first_available: Option<Ts>, unsupported_until: Option<Ts>) -> FactRow {
        FactRow {
            first_available,
            unsupported_until,
            ..FactRow::unknown(Subject::of_asset("coin"))
        }
    }

    #[test]
    fn a_fact_bounds_every_dataset_but_the_one_that_taught_it() {
        let (daily, hourly) = (DatasetId::new("daily"), DatasetId::new("hourly"));
        let key = Key::of_asset("coin", "usd");
        let told = |known_from: &str| FactRow {
            ended_at: Some(at(100)),
            known_from: known_from.to_owned(),
            ended_from: known_from.to_owned(),
            ..fact(Some(at(50)), None)
        };
        let facts = Facts::new(vec![told("daily")]);
        let life = facts.life_for(hourly, &key, Step::Day);
        // Whole buckets.
        assert_eq!((life.start, life.end), (at(48), at(120)));
        for unbound in [
            facts.life_for(daily, &key, Step::Day),
            facts.life_for(hourly, &Key::of_asset("other", "usd"), Step::Day),
            facts.listed(&key),
        ] {
            assert!(unbound.start <= Ts::OLDEST && unbound.end > at(1_000_000));
        }
        assert_eq!(facts.first(&key), Some(at(50)));
        // Who told of the end says nothing of the beginning.
        let vanished = FactRow {
            ended_from: "catalogue:coins".to_owned(),
            ..told("daily")
        };
        let vanished = Facts::new(vec![vanished]);
        let end = TimeRange::new(Ts::OLDEST, at(100));
        assert_eq!(vanished.listed(&key), end);
        let life_of_daily = vanished.life_for(daily, &key, Step::Day);
        assert_eq!(
            (life_of_daily.start, life_of_daily.end),
            (Ts::OLDEST, at(120))
        );
        let listed = Facts::new(vec![told("catalogue:coins")]);
        for dataset in [daily, hourly] {
            assert_eq!(listed.life_for(dataset, &key, Step::Day), life);
        }
        assert_eq!(listed.listed(&key), TimeRange::new(at(50), at(100)));
    }

    #[test]
    fn an_absent_asset_is_asked_for_again_after_its_time() {
        let key = Key::of_asset("coin", "eur");
        let mut facts = Facts::new(vec![fact(None, Some(at(10)))]);
        // The table's word binds the gap filler; an operator may know better.
        assert!(facts.is_unsupported(&key, at(9)) && !facts.said_absent(&key, at(9)));
        facts.mark_absent(&[fact(None, Some(at(20)))]);
        assert!(facts.said_absent(&key, at(19)) && !facts.said_absent(&key, at(20)));
        facts.refresh(vec![fact(Some(at(1)), None)]);
        assert!(facts.said_absent(&key, at(19)) && facts.knows_first(&key));
    }

    #[test]
    fn an_asset_that_answers_is_absent_no_more() {
        let (coin, other) = (Key::of_asset("coin", "usd"), Key::of_asset("other", "usd"));
        let mut facts = Facts::new(vec![fact(Some(at(1)), None)]);
        assert_eq!(facts.heard_of([&coin, &other].into_iter()), []);
        facts.mark_absent(&[fact(None, Some(at(20)))]);
        let found = facts.heard_of([&coin, &other].into_iter());
        assert_eq!(found, [Subject::of_asset("coin")]);
        assert!(!facts.said_absent(&coin, at(19)) && !facts.is_unsupported(&coin, at(19)));
        assert_eq!(facts.first(&coin), Some(at(1)));
        // Also what another process was told.
        facts.take_over(vec![fact(None, Some(at(20)))]);
        assert_eq!(facts.heard_of([&coin].into_iter()).len(), 1);
        assert_eq!(facts.heard_of([&coin].into_iter()), []);
    }

    #[test]
    fn what_is_taught_in_labels_is_known_in_buckets() {
        let key = Key::of_asset("coin", "usd");
        let taught = [
            Fact::FirstAvailable {
                key: key.clone(),
                label: at(48),
            },
            Fact::EndedAt { key, label: at(96) },
        ];
        let rows = fact_rows(&taught, -86_400, "daily");
        assert_eq!(rows[0].first_available, Some(at(24)));
        assert_eq!(
            (rows[1].ended_at, rows[1].first_available),
            (Some(at(72)), None)
        );
        assert!(rows.iter().all(|row| row.known_from == "daily"));
    }
}
