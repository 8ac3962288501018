//! What a backfill stores, settles and asks for.

use fake_vendors::{Fault, Faults, Listing, Rule};
use ingest::PastAsk;
use store::pulls::PullStatus;

use crate::world::{World, at, csv_of, demo, only, past};

const COINS: [&str; 3] = ["bitcoin", "ethereum", "usd-coin"];

#[tokio::test]
async fn holds_what_the_vendor_holds_and_asks_for_it_once() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&COINS, "2025-07-01")).await;
    let ask = past("2025-07-01", "2026-04-01");
    let summary = collector.backfill("first", &ask).await.unwrap();

    assert_eq!(summary.status(), PullStatus::Complete);
    assert_eq!(summary.holes, []);
    let truth = world.truth(&COINS, "2025-07-01", "2026-04-01");
    assert_eq!(truth.len(), COINS.len() * 3 * 2);
    let rows = world.rows().await;
    assert_eq!(
        rows.keys().collect::<Vec<_>>(),
        truth.keys().collect::<Vec<_>>()
    );
    for (series, points) in &truth {
        assert_eq!(rows[series], *points, "{series}");
    }
    // Every bucket without a row is one that the vendor does not have, and says so.
    let unexplained = world
        .text(
            "SELECT count(*)::text FROM series s
             CROSS JOIN LATERAL generate_series('2025-07-01 00:00Z'::timestamptz,
                 '2026-04-01 00:00Z'::timestamptz - interval '1 second',
                 CASE s.step WHEN '1h' THEN interval '1 hour' ELSE interval '1 day' END) AS b(ts)
             WHERE s.metric IN ('PRICE', 'MARKET_CAP', 'VOLUME_24H')
               AND NOT EXISTS (SELECT FROM metrics m WHERE (m.series_id, m.ts) = (s.series_id, b.ts))
               AND NOT EXISTS (SELECT FROM slots_missing h WHERE h.series_id = s.series_id
                               AND h.during @> b.ts AND h.reason = 'vendor_empty')",
        )
        .await;
    assert_eq!(unexplained, "0");

    // 274 days are one daily and four hourly requests a coin.
    let requests = u64::try_from(COINS.len() * 5).unwrap();
    assert_eq!(world.vendor.counts().total, requests);
    let again = collector.backfill("again", &ask).await.unwrap();
    assert!(again.pulls.is_empty(), "{again:?}");
    assert_eq!(world.vendor.counts().total, requests);
    assert_eq!(world.rows().await, rows);
    collector.close().await;
}

#[tokio::test]
async fn pulls_count_what_was_sent_and_written() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&COINS, "2026-01-01")).await;
    let summary = collector
        .backfill("run", &past("2026-01-01", "2026-02-01"))
        .await
        .unwrap();
    let rows: usize = world.rows().await.values().map(Vec::len).sum();
    let (pulls, counts) = (world.pulls().await, collector.progress().counts());
    assert_eq!(pulls.len(), 2);
    for (row, end) in pulls.iter().zip(&summary.pulls) {
        let told = [end.requests, end.received, end.inserted, end.rejected];
        let stored = [row.requests, row.received, row.inserted, row.rejected];
        assert_eq!(told.map(|count| i64::try_from(count).unwrap()), stored);
        assert_eq!((row.credits, row.requests), (3, 3));
        assert_eq!(
            (row.status, row.updated, row.differing),
            (PullStatus::Complete, 0, 0)
        );
        assert!(row.bytes > 0 && row.finished_at.is_some() && row.error.is_none());
        assert_eq!(
            row.window.unwrap().start,
            at("2026-01-01").plus_secs(if row.dataset == "chart_daily" {
                86_400
            } else {
                3_600
            })
        );
    }
    assert_eq!(
        usize::try_from(summary.total(|pull| pull.inserted)).unwrap(),
        rows
    );
    assert_eq!((counts.planned, counts.ended, counts.sent), (6, 6, 6));
    assert_eq!(usize::try_from(counts.inserted).unwrap(), rows);
}

#[tokio::test]
async fn the_bill_is_what_is_paid() {
    let world = World::new(demo()).await;
    let listed = Listing {
        id: "aave".to_owned(),
        listed_ms: Some(at("2026-01-10").millis()),
        delisted_ms: None,
    };
    world.vendor.set_listing(&listed);
    let collector = world
        .collector(&csv_of(&["aave", "bitcoin"], "2025-07-01"))
        .await;
    let ask = past("2025-07-01", "2026-04-01");

    let before = collector.estimate(&ask, true).await.unwrap();
    assert_eq!(world.vendor.counts().total, 0);
    assert!(
        !before.is_exact(),
        "nobody knows yet from when aave has data"
    );
    assert_eq!((before.requests(), before.live_requests), (2 + 8 + 1, 1));
    assert!(!before.at_least.is_zero());

    // The daily charts teach it, and the bill of the rest shrinks and is exact.
    let daily = PastAsk {
        filter: only("chart_daily"),
        ..ask.clone()
    };
    collector.backfill("daily", &daily).await.unwrap();
    world.vendor.reset();
    let hourly = PastAsk {
        filter: only("chart_hourly"),
        ..ask.clone()
    };
    let exact = collector.estimate(&hourly, false).await.unwrap();
    let bill = &exact.datasets[0];
    let summary = collector.backfill("hourly", &hourly).await.unwrap();
    assert_eq!(exact.requests(), 4 + 1);
    assert_eq!(world.vendor.counts().total, exact.requests());
    assert_eq!(
        i64::try_from(bill.credits).unwrap(),
        world.pulls().await[1].credits
    );
    assert!(bill.points >= summary.total(|pull| pull.received));
    assert_eq!(summary.holes, []);
    assert_eq!(
        world.rows().await,
        world.truth(&["aave", "bitcoin"], "2025-07-01", "2026-04-01")
    );

    let nothing = collector.estimate(&ask, false).await.unwrap();
    assert!(nothing.datasets.is_empty() && nothing.is_exact());
}

