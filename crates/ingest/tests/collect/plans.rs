//! Every plan of CoinGecko with all that it has: charts, candles, supplies and the whole market, then and now.

use std::collections::BTreeMap;

use fake_vendors::{Metric, Options, Vendor};
use ingest::Collector;
use source_coingecko::{CoinGecko, Plan, Settings};
use store::pulls::PullStatus;

use crate::world::{World, at, demo, past};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Highs and lows of a candle are those of the quarters of its hours.
const QUARTER: usize = 900_000;

/// Few enough days that the candles of their hours come in one request too.
const SINCE: &str = "2026-04-25";
const TO: &str = "2026-05-18";
/// In the first minutes of an hour, so that the value is that of the hour before.
const TICK: &str = "2026-05-18T13:03:00Z";
const TICK_HOUR: &str = "2026-05-18T12:00:00Z";

/// Points of series in words: bucket start in ms, bits of the value.
type Rows = BTreeMap<String, Vec<(i64, u64)>>;

/// How a plan has candles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Candles {
    No,
    /// Of the last days, in full.
    Last,
    /// Of any days. Nothing there asks for all decimals: a price of this size comes without any.
    Range,
}

impl Candles {
    fn written(self, price: f64) -> f64 {
        match self {
            Self::Range => price.round(),
            Self::No | Self::Last => price,
        }
    }
}

/// What a plan has beside charts and the present, and what all of the past costs.
struct Row {
    plan: Plan,
    simulated: fake_vendors::Plan,
    candles: Candles,
    global_chart: bool,
    supply_charts: bool,
    requests: u64,
}

impl Row {
    const fn new(plan: Plan, simulated: fake_vendors::Plan, requests: u64) -> Self {
        Self {
            plan,
            simulated,
            candles: Candles::No,
            global_chart: false,
            supply_charts: false,
            requests,
        }
    }

    const fn with_candles(self, candles: Candles) -> Self {
        Self { candles, ..self }
    }

    const fn with_global_chart(self) -> Self {
        Self {
            global_chart: true,
            ..self
        }
    }

    const fn with_supply_charts(self) -> Self {
        Self {
            supply_charts: true,
            ..self
        }
    }
}

/// Charts and candles by day and by hour, one chart of the market, one for each of two supplies.
const ROWS: [Row; 6] = [
    Row::new(Plan::Keyless, fake_vendors::Plan::Keyless, 2),
    Row::new(Plan::Demo, fake_vendors::Plan::Demo, 2),
    Row::new(Plan::Basic, fake_vendors::Plan::Basic, 4).with_candles(Candles::Last),
    Row::new(Plan::Analyst, fake_vendors::Plan::Analyst, 5)
        .with_candles(Candles::Range)
        .with_global_chart(),
    Row::new(Plan::Lite, fake_vendors::Plan::Lite, 5)
        .with_candles(Candles::Range)
        .with_global_chart(),
    Row::new(Plan::Enterprise, fake_vendors::Plan::Enterprise, 7)
        .with_candles(Candles::Range)
        .with_global_chart()
        .with_supply_charts(),
];

#[tokio::test]
async fn each_plan_gives_all_that_it_has_and_nothing_twice() {
    assert_eq!(ROWS.map(|row| row.plan), Plan::ALL);
    for row in ROWS {
        let name = row.plan;
        let world = World::new(Options {
            vendor: Vendor::CoinGecko(row.simulated),
            rpm: None,
            ..demo()
        })
        .await;
        let collector = open(&world, &row).await;
        let ask = past(SINCE, TO);
        let bill = collector.estimate(&ask, false).await.unwrap();
        let done = collector.backfill("run", &ask).await.unwrap();
        assert_eq!(done.status(), PullStatus::Complete, "{name}: {done:?}");
        assert_eq!(done.holes, [], "{name}");
        let sent = world.vendor.counts();
        assert_eq!(
            (bill.requests(), sent.total),
            (row.requests, row.requests),
            "{name}"
        );
        assert_eq!(sent.per_status.keys().collect::<Vec<_>>(), [&200], "{name}");
        let mut truth = history(&world, &row);
        assert_same(&world.rows().await, &truth, name);

        world.set_now(TICK);
        let tick = collector.live("tick").await.unwrap();
        assert_eq!(tick.status(), PullStatus::Complete, "{name}: {tick:?}");
        assert_eq!(world.vendor.counts().total, row.requests + 2, "{name}");
        for (series, point) in present(&world) {
            truth.entry(series).or_default().push(point);
        }
        assert_same(&world.rows().await, &truth, name);

        let again = collector.backfill("again", &ask).await.unwrap();
        assert!(again.pulls.is_empty(), "{name}: {again:?}");
        assert_eq!(world.vendor.counts().total, row.requests + 2, "{name}");
    }
}

async fn open(world: &World, row: &Row) -> Collector {
    let csv = format!(
        "{}\nbitcoin,BTC,usd,,{SINCE},{SINCE},{},true,\n\
         _global,,usd,,{SINCE},{SINCE},false,true,\n",
        source_coingecko::COLUMNS.join(","),
        row.candles != Candles::No
    );
    // At the plan's own pace, which the simulator holds it to.
    let source = CoinGecko::new(Settings {
        plan: row.plan,
        base_url: Some(world.vendor.base_url()),
        rpm: None,
    });
    let mut setup = world.setup(source, &csv).await;
    if row.plan == Plan::Keyless {
        setup.key = None;
    }
    Collector::open(setup).await.unwrap()
}

