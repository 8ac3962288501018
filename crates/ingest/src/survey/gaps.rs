//! What has no value and why, bucket by bucket of what is wanted.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use model::{DatasetId, MissingReason, PullKind, Step, TimeRange, Ts};
use source::{Calendar, DatasetSpec};
use store::{
    coverage::ValuelessRow,
    series::{SeriesId, SeriesRow},
};

use super::Survey;
use crate::{
    Filter, calendar,
    index::{Facts, SeriesIndex},
    missed,
    wants::{Patience, Scope, has_past},
};

/// Why a part of a series has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GapReason {
    /// Nobody has asked for it yet.
    NeverAsked,
    /// Asked, and failed.
    Failed,
    /// The vendor answered and had nothing.
    VendorEmpty,
    /// The vendor has not published it yet.
    NotYetPublished,
    /// The vendor does not have this pair, or does not know the asset.
    Unsupported,
    /// Today's plan does not give it.
    OutsidePlan,
    /// Nobody can ask for it any more.
    Unfillable,
    /// The exchange was closed: no gap.
    Closed,
}

impl GapReason {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::NeverAsked,
        Self::Failed,
        Self::VendorEmpty,
        Self::NotYetPublished,
        Self::Unsupported,
        Self::OutsidePlan,
        Self::Unfillable,
        Self::Closed,
    ];

    /// Returns the name that commands and answers use; of what is on record as in
    /// `slots_missing.reason`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NeverAsked => "unrequested",
            Self::Failed => MissingReason::Failed.as_str(),
            Self::VendorEmpty => MissingReason::VendorEmpty.as_str(),
            Self::NotYetPublished => MissingReason::NotYetPublished.as_str(),
            Self::Unsupported => MissingReason::Unsupported.as_str(),
            Self::OutsidePlan => "outside_plan",
            Self::Unfillable => MissingReason::Unfillable.as_str(),
            Self::Closed => MissingReason::Closed.as_str(),
        }
    }

    const fn on_record(reason: MissingReason) -> Self {
        match reason {
            MissingReason::VendorEmpty => Self::VendorEmpty,
            MissingReason::NotYetPublished => Self::NotYetPublished,
            MissingReason::Failed => Self::Failed,
            MissingReason::Unfillable => Self::Unfillable,
            MissingReason::Unsupported => Self::Unsupported,
            MissingReason::Closed => Self::Closed,
        }
    }
}

/// A part of a wanted series without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The series; [`Survey::series`] names it.
    pub series: SeriesId,
    /// The dataset that it is asked for with; none where the plan has none.
    pub dataset: Option<DatasetId>,
    /// The buckets.
    pub range: TimeRange,
    /// How many of them values are expected in.
    pub buckets: u64,
    /// Why.
    pub reason: GapReason,
    /// When it is asked again; none where it was never asked, or where the verdict is final.
    pub again_at: Option<Ts>,
    /// How often it was asked in vain.
    pub tries: i16,
    /// Whether the configuration wants the series no more: nobody asks.
    pub disabled: bool,
}

impl Gap {
    /// Whether it will be asked for and may be filled.
    pub fn is_open(&self) -> bool {
        !self.disabled
            && match self.reason {
                GapReason::NeverAsked | GapReason::Failed | GapReason::NotYetPublished => true,
                GapReason::VendorEmpty => self.again_at.is_some(),
                GapReason::Unsupported
                | GapReason::OutsidePlan
                | GapReason::Unfillable
                | GapReason::Closed => false,
            }
    }
}

/// What of a dataset's wanted time today's plan does not give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsidePlan {
    /// The dataset; none where the plan has none for these series.
    pub dataset: Option<DatasetId>,
    /// Series that lack anything by it.
    pub series: u64,
    /// Buckets.
    pub buckets: u64,
    /// The first bucket after them.
    pub before: Ts,
}

impl OutsidePlan {
    /// Adds up what of these gaps lies outside of the plan, by dataset.
    pub fn of(gaps: &[Gap]) -> Vec<Self> {
        let mut found: BTreeMap<Option<DatasetId>, (Vec<SeriesId>, u64, Ts)> = BTreeMap::new();
        for gap in gaps
            .iter()
            .filter(|gap| gap.reason == GapReason::OutsidePlan)
        {
            let (series, buckets, before) =
                (found.entry(gap.dataset)).or_insert((Vec::new(), 0, gap.range.end));
            series.push(gap.series);
            *buckets += gap.buckets;
            *before = gap.range.end.max(*before);
        }
        let summed = found
            .into_iter()
            .map(|(dataset, (mut series, buckets, before))| {
                series.sort_unstable();
                series.dedup();
                Self {
                    dataset,
                    series: u64::try_from(series.len()).unwrap_or(u64::MAX),
                    buckets,
                    before,
                }
            });
        summed.collect()
    }
}

/// How a series is asked for.
#[derive(Clone, Copy, Debug)]
struct Asked<'s> {
    /// None where the plan has no dataset for it.
    dataset: Option<&'s DatasetSpec>,
    /// The first bucket that the plan gives.
    from: Ts,
    has_past: bool,
}

