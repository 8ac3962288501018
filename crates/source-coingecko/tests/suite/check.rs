//! Every error answer of the contract, and some that are none of its.

use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use source::{Reply, ReplyError, RequestSpec, Source as _};
use source_coingecko::Plan;

use crate::{body, reply_with, vendor};

/// Before the reset of the samples, by less than the minute that is waited where nothing is said.
const NOW: &str = "2026-03-09T03:27:23Z";

#[derive(Deserialize)]
struct Sample {
    name: String,
    http_status: u16,
    headers: std::collections::BTreeMap<String, String>,
    body: String,
}

fn request(path: &str) -> RequestSpec {
    vendor(Plan::Demo).recognise(None, path, &[]).unwrap()
}

fn chart() -> RequestSpec {
    request("/coins/bitcoin/market_chart?vs_currency=usd&days=7")
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut reply = reply_with(status, body.as_bytes(), NOW);
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        reply
            .headers
            .insert(name, HeaderValue::from_str(value).unwrap());
    }
    reply
}

fn check(request: &RequestSpec, status: u16, headers: &[(&str, &str)], body: &str) -> ReplyError {
    vendor(Plan::Demo)
        .check(request, &answer(status, headers, body))
        .unwrap_err()
}

fn wait(headers: &[(&str, &str)]) -> Option<u64> {
    match check(&chart(), 429, headers, "{}") {
        ReplyError::Throttled { retry_after, .. } => retry_after.map(|wait| wait.as_secs()),
        _ => None,
    }
}

