//! What an operator's questions are answered from: why there is no value, how ticks went, what waits.

#![allow(clippy::unwrap_used, reason = "test code")]

mod ledger_support;

use ledger_support::{ACME, OTHER, client, hour, hours, make_series, settle, store};
use model::{
    DatasetId, Key, MissingReason, PullKind, SeriesKey, SeriesSpec, Since, SourceId, Stamp, Step,
    TimeRange, Ts,
};
use store::{
    Store,
    coverage::{Settlement, ValuelessRow, Verdict},
    pulls::{NewPull, PullEnd, PullStatus},
    read,
    series::{Authority, SeriesId},
};

fn missing(
    series: SeriesId,
    range: TimeRange,
    reason: MissingReason,
    secs: Option<i64>,
) -> Settlement {
    Settlement {
        series,
        range,
        verdict: Verdict::Missing {
            reason,
            recheck_after_secs: secs,
        },
    }
}

#[tokio::test]
async fn each_part_without_a_value_is_told_with_its_reason() {
    let database = testkit::database().await;
    let (store, mut client) = (store(&database).await, client(&database).await);
    let one = make_series(&client, 2).await;
    let two = SeriesId(one.0 + 1);
    let answered = Settlement {
        series: one,
        range: hours(0, 10),
        verdict: Verdict::Settled,
    };
    let settlements = [
        answered,
        missing(one, hours(12, 14), MissingReason::Failed, Some(3_600)),
        missing(one, hours(14, 15), MissingReason::Unfillable, None),
        missing(one, hours(15, 17), MissingReason::Closed, None),
        // Reaches out of what is wanted.
        missing(one, hours(19, 30), MissingReason::VendorEmpty, Some(7_200)),
    ];
    settle(&mut client, &settlements, hour(20)).await;
    // Nobody ever made the last one.
    let never = SeriesId(-7);
    let wanted = [
        (one, hours(2, 20)),
        (two, hours(3, 5)),
        (never, hours(0, 1)),
    ];
    let mut rows = store.valueless(&wanted, false).await.unwrap();
    rows.sort_by_key(|row| (row.series, row.range.start));
    let row = |series, range, reason, recheck_at, tries| ValuelessRow {
        series,
        range,
        reason,
        recheck_at,
        tries,
    };
    let empty = Some(MissingReason::VendorEmpty);
    let expected = [
        row(never, hours(0, 1), None, None, 0),
        row(one, hours(10, 12), None, None, 0),
        row(
            one,
            hours(12, 14),
            Some(MissingReason::Failed),
            Some(hour(21)),
            1,
        ),
        row(one, hours(14, 15), Some(MissingReason::Unfillable), None, 1),
        row(one, hours(17, 19), None, None, 0),
        row(one, hours(19, 20), empty, Some(hour(22)), 1),
        row(two, hours(3, 5), None, None, 0),
    ];
    assert_eq!(rows, expected);
    let rows = store.valueless(&wanted, true).await.unwrap();
    let closed = Some(MissingReason::Closed);
    assert!(rows.contains(&row(one, hours(15, 17), closed, None, 1)));
    assert_eq!(rows.len(), expected.len() + 1);
}

fn spec(asset: &str, since: Since, enabled: bool) -> SeriesSpec {
    SeriesSpec {
        series: SeriesKey {
            source: ACME,
            key: Key::of_asset(asset, "usd"),
            metric: "PRICE".into(),
            step: Step::Hour,
        },
        stamp: Stamp::Instant,
        since,
        enabled,
    }
}

#[tokio::test]
async fn what_a_configuration_would_make_is_foreseen_and_not_made() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    let then = [
        spec("kept", Since::At(hour(0)), true),
        spec("dropped", Since::At(hour(0)), true),
    ];
    (store
        .sync_series(ACME, &then, Authority::Whole, hour(5))
        .await)
        .unwrap();
    let all = "SELECT string_agg(s::text, ';' ORDER BY series_id) FROM series s";
    let before = ledger_support::texts(&client, all).await;
    let now = [
        spec("kept", Since::At(hour(2)), true),
        spec("dropped", Since::At(hour(0)), false),
        spec("new", Since::Activation, true),
        spec("never", Since::Activation, false),
    ];
    let foreseen = store.foresee_series(ACME, &now, hour(9)).await.unwrap();
    assert_eq!(ledger_support::texts(&client, all).await, before);
    let new = (foreseen
        .on
        .iter()
        .find(|row| row.series.key.asset.as_str() == "new"))
    .unwrap();
    assert!(new.id.0 < 0, "{new:?}");
    assert_eq!(
        (new.wanted_since, new.label_shift_secs),
        (Some(hour(9)), -3_600)
    );

    let made = store
        .sync_series(ACME, &now, Authority::Whole, hour(9))
        .await
        .unwrap();
    let mut on = foreseen.on;
    let made_new = made.iter().find(|row| row.series == on[1].series).unwrap();
    on[1].id = made_new.id;
    assert_eq!(on, made);
    let all = store.series_of(ACME).await.unwrap();
    let off: Vec<_> = all.into_iter().filter(|row| !row.is_active()).collect();
    assert_eq!(foreseen.off, off);
    assert_eq!(off.len(), 1);
}

async fn pull(
    store: &Store,
    source: SourceId,
    run_id: &str,
    dataset: &'static str,
    kind: PullKind,
    at: Ts,
    end: Option<(PullStatus, &str)>,
) {
    let new = NewPull {
        run_id,
        source,
        dataset: Some(DatasetId::new(dataset)),
        kind,
        instance: "process",
        window: None,
        started_at: at,
    };
    let id = store.open_pull(&new).await.unwrap();
    store.count_request(id, 3).await.unwrap();
    let Some((status, class)) = end else { return };
    let end = PullEnd {
        status,
        bytes: 0,
        error: (!class.is_empty()).then(|| (class.to_owned(), format!("{class}, in words"))),
    };
    store.close_pull(id, end, at.plus_secs(40)).await.unwrap();
}

