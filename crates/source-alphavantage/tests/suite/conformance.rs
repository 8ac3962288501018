//! What every source must hold.

use source::conformance::{Case, PLANTED_SECRET, check, good};
use source_alphavantage::{
    AlphaVantage, BULK_QUOTES, CRYPTO_DAILY, EQUITIES_DAILY, EQUITIES_INTRADAY, EQUITIES_WEEKLY,
    LISTING, MACRO_DAILY, OVERVIEW, Plan, QUOTE, Settings,
};

use crate::{BARS, CLOSE, COINS, ask, at, body, range, want};

const MORNING: &str = "2026-08-13T06:03:00Z";

fn case(name: &'static str, of: source::Ask, body: &'static [u8], now: &str) -> Case {
    Case {
        name,
        ask: of,
        requests: 1,
        answers: vec![good(body, at(now))],
    }
}

fn cases() -> Vec<Case> {
    let now = "2024-10-31T00:03:00Z";
    let hour = range("2024-10-31T00:00:00Z", "2024-10-31T01:00:00Z");
    let shares = ["equity:AAPL", "equity:MSTR", "equity:TSLA"];
    let quotes = shares.map(|share| want(share, &["PRICE"], hour)).to_vec();
    let two = ["equity:COIN", "equity:IBM"];
    let two = two.map(|share| want(share, BARS, range("2026-04-01", "2026-08-13")));
    vec![
        case(
            "closes",
            ask(
                EQUITIES_DAILY,
                MORNING,
                vec![want("equity:IBM", BARS, range("2026-03-30", "2026-08-13"))],
            ),
            body!("bars/daily_compact.json"),
            MORNING,
        ),
        Case {
            name: "two shares",
            ask: ask(EQUITIES_DAILY, MORNING, two.to_vec()),
            requests: 2,
            answers: vec![],
        },
        case(
            "weeks",
            ask(
                EQUITIES_WEEKLY,
                MORNING,
                vec![want("equity:IBM", CLOSE, range("2026-01-05", "2026-08-10"))],
            ),
            body!("bars/weekly_partial.json"),
            MORNING,
        ),
        case(
            "a coin",
            ask(
                CRYPTO_DAILY,
                "2026-06-10T01:03:00Z",
                vec![want(
                    "crypto:BTC eur",
                    COINS,
                    range("2025-06-01", "2026-06-10"),
                )],
            ),
            body!("bars/crypto_daily_stub.json"),
            "2026-06-10T01:03:00Z",
        ),
        Case {
            name: "hours of two months",
            ask: ask(
                EQUITIES_INTRADAY,
                MORNING,
                vec![want(
                    "equity:SPY",
                    CLOSE,
                    range("2024-04-20T00:00:00Z", "2024-05-20T00:00:00Z"),
                )],
            ),
            requests: 2,
            answers: vec![good(body!("bars/intraday_shares.json"), at(MORNING))],
        },
        case(
            "a yield",
            ask(
                MACRO_DAILY,
                MORNING,
                vec![want(
                    "macro:TREASURY_YIELD:10year",
                    &["YIELD"],
                    range("2023-08-13", "2026-08-13"),
                )],
            ),
            body!("economy/treasury_yield.json"),
            MORNING,
        ),
        case(
            "a quote",
            ask(
                QUOTE,
                MORNING,
                vec![want(
                    "equity:IBM",
                    &["PRICE"],
                    range("2026-08-12", "2026-08-13"),
                )],
            ),
            body!("now/quote.json"),
            MORNING,
        ),
        case(
            "a company",
            ask(
                OVERVIEW,
                MORNING,
                vec![want(
                    "equity:IBM",
                    &["MARKET_CAP"],
                    range("2026-08-13", "2026-08-14"),
                )],
            ),
            body!("now/overview.json"),
            MORNING,
        ),
        case(
            "quotes",
            ask(BULK_QUOTES, now, quotes),
            body!("bulk/three_shares.json"),
            now,
        ),
        case(
            "catalogue",
            ask(LISTING, MORNING, vec![]),
            body!("listing/active.csv"),
            MORNING,
        ),
    ]
}

#[test]
fn holds_on_every_plan() {
    for plan in Plan::ALL {
        let vendor = AlphaVantage::new(Settings {
            plan,
            base_url: Some(format!("http://127.0.0.1:1/{PLANTED_SECRET}")),
            rpm: None,
        });
        check(&vendor, &cases()).unwrap();
    }
}
