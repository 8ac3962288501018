//! Which failure an answer is: contract section 2.

use bytes::Bytes;
use http::{HeaderValue, header::RETRY_AFTER};
use serde_json::Value;
use source::{ReplyError, RequestSpec, Source as _};
use source_alphavantage::{BULK_QUOTES, EQUITIES_DAILY, LISTING, Plan, QUOTE};

use crate::{CLOSE, PAID, ask, body, plan, range, reply, reply_with, vendor, want};

const NOW: &str = "2026-08-13T06:03:00Z";

fn closes(plan_of: Plan) -> RequestSpec {
    let wants = vec![want("equity:IBM", CLOSE, range("2025-08-11", "2026-08-13"))];
    plan(&vendor(plan_of), &ask(EQUITIES_DAILY, NOW, wants)).swap_remove(0)
}

fn listing() -> RequestSpec {
    plan(&vendor(Plan::Free), &ask(LISTING, NOW, vec![])).swap_remove(0)
}

fn error(request: &RequestSpec, status: u16, body: &str) -> Option<ReplyError> {
    let reply = reply_with(status, body.as_bytes(), NOW);
    vendor(PAID).check(request, &reply).err()
}

fn class(request: &RequestSpec, status: u16, body: &str) -> &'static str {
    error(request, status, body).map_or("data", |error| error.class())
}

fn notice(key: &str, text: &str) -> String {
    format!("{{\"{key}\":{}}}", Value::from(text))
}

/// The contract's classes in the words of the house.
fn expected(name: &str, class: &str) -> &'static str {
    match (name, class) {
        // Nobody fares better with a function that is not there: suspended until somebody looks.
        ("unknown_function" | "missing_function", _) => "not_entitled",
        // The newest rows can be had all the same.
        ("premium_parameter_outputsize_full", _) => "outside_plan",
        (_, "auth") => "unauthorized",
        (_, "bad_request" | "client_bug") => "rejected",
        (_, "burst" | "minute_limit") => "throttled",
        (_, "daily_quota") => "quota_exhausted",
        (_, "premium") => "not_entitled",
        (_, "empty") => "data",
        (_, "transient") => "transient",
        _ => "?",
    }
}

#[test]
fn every_notice_of_the_contract_is_sorted_and_none_tells_the_key() {
    let all: Vec<Value> = serde_json::from_slice(body!("notices/all.json")).unwrap();
    assert_eq!(all.len(), 20);
    for one in all {
        let text = |field: &str| one[field].as_str().unwrap_or_default().to_owned();
        let (name, status) = (text("name"), one["status"].as_u64().unwrap());
        let status = u16::try_from(status).unwrap();
        let (request, body) = match &one["body"] {
            // In CSV, of the functions that have nothing else.
            Value::String(csv) if status == 200 => (listing(), csv.clone()),
            Value::String(page) => (closes(PAID), page.clone()),
            json => (closes(PAID), json.to_string()),
        };
        let found = class(&request, status, &body);
        assert_eq!(found, expected(&name, &text("class")), "{name}");
        let said = format!("{:?}", error(&request, status, &body));
        assert!(!said.contains("TESTKEY"), "{name}: {said}");
        // On an answer that should be CSV a notice may be JSON as well.
        if one["body"].is_object() && found != "data" {
            let of_csv = class(&listing(), status, &body);
            assert!(
                of_csv == found || of_csv == "not_entitled",
                "{name}: {of_csv}"
            );
        }
    }
}

#[test]
fn the_first_sentence_that_fits_decides() {
    let request = closes(PAID);
    for (text, expected) in [
        (
            "1 request PER SECOND … (25 requests per day) … premium endpoints",
            "throttled",
        ),
        ("5 calls per minute and 500 calls per day", "throttled"),
        (
            "limit is 25 requests per day … premium endpoint",
            "quota_exhausted",
        ),
        (
            "TIME_SERIES_DAILY: This is a premium endpoint",
            "not_entitled",
        ),
        ("the parameter APIKEY is invalid or missing", "unauthorized"),
        ("Invalid inputs. apikey was fine", "unauthorized"),
        ("Invalid inputs", "rejected"),
        ("The symbol XYZ does not exist.", "rejected"),
        ("This API function (X) does not exist.", "not_entitled"),
        ("a daily digest of TIME_SERIES_DAILY", "malformed"),
        ("", "malformed"),
    ] {
        for key in ["Information", "Note", "Error Message", "information"] {
            assert_eq!(class(&request, 200, &notice(key, text)), expected, "{text}");
        }
    }
    for odd in [
        "{\"Note\":null}",
        "{\"Information\":[1]}",
        "{\"Note\":\"x\",\"Time Series (Daily)\":{}}",
    ] {
        assert_eq!(class(&request, 200, odd), "malformed", "{odd}");
    }
}

