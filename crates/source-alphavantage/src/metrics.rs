//! The one table of metrics: contract section 5.
//!
//! A metric that is added here is planned, parsed and accepted in the CSV without another change.

/// Answers whose values have the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Group {
    /// Bars of a share: prices as traded, and shares.
    Shares,
    /// What only adjusted bars of a day have. Their raw prices are those of [`Group::Shares`].
    Adjusted,
    /// What only adjusted bars of a week or month have.
    AdjustedWide,
    /// Bars of a coin.
    Coins,
    /// Bars of a currency: without volume.
    Currencies,
    /// The quote of one share.
    Quote,
    /// A row of the quotes of many.
    Bulk,
    /// A rate of exchange.
    Rate,
    /// What a company says of itself.
    Overview,
}

/// Which values are values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Valid {
    /// Every number.
    Any,
    /// Prices: above zero.
    Positive,
    /// Volumes, caps: zero or more.
    NotNegative,
}

impl Valid {
    /// Says why a number is no value, if it is none.
    pub(crate) fn refuses(self, value: f64) -> Option<&'static str> {
        match self {
            Self::Positive if value <= 0.0 => Some("not_positive"),
            Self::NotNegative if value < 0.0 => Some("negative"),
            _ => None,
        }
    }
}

/// One metric: its stored name and where its values stand.
#[derive(Debug)]
pub(crate) struct Metric {
    /// The stored name.
    pub(crate) name: &'static str,
    /// The vendor's name of the field, without the number before it.
    pub(crate) field: &'static str,
    /// In which answers.
    pub(crate) groups: &'static [Group],
    /// Whether a row of the CSV that names no metrics has it.
    pub(crate) default: bool,
    /// Which values are values.
    pub(crate) valid: Valid,
    /// Whether it is money of the whole company, in the currency of its reports.
    pub(crate) is_reported: bool,
}

use Group::{Adjusted, AdjustedWide, Bulk, Coins, Currencies, Overview, Quote, Rate, Shares};
use Valid::{Any, NotNegative, Positive};

const BARS: &[Group] = &[Shares, Coins, Currencies];
const ADJUSTED: &[Group] = &[Adjusted, AdjustedWide];

const fn new(
    name: &'static str,
    field: &'static str,
    groups: &'static [Group],
    valid: Valid,
) -> Metric {
    Metric {
        name,
        field,
        groups,
        default: false,
        valid,
        is_reported: false,
    }
}

const fn overview(name: &'static str, field: &'static str, valid: Valid) -> Metric {
    new(name, field, &[Overview], valid)
}

impl Metric {
    const fn by_default(self) -> Self {
        Self {
            default: true,
            ..self
        }
    }

    const fn reported(self) -> Self {
        Self {
            is_reported: true,
            ..self
        }
    }
}

/// Every metric but those of [`ECONOMY`].
pub(crate) const METRICS: &[Metric] = &[
    new("OPEN", "open", BARS, Positive).by_default(),
    new("HIGH", "high", BARS, Positive).by_default(),
    new("LOW", "low", BARS, Positive).by_default(),
    new("CLOSE", "close", BARS, Positive).by_default(),
    new("VOLUME", "volume", &[Shares], NotNegative).by_default(),
    new("VOLUME_COIN", "volume", &[Coins], NotNegative).by_default(),
    new("PRICE_ADJ", "adjusted close", ADJUSTED, Positive).by_default(),
    new("DIVIDEND", "dividend amount", ADJUSTED, NotNegative).by_default(),
    new("SPLIT_RATIO", "split coefficient", &[Adjusted], Positive).by_default(),
    new("PRICE", "price", &[Quote], Positive).by_default(),
    new("PREV_CLOSE", "previous close", &[Quote], Positive),
    new("PRICE_CHANGE", "change", &[Quote], Any),
    new("PRICE_CHANGE_PCT", "change percent", &[Quote], Any),
    new("PRICE", "close", &[Bulk], Positive).by_default(),
    new("PREV_CLOSE", "previous_close", &[Bulk], Positive),
    new("PRICE_CHANGE", "change", &[Bulk], Any),
    new("PRICE_CHANGE_PCT", "change_percent", &[Bulk], Any),
    new("PRICE_EXT_HOURS", "extended_hours_quote", &[Bulk], Positive),
    new("PRICE", "exchange rate", &[Rate], Positive).by_default(),
    new("BID", "bid price", &[Rate], Positive),
    new("ASK", "ask price", &[Rate], Positive),
    overview("MARKET_CAP", "MarketCapitalization", NotNegative)
        .by_default()
        .reported(),
    overview("SHARES_OUTSTANDING", "SharesOutstanding", NotNegative).by_default(),
    overview("REVENUE_TTM", "RevenueTTM", Any).reported(),
    overview("EBITDA", "EBITDA", Any).reported(),
    overview("EPS", "EPS", Any),
    overview("PE_RATIO", "PERatio", Any),
    overview("DIVIDEND_YIELD", "DividendYield", NotNegative),
    overview("BETA", "Beta", Any),
    overview("HIGH_52W", "52WeekHigh", Positive),
    overview("LOW_52W", "52WeekLow", Positive),
];

