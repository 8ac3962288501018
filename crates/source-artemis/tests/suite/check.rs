//! Which failure an answer is: contract section 3.

use std::time::Duration;

use http::HeaderValue;
use source::{ReplyError, Source as _};
use source_artemis::METRICS_DAILY;

use crate::{ask, body, plan, range, read, reply_with, vendor, want};

const NOW: &str = "2026-05-18T12:05:00Z";

fn class(status: u16, body: &[u8]) -> &'static str {
    class_for(&["PRICE", "MC"], status, body)
}

fn class_for(metrics: &[&str], status: u16, body: &[u8]) -> &'static str {
    let wants = vec![want("btc", metrics, range("2026-05-17", "2026-05-18"))];
    let request = plan(&ask(METRICS_DAILY, NOW, wants)).swap_remove(0);
    let reply = reply_with(status, body, NOW);
    match read(&request, &reply) {
        Ok(_) => "data",
        Err(error) => error.class(),
    }
}

#[test]
fn every_status_of_the_contract_is_sorted() {
    let page = b"<html><body>Internal Server Error</body></html>".as_slice();
    let data = br#"{"data":{"symbols":{}}}"#.as_slice();
    for (status, body, expected) in [
        (200, data, "data"),
        (200, b"", "transient"),
        (200, b" \r\n", "transient"),
        (200, page, "transient"),
        (200, b"Throttled", "transient"),
        (200, br#"{"message":"Forbidden"}"#, "transient"),
        (200, br#"{"data":null}"#, "transient"),
        (200, br#"{"data":{"symbols":null}}"#, "transient"),
        (
            200,
            br#"{"data":{"symbols":{"btc":{"PRICE":[{"da"#,
            "transient",
        ),
        (200, b"[1,2]", "transient"),
        (200, br#"{"data":{"symbols":[1]}}"#, "malformed"),
        (200, br#"{"data":17}"#, "malformed"),
        (
            200,
            br#"{"data":"Market data not available for asset."}"#,
            "data",
        ),
        (204, b"", "transient"),
        (400, br#"{"message":"Bad Request"}"#, "too_much"),
        (401, b"", "unauthorized"),
        (403, body!("errors/error_403_bad_key.json"), "unauthorized"),
        (403, page, "unauthorized"),
        (404, b"", "rejected"),
        (409, b"", "transient"),
        (410, b"Gone", "unauthorized"),
        (414, b"", "too_much"),
        (418, b"", "rejected"),
        (422, data, "too_much"),
        (429, body!("errors/error_429.json"), "throttled"),
        (500, page, "transient"),
        (503, b"", "transient"),
        (520, page, "transient"),
    ] {
        let text = String::from_utf8_lossy(body);
        assert_eq!(class(status, body), expected, "{status} {text}");
    }
}

#[test]
fn a_pair_that_is_refused_alone_is_to_blame() {
    for status in [400, 422] {
        assert_eq!(class_for(&["PRICE"], status, b""), "rejected");
    }
}

#[test]
fn what_the_vendor_says_of_the_wait_is_believed_within_reason() {
    let vendor = vendor();
    let wants = vec![want("btc", &["PRICE"], range("2026-05-17", "2026-05-18"))];
    let request = plan(&ask(METRICS_DAILY, NOW, wants)).swap_remove(0);
    for (name, value, ms) in [
        ("x-other", "5", None),
        ("retry-after", "2", Some(2_000)),
        ("retry-after", "2.5", Some(2_500)),
        ("retry-after", "0", None),
        ("retry-after", "-3", None),
        ("retry-after", "soon", None),
        ("retry-after", "NaN", None),
        ("retry-after", "1e300", None),
        ("retry-after", "999999", Some(3_600_000)),
        ("retry-after", "Mon, 18 May 2026 12:06:00 GMT", Some(60_000)),
        ("retry-after", "Mon, 18 May 2026 12:04:00 GMT", None),
        ("retry-after-ms", "7500", Some(7_500)),
        ("retry-after-ms", "20", Some(1_000)),
    ] {
        let mut reply = reply_with(429, body!("errors/error_429.json"), NOW);
        reply.headers.insert(name, HeaderValue::from_static(value));
        let Err(ReplyError::Throttled { retry_after, .. }) = vendor.check(&request, &reply) else {
            panic!("{name} {value}")
        };
        assert_eq!(retry_after, ms.map(Duration::from_millis), "{name} {value}");
    }
}

#[test]
fn trap_17_no_key_comes_out_of_an_error() {
    let vendor = vendor();
    let request = plan(&ask(
        METRICS_DAILY,
        NOW,
        vec![want("btc", &["PRICE"], range("2026-05-17", "2026-05-18"))],
    ))
    .swap_remove(0);
    let echoed = b"no access to /data/api/PRICE/?APIKey=0a1b2c3d4e5f6a7b8c9d&symbols=btc";
    for status in [400, 401, 403, 404, 429, 500] {
        let reply = reply_with(status, echoed, NOW);
        let error = vendor.check(&request, &reply).unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("0a1b2c3d"),
            "{error}"
        );
    }
}
