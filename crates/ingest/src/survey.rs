//! What the configuration wants of a source, what of it is open and why, and how the source stands: for
//! whoever looks. Asks no vendor, changes nothing.
//!
//! It wants what the gap filler wants. What a collector found out about the plan's reach
//! ([`crate::reach`]) is known in its process alone: a survey of the files goes by the configured plan.

mod gaps;
mod names;
mod parking;
mod rotation;
mod standing;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, PoisonError},
};

use model::{DatasetId, SeriesKey, SeriesSpec, SourceId, Subject, Ts};
use source::{DatasetSpec, Source};
use store::{
    Store,
    pace::ParkedRow,
    series::{SeriesId, SeriesRow},
    suspend::SuspensionRow,
};

pub use gaps::{Gap, GapReason, OutsidePlan};
pub use names::unknown_names;
pub use parking::Parking;
pub use rotation::NotFresh;
pub use standing::{Standing, State};

pub use crate::refusals::REFUSED_TICKS_SUSPEND;
use crate::{
    Filter, QuotaStanding, Timetable,
    collector::Collector,
    index::{Facts, SeriesIndex},
    quota,
    reach::Reach,
    schedule::next_due,
    wants::{Askable, has_past},
};

/// A source as it is configured and stands at one moment.
pub struct Survey {
    source: Arc<dyn Source>,
    timetable: Timetable,
    store: Store,
    /// What is wanted.
    on: Arc<SeriesIndex>,
    /// What was wanted once.
    off: Arc<SeriesIndex>,
    disabled: usize,
    facts: Facts,
    reach: Reach,
    suspensions: Vec<SuspensionRow>,
    parked: Vec<ParkedRow>,
    quotas: Vec<QuotaStanding>,
    now: Ts,
}

