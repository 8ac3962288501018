//! Commodities, economic series and indices: which there are, how often they come, who they are in the world.

use super::every::Every;
use crate::days::ymd;
use crate::entity::Entity;

/// What a series is.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) function: &'static str,
    /// Only of `TREASURY_YIELD`.
    maturity: &'static str,
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    /// Possible steps, the default first.
    pub(super) every: &'static [Every],
    level: f64,
    volatility: f64,
    pub(super) decimals: usize,
    since: i32,
    pub(super) lag_days: i64,
    pub(super) corrected: bool,
}

const fn series(
    function: &'static str,
    name: &'static str,
    unit: &'static str,
    every: &'static [Every],
    (level, volatility, decimals): (f64, f64, usize),
    (since, lag_days): (i32, i64),
) -> Series {
    Series {
        function,
        maturity: "",
        name,
        unit,
        every,
        level,
        volatility,
        decimals,
        since,
        lag_days,
        corrected: false,
    }
}

const fn treasury(maturity: &'static str, name: &'static str, level: f64) -> Series {
    Series {
        maturity,
        ..series(
            "TREASURY_YIELD",
            name,
            "percent",
            ENERGY,
            (level, 0.5, 2),
            (1962, 1),
        )
    }
}

const fn corrected(series: Series) -> Series {
    Series {
        corrected: true,
        ..series
    }
}

const ENERGY: &[Every] = &[Every::Month, Every::Day, Every::Week];
const GOODS: &[Every] = &[Every::Month, Every::Quarter, Every::Year];
const MONTHLY: &[Every] = &[Every::Month];
const TON: &str = "dollar per metric ton";
const CENTS: &str = "cents per pound";

const SERIES: [Series; 26] = [
    series(
        "WTI",
        "Crude Oil Prices WTI",
        "dollars per barrel",
        ENERGY,
        (70.0, 0.6, 2),
        (1986, 2),
    ),
    series(
        "BRENT",
        "Crude Oil Prices Brent",
        "dollars per barrel",
        ENERGY,
        (74.0, 0.6, 2),
        (1987, 2),
    ),
    series(
        "NATURAL_GAS",
        "Henry Hub Natural Gas Spot Price",
        "dollars per million BTU",
        ENERGY,
        (3.2, 0.8, 2),
        (1997, 2),
    ),
    series(
        "COPPER",
        "Global Price of Copper",
        TON,
        GOODS,
        (9_100.0, 0.5, 10),
        (1990, 12),
    ),
    series(
        "ALUMINUM",
        "Global Price of Aluminum",
        TON,
        GOODS,
        (2_400.0, 0.4, 10),
        (1990, 12),
    ),
    series(
        "WHEAT",
        "Global Price of Wheat",
        TON,
        GOODS,
        (210.0, 0.4, 10),
        (1990, 12),
    ),
    series(
        "CORN",
        "Global Price of Corn",
        TON,
        GOODS,
        (190.0, 0.4, 10),
        (1990, 12),
    ),
    series(
        "COTTON",
        "Global Price of Cotton",
        CENTS,
        GOODS,
        (85.0, 0.4, 10),
        (1990, 12),
    ),
    series(
        "SUGAR",
        "Global Price of Sugar, No. 11, World",
        CENTS,
        GOODS,
        (19.0, 0.5, 10),
        (1990, 12),
    ),
    series(
        "COFFEE",
        "Global Price of Coffee, Other Mild Arabica",
        CENTS,
        GOODS,
        (230.0, 0.5, 10),
        (1990, 12),
    ),
    series(
        "ALL_COMMODITIES",
        "Global Price Index of All Commodities",
        "index 2016=100",
        GOODS,
        (165.0, 0.4, 10),
        (1992, 12),
    ),
    treasury("10year", "10-Year Treasury Constant Maturity Rate", 4.2),
    treasury("3month", "3-Month Treasury Constant Maturity Rate", 4.4),
    treasury("2year", "2-Year Treasury Constant Maturity Rate", 3.9),
    treasury("5year", "5-Year Treasury Constant Maturity Rate", 4.0),
    treasury("7year", "7-Year Treasury Constant Maturity Rate", 4.1),
    treasury("30year", "30-Year Treasury Constant Maturity Rate", 4.7),
    series(
        "FEDERAL_FUNDS_RATE",
        "Effective Federal Funds Rate",
        "percent",
        ENERGY,
        (4.1, 0.6, 2),
        (1954, 1),
    ),
    series(
        "CPI",
        "Consumer Price Index for all Urban Consumers",
        "index 1982-1984=100",
        &[Every::Month, Every::HalfYear],
        (320.0, 0.03, 3),
        (1913, 13),
    ),
    corrected(series(
        "REAL_GDP",
        "Real Gross Domestic Product",
        "billions of dollars",
        &[Every::Year, Every::Quarter],
        (23_300.0, 0.1, 3),
        (1947, 30),
    )),
    corrected(series(
        "REAL_GDP_PER_CAPITA",
        "Real Gross Domestic Product per Capita",
        "chained 2012 dollars",
        &[Every::Quarter],
        (68_000.0, 0.1, 1),
        (1947, 30),
    )),
    series(
        "INFLATION",
        "Inflation - US Consumer Prices",
        "percent",
        &[Every::Year],
        (2.9, 0.5, 14),
        (1960, 180),
    ),
    corrected(series(
        "RETAIL_SALES",
        "Advance Retail Sales: Retail Trade",
        "millions of dollars",
        MONTHLY,
        (610_000.0, 0.1, 0),
        (1992, 16),
    )),
    corrected(series(
        "DURABLES",
        "Manufacturer New Orders: Durable Goods",
        "millions of dollars",
        MONTHLY,
        (290_000.0, 0.1, 0),
        (1992, 26),
    )),
    series(
        "UNEMPLOYMENT",
        "Unemployment Rate",
        "percent",
        MONTHLY,
        (4.2, 0.3, 1),
        (1948, 5),
    ),
    corrected(series(
        "NONFARM_PAYROLL",
        "Total Nonfarm Payroll",
        "thousands of persons",
        MONTHLY,
        (159_000.0, 0.02, 0),
        (1939, 5),
    )),
];

