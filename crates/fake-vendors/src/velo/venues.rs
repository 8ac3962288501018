//! The venues that Velo covers: their market, since when, how much of an asset's turnover they have, and how they spell
//! what they trade.

use crate::instant::{DAY_MS, HOUR_MS, parse_day};

/// The three kinds of series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Market {
    Futures,
    Spot,
    Options,
}

impl Market {
    /// Reads the `type` of a question, which is also the path of the catalogue.
    pub(crate) fn named(text: &str) -> Option<Self> {
        match text {
            "futures" => Some(Self::Futures),
            "spot" => Some(Self::Spot),
            "options" => Some(Self::Options),
            _ => None,
        }
    }
}

/// One venue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Venue {
    pub(super) id: &'static str,
    pub(super) market: Market,
    /// First instant of data.
    pub(super) begins_ms: i64,
    /// Its part of an asset's turnover.
    pub(super) share: f64,
}

/// 2021-01-01, when most series begin.
const MOST_MS: i64 = 1_609_459_200_000;
/// 2024-06-11 20:00.
const HYPERLIQUID_MS: i64 = 1_718_136_000_000;
/// 2024-09-10; the contract names the month.
const LATE_SPOT_MS: i64 = 1_725_926_400_000;

const fn venue(id: &'static str, market: Market, begins_ms: i64, share: f64) -> Venue {
    Venue {
        id,
        market,
        begins_ms,
        share,
    }
}

const VENUES: [Venue; 12] = [
    venue("binance-futures", Market::Futures, MOST_MS, 1.2),
    venue("bybit", Market::Futures, MOST_MS, 0.5),
    venue("okex-swap", Market::Futures, MOST_MS, 0.45),
    venue("deribit", Market::Futures, MOST_MS, 0.06),
    venue("hyperliquid", Market::Futures, HYPERLIQUID_MS, 0.25),
    venue("binance-coin-margin", Market::Futures, MOST_MS, 0.08),
    venue("bybit-coin-margin", Market::Futures, MOST_MS, 0.02),
    venue("okex-coin-margin", Market::Futures, MOST_MS, 0.03),
    venue("binance", Market::Spot, 1_502_942_428_000, 0.25),
    venue("coinbase", Market::Spot, 1_417_411_980_000, 0.08),
    venue("bybit-spot", Market::Spot, LATE_SPOT_MS, 0.06),
    venue("okex", Market::Spot, LATE_SPOT_MS, 0.07),
];
/// A venue that came after this was written: futures, unless its name ends in `-spot`.
const UNKNOWN: Venue = venue("", Market::Futures, MOST_MS, 0.04);
const UNKNOWN_SPOT: Venue = venue("", Market::Spot, MOST_MS, 0.04);
const OPTIONS: Venue = venue("deribit", Market::Options, MOST_MS, 0.01);

impl Venue {
    /// Returns the venue of a product. Options are Deribit's, and their product is the coin itself.
    pub(super) fn of(exchange: &str, coin: &str, product: &str) -> Self {
        if exchange == OPTIONS.id && coin == product {
            return OPTIONS;
        }
        let found = VENUES.into_iter().find(|venue| venue.id == exchange);
        found.unwrap_or(match exchange.ends_with("-spot") {
            true => UNKNOWN_SPOT,
            false => UNKNOWN,
        })
    }
}

/// Returns how a venue usually spells a coin's perpetual or pair against the dollar.
pub(super) fn usual_product(exchange: &str, coin: &str) -> String {
    match exchange {
        "okex-swap" => format!("{coin}-USDT-SWAP"),
        "deribit" if matches!(coin, "BTC" | "ETH") => format!("{coin}-PERPETUAL"),
        "deribit" => format!("{coin}_USDC-PERPETUAL"),
        "hyperliquid" => match multiple(coin) {
            (1_000, base) => format!("k{base}-USD"),
            _ => format!("{coin}-USD"),
        },
        "binance-coin-margin" => format!("{coin}USD_PERP"),
        "bybit-coin-margin" => format!("{coin}USD"),
        "okex-coin-margin" => format!("{coin}-USD-SWAP"),
        "coinbase" => format!("{coin}-USD"),
        "okex" => format!("{coin}-USDT"),
        _ => format!("{coin}USDT"),
    }
}

