//! What the vendor serves: contract sections 3, 4 and 7.

use model::{DatasetId, Key, SeriesKey, SourceId, Stamp, Step};
use source::{Absence, Calendar, DatasetSpec, History, Live, Role};

use crate::{
    Plan,
    access::COMPACT_DAYS,
    metrics::{Economy, Group, economy_of, metrics_of},
};

/// The vendor's name.
pub const SOURCE: SourceId = SourceId::new("alphavantage");
/// Daily bars of coins.
pub const CRYPTO_DAILY: DatasetId = DatasetId::new("crypto_daily");
/// Daily bars of currencies.
pub const FX_DAILY: DatasetId = DatasetId::new("fx_daily");
/// Commodities and the economy by day.
pub const MACRO_DAILY: DatasetId = DatasetId::new("macro_daily");
/// The same by week.
pub const MACRO_WEEKLY: DatasetId = DatasetId::new("macro_weekly");
/// The same by month.
pub const MACRO_MONTHLY: DatasetId = DatasetId::new("macro_monthly");
/// The same by quarter.
pub const MACRO_QUARTERLY: DatasetId = DatasetId::new("macro_quarterly");
/// Hourly bars of coins.
pub const CRYPTO_INTRADAY: DatasetId = DatasetId::new("crypto_intraday");
/// Hourly bars of currencies.
pub const FX_INTRADAY: DatasetId = DatasetId::new("fx_intraday");
/// Hourly bars of shares.
pub const EQUITIES_INTRADAY: DatasetId = DatasetId::new("equities_intraday");
/// The quotes of many shares as of now.
pub const BULK_QUOTES: DatasetId = DatasetId::new("bulk_quotes");
/// A rate of exchange as of now.
pub const EXCHANGE_RATE: DatasetId = DatasetId::new("exchange_rate");
/// Daily bars of shares as traded.
pub const EQUITIES_DAILY: DatasetId = DatasetId::new("equities_daily");
/// What adjusted daily bars add.
pub const EQUITIES_ADJUSTED: DatasetId = DatasetId::new("equities_adjusted");
/// The last close of one share.
pub const QUOTE: DatasetId = DatasetId::new("quote");
/// Weekly bars of shares as traded.
pub const EQUITIES_WEEKLY: DatasetId = DatasetId::new("equities_weekly");
/// What adjusted weekly bars add.
pub const EQUITIES_WEEKLY_ADJUSTED: DatasetId = DatasetId::new("equities_weekly_adjusted");
/// Monthly bars of shares as traded.
pub const EQUITIES_MONTHLY: DatasetId = DatasetId::new("equities_monthly");
/// What adjusted monthly bars add.
pub const EQUITIES_MONTHLY_ADJUSTED: DatasetId = DatasetId::new("equities_monthly_adjusted");
/// Weekly bars of coins.
pub const CRYPTO_WEEKLY: DatasetId = DatasetId::new("crypto_weekly");
/// Monthly bars of coins.
pub const CRYPTO_MONTHLY: DatasetId = DatasetId::new("crypto_monthly");
/// Weekly bars of currencies.
pub const FX_WEEKLY: DatasetId = DatasetId::new("fx_weekly");
/// Monthly bars of currencies.
pub const FX_MONTHLY: DatasetId = DatasetId::new("fx_monthly");
/// Company figures by day.
pub const OVERVIEW: DatasetId = DatasetId::new("overview");
/// Company figures by week.
pub const OVERVIEW_WEEKLY: DatasetId = DatasetId::new("overview_weekly");
/// The shares and funds that are listed in the US.
pub const LISTING: DatasetId = DatasetId::new("listing");

const HOUR_SECS: i64 = 3_600;
const DAY_SECS: i64 = 86_400;
/// Longer than anything reaches back.
const EVER_SECS: i64 = 200 * 366 * DAY_SECS;