/// Indices: symbol, name, level.
pub(super) const INDICES: [(&str, &str, f64); 4] = [
    ("SPX", "S&P 500 Index", 6_100.0),
    ("NDX", "NASDAQ-100 Index", 22_000.0),
    ("DJI", "Dow Jones Industrial Average", 44_000.0),
    ("RUT", "Russell 2000 Index", 2_250.0),
];

/// Returns the name of a function that asks for one of these series.
pub(super) fn function(name: &str) -> Option<&'static str> {
    let found = SERIES.iter().find(|series| series.function == name);
    found.map(|series| series.function)
}

/// Returns the entity of a series by its function and maturity, or of an index.
pub(super) fn entity(code: &str, maturity: &str) -> Option<Entity> {
    if let Some((symbol, name, level)) = INDICES.iter().find(|(symbol, ..)| *symbol == code) {
        return Some(made(("index", symbol), name, 1970, *level, 0.25));
    }
    let series = find(code, maturity)?;
    let own = match series.maturity {
        "" => series.function.to_owned(),
        maturity => format!("{}/{maturity}", series.function),
    };
    let is_commodity =
        !matches!(series.unit, "percent") && series.since >= 1986 && !series.corrected;
    let kind = if is_commodity { "commodity" } else { "macro" };
    Some(made(
        (kind, &own),
        series.name,
        series.since,
        series.level,
        series.volatility,
    ))
}

fn made((kind, own): (&str, &str), name: &str, since: i32, level: f64, volatility: f64) -> Entity {
    Entity {
        name: name.to_owned(),
        kind: kind.to_owned(),
        coingecko_id: None,
        llama_coin: None,
        symbol: own.to_owned(),
        alphavantage: Some(own.to_owned()),
        listed_ms: ymd(since, 1, 1),
        price_usd: level,
        volatility,
        supply: None,
        max_supply: None,
        volume_24h_usd: None,
        ..Entity::invented(&format!("{kind}:{own}"))
    }
}

/// Finds a series; of several maturities the first where none is said.
pub(super) fn find(function: &str, maturity: &str) -> Option<&'static Series> {
    let fits = |series: &&Series| {
        series.function == function && (maturity.is_empty() || series.maturity == maturity)
    };
    SERIES.iter().find(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart() {
        let kind = |code: &str| entity(code, "").unwrap().kind;
        assert_eq!(
            (kind("WTI").as_str(), kind("ALL_COMMODITIES").as_str()),
            ("commodity", "commodity")
        );
        for code in [
            "TREASURY_YIELD",
            "CPI",
            "INFLATION",
            "RETAIL_SALES",
            "NONFARM_PAYROLL",
            "FEDERAL_FUNDS_RATE",
        ] {
            assert_eq!(kind(code), "macro", "{code}");
        }
        assert_eq!(kind("SPX"), "index");
        assert_eq!(
            entity("TREASURY_YIELD", "2year")
                .unwrap()
                .alphavantage
                .unwrap(),
            "TREASURY_YIELD/2year"
        );
        assert!(entity("GOLD", "").is_none());
    }
}
