//! Alpha Vantage through the collector: the bill against the meal, and what is stored against what the
//! vendor holds, on a paid key and on a free one.

use fake_vendors::{AlphaVantageField, AlphaVantagePlan, Options, Vendor};
use ingest::{Collector, PastAsk};
use source_alphavantage::Plan;
use store::pulls::PullStatus;

use crate::world::{KEY, World, alphavantage_csv, at, past};

/// A Wednesday on which New York trades: Tuesday's closes are there, and this hour's bars are due.
const NOW: &str = "2026-05-20T16:03:00Z";
const DAYS: (&str, &str) = ("2026-04-20", "2026-05-20");
const ROWS: [&str; 7] = [
    "equity,TIME_SERIES_DAILY,IBM,,1d,,CLOSE|VOLUME,free,2026-01-02,true,",
    "etf,TIME_SERIES_DAILY,SPY,,1d,,CLOSE,free,2026-01-02,true,",
    "crypto,DIGITAL_CURRENCY_DAILY,BTC,USD,1d,,CLOSE,free,2026-01-02,true,",
    "fx,FX_DAILY,EUR,USD,1d,,CLOSE,free,2026-01-02,true,",
    "macro,TREASURY_YIELD,,,daily,maturity=10year,YIELD,free,2026-01-02,true,",
    "macro,CPI,,,monthly,,CPI,free,2026-01-02,true,",
    BY_HOUR,
];
const BY_HOUR: &str = "equity,TIME_SERIES_INTRADAY,IBM,,60min,,CLOSE,premium,2026-04-20,true,";
/// The vendor's own words for what the rows with a past by day hold.
const HELD: [(&str, &str, AlphaVantageField); 4] = [
    (
        "equity:IBM usd CLOSE 1d",
        "function=TIME_SERIES_DAILY&symbol=IBM",
        AlphaVantageField::Close,
    ),
    (
        "equity:IBM usd VOLUME 1d",
        "function=TIME_SERIES_DAILY&symbol=IBM",
        AlphaVantageField::Volume,
    ),
    (
        "crypto:BTC usd CLOSE 1d",
        "function=DIGITAL_CURRENCY_DAILY&symbol=BTC&market=USD",
        AlphaVantageField::Close,
    ),
    (
        "fx:EUR usd CLOSE 1d",
        "function=FX_DAILY&from_symbol=EUR&to_symbol=USD",
        AlphaVantageField::Close,
    ),
];

async fn world(plan: AlphaVantagePlan) -> World {
    World::new(Options {
        vendor: Vendor::AlphaVantage(plan),
        key: KEY.to_owned(),
        now: Some(at(NOW).datetime()),
        ..Options::default()
    })
    .await
}

async fn collector(world: &World, plan: Plan, rows: &[&str]) -> Collector {
    let csv = alphavantage_csv(&rows.join("\n"));
    world
        .alphavantage(&world.vendor.base_url(), plan, &csv)
        .await
}

/// What is wanted of each row is stored to the bit, and nothing else.
async fn assert_stored(world: &World, from: &str, to: &str) {
    let (from, to) = (at(from).millis(), at(to).millis());
    let (rows, truth) = (world.rows().await, world.vendor.truth());
    for (name, query, field) in HELD {
        let held: Vec<(i64, u64)> = truth
            .alphavantage_series(query, field, from, to)
            .into_iter()
            .map(|(label, value)| (label, value.to_bits()))
            .collect();
        let mut stored = rows[name].clone();
        stored.retain(|(ts, _)| (from..to).contains(ts));
        assert!(!held.is_empty(), "{name}");
        assert_eq!(stored, held, "{name}");
    }
}

#[tokio::test]
async fn thirty_days_and_a_tick_cost_what_the_bill_said_on_every_key() {
    for (sold, plan) in [
        (AlphaVantagePlan::premium(75), Plan::Premium(75)),
        (AlphaVantagePlan::FREE, Plan::Free),
    ] {
        let world = world(sold).await;
        let collector = collector(&world, plan, &ROWS).await;
        let ask = past(DAYS.0, DAYS.1);
        let bill = collector.estimate(&ask, true).await.unwrap().requests();
        let past = collector.backfill("run", &ask).await.unwrap();
        assert_eq!((past.status(), past.holes), (PullStatus::Complete, vec![]));
        let live = collector.live("tick").await.unwrap();
        assert_eq!(live.status(), PullStatus::Complete);
        assert_eq!(world.vendor.counts().total, bill, "{plan}");
        assert_stored(&world, DAYS.0, "2026-05-19").await;
        collector.backfill("again", &ask).await.unwrap();
        assert_eq!(world.vendor.counts().total, bill, "{plan}");
    }
}

