//! Settled time, reasons and gaps against a real server.

#![allow(clippy::unwrap_used, reason = "test code")]

mod ledger_support;

use std::collections::BTreeMap;

use ledger_support::{client, hour, hours, make_series, settle, store, texts};
use model::{MissingReason, Spans, TimeRange, Ts};
use proptest::prelude::*;
use store::{
    coverage::{MAX_TRIES, Patience, Settlement, Verdict},
    series::SeriesId,
};

const EMPTY_DAY: Verdict = Verdict::Missing {
    reason: MissingReason::VendorEmpty,
    recheck_after_secs: Some(86_400),
};
const UNSUPPORTED: Verdict = Verdict::Missing {
    reason: MissingReason::Unsupported,
    recheck_after_secs: None,
};

fn told(series: SeriesId, range: TimeRange, verdict: Verdict) -> Settlement {
    Settlement {
        series,
        range,
        verdict,
    }
}

fn spans(ranges: &[TimeRange]) -> Spans {
    ranges.iter().copied().collect()
}

/// The rows of a table with the transaction that wrote each: equal before and after means that
/// nothing was written.
async fn versions(client: &tokio_postgres::Client, table: &str) -> Vec<String> {
    texts(
        client,
        &format!("SELECT t.xmin || ' ' || t.ctid || ' ' || t::text FROM {table} t ORDER BY 1"),
    )
    .await
}

#[tokio::test]
async fn touching_ranges_collapse_and_repeating_writes_nothing() {
    let database = testkit::database().await;
    let (store, mut client) = (store(&database).await, client(&database).await);
    let one = make_series(&client, 1).await;
    for (start, end) in [(4, 6), (0, 2), (2, 4), (8, 9), (6, 8), (1, 3)] {
        let settlement = told(one, hours(start, end), Verdict::Settled);
        settle(&mut client, &[settlement], hour(100)).await;
    }
    let settled = texts(&client, "SELECT unnest(settled)::text FROM coverage").await;
    assert_eq!(settled.len(), 1, "{settled:?}");

    let before = versions(&client, "coverage").await;
    let again = [
        told(one, hours(0, 9), Verdict::Settled),
        told(one, hours(3, 4), Verdict::Settled),
    ];
    settle(&mut client, &again, hour(101)).await;
    assert_eq!(versions(&client, "coverage").await, before);

    let open = store
        .open_gaps(&[(one, hours(0, 12))], hour(101), Patience::Wait)
        .await
        .unwrap();
    assert_eq!(open, [(one, spans(&[hours(9, 12)]))]);
}

#[tokio::test]
async fn an_empty_answer_waits_is_asked_again_and_becomes_final() {
    let database = testkit::database().await;
    let (store, mut client) = (store(&database).await, client(&database).await);
    let one = make_series(&client, 1).await;
    let wanted = [(one, hours(0, 24))];
    let empty = [
        told(one, hours(0, 10), Verdict::Settled),
        told(one, hours(10, 14), EMPTY_DAY),
    ];

    // Asked at 100, then after one day, two days and four days.
    for (at, tries) in [(100, 1), (124, 2), (172, 3), (268, MAX_TRIES)] {
        let open = store
            .open_gaps(&wanted, hour(at), Patience::Wait)
            .await
            .unwrap();
        assert!(open[0].1.covers(hours(10, 14)), "not due at {at}: {open:?}");
        settle(&mut client, &empty, hour(at)).await;
        let before = versions(&client, "slots_missing").await;
        settle(&mut client, &empty, hour(at)).await;
        assert_eq!(versions(&client, "slots_missing").await, before);

        let open = store
            .open_gaps(&wanted, hour(at + 1), Patience::RetryFailed)
            .await
            .unwrap();
        assert_eq!(open, [(one, spans(&[hours(14, 24)]))]);
        let rows = store.missing("acme", 10).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].range, rows[0].tries), (hours(10, 14), tries));
        assert_eq!(rows[0].recheck_at.is_none(), tries == MAX_TRIES);
    }
    let open = store
        .open_gaps(&wanted, hour(1_000_000), Patience::Wait)
        .await
        .unwrap();
    assert_eq!(open, [(one, spans(&[hours(14, 24)]))]);
}