/// Returns the metrics of a group.
pub(crate) fn metrics_of(group: Group) -> impl Iterator<Item = &'static Metric> {
    METRICS
        .iter()
        .filter(move |metric| metric.groups.contains(&group))
}

/// One series of commodities or the economy: the function is the asset, and its values have one metric.
#[derive(Debug)]
pub(crate) struct Economy {
    /// The vendor's function.
    pub(crate) function: &'static str,
    /// The stored name.
    pub(crate) metric: &'static str,
    /// Whether it is a commodity.
    pub(crate) is_commodity: bool,
    /// The intervals that we can hold, as the vendor writes them. A vendor's year or half year is no
    /// step of ours.
    pub(crate) intervals: &'static [&'static str],
    /// Whether the interval is a parameter. If not there is but one.
    pub(crate) asks_interval: bool,
    /// What an answer's `unit` has to say, in one of these words; none: anything.
    pub(crate) unit: &'static [&'static str],
}

const QUOTED: &[&str] = &["daily", "weekly", "monthly"];
const SURVEYED: &[&str] = &["monthly", "quarterly"];
const MONTHLY: &[&str] = &["monthly"];
const QUARTERLY: &[&str] = &["quarterly"];
const PERCENT: &[&str] = &["percent", "%"];

const fn economy(
    function: &'static str,
    metric: &'static str,
    intervals: &'static [&'static str],
    unit: &'static [&'static str],
) -> Economy {
    Economy {
        function,
        metric,
        is_commodity: false,
        intervals,
        asks_interval: true,
        unit,
    }
}

const fn published(
    function: &'static str,
    metric: &'static str,
    intervals: &'static [&'static str],
    unit: &'static [&'static str],
) -> Economy {
    Economy {
        asks_interval: false,
        ..economy(function, metric, intervals, unit)
    }
}

const fn commodity(function: &'static str, intervals: &'static [&'static str]) -> Economy {
    Economy {
        is_commodity: true,
        ..economy(function, "PRICE", intervals, &[])
    }
}

/// Every series of commodities and the economy. Those without a canonical name keep the function's.
pub(crate) const ECONOMY: &[Economy] = &[
    economy("TREASURY_YIELD", "YIELD", QUOTED, PERCENT),
    economy("FEDERAL_FUNDS_RATE", "INTEREST_RATE", QUOTED, PERCENT),
    economy("CPI", "CPI", MONTHLY, &["index"]),
    published("UNEMPLOYMENT", "UNEMPLOYMENT_RATE", MONTHLY, PERCENT),
    published("NONFARM_PAYROLL", "NONFARM_PAYROLL", MONTHLY, &["thousand"]),
    economy("REAL_GDP", "REAL_GDP", QUARTERLY, &["billion"]),
    published("REAL_GDP_PER_CAPITA", "REAL_GDP_PER_CAPITA", QUARTERLY, &[]),
    published("RETAIL_SALES", "RETAIL_SALES", MONTHLY, &[]),
    published("DURABLES", "DURABLES", MONTHLY, &[]),
    commodity("WTI", QUOTED),
    commodity("BRENT", QUOTED),
    commodity("NATURAL_GAS", QUOTED),
    commodity("COPPER", SURVEYED),
    commodity("ALUMINUM", SURVEYED),
    commodity("WHEAT", SURVEYED),
    commodity("CORN", SURVEYED),
    commodity("COTTON", SURVEYED),
    commodity("SUGAR", SURVEYED),
    commodity("COFFEE", SURVEYED),
    Economy {
        metric: "ALL_COMMODITIES",
        ..commodity("ALL_COMMODITIES", SURVEYED)
    },
];

/// Returns the series of a function.
pub(crate) fn economy_of(function: &str) -> Option<&'static Economy> {
    ECONOMY.iter().find(|economy| economy.function == function)
}

/// The maturities of a treasury yield.
pub(crate) const MATURITIES: [&str; 6] = ["3month", "2year", "5year", "7year", "10year", "30year"];
