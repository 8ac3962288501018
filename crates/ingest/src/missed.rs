//! Moments that only the present had and that nobody took: said once, then settled.

use std::sync::PoisonError;

use model::{MissingReason, TimeRange, Ts, WriteMode};
use source::{DatasetSpec, Role};
use store::{
    coverage::{Settlement, Verdict},
    pulls::PullId,
    series::{SeriesId, SeriesRow},
};

use crate::{
    Error, calendar,
    collector::Collector,
    index::Facts,
    wants::{Filter, Patience, has_past},
    writer,
};

impl Collector {
    /// Settles as unfillable what nobody can ask for any more, of what a filter takes.
    pub(crate) async fn note_missed_moments(
        &self,
        pull: PullId,
        filter: &Filter,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let snapshots = self.source.datasets().iter();
        let gone: Vec<_> = snapshots
            .filter(|one| one.role == Role::Snapshot && filter.takes_dataset(one))
            .flat_map(|dataset| self.gone(dataset, filter, now))
            .collect();
        if gone.is_empty() {
            return Ok(());
        }
        let open = self
            .planner()
            .open(&gone, Patience::RetryFailed, now)
            .await?;
        if open.is_empty() {
            return Ok(());
        }
        let verdict = Verdict::Missing {
            reason: MissingReason::Unfillable,
            recheck_after_secs: None,
        };
        let mut batch = writer::batch(pull, WriteMode::FirstStays, self.reign.epoch());
        for (series, spans) in &open {
            batch
                .settlements
                .extend(spans.iter().map(|range| Settlement {
                    series: *series,
                    range,
                    verdict,
                }));
        }
        tracing::warn!(
            source = %self.id(), series_count = open.len(), ranges = batch.settlements.len(),
            "moments missed that nobody can refill"
        );
        self.writer.write(batch).await.map(|_| ())
    }

    fn gone(&self, dataset: &DatasetSpec, filter: &Filter, now: Ts) -> Vec<(SeriesId, TimeRange)> {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        self.planner()
            .rows(dataset, filter)
            .filter(|row| !self.can_be_filled(row))
            .flat_map(|row| gone_of(row, dataset, &facts, now))
            .collect()
    }

    fn can_be_filled(&self, row: &SeriesRow) -> bool {
        self.source.datasets().iter().any(|dataset| {
            has_past(dataset)
                && dataset.step == row.series.step
                && self.source.serves(dataset.id, &row.series)
        })
    }
}

/// Returns the wanted buckets of a series that a tick of now cannot fill: those before the one that
/// this moment belongs to. What the configuration did not want then was not missed.
pub(crate) fn gone_of(
    row: &SeriesRow,
    dataset: &DatasetSpec,
    facts: &Facts,
    now: Ts,
) -> Vec<(SeriesId, TimeRange)> {
    let Some(since) = row.wanted_since else {
        return Vec::new();
    };
    let step = dataset.step;
    let present = step.floor(now).plus_secs(row.label_shift_secs);
    let range = TimeRange::new(step.ceil(since), present);
    let range = range.intersect(facts.life_for(dataset.id, &row.series.key, step));
    let active = row.active.clip(range);
    active
        .iter()
        .map(|part| TimeRange::new(step.ceil(part.start), step.floor(part.end)))
        .flat_map(|part| calendar::expected(dataset, part).iter().collect::<Vec<_>>())
        .map(|part| (row.id, part))
        .collect()
}

#[cfg(test)]
mod tests {
    use model::{Key, SeriesKey, SourceId, Spans, Step};
    use source::{Absence, Calendar, History};

    use super::*;

    const DATASET: DatasetSpec = DatasetSpec {
        id: model::DatasetId::new("now"),
        role: Role::Snapshot,
        step: Step::Hour,
        cadence_secs: 3_600,
        lag_secs: 0,
        provisional_secs: 0,
        calendar: Calendar::Always,
        history: History::None,
        absence: Absence::Unknown,
        recheck_secs: 86_400,
        late_secs: 0,
        joins_secs: 0,
        live: source::Live::No,
        whole: false,
        rereads: &[],
        max_body_bytes: 1,
        paths: &[],
    };

    fn at(hours: i64, minutes: i64) -> Ts {
        Ts::from_secs(hours * 3_600 + minutes * 60)
    }

    fn row(label_shift_secs: i64, active: &[(Ts, Ts)]) -> SeriesRow {
        SeriesRow {
            id: SeriesId(7),
            series: SeriesKey {
                source: SourceId::new("acme"),
                key: Key::of_asset("coin", "usd"),
                metric: "FDV".into(),
                step: Step::Hour,
            },
            label_shift_secs,
            wanted_since: Some(at(10, 0)),
            active: active
                .iter()
                .map(|(from, to)| TimeRange::new(*from, *to))
                .collect::<Spans>(),
        }
    }

    fn gone(row: &SeriesRow, now: Ts) -> Vec<(Ts, Ts)> {
        gone_of(row, &DATASET, &Facts::default(), now)
            .into_iter()
            .map(|(_, range)| (range.start, range.end))
            .collect()
    }

    #[test]
    fn the_hour_of_this_moment_is_not_lost_yet() {
        let always = [(at(0, 0), at(1_000, 0))];
        // An instant closes the bucket before it: at 14:50 the bucket from 13:00 can still be had.
        let instant = row(-3_600, &always);
        assert_eq!(gone(&instant, at(14, 50)), [(at(10, 0), at(13, 0))]);
        assert_eq!(gone(&instant, at(11, 5)), []);
        let bar = row(0, &always);
        assert_eq!(gone(&bar, at(14, 50)), [(at(10, 0), at(14, 0))]);
    }

    #[test]
    fn what_nobody_wanted_was_not_missed() {
        let paused = row(
            -3_600,
            &[(at(0, 0), at(11, 20)), (at(13, 40), at(1_000, 0))],
        );
        let expected = [(at(10, 0), at(11, 0)), (at(14, 0), at(15, 0))];
        assert_eq!(gone(&paused, at(16, 1)), expected);
        let never = SeriesRow {
            wanted_since: None,
            ..row(-3_600, &[(at(0, 0), at(1_000, 0))])
        };
        assert_eq!(gone(&never, at(16, 1)), []);
    }
}