/// How long after midnight UTC the vendor has refreshed coins and currencies (section 7).
const REFRESH_SECS: i64 = 10 * 60;
/// When the closes of a day are there, after midnight UTC: at one or two in the morning in New York.
/// The hour is not established; asked too early, a request is lost that a small quota has not.
const CLOSES_SECS: i64 = 6 * HOUR_SECS;
/// When a week or month is final, after its end: a newer one has begun and shows.
const NEWER_SECS: i64 = DAY_SECS + CLOSES_SECS;
/// How long after its end a bar of an hour counts as closed.
const BAR_SECS: i64 = 120;

/// How far back an hourly compact answer, 100 bars, reaches for sure: of what trades around the clock.
pub(crate) const COMPACT_HOURS: i64 = 96;
/// The same of shares: six days with 16 bars each, if extended hours come unasked.
pub(crate) const COMPACT_SHARES_HOURS: i64 = 7 * 24;

/// What an answer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    /// A share or a fund: `equity:IBM`. A fund's ticker is one like any other.
    Equity,
    /// A coin: `crypto:BTC`.
    Crypto,
    /// A currency: `fx:EUR`.
    Fx,
    /// The economy: `macro:CPI`.
    Macro,
    /// `commodity:WTI`.
    Commodity,
}

impl Class {
    /// Every class.
    pub(crate) const ALL: [Self; 5] = [
        Self::Equity,
        Self::Crypto,
        Self::Fx,
        Self::Macro,
        Self::Commodity,
    ];

    /// Returns what stands before the colon of an asset.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Equity => "equity",
            Self::Crypto => "crypto",
            Self::Fx => "fx",
            Self::Macro => "macro",
            Self::Commodity => "commodity",
        }
    }
}

/// One function of the vendor but those of the economy, and the dataset that it fills.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: &'static str,
    pub(crate) dataset: DatasetId,
    pub(crate) classes: &'static [Class],
    pub(crate) step: Step,
    pub(crate) group: Group,
    /// Whether a free key is refused (section 2, gating). The CSV may know better.
    pub(crate) is_premium: bool,
    /// What the CSV may say in `interval`; the first where it says nothing.
    pub(crate) intervals: &'static [&'static str],
}

const SHARE: &[Class] = &[Class::Equity];
const COIN: &[Class] = &[Class::Crypto];
const CURRENCY: &[Class] = &[Class::Fx];
const MONEY: &[Class] = &[Class::Crypto, Class::Fx];
const DAILY: &[&str] = &["1d", "daily"];
const WEEKLY: &[&str] = &["1w", "weekly"];
const MONTHLY: &[&str] = &["1mo", "monthly"];
const HOURLY: &[&str] = &["60min", "1h"];
const SPOT: &[&str] = &["spot"];

const fn function(
    name: &'static str,
    dataset: DatasetId,
    (classes, group): (&'static [Class], Group),
    (step, intervals): (Step, &'static [&'static str]),
) -> Function {
    Function {
        name,
        dataset,
        classes,
        step,
        group,
        is_premium: false,
        intervals,
    }
}

impl Function {
    const fn premium(self) -> Self {
        Self {
            is_premium: true,
            ..self
        }
    }

    /// Whether its dataset holds a metric.
    pub(crate) fn has(&self, metric: &str) -> bool {
        metrics_of(self.group).any(|known| known.name == metric)
    }
}

const DAY: (Step, &[&str]) = (Step::Day, DAILY);
const WEEK: (Step, &[&str]) = (Step::Week, WEEKLY);
const MONTH: (Step, &[&str]) = (Step::Month, MONTHLY);
const HOUR: (Step, &[&str]) = (Step::Hour, HOURLY);
const NOW: (Step, &[&str]) = (Step::Hour, SPOT);
const SHARES: (&[Class], Group) = (SHARE, Group::Shares);
const ADJUSTED: (&[Class], Group) = (SHARE, Group::Adjusted);
const ADJUSTED_WIDE: (&[Class], Group) = (SHARE, Group::AdjustedWide);
const COINS: (&[Class], Group) = (COIN, Group::Coins);
const CURRENCIES: (&[Class], Group) = (CURRENCY, Group::Currencies);
const COMPANY: (&[Class], Group) = (SHARE, Group::Overview);

