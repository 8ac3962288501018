//! What re-reads may cost a night, by the very plans that would run now.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use model::{DatasetId, SeriesSpec, SourceId, TimeRange, Ts};
use source::{DatasetSpec, Reread, Source};
use store::series::SeriesId;

use crate::{
    Collector, Error, Filter, Timetable,
    deeper::DEEPER_TIMES,
    index::{Facts, SeriesIndex},
    reach::Reach,
    rereads::{QUEUE_REQUESTS, reread_scope, since, wanted_within},
    wants::{Askable, all_of, has_past},
};

/// What is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// The newest days, every so many nights. Of a dataset the widest window that is due runs, alone.
    Window(Reread),
    /// What was queued before tonight.
    Queue,
}

/// What one pass would ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassBill {
    /// The dataset.
    pub dataset: DatasetId,
    /// What is read again.
    pub what: Again,
    /// Requests.
    pub requests: u64,
    /// Requests that may follow, the same night, where old values differ.
    pub deeper: u64,
}

/// What re-reads of a source may cost a night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NightBill {
    /// The vendor.
    pub source: SourceId,
    /// Each window and queue of each dataset. Queues with nothing in them are left out.
    pub passes: Vec<PassBill>,
    /// All that the queues may cost a night, be there ever so much in them.
    pub queues: u64,
    /// What the operator bounds a night to, where that is done.
    pub at_most: Option<u64>,
    /// Rows that stand for what a catalogue names and are not counted.
    pub unnamed: u64,
}

impl NightBill {
    /// Returns what all windows of a night may cost: of each dataset the dearest, as far as it may look.
    pub fn windows(&self) -> u64 {
        let mut dearest = BTreeMap::new();
        for pass in self.passes.iter().filter(|pass| pass.what != Again::Queue) {
            let of_dataset = dearest.entry(pass.dataset).or_insert(0);
            *of_dataset = u64::max(*of_dataset, pass.requests + pass.deeper);
        }
        dearest.values().sum()
    }

    /// Counts what a configuration would lead to, without a database: what the vendor does not have, or
    /// no longer, is counted too, and queues are not.
    ///
    /// # Errors
    /// Where the source cannot plan it.
    pub fn of_config(
        source: &dyn Source,
        configured: &[SeriesSpec],
        timetable: &Timetable,
        now: Ts,
    ) -> Result<Self, Error> {
        let index = SeriesIndex::of_config(source, configured, now);
        let askable = Askable {
            source,
            index: Arc::new(index),
        };
        let (facts, reach) = (Facts::default(), Reach::default());
        let unnamed = |spec: &&SeriesSpec| spec.enabled && source.is_selector(&spec.series);
        let unnamed = configured.iter().filter(unnamed).count();
        Ok(Self {
            source: source.id(),
            passes: windows(&askable, &facts, &reach, now)?,
            queues: queues(&askable),
            at_most: timetable.reread_requests,
            unnamed: counted(unnamed),
        })
    }
}

impl Collector {
    /// Counts what re-reads would ask for if the night were now, without asking.
    ///
    /// # Errors
    /// Where the database is unusable.
    pub async fn night_bill(&self) -> Result<NightBill, Error> {
        self.refresh_facts().await?;
        let unnamed = self.unnamed(&Filter::default()).await?.unread;
        let now = self.clock.now();
        let mut passes = {
            let reach = self.reach();
            let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
            windows(&self.planner(), &facts, &reach, now)?
        };
        for dataset in self.source.datasets().iter().filter(|one| has_past(one)) {
            let queued = self.queued(dataset).await?;
            let requests = requests(&self.planner(), &self.reach(), dataset, &queued, now)?;
            let queue = PassBill {
                dataset: dataset.id,
                what: Again::Queue,
                requests: counted(requests.min(QUEUE_REQUESTS)),
                deeper: 0,
            };
            passes.extend((queue.requests > 0).then_some(queue));
        }
        Ok(NightBill {
            source: self.id(),
            passes,
            queues: queues(&self.planner()),
            at_most: self.timetable.reread_requests,
            unnamed,
        })
    }
}

fn windows(
    askable: &Askable<'_>,
    facts: &Facts,
    reach: &Reach,
    now: Ts,
) -> Result<Vec<PassBill>, Error> {
    let mut passes = Vec::new();
    let datasets = askable.source.datasets().iter();
    for dataset in datasets.filter(|one| has_past(one)) {
        for window in dataset.rereads {
            let within = TimeRange::new(since(dataset, *window, now), now);
            let wanted = wanted_within(askable, dataset, within, now, facts, reach);
            let requests = counted(requests(askable, reach, dataset, &wanted, now)?);
            passes.push(PassBill {
                dataset: dataset.id,
                what: Again::Window(*window),
                requests,
                deeper: match dataset.whole {
                    true => 0,
                    false => requests * DEEPER_TIMES,
                },
            });
        }
    }
    Ok(passes)
}

fn queues(askable: &Askable<'_>) -> u64 {
    let everything = Filter::default();
    let is_used =
        |one: &&DatasetSpec| has_past(one) && askable.rows(one, &everything).next().is_some();
    let used = askable.source.datasets().iter().filter(is_used).count();
    counted(used * QUEUE_REQUESTS)
}

/// Returns how many requests read ranges again.
pub(crate) fn requests(
    askable: &Askable<'_>,
    reach: &Reach,
    dataset: &DatasetSpec,
    wanted: &[(SeriesId, TimeRange)],
    now: Ts,
) -> Result<usize, Error> {
    let everything = Filter::default();
    let scope = reread_scope(&everything, now);
    let mut ask = askable.ask_for(dataset, &scope, wanted, all_of(wanted));
    ask.oldest = reach.oldest(dataset.id, now);
    Ok(askable.source.plan(&ask)?.count())
}

fn counted(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
