//! Which failure an answer is: contract section 7.

use std::time::Duration;

use http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use source::{ReplyError, Source as _};
use source_velo::{Plan, ROWS};

use crate::{CLOSE, ask, plan, range, reply, vendor, want};

fn class(status: u16, body: &str) -> &'static str {
    let vendor = vendor(Plan::Annual);
    let wants = vec![want(
        "BTC BTCUSDT bybit",
        CLOSE,
        range("2026-05-17", "2026-05-18"),
    )];
    let request = plan(&vendor, &ask(ROWS, "2026-05-18T12:05:00Z", wants)).swap_remove(0);
    let mut reply = reply(body.as_bytes(), "2026-05-18T12:05:00Z");
    reply.status = StatusCode::from_u16(status).unwrap();
    match vendor.check(&request, &reply) {
        Ok(()) => "data",
        Err(error) => error.class(),
    }
}

#[test]
fn every_status_of_the_contract_is_sorted() {
    for (status, body, expected) in [
        (200, "", "data"),
        (200, "exchange,coin,product,time,close_price\n", "data"),
        (200, "<html>busy</html>", "transient"),
        (400, "bad request: unknown column", "rejected"),
        (
            400,
            "bad request: too many values: 30000 > 22500",
            "too_much",
        ),
        (
            400,
            "history before 2026-03-01 is not included",
            "outside_plan",
        ),
        (401, "unauthorized", "unauthorized"),
        (401, "", "unauthorized"),
        (403, "forbidden", "unauthorized"),
        (403, "history not included in plan", "outside_plan"),
        (403, "<html>blocked</html>", "transient"),
        (404, "not found", "rejected"),
        (408, "request timeout", "transient"),
        (414, "", "too_much"),
        (429, "rate limited", "throttled"),
        (500, "", "transient"),
        (502, "<html>502 Bad Gateway</html>", "transient"),
        (503, "api temporarily unavailable", "transient"),
        (504, "", "transient"),
    ] {
        assert_eq!(class(status, body), expected, "{status} {body:?}");
    }
}

#[test]
fn after_a_429_a_whole_window_is_waited() {
    let vendor = vendor(Plan::Annual);
    let wants = vec![want(
        "BTC BTCUSDT bybit",
        CLOSE,
        range("2026-05-17", "2026-05-18"),
    )];
    let request = plan(&vendor, &ask(ROWS, "2026-05-18T12:05:00Z", wants)).swap_remove(0);
    for (header, secs) in [
        (None, 30),
        (Some("0"), 30),
        (Some("7"), 30),
        (Some("45"), 45),
        (Some("45.5"), 45),
        (Some("Mon, 18 May 2026 12:06:00 GMT"), 60),
        (Some("Mon, 18 May 2026 12:04:00 GMT"), 30),
        (Some("soon"), 30),
        (Some("999999"), 3_600),
    ] {
        let mut reply = reply(b"rate limited\n", "2026-05-18T12:05:00Z");
        reply.status = StatusCode::TOO_MANY_REQUESTS;
        if let Some(header) = header {
            reply
                .headers
                .insert(RETRY_AFTER, HeaderValue::from_static(header));
        }
        let Err(ReplyError::Throttled { retry_after, .. }) = vendor.check(&request, &reply) else {
            panic!("{header:?}")
        };
        assert_eq!(
            retry_after.map(|wait| wait.as_secs()),
            Some(secs),
            "{header:?}"
        );
        assert!(retry_after >= Some(Duration::from_secs(30)));
    }
}