/// Every function but those of the economy. No two datasets of one step hold one metric of a class: a
/// series is asked for once.
pub(crate) const FUNCTIONS: &[Function] = &[
    function("DIGITAL_CURRENCY_DAILY", CRYPTO_DAILY, COINS, DAY),
    function("FX_DAILY", FX_DAILY, CURRENCIES, DAY),
    function("CRYPTO_INTRADAY", CRYPTO_INTRADAY, COINS, HOUR).premium(),
    function("FX_INTRADAY", FX_INTRADAY, CURRENCIES, HOUR).premium(),
    function("TIME_SERIES_INTRADAY", EQUITIES_INTRADAY, SHARES, HOUR).premium(),
    function(
        "REALTIME_BULK_QUOTES",
        BULK_QUOTES,
        (SHARE, Group::Bulk),
        NOW,
    )
    .premium(),
    // A free key may, but by the hour one pair takes 24 of its 25 requests.
    function(
        "CURRENCY_EXCHANGE_RATE",
        EXCHANGE_RATE,
        (MONEY, Group::Rate),
        NOW,
    )
    .premium(),
    function("TIME_SERIES_DAILY", EQUITIES_DAILY, SHARES, DAY),
    function(
        "TIME_SERIES_DAILY_ADJUSTED",
        EQUITIES_ADJUSTED,
        ADJUSTED,
        DAY,
    )
    .premium(),
    function(
        "GLOBAL_QUOTE",
        QUOTE,
        (SHARE, Group::Quote),
        (Step::Day, &["spot", "1d"]),
    ),
    function("TIME_SERIES_WEEKLY", EQUITIES_WEEKLY, SHARES, WEEK),
    function(
        "TIME_SERIES_WEEKLY_ADJUSTED",
        EQUITIES_WEEKLY_ADJUSTED,
        ADJUSTED_WIDE,
        WEEK,
    ),
    function("TIME_SERIES_MONTHLY", EQUITIES_MONTHLY, SHARES, MONTH),
    function(
        "TIME_SERIES_MONTHLY_ADJUSTED",
        EQUITIES_MONTHLY_ADJUSTED,
        ADJUSTED_WIDE,
        MONTH,
    ),
    function("DIGITAL_CURRENCY_WEEKLY", CRYPTO_WEEKLY, COINS, WEEK),
    function("DIGITAL_CURRENCY_MONTHLY", CRYPTO_MONTHLY, COINS, MONTH),
    function("FX_WEEKLY", FX_WEEKLY, CURRENCIES, WEEK),
    function("FX_MONTHLY", FX_MONTHLY, CURRENCIES, MONTH),
    function("OVERVIEW", OVERVIEW, COMPANY, (Step::Day, &["1d"])),
    // What the contract's own list asks for once a week.
    function(
        "OVERVIEW",
        OVERVIEW_WEEKLY,
        COMPANY,
        (Step::Week, &["spot", "1w"]),
    ),
];

/// Returns the function behind a dataset; none for the economy and the catalogue.
pub(crate) fn function_of(dataset: DatasetId) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|one| one.dataset == dataset)
}

/// The datasets of the economy, with the vendor's word for their interval.
pub(crate) const ECONOMY_DATASETS: [(DatasetId, &str, Step); 4] = [
    (MACRO_DAILY, "daily", Step::Day),
    (MACRO_WEEKLY, "weekly", Step::Week),
    (MACRO_MONTHLY, "monthly", Step::Month),
    (MACRO_QUARTERLY, "quarterly", Step::Quarter),
];

/// Returns the vendor's word for the interval of a dataset of the economy.
pub(crate) fn interval_of(dataset: DatasetId) -> Option<&'static str> {
    let known = ECONOMY_DATASETS.iter().find(|(id, ..)| *id == dataset);
    known.map(|(_, interval, _)| *interval)
}