#[test]
fn every_sample_is_sorted_as_the_contract_says() {
    let samples: Vec<Sample> = serde_json::from_slice(body!("errors/all.json")).unwrap();
    let told: Vec<String> = samples
        .iter()
        .map(|sample| {
            let headers: Vec<(&str, &str)> = sample
                .headers
                .iter()
                .map(|(name, value)| (&**name, &**value))
                .collect();
            let error = check(&chart(), sample.http_status, &headers, &sample.body);
            let wait = match &error {
                ReplyError::Throttled { retry_after, .. } => format!(" wait {retry_after:?}"),
                _ => String::new(),
            };
            format!("{}: {} | {error}{wait}", sample.name, error.class())
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_a_dataset_is_does_not_change_what_an_error_means() {
    let samples: Vec<Sample> = serde_json::from_slice(body!("errors/all.json")).unwrap();
    for path in [
        "/coins/list",
        "/coins/markets?vs_currency=usd&ids=a,b",
        "/global",
        "/global/market_cap_chart?days=30",
        "/coins/x/ohlc?vs_currency=usd&days=30&interval=daily",
        "/coins/x/circulating_supply_chart?days=30",
        "/key",
    ] {
        for sample in samples.iter().filter(|sample| sample.http_status != 404) {
            let class = |request: &RequestSpec| {
                check(request, sample.http_status, &[], &sample.body).class()
            };
            assert_eq!(
                class(&request(path)),
                class(&chart()),
                "{path} {}",
                sample.name
            );
        }
    }
}

#[test]
fn the_order_of_belief_for_a_wait() {
    let reset = ("x-ratelimit-reset", "2026-03-09 03:28:00 +0000");
    assert_eq!(wait(&[reset]), Some(37));
    assert_eq!(wait(&[("retry-after", "119"), reset]), Some(119));
    assert_eq!(wait(&[("retry-after", "119.5"), reset]), Some(119));
    assert_eq!(
        wait(&[("retry-after", "Mon, 09 Mar 2026 03:27:30 GMT"), reset]),
        Some(7)
    );
    assert_eq!(wait(&[("retry-after", "soon"), reset]), Some(37));
    for elsewhere in ["2026-03-09 05:27:43 +0200", "2026-03-08 23:57:43 -0330"] {
        let wait = wait(&[("x-ratelimit-reset", elsewhere)]);
        assert_eq!(wait, Some(20), "{elsewhere}");
    }
    assert_eq!(
        wait(&[("x-ratelimit-reset", "1773026880")]),
        Some(60),
        "no header that can be read"
    );
    assert_eq!(wait(&[]), Some(60));
    // Never zero, never for ever.
    assert_eq!(wait(&[("retry-after", "0")]), Some(1));
    assert_eq!(wait(&[("retry-after", "999999999")]), Some(3_600));
    // What has passed says nothing: a clock is wrong, and a try each second would prolong the block.
    let passed = ("x-ratelimit-reset", "2026-03-09 03:27:22 +0000");
    assert_eq!(wait(&[passed]), Some(60));
    assert_eq!(
        wait(&[("x-ratelimit-reset", "2026-03-09 03:27:23 +0000")]),
        Some(60)
    );
    let long_ago = ("retry-after", "Mon, 09 Mar 2020 03:27:30 GMT");
    assert_eq!(wait(&[long_ago]), Some(60));
    let soon = ("x-ratelimit-reset", "2026-03-09 03:27:43 +0000");
    assert_eq!(wait(&[long_ago, soon]), Some(20));
}

#[test]
fn throttling_comes_as_text_and_html_too() {
    for (status, body) in [
        (200, "Throttled"),
        (429, "Throttled\n"),
        (403, "throttled"),
        (429, "<html>error code: 1015</html>"),
        (429, ""),
        (
            200,
            r#"{"status":{"error_code":429,"error_message":"You've exceeded the Rate Limit."}}"#,
        ),
    ] {
        let error = check(&chart(), status, &[], body);
        assert_eq!(error.class(), "throttled", "{status} {body}");
    }
}

#[test]
fn pages_and_cut_bodies_pass() {
    let page = "<!DOCTYPE html><html></html>";
    for status in [200, 400, 401, 403, 404, 500, 503, 520] {
        assert_eq!(
            check(&chart(), status, &[], page).class(),
            "transient",
            "{status}"
        );
    }
    for status in [408, 500, 502, 503, 504] {
        assert_eq!(
            check(&chart(), status, &[], "").class(),
            "transient",
            "{status}"
        );
    }
    assert_eq!(check(&chart(), 403, &[], "").class(), "transient");
    // Cut off, it may have said anything.
    for status in [400, 401, 403, 404, 422] {
        let cut = r#"{"status":{"error_code":10"#;
        let class = check(&chart(), status, &[], cut).class();
        assert_eq!(class, "transient", "{status}");
    }
}

#[test]
fn only_what_is_about_one_coin_can_say_that_it_is_not_there() {
    let text = r#"{"error":"coin not found"}"#;
    for path in [
        "/coins/x/market_chart?vs_currency=usd&days=7",
        "/coins/x/ohlc/range?vs_currency=usd&from=2026-01-01&to=2026-02-01&interval=hourly",
        "/coins/x/total_supply_chart/range?from=2026-01-01&to=2026-02-01",
    ] {
        assert_eq!(check(&request(path), 404, &[], text).class(), "not_found");
    }
    for path in ["/global", "/global/market_cap_chart?days=max", "/key"] {
        assert_eq!(check(&request(path), 404, &[], text).class(), "transient");
    }
    // A wrong base address must not mark 250 coins absent.
    let markets = request("/coins/markets?vs_currency=usd&ids=a,b");
    assert_eq!(check(&markets, 404, &[], text).class(), "transient");
    assert_eq!(
        check(&request("/coins/list"), 404, &[], text).class(),
        "transient"
    );
}

#[test]
fn only_the_coin_itself_can_be_said_not_to_be_there() {
    for (text, class) in [
        ("coin not found", "not_found"),
        ("Coin not found.", "not_found"),
        ("Could not find coin with the given id", "not_found"),
        ("Incorrect path. Please check the docs", "transient"),
        ("not found", "transient"),
        ("", "transient"),
    ] {
        let plain = format!(r#"{{"error":"{text}"}}"#);
        assert_eq!(check(&chart(), 404, &[], &plain).class(), class, "{text}");
        let coded = format!(r#"{{"status":{{"error_code":404,"error_message":"{text}"}}}}"#);
        assert_eq!(check(&chart(), 404, &[], &coded).class(), class, "{text}");
    }
}

#[test]
fn a_code_is_read_in_every_dress() {
    let class = |body: &[u8]| {
        let mut answer = answer(401, &[], "");
        answer.body = bytes::Bytes::copy_from_slice(body);
        vendor(Plan::Demo)
            .check(&chart(), &answer)
            .unwrap_err()
            .class()
    };
    for body in [
        b"\xef\xbb\xbf{\"error\":{\"status\":{\"error_code\":10012}}}".as_slice(),
        br#"{"error":{"status":{"error_code":10012.0,"error_message":"x"}}}"#,
        br#"{"error":{"status":{"error_code":"10012","error_message":["x"]}}}"#,
        b"{\"error\":{\"status\":{\"error_code\":10012,\"error_message\":\"\xff\"}}}",
        br#"{"error":{"error_code":10012,"error_message":"x"}}"#,
        br#"{"error":{"status":{"error_code":10012,"error_code":10012}}}"#,
        br#"{"error":"Unauthorized","error":{"status":{"error_code":10012}}}"#,
        br#"{"error":"Your request exceeds the allowed time range."}"#,
    ] {
        assert_eq!(
            class(body),
            "outside_plan",
            "{}",
            String::from_utf8_lossy(body)
        );
    }
    let mixed = br#"{"error":"Unauthorized","status":{"error_code":10005}}"#;
    assert_eq!(class(mixed), "not_entitled");
    // Without a code, or cut before it, the status alone speaks.
    assert_eq!(class(br#"{"error":"Unauthorized"}"#), "unauthorized");
    assert_eq!(class(b"{}"), "unauthorized");
    assert_eq!(class(br#"{"error":{"status":{"error_co"#), "transient");
}

#[test]
fn a_status_that_passes_comes_before_a_code_that_stops() {
    for code in [401, 403, 10_002, 10_005, 10_010, 10_011, 10_012] {
        let body = format!(r#"{{"status":{{"error_code":{code},"error_message":"x"}}}}"#);
        let class = |status| check(&chart(), status, &[], &body).class();
        assert_eq!(class(429), "throttled", "{code}");
        for status in [408, 500, 502, 503, 520] {
            assert_eq!(class(status), "transient", "{status} {code}");
        }
    }
    let spent = r#"{"status":{"error_code":10006,"error_message":"x"}}"#;
    assert_eq!(check(&chart(), 503, &[], spent).class(), "quota_exhausted");
}

#[test]
fn a_403_stops_the_source_only_where_it_names_the_agent() {
    let class = |status, code, text: &str| {
        let body = format!(r#"{{"status":{{"error_code":{code},"error_message":"{text}"}}}}"#);
        check(&chart(), status, &[], &body).class()
    };
    for text in ["Please add a User-Agent", "user agent", "USERAGENT missing"] {
        assert_eq!(class(403, 403, text), "unauthorized", "{text}");
        assert_eq!(class(200, 403, text), "unauthorized", "{text}");
    }
    assert_eq!(class(403, 403, "Forbidden"), "transient");
    assert_eq!(class(401, 403, "Forbidden"), "transient");
    assert_eq!(class(403, 10_002, "Forbidden"), "unauthorized");
    assert_eq!(class(403, 401, "invalid pro api key usage"), "unauthorized");
    let plain = |text| check(&chart(), 403, &[], text).class();
    assert_eq!(plain(r#"{"error":"Bad user_agent"}"#), "unauthorized");
    assert_eq!(plain(r#"{"error":"Forbidden"}"#), "transient");
}

#[test]
fn what_is_not_established_is_read_by_its_words() {
    let class = |status, text: &str| {
        let plain = format!(r#"{{"error":"{text}"}}"#);
        let coded = format!(r#"{{"status":{{"error_code":{status},"error_message":"{text}"}}}}"#);
        let class = |body: &str| check(&chart(), status, &[], body).class();
        assert_eq!(class(&plain), class(&coded), "{text}");
        class(&plain)
    };
    for (status, text, expected) in [
        (
            429,
            "You've reached your monthly API calls limit.",
            "quota_exhausted",
        ),
        (429, "Credits of this month are used up", "quota_exhausted"),
        (429, "You've exceeded the Rate Limit.", "throttled"),
        (
            429,
            "30 calls a minute, 10000 a month: wait a minute",
            "throttled",
        ),
        (
            401,
            "interval=hourly is exclusive to Enterprise plan customers only. Please contact us.",
            "not_entitled",
        ),
        (
            401,
            "This request is limited to PRO API subscribers.",
            "not_entitled",
        ),
        (401, "invalid demo api key usage", "unauthorized"),
    ] {
        assert_eq!(class(status, text), expected, "{status} {text}");
    }
}

#[test]
fn an_error_inside_a_200_is_an_error() {
    let class = |body: &str| check(&chart(), 200, &[], body).class();
    assert_eq!(
        class(r#"{"status":{"error_code":10005,"error_message":"x"}}"#),
        "not_entitled"
    );
    assert_eq!(
        class(r#"{"error":{"status":{"error_code":10012}}}"#),
        "outside_plan"
    );
    assert_eq!(
        class(r#"{"error_code":10012,"status":{"error_message":"x"}}"#),
        "too_much"
    );
    assert_eq!(class(r#"{"error":"something new"}"#), "malformed");
    assert_eq!(
        class(r#"{"status":{"error_code":500,"error_message":"x"}}"#),
        "transient"
    );
}

#[test]
fn a_batch_that_is_too_large_is_halved_down_to_one() {
    let markets = request("/coins/markets?vs_currency=usd&ids=a,b");
    assert_eq!(check(&markets, 414, &[], "").class(), "too_much");
    let vendor = vendor(Plan::Demo);
    let whole = request(
        "/coins/markets?vs_currency=usd&ids=a,b,c&order=id_asc&page=1&per_page=250&precision=full",
    );
    let [front, back] = vendor.halves(&whole).unwrap();
    let ids = |request: &RequestSpec| request.query[0].clone().1;
    assert_eq!(
        (ids(&front), ids(&back)),
        ("a".to_owned(), "b,c".to_owned())
    );
    assert_eq!(front.query[1..], whole.query[1..]);
    assert_eq!(vendor.halves(&front), None);
    assert_eq!(vendor.halves(&chart()), None);
}
