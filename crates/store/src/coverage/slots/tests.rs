//! How a silence waits, and what becomes of it.

use proptest::prelude::*;

use super::*;

const HOUR: i64 = 3_600;

fn hours(start: i64, end: i64) -> TimeRange {
    TimeRange::new(Ts::from_secs(start * HOUR), Ts::from_secs(end * HOUR))
}

fn hour(at: i64) -> Ts {
    Ts::from_secs(at * HOUR)
}

const EMPTY: Verdict = Verdict::Missing {
    reason: MissingReason::VendorEmpty,
    recheck_after_secs: Some(6 * HOUR),
};
const CLOSED: Verdict = Verdict::Missing {
    reason: MissingReason::Closed,
    recheck_after_secs: None,
};

#[test]
fn the_wait_doubles_and_the_fourth_try_is_final() {
    let mut ledger = Ledger::default();
    let mut due = Vec::new();
    for at in [100, 106, 118, 142] {
        ledger.apply(hours(0, 5), EMPTY, hour(at));
        due.push(ledger.slots.first().unwrap().recheck_at);
    }
    assert_eq!(
        due,
        [Some(hour(106)), Some(hour(118)), Some(hour(142)), None]
    );
    assert_eq!(ledger.slots.len(), 1);
    assert_eq!(ledger.slots.first().unwrap().tries, MAX_TRIES);
    assert!(ledger.newly_settled.covers(hours(0, 5)));
}

#[test]
fn an_answer_before_it_is_due_is_no_try() {
    let mut ledger = Ledger::default();
    ledger.apply(hours(0, 5), EMPTY, hour(100));
    let before = ledger.slots.clone();
    for minutes in 1..50 {
        ledger.apply(hours(0, 5), EMPTY, hour(100).plus_secs(minutes * 60));
    }
    assert_eq!(ledger.slots, before);
}

#[test]
fn an_empty_answer_takes_the_place_of_a_failure_but_not_the_reverse() {
    let failed = Verdict::Missing {
        reason: MissingReason::Failed,
        recheck_after_secs: Some(HOUR),
    };
    let mut ledger = Ledger::default();
    ledger.apply(hours(0, 5), failed, hour(100));
    ledger.apply(hours(0, 5), EMPTY, hour(100));
    ledger.apply(hours(0, 5), failed, hour(101));
    let slot = ledger.slots.first().unwrap();
    assert_eq!(slot.reason, MissingReason::VendorEmpty);
    assert_eq!((slot.recheck_at, slot.tries), (Some(hour(106)), 1));
}

#[test]
fn the_last_try_of_a_failure_says_unfillable() {
    let failed = Verdict::Missing {
        reason: MissingReason::Failed,
        recheck_after_secs: Some(0),
    };
    let mut ledger = Ledger::default();
    for _ in 0..4 {
        ledger.apply(hours(0, 1), failed, hour(9));
    }
    assert_eq!(
        ledger.slots.first().unwrap().reason,
        MissingReason::Unfillable
    );
}

#[test]
fn a_pair_that_the_vendor_does_not_have_is_asked_for_every_week_for_ever() {
    const WEEK: i64 = 7 * 24;
    let unsupported = Verdict::Missing {
        reason: MissingReason::Unsupported,
        recheck_after_secs: Some(WEEK * HOUR),
    };
    let mut ledger = Ledger::default();
    for week in 1..60 {
        let now = week * WEEK;
        // Each week there is a week more of it, and it stays one row.
        ledger.apply(hours(0, now), unsupported, hour(now));
        ledger.apply(hours(0, now), unsupported, hour(now + 1));
        let [slot] = ledger.slots.as_slice() else {
            panic!("{:?}", ledger.slots)
        };
        assert_eq!((slot.range, slot.tries), (hours(0, now), 1));
        assert_eq!(slot.recheck_at, Some(hour(now + WEEK)));
    }
    assert!(ledger.newly_settled.is_empty());
    // Once it is there, silence has all its tries.
    ledger.apply(hours(0, 5), EMPTY, hour(61 * WEEK));
    ledger.apply(hours(5, 60 * WEEK), Verdict::Settled, hour(61 * WEEK));
    let slot = ledger.slots.first().unwrap();
    assert_eq!((ledger.slots.len(), slot.tries), (1, 1));
    assert_eq!(slot.reason, MissingReason::VendorEmpty);
}

#[test]
fn a_late_value_has_all_its_tries_left_once_it_counts_as_silence() {
    let late = Verdict::Missing {
        reason: MissingReason::NotYetPublished,
        recheck_after_secs: Some(HOUR),
    };
    let mut ledger = Ledger::default();
    let mut told = Vec::new();
    for (at, verdict) in [(100, late), (101, late), (103, late), (107, EMPTY)] {
        ledger.apply(hours(99, 100), verdict, hour(at));
        let slot = ledger.slots.first().unwrap();
        told.push((slot.tries, slot.recheck_at));
    }
    let due = |at| Some(hour(at));
    assert_eq!(
        told,
        [(1, due(101)), (2, due(103)), (3, due(107)), (1, due(113))]
    );
}

