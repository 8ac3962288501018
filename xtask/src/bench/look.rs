//! What `crossfeed gaps` does between reading its files and printing: of every source at once, the
//! series, the facts, what is wanted, and why each part of it has no value.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ingest::{Filter, Survey, Timetable};
use model::{DatasetId, SeriesKey, SeriesSpec, SourceId, Stamp, Step, Ts};
use source::{
    Ask, DatasetSpec, History, Host, Limit, Parsed, Plan, PlanError, Reply, ReplyError,
    RequestSpec, Role, Sink, Source, config::Problems,
};
use tokio::task::JoinSet;

use super::fill::{Filled, HOUR_SECS, configured};

/// Name, what it may take at most in milliseconds, rows, durations.
pub(super) type Measured = (&'static str, f64, usize, Vec<Duration>);

const DATASET: DatasetSpec = DatasetSpec {
    role: Role::Series,
    step: Step::Hour,
    cadence_secs: HOUR_SECS,
    history: History::Full,
    ..DatasetSpec::catalogue(DatasetId::new("bench"))
};

/// A source that is only looked at.
#[derive(Debug)]
struct Looked(SourceId);

impl Source for Looked {
    fn id(&self) -> SourceId {
        self.0
    }

    fn datasets(&self) -> &[DatasetSpec] {
        &[DATASET]
    }

    fn hosts(&self) -> &[Host] {
        &[]
    }

    fn limits(&self) -> &[Limit] {
        &[]
    }

    fn concurrency(&self) -> usize {
        1
    }

    fn read_config(&self, _: &str, _: &[u8]) -> Result<Vec<SeriesSpec>, Problems> {
        Ok(Vec::new())
    }

    fn stamp(&self, _: &SeriesKey) -> Stamp {
        Stamp::Instant
    }

    fn serves(&self, _: DatasetId, _: &SeriesKey) -> bool {
        true
    }

    fn horizon(&self, _: DatasetId, _: Ts) -> Option<Ts> {
        None
    }

    fn plan<'a>(&'a self, _: &'a Ask) -> Result<Plan<'a>, PlanError> {
        Ok(Box::new(std::iter::empty()))
    }

    fn recognise(
        &self,
        dataset: Option<DatasetId>,
        _: &str,
        _: &[String],
    ) -> Result<RequestSpec, PlanError> {
        let named = dataset.unwrap_or(DATASET.id);
        Err(PlanError::unknown_dataset(self.0, self.datasets(), named))
    }

    fn parse(&self, _: &RequestSpec, _: &Reply, _: &mut dyn Sink) -> Result<Parsed, ReplyError> {
        Err(ReplyError::Malformed("nobody asks it".to_owned()))
    }
}

/// Every series lacks its newest hour and all before its points; one in twenty has failed there.
pub(super) async fn gaps_of_all(
    filled: &Filled,
    series: usize,
    runs: usize,
) -> anyhow::Result<Measured> {
    // After the tick of the hour that is lacking.
    let now = filled.next.plus_secs(HOUR_SECS + HOUR_SECS / 2);
    let (mut rows, mut took) = (0, Vec::new());
    for _ in 0..runs {
        let specs: Vec<_> = (filled.sources.iter())
            .map(|one| (one.id, configured(one.id, series)))
            .collect();
        let begun = Instant::now();
        let mut looks = JoinSet::new();
        for (id, specs) in specs {
            let store = filled.store.clone();
            looks.spawn(async move {
                let source: Arc<dyn Source> = Arc::new(Looked(id));
                let timetable = Timetable::of(&*source);
                let survey = Survey::of_config(source, timetable, &specs, store, now).await?;
                survey.gaps(&Filter::default(), false).await
            });
        }
        let gaps: Vec<_> = looks
            .join_all()
            .await
            .into_iter()
            .collect::<Result<_, _>>()?;
        rows = gaps.iter().map(Vec::len).sum();
        took.push(begun.elapsed());
    }
    Ok(("gaps with reasons, as the command has", 1_000.0, rows, took))
}