#[test]
fn waits_are_those_of_the_window() {
    let request = closes(PAID);
    let wait = |status: u16, text: &str, header: Option<&'static str>| {
        let mut reply = reply_with(status, text.as_bytes(), NOW);
        if let Some(header) = header {
            let value = HeaderValue::from_static(header);
            reply.headers.insert(RETRY_AFTER, value);
        }
        match vendor(PAID).check(&request, &reply) {
            Err(ReplyError::Throttled { retry_after, .. }) => retry_after.unwrap().as_secs(),
            other => panic!("{other:?}"),
        }
    };
    let (burst, minute) = (
        notice("Information", "Burst pattern detected."),
        notice("Information", "Minute-level rate limit exceed."),
    );
    assert_eq!(wait(200, &burst, None), 2);
    assert_eq!(wait(200, &minute, None), 65);
    assert_eq!(wait(429, "", None), 2);
    assert_eq!(wait(429, "", Some("30")), 30);
    assert_eq!(wait(429, r#"{"Information":"Slow down"}"#, Some("30")), 30);
    assert_eq!(wait(429, "", Some("0")), 2);
    assert_eq!(wait(429, "", Some("Thu, 13 Aug 2026 06:04:00 GMT")), 60);
    assert_eq!(wait(429, "", Some("30.5")), 30);
    assert_eq!(wait(429, "", Some("Thu, 13 Aug 2026 05:04:00 GMT")), 2);
    assert_eq!(wait(429, "", Some("soon")), 2);
    assert_eq!(wait(200, &minute, Some("999999")), 3_600);
}

#[test]
fn a_spent_day_is_left_alone_until_it_turns_here_or_there() {
    let spent = notice(
        "Information",
        "our standard API rate limit is 25 requests per day.",
    );
    for (now, expected) in [
        ("2026-08-13T12:00:00Z", "2026-08-14T00:00:00Z"),
        ("2026-08-13T00:03:00Z", "2026-08-13T04:00:00Z"),
        ("2026-11-13T00:03:00Z", "2026-11-13T05:00:00Z"),
        ("2026-11-13T05:03:00Z", "2026-11-14T00:00:00Z"),
    ] {
        let answer = reply(spent.as_bytes(), now);
        let Err(ReplyError::QuotaExhausted { until, .. }) =
            vendor(Plan::Free).check(&closes(Plan::Free), &answer)
        else {
            panic!("{now}")
        };
        assert_eq!(until, Some(crate::at(expected)), "{now}");
    }
}

#[test]
fn who_may_not_have_all_gets_the_newest() {
    let text = "The outputsize=full parameter value is a premium feature for the FX_DAILY endpoint";
    let full = closes(PAID);
    assert!(
        full.query
            .contains(&("outputsize".to_owned(), "full".to_owned()))
    );
    let Some(ReplyError::OutsidePlan { reach_days, .. }) =
        error(&full, 200, &notice("Information", text))
    else {
        panic!("not outside of the plan")
    };
    assert_eq!(reach_days, Some(138));
    // What did not ask for all has nothing left to do without.
    let compact = closes(Plan::Free);
    assert_eq!(
        class(&compact, 200, &notice("Information", text)),
        "not_entitled"
    );
}

#[test]
fn a_status_decides_where_nothing_is_said() {
    let request = closes(PAID);
    for (status, body, expected) in [
        (200, "", "transient"),
        (200, "<html>busy</html>", "transient"),
        (200, "{\"Meta Data\":{", "transient"),
        (200, "OK", "transient"),
        (302, "", "rejected"),
        (400, "", "rejected"),
        (401, "", "unauthorized"),
        (403, "{}", "unauthorized"),
        (403, "<html>blocked</html>", "transient"),
        (404, "", "rejected"),
        (406, "{\"detail\":\"no\"}", "rejected"),
        (408, "", "transient"),
        (414, "", "too_much"),
        (429, "", "throttled"),
        (
            429,
            "{\"Information\":\"25 requests per day\"}",
            "quota_exhausted",
        ),
        (
            500,
            "{\"Information\":\"25 requests per day\"}",
            "transient",
        ),
        (503, "<html/>", "transient"),
    ] {
        assert_eq!(class(&request, status, body), expected, "{status} {body:?}");
    }
}

#[test]
fn an_unknown_notice_keeps_keys_to_itself() {
    let text = "We saw your API key as ABCDEFGHIJKLMNOP, or apikey=abc, key: qwertyuiopas; ZZ99XX88YY77 \
                see https://www.alphavantage.co/?apikey=ABCDEFGHIJKLMNOP now";
    let said = error(&closes(PAID), 200, &notice("Note", text))
        .unwrap()
        .to_string();
    for part in ["ABCDEFG", "abc", "qwerty", "ZZ99", "alphavantage"] {
        assert!(!said.contains(part), "{said}");
    }
    assert!(said.contains("We saw your API key"), "{said}");
}

#[test]
fn made_up_quotes_are_no_quotes() {
    let wants = vec![want(
        "equity:IBM",
        &["PRICE"],
        range("2026-08-13T06:00:00Z", "2026-08-13T07:00:00Z"),
    )];
    let request = plan(&vendor(PAID), &ask(BULK_QUOTES, NOW, wants)).swap_remove(0);
    let rows = r#"[{"symbol":"IBM","timestamp":"2026-08-13 02:02:00","close":"1"}]"#;
    for (message, expected) in [
        ("success", "data"),
        (
            "This is artificial sample data. Subscribe to a realtime plan.",
            "not_entitled",
        ),
        ("", "not_entitled"),
    ] {
        let body = format!(r#"{{"endpoint":"x","message":"{message}","data":{rows}}}"#);
        assert_eq!(class(&request, 200, &body), expected, "{message}");
        // The same names elsewhere say nothing.
        assert_eq!(class(&closes(PAID), 200, &body), "data");
    }
}

#[test]
fn a_catalogue_of_letters_is_a_refusal() {
    let request = listing();
    let header = "symbol,name,exchange,assetType,ipoDate,delistingDate,status\r\n";
    for (rows, expected) in [
        ("I,n,f,o,r,m,a\r\n", "quota_exhausted"),
        ("N,o,t,e,,,\r\n", "quota_exhausted"),
        ("E,r,r,o,r, ,M", "quota_exhausted"),
        (
            "A,Agilent Technologies Inc,NYSE,Stock,1999-11-18,null,Active\r\n",
            "data",
        ),
        ("", "data"),
    ] {
        assert_eq!(
            class(&request, 200, &format!("{header}{rows}")),
            expected,
            "{rows:?}"
        );
    }
    assert_eq!(class(&request, 200, "<html/>"), "transient");
    assert_eq!(class(&request, 200, "{\"detail\":1}"), "transient");
    assert_eq!(class(&request, 200, ""), "transient");
    // Nothing listed would delist the world.
    let mut none = reply(header.as_bytes(), NOW);
    none.body = Bytes::from(header);
    let read = crate::read(&vendor(PAID), &request, &none).map(|_| ());
    assert_eq!(read.unwrap_err().class(), "malformed");
}

#[test]
fn an_unknown_symbol_is_told_in_many_ways_and_none_deletes() {
    let of_quote = || {
        let wants = vec![want(
            "equity:NOPE",
            &["PRICE"],
            range("2026-08-12", "2026-08-13"),
        )];
        plan(&vendor(PAID), &ask(QUOTE, NOW, wants)).swap_remove(0)
    };
    assert_eq!(
        class(
            &closes(PAID),
            200,
            &notice("Error Message", "Invalid API call.")
        ),
        "rejected"
    );
    assert_eq!(class(&of_quote(), 200, "{\"Global Quote\":{}}"), "data");
    assert_eq!(class(&closes(PAID), 200, "{}"), "data");
}