#[tokio::test]
async fn the_last_tick_is_the_newest_run_of_the_schedule() {
    let database = testkit::database().await;
    let store = store(&database).await;
    assert_eq!(read::last_tick(&store, ACME).await.unwrap(), None);
    let good = Some((PullStatus::Complete, ""));
    let failed = Some((PullStatus::Failed, "transient"));
    for (source, run, dataset, kind, at, end) in [
        (ACME, "tick-1", "markets", PullKind::Live, hour(1), good),
        (ACME, "tick-2", "markets", PullKind::Live, hour(2), failed),
        (
            ACME,
            "tick-2",
            "global",
            PullKind::Live,
            hour(2).plus_secs(50),
            good,
        ),
        // Neither by schedule nor live nor of this source.
        (ACME, "pull-3", "markets", PullKind::Live, hour(3), good),
        (ACME, "gaps-3", "chart", PullKind::Gap, hour(3), good),
        (OTHER, "tick-4", "markets", PullKind::Live, hour(4), good),
    ] {
        pull(&store, source, run, dataset, kind, at, end).await;
    }
    let tick = read::last_tick(&store, ACME).await.unwrap().unwrap();
    assert_eq!(tick.run_id, "tick-2");
    assert_eq!(
        (tick.started_at, tick.finished_at),
        (hour(2), Some(hour(2).plus_secs(90)))
    );
    assert_eq!(tick.statuses, [PullStatus::Failed, PullStatus::Complete]);
    assert_eq!(tick.requests, 2);
    pull(
        &store,
        ACME,
        "tick-5",
        "markets",
        PullKind::Live,
        hour(5),
        None,
    )
    .await;
    let tick = read::last_tick(&store, ACME).await.unwrap().unwrap();
    assert_eq!(
        (tick.finished_at, tick.statuses),
        (None, vec![PullStatus::Running])
    );

    let spent = read::spent_since(&store, ACME, hour(1)).await.unwrap();
    let spent: Vec<_> = (spent.iter())
        .map(|row| (row.run.as_str(), row.credits))
        .collect();
    assert_eq!(spent, [("gaps", 3), ("pull", 3), ("tick", 9)]);
    assert_eq!(
        read::first_pull_at(&store, ACME).await.unwrap(),
        Some(hour(1))
    );
}

#[tokio::test]
async fn a_dataset_fails_as_long_as_no_live_pull_of_it_was_good() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let now = hour(10);
    let ends = [
        (1, "a", Some((PullStatus::Failed, "transient"))),
        (2, "a", Some((PullStatus::Complete, ""))),
        (3, "a", Some((PullStatus::Failed, "throttled"))),
        (4, "a", Some((PullStatus::Partial, "transient"))),
        // Says nothing of the vendor.
        (5, "a", None),
        (3, "b", Some((PullStatus::Failed, "transient"))),
        (4, "b", Some((PullStatus::Failed, "rejected"))),
        (4, "c", Some((PullStatus::Complete, ""))),
    ];
    for (at, dataset, end) in ends {
        let run = format!("tick-{at}");
        pull(&store, ACME, &run, dataset, PullKind::Live, hour(at), end).await;
    }
    let passing = ["transient", "throttled"];
    let failing = read::failing(&store, ACME, &passing, now).await.unwrap();
    let [failing] = failing.as_slice() else {
        unreachable!("{failing:?}")
    };
    assert_eq!(
        (failing.dataset.as_str(), failing.class.as_str()),
        ("a", "transient")
    );
    assert_eq!((failing.pulls, failing.since), (2, hour(3)));
    assert_eq!(failing.error, "transient, in words");
    let classes = read::last_failures(&store, ACME, &["throttled"], now)
        .await
        .unwrap();
    let expected = [("a", "transient"), ("b", "rejected")];
    assert_eq!(
        classes,
        expected.map(|(dataset, class)| (dataset.to_owned(), class.to_owned()))
    );
}

#[tokio::test]
async fn what_waits_to_be_read_again_and_how_fresh_series_are() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    let first = make_series(&client, 2).await;
    assert!(read::rereads_waiting(&store).await.unwrap().is_empty());
    assert!(read::freshness(&store).await.unwrap().is_empty());
    let sql = format!(
        "INSERT INTO reread_queue SELECT series_id, '[2026-01-01, 2026-01-02)',
                timestamptz '2026-01-01 00:00Z' + series_id * interval '1 hour' FROM series;
         INSERT INTO series_stats (series_id, last_write, points, first_ts, last_ts, last_value,
                                   label_shift, source, metric, asset, instrument, venue, quote, step)
         SELECT series_id, 1, 1, '2026-01-01 00:00Z',
                timestamptz '2026-01-01 00:00Z' + (series_id - {0}) * interval '1 hour', 1,
                label_shift, source, metric, asset, instrument, venue, quote, step FROM series;",
        first.0
    );
    client.batch_execute(&sql).await.unwrap();
    let waiting = read::rereads_waiting(&store).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].ranges), (1, 2));
    assert_eq!(waiting[0].oldest, hour(i64::from(first.0)));
    let fresh = read::freshness(&store).await.unwrap();
    assert_eq!((fresh[0].newest_ts, fresh[0].series), (hour(1), 2));
    assert_eq!(fresh[0].stale_secs(hour(2).plus_secs(-60)), 0);
    assert_eq!(fresh[0].stale_secs(hour(4)), 2 * 3_600);
}
