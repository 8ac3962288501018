//! Which failure an answer is: contract section 7.

use std::time::Duration;

use http::{HeaderValue, header::RETRY_AFTER};
use source::{ReplyError, RequestSpec, Source as _};
use source_velo::{CAPS, FUTURES, Plan, ROWS};

use crate::{CLOSE, ask, live, plan, range, reply_with, vendor, want};

const NOW: &str = "2026-05-18T12:05:00Z";
const DAY: (&str, &str) = ("2026-05-17", "2026-05-18");
const NO_PLAN_LACKS: (&str, &str) = ("2026-03-01", "2026-03-02");
const OLD: (&str, &str) = ("2026-02-26", "2026-02-27");

/// A request for bars of these products over a day.
fn request_of(of: &[&str], (from, to): (&str, &str)) -> RequestSpec {
    let wants = of
        .iter()
        .map(|of| want(of, CLOSE, range(from, to)))
        .collect();
    plan(&vendor(Plan::Annual), &ask(ROWS, NOW, wants)).swap_remove(0)
}

fn class_of(request: &RequestSpec, status: u16, body: &str) -> &'static str {
    let reply = reply_with(status, body.as_bytes(), NOW);
    match vendor(Plan::Annual).check(request, &reply) {
        Ok(()) => "data",
        Err(error) => error.class(),
    }
}

fn class(status: u16, body: &str) -> &'static str {
    class_of(&request_of(&["BTC BTCUSDT bybit"], DAY), status, body)
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
        (413, "", "too_much"),
        (414, "", "too_much"),
        (431, "", "too_much"),
        (
            400,
            "<html>400 Request Header Or Cookie Too Large</html>",
            "too_much",
        ),
        (
            400,
            "<html>400 Bad Request: unknown months</html>",
            "rejected",
        ),
        (400, "the limit is 22,500 values", "too_much"),
        (400, "end exceeds now by more than a day", "rejected"),
        (400, "column limit: unknown column", "rejected"),
        (400, "begin is too old", "outside_plan"),
        (400, "older than 90 days", "outside_plan"),
        (400, "column not included in plan", "rejected"),
        (204, "", "data"),
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
fn a_refusal_of_old_bars_is_the_plans_reach_whatever_it_says() {
    let btc = ["BTC BTCUSDT bybit"];
    let (old, newer) = (request_of(&btc, OLD), request_of(&btc, NO_PLAN_LACKS));
    for (status, body, of_old, of_newer) in [
        (403, "forbidden", "outside_plan", "unauthorized"),
        (403, "", "outside_plan", "unauthorized"),
        (402, "upgrade", "outside_plan", "unauthorized"),
        (401, "unauthorized", "unauthorized", "unauthorized"),
        (400, "plan allows 90 days", "outside_plan", "rejected"),
        (400, "upgrade your subscription", "outside_plan", "rejected"),
        (400, "unknown column", "rejected", "rejected"),
        (403, "<html>blocked</html>", "transient", "transient"),
    ] {
        assert_eq!(class_of(&old, status, body), of_old, "{status} {body:?}");
        assert_eq!(
            class_of(&newer, status, body),
            of_newer,
            "{status} {body:?}"
        );
    }
    let catalogue = ask(FUTURES, NOW, vec![]);
    let catalogue = plan(&vendor(Plan::Annual), &catalogue).swap_remove(0);
    assert_eq!(class_of(&catalogue, 403, "forbidden"), "unauthorized");
}

#[test]
fn one_product_that_is_refused_does_not_cost_the_others() {
    let vendor = vendor(Plan::Annual);
    let batch = request_of(&["BTC BTCUSDT bybit", "ETH ETHUSDT bybit"], DAY);
    for (body, expected) in [
        ("bad request: ETHUSDT", "too_much"),
        ("bad request: 'ETHUSDT'.", "too_much"),
        ("unknown product", "too_much"),
        ("no such symbol", "too_much"),
        ("unknown column coin_volumes", "rejected"),
        ("unknown exchange bybit", "rejected"),
        ("end is too far ahead", "rejected"),
        ("bad request: ETHUSDTX", "rejected"),
    ] {
        assert_eq!(class_of(&batch, 400, body), expected, "{body}");
    }
    // Halving ends at the one that is refused.
    let halves = vendor.halves(&batch).unwrap();
    for half in halves {
        assert_eq!(class_of(&half, 400, "unknown product ETHUSDT"), "rejected");
    }
    let hour = range("2026-05-18T12:00:00Z", "2026-05-18T13:00:00Z");
    let wants = ["BTC", "NOCOIN"].map(|coin| want(coin, &["FDV"], hour));
    let caps = plan(&vendor, &live(CAPS, NOW, wants.to_vec())).swap_remove(0);
    assert_eq!(class_of(&caps, 400, "NOCOIN is not known"), "too_much");
}

#[test]
fn after_a_429_a_whole_window_is_waited() {
    let vendor = vendor(Plan::Annual);
    let request = request_of(&["BTC BTCUSDT bybit"], DAY);
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
        let mut reply = reply_with(429, b"rate limited\n", NOW);
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
