//! The functions that are served, and who may call them.

/// What the answer to a function needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    Free,
    Premium,
    /// A premium plan with US market data.
    Realtime,
}

/// How long one row of a series is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Day,
    Week,
    Month,
}

/// What `function` names. Statements, technical indicators, news and options are not played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// Shares: period, with adjusted closes.
    Shares(Period, bool),
    SharesIntraday,
    Fx(Period),
    FxIntraday,
    Digital(Period),
    CryptoIntraday,
    GlobalQuote,
    BulkQuotes,
    ExchangeRate,
    Search,
    ListingStatus,
    EarningsCalendar,
    IpoCalendar,
    MarketStatus,
    Overview,
    Dividends,
    Splits,
    IndexData,
    IndexCatalog,
    /// A commodity or an economic series, as `catalogue` has it.
    Economy(&'static str),
}

/// Every function but those of `catalogue`.
const NAMES: [(&str, Function, Gate); 28] = {
    use Function as F;
    use Gate::{Free, Premium, Realtime};
    use Period::{Day, Month, Week};
    [
        ("TIME_SERIES_INTRADAY", F::SharesIntraday, Premium),
        ("TIME_SERIES_DAILY", F::Shares(Day, false), Free),
        ("TIME_SERIES_DAILY_ADJUSTED", F::Shares(Day, true), Premium),
        ("TIME_SERIES_WEEKLY", F::Shares(Week, false), Free),
        ("TIME_SERIES_WEEKLY_ADJUSTED", F::Shares(Week, true), Free),
        ("TIME_SERIES_MONTHLY", F::Shares(Month, false), Free),
        ("TIME_SERIES_MONTHLY_ADJUSTED", F::Shares(Month, true), Free),
        ("FX_INTRADAY", F::FxIntraday, Premium),
        ("FX_DAILY", F::Fx(Day), Free),
        ("FX_WEEKLY", F::Fx(Week), Free),
        ("FX_MONTHLY", F::Fx(Month), Free),
        ("CRYPTO_INTRADAY", F::CryptoIntraday, Premium),
        ("DIGITAL_CURRENCY_DAILY", F::Digital(Day), Free),
        ("DIGITAL_CURRENCY_WEEKLY", F::Digital(Week), Free),
        ("DIGITAL_CURRENCY_MONTHLY", F::Digital(Month), Free),
        ("GLOBAL_QUOTE", F::GlobalQuote, Free),
        ("REALTIME_BULK_QUOTES", F::BulkQuotes, Realtime),
        ("CURRENCY_EXCHANGE_RATE", F::ExchangeRate, Free),
        ("SYMBOL_SEARCH", F::Search, Free),
        ("LISTING_STATUS", F::ListingStatus, Free),
        ("EARNINGS_CALENDAR", F::EarningsCalendar, Free),
        ("IPO_CALENDAR", F::IpoCalendar, Free),
        ("MARKET_STATUS", F::MarketStatus, Free),
        ("OVERVIEW", F::Overview, Free),
        ("DIVIDENDS", F::Dividends, Free),
        ("SPLITS", F::Splits, Free),
        ("INDEX_DATA", F::IndexData, Premium),
        ("INDEX_CATALOG", F::IndexCatalog, Free),
    ]
};

impl Function {
    /// Reads a function's name. Whether lower case is understood is not established; here it is not.
    pub(super) fn named(name: &str) -> Option<(Self, &'static str, Gate)> {
        let found = NAMES.iter().find(|(known, ..)| *known == name);
        if let Some((known, function, gate)) = found {
            return Some((*function, known, *gate));
        }
        let name = super::catalogue::function(name)?;
        Some((Self::Economy(name), name, Gate::Free))
    }

    /// Returns the header of a function that has no JSON.
    pub(super) fn csv_only(self) -> Option<&'static str> {
        match self {
            Self::ListingStatus => {
                Some("symbol,name,exchange,assetType,ipoDate,delistingDate,status")
            }
            Self::EarningsCalendar => {
                Some("symbol,name,reportDate,fiscalDateEnding,estimate,currency,timeOfTheDay")
            }
            Self::IpoCalendar => {
                Some("symbol,name,ipoDate,priceRangeLow,priceRangeHigh,currency,exchange")
            }
            _ => None,
        }
    }

    /// Tells whether `entitlement` means something: US shares alone.
    pub(super) fn takes_entitlement(self) -> bool {
        matches!(
            self,
            Self::Shares(..) | Self::SharesIntraday | Self::GlobalQuote | Self::BulkQuotes
        )
    }
}