#[track_caller]
fn assert_same(stored: &Rows, truth: &Rows, plan: Plan) {
    assert_eq!(
        stored.keys().collect::<Vec<_>>(),
        truth.keys().collect::<Vec<_>>(),
        "{plan}"
    );
    for (series, points) in truth {
        let odd = stored[series].iter().zip(points).find(|(a, b)| a != b);
        assert_eq!(odd, None, "{plan}: {series}");
        assert_eq!(stored[series].len(), points.len(), "{plan}: {series}");
    }
}

/// What the plan has of the past.
fn history(world: &World, row: &Row) -> Rows {
    let mut rows = world.truth(&["bitcoin"], SINCE, TO);
    let days = || buckets(DAY_MS);
    let value = |metric, at_ms| {
        world
            .vendor
            .truth()
            .value("bitcoin", metric, at_ms)
            .unwrap()
    };
    if row.candles != Candles::No {
        for (step, step_ms) in [("1d", DAY_MS), ("1h", HOUR_MS)] {
            for (name, pick) in CANDLE {
                let candle = |start_ms: i64| {
                    let prices = (start_ms..=start_ms + step_ms).step_by(QUARTER);
                    pick(
                        &prices
                            .map(|ms| value(Metric::Price, ms))
                            .collect::<Vec<_>>(),
                    )
                };
                let points = buckets(step_ms);
                let points = points.map(|ms| (ms, row.candles.written(candle(ms)).to_bits()));
                rows.insert(format!("bitcoin usd {name} {step}"), points.collect());
            }
        }
    }
    if row.global_chart {
        for (name, metric) in MARKET {
            let points = days().map(|ms| (ms, whole_market(world, metric, ms + DAY_MS).to_bits()));
            rows.insert(format!("_global usd {name} 1d"), points.collect());
        }
    }
    if row.supply_charts {
        for (name, metric) in SUPPLIES {
            // Written with one decimal.
            let units = |ms| format!("{:.1}", value(metric, ms)).parse::<f64>().unwrap();
            let points = days().map(|ms| (ms, units(ms + DAY_MS).to_bits()));
            rows.insert(format!("bitcoin usd {name} 1d"), points.collect());
        }
    }
    rows
}

/// What is made of the prices of a candle's time.
type Pick = fn(&[f64]) -> f64;

const CANDLE: [(&str, Pick); 4] = [
    ("OPEN", |prices| prices[0]),
    ("HIGH", |prices| {
        prices.iter().copied().fold(f64::MIN, f64::max)
    }),
    ("LOW", |prices| {
        prices.iter().copied().fold(f64::MAX, f64::min)
    }),
    ("CLOSE", |prices| prices[prices.len() - 1]),
];

const MARKET: [(&str, Metric); 2] = [
    ("GLOBAL_MARKET_CAP", Metric::MarketCap),
    ("GLOBAL_VOLUME_24H", Metric::Volume24h),
];

const SUPPLIES: [(&str, Metric); 2] = [
    ("CIRCULATING_SUPPLY", Metric::CirculatingSupply),
    ("TOTAL_SUPPLY", Metric::TotalSupply),
];

/// Returns the starts of all buckets of a step.
fn buckets(step_ms: i64) -> impl Iterator<Item = i64> + use<> {
    let step = usize::try_from(step_ms).unwrap();
    (at(SINCE).millis()..at(TO).millis()).step_by(step)
}

/// What every plan has of the present: the coin and the whole market.
fn present(world: &World) -> Vec<(String, (i64, u64))> {
    let truth = world.vendor.truth();
    let (asked_ms, bucket_ms) = (at(TICK).millis(), at(TICK_HOUR).millis());
    let coin = [
        ("PRICE", Metric::Price),
        ("MARKET_CAP", Metric::MarketCap),
        ("VOLUME_24H", Metric::Volume24h),
        ("FDV", Metric::Fdv),
    ];
    let mut points: Vec<(String, f64)> = (coin.into_iter().chain(SUPPLIES))
        .map(|(name, metric)| {
            let live = truth.coingecko_live("bitcoin", "usd", metric, asked_ms);
            (format!("bitcoin usd {name} 1h"), live.unwrap().1)
        })
        .collect();
    for (name, metric) in MARKET {
        let sum = whole_market(world, metric, asked_ms);
        points.push((format!("_global usd {name} 1h"), sum));
    }
    let all = whole_market(world, Metric::MarketCap, asked_ms);
    for (name, coin) in [("BTC_DOMINANCE", "bitcoin"), ("ETH_DOMINANCE", "ethereum")] {
        let own = truth.value(coin, Metric::MarketCap, asked_ms).unwrap();
        points.push((format!("_global usd {name} 1h"), own / all * 100.0));
    }
    let with_bucket = |(series, value): (String, f64)| (series, (bucket_ms, value.to_bits()));
    points.into_iter().map(with_bucket).collect()
}

/// Returns the sum over all coins, in the simulator's order: a sum of floats depends on it.
fn whole_market(world: &World, metric: Metric, at_ms: i64) -> f64 {
    let truth = world.vendor.truth();
    let entities = truth.entities();
    let coins = entities
        .iter()
        .filter_map(|one| one.coingecko_id.as_deref());
    coins
        .filter_map(|coin| truth.value(coin, metric, at_ms))
        .sum()
}
