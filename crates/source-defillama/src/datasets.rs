//! What the vendor serves: contract sections 3 and 7.

use model::{DatasetId, Key, SeriesKey, SourceId, Step};
use source::{Absence, Calendar, DatasetSpec, History, Reread, Role};

use crate::{
    Plan,
    access::{has_dimension, has_small_charts, has_usage},
    kind::{Kind, QUOTE},
    metrics::{Live, Metric, Past, metric_of},
};

/// The vendor's name.
pub const SOURCE: SourceId = SourceId::new("defillama");
/// Every protocol: id, name, slug, links.
pub const PROTOCOLS: DatasetId = DatasetId::new("protocols");
/// Every chain.
pub const CHAINS: DatasetId = DatasetId::new("chains");
/// Every stablecoin.
pub const STABLECOINS: DatasetId = DatasetId::new("stablecoins");
/// TVL of all protocols, now.
pub const PROTOCOLS_NOW: DatasetId = DatasetId::new("protocols_now");
/// TVL of all chains, now.
pub const CHAINS_NOW: DatasetId = DatasetId::new("chains_now");
/// Fees, revenue and volumes of the last 24 hours and open interest of all protocols, now.
pub const DIMENSIONS_NOW: DatasetId = DatasetId::new("dimensions_now");
/// Supplies of all stablecoins, now.
pub const STABLECOINS_NOW: DatasetId = DatasetId::new("stablecoins_now");
/// All pools, now.
pub const POOLS_NOW: DatasetId = DatasetId::new("pools_now");
/// Prices as of the full hour.
pub const PRICES_NOW: DatasetId = DatasetId::new("prices_now");
/// Daily history of fees, revenue, volumes and open interest.
pub const DIMENSIONS_DAILY: DatasetId = DatasetId::new("dimensions_daily");
/// Daily history of users and transactions, on Pro.
pub const ACTIVE_USERS_DAILY: DatasetId = DatasetId::new("active_users_daily");
/// Daily history of a protocol's TVL.
pub const TVL_DAILY: DatasetId = DatasetId::new("tvl_daily");
/// Daily history of a chain's TVL, and of all chains'.
pub const CHAIN_TVL_DAILY: DatasetId = DatasetId::new("chain_tvl_daily");
/// Daily history of supplies of stablecoins.
pub const STABLECOINS_DAILY: DatasetId = DatasetId::new("stablecoins_daily");
/// Daily history of a pool.
pub const POOLS_DAILY: DatasetId = DatasetId::new("pools_daily");
/// Daily history of prices.
pub const PRICES_DAILY: DatasetId = DatasetId::new("prices_daily");
/// Hourly history of prices.
pub const PRICES_HOURLY: DatasetId = DatasetId::new("prices_hourly");
/// What the vendor counts of the key's use, on Pro.
pub const USAGE: DatasetId = DatasetId::new("usage");

const MINUTE_SECS: i64 = 60;
const HOUR_SECS: i64 = 3_600;
const DAY_SECS: i64 = 86_400;

/// What all datasets share unless they say otherwise.
const BASE: DatasetSpec = DatasetSpec {
    id: PROTOCOLS,
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
    max_body_bytes: 64 << 20,
    paths: &[],
};

/// What all values of now share.
const NOW: DatasetSpec = DatasetSpec {
    role: Role::Snapshot,
    step: Step::Hour,
    cadence_secs: HOUR_SECS,
    ..BASE
};

/// What all histories by day share that come whole. A day is there once the jobs of its end have run and
/// the caches, of up to an hour, have turned over; it is final a day after its end (section 7).
const WHOLE: DatasetSpec = DatasetSpec {
    role: Role::Series,
    lag_secs: 2 * HOUR_SECS,
    provisional_secs: 2 * DAY_SECS,
    history: History::Full,
    whole: true,
    joins_secs: 400 * 366 * DAY_SECS,
    ..BASE
};

/// What histories of prices share: they come in pages of points. Old points may be repaired: three days
/// every night, thirty every week.
const PRICES: DatasetSpec = DatasetSpec {
    role: Role::Series,
    // A price is recorded within minutes of the hour; asked for after the tick.
    lag_secs: 20 * MINUTE_SECS,
    provisional_secs: 3 * DAY_SECS,
    history: History::Full,
    rereads: &[
        Reread {
            window_days: 3,
            every_days: 1,
        },
        Reread {
            window_days: 30,
            every_days: 7,
        },
    ],
    ..BASE
};

/// Returns the datasets of a plan in the order of work. Dimensions stand before TVL: their routes keep
/// old slugs, those of TVL do not, and an unknown slug leaves a protocol alone for a while.
pub(crate) fn datasets(plan: Plan) -> Vec<DatasetSpec> {
    let mut all = all(plan);
    all.retain(|spec| match spec.id {
        ACTIVE_USERS_DAILY => has_small_charts(plan),
        USAGE => has_usage(plan),
        _ => true,
    });
    all
}

