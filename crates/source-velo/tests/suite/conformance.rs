//! What every source must hold.

use source::Source as _;
use source::conformance::{Case, PLANTED_SECRET, check, good};
use source_velo::{CAPS, FUTURES, FUTURES_DELISTED, Plan, ROWS, Settings, Velo};

use crate::{CLOSE, DEFAULT, ask, at, body, live, range, vendor, want};

fn cases() -> Vec<Case> {
    let noon = "2026-07-13T10:00:00Z";
    let hour = range("2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z");
    let caps_hour = range("2026-07-08T12:00:00Z", "2026-07-08T13:00:00Z");
    vec![
        Case {
            name: "catalogue",
            ask: ask(FUTURES, noon, vec![]),
            requests: 1,
            answers: vec![good(body!("catalogue/futures.csv"), at(noon))],
        },
        Case {
            name: "catalogue of delisted products",
            ask: ask(FUTURES_DELISTED, noon, vec![]),
            requests: 1,
            answers: vec![good(body!("catalogue/futures_delisted.csv"), at(noon))],
        },
        Case {
            name: "two products",
            ask: ask(
                ROWS,
                noon,
                vec![
                    want("BTC BTCUSDT binance-futures", CLOSE, hour),
                    want("ETH ETHUSDT binance-futures", CLOSE, hour),
                ],
            ),
            requests: 1,
            answers: vec![good(body!("rows/two_products.csv"), at(noon))],
        },
        Case {
            name: "several exchanges and years",
            ask: ask(
                ROWS,
                noon,
                vec![
                    want(
                        "BTC BTCUSDT binance-futures",
                        DEFAULT,
                        range("2023-01-01", "2026-01-01"),
                    ),
                    want(
                        "BTC BTCUSDT bybit",
                        CLOSE,
                        range("2025-01-01", "2026-01-01"),
                    ),
                    want(
                        "BTC BTCUSDT bybit",
                        DEFAULT,
                        range("2026-02-01", "2026-02-03"),
                    ),
                ],
            ),
            requests: 14,
            answers: vec![],
        },
        Case {
            name: "caps",
            ask: live(
                CAPS,
                "2026-07-08T12:26:00Z",
                vec![
                    want("BTC", &["FDV", "MARKET_CAP"], caps_hour),
                    want("ETH", &["FDV", "MARKET_CAP"], caps_hour),
                ],
            ),
            requests: 1,
            answers: vec![good(
                body!("caps/two_coins.csv"),
                at("2026-07-08T12:26:00Z"),
            )],
        },
    ]
}

#[test]
fn holds_on_every_plan() {
    for plan in [Plan::Annual, Plan::Monthly] {
        let vendor = Velo::new(Settings {
            plan,
            base_url: Some(format!("http://127.0.0.1:1/{PLANTED_SECRET}")),
            rpm: None,
        });
        // Three months hold less: the counts are those of the other plan.
        let cases: Vec<Case> = match plan {
            Plan::Annual => cases(),
            Plan::Monthly => cases()
                .into_iter()
                .filter(|case| case.requests == 1 && case.ask.dataset != ROWS)
                .collect(),
        };
        check(&vendor, &cases).unwrap();
    }
    assert_eq!(vendor(Plan::Annual).id().as_str(), "velo");
}
