//! What the vendor serves: contract sections 3 and 7.

use model::{DatasetId, SeriesKey, SourceId, Step, Ts};
use source::{Absence, Calendar, DatasetSpec, History, Reread, Role};

use crate::{
    Plan,
    access::{Candles, candles, has_global_chart, has_supply_charts, reach_days},
    metrics::{About, GLOBAL_ASSET, Live, Past, metric},
};

/// The vendor's name.
pub const SOURCE: SourceId = SourceId::new("coingecko");
/// Every coin: id, symbol, name, contract addresses.
pub const COINS_LIST: DatasetId = DatasetId::new("coins_list");
/// The live values of up to 250 coins.
pub const MARKETS: DatasetId = DatasetId::new("markets");
/// The live values of the whole market.
pub const GLOBAL: DatasetId = DatasetId::new("global");
/// Daily history of one coin.
pub const CHART_DAILY: DatasetId = DatasetId::new("chart_daily");
/// Hourly history of one coin.
pub const CHART_HOURLY: DatasetId = DatasetId::new("chart_hourly");
/// Daily candles of one coin, on paid plans.
pub const OHLC_DAILY: DatasetId = DatasetId::new("ohlc_daily");
/// Hourly candles of one coin, on paid plans.
pub const OHLC_HOURLY: DatasetId = DatasetId::new("ohlc_hourly");
/// Daily history of one coin's supplies, on the Enterprise plan.
pub const SUPPLY_DAILY: DatasetId = DatasetId::new("supply_daily");
/// Daily history of the whole market, from the Analyst plan on.
pub const GLOBAL_DAILY: DatasetId = DatasetId::new("global_daily");
/// What the vendor counts of the key's use, on paid plans.
pub const KEY: DatasetId = DatasetId::new("key");

const MINUTE_SECS: i64 = 60;
const HOUR_SECS: i64 = 3_600;
const DAY_SECS: i64 = 86_400;
/// Longer than the vendor's whole history.
const ALL_SECS: i64 = 400 * 366 * DAY_SECS;

/// How far back candles go where the plan gives only the last ones, in days.
pub(crate) const fn last_candles_days(step: Step) -> i64 {
    match step {
        Step::Hour => 90,
        _ => 180,
    }
}

/// How many days of candles one request for a range may bring; the vendor refuses more than 31 and
/// 180. Some room for the padding.
const fn range_candles_days(step: Step) -> i64 {
    match step {
        Step::Hour => 30,
        _ => 170,
    }
}

/// What all datasets share unless they say otherwise.
const BASE: DatasetSpec = DatasetSpec {
    id: COINS_LIST,
    role: Role::Catalogue,
    step: Step::Day,
    cadence_secs: DAY_SECS,
    lag_secs: 0,
    provisional_secs: 0,
    calendar: Calendar::Always,
    history: History::None,
    absence: Absence::Unknown,
    recheck_secs: DAY_SECS,
    late_secs: 0,
    live: source::Live::No,
    whole: false,
    rereads: &[],
    joins_secs: 0,
    max_body_bytes: 16 << 20,
    paths: &[],
};

/// What all histories by day share.
const DAILY: DatasetSpec = DatasetSpec {
    role: Role::Series,
    // Pages disagree on when a day's value is there, 00:10 or 00:35; caches turn over until 00:40.
    lag_secs: 45 * MINUTE_SECS,
    provisional_secs: 3 * DAY_SECS,
    history: History::Full,
    rereads: REREADS,
    joins_secs: ALL_SECS,
    ..BASE
};

/// What all histories by hour share.
const HOURLY: DatasetSpec = DatasetSpec {
    step: Step::Hour,
    cadence_secs: HOUR_SECS,
    lag_secs: 40 * MINUTE_SECS,
    ..DAILY
};

/// Old points may be repaired: three days every night, thirty every week (contract section 7d). Not
/// where one request brings all days at the price of one: those are compared whole once a day.
const REREADS: &[Reread] = &[
    Reread {
        window_days: 3,
        every_days: 1,
    },
    Reread {
        window_days: 30,
        every_days: 7,
    },
];

const RANGE_PATH: &str = "/coins/{id}/market_chart/range";

/// Returns the datasets of a plan in the order of work: daily charts teach from when a coin exists,
/// so they stand before the many requests of the hourly ones and of the candles.
pub(crate) fn datasets(plan: Plan) -> Vec<DatasetSpec> {
    all(plan)
        .into_iter()
        .filter(|dataset| has(plan, dataset.id))
        .collect()
}

/// Returns a dataset, whether or not the plan has it: an answer can be read without the plan that
/// gives it.
pub(crate) fn spec(plan: Plan, id: DatasetId) -> Option<DatasetSpec> {
    all(plan).into_iter().find(|dataset| dataset.id == id)
}

fn has(plan: Plan, dataset: DatasetId) -> bool {
    match dataset {
        OHLC_DAILY | OHLC_HOURLY => candles(plan) != Candles::No,
        SUPPLY_DAILY => has_supply_charts(plan),
        GLOBAL_DAILY => has_global_chart(plan),
        KEY => plan.is_paid(),
        _ => true,
    }
}

