//! The reads of the query layer.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "test code")]

mod ledger_support;

use ledger_support::{ACME, OTHER, client, hour, hours, make_series, settle, store};
use model::{MissingReason, PullKind, SourceId, TimeRange, Ts};
use store::{
    Store,
    coverage::{Settlement, Verdict},
    pulls::NewPull,
    read::{self, Order, SeriesFilter},
    series::SeriesId,
};
use tokio_postgres::Client;

/// Two sources: acme has PRICE and VOLUME of three assets at two steps, other has one series
/// without points.
async fn fill(client: &Client) {
    client
        .batch_execute(
            "INSERT INTO series (source, asset, venue, quote, metric, step, label_shift, active)
             SELECT 'acme', a, v, 'usd', m, st, -3600, '{(,)}'
             FROM unnest('{btc,eth,sol}'::text[]) AS a, unnest('{PRICE,VOLUME}'::text[]) AS m,
                  (VALUES ('1h', 'binance'), ('1d', '')) AS s(st, v);
             INSERT INTO series (source, asset, quote, metric, step, label_shift)
             VALUES ('other', 'btc', 'eur', 'PRICE', '1h', 0);
             INSERT INTO series_stats
             SELECT series_id, 7, 10, '2026-01-01', timestamptz '2026-01-02' + series_id * interval '1 hour',
                    series_id, label_shift, source, metric, asset, instrument, venue, quote, step
             FROM series WHERE source = 'acme'",
        )
        .await
        .unwrap();
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn filters_name_any_of_each() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    fill(&client).await;
    let count = |filter: SeriesFilter| {
        let store = store.clone();
        async move {
            let found = read::find_series(&store, &filter).await.unwrap().len();
            let latest = read::latest(&store, &filter, 100).await.unwrap().len();
            (found, latest)
        }
    };
    let any = SeriesFilter::default();
    assert_eq!(count(any.clone()).await, (13, 12));
    let filter = SeriesFilter {
        assets: names(&["btc", "sol"]),
        ..any.clone()
    };
    assert_eq!(count(filter).await, (9, 8));
    let filter = SeriesFilter {
        sources: names(&["other"]),
        ..any.clone()
    };
    assert_eq!(count(filter).await, (1, 0));
    let filter = SeriesFilter {
        quotes: names(&["eur", "gbp"]),
        ..any.clone()
    };
    assert_eq!(count(filter).await, (1, 0));
    let filter = SeriesFilter {
        venues: names(&["binance"]),
        steps: names(&["1h"]),
        ..any.clone()
    };
    assert_eq!(count(filter).await, (6, 6));
    let filter = SeriesFilter {
        sources: names(&["acme"]),
        assets: names(&["btc"]),
        metrics: names(&["PRICE"]),
        venues: names(&[""]),
        quotes: names(&["usd"]),
        steps: names(&["1d"]),
    };
    assert_eq!(count(filter).await, (1, 1));
    let filter = SeriesFilter {
        metrics: names(&["price"]),
        ..any
    };
    assert_eq!(count(filter).await, (0, 0));
}

#[tokio::test]
async fn latest_is_newest_first_and_series_without_points_have_none() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    fill(&client).await;
    let rows = read::latest(&store, &SeriesFilter::default(), 3)
        .await
        .unwrap();
    assert_eq!(rows.len(), 3);
    assert!(
        rows.windows(2)
            .all(|pair| pair[0].last_ts > pair[1].last_ts)
    );
    let newest = &rows[0];
    assert_eq!(newest.last_value, Some(f64::from(newest.series.0)));
    assert_eq!(
        newest.last_ts,
        Some(
            Ts::parse("2026-01-02")
                .unwrap()
                .plus_secs(3_600 * i64::from(newest.series.0))
        )
    );
    assert_eq!(
        (newest.points, newest.last_write, newest.label_shift_secs),
        (10, Some(7), -3_600)
    );

    let filter = SeriesFilter {
        sources: names(&["other"]),
        ..SeriesFilter::default()
    };
    let rows = read::find_series(&store, &filter).await.unwrap();
    assert_eq!(
        (rows[0].points, rows[0].last_ts, rows[0].last_value),
        (0, None, None)
    );
}

