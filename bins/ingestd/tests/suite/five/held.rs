//! What is stored of the five vendors, and what the simulators say that they hold of the same.

use std::collections::BTreeMap;

use fake_vendors::{AlphaVantageField, ArtemisStep, FakeVendor, Step, Truth};
use testkit::stage::Stage;

use super::{DAYS_TO, HOURS_TO, SINCE};
use crate::one_clock::{charts, ms};

const DAY_MS: i64 = 86_400_000;

/// A value by series, in words, and start of its bucket in ms.
pub(super) type Points = BTreeMap<(String, i64), u64>;

/// Returns what is stored of the compared metrics.
pub(super) async fn stored(stage: &Stage) -> Points {
    let sql = format!(
        "SELECT concat_ws(' ', source, asset, instrument, metric, step),
                (extract(epoch FROM ts) * 1000)::int8, value
         FROM metrics JOIN series USING (series_id)
         WHERE metric IN ('PRICE', 'MARKET_CAP', 'VOLUME_24H', 'CLOSE_PRICE', 'FUNDING_RATE',
                          'FEES', 'TVL', 'CLOSE')
           AND ts >= '{SINCE}'
           AND ts < CASE step WHEN '1h' THEN '{HOURS_TO}' ELSE '{DAYS_TO}' END::timestamptz
           AND NOT (source = 'defillama' AND step = '1h')"
    );
    let mut points = Points::new();
    for row in stage.client().await.query(&sql, &[]).await.unwrap() {
        let value: f64 = row.get(2);
        let double = points.insert((row.get(0), row.get(1)), value.to_bits());
        assert_eq!(double, None);
    }
    points
}

/// Returns what the vendors hold of them.
pub(super) fn truth(coingecko: &FakeVendor, others: &BTreeMap<&str, FakeVendor>) -> Points {
    let mut held = Held::default();
    held.coingecko(&coingecko.truth());
    held.velo(&others["velo"].truth());
    held.artemis(&others["artemis"].truth());
    held.defillama(&others["defillama"].truth());
    held.alphavantage(&others["alphavantage"].truth());
    held.0
}

#[derive(Default)]
struct Held(Points);

impl Held {
    /// Takes a series whose labels stand so much after the start of their bucket.
    fn add(&mut self, series: &str, shift_ms: i64, held: Vec<(i64, f64)>) {
        assert!(!held.is_empty(), "{series}");
        let starts = held.into_iter().map(|(label, v)| (label - shift_ms, v));
        let points = starts.map(|(ts, value)| ((series.to_owned(), ts), value.to_bits()));
        self.0.extend(points);
    }

    fn coingecko(&mut self, truth: &Truth) {
        let coins = ["bitcoin", "ethereum"];
        for chart in charts(truth, &coins, SINCE, [HOURS_TO, DAYS_TO]) {
            let series = format!("coingecko {}  {}", chart.coin, chart.metric_and_step);
            self.add(&series, 0, chart.points);
        }
    }

    fn velo(&mut self, truth: &Truth) {
        let (from, to) = (ms(SINCE), ms(HOURS_TO));
        for (coin, product, exchange) in [
            ("BTC", "BTCUSDT", "binance-futures"),
            ("ETH", "ETHUSDT", "bybit"),
        ] {
            for column in ["close_price", "funding_rate"] {
                let held = truth.velo_series("futures", exchange, product, column, 60, from, to);
                let series = format!("velo {coin} {product} {} 1h", column.to_uppercase());
                self.add(&series, 0, held);
            }
        }
    }

    fn artemis(&mut self, truth: &Truth) {
        for symbol in ["btc", "eth"] {
            for (metric, shift_ms) in [("PRICE", DAY_MS), ("FEES", 0)] {
                let (from, to) = (ms(SINCE) + shift_ms, ms(DAYS_TO) + shift_ms);
                let held = truth.artemis_series(symbol, metric, ArtemisStep::Day, from, to);
                self.add(&format!("artemis {symbol}  {metric} 1d"), shift_ms, held);
            }
        }
    }

    fn defillama(&mut self, truth: &Truth) {
        for (kind, id, asset) in [
            ("global", "", "global"),
            ("chain", "Ethereum", "chain:Ethereum"),
        ] {
            for (name, metric, shift_ms) in [("TVL", "tvl", DAY_MS), ("FEES", "fees/dailyFees", 0)]
            {
                let (from, to) = (ms(SINCE) + shift_ms, ms(DAYS_TO) + shift_ms);
                let held = truth.defillama_series(kind, id, metric, Step::Day, from, to);
                self.add(&format!("defillama {asset}  {name} 1d"), shift_ms, held);
            }
        }
    }

    fn alphavantage(&mut self, truth: &Truth) {
        for (query, series, to) in [
            (
                "function=CRYPTO_INTRADAY&symbol=ETH&market=USD&interval=60min",
                "alphavantage crypto:ETH  CLOSE 1h",
                HOURS_TO,
            ),
            (
                "function=TIME_SERIES_DAILY&symbol=COIN",
                "alphavantage equity:COIN  CLOSE 1d",
                DAYS_TO,
            ),
        ] {
            let close = AlphaVantageField::Close;
            let held = truth.alphavantage_series(query, close, ms(SINCE), ms(to));
            self.add(series, 0, held);
        }
    }
}