#[test]
fn what_is_expected_is_asked_for_evenly_and_is_silent_only_once_it_is_not() {
    const DAY: i64 = 24;
    let expected = Verdict::Expected {
        recheck_after_secs: DAY * HOUR,
    };
    let mut ledger = Ledger::default();
    // Before this it counted as late.
    let late = Verdict::Missing {
        reason: MissingReason::NotYetPublished,
        recheck_after_secs: Some(HOUR),
    };
    ledger.apply(hours(0, 5), late, hour(0));
    ledger.apply(hours(0, 5), late, hour(1));
    for day in 1..45 {
        let now = day * DAY;
        ledger.apply(hours(0, 5), expected, hour(now));
        // Not due yet: nothing new.
        ledger.apply(hours(0, 5), expected, hour(now + 1));
        let [slot] = ledger.slots.as_slice() else {
            panic!("{:?}", ledger.slots)
        };
        assert_eq!(slot.reason, MissingReason::NotYetPublished);
        assert_eq!((slot.tries, slot.recheck_at), (1, Some(hour(now + DAY))));
    }
    assert!(ledger.newly_settled.is_empty());
    for day in [45, 46, 47] {
        ledger.apply(hours(0, 5), EMPTY, hour(day * DAY));
        assert!(ledger.newly_settled.is_empty(), "{day}");
    }
    ledger.apply(hours(0, 5), EMPTY, hour(48 * DAY));
    assert!(ledger.newly_settled.covers(hours(0, 5)));
    assert_eq!(ledger.slots[0].reason, MissingReason::VendorEmpty);
}

#[test]
fn a_series_that_stays_empty_keeps_a_handful_of_rows() {
    let mut ledger = Ledger::default();
    for at in 1..2_000 {
        // Each hour asks what is open: everything unsettled whose slot is due or not there.
        let waiting: Spans = (ledger.slots.iter())
            .filter(|slot| slot.recheck_at.is_some_and(|due| due > hour(at)))
            .map(|slot| slot.range)
            .collect();
        let open = Spans::from_iter([hours(0, at)])
            .minus(&ledger.settled)
            .minus(&waiting);
        for gap in open.iter() {
            ledger.apply(gap, EMPTY, hour(at));
        }
        assert!(ledger.slots.len() < 10, "{:?}", ledger.slots);
    }
    assert!(ledger.settled.covers(hours(0, 1_900)));
}

#[test]
fn an_answer_splits_the_slot_around_it() {
    let mut ledger = Ledger::default();
    ledger.apply(hours(0, 10), EMPTY, hour(100));
    ledger.apply(hours(3, 4), Verdict::Settled, hour(101));
    let parts: Vec<_> = ledger.slots.iter().map(|slot| slot.range).collect();
    assert_eq!(parts, [hours(0, 3), hours(4, 10)]);
    assert!(
        ledger
            .slots
            .iter()
            .all(|slot| slot.recheck_at == Some(hour(106)))
    );
}

#[test]
fn what_is_settled_is_not_waited_for() {
    let mut ledger = Ledger::default();
    ledger.apply(hours(0, 10), Verdict::Settled, hour(100));
    ledger.apply(hours(8, 12), EMPTY, hour(100));
    let parts: Vec<_> = ledger.slots.iter().map(|slot| slot.range).collect();
    assert_eq!(parts, [hours(10, 12)]);
}

#[test]
fn closed_days_touch_and_become_one() {
    let mut ledger = Ledger::default();
    for at in [0, 24, 48] {
        ledger.apply(hours(at, at + 24), CLOSED, hour(100));
    }
    assert_eq!(ledger.slots.len(), 1);
    assert!(ledger.newly_settled.covers(hours(0, 72)));
}

fn verdicts() -> impl Strategy<Value = Verdict> {
    let reasons = prop::sample::select(vec![
        MissingReason::VendorEmpty,
        MissingReason::Failed,
        MissingReason::Unsupported,
    ]);
    let rechecks = prop::option::of(0..20 * HOUR);
    prop_oneof![
        1 => Just(Verdict::Settled),
        1 => (0..20 * HOUR).prop_map(|recheck_after_secs| Verdict::Expected {
            recheck_after_secs,
        }),
        3 => (reasons, rechecks).prop_map(|(reason, recheck_after_secs)| Verdict::Missing {
            reason,
            recheck_after_secs,
        }),
    ]
}

proptest! {
    #[test]
    fn slots_never_overlap_and_open_ones_are_never_settled(
        steps in prop::collection::vec((0_i64..40, 0_i64..10, verdicts()), 1..40)
    ) {
        let mut ledger = Ledger::default();
        for (at, (start, len, verdict)) in steps.into_iter().enumerate() {
            let now = hour(100 + i64::try_from(at).unwrap());
            let range = hours(start, start + len);
            ledger.apply(range, verdict, now);

            for pair in ledger.slots.windows(2) {
                let [left, right] = pair else { continue };
                prop_assert!(left.range.end <= right.range.start);
                // What becomes alike as time passes is one row after the next verdict.
                let apart = left.range.end < right.range.start || !left.is_like(right, now);
                prop_assert!(apart || range.is_empty());
            }
            for slot in &ledger.slots {
                prop_assert!(!slot.range.is_empty());
                let settled = ledger.settled.clip(slot.range);
                match slot.recheck_at {
                    Some(_) => prop_assert!(settled.is_empty()),
                    None => prop_assert!(ledger.settled.covers(slot.range)),
                }
            }
            // Every verdict says something about its whole range.
            let known: Spans = ledger.slots.iter().map(|slot| slot.range).collect();
            prop_assert!(Spans::from_iter([range]).minus(&known).minus(&ledger.settled).is_empty());

            // The same verdict at the same time again changes nothing.
            let is_due_at_once = matches!(
                verdict,
                Verdict::Missing { recheck_after_secs: Some(0), .. }
                    | Verdict::Expected { recheck_after_secs: 0 }
            );
            if !is_due_at_once {
                let mut again = ledger.clone();
                again.apply(range, verdict, now);
                prop_assert_eq!(&again.slots, &ledger.slots);
            }
        }
    }
}
