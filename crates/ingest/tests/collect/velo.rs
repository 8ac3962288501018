//! Velo through the collector: products by catalogue, newest bars by tick, the bill against the meal.

use std::{collections::BTreeMap, ops::Range};

use fake_vendors::{Fault, Faults, Options, Rule, VeloPlan, Vendor};
use ingest::{Collector, PastAsk, Unnamed};
use model::{Step, Ts};
use source_velo::{COLUMNS, Plan, Settings, Velo};
use store::pulls::PullStatus;

use crate::world::{KEY, World, at, past};

type Rows = BTreeMap<String, Vec<(i64, u64)>>;

const NOW: &str = "2026-05-18T12:05:00Z";
const RPM: u32 = 60_000;
/// Stored name and column of what the tests collect.
const PRICES: [(&str, &str); 3] = [
    ("CLOSE_PRICE", "close_price"),
    ("DOLLAR_VOLUME", "dollar_volume"),
    ("FUNDING_RATE", "funding_rate"),
];

async fn world() -> World {
    World::new(Options {
        vendor: Vendor::Velo(VeloPlan::annual()),
        key: KEY.to_owned(),
        now: Some(at(NOW).datetime()),
        rpm: Some(RPM),
        ..Options::default()
    })
    .await
}

fn velo(world: &World) -> Velo {
    Velo::new(Settings {
        plan: Plan::Annual,
        base_url: Some(world.vendor.base_url()),
        rpm: Some(RPM),
    })
}

fn csv_of(rows: &[&str]) -> String {
    let rows: String = rows.iter().map(|row| format!("{row}\n")).collect();
    format!("{}\n{rows}", COLUMNS.join(","))
}

async fn collector(world: &World, rows: &[&str]) -> Collector {
    let setup = world.setup(velo(world), &csv_of(rows)).await;
    Collector::open(setup).await.unwrap()
}

/// What the vendor holds of futures for buckets `[from, to)`, in the shape of [`World::rows`].
fn truth(world: &World, products: &[&str], from: &str, to: &str) -> Rows {
    let mut rows = BTreeMap::new();
    let (from, to) = (at(from).millis(), at(to).millis());
    for product in products {
        let parts: Vec<&str> = product.split(' ').collect();
        let (product_id, exchange) = (parts[1], parts[2]);
        for (name, column) in PRICES {
            let truth = world.vendor.truth();
            let points = truth.velo_series("futures", exchange, product_id, column, 60, from, to);
            let points: Vec<_> = points
                .into_iter()
                .map(|(ts, value)| (ts, value.to_bits()))
                .collect();
            if !points.is_empty() {
                rows.insert(format!("{product} usd {name} 1h"), points);
            }
        }
    }
    rows
}

/// Says where two tables differ, in few words.
fn assert_alike(rows: &Rows, truth: &Rows) {
    let names: Vec<&String> = rows.keys().collect();
    assert_eq!(names, truth.keys().collect::<Vec<_>>());
    for (name, points) in truth {
        let differs = rows[name].iter().zip(points).find(|(a, b)| a != b);
        let at = differs.map(|((ts, _), (true_ts, _))| [*ts, *true_ts].map(Ts::from_millis));
        assert_eq!((at, rows[name].len()), (None, points.len()), "{name}");
    }
}

const ROWS: [&str; 3] = [
    "futures,binance-futures,BTC,BTCUSDT,CLOSE_PRICE|DOLLAR_VOLUME|FUNDING_RATE,60,2026-04-18,true,",
    "futures,bybit,ETH,,CLOSE_PRICE|DOLLAR_VOLUME|FUNDING_RATE,60,2026-04-18,true,",
    "caps,,BTC,,,,,true,",
];
const PRODUCTS: [&str; 2] = ["BTC BTCUSDT binance-futures", "ETH ETHUSDT bybit"];

#[tokio::test]
async fn a_month_is_whole_and_costs_what_the_bill_said() {
    let world = world().await;
    let collector = collector(&world, &ROWS).await;
    // Nobody has read a catalogue: what stands for the products of ETH is not counted.
    let ask = past("2026-04-18", "2026-05-18T12:00:00Z");
    let before = collector.estimate(&ask, true).await.unwrap();
    let unread = |rows| Unnamed {
        unread: rows,
        unlisted: 0,
    };
    // Its row, not its three metrics.
    assert_eq!((before.unnamed, before.catalogue_requests), (unread(1), 5));
    collector.refresh_catalogue("catalogue").await.unwrap();
    let bill = collector.estimate(&ask, true).await.unwrap();
    assert_eq!(bill.unnamed, unread(0));
    let asked = world.vendor.counts().total;
    let summary = collector.backfill("run", &ask).await.unwrap();
    assert_eq!(summary.holes, []);
    collector.live("tick").await.unwrap();
    let meal = world.vendor.counts().total - asked;
    assert_eq!(meal, bill.requests());

    let mut rows = world.rows().await;
    rows.retain(|name, _| name.contains("USDT"));
    assert_alike(
        &rows,
        &truth(&world, &PRODUCTS, "2026-04-18", "2026-05-18T12:00:00Z"),
    );
    // All of it again asks for nothing.
    let asked = world.vendor.counts().total;
    collector.backfill("again", &ask).await.unwrap();
    assert_eq!(world.vendor.counts().total, asked);
}