impl fmt::Debug for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Survey")
            .field("source", &self.source.id())
            .field("on", &self.on)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl Survey {
    /// Takes what a configuration says; series that nobody has made yet count as never asked for.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn of_config(
        source: Arc<dyn Source>,
        timetable: Timetable,
        configured: &[SeriesSpec],
        store: Store,
        now: Ts,
    ) -> Result<Self, store::Error> {
        let series = SeriesIndex::selected(&*source, &store, configured).await?;
        let foreseen = store.foresee_series(source.id(), &series, now).await?;
        let survey = Self {
            on: Arc::new(SeriesIndex::new(foreseen.on)),
            off: Arc::new(SeriesIndex::new(foreseen.off)),
            disabled: configured.iter().filter(|spec| !spec.enabled).count(),
            facts: Facts::new(store.facts(source.id()).await?),
            reach: Reach::default(),
            suspensions: Vec::new(),
            parked: Vec::new(),
            quotas: Vec::new(),
            source,
            timetable,
            store,
            now,
        };
        survey.with_what_is_held().await
    }

    async fn with_what_is_held(mut self) -> Result<Self, store::Error> {
        let name = self.source.id().as_str();
        self.suspensions = self.store.suspensions().await?;
        self.suspensions.retain(|row| row.source == name);
        self.parked = self.store.parked(self.now).await?;
        self.parked.retain(|row| row.source == name);
        let (source, timetable) = (&*self.source, &self.timetable);
        self.quotas = quota::standings(source, timetable, &self.store, self.now).await?;
        Ok(self)
    }

    /// Returns the vendor's name.
    pub fn id(&self) -> SourceId {
        self.source.id()
    }

    /// Returns the moment that everything here is about.
    pub const fn now(&self) -> Ts {
        self.now
    }

    /// Returns how many series are wanted.
    pub fn series_on(&self) -> usize {
        self.on.rows().len()
    }

    /// Returns how many series the configuration names and has switched off.
    pub const fn series_off(&self) -> usize {
        self.disabled
    }

    /// Returns what waits for an operator.
    pub fn suspensions(&self) -> &[SuspensionRow] {
        &self.suspensions
    }

    /// Returns the names of the datasets that hold any wanted series, in the order of work.
    pub fn datasets_in_use(&self) -> Vec<DatasetId> {
        let everything = Filter::default();
        let datasets = self.source.datasets().iter();
        let askable = self.askable(&self.on);
        let in_use = |one: &&DatasetSpec| askable.rows(one, &everything).next().is_some();
        datasets.filter(in_use).map(|one| one.id).collect()
    }

    /// Returns when the next live tick is due, its jitter aside.
    pub fn next_tick(&self) -> Ts {
        next_due(&self.timetable, self.now)
    }

    /// Returns when the newest tick had to begin: what came out since is not missed yet.
    fn last_tick_due(&self) -> Ts {
        let jitter_secs = i64::from(self.timetable.jitter_secs);
        let next = next_due(&self.timetable, self.now.plus_secs(-jitter_secs));
        next.plus_secs(-self.timetable.every_secs)
    }

    fn askable(&self, index: &Arc<SeriesIndex>) -> Askable<'_> {
        Askable {
            source: &*self.source,
            index: Arc::clone(index),
        }
    }

    /// Returns the assets that the vendor said not to know, of those that are wanted, and until when
    /// each is left alone.
    pub fn left_alone(&self) -> BTreeMap<Subject, Ts> {
        let rows = self.on.rows().iter();
        let wanted: BTreeMap<Subject, ()> =
            rows.map(|row| (row.series.key.subject(), ())).collect();
        (self.facts.unsupported(self.now))
            .filter(|(subject, _)| wanted.contains_key(subject))
            .map(|(subject, until)| (subject.clone(), until))
            .collect()
    }

    /// Returns how the vendor's quotas stand, in the order of its limits.
    pub fn quotas(&self) -> &[QuotaStanding] {
        &self.quotas
    }

    /// Returns the name of a series of this survey.
    pub fn series(&self, id: SeriesId) -> Option<&SeriesKey> {
        let row = self.on.get(id).or_else(|| self.off.get(id));
        row.map(|row| &row.series)
    }

    /// Returns why nothing of a dataset is asked now: what an operator or time must end.
    pub fn held(&self, dataset: Option<DatasetId>) -> Option<&'static str> {
        let suspends = |row: &SuspensionRow| {
            row.dataset.is_empty() || dataset.is_some_and(|one| row.dataset == one.as_str())
        };
        if self.suspensions.iter().any(suspends) {
            return Some("suspended");
        }
        self.parking().map(|_| State::Parked.as_str())
    }

    /// Returns which dataset each series is asked for with: one that has its past, else one that has its
    /// present.
    fn datasets_of_series<'s>(
        &'s self,
        rows: impl Iterator<Item = &'s SeriesRow>,
    ) -> HashMap<SeriesId, &'s DatasetSpec> {
        let datasets = self.source.datasets();
        let past = datasets.iter().filter(|one| has_past(one));
        let present = datasets.iter().filter(|one| !has_past(one));
        let ordered: Vec<&DatasetSpec> = past.chain(present).collect();
        rows.filter_map(|row| {
            let serves = |one: &&&DatasetSpec| {
                one.step == row.series.step && self.source.serves(one.id, &row.series)
            };
            Some((row.id, *ordered.iter().find(serves)?))
        })
        .collect()
    }
}

impl Collector {
    /// Returns how the source stands at this moment, by what this process knows. Series that were wanted
    /// once are no part of it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn survey(&self) -> Result<Survey, store::Error> {
        let facts = {
            let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
            facts.clone()
        };
        let disabled = self.configured().iter().filter(|spec| !spec.enabled);
        let survey = Survey {
            source: Arc::clone(&self.source),
            timetable: self.timetable(),
            store: self.store.clone(),
            on: self.index(),
            off: Arc::default(),
            disabled: disabled.count(),
            facts,
            reach: self.reach().clone(),
            suspensions: Vec::new(),
            parked: Vec::new(),
            quotas: Vec::new(),
            now: self.clock.now(),
        };
        survey.with_what_is_held().await
    }
}
