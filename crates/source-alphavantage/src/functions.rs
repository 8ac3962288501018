//! The vendor's functions, the datasets that they fill, and what they are about: contract sections 2
//! and 3.

use model::{DatasetId, Key, Step};

use crate::{
    datasets::{
        BULK_QUOTES, CRYPTO_DAILY, CRYPTO_INTRADAY, CRYPTO_MONTHLY, CRYPTO_WEEKLY,
        EQUITIES_ADJUSTED, EQUITIES_DAILY, EQUITIES_INTRADAY, EQUITIES_MONTHLY,
        EQUITIES_MONTHLY_ADJUSTED, EQUITIES_WEEKLY, EQUITIES_WEEKLY_ADJUSTED, EXCHANGE_RATE,
        FX_DAILY, FX_INTRADAY, FX_MONTHLY, FX_WEEKLY, MACRO_DAILY, MACRO_MONTHLY, MACRO_QUARTERLY,
        MACRO_WEEKLY, OVERVIEW, OVERVIEW_WEEKLY, QUOTE,
    },
    metrics::{Economy, Group, economy_of, metrics_of},
};

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

/// Those that an hour or a day has few of: they are asked first. No two datasets of one step hold one
/// metric of a class, here and in [`MANY`]: a series is asked for once.
pub(crate) const FEW: &[Function] = &[
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
    function("DIGITAL_CURRENCY_DAILY", CRYPTO_DAILY, COINS, DAY),
    function("DIGITAL_CURRENCY_WEEKLY", CRYPTO_WEEKLY, COINS, WEEK),
    function("DIGITAL_CURRENCY_MONTHLY", CRYPTO_MONTHLY, COINS, MONTH),
    function("FX_DAILY", FX_DAILY, CURRENCIES, DAY),
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

/// Those that take what the few leave.
pub(crate) const MANY: &[Function] = &[
    function("CRYPTO_INTRADAY", CRYPTO_INTRADAY, COINS, HOUR).premium(),
    function("FX_INTRADAY", FX_INTRADAY, CURRENCIES, HOUR).premium(),
    function("TIME_SERIES_INTRADAY", EQUITIES_INTRADAY, SHARES, HOUR).premium(),
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
];

/// Returns every function but those of the economy.
pub(crate) fn functions() -> impl Iterator<Item = &'static Function> {
    FEW.iter().chain(MANY)
}

/// Returns the function behind a dataset; none for the economy and the catalogue.
pub(crate) fn function_of(dataset: DatasetId) -> Option<&'static Function> {
    functions().find(|one| one.dataset == dataset)
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
