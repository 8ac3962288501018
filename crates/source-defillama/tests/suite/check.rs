//! Every error answer of the contract, and some that are none of its.

use http::{HeaderValue, header::RETRY_AFTER};
use serde::Deserialize;
use source::{Outcome, Reply, ReplyError, RequestSpec, Source as _};
use source_defillama::{DIMENSIONS_DAILY, Plan, STABLECOINS_DAILY, TVL_DAILY};

use crate::{ask, body, configured, outcomes, plan, range, read, reply_with, vendor, want};

const NOW: &str = "2026-03-09T03:25:00Z";

#[derive(Deserialize)]
struct Sample {
    case: String,
    request: String,
    status: u16,
    headers: std::collections::BTreeMap<String, String>,
    body: String,
}

fn request(path: &str) -> RequestSpec {
    vendor(Plan::Pro).recognise(None, path, &[]).unwrap()
}

fn answer(status: u16, body: &str) -> Reply {
    reply_with(status, body.as_bytes(), NOW)
}

/// Checks and reads, as the executor does: `ok` where it is an answer.
fn class(path: &str, status: u16, body: &str) -> &'static str {
    match read(&vendor(Plan::Pro), &request(path), &answer(status, body)) {
        Ok(_) => "ok",
        Err(error) => error.class(),
    }
}

const TVL: &str = "/protocol/aave";
const FEES: &str = "/summary/fees/aave?dataType=dailyFees";
const SMALL: &str = "/v2/chart/fees/protocol/aave?dataType=dailyFees";
const SMALL_TVL: &str = "/v2/chart/tvl/protocol/aave";
const STAKING: &str = "/v2/chart/tvl/protocol/aave?key=staking";
const CHAIN: &str = "/v2/historicalChainTvl/Base";
const CHAIN_FEES: &str = "/overview/fees/Base?dataType=dailyFees";
const SUPPLY: &str = "/stablecoincharts/all?stablecoin=1";
const POOL: &str = "/chart/747c1d2a-c668-4682-b9f9-296708a3dd90";
const PRICES: &str = "/chart/coingecko:bitcoin?start=1767225600&span=5&period=1h";
const LIST: &str = "/protocols";
const ALL: [&str; 11] = [
    TVL, FEES, SMALL, SMALL_TVL, STAKING, CHAIN, CHAIN_FEES, SUPPLY, POOL, PRICES, LIST,
];

/// The request of a sample, as ours would have been.
fn of_sample(text: &str) -> String {
    let path = text.trim_start_matches("GET ").split(' ').next().unwrap();
    match path {
        "any" => LIST.to_owned(),
        "/prices/current/…" => PRICES.to_owned(),
        // Ours would not be recognised: the vendor's word to them is what counts.
        path if path.contains("dataType=nope") => "/overview/fees?dataType=dailyFees".to_owned(),
        path if path.starts_with("/chart/coingecko") => PRICES.to_owned(),
        "/overview/derivatives" => "/overview/derivatives?dataType=dailyVolume".to_owned(),
        path => path.to_owned(),
    }
}