#[tokio::test]
async fn an_operator_does_not_wait_for_what_failed() {
    let database = testkit::database().await;
    let (store, mut client) = (store(&database).await, client(&database).await);
    let one = make_series(&client, 1).await;
    let failed = Verdict::Missing {
        reason: MissingReason::Failed,
        recheck_after_secs: Some(3_600),
    };
    let settlements = [
        told(one, hours(0, 2), failed),
        told(one, hours(2, 4), EMPTY_DAY),
    ];
    settle(&mut client, &settlements, hour(100)).await;
    let wanted = [(one, hours(0, 4))];
    let waiting = store.open_gaps(&wanted, hour(100), Patience::Wait);
    assert!(waiting.await.unwrap().is_empty());
    let asked = store.open_gaps(&wanted, hour(100), Patience::RetryFailed);
    assert_eq!(asked.await.unwrap(), [(one, spans(&[hours(0, 2)]))]);
}

#[tokio::test]
async fn a_silence_at_the_end_holds_until_it_is_asked_again() {
    let database = testkit::database().await;
    let (store, mut client) = (store(&database).await, client(&database).await);
    let first = make_series(&client, 3).await;
    let [tail, inside, nothing_settled] = [0, 1, 2].map(|n| SeriesId(first.0 + n));
    let settlements = [
        told(tail, hours(0, 90), Verdict::Settled),
        told(tail, hours(90, 100), EMPTY_DAY),
        told(inside, hours(0, 80), Verdict::Settled),
        told(inside, hours(80, 90), EMPTY_DAY),
        told(inside, hours(90, 100), Verdict::Settled),
        told(nothing_settled, hours(60, 100), EMPTY_DAY),
    ];
    settle(&mut client, &settlements, hour(100)).await;
    let open = async |at: i64, patience| {
        let wanted = [tail, inside, nothing_settled].map(|series| (series, hours(60, at)));
        store.open_gaps(&wanted, hour(at), patience).await.unwrap()
    };
    for at in [101, 110, 123] {
        // A hole stands for itself; so does all for an operator.
        let new = spans(&[hours(100, at)]);
        assert_eq!(open(at, Patience::Wait).await, [(inside, new.clone())]);
        let all = [tail, inside, nothing_settled].map(|series| (series, new.clone()));
        assert_eq!(open(at, Patience::RetryFailed).await, all);
    }
    let due = [
        (tail, spans(&[hours(90, 124)])),
        (inside, spans(&[hours(80, 90), hours(100, 124)])),
        (nothing_settled, spans(&[hours(60, 124)])),
    ];
    assert_eq!(open(124, Patience::Wait).await, due);

    // A later answer makes the end a hole.
    let answer = [told(tail, hours(104, 105), Verdict::Settled)];
    settle(&mut client, &answer, hour(105)).await;
    let around = spans(&[hours(100, 104), hours(105, 110)]);
    assert_eq!(open(110, Patience::Wait).await[0], (tail, around));
}

#[tokio::test]
async fn an_answer_about_the_past_holds_up_nothing_of_the_present() {
    let database = testkit::database().await;
    let (store, mut client) = (store(&database).await, client(&database).await);
    let one = make_series(&client, 1).await;
    settle(
        &mut client,
        &[told(one, hours(0, 10), EMPTY_DAY)],
        hour(9_000),
    )
    .await;
    let wanted = [(one, hours(0, 9_001))];
    let open = store.open_gaps(&wanted, hour(9_001), Patience::Wait);
    assert_eq!(open.await.unwrap(), [(one, spans(&[hours(10, 9_001)]))]);
}