fn all(plan: Plan) -> Vec<DatasetSpec> {
    let history = match reach_days(plan) {
        Some(_) => History::PlanLimited,
        None => History::Full,
    };
    vec![
        DatasetSpec {
            paths: &["/coins/list"],
            ..BASE
        },
        snapshot(MARKETS, &["/coins/markets"]),
        snapshot(GLOBAL, &["/global"]),
        DatasetSpec {
            id: CHART_DAILY,
            history,
            whole: true,
            rereads: &[],
            paths: &[RANGE_PATH],
            ..DAILY
        },
        DatasetSpec {
            id: CHART_HOURLY,
            history,
            joins_secs: 89 * DAY_SECS,
            paths: &[RANGE_PATH],
            ..HOURLY
        },
        // Ready at 00:35. Of an hour nothing is said. Either answer may be a copy a quarter of an
        // hour old, in which the candle was not there or still open.
        candle_dataset(
            plan,
            DatasetSpec {
                id: OHLC_DAILY,
                lag_secs: 50 * MINUTE_SECS,
                ..DAILY
            },
        ),
        candle_dataset(
            plan,
            DatasetSpec {
                id: OHLC_HOURLY,
                lag_secs: 20 * MINUTE_SECS,
                ..HOURLY
            },
        ),
        DatasetSpec {
            id: SUPPLY_DAILY,
            whole: true,
            rereads: &[],
            paths: &[
                "/coins/{id}/circulating_supply_chart/range",
                "/coins/{id}/total_supply_chart/range",
            ],
            ..DAILY
        },
        // A day closes at 00:05.
        DatasetSpec {
            id: GLOBAL_DAILY,
            whole: true,
            rereads: &[],
            lag_secs: 10 * MINUTE_SECS,
            paths: &["/global/market_cap_chart"],
            ..DAILY
        },
        DatasetSpec {
            id: KEY,
            role: Role::Account,
            cadence_secs: HOUR_SECS,
            paths: &["/key"],
            ..BASE
        },
    ]
}

const fn snapshot(id: DatasetId, paths: &'static [&'static str]) -> DatasetSpec {
    DatasetSpec {
        id,
        role: Role::Snapshot,
        step: Step::Hour,
        cadence_secs: HOUR_SECS,
        paths,
        ..BASE
    }
}

fn candle_dataset(plan: Plan, base: DatasetSpec) -> DatasetSpec {
    match candles(plan) {
        Candles::Range => DatasetSpec {
            joins_secs: range_candles_days(base.step) * DAY_SECS,
            paths: &["/coins/{id}/ohlc/range"],
            ..base
        },
        Candles::Last | Candles::No => DatasetSpec {
            history: History::PlanLimited,
            joins_secs: last_candles_days(base.step) * DAY_SECS,
            paths: &["/coins/{id}/ohlc"],
            ..base
        },
    }
}

/// Whether the dataset holds a series of ours, on plans that have the dataset.
pub(crate) fn serves(dataset: DatasetId, series: &SeriesKey) -> bool {
    let key = &series.key;
    let ours = series.source == SOURCE && key.instrument.is_none() && key.venue.is_none();
    let Some(metric) = metric(series.metric.as_str()).filter(|_| ours) else {
        return false;
    };
    let is_global = key.asset.as_str() == GLOBAL_ASSET;
    if is_global != (metric.about() == About::Global) {
        return false;
    }
    match (dataset, series.step) {
        (MARKETS, Step::Hour) => matches!(metric.live, Live::Coin(_)),
        (GLOBAL, Step::Hour) => matches!(metric.live, Live::Global(_)),
        (CHART_HOURLY, Step::Hour) | (CHART_DAILY, Step::Day) => {
            matches!(metric.past, Past::Chart(_))
        }
        (OHLC_HOURLY, Step::Hour) | (OHLC_DAILY, Step::Day) => {
            matches!(metric.past, Past::Candle(_))
        }
        (SUPPLY_DAILY, Step::Day) => matches!(metric.past, Past::Supply(_)),
        (GLOBAL_DAILY, Step::Day) => matches!(metric.past, Past::Global(_)),
        _ => false,
    }
}

/// The vendor's first label of a history, on any plan.
pub(crate) fn vendor_first(dataset: DatasetId) -> Ts {
    match dataset {
        // 2018-01-30
        CHART_HOURLY => Ts::from_secs(1_517_270_400),
        // 2018-02-09
        OHLC_DAILY | OHLC_HOURLY => Ts::from_secs(1_518_134_400),
        // 2019-06-22
        SUPPLY_DAILY => Ts::from_secs(1_561_161_600),
        // 2013-04-28
        _ => Ts::from_secs(1_367_107_200),
    }
}

/// How long the vendor may repeat an old answer about the past, in seconds (contract section 3).
pub(crate) fn cache_secs(dataset: DatasetId) -> i64 {
    match dataset {
        CHART_HOURLY => 30 * MINUTE_SECS,
        OHLC_DAILY | OHLC_HOURLY => 15 * MINUTE_SECS,
        SUPPLY_DAILY => 5 * MINUTE_SECS,
        GLOBAL_DAILY => MINUTE_SECS,
        _ => 12 * HOUR_SECS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firsts_are_the_days_of_the_contract() {
        for (dataset, first) in [
            (CHART_HOURLY, "2018-01-30"),
            (CHART_DAILY, "2013-04-28"),
            (OHLC_DAILY, "2018-02-09"),
            (OHLC_HOURLY, "2018-02-09"),
            (SUPPLY_DAILY, "2019-06-22"),
            (GLOBAL_DAILY, "2013-04-28"),
        ] {
            assert_eq!(
                vendor_first(dataset),
                Ts::parse(first).unwrap(),
                "{dataset}"
            );
        }
    }
}
