//! What every source must hold.

use source::Source as _;
use source::conformance::{Case, PLANTED_SECRET, check, good};
use source_coingecko::{
    CHART_DAILY, CHART_HOURLY, COINS_LIST, CoinGecko, GLOBAL, GLOBAL_DAILY, KEY, MARKETS,
    OHLC_DAILY, OHLC_HOURLY, Plan, SUPPLY_DAILY, Settings,
};

use crate::{CHART, ask, at, body, range, vendor, want};

fn cases() -> Vec<Case> {
    let hour = range("2026-05-18T12:00:00Z", "2026-05-18T13:00:00Z");
    let market_hour = range("2026-05-27T10:00:00Z", "2026-05-27T11:00:00Z");
    let live = ["FDV", "MARKET_CAP", "PRICE"];
    vec![
        Case {
            name: "catalogue",
            ask: ask(COINS_LIST, "2026-05-18T12:50:00Z", vec![]),
            requests: 1,
            answers: vec![good(
                body!("coins_list/eight_coins.json"),
                at("2026-05-18T12:50:00Z"),
            )],
        },
        Case {
            name: "live, two quotes",
            ask: ask(
                MARKETS,
                "2026-05-18T12:50:00Z",
                vec![
                    want("bitcoin", "usd", &live, hour),
                    want("ethereum", "usd", &["CIRCULATING_SUPPLY", "FDV"], hour),
                    want("shiba-inu", "eur", &live, hour),
                    want("shiba-inu", "usd", &live, hour),
                ],
            ),
            requests: 2,
            // The first request is the one in euros.
            answers: vec![
                good(
                    body!("markets/three_coins.json"),
                    at("2026-05-18T12:50:00Z"),
                ),
                good(
                    body!("markets/three_coins.json"),
                    at("2026-05-18T12:50:00Z"),
                ),
            ],
        },
        Case {
            name: "two days of hours",
            ask: ask(
                CHART_HOURLY,
                "2026-05-20T12:00:00Z",
                vec![want(
                    "ethereum",
                    "usd",
                    &CHART,
                    range("2026-05-16", "2026-05-18"),
                )],
            ),
            requests: 1,
            answers: vec![good(
                body!("chart_hourly/two_days.json"),
                at("2026-05-20T12:00:00Z"),
            )],
        },
        Case {
            name: "hours of many coins over more than the plan",
            ask: ask(
                CHART_HOURLY,
                "2026-05-20T12:00:00Z",
                vec![
                    want("aave", "usd", &["PRICE"], range("2017-01-01", "2026-05-18")),
                    want("bitcoin", "eur", &CHART, range("2026-05-16", "2026-05-18")),
                    want("bitcoin", "usd", &CHART, range("2026-01-01", "2026-02-01")),
                    want(
                        "bitcoin",
                        "usd",
                        &["PRICE"],
                        range("2026-03-01", "2026-05-18"),
                    ),
                ],
            ),
            requests: 8,
            answers: vec![],
        },
        Case {
            name: "days",
            ask: ask(
                CHART_DAILY,
                "2026-05-20T12:46:00Z",
                vec![want(
                    "young",
                    "usd",
                    &CHART,
                    range("2026-01-01", "2026-05-20"),
                )],
            ),
            requests: 1,
            answers: vec![good(
                body!("chart_daily/listed_late_with_a_hole.json"),
                at("2026-05-20T12:46:40Z"),
            )],
        },
        Case {
            name: "the whole market, two quotes",
            ask: ask(
                GLOBAL,
                "2026-05-27T10:40:00Z",
                vec![
                    want("_global", "btc", &["GLOBAL_MARKET_CAP"], market_hour),
                    want("_global", "usd", &["BTC_DOMINANCE"], market_hour),
                ],
            ),
            requests: 1,
            answers: vec![good(
                body!("global/market.json"),
                at("2026-05-27T10:40:00Z"),
            )],
        },
    ]
}

/// Those of datasets that not every plan has.
fn cases_of_larger_plans(plan: Plan) -> Vec<Case> {
    let candle = ["CLOSE", "HIGH", "LOW", "OPEN"];
    let now = "2026-05-18T13:02:00Z";
    let is_basic = plan == Plan::Basic;
    let all = vec![
        Case {
            name: "candles by day",
            ask: ask(
                OHLC_DAILY,
                now,
                vec![
                    want("aave", "usd", &candle, range("2025-06-01", "2026-05-18")),
                    want("x", "eur", &["LOW"], range("2026-05-10", "2026-05-19")),
                ],
            ),
            // Basic has one span for all; elsewhere 351 days in three parts, and one more.
            requests: if is_basic { 2 } else { 4 },
            answers: vec![good(body!("ohlc_daily/ugly.json"), at(now))],
        },
        Case {
            name: "candles by hour",
            ask: ask(
                OHLC_HOURLY,
                now,
                vec![want(
                    "ethereum",
                    "usd",
                    &candle,
                    range("2026-03-20", "2026-05-18"),
                )],
            ),
            requests: if is_basic { 1 } else { 2 },
            answers: vec![good(body!("ohlc_hourly/two_days.json"), at(now))],
        },
        Case {
            name: "supplies",
            ask: ask(
                SUPPLY_DAILY,
                "2025-01-04T01:00:00Z",
                vec![want(
                    "bitcoin",
                    "eur",
                    &["CIRCULATING_SUPPLY", "TOTAL_SUPPLY"],
                    range("2024-12-01", "2025-01-04"),
                )],
            ),
            requests: 2,
            answers: vec![good(
                body!("supply_daily/three_days.json"),
                at("2025-01-04T01:00:00Z"),
            )],
        },
        Case {
            name: "the whole market by day",
            ask: ask(
                GLOBAL_DAILY,
                now,
                vec![want(
                    "_global",
                    "usd",
                    &["GLOBAL_MARKET_CAP", "GLOBAL_VOLUME_24H"],
                    range("2012-01-01", "2026-05-19"),
                )],
            ),
            requests: 1,
            answers: vec![good(
                body!("global_daily/seven_days_and_live.json"),
                at(now),
            )],
        },
        Case {
            name: "the vendor's own count",
            ask: ask(KEY, now, vec![]),
            requests: 1,
            answers: vec![good(body!("key/account.json"), at(now))],
        },
    ];
    let vendor = vendor(plan);
    all.into_iter()
        .filter(|case| vendor.dataset(case.ask.dataset).is_some())
        .collect()
}

#[test]
fn holds_on_the_demo_plan() {
    check(&vendor(Plan::Demo), &cases()).unwrap();
}

#[test]
fn holds_on_every_plan() {
    for plan in Plan::ALL {
        let settings = Settings {
            plan,
            base_url: Some(format!("http://user:{PLANTED_SECRET}@127.0.0.1:1/api/v3")),
            rpm: Some(1),
        };
        let mut cases = cases();
        cases.extend(cases_of_larger_plans(plan));
        for case in &mut cases {
            if case.name == "hours of many coins over more than the plan" {
                case.requests = match plan {
                    Plan::Keyless | Plan::Demo => 8,
                    Plan::Basic => 12,
                    // From 2018-01-30: 3030 days in 35 parts, and three more.
                    _ => 38,
                };
            }
        }
        check(&CoinGecko::new(settings), &cases)
            .unwrap_or_else(|failures| panic!("{plan}: {failures}"));
    }
}