#[tokio::test]
async fn what_waits_is_told_as_far_as_it_is_wanted_and_the_vendors_word() {
    let database = testkit::database().await;
    let (store, mut client) = (store(&database).await, client(&database).await);
    let first = make_series(&client, 2).await;
    let second = SeriesId(first.0 + 1);
    let verdict = |reason, secs| Verdict::Missing {
        reason,
        recheck_after_secs: Some(secs),
    };
    let settlements = [
        told(first, hours(0, 10), EMPTY_DAY),
        told(
            first,
            hours(10, 12),
            verdict(MissingReason::NotYetPublished, 3_600),
        ),
        told(first, hours(12, 14), verdict(MissingReason::Failed, 3_600)),
        told(second, hours(0, 10), UNSUPPORTED),
    ];
    settle(&mut client, &settlements, hour(100)).await;
    let wanted = [
        (first, hours(4, 6)),
        (first, hours(8, 30)),
        (second, hours(0, 30)),
    ];
    let told_at = async |at: i64| -> Vec<_> {
        let rows = store.waiting(&wanted, hour(at)).await.unwrap();
        (rows.iter())
            .map(|row| (row.series, row.range, row.recheck_at))
            .collect()
    };
    let empty = |range| (first, range, hour(124));
    let late = (first, hours(10, 12), hour(101));
    assert_eq!(
        told_at(100).await,
        [empty(hours(4, 6)), empty(hours(8, 10)), late]
    );
    assert_eq!(
        told_at(101).await,
        [empty(hours(4, 6)), empty(hours(8, 10))]
    );
    assert_eq!(told_at(124).await, []);
}

#[tokio::test]
async fn an_answer_takes_reasons_away_and_splits_what_is_around() {
    let database = testkit::database().await;
    let (store, mut client) = (store(&database).await, client(&database).await);
    let first = make_series(&client, 2).await;
    let second = SeriesId(first.0 + 1);
    let missing = [
        told(first, hours(0, 10), EMPTY_DAY),
        told(second, hours(0, 10), UNSUPPORTED),
    ];
    settle(&mut client, &missing, hour(100)).await;
    let answers = [
        told(second, hours(8, 20), Verdict::Settled),
        told(first, hours(3, 4), Verdict::Settled),
    ];
    settle(&mut client, &answers, hour(101)).await;

    let mut rows = store.missing("acme", 10).await.unwrap();
    rows.sort_by_key(|row| (row.series, row.range.start));
    let left: Vec<_> = (rows.iter())
        .map(|row| (row.series, row.range, row.reason.as_str()))
        .collect();
    assert_eq!(
        left,
        [
            (first, hours(0, 3), "vendor_empty"),
            (first, hours(4, 10), "vendor_empty"),
            (second, hours(0, 8), "unsupported"),
        ]
    );
    assert!(store.missing("other", 10).await.unwrap().is_empty());
    let wanted = [(first, hours(0, 20)), (second, hours(0, 20))];
    let open = store
        .open_gaps(&wanted, hour(101), Patience::RetryFailed)
        .await
        .unwrap();
    assert_eq!(open, [(first, spans(&[hours(10, 20)]))]);
}

#[tokio::test]
async fn an_empty_reread_of_settled_time_opens_nothing() {
    let database = testkit::database().await;
    let (store, mut client) = (store(&database).await, client(&database).await);
    let one = make_series(&client, 1).await;
    settle(
        &mut client,
        &[told(one, hours(0, 10), Verdict::Settled)],
        hour(100),
    )
    .await;
    settle(
        &mut client,
        &[told(one, hours(0, 10), EMPTY_DAY)],
        hour(200),
    )
    .await;
    assert!(store.missing("acme", 10).await.unwrap().is_empty());
    let open = store
        .open_gaps(&[(one, hours(0, 10))], hour(9_999), Patience::Wait)
        .await
        .unwrap();
    assert!(open.is_empty());
}

