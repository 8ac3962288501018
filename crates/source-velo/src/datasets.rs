//! What the vendor serves: contract sections 2, 3, 4 and 8.

use model::{DatasetId, Key, SeriesKey, SourceId, Stamp, Step, Ts};
use source::{DatasetSpec, History, Live, Reread, Role};

use crate::{
    Plan,
    metrics::{CAPS_METRICS, Market, metric},
};

/// The vendor's name.
pub const SOURCE: SourceId = SourceId::new("velo");
/// The futures that are traded.
pub const FUTURES: DatasetId = DatasetId::new("futures");
/// The futures that were.
pub const FUTURES_DELISTED: DatasetId = DatasetId::new("futures_delisted");
/// The spot products that are traded.
pub const SPOT: DatasetId = DatasetId::new("spot");
/// The spot products that were.
pub const SPOT_DELISTED: DatasetId = DatasetId::new("spot_delisted");
/// The options.
pub const OPTIONS: DatasetId = DatasetId::new("options");
/// Market caps and supplies of now.
pub const CAPS: DatasetId = DatasetId::new("caps");
/// Hourly bars.
pub const ROWS: DatasetId = DatasetId::new("rows");
/// Daily bars.
pub const ROWS_DAILY: DatasetId = DatasetId::new("rows_daily");

const HOUR_SECS: i64 = 3_600;
const DAY_SECS: i64 = 86_400;

/// How long after its end a bucket counts as closed (section 8, live).
pub(crate) const LAG_SECS: i64 = 120;
/// The most values one request may ask for: buckets × exchanges × products × columns.
pub(crate) const MAX_VALUES: u64 = 22_500;

/// What stands before the coin of an option: its coins trade as futures at the same exchange.
pub(crate) const OPTION_PREFIX: &str = "option:";

const CATALOGUE: DatasetSpec = DatasetSpec::catalogue(FUTURES);

/// Nothing is said of later corrections: three hours each hour, two days every night (section 8).
const BARS: DatasetSpec = DatasetSpec {
    id: ROWS,
    role: Role::Series,
    step: Step::Hour,
    cadence_secs: HOUR_SECS,
    lag_secs: LAG_SECS,
    provisional_secs: 3 * HOUR_SECS,
    live: Live::Newest {
        secs: 3 * HOUR_SECS,
    },
    rereads: &[Reread {
        window_days: 2,
        every_days: 1,
    }],
    // How much one request brings hangs on the number of columns: the plan joins holes itself.
    joins_secs: 0,
    paths: &["/api/v1/rows"],
    ..CATALOGUE
};

/// Returns the datasets of a plan, catalogues first: they say when a product began and ended. Of a
/// product in both lists that of what is traded comes last, and has the word.
pub(crate) fn datasets(plan: Plan) -> Vec<DatasetSpec> {
    let history = match plan {
        Plan::Monthly => History::PlanLimited,
        Plan::Annual => History::Full,
    };
    vec![
        catalogue(FUTURES_DELISTED, &["/api/v1/futures"]),
        catalogue(FUTURES, &["/api/v1/futures"]),
        catalogue(SPOT_DELISTED, &["/api/v1/spot"]),
        catalogue(SPOT, &["/api/v1/spot"]),
        catalogue(OPTIONS, &["/api/v1/options"]),
        DatasetSpec {
            id: CAPS,
            role: Role::Snapshot,
            step: Step::Hour,
            cadence_secs: HOUR_SECS,
            paths: &["/api/v1/caps"],
            ..CATALOGUE
        },
        DatasetSpec { history, ..BARS },
        DatasetSpec {
            id: ROWS_DAILY,
            step: Step::Day,
            cadence_secs: DAY_SECS,
            history,
            live: Live::Newest { secs: 3 * DAY_SECS },
            ..BARS
        },
    ]
}

const fn catalogue(id: DatasetId, paths: &'static [&'static str]) -> DatasetSpec {
    DatasetSpec {
        id,
        paths,
        ..CATALOGUE
    }
}

/// Returns the vendor's ticker of a key's coin.
pub(crate) fn coin_of(key: &Key) -> &str {
    let asset = key.asset.as_str();
    asset.strip_prefix(OPTION_PREFIX).unwrap_or(asset)
}

/// Returns the name that a list in a query has of a key: its product, or its coin where it has none.
pub(crate) fn sent_name(key: &Key) -> &str {
    match key.instrument.is_none() {
        true => key.asset.as_str(),
        false => key.instrument.as_str(),
    }
}

/// Whether the dataset holds a series of ours, of the market that its key belongs to.
pub(crate) fn serves(dataset: DatasetId, series: &SeriesKey, market: Option<Market>) -> bool {
    let key = &series.key;
    if series.source != SOURCE {
        return false;
    }
    let name = series.metric.as_str();
    let is_row = match market {
        Some(market) => !key.instrument.is_none() && metric(market, name).is_some(),
        None => key.instrument.is_none() && metric(Market::Basis, name).is_some(),
    };
    match (dataset, series.step) {
        (ROWS, Step::Hour) | (ROWS_DAILY, Step::Day) => is_row,
        (CAPS, Step::Hour) => is_caps(series),
        _ => false,
    }
}

/// Whether it is a supply or a market cap of a coin.
fn is_caps(series: &SeriesKey) -> bool {
    let (key, name) = (&series.key, series.metric.as_str());
    let is_of_coin = key.venue.is_none() && key.instrument.is_none();
    is_of_coin && CAPS_METRICS.iter().any(|one| one.name == name)
}

/// Returns a label before the vendor's first bar. Most series begin in 2021, a spot product of the
/// contract's samples in 2014 (sections 3 and 5); the catalogues say of each when.
pub(crate) fn vendor_first(dataset: DatasetId) -> Option<Ts> {
    match dataset {
        // 2013-01-01.
        ROWS | ROWS_DAILY => Some(Ts::from_secs(1_356_998_400)),
        _ => None,
    }
}

/// A bar's label starts its bucket, caps are true at an instant.
pub(crate) fn stamp_of(series: &SeriesKey) -> Stamp {
    match is_caps(series) {
        true => Stamp::Instant,
        false => Stamp::Bar,
    }
}