#[tokio::test]
async fn a_tick_reads_three_closed_hours_and_drops_the_open_one() {
    let world = world().await;
    let collector = collector(&world, &ROWS).await;
    let summary = collector.live("tick").await.unwrap();
    assert_eq!(summary.status(), PullStatus::Complete);
    // Five catalogues, because a row has no product; then caps and two exchanges.
    assert_eq!(world.vendor.counts().total, 5 + 3);
    let mut rows = world.rows().await;
    rows.retain(|name, _| name.contains("USDT"));
    let three = truth(
        &world,
        &PRODUCTS,
        "2026-05-18T09:00:00Z",
        "2026-05-18T12:00:00Z",
    );
    assert_alike(&rows, &three);

    world.set_now("2026-05-18T13:05:00Z");
    let asked = world.vendor.counts().total;
    collector.live("next").await.unwrap();
    assert_eq!(world.vendor.counts().total - asked, 3);
    let mut rows = world.rows().await;
    rows.retain(|name, _| name.contains("USDT"));
    let four = truth(
        &world,
        &PRODUCTS,
        "2026-05-18T09:00:00Z",
        "2026-05-18T13:00:00Z",
    );
    assert_alike(&rows, &four);
    let caps = world.rows().await;
    let cap = &caps["BTC usd MARKET_CAP 1h"];
    let starts: Vec<Ts> = cap.iter().map(|(ts, _)| Ts::from_millis(*ts)).collect();
    assert_eq!(
        starts,
        [at("2026-05-18T11:00:00Z"), at("2026-05-18T12:00:00Z")]
    );
}

#[tokio::test]
async fn a_product_that_is_missing_from_the_answer_stays_open() {
    let world = world().await;
    let rows = [
        ROWS[0],
        "futures,binance-futures,ETH,ETHUSDT,CLOSE_PRICE|DOLLAR_VOLUME|FUNDING_RATE,60,,true,",
    ];
    let collector = collector(&world, &rows).await;
    let ids = vec!["binance-futures:ETH:ETHUSDT".to_owned()];
    world.vendor.set_faults(Faults {
        rules: vec![Rule::always("/api/v1/rows", Fault::DropIds { ids })],
        ..Faults::default()
    });
    let ask = past("2026-05-17", "2026-05-18");
    let summary = collector.backfill("run", &ask).await.unwrap();
    // Beside another it was not named; alone the vendor has nothing: that is asked again tomorrow.
    let waits: Vec<String> = (summary.waiting.iter())
        .map(|one| {
            format!(
                "{} {} {}",
                one.series.key.asset,
                one.range,
                Step::Day.floor(one.again_at)
            )
        })
        .collect();
    let day = "[2026-05-17T00:00:00Z, 2026-05-18T00:00:00Z)";
    let again = format!("ETH {day} 2026-05-19T00:00:00Z");
    assert_eq!(waits, vec![again; 3]);
    let settled = "SELECT count(*)::text FROM coverage JOIN series USING (series_id)
                   WHERE asset = 'ETH' AND NOT isempty(settled)";
    assert_eq!(world.text(settled).await, "0");
    world.set_now("2026-05-19T12:06:00Z");
    world.vendor.set_faults(Faults::default());
    let summary = collector.backfill("again", &ask).await.unwrap();
    assert_eq!(summary.holes, []);
}

#[tokio::test]
async fn a_delisted_product_has_no_endless_gap() {
    let world = world().await;
    let row = "futures,binance-futures,BTC,BTCUSD_210625,CLOSE_PRICE|DOLLAR_VOLUME|FUNDING_RATE,60,2021-06-01,true,";
    let collector = collector(&world, &[row]).await;
    collector.refresh_catalogue("catalogue").await.unwrap();
    let summary = collector.fill_gaps("gaps").await.unwrap();
    assert_eq!(summary.holes, []);
    let asked = world.vendor.counts().total;
    assert!(asked <= 5 + 3, "{asked}");
    for hours in 1..4 {
        world.set_now(&format!("2026-05-18T{}:05:00Z", 12 + hours));
        collector.live("tick").await.unwrap();
        collector.fill_gaps("gaps").await.unwrap();
    }
    assert_eq!(world.vendor.counts().total, asked);
    let rows = world.rows().await;
    let product = ["BTC BTCUSD_210625 binance-futures"];
    assert_alike(&rows, &truth(&world, &product, "2021-06-01", "2021-07-01"));
}