const CATALOGUE: DatasetSpec = DatasetSpec {
    id: LISTING,
    role: Role::Catalogue,
    step: Step::Day,
    cadence_secs: 7 * DAY_SECS,
    lag_secs: 0,
    provisional_secs: 0,
    calendar: Calendar::Always,
    history: History::None,
    absence: Absence::Unknown,
    recheck_secs: DAY_SECS,
    live: Live::No,
    whole: false,
    rereads: &[],
    joins_secs: 0,
    max_body_bytes: 32 << 20,
    paths: &["/query"],
};

/// An answer that always brings all there is.
const WHOLE: DatasetSpec = DatasetSpec {
    role: Role::Series,
    cadence_secs: DAY_SECS,
    history: History::Full,
    whole: true,
    live: Live::Open { secs: EVER_SECS },
    joins_secs: EVER_SECS,
    ..CATALOGUE
};

/// An answer about now.
const SNAPSHOT: DatasetSpec = DatasetSpec {
    role: Role::Snapshot,
    step: Step::Hour,
    cadence_secs: HOUR_SECS,
    ..CATALOGUE
};

/// Returns the datasets, in the order of work: the few that a free key affords every day first, then
/// those that take what is left.
pub(crate) fn datasets(plan: Plan) -> Vec<DatasetSpec> {
    let few = FUNCTIONS.iter().take(2);
    let many = FUNCTIONS.iter().skip(2);
    let economy = ECONOMY_DATASETS.iter();
    few.map(|function| spec(function, plan))
        .chain(economy.map(|(id, _, step)| economy_spec(*id, *step)))
        .chain(many.map(|function| spec(function, plan)))
        .chain([CATALOGUE])
        .collect()
}

fn spec(function: &Function, plan: Plan) -> DatasetSpec {
    let id = function.dataset;
    let base = match id {
        EQUITIES_DAILY => closes(plan),
        QUOTE => DatasetSpec {
            live: Live::Open { secs: 5 * DAY_SECS },
            whole: false,
            history: History::PlanLimited,
            lag_secs: CLOSES_SECS,
            ..WHOLE
        },
        BULK_QUOTES | EXCHANGE_RATE => SNAPSHOT,
        OVERVIEW | OVERVIEW_WEEKLY => DatasetSpec {
            cadence_secs: DAY_SECS,
            ..SNAPSHOT
        },
        CRYPTO_INTRADAY | FX_INTRADAY | EQUITIES_INTRADAY => bars(id),
        // Re-based at each dividend and split: never final, so compared as a whole each day.
        EQUITIES_ADJUSTED => DatasetSpec {
            live: Live::No,
            lag_secs: CLOSES_SECS,
            ..WHOLE
        },
        CRYPTO_DAILY => DatasetSpec {
            lag_secs: REFRESH_SECS,
            ..WHOLE
        },
        FX_DAILY => DatasetSpec {
            live: compact(),
            whole: false,
            lag_secs: REFRESH_SECS,
            provisional_secs: 3 * DAY_SECS,
            ..WHOLE
        },
        EQUITIES_WEEKLY
        | EQUITIES_WEEKLY_ADJUSTED
        | EQUITIES_MONTHLY
        | EQUITIES_MONTHLY_ADJUSTED => DatasetSpec {
            live: Live::No,
            lag_secs: NEWER_SECS,
            ..WHOLE
        },
        _ => DatasetSpec {
            lag_secs: NEWER_SECS,
            ..WHOLE
        },
    };
    let trades_always = matches!(function.classes, [Class::Crypto, ..])
        || matches!(function.group, Group::Overview);
    DatasetSpec {
        id,
        step: function.step,
        calendar: match trades_always {
            true => Calendar::Always,
            false => Calendar::Exchange,
        },
        ..base
    }
}

/// The newest rows, of the series that lack any of them.
const fn compact() -> Live {
    Live::Open {
        secs: COMPACT_DAYS * DAY_SECS,
    }
}