#[test]
fn every_sample_is_sorted_as_the_contract_says() {
    let samples: Vec<Sample> = serde_json::from_slice(body!("errors/all.json")).unwrap();
    let told: Vec<String> = samples
        .iter()
        .map(|sample| {
            let request = request(&of_sample(&sample.request));
            let mut reply = answer(sample.status, &sample.body);
            if let Some(wait) = sample.headers.get("retry-after") {
                let wait = HeaderValue::from_str(wait).unwrap();
                reply.headers.insert(RETRY_AFTER, wait);
            }
            match read(&vendor(Plan::Pro), &request, &reply) {
                Ok((record, _)) => format!("{}: an answer: {:?}", sample.case, record.outcomes),
                Err(error) => {
                    let wait = match &error {
                        ReplyError::Throttled { retry_after, .. } => format!(" {retry_after:?}"),
                        _ => String::new(),
                    };
                    format!("{}: {} | {error}{wait}", sample.case, error.class())
                }
            }
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

/// The rest of the table of section 4, and what each dataset makes of it.
#[test]
fn the_table_of_the_contract() {
    let wrapped = r#"{"statusCode":400,"body":"\"Protocol is not in our database\"","headers":{}}"#;
    let paid = "Upgrade to the paid API plan at https://defillama.com/subscription";
    for (path, status, body, expected) in [
        (TVL, 400, "Protocol not found", "not_found"),
        (
            TVL,
            404,
            "{\"message\":\"Protocol not found\"}",
            "not_found",
        ),
        (TVL, 200, wrapped, "not_found"),
        (
            CHAIN,
            404,
            "There is no chain with that name: Base",
            "not_found",
        ),
        (CHAIN, 404, "", "not_found"),
        (POOL, 400, "\"invalid configID!\"", "not_found"),
        (
            POOL,
            200,
            "{\"status\":\"success\",\"data\":[]}",
            "not_found",
        ),
        (SUPPLY, 404, "Invalid request", "not_found"),
        (SUPPLY, 404, "<html>nginx</html>", "not_found"),
        (SMALL_TVL, 404, "Data not found", "not_found"),
        (
            "/stablecoincharts/Base",
            404,
            "<html>nginx</html>",
            "rejected",
        ),
        // Of one coin or chain only: the market's chart is not gone.
        ("/stablecoincharts/all", 404, "Invalid request", "transient"),
        ("/v2/chains", 404, "Data not found", "transient"),
        (CHAIN_FEES, 500, "Internal server error", "rejected"),
        (FEES, 500, "Internal Error", "rejected"),
        (FEES, 500, "Internal server error", "transient"),
        (
            PRICES,
            400,
            "{\"message\":\"span is not an uint\"}",
            "rejected",
        ),
        (
            PRICES,
            400,
            "{\"message\":\"no coins queried\"}",
            "rejected",
        ),
        (
            PRICES,
            502,
            "{\"message\":\"Internal server error\"}",
            "transient",
        ),
        (
            PRICES,
            414,
            "<html>Request-URI Too Large</html>",
            "too_much",
        ),
        (LIST, 401, "{\"error\":\"Unauthorized\"}", "unauthorized"),
        (LIST, 403, "Forbidden", "unauthorized"),
        (LIST, 403, "<html>blocked</html>", "transient"),
        (LIST, 402, paid, "not_entitled"),
        (LIST, 429, "Too Many Requests", "throttled"),
        (LIST, 429, "<html>slow down</html>", "throttled"),
        (LIST, 404, "Not Found", "transient"),
        (LIST, 200, "<html>maintenance</html>", "transient"),
        (LIST, 200, "[{\"id\":\"1\"", "transient"),
        (LIST, 503, "", "transient"),
    ] {
        assert_eq!(
            class(path, status, body),
            expected,
            "{path} {status} {body}"
        );
    }
}

#[test]
fn what_holds_for_every_request() {
    for path in ALL {
        for (status, body, expected) in [
            (401, "", "unauthorized"),
            (402, "", "not_entitled"),
            (403, "<html></html>", "transient"),
            (408, "", "transient"),
            (413, "", "too_much"),
            (414, "", "too_much"),
            (418, "", "rejected"),
            (429, "", "throttled"),
            (429, "Monthly quota exceeded", "quota_exhausted"),
            (402, "No credits left", "quota_exhausted"),
            (
                429,
                "1000 requests a minute, resets each month",
                "throttled",
            ),
            (500, "", "transient"),
            (504, "<html></html>", "transient"),
            (200, "", "transient"),
            (200, "{\"statusCode\":503,\"body\":\"busy\"}", "transient"),
            (200, "{\"statusCode\":429,\"body\":\"slow\"}", "throttled"),
            (200, "{\"message\":\"something new\"}", "malformed"),
            (200, "\"something new\"", "malformed"),
        ] {
            assert_eq!(
                class(path, status, body),
                expected,
                "{path} {status} {body}"
            );
        }
    }
}

#[test]
fn a_protocol_without_a_dimension_is_unsupported_there_and_nowhere_else() {
    let days = range("2026-03-01", "2026-03-09");
    let said = "Fees for x not found, please visit /overview/fees to see available protocols";
    let rows = "protocol,x,TVL,1d,,,id=7,true,\n";
    for (plan_of, body, status) in [(Plan::Free, said, 400), (Plan::Pro, "Data not found", 404)] {
        let vendor = configured(plan_of, rows);
        let wants = vec![want("protocol:7", &["FEES"], days)];
        let request = plan(&vendor, &ask(DIMENSIONS_DAILY, NOW, wants)).remove(0);
        let (record, _) = read(&vendor, &request, &answer(status, body)).unwrap();
        assert_eq!(outcomes(&record, "FEES"), [Outcome::Unsupported]);
        assert!(record.points.is_empty());
    }
    let vendor = configured(Plan::Free, rows);
    let wants = vec![want("chain:Base", &["STABLECOIN_MCAP"], days)];
    let request = plan(&vendor, &ask(STABLECOINS_DAILY, NOW, wants)).remove(0);
    let (record, _) = read(&vendor, &request, &answer(404, "Invalid request")).unwrap();
    assert_eq!(outcomes(&record, "STABLECOIN_MCAP"), [Outcome::Unsupported]);
    // A section that a protocol does not have; its base is the protocol itself.
    let pro = configured(Plan::Pro, rows);
    let wants = vec![want("protocol:7", &["TVL", "TVL_STAKING"], days)];
    let requests = plan(&pro, &ask(TVL_DAILY, NOW, wants));
    let [base, staking] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    let none = answer(404, "Data not found");
    assert_eq!(read(&pro, base, &none).unwrap_err().class(), "not_found");
    let (record, _) = read(&pro, staking, &none).unwrap();
    assert_eq!(outcomes(&record, "TVL_STAKING"), [Outcome::Unsupported]);
}

#[test]
fn a_wait_is_seconds_or_a_date_or_left_to_the_executor() {
    let wait = |header: &'static str| {
        let mut reply = answer(429, "");
        reply
            .headers
            .insert(RETRY_AFTER, HeaderValue::from_static(header));
        match vendor(Plan::Pro).check(&request(LIST), &reply) {
            Err(ReplyError::Throttled { retry_after, .. }) => {
                retry_after.map(|wait| wait.as_secs())
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(wait("7"), Some(7));
    assert_eq!(wait(" 30 "), Some(30));
    // Never zero, never for ever.
    assert_eq!(wait("0"), Some(1));
    assert_eq!(wait("999999"), Some(3_600));
    assert_eq!(wait("soon"), None);
    assert_eq!(wait("-5"), None);
    assert_eq!(wait("7.5"), Some(7));
    assert_eq!(wait("Mon, 09 Mar 2026 03:27:30 GMT"), Some(150));
    assert_eq!(wait("Mon, 09 Mar 2026 03:24:30 GMT"), None);
}

#[test]
fn errors_hold_no_more_than_plain_words() {
    let key = "8dc5wPnmZ4kVqFyTbQ";
    let bodies = [
        format!("Invalid path /{key}/api/protocols"),
        format!("{{\"error\":\"key {key} is unknown\"}}"),
        format!("{{\"statusCode\":401,\"body\":\"{key}\"}}"),
        format!("<html>{key}</html>"),
        format!("[\"{key}\"]"),
    ];
    for status in [200, 400, 401, 402, 403, 404, 418, 429, 500] {
        for body in &bodies {
            for path in ALL {
                let read = read(&vendor(Plan::Pro), &request(path), &answer(status, body));
                if let Err(error) = read {
                    let text = format!("{error} {error:?}");
                    assert!(!text.contains(key), "{status} {body}: {text}");
                }
            }
        }
    }
}