#[tokio::test]
async fn without_a_start_the_gap_filler_goes_back_three_years() {
    let world = world().await;
    let row = "futures,hyperliquid,BTC,BTC-USD,CLOSE_PRICE,60,,true,";
    let collector = collector(&world, &[row]).await;
    collector.refresh_catalogue("catalogue").await.unwrap();
    let bill = collector
        .estimate(&PastAsk::default(), false)
        .await
        .unwrap();
    // The catalogue says that the product began within them: one column, 22,500 hours a request.
    assert_eq!(bill.requests(), 1);
    collector.fill_gaps("gaps").await.unwrap();
    let oldest = world
        .text("SELECT min(first_ts)::text FROM series_stats")
        .await;
    assert!(oldest.starts_with("2024-06-1"), "{oldest}");
}

#[tokio::test]
async fn a_spot_exchange_that_came_after_us_is_collected() {
    let world = World::new(Options {
        vendor: Vendor::Velo(VeloPlan::annual()),
        key: KEY.to_owned(),
        now: Some(at(NOW).datetime()),
        rpm: Some(RPM),
        extra_ids: vec!["gate-spot:BTC:BTC_USDT".to_owned()],
        ..Options::default()
    })
    .await;
    let row = "spot,gate-spot,BTC,,CLOSE_PRICE|DOLLAR_VOLUME,60,2026-05-10,true,";
    let collector = collector(&world, &[row]).await;
    let ask = past("2026-05-10", "2026-05-18T12:00:00Z");
    collector.refresh_catalogue("catalogue").await.unwrap();
    let summary = collector.backfill("run", &ask).await.unwrap();
    assert_eq!(summary.holes, []);
    let (from, to) = (ask.from.unwrap().millis(), ask.to.unwrap().millis());
    let truth: Rows = (PRICES[..2].iter())
        .map(|(name, column)| {
            let truth = world.vendor.truth();
            let points = truth.velo_series("spot", "gate-spot", "BTC_USDT", column, 60, from, to);
            let points = points.into_iter().map(|(ts, value)| (ts, value.to_bits()));
            let of = format!("BTC BTC_USDT gate-spot usd {name} 1h");
            (of, points.collect())
        })
        .collect();
    assert!(truth.values().all(|points| points.len() > 180));
    assert_alike(&world.rows().await, &truth);
}

#[tokio::test]
async fn after_a_429_the_vendor_is_asked_at_half_pace_for_ten_minutes() {
    let world = world().await;
    let vendor = Velo::new(Settings {
        rpm: Some(60),
        plan: Plan::Annual,
        base_url: Some(world.vendor.base_url()),
    });
    let row = "futures,binance-futures,BTC,BTCUSDT,all,60,2023-01-01,true,";
    let setup = world.setup(vendor, &csv_of(&[row])).await;
    let collector = Collector::open(setup).await.unwrap();
    let throttled = Fault::Status429 {
        retry_after: Some(40),
        reset_header: false,
    };
    world.vendor.set_faults(Faults {
        rules: vec![Rule::times("/api/v1/rows", 1, throttled)],
        ..Faults::default()
    });
    // 30 columns: 31 days a request. The first is alone, so that no other leaves before the wait.
    let mut asked = Vec::new();
    for (now, from, to) in [
        (NOW, "2026-04-01", "2026-04-02"),
        ("2026-05-18T12:06:00Z", "2025-01-01", "2025-12-31"),
        ("2026-05-18T12:30:00Z", "2024-01-01", "2024-12-31"),
    ] {
        world.set_now(now);
        asked.push(world.vendor.requests().len());
        let summary = collector.backfill("run", &past(from, to)).await.unwrap();
        assert_eq!(summary.holes, []);
    }
    let asked: [usize; 3] = asked.try_into().unwrap();
    let slow = millis_apart(&world, asked[1]..asked[2]);
    assert!((2_000..3_000).contains(&slow), "{slow}");
    let fast = millis_apart(&world, asked[2]..world.vendor.requests().len());
    assert!((1_000..1_500).contains(&fast), "{fast}");
}

/// Returns how far apart the simulator saw some of the requests on average.
fn millis_apart(world: &World, which: Range<usize>) -> i64 {
    let records = world.vendor.requests();
    let seen: Vec<i64> = (records[which].iter())
        .map(|record| at(&record.at).millis())
        .collect();
    assert!(seen.len() >= 9, "{seen:?}");
    let (oldest, newest) = (seen.iter().min().unwrap(), seen.iter().max().unwrap());
    (newest - oldest) / i64::try_from(seen.len() - 1).unwrap()
}