#[tokio::test]
async fn gaps_of_unknown_series_and_of_all_time_are_whole() {
    let database = testkit::database().await;
    let (store, mut client) = (store(&database).await, client(&database).await);
    let one = make_series(&client, 1).await;
    settle(
        &mut client,
        &[told(one, hours(0, 10), Verdict::Settled)],
        hour(100),
    )
    .await;
    let all = TimeRange::new(Ts::from_millis(i64::MIN), Ts::from_millis(i64::MAX));
    let nobody = SeriesId(one.0 + 1);
    // The same series twice is one question; an empty range is none.
    let wanted = [
        (nobody, hours(0, 1)),
        (one, all),
        (one, hours(0, 5)),
        (nobody, hours(7, 7)),
    ];
    let open = store
        .open_gaps(&wanted, hour(100), Patience::Wait)
        .await
        .unwrap();
    let around = [
        TimeRange::new(all.start, hour(0)),
        TimeRange::new(hour(10), all.end),
    ];
    assert_eq!(
        open,
        [(one, spans(&around)), (nobody, spans(&[hours(0, 1)]))]
    );
    assert!(
        store
            .open_gaps(&[], hour(100), Patience::Wait)
            .await
            .unwrap()
            .is_empty()
    );
}

/// Hours of two series, and what was said of them.
fn stories() -> impl Strategy<Value = Vec<Vec<(i32, i64, i64, u8)>>> {
    let verdict = (0..2_i32, 0..30_i64, 1..8_i64, 0..3_u8);
    prop::collection::vec(prop::collection::vec(verdict, 1..5), 1..6)
}

#[test]
fn gaps_are_wanted_without_settled_and_without_waiting() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(testkit::database());
    let (store, client) =
        runtime.block_on(async { (store(&database).await, client(&database).await) });

    let client = tokio::sync::Mutex::new(client);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let tested = runner.run(&stories(), |story| {
        runtime.block_on(async {
            let mut client = client.lock().await;
            let first = make_series_anew(&client).await;
            let (mut settled, mut waiting) = (BTreeMap::new(), BTreeMap::new());
            for (at, batch) in story.iter().enumerate() {
                let now = hour(100 + i64::try_from(at).unwrap());
                let mut settlements = Vec::new();
                for (which, start, len, kind) in batch {
                    let series = SeriesId(first.0 + which);
                    let range = hours(*start, start + len);
                    let verdict = [Verdict::Settled, UNSUPPORTED, EMPTY_DAY][usize::from(*kind)];
                    settlements.push(told(series, range, verdict));
                    let known: &mut BTreeMap<SeriesId, Spans> = if verdict == EMPTY_DAY {
                        &mut waiting
                    } else {
                        &mut settled
                    };
                    known.entry(series).or_default().insert(range);
                }
                settle(&mut client, &settlements, now).await;
            }
            let wanted = [(first, hours(0, 40)), (SeriesId(first.0 + 1), hours(0, 40))];
            let soon = store
                .open_gaps(&wanted, hour(110), Patience::Wait)
                .await
                .unwrap();
            let later = store
                .open_gaps(&wanted, hour(1_000), Patience::Wait)
                .await
                .unwrap();
            let asked = store
                .open_gaps(&wanted, hour(110), Patience::RetryFailed)
                .await
                .unwrap();
            for (series, range) in wanted {
                let of = |known: &BTreeMap<SeriesId, Spans>| {
                    known.get(&series).cloned().unwrap_or_default()
                };
                let open = spans(&[range]).minus(&of(&settled));
                let got = |gaps: &[(SeriesId, Spans)]| {
                    gaps.iter()
                        .find(|(id, _)| *id == series)
                        .map(|(_, spans)| spans.clone())
                        .unwrap_or_default()
                };
                let due = open.minus(&of(&waiting));
                prop_assert_eq!(got(&asked), due.clone());
                prop_assert_eq!(got(&later), open.clone());
                // Behind a silence at the end nothing is asked for, where nobody watches.
                let (waits, ends) = (open.minus(&due), of(&settled).hull());
                let held = waits
                    .hull()
                    .is_some_and(|hull| ends.is_none_or(|settled| hull.end >= settled.end));
                let hull = waits.hull().unwrap_or(range);
                let behind = TimeRange::new(if held { hull.end } else { range.end }, range.end);
                prop_assert_eq!(got(&soon), due.minus(&spans(&[behind])));
            }
            Ok(())
        })
    });
    tested.unwrap();
}

async fn make_series_anew(client: &tokio_postgres::Client) -> SeriesId {
    client
        .batch_execute("TRUNCATE series, coverage, slots_missing")
        .await
        .unwrap();
    make_series(client, 2).await
}
