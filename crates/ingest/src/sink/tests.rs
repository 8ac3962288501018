//! What answers settle, in bucket time.

use model::{DatasetId, SeriesKey, SourceId, Spans};
use source::{Absence, Calendar};
use store::facts::FactRow;

use super::*;

const HOUR: i64 = 3_600;

fn at(hours: i64) -> Ts {
    Ts::from_secs(hours * HOUR)
}

fn hours(from: i64, to: i64) -> TimeRange {
    TimeRange::new(at(from), at(to))
}

fn index() -> SeriesIndex {
    let row = |id, metric: &str| SeriesRow {
        id: SeriesId(id),
        series: SeriesKey {
            source: SourceId::new("acme"),
            key: Key::of_asset("coin", "usd"),
            metric: metric.into(),
            step: Step::Hour,
        },
        label_shift_secs: -HOUR,
        wanted_since: None,
        active: Spans::new(),
    };
    SeriesIndex::new(vec![row(1, "PRICE"), row(2, "VOLUME")])
}

fn block() -> Block {
    Block {
        keys: vec![Key::of_asset("coin", "usd")],
        metrics: vec!["PRICE".into()],
        step: Step::Hour,
        labels: hours(10, 20),
    }
}

fn dataset(history: History) -> DatasetSpec {
    DatasetSpec {
        id: DatasetId::new("chart"),
        role: Role::Series,
        step: Step::Hour,
        cadence_secs: HOUR,
        lag_secs: 0,
        provisional_secs: 0,
        calendar: Calendar::Always,
        history,
        absence: Absence::Unknown,
        recheck_secs: 77,
        late_secs: 0,
        joins_secs: 0,
        live: source::Live::No,
        whole: false,
        rereads: &[],
        max_body_bytes: 1,
        paths: &[],
    }
}

/// Returns what a sink settles: `(series, reason, recheck, buckets)`.
fn told(
    sink: &BlockSink<'_>,
    dataset: &DatasetSpec,
    now: Ts,
) -> Vec<(i32, Option<MissingReason>, Option<i64>, TimeRange)> {
    let judge = Judge {
        facts: &Facts::default(),
        dataset,
        now,
    };
    let settlements = sink.settlements(&judge).into_iter();
    settlements
        .map(|one| match one.verdict {
            Verdict::Settled => (one.series.0, None, None, one.range),
            Verdict::Missing {
                reason,
                recheck_after_secs,
            } => (one.series.0, Some(reason), recheck_after_secs, one.range),
            expected @ Verdict::Expected { .. } => panic!("{expected:?}"),
        })
        .collect()
}