impl Survey {
    /// Returns what has no value of the wanted series that a filter takes, and of those that were wanted
    /// once, newest first. Values that came out since the last tick was due are not missed yet.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn gaps(&self, filter: &Filter, with_closed: bool) -> Result<Vec<Gap>, store::Error> {
        let mut gaps = self.gaps_of(&self.on, filter, with_closed, false).await?;
        if !self.off.rows().is_empty() {
            gaps.extend(self.gaps_of(&self.off, filter, with_closed, true).await?);
        }
        gaps.sort_unstable_by_key(|gap| (std::cmp::Reverse(gap.range.end), gap.series));
        Ok(gaps)
    }

    async fn gaps_of(
        &self,
        index: &Arc<SeriesIndex>,
        filter: &Filter,
        with_closed: bool,
        disabled: bool,
    ) -> Result<Vec<Gap>, store::Error> {
        let taken = |row: &&SeriesRow| filter.takes(&row.series);
        let datasets = self.datasets_of_series(index.rows().iter().filter(taken));
        // What is unsupported has gaps; only the gap filler leaves them out.
        let facts = self.facts.as_if_supported();
        let askable = self.askable(index);
        let mut asked: HashMap<SeriesId, Asked<'_>> = HashMap::with_capacity(index.rows().len());
        let mut all = Vec::new();
        for dataset in self.source.datasets().iter().filter(|one| has_past(one)) {
            let scope = Scope {
                kind: PullKind::Gap,
                patience: Patience::Wait,
                from: None,
                to: None,
                filter,
                now: self.last_tick_due(),
            };
            let oldest = askable.oldest_label(dataset, &self.reach, self.now);
            for (id, range) in askable.wanted_since(dataset, &scope, &facts, None) {
                let shift_secs = index.get(id).map_or(0, |row| row.label_shift_secs);
                let from = oldest.map_or(Ts::OLDEST, |label| {
                    dataset.step.ceil(label.plus_secs(shift_secs))
                });
                let known = asked.entry(id).or_insert(Asked {
                    dataset: datasets.get(&id).copied(),
                    from,
                    has_past: true,
                });
                known.from = known.from.min(from);
                all.push((id, range));
            }
        }
        for row in index.rows().iter().filter(taken) {
            let dataset = datasets.get(&row.id).copied();
            if dataset.is_some_and(has_past) {
                continue;
            }
            let gone = match dataset {
                Some(dataset) => missed::gone_of(row, dataset, &facts, self.last_tick_due()),
                None => self.beyond_the_plan(row, &facts),
            };
            let from = match dataset {
                Some(_) => Ts::OLDEST,
                None => Ts::from_millis(i64::MAX),
            };
            asked.insert(
                row.id,
                Asked {
                    dataset,
                    from,
                    has_past: false,
                },
            );
            all.extend(gone);
        }
        if !filter.datasets.is_empty() {
            let of_dataset = |id: &SeriesId| {
                let dataset = asked.get(id).and_then(|asked| asked.dataset);
                dataset.is_some_and(|dataset| filter.takes_dataset(dataset))
            };
            all.retain(|(id, _)| of_dataset(id));
        }
        let rows = self.store.valueless(&all, with_closed).await?;
        let mut gaps = Vec::with_capacity(rows.len());
        for row in rows {
            let (Some(asked), Some(series)) = (asked.get(&row.series), index.get(row.series))
            else {
                continue;
            };
            self.classify(row, asked, series, disabled, &mut gaps);
        }
        Ok(gaps)
    }

    /// All that is wanted of a series that no dataset of the plan has.
    fn beyond_the_plan(&self, row: &SeriesRow, facts: &Facts) -> Vec<(SeriesId, TimeRange)> {
        let step = row.series.step;
        let Some(since) = row.wanted_since else {
            return Vec::new();
        };
        let range = TimeRange::new(step.ceil(since), step.floor(self.last_tick_due()));
        let range = range.intersect(facts.listed(&row.series.key));
        let parts = row.active.clip(range);
        let parts = parts.iter().map(|part| (row.id, part));
        parts.collect()
    }

    /// Splits a part at the edge of the plan, and says why each has no value.
    fn classify(
        &self,
        row: ValuelessRow,
        asked: &Asked<'_>,
        series: &SeriesRow,
        disabled: bool,
        gaps: &mut Vec<Gap>,
    ) {
        let is_settled = row.reason.is_some() && row.recheck_at.is_none();
        let edge = match is_settled {
            true => row.range.start,
            false => asked.from.clamp(row.range.start, row.range.end),
        };
        let gap = |range: TimeRange, reason, again_at| Gap {
            series: row.series,
            dataset: asked.dataset.map(|dataset| dataset.id),
            range,
            buckets: expected_buckets(asked.dataset, series.series.step, range),
            reason,
            again_at,
            tries: row.tries,
            disabled,
        };
        let (before, since) = (
            TimeRange::new(row.range.start, edge),
            TimeRange::new(edge, row.range.end),
        );
        if !before.is_empty() {
            gaps.push(gap(before, GapReason::OutsidePlan, None));
        }
        if since.is_empty() {
            return;
        }
        let (reason, again_at) = match row.reason {
            Some(reason) => (GapReason::on_record(reason), row.recheck_at),
            None if !asked.has_past => (GapReason::Unfillable, None),
            None => match self.unsupported_until(series) {
                Some(until) => (GapReason::Unsupported, Some(until)),
                None => (GapReason::NeverAsked, None),
            },
        };
        gaps.push(gap(since, reason, again_at));
    }

    fn unsupported_until(&self, row: &SeriesRow) -> Option<Ts> {
        let fact = self.facts.of(&row.series.key)?;
        fact.unsupported_until.filter(|until| self.now < *until)
    }
}

/// Counts the buckets of a range without those in which an exchange is closed by rule.
fn expected_buckets(dataset: Option<&DatasetSpec>, step: Step, range: TimeRange) -> u64 {
    let closed = match dataset {
        Some(dataset) if dataset.calendar == Calendar::Exchange => {
            let closed = calendar::closed(dataset, range);
            closed.iter().map(|part| step.buckets(part)).sum()
        }
        _ => 0,
    };
    step.buckets(range).saturating_sub(closed)
}
