//! What the vendor serves: contract sections 2, 4 and 6.

use model::{DatasetId, Key, SeriesKey, SourceId, Stamp, Step, Ts};
use source::{Absence, Calendar, DatasetSpec, History, Live, Reread, Role};

use crate::{
    config::QUOTE,
    metrics::{is_at_midnight, is_daily, is_quarterly},
};

/// The vendor's name.
pub const SOURCE: SourceId = SourceId::new("artemis");
/// What the vendor has.
pub const SYMBOLS: DatasetId = DatasetId::new("symbols");
/// Values by day.
pub const METRICS_DAILY: DatasetId = DatasetId::new("metrics_daily");
/// What companies report, by fiscal quarter.
pub const FINANCIALS_QUARTERLY: DatasetId = DatasetId::new("financials_quarterly");

const HOUR_SECS: i64 = 3_600;
const DAY_SECS: i64 = 86_400;

/// How long after midnight the tick reads the day before. The vendor's own hour is not established.
pub(crate) const TICK_SECS: i64 = 6 * HOUR_SECS;
/// Until the day that is dated today is over it may move, whatever it is of, so that the tick alone asks
/// for it, which reads it again: what others store stays.
const LAG_SECS: i64 = DAY_SECS + TICK_SECS;
/// The most points a request may ask for: symbols × metrics × days.
pub(crate) const MAX_POINTS: u64 = 50_000;
/// The most symbols in a request; 250 is the vendor's own bound.
pub(crate) const MAX_SYMBOLS: u64 = 50;
/// The most metrics in a request.
pub(crate) const MAX_METRICS: u64 = 12;
/// The widest range of days in a request.
pub(crate) const MAX_DAYS: i64 = 365;
/// A full request over so many days is within the points: holes that are no further apart cost no
/// request more together than one of them alone.
const JOINED_DAYS: i64 = (MAX_POINTS / (MAX_SYMBOLS * MAX_METRICS)) as i64 - 1;
/// What the symbols of equities begin with.
pub(crate) const EQUITY_PREFIX: &str = "eq-";

const CATALOGUE: DatasetSpec = DatasetSpec {
    id: SYMBOLS,
    role: Role::Catalogue,
    step: Step::Day,
    cadence_secs: 7 * DAY_SECS,
    lag_secs: 0,
    provisional_secs: 0,
    calendar: Calendar::Always,
    history: History::None,
    absence: Absence::Unknown,
    recheck_secs: DAY_SECS,
    late_secs: 0,
    live: Live::No,
    whole: false,
    rereads: &[],
    joins_secs: 0,
    max_body_bytes: 64 << 20,
    paths: &["/asset/symbols/"],
};

/// On-chain values come late and move for a week: the tick reads eight days again, once a month 45
/// are. A day that stays away is asked for again after 2, 6 and 14 days, then it is the vendor's gap.
const DAILY: DatasetSpec = DatasetSpec {
    id: METRICS_DAILY,
    role: Role::Series,
    cadence_secs: DAY_SECS,
    lag_secs: LAG_SECS,
    provisional_secs: 7 * DAY_SECS,
    history: History::Full,
    recheck_secs: 2 * DAY_SECS,
    live: Live::Newest { secs: 8 * DAY_SECS },
    rereads: &[Reread {
        window_days: 45,
        every_days: 30,
    }],
    joins_secs: JOINED_DAYS * DAY_SECS,
    paths: &["/data/api/{metricNames}/"],
    ..CATALOGUE
};

/// Asked once a week, all quarters at once, and compared whole: nobody knows when a company reports, nor
/// on which day its quarter ends.
const QUARTERLY: DatasetSpec = DatasetSpec {
    id: FINANCIALS_QUARTERLY,
    step: Step::Quarter,
    cadence_secs: 7 * DAY_SECS,
    lag_secs: TICK_SECS,
    provisional_secs: 120 * DAY_SECS,
    calendar: Calendar::None,
    recheck_secs: 7 * DAY_SECS,
    live: Live::No,
    whole: true,
    rereads: &[],
    joins_secs: 0,
    ..DAILY
};

/// Returns the datasets, the catalogue first.
pub(crate) fn datasets() -> Vec<DatasetSpec> {
    vec![CATALOGUE, DAILY, QUARTERLY]
}

/// Whether a symbol is a share's.
pub(crate) fn is_equity(symbol: &str) -> bool {
    symbol.starts_with(EQUITY_PREFIX)
}

/// Whether the catalogue has a symbol at all: a stablecoin on one chain (`usdc-eth`) is none of its
/// entries (section 5).
pub(crate) fn is_listable(key: &Key) -> bool {
    let symbol = key.asset.as_str();
    is_equity(symbol) || !symbol.contains('-')
}

/// Whether the dataset holds a series of ours.
pub(crate) fn serves(dataset: DatasetId, series: &SeriesKey) -> bool {
    let (key, name) = (&series.key, series.metric.as_str());
    let is_ours = series.source == SOURCE && *key == Key::of_asset(key.asset.clone(), QUOTE);
    is_ours
        && match (dataset, series.step) {
            (METRICS_DAILY, Step::Day) => is_daily(name),
            (FINANCIALS_QUARTERLY, Step::Quarter) => is_quarterly(name),
            _ => false,
        }
}

/// Prices and caps of day D are those at 00:00 of D, all else is of the day D itself, as is the close
/// of a share (section 2.4). A fiscal quarter is labelled by its end.
pub(crate) fn stamp_of(symbol: &str, metric: &str, step: Step) -> Stamp {
    if step == Step::Day && is_at_midnight(metric) && !is_equity(symbol) {
        Stamp::Instant
    } else {
        Stamp::Bar
    }
}

/// Returns the first label that is not closed at `now`: today is, where it is an instant.
pub(crate) fn due(stamp: Stamp, now: Ts) -> Ts {
    let today = Step::Day.floor(now);
    match stamp {
        Stamp::Instant => Step::Day.next(today),
        Stamp::Bar => today,
    }
}