/// Splits a ticker of a contract on many coins: `1000PEPE`, `kPEPE` and `1MBABYDOGE` into the number and the coin.
pub(super) fn multiple(ticker: &str) -> (i64, &str) {
    let is_coin = |rest: &&str| rest.starts_with(|letter: char| letter.is_ascii_uppercase());
    let prefixes = [
        ("1000000", 1_000_000),
        ("100000", 100_000),
        ("10000", 10_000),
        ("1000", 1_000),
        ("1M", 1_000_000),
        ("k", 1_000),
    ];
    let found = prefixes.into_iter().find_map(|(prefix, number)| {
        let base = ticker.strip_prefix(prefix).filter(is_coin)?;
        Some((number, base))
    });
    found.unwrap_or((1, ticker))
}

/// Returns first and last instant of a dated contract: `BTCUSD_210625`, `BTC-25SEP26`. They end at 08:00, and are traded
/// for 107 days, at Deribit for 360.
pub(super) fn term_ms(exchange: &str, product: &str) -> Option<(i64, i64)> {
    let day_ms = expiry_day_ms(product)?;
    let days = if exchange == "deribit" { 360 } else { 107 };
    Some((day_ms - days * DAY_MS, day_ms + 8 * HOUR_MS))
}

fn expiry_day_ms(product: &str) -> Option<i64> {
    let (_, last) = product.rsplit_once(['_', '-'])?;
    let (day, month, year) = match last.len() {
        6 if last.bytes().all(|byte| byte.is_ascii_digit()) => (
            last.get(4..6)?,
            last.get(2..4)?.parse().ok()?,
            last.get(..2)?,
        ),
        6 | 7 => {
            let (head, year) = last.split_at_checked(last.len() - 2)?;
            let (day, month) = head.split_at_checked(head.len() - 3)?;
            (day, month_number(month)?, year)
        }
        _ => return None,
    };
    let (day, month): (u32, u32) = (day.parse().ok()?, month);
    parse_day(&format!("20{year}-{month:02}-{day:02}"))
}

fn month_number(name: &str) -> Option<u32> {
    const NAMES: [&str; 12] = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ];
    (1..)
        .zip(NAMES)
        .find(|(_, one)| *one == name)
        .map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiples_are_told_from_names() {
        for (ticker, split) in [
            ("1000PEPE", (1_000, "PEPE")),
            ("1000000MOG", (1_000_000, "MOG")),
            ("1MBABYDOGE", (1_000_000, "BABYDOGE")),
            ("kSHIB", (1_000, "SHIB")),
            ("1INCH", (1, "1INCH")),
            ("888", (1, "888")),
            ("1000", (1, "1000")),
            ("BTC", (1, "BTC")),
        ] {
            assert_eq!(multiple(ticker), split);
        }
    }

    #[test]
    fn dated_contracts_live_as_the_samples_say() {
        let binance = term_ms("binance-futures", "BTCUSD_210625");
        assert_eq!(binance, Some((1_615_334_400_000, 1_624_608_000_000)));
        let deribit = term_ms("deribit", "BTC-25SEP26");
        assert_eq!(deribit, Some((1_759_190_400_000, 1_790_323_200_000)));
        assert!(term_ms("deribit", "ETH-5JUN26").is_some());
        for endless in [
            "BTCUSDT",
            "BTC-PERPETUAL",
            "BTC-USDT-SWAP",
            "BTCUSD_PERP",
            "BTC-USD",
            "BTC-99XXX99",
            "888",
        ] {
            assert_eq!(term_ms("deribit", endless), None, "{endless}");
        }
    }

    #[test]
    fn venues_spell_in_their_own_way() {
        for (exchange, coin, product) in [
            ("binance-futures", "1000PEPE", "1000PEPEUSDT"),
            ("binance-futures", "PEPE", "PEPEUSDT"),
            ("hyperliquid", "1000PEPE", "kPEPE-USD"),
            ("hyperliquid", "HYPE", "HYPE-USD"),
            ("okex-swap", "BTC", "BTC-USDT-SWAP"),
            ("deribit", "ETH", "ETH-PERPETUAL"),
            ("deribit", "SOL", "SOL_USDC-PERPETUAL"),
            ("coinbase", "BTC", "BTC-USD"),
            ("okex", "BTC", "BTC-USDT"),
            ("newcomer", "BTC", "BTCUSDT"),
        ] {
            assert_eq!(usual_product(exchange, coin), product);
        }
        assert_eq!(Venue::of("deribit", "BTC", "BTC").market, Market::Options);
        let perpetual = Venue::of("deribit", "BTC", "BTC-PERPETUAL");
        assert_eq!(perpetual.market, Market::Futures);
        assert_eq!(Venue::of("newcomer", "BTC", "X").market, Market::Futures);
    }
}