fn all(plan: Plan) -> Vec<DatasetSpec> {
    let base = |id, paths| DatasetSpec { id, paths, ..BASE };
    let now = |id, paths| DatasetSpec { id, paths, ..NOW };
    let whole = |id, paths| DatasetSpec { id, paths, ..WHOLE };
    vec![
        base(PROTOCOLS, &["/protocols"]),
        base(CHAINS, &["/v2/chains"]),
        base(STABLECOINS, &["/stablecoins"]),
        now(PROTOCOLS_NOW, &["/protocols"]),
        now(CHAINS_NOW, &["/v2/chains"]),
        now(DIMENSIONS_NOW, &["/overview/{type}"]),
        now(STABLECOINS_NOW, &["/stablecoins"]),
        now(
            PRICES_NOW,
            &[
                "/prices/historical/{timestamp}/{coins}",
                "/prices/current/{coins}",
            ],
        ),
        now(POOLS_NOW, &["/pools"]),
        whole(DIMENSIONS_DAILY, paths_of_dimensions(plan)),
        whole(
            ACTIVE_USERS_DAILY,
            &[
                "/v2/chart/active-users/chain/{chain}",
                "/v2/chart/active-users/protocol/{protocol}",
            ],
        ),
        whole(
            TVL_DAILY,
            match has_small_charts(plan) {
                true => &["/v2/chart/tvl/protocol/{protocol}"],
                false => &["/protocol/{protocol}"],
            },
        ),
        // The last row is a value of now, dated to the nearest midnight: until noon it looks like the
        // value of this morning, from then on it is dated tomorrow. An hour for the cache.
        DatasetSpec {
            lag_secs: 13 * HOUR_SECS,
            ..whole(
                CHAIN_TVL_DAILY,
                &["/v2/historicalChainTvl", "/v2/historicalChainTvl/{chain}"],
            )
        },
        whole(
            STABLECOINS_DAILY,
            &["/stablecoincharts/all", "/stablecoincharts/{chain}"],
        ),
        whole(POOLS_DAILY, &["/chart/{pool}"]),
        DatasetSpec {
            id: PRICES_DAILY,
            // As many days as a page holds: a hole costs its coin a request either way.
            joins_secs: 30 * DAY_SECS,
            paths: &["/chart/{coins}"],
            ..PRICES
        },
        DatasetSpec {
            id: PRICES_HOURLY,
            step: Step::Hour,
            cadence_secs: HOUR_SECS,
            // A wide stretch leaves less room for other coins in its request.
            joins_secs: DAY_SECS,
            paths: &["/chart/{coins}"],
            ..PRICES
        },
        DatasetSpec {
            id: USAGE,
            role: Role::Account,
            cadence_secs: HOUR_SECS,
            paths: &["/usage"],
            ..BASE
        },
    ]
}

const fn paths_of_dimensions(plan: Plan) -> &'static [&'static str] {
    if has_small_charts(plan) {
        &[
            "/v2/chart/{type}",
            "/v2/chart/{type}/chain/{chain}",
            "/v2/chart/{type}/protocol/{protocol}",
        ]
    } else {
        &[
            "/overview/{type}",
            "/overview/{type}/{chain}",
            "/summary/{type}/{protocol}",
        ]
    }
}

/// Returns the catalogue that lists a key. Coins and pools are in none.
pub(crate) fn catalogue_of(key: &Key) -> Option<DatasetId> {
    match Kind::of(&key.asset).0 {
        Kind::Protocol => Some(PROTOCOLS),
        Kind::Chain => Some(CHAINS),
        Kind::Stablecoin => Some(STABLECOINS),
        Kind::Global | Kind::Coin | Kind::Pool => None,
    }
}

/// Whether the dataset holds a series of ours on a plan.
pub(crate) fn serves(plan: Plan, dataset: DatasetId, series: &SeriesKey) -> bool {
    let key = &series.key;
    let ours = series.source == SOURCE
        && key.instrument.is_none()
        && key.venue.is_none()
        && key.quote.as_str() == QUOTE;
    let metric = metric_of(series).filter(|_| ours);
    metric.is_some_and(|metric| holds(plan, dataset, metric, series.step))
}

/// Whether the dataset holds a metric by a step on a plan.
pub(crate) fn holds(plan: Plan, dataset: DatasetId, metric: &Metric, step: Step) -> bool {
    match (dataset, step) {
        (PROTOCOLS_NOW, Step::Hour) => matches!(metric.live, Live::Protocol(_)),
        (CHAINS_NOW, Step::Hour) => matches!(metric.live, Live::Chain(_)),
        (STABLECOINS_NOW, Step::Hour) => matches!(metric.live, Live::Supply),
        (POOLS_NOW, Step::Hour) => matches!(metric.live, Live::Pool(_)),
        (PRICES_NOW, Step::Hour) => matches!(metric.live, Live::Price),
        (DIMENSIONS_NOW, Step::Hour) => match metric.live {
            Live::Total(dimension) => has_dimension(plan, dimension),
            _ => false,
        },
        (DIMENSIONS_DAILY | ACTIVE_USERS_DAILY, Step::Day) => match metric.past {
            Past::Dimension(dimension) => {
                has_dimension(plan, dimension)
                    && dimension.is_of_users() == (dataset == ACTIVE_USERS_DAILY)
            }
            _ => false,
        },
        (TVL_DAILY, Step::Day) => matches!(metric.past, Past::Tvl(_)),
        (CHAIN_TVL_DAILY, Step::Day) => matches!(metric.past, Past::ChainTvl),
        (STABLECOINS_DAILY, Step::Day) => matches!(metric.past, Past::Supply(_)),
        (POOLS_DAILY, Step::Day) => matches!(metric.past, Past::Pool(_)),
        (PRICES_DAILY, Step::Day) | (PRICES_HOURLY, Step::Hour) => {
            matches!(metric.past, Past::Price)
        }
        _ => false,
    }
}