/// Says of whom and when something is judged, what is known of a life.
struct Bench {
    history: History,
    life: Option<(TimeRange, &'static str)>,
    now: Ts,
}

const LONG_AGO: Bench = Bench {
    history: History::Full,
    life: None,
    now: Ts::from_secs(100 * HOUR),
};

/// Returns what an outcome settles: `(reason, recheck, buckets)`, no reason where it is settled.
fn settled(
    outcome: Outcome,
    bench: &Bench,
) -> Vec<(Option<MissingReason>, Option<i64>, TimeRange)> {
    let (index, block) = (index(), block());
    let facts = Facts::new(Vec::from_iter(bench.life.map(|(life, known_from)| {
        FactRow {
            first_available: Some(life.start),
            ended_at: Some(life.end),
            known_from: known_from.to_owned(),
            ended_from: known_from.to_owned(),
            ..FactRow::unknown(model::Subject::of_asset("coin"))
        }
    })));
    let mut sink = BlockSink::new(&block, &index, Role::Series, bench.now);
    let slot = sink
        .slot(&block.keys[0], "PRICE", Step::Hour)
        .expect("it was asked for");
    sink.outcome(slot, outcome);
    let judge = Judge {
        facts: &facts,
        dataset: &dataset(bench.history),
        now: bench.now,
    };
    let told = sink.settlements(&judge);
    assert!(told.iter().all(|one| one.series == SeriesId(1)));
    told.iter()
        .map(|one| match one.verdict {
            Verdict::Settled => (None, None, one.range),
            Verdict::Missing {
                reason,
                recheck_after_secs,
            } => (Some(reason), recheck_after_secs, one.range),
            expected @ Verdict::Expected { .. } => panic!("{expected:?}"),
        })
        .collect()
}

#[test]
fn an_answer_settles_buckets_not_labels() {
    let told = settled(Outcome::Answered(hours(12, 15)), &LONG_AGO);
    assert_eq!(told, [(None, None, hours(11, 14))]);
}

const SILENCE: Outcome = Outcome::Empty(TimeRange {
    start: Ts::from_secs(10 * HOUR),
    end: Ts::from_secs(20 * HOUR),
});

#[test]
fn silence_is_final_only_where_a_catalogue_says_that_there_is_nothing() {
    let known = |life, known_from| Bench {
        life: Some((life, known_from)),
        ..LONG_AGO
    };
    let empty = Some(MissingReason::VendorEmpty);
    assert_eq!(
        settled(SILENCE, &known(hours(12, 15), "catalogue:coins")),
        [
            (None, None, hours(9, 12)),
            (None, None, hours(15, 19)),
            (empty, Some(77), hours(12, 15)),
        ]
    );
    let before = settled(SILENCE, &known(hours(30, 40), "catalogue"));
    assert_eq!(before, [(None, None, hours(9, 19))]);
    // What an answer showed may have been cut short.
    for bench in [known(hours(12, 15), "chart"), known(hours(30, 40), "other")] {
        assert_eq!(settled(SILENCE, &bench), [(empty, Some(77), hours(9, 19))]);
    }
    assert_eq!(
        settled(SILENCE, &LONG_AGO),
        [(empty, Some(77), hours(9, 19))]
    );
    // Asking again for a moment that has passed brings nothing.
    let present = Bench {
        history: History::None,
        now: at(19),
        ..LONG_AGO
    };
    assert_eq!(settled(SILENCE, &present), [(empty, None, hours(9, 19))]);
}

#[test]
fn what_ended_less_than_six_steps_ago_may_still_come() {
    let soon = HOUR - HOUR / 12;
    let (late, empty) = (
        Some(MissingReason::NotYetPublished),
        Some(MissingReason::VendorEmpty),
    );
    for (minutes_past_19, first_late) in [(0, 13), (30, 13), (60, 14), (90, 14)] {
        let bench = Bench {
            now: at(19).plus_secs(minutes_past_19 * 60),
            ..LONG_AGO
        };
        assert_eq!(
            settled(SILENCE, &bench),
            [
                (empty, Some(77), hours(9, first_late)),
                (late, Some(soon), hours(first_late, 19)),
            ],
            "{minutes_past_19}"
        );
    }
}

#[test]
fn what_a_dataset_waits_for_is_expected_for_so_long_and_silent_after_it() {
    let (index, block) = (index(), block());
    let mut sink = BlockSink::new(&block, &index, Role::Series, at(19));
    let slot = sink.slot(&block.keys[0], "PRICE", Step::Hour).unwrap();
    sink.outcome(slot, SILENCE);
    let dataset = DatasetSpec {
        late_secs: 8 * HOUR,
        ..dataset(History::Full)
    };
    let judge = Judge {
        facts: &Facts::default(),
        dataset: &dataset,
        now: at(19),
    };
    let told = sink.settlements(&judge);
    let told: Vec<_> = told.iter().map(|one| (one.range, one.verdict)).collect();
    let empty = Verdict::Missing {
        reason: MissingReason::VendorEmpty,
        recheck_after_secs: Some(77),
    };
    let expected = Verdict::Expected {
        recheck_after_secs: HOUR - HOUR / 12,
    };
    assert_eq!(told, [(hours(9, 11), empty), (hours(11, 19), expected)]);
}

#[test]
fn an_exchange_without_values_is_closed_at_the_weekend_alone() {
    let index = index();
    // 1970-01-03 was a Saturday: hours 48 to 96. Labels are an hour later.
    let block = Block {
        labels: hours(1, 201),
        ..block()
    };
    let exchange = DatasetSpec {
        calendar: Calendar::Exchange,
        ..dataset(History::Full)
    };
    let (closed, empty) = (
        Some(MissingReason::Closed),
        Some(MissingReason::VendorEmpty),
    );
    let mut sink = BlockSink::new(&block, &index, Role::Series, at(1_000));
    let slot = sink.slot(&block.keys[0], "PRICE", Step::Hour).unwrap();
    // Some do trade on a Sunday night.
    sink.point(slot, at(95), 1.0);
    sink.point(slot, at(96), 1.0);
    sink.point(slot, at(120), 1.0);
    sink.outcome(slot, Outcome::Answered(hours(1, 120)));
    for silent in [hours(120, 130), hours(217, 265), hours(217, 266)] {
        sink.outcome(slot, Outcome::Empty(silent));
    }
    assert_eq!(
        told(&sink, &exchange, at(1_000)),
        [
            (1, None, None, hours(0, 119)),
            (1, empty, Some(77), hours(119, 129)),
            (1, closed, None, hours(216, 264)),
            (1, empty, Some(77), hours(216, 265)),
            (1, closed, None, hours(48, 94)),
        ]
    );
    // The weekend under way is closed as far as it is over.
    let under_way = told(&sink, &exchange, at(60));
    assert_eq!(under_way.last().unwrap().3, hours(48, 60));
}

#[test]
fn where_only_events_are_told_silence_is_an_answer() {
    let (index, block) = (index(), block());
    let events = DatasetSpec {
        calendar: Calendar::None,
        ..dataset(History::Full)
    };
    let mut sink = BlockSink::new(&block, &index, Role::Series, at(20));
    let slot = sink.slot(&block.keys[0], "PRICE", Step::Hour).unwrap();
    sink.outcome(slot, SILENCE);
    let settled = (1, None, None, hours(9, 19));
    assert_eq!(told(&sink, &events, at(20)), [settled]);
    // A failure is asked again all the same.
    let mut sink = BlockSink::new(&block, &index, Role::Series, at(20));
    let slot = sink.slot(&block.keys[0], "PRICE", Step::Hour).unwrap();
    sink.outcome(slot, Outcome::Failed);
    let failed = (1, Some(MissingReason::Failed), Some(77), hours(9, 19));
    assert_eq!(told(&sink, &events, at(20)), [failed]);
}

#[test]
fn a_key_that_is_not_named_has_nothing_only_where_absence_says_so() {
    let names = ["a", "b", "c", "d"].map(|name| Key::of_asset(name, "usd"));
    let rows = (0..8).map(|n: i32| SeriesRow {
        id: SeriesId(n),
        series: SeriesKey {
            source: SourceId::new("acme"),
            key: names[usize::try_from(n / 2).unwrap()].clone(),
            metric: ["PRICE", "VOLUME"][usize::try_from(n % 2).unwrap()].into(),
            step: Step::Hour,
        },
        label_shift_secs: -HOUR,
        wanted_since: None,
        active: Spans::new(),
    });
    let index = SeriesIndex::new(rows.collect());
    let block = Block {
        keys: names.to_vec(),
        metrics: vec!["PRICE".into(), "VOLUME".into()],
        ..block()
    };
    let mut sink = BlockSink::new(&block, &index, Role::Series, at(100));
    let mut slot = |name: usize| sink.slot(&names[name], "PRICE", Step::Hour).unwrap();
    let (a, b, _looked_up, d) = (slot(0), slot(1), slot(2), slot(3));
    sink.outcome(a, Outcome::Answered(hours(10, 20)));
    sink.point(b, at(12), 1.0);
    // The answer was cut before this one.
    sink.outcome(d, Outcome::Absent);
    let answered = (0, None, None, hours(9, 19));
    assert_eq!(told(&sink, &dataset(History::Full), at(100)), [answered]);
    let empty = DatasetSpec {
        absence: Absence::Empty,
        ..dataset(History::Full)
    };
    let nothing = |id| {
        let reason = Some(MissingReason::VendorEmpty);
        (id, reason, Some(77), hours(9, 19))
    };
    let expected = [answered, nothing(4), nothing(5)];
    assert_eq!(told(&sink, &empty, at(100)), expected);
    // Nobody heard of it by that.
    assert_eq!(sink.answered().len(), 1);
}

#[test]
fn what_says_nothing_settles_nothing() {
    for outcome in [Outcome::Absent, Outcome::OutsidePlan(hours(10, 20))] {
        assert_eq!(settled(outcome, &LONG_AGO), []);
    }
    let present = Bench {
        history: History::None,
        ..LONG_AGO
    };
    assert_eq!(settled(Outcome::Failed, &present), []);
}

#[test]
fn unreadable_waits_and_unsupported_waits_for_a_week() {
    let whole = hours(9, 19);
    assert_eq!(
        settled(Outcome::Failed, &LONG_AGO),
        [(Some(MissingReason::Failed), Some(77), whole)]
    );
    assert_eq!(
        settled(Outcome::Unsupported, &LONG_AGO),
        [(Some(MissingReason::Unsupported), Some(7 * 86_400), whole)]
    );
}

#[test]
fn keys_that_were_answered_for_are_known() {
    let (index, block) = (index(), block());
    let answered = |outcome| {
        let mut sink = BlockSink::new(&block, &index, Role::Series, at(100));
        let slot = sink.slot(&block.keys[0], "PRICE", Step::Hour).unwrap();
        sink.outcome(slot, outcome);
        sink.answered().len()
    };
    assert_eq!(answered(Outcome::Answered(hours(12, 15))), 1);
    assert_eq!(answered(SILENCE), 1);
    assert_eq!(answered(Outcome::Absent), 0);
    assert_eq!(answered(Outcome::Failed), 0);
    assert_eq!(answered(Outcome::Answered(hours(12, 12))), 0);
}

#[test]
fn a_snapshot_that_came_after_the_hour_turned_is_taken_and_settles_its_own_hour() {
    let (index, block) = (index(), block());
    for (role, taken) in [(Role::Snapshot, 1), (Role::Series, 0)] {
        let mut sink = BlockSink::new(&block, &index, role, at(21));
        let slot = sink.slot(&block.keys[0], "PRICE", Step::Hour).unwrap();
        sink.point(slot, at(20), 1.0);
        // Still none of the moments that no vendor may name.
        sink.point(slot, at(22), 2.0);
        let judge = Judge {
            facts: &Facts::default(),
            dataset: &dataset(History::None),
            now: at(21),
        };
        let settled: Vec<_> = sink
            .settlements(&judge)
            .iter()
            .map(|one| (one.range, one.verdict))
            .collect();
        let points: Vec<_> = sink.points.iter().map(|point| point.ts).collect();
        let expected = [(hours(19, 20), Verdict::Settled)];
        assert_eq!(settled, expected[..taken], "{role:?}");
        assert_eq!(points, [at(19)][..taken], "{role:?}");
    }
}

#[test]
fn points_are_moved_clipped_and_refused() {
    let (index, block) = (index(), block());
    let mut sink = BlockSink::new(&block, &index, Role::Series, at(15));
    let key = &block.keys[0];
    let slot = sink
        .slot(key, "PRICE", Step::Hour)
        .expect("it was asked for");
    assert_eq!(sink.slot(key, "PRICE", Step::Hour), Some(slot));
    for (label, value) in [
        (at(12), 1.0),
        (at(9), 2.0),
        (at(16), 3.0),
        (at(13), f64::NAN),
        (Ts::OLDEST.plus_secs(-1), 4.0),
    ] {
        sink.point(slot, label, value);
    }
    let point = Point {
        series: SeriesId(1),
        ts: at(11),
        value: 1.0,
    };
    assert_eq!(sink.points, [point]);
    assert_eq!(sink.rejected(), 3);
    let why: Vec<&str> = sink.rejects.keys().copied().collect();
    assert_eq!(why, ["label_after_now", "label_before_1900", "not_finite"]);
}

#[test]
fn what_nobody_asked_for_is_counted_once_and_dropped() {
    let (index, block) = (index(), block());
    let mut sink = BlockSink::new(&block, &index, Role::Series, at(15));
    for _ in 0..3 {
        // Configured, but not in this block; and not configured at all.
        assert_eq!(sink.slot(&block.keys[0], "VOLUME", Step::Hour), None);
        assert_eq!(
            sink.slot(&Key::of_asset("x", "usd"), "PRICE", Step::Hour),
            None
        );
    }
    assert_eq!(sink.unasked, 2);
}
