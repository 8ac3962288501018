//! What every source must hold.

use source::Source as _;
use source::conformance::{Case, PLANTED_SECRET, check, good};
use source_artemis::{Artemis, FINANCIALS_QUARTERLY, METRICS_DAILY, Plan, SYMBOLS, Settings};

use crate::{ask, at, body, live, range, want};

const NOW: &str = "2026-05-18T12:10:00Z";

fn cases() -> Vec<Case> {
    let five = range("2024-01-01", "2024-01-06");
    let eight = range("2026-01-01", "2026-01-09");
    let financials = [
        "BASIC_EPS",
        "DILUTED_EPS",
        "EBITDA",
        "FREE_CASH_FLOW",
        "NET_INCOME",
        "OPERATING_INCOME",
        "TOTAL_REVENUE",
    ];
    vec![
        Case {
            name: "catalogue",
            ask: ask(SYMBOLS, NOW, vec![]),
            requests: 1,
            answers: vec![good(body!("symbols/contract.json"), at(NOW))],
        },
        Case {
            name: "two symbols",
            ask: ask(
                METRICS_DAILY,
                NOW,
                vec![
                    want("btc", &["MC", "PRICE"], five),
                    want("eth", &["MC", "PRICE"], five),
                ],
            ),
            requests: 1,
            answers: vec![good(body!("metrics_daily/history.json"), at(NOW))],
        },
        Case {
            name: "messages beside points",
            ask: ask(
                METRICS_DAILY,
                NOW,
                ["btc", "hype", "mev"]
                    .map(|symbol| {
                        let metrics = ["NO_SUCH_METRIC", "PERP_VOLUME", "PRICE"];
                        want(symbol, &metrics, range("2024-01-01", "2024-01-03"))
                    })
                    .into(),
            ),
            requests: 1,
            answers: vec![good(body!("metrics_daily/mixed_messages.json"), at(NOW))],
        },
        Case {
            name: "shares",
            ask: ask(
                METRICS_DAILY,
                "2026-01-09T06:05:00Z",
                vec![
                    want("eq-nvda", &["PRICE"], eight),
                    want("eq-meta", &["PRICE"], eight),
                ],
            ),
            requests: 1,
            answers: vec![good(
                body!("metrics_daily/equity_price.json"),
                at("2026-01-09T06:05:00Z"),
            )],
        },
        Case {
            name: "a tick",
            ask: live(
                METRICS_DAILY,
                "2024-01-05T06:05:00Z",
                vec![
                    want("btc", &["MC", "PRICE"], five),
                    want("eth", &["MC", "PRICE"], five),
                ],
            ),
            requests: 1,
            answers: vec![good(
                body!("metrics_daily/history.json"),
                at("2024-01-05T06:05:00Z"),
            )],
        },
        Case {
            name: "years",
            ask: ask(
                METRICS_DAILY,
                NOW,
                vec![
                    want("btc", &["DAU", "FEES"], range("2023-01-01", "2026-05-18")),
                    want("eth", &["DAU", "FEES"], range("2023-01-01", "2026-05-18")),
                ],
            ),
            requests: 4,
            answers: vec![],
        },
        Case {
            name: "quarters",
            ask: ask(
                FINANCIALS_QUARTERLY,
                NOW,
                vec![want(
                    "eq-nvda",
                    &financials,
                    range("2024-04-01", "2025-03-01"),
                )],
            ),
            requests: 1,
            answers: vec![good(body!("financials_quarterly/eq_nvda.json"), at(NOW))],
        },
    ]
}

#[test]
fn holds() {
    let vendor = Artemis::new(Settings {
        plan: Plan::Enterprise,
        base_url: Some(format!("http://127.0.0.1:1/{PLANTED_SECRET}")),
        rpm: None,
    });
    check(&vendor, &cases()).unwrap();
    assert_eq!(vendor.id().as_str(), "artemis");
}