#[tokio::test]
async fn counts_are_those_of_the_stats() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    assert!(read::sources(&store).await.unwrap().is_empty());
    fill(&client).await;
    let sources = read::sources(&store).await.unwrap();
    assert_eq!(sources.len(), 1);
    let acme = &sources[0];
    assert_eq!(
        (acme.series, acme.points, acme.assets, acme.metrics),
        (12, 120, 3, 2)
    );
    assert_eq!(acme.first_ts, hour(0));

    let counts = read::metric_counts(&store, None, None).await.unwrap();
    let rows: Vec<_> = (counts.iter())
        .map(|row| {
            (
                row.metric.as_str(),
                row.step.as_str(),
                row.series,
                row.points,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("PRICE", "1d", 3, 30),
            ("PRICE", "1h", 3, 30),
            ("VOLUME", "1d", 3, 30),
            ("VOLUME", "1h", 3, 30)
        ]
    );
    let counts = read::metric_counts(&store, Some("acme"), Some("btc"))
        .await
        .unwrap();
    assert!(counts.iter().all(|row| row.series == 1));
    assert!(
        read::metric_counts(&store, Some("other"), None)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn ten_points(client: &Client, series: SeriesId) {
    client
        .execute(
            "INSERT INTO metrics SELECT $1, 1, timestamptz '2026-01-01' + n * interval '1 hour', n
             FROM generate_series(0, 9) AS n",
            &[&series.0],
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn pages_of_points_tile_a_range_in_both_orders() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    let one = make_series(&client, 2).await;
    ten_points(&client, one).await;
    ten_points(&client, SeriesId(one.0 + 1)).await;

    let all = TimeRange::new(Ts::from_millis(i64::MIN), Ts::from_millis(i64::MAX));
    let values =
        |points: &[read::PointRow]| points.iter().map(|point| point.value).collect::<Vec<_>>();
    let points = read::points(&store, one, all, Order::Ascending, 100)
        .await
        .unwrap();
    assert_eq!(values(&points), (0..10).map(f64::from).collect::<Vec<_>>());

    let (mut range, mut forth) = (hours(1, 9), Vec::new());
    loop {
        let page = read::points(&store, one, range, Order::Ascending, 3)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        forth.extend(values(&page));
        range = TimeRange::new(last.ts.plus_millis(1), range.end);
    }
    assert_eq!(forth, (1..9).map(f64::from).collect::<Vec<_>>());

    let (mut range, mut back) = (hours(1, 9), Vec::new());
    loop {
        let page = read::points(&store, one, range, Order::Descending, 3)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        back.extend(values(&page));
        range = TimeRange::new(range.start, last.ts);
    }
    back.reverse();
    assert_eq!(back, forth);
}

#[tokio::test]
async fn gaps_inside_say_why() {
    let database = testkit::database().await;
    let (store, mut client) = (store(&database).await, client(&database).await);
    let one = make_series(&client, 1).await;
    let missing = |range, reason, recheck_after_secs| Settlement {
        series: one,
        range,
        verdict: Verdict::Missing {
            reason,
            recheck_after_secs,
        },
    };
    let told = [
        Settlement {
            series: one,
            range: hours(0, 10),
            verdict: Verdict::Settled,
        },
        missing(hours(8, 9), MissingReason::Closed, None),
        missing(hours(12, 14), MissingReason::VendorEmpty, Some(3_600)),
    ];
    settle(&mut client, &told, hour(20)).await;
    let gaps = read::gaps_inside(&store, one, hours(5, 13)).await.unwrap();
    let gaps: Vec<_> = (gaps.iter())
        .map(|gap| (gap.range, gap.reason.as_deref(), gap.recheck_at))
        .collect();
    assert_eq!(
        gaps,
        [
            (hours(8, 9), Some("closed"), None),
            (hours(10, 12), None, None),
            (hours(12, 13), Some("vendor_empty"), Some(hour(21))),
        ]
    );
    assert!(
        read::gaps_inside(&store, one, hours(0, 8))
            .await
            .unwrap()
            .is_empty()
    );
    let unknown = read::gaps_inside(&store, SeriesId(one.0 + 1), hours(0, 8))
        .await
        .unwrap();
    assert_eq!((unknown.len(), unknown[0].range), (1, hours(0, 8)));
}

async fn pull(store: &Store, source: SourceId, at: i64) {
    let pull = NewPull {
        run_id: "run",
        source,
        dataset: None,
        kind: PullKind::Live,
        instance: "one",
        window: None,
        started_at: hour(at),
    };
    store.open_pull(&pull).await.unwrap();
}

#[tokio::test]
async fn last_pulls_are_one_a_source() {
    let database = testkit::database().await;
    let store = store(&database).await;
    assert!(read::last_pulls(&store).await.unwrap().is_empty());
    for (source, at) in [(OTHER, 1), (ACME, 3), (ACME, 9), (ACME, 2)] {
        pull(&store, source, at).await;
    }
    let pulls = read::last_pulls(&store).await.unwrap();
    let rows: Vec<_> = (pulls.iter())
        .map(|pull| (pull.source.as_str(), pull.started_at, pull.window))
        .collect();
    assert_eq!(rows, [("acme", hour(9), None), ("other", hour(1), None)]);
}

/// Whatever is not a point is answered without the table of points: here it is gone.
#[tokio::test]
async fn only_points_are_read_from_metrics() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    fill(&client).await;
    client
        .batch_execute("DROP TABLE metrics CASCADE")
        .await
        .unwrap();
    let any = SeriesFilter::default();
    assert_eq!(read::latest(&store, &any, 100).await.unwrap().len(), 12);
    assert_eq!(read::find_series(&store, &any).await.unwrap().len(), 13);
    assert_eq!(read::sources(&store).await.unwrap().len(), 1);
    assert_eq!(
        read::metric_counts(&store, None, None).await.unwrap().len(),
        4
    );
    assert_eq!(
        read::gaps_inside(&store, SeriesId(1), hours(0, 1))
            .await
            .unwrap()
            .len(),
        1
    );
    assert!(
        read::points(&store, SeriesId(1), hours(0, 1), Order::Ascending, 1)
            .await
            .is_err()
    );
}