#[tokio::test]
async fn a_coin_costs_nothing_for_the_time_before_it_was_listed() {
    let world = World::new(demo()).await;
    let listed = Listing {
        id: "aave".to_owned(),
        listed_ms: Some(at("2026-03-20").millis()),
        delisted_ms: None,
    };
    world.vendor.set_listing(&listed);
    let collector = world.collector(&csv_of(&["aave"], "2025-07-01")).await;
    let ask = past("2025-07-01", "2026-04-01");
    let summary = collector.backfill("run", &ask).await.unwrap();
    assert_eq!(
        (summary.status(), summary.holes.len()),
        (PullStatus::Complete, 0)
    );
    // One daily request, and one hourly for the twelve days of its life.
    assert_eq!(world.vendor.counts().total, 2);
    assert_eq!(
        world.rows().await,
        world.truth(&["aave"], "2025-07-01", "2026-04-01")
    );
    // Only the chart that taught it asks for the time before again, and not today.
    let waiting = world
        .text(
            "SELECT string_agg(DISTINCT step, ' ') FROM slots_missing JOIN series USING (series_id)
             WHERE lower(during) < '2026-03-18'",
        )
        .await;
    assert_eq!(waiting, "1d");
    collector.backfill("again", &ask).await.unwrap();
    assert_eq!(world.vendor.counts().total, 2);
}

#[tokio::test]
async fn an_empty_answer_inside_a_life_is_asked_again_when_it_is_due() {
    let world = World::new(demo()).await;
    let rule = Rule::times("/coins/bitcoin/", 1, Fault::Empty);
    world.vendor.set_faults(Faults {
        rules: vec![rule],
        revisions: vec![],
    });
    let collector = world.collector(&csv_of(&["bitcoin"], "2026-04-01")).await;
    let ask = PastAsk {
        filter: only("chart_hourly"),
        ..past("2026-04-01", "2026-04-20")
    };
    let first = collector.backfill("first", &ask).await.unwrap();
    assert_eq!(first.pulls[0].status, PullStatus::NoData);
    let waits = "bitcoin PRICE 1h vendor_empty waits [2026-04-01T00:00:00Z, 2026-04-20T00:00:00Z)";
    assert!(
        world.missing().await.contains(&waits.to_owned()),
        "{:?}",
        world.missing().await
    );

    collector.backfill("too soon", &ask).await.unwrap();
    assert_eq!(world.vendor.counts().total, 1);
    world.clock.advance(std::time::Duration::from_secs(86_401));
    let later = collector.backfill("due", &ask).await.unwrap();
    assert_eq!(later.pulls[0].status, PullStatus::Complete);
    let mut truth = world.truth(&["bitcoin"], "2026-04-01", "2026-04-20");
    truth.retain(|series, _| series.ends_with("1h"));
    assert_eq!(world.rows().await, truth);
}

#[tokio::test]
async fn a_reread_takes_what_differs_and_a_backfill_only_counts_it() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&["bitcoin"], "2026-04-01")).await;
    let ask = PastAsk {
        filter: only("chart_daily"),
        ..past("2026-04-01", "2026-05-01")
    };
    collector.backfill("first", &ask).await.unwrap();
    let before = world.rows().await;
    let revision = fake_vendors::Revision {
        entity: None,
        metric: Some(fake_vendors::Metric::Price),
        from_ms: at("2026-04-10").millis(),
        to_ms: at("2026-04-12").millis(),
        factor: 1.5,
    };
    world.vendor.set_faults(Faults {
        rules: vec![],
        revisions: vec![revision],
    });

    collector.backfill("settled", &ask).await.unwrap();
    assert_eq!(world.rows().await, before);
    let forced = PastAsk { force: true, ..ask };
    let summary = collector.backfill("forced", &forced).await.unwrap();
    assert_eq!(summary.total(|pull| pull.updated), 2);
    assert_eq!(summary.holes, []);
    let mut truth = world.truth(&["bitcoin"], "2026-04-01", "2026-05-01");
    truth.retain(|series, _| series.ends_with("1d"));
    assert_eq!(world.rows().await, truth);
    assert_eq!(
        world
            .text("SELECT count(*)::text FROM metric_revisions")
            .await,
        "2"
    );
}

#[tokio::test]
async fn names_that_are_not_there_are_refused_before_any_request() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&["bitcoin"], "2026-04-01")).await;
    let mut ask = past("2026-04-01", "2026-04-02");
    ask.filter = only("charts");
    let error = collector
        .backfill("run", &ask)
        .await
        .unwrap_err()
        .to_string();
    let expected =
        "coingecko has no dataset \"charts\" with a past; it has chart_daily, chart_hourly";
    assert_eq!(error, expected);
    ask.filter = ingest::Filter {
        assets: vec!["BITCOIN".to_owned(), "bitcon".to_owned()],
        ..Default::default()
    };
    let error = collector
        .estimate(&ask, false)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("the asset \"bitcon\""), "{error}");
    ask.filter = ingest::Filter {
        metrics: vec!["PRIZE".to_owned()],
        ..Default::default()
    };
    let error = collector
        .backfill("run", &ask)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("the metric \"PRIZE\""), "{error}");
    assert_eq!(world.vendor.counts().total, 0);
}