/// A free key has a hundred rows and no more: each answer is compared as a whole, and the gap filler
/// asks, which leaves a fifth of the quota to the others. A paid one has all, but the newest rows do
/// each day.
fn closes(plan: Plan) -> DatasetSpec {
    let is_paid = plan.is_paid();
    DatasetSpec {
        live: if is_paid { compact() } else { Live::No },
        whole: !is_paid,
        history: match is_paid {
            true => History::Full,
            false => History::PlanLimited,
        },
        lag_secs: CLOSES_SECS,
        provisional_secs: 7 * DAY_SECS,
        ..WHOLE
    }
}

/// Bars of an hour: the newest hundred come at any rate. Coins and currencies trade at every tick;
/// shares are asked for where an hour is open.
fn bars(id: DatasetId) -> DatasetSpec {
    let (live, joins_secs) = match id {
        EQUITIES_INTRADAY => {
            let secs = COMPACT_SHARES_HOURS * HOUR_SECS;
            (Live::Open { secs }, 31 * DAY_SECS)
        }
        FX_INTRADAY => {
            let secs = COMPACT_HOURS * HOUR_SECS;
            (Live::Open { secs }, EVER_SECS)
        }
        _ => {
            let secs = COMPACT_HOURS * HOUR_SECS;
            (Live::Newest { secs }, EVER_SECS)
        }
    };
    DatasetSpec {
        cadence_secs: HOUR_SECS,
        lag_secs: BAR_SECS,
        provisional_secs: 3 * HOUR_SECS,
        live,
        whole: false,
        joins_secs,
        ..WHOLE
    }
}

/// Days and quarters are events: what a day lacks comes with the next day's answer, which is compared
/// as a whole. A week or month that is published late has to be asked for until it is there.
fn economy_spec(id: DatasetId, step: Step) -> DatasetSpec {
    DatasetSpec {
        id,
        step,
        calendar: match step {
            Step::Week | Step::Month => Calendar::Always,
            _ => Calendar::None,
        },
        lag_secs: REFRESH_SECS,
        ..WHOLE
    }
}

/// Returns class and name of an asset of ours: `equity` and `IBM`.
pub(crate) fn parts(key: &Key) -> Option<(Class, &str)> {
    let (class, name) = key.asset.as_str().split_once(':')?;
    let class = Class::ALL.into_iter().find(|one| one.as_str() == class)?;
    (!name.is_empty()).then_some((class, name))
}

/// Returns the series of the economy behind a key, with the maturity where it has one.
pub(crate) fn economy_of_key(key: &Key) -> Option<(&'static Economy, Option<&str>)> {
    let (class, name) = parts(key)?;
    let (function, maturity) = match name.split_once(':') {
        Some((function, maturity)) => (function, Some(maturity)),
        None => (name, None),
    };
    let economy = economy_of(function)?;
    let expected = match economy.is_commodity {
        true => Class::Commodity,
        false => Class::Macro,
    };
    (class == expected).then_some((economy, maturity))
}

/// Whether the dataset holds a series of ours.
pub(crate) fn serves(dataset: DatasetId, series: &SeriesKey) -> bool {
    let metric = series.metric.as_str();
    if series.source != SOURCE {
        return false;
    }
    if let Some(function) = function_of(dataset) {
        let class = parts(&series.key).map(|(class, _)| class);
        return series.step == function.step
            && class.is_some_and(|class| function.classes.contains(&class))
            && function.has(metric);
    }
    let known =
        (ECONOMY_DATASETS.iter()).find(|(id, _, step)| (*id, *step) == (dataset, series.step));
    known.is_some_and(|(_, interval, _)| {
        economy_of_key(&series.key).is_some_and(|(economy, _)| {
            economy.metric == metric && economy.intervals.contains(interval)
        })
    })
}

/// What a label names. Bars, days of trading and periods of the economy are named by their start.
pub(crate) fn stamp_of(series: &SeriesKey) -> Stamp {
    let instants = [BULK_QUOTES, EXCHANGE_RATE, OVERVIEW, OVERVIEW_WEEKLY];
    if instants.iter().any(|dataset| serves(*dataset, series)) {
        Stamp::Instant
    } else {
        Stamp::Bar
    }
}