#[tokio::test]
async fn a_night_without_bars_does_not_hide_the_morning() {
    let world = world(AlphaVantagePlan::premium(75)).await;
    let collector = collector(&world, Plan::Premium(75), &[BY_HOUR]).await;
    let ask = past(DAYS.0, DAYS.1);
    let bill = collector.estimate(&ask, true).await.unwrap().requests();
    collector.backfill("run", &ask).await.unwrap();
    collector.live("tick").await.unwrap();
    // April, May and a tick.
    assert_eq!((bill, world.vendor.counts().total), (3, 3));
    // The vendor said of the night that it has nothing, and is asked about that tomorrow.
    world.set_now("2026-05-20T18:03:00Z");
    collector.live("tick").await.unwrap();
    assert_eq!(world.vendor.counts().total, 4);
}

#[tokio::test]
async fn a_paid_key_has_all_the_past_and_a_free_one_what_is_compact() {
    let paid = world(AlphaVantagePlan::premium(75)).await;
    collector(&paid, Plan::Premium(75), &ROWS)
        .await
        .backfill("run", &PastAsk::default())
        .await
        .unwrap();
    assert_stored(&paid, "2026-01-02", "2026-05-19").await;

    let free = world(AlphaVantagePlan::FREE).await;
    let past = collector(&free, Plan::Free, &ROWS)
        .await
        .backfill("run", &PastAsk::default())
        .await
        .unwrap();
    // A hundred trading days are not a year: what lies before is the plan's business, no hole.
    assert_eq!(past.holes, []);
    assert_stored(&free, "2026-01-02", "2026-05-19").await;
}

#[tokio::test]
async fn figures_of_a_company_stand_in_the_bucket_in_which_they_were_read() {
    let world = world(AlphaVantagePlan::FREE).await;
    let rows = [
        "equity,OVERVIEW,IBM,,1w,,MARKET_CAP,free,,true,",
        "equity,OVERVIEW,COIN,,1d,,MARKET_CAP,free,,true,",
    ];
    let collector = collector(&world, Plan::Free, &rows).await;
    // Hour by hour from Wednesday the 20th to Tuesday the 26th, at the same minute.
    for hour in 0..6 * 24 {
        let now = at(NOW).plus_secs(hour * 3_600);
        world.set_now(&now.to_string());
        collector.live("tick").await.unwrap();
        collector.fill_gaps("gaps").await.unwrap();
    }
    let stored: Vec<(String, Vec<String>)> = (world.rows().await.into_iter())
        .map(|(name, points)| {
            let day = |(ts, _): &(i64, u64)| model::Ts::from_millis(*ts).date().to_string();
            (name, points.iter().map(day).collect())
        })
        .collect();
    let days = (20..=26).map(|day| format!("2026-05-{day}")).collect();
    let weeks = ["2026-05-18", "2026-05-25"].map(str::to_owned).to_vec();
    let expected = [
        ("equity:COIN usd MARKET_CAP 1d".to_owned(), days),
        ("equity:IBM usd MARKET_CAP 1w".to_owned(), weeks),
    ];
    assert_eq!(stored, expected);
    // Once a bucket, whatever hour it is.
    assert_eq!(world.vendor.counts().total, 7 + 2);
}

#[tokio::test]
async fn a_holiday_inside_of_the_bars_is_no_gap_and_costs_no_request_more() {
    let world = world(AlphaVantagePlan::FREE).await;
    let collector = collector(&world, Plan::Free, &ROWS[..1]).await;
    // The 3rd of April was Good Friday, before a weekend.
    let ask = past("2026-03-30", "2026-04-14");
    let run = collector.backfill("run", &ask).await.unwrap();
    assert_eq!((run.status(), run.holes), (PullStatus::Complete, vec![]));
    let missing = world.store.missing("alphavantage", 1_000).await.unwrap();
    let mut told: Vec<String> = (missing.into_iter())
        .filter(|row| row.range.start < at("2026-04-14"))
        .map(|row| format!("{} {} {}", row.metric, row.reason, row.range))
        .collect();
    told.sort();
    // One share says nothing of the exchange; the weekends are closed by rule.
    let expected = [
        "CLOSE closed [2026-04-04T00:00:00Z, 2026-04-06T00:00:00Z)",
        "CLOSE closed [2026-04-11T00:00:00Z, 2026-04-13T00:00:00Z)",
        "VOLUME closed [2026-04-04T00:00:00Z, 2026-04-06T00:00:00Z)",
        "VOLUME closed [2026-04-11T00:00:00Z, 2026-04-13T00:00:00Z)",
    ];
    assert_eq!(told, expected);
    collector.backfill("again", &ask).await.unwrap();
    assert_eq!(world.vendor.counts().total, 1);
}
