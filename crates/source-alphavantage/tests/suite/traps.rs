//! The contract's list of traps: section 9. Those of 200s and notices are in `check.rs`, those of the
//! quota in `quota.rs`. Trap 18, one ticker in two classes and pence against pounds, is in `config.rs`
//! (`a_row_becomes_the_series_of_its_metrics`): class and currency are part of the key.

use std::fmt::Write as _;

use source::{Outcome, ReplyError};
use source_alphavantage::{
    BULK_QUOTES, CRYPTO_DAILY, EQUITIES_ADJUSTED, EQUITIES_DAILY, EQUITIES_INTRADAY,
    EQUITIES_WEEKLY, EXCHANGE_RATE, MACRO_DAILY, OVERVIEW, QUOTE,
};

use crate::{
    BARS, CLOSE, PAID, answered, ask, at, body, look, outcomes, plan, points, range, vendor, want,
};

pub(crate) const MORNING: &str = "2026-08-13T06:03:00Z";

/// A series of closes on these days.
pub(crate) fn daily(days: &[&str]) -> String {
    let mut rows = String::new();
    for day in days {
        let comma = if rows.is_empty() { "" } else { "," };
        write!(rows, r#"{comma}"{day}":{{"4. close":"10.5"}}"#).unwrap();
    }
    format!(r#"{{"Meta Data":{{"2. Symbol":"IBM"}},"Time Series (Daily)":{{{rows}}}}}"#)
}

/// Trap 5: the stub of a coin's day is never a close, whatever the clock says.
#[test]
fn the_stub_of_the_day_is_not_stored() {
    let stub = body!("bars/crypto_daily_stub.json");
    for (now, last) in [
        // The series was refreshed on the 10th: its row of the 10th holds minutes.
        ("2026-06-10T20:08:00Z", "2026-06-09T00:00:00Z 53509.52"),
        ("2026-06-11T01:03:00Z", "2026-06-09T00:00:00Z 53509.52"),
    ] {
        let wants = vec![want(
            "crypto:BTC eur",
            CLOSE,
            range("2026-06-09", "2026-06-11"),
        )];
        let record = answered(&ask(CRYPTO_DAILY, now, wants), stub, now).unwrap();
        assert_eq!(points(&record, "CLOSE"), last, "{now}");
    }
    let wants = vec![want(
        "crypto:BTC eur",
        CLOSE,
        range("2026-06-09", "2026-06-11"),
    )];
    let late = "2026-06-11T01:03:00Z";
    let record = answered(&ask(CRYPTO_DAILY, late, wants), stub, late).unwrap();
    // Not there yet: asked again, not settled for good, which is the frame's to decide.
    assert!(outcomes(&record).contains("Empty([2026-06-10T00:00:00Z, 2026-06-11T00:00:00Z))"));
}

/// Trap 6: a week that is not over has another label each day.
#[test]
fn weeks_are_known_by_their_monday_and_final_once_a_newer_one_shows() {
    let weeks = body!("bars/weekly_partial.json");
    let closes = |body: &[u8], now: &str| {
        let wants = vec![want("equity:IBM", CLOSE, range("2026-07-13", "2026-08-17"))];
        let record = answered(&ask(EQUITIES_WEEKLY, now, wants), body, now).unwrap();
        points(&record, "CLOSE")
    };
    let expected =
        "2026-07-20T00:00:00Z 226.25, 2026-07-27T00:00:00Z 230, 2026-08-03T00:00:00Z 235.2";
    assert_eq!(closes(weeks, MORNING), expected);
    // A week later nothing newer shows yet: the row of Wednesday is no week.
    assert_eq!(closes(weeks, "2026-08-18T06:03:00Z"), expected);
    // Two rows of one week: the newer is the week.
    let text = String::from_utf8(weeks.to_vec()).unwrap();
    let text = text.replace("2026-07-31", "2026-08-05");
    assert!(closes(text.as_bytes(), MORNING).ends_with("2026-08-03T00:00:00Z 235.2"));
}

/// Trap 7: a quote belongs to its day of trading.
#[test]
fn a_quote_is_not_of_now() {
    let quote = body!("now/quote.json");
    let of = |labels, now: &str| {
        let wants = vec![want("equity:IBM", &["PRICE"], labels)];
        answered(&ask(QUOTE, now, wants), quote, now).unwrap()
    };
    let record = of(range("2026-08-12", "2026-08-13"), MORNING);
    assert_eq!(points(&record, "PRICE"), "2026-08-12T00:00:00Z 238.42");
    // Asked for a day later, the quote of the 12th says that the 13th is not there.
    let record = of(range("2026-08-13", "2026-08-14"), "2026-08-14T06:03:00Z");
    assert_eq!(points(&record, "PRICE"), "");
    assert!(matches!(record.outcomes[..], [(_, _, Outcome::Empty(_))]));
}

/// Trap 8: hours are asked for as traded, and a split is a fall.
#[test]
fn prices_are_as_traded() {
    let hours = range("2026-08-13T00:00:00Z", "2026-08-13T06:00:00Z");
    let wants = vec![want("equity:SPY", CLOSE, hours)];
    let request = plan(&vendor(PAID), &ask(EQUITIES_INTRADAY, MORNING, wants)).swap_remove(0);
    assert!(request.path_and_query().contains("adjusted=false"));
    let wants = vec![want("equity:AAPL", BARS, range("2020-08-27", "2020-09-02"))];
    let now = "2020-09-02T06:03:00Z";
    let record = answered(
        &ask(EQUITIES_DAILY, now, wants),
        body!("bars/daily_adjusted_split.json"),
        now,
    );
    let closes = points(&record.unwrap(), "CLOSE");
    assert!(closes.contains("2020-08-28T00:00:00Z 499.23, 2020-08-31T00:00:00Z 129.04"));
}

/// Trap 9: numbers before names mean nothing.
#[test]
fn fields_are_known_by_their_words() {
    let record = |dataset, metrics| {
        let wants = vec![want(
            "equity:AAPL",
            metrics,
            range("2020-08-06", "2020-08-07"),
        )];
        let now = "2020-09-02T06:03:00Z";
        answered(
            &ask(dataset, now, wants),
            body!("bars/daily_adjusted_split.json"),
            now,
        )
        .unwrap()
    };
    let adjusted = record(EQUITIES_ADJUSTED, &["PRICE_ADJ"]);
    assert_eq!(
        points(&adjusted, "PRICE_ADJ"),
        "2020-08-06T00:00:00Z 113.696883172907"
    );
    let traded = record(EQUITIES_DAILY, &["VOLUME"]);
    assert_eq!(points(&traded, "VOLUME"), "2020-08-06T00:00:00Z 50607225");
}

/// Trap 10: the name of the series and of the quote may have something behind it.
#[test]
fn an_entitlement_changes_names() {
    let wants = || {
        vec![want(
            "equity:IBM",
            &["PRICE"],
            range("2026-08-12", "2026-08-13"),
        )]
    };
    let text = String::from_utf8(body!("now/quote.json").to_vec()).unwrap();
    let text = text.replace("Global Quote", "Global Quote - DATA DELAYED BY 15 MINUTES");
    let record = answered(&ask(QUOTE, MORNING, wants()), text.as_bytes(), MORNING).unwrap();
    assert_eq!(points(&record, "PRICE"), "2026-08-12T00:00:00Z 238.42");
    let wants = vec![want("equity:IBM", CLOSE, range("2026-08-11", "2026-08-12"))];
    let plain = daily(&["2026-08-11"]);
    let named = "\"Time Series (Daily) - DATA DELAYED BY 15 MINUTES\"";
    let suffixed = plain.replace("\"Time Series (Daily)\"", named);
    assert!(suffixed.contains(named));
    let asked = ask(EQUITIES_DAILY, MORNING, wants);
    let record = answered(&asked, suffixed.as_bytes(), MORNING).unwrap();
    assert_eq!(points(&record, "CLOSE"), "2026-08-11T00:00:00Z 10.5");
}

/// Trap 11: old answers have two currencies, and a cap that is the volume.
#[test]
fn old_answers_are_read_in_the_currency_that_was_asked_for() {
    for (market, close) in [("EUR", 6_100.0), ("USD", 7_100.0)] {
        let path = format!("/query?function=DIGITAL_CURRENCY_DAILY&symbol=BTC&market={market}");
        let text = String::from_utf8(body!("bars/crypto_daily_legacy.json").to_vec()).unwrap();
        let text = text.replace(
            "\"4. Market Code\": \"EUR\"",
            &format!("\"4. Market Code\": \"{market}\""),
        );
        let (record, _) = look(&path, text.as_bytes(), "2017-11-09T01:03:00Z").unwrap();
        let closes: Vec<_> = record
            .points
            .iter()
            .filter(|point| point.metric.as_str() == "CLOSE")
            .collect();
        // The day on which it was refreshed is the stub.
        assert_eq!(
            (closes.len(), closes[0].value, closes[0].label),
            (1, close, at("2017-11-07"))
        );
        assert_eq!(
            points(&record, "VOLUME_COIN"),
            "2017-11-07T00:00:00Z 604.25"
        );
        assert!(
            record
                .points
                .iter()
                .all(|point| point.metric.as_str() != "MARKET_CAP")
        );
    }
}

/// Trap 12: an unknown symbol is no data, and deletes nothing.
#[test]
fn an_unknown_symbol_is_told_in_many_ways() {
    let day = range("2026-08-12", "2026-08-13");
    let of = |dataset, of: &str, metric, labels, body: &str| {
        let wants = vec![want(of, &[metric], labels)];
        answered(&ask(dataset, MORNING, wants), body.as_bytes(), MORNING).unwrap()
    };
    let hour = range("2026-08-13T06:00:00Z", "2026-08-13T07:00:00Z");
    let today = range("2026-08-13", "2026-08-14");
    for record in [
        of(EQUITIES_DAILY, "equity:NOPE", "CLOSE", day, "{}"),
        of(
            EQUITIES_DAILY,
            "equity:NOPE",
            "CLOSE",
            day,
            r#"{"Meta Data":{"2. Symbol":"NOPE"}}"#,
        ),
        of(
            EQUITIES_DAILY,
            "equity:NOPE",
            "CLOSE",
            day,
            r#"{"Meta Data":{},"Time Series (Daily)":{}}"#,
        ),
        of(QUOTE, "equity:NOPE", "PRICE", day, r#"{"Global Quote":{}}"#),
        of(OVERVIEW, "equity:NOPE", "MARKET_CAP", today, "{}"),
        of(
            EXCHANGE_RATE,
            "crypto:NOPE",
            "PRICE",
            hour,
            r#"{"Realtime Currency Exchange Rate":{}}"#,
        ),
        of(
            MACRO_DAILY,
            "macro:TREASURY_YIELD:10year",
            "YIELD",
            day,
            "{}",
        ),
    ] {
        assert!(record.points.is_empty());
        assert!(
            matches!(record.outcomes[..], [(_, _, Outcome::Empty(_))]),
            "{:?}",
            record.outcomes
        );
    }
    // Of a batch what is not named is not settled.
    let wants = vec![
        want("equity:IBM", &["PRICE"], hour),
        want("equity:NOPE", &["PRICE"], hour),
    ];
    let body = br#"{"message":"success","data":[]}"#;
    let record = answered(&ask(BULK_QUOTES, MORNING, wants), body, MORNING).unwrap();
    assert!(
        record
            .outcomes
            .iter()
            .all(|(_, _, outcome)| *outcome == Outcome::Absent)
    );
    assert_eq!(record.outcomes.len(), 2);
}

/// Trap 17: volumes have fractions, caps are beyond 32 bits.
#[test]
fn numbers_are_read_in_every_dress() {
    let wants = vec![want(
        "equity:IBM",
        &["MARKET_CAP", "SHARES_OUTSTANDING"],
        range("2026-08-13", "2026-08-14"),
    )];
    let text = String::from_utf8(body!("now/overview.json").to_vec()).unwrap();
    let text = text.replace("\"890579008\"", "\"890579008.0\"");
    let record = answered(&ask(OVERVIEW, MORNING, wants), text.as_bytes(), MORNING).unwrap();
    assert_eq!(
        points(&record, "MARKET_CAP"),
        "2026-08-13T00:00:00Z 112747298816"
    );
    assert_eq!(
        points(&record, "SHARES_OUTSTANDING"),
        "2026-08-13T00:00:00Z 890579008"
    );
}

/// Section 6: what an answer says it is about has to be what was asked for.
#[test]
fn an_answer_about_something_else_is_none() {
    let wants = || {
        vec![want(
            "equity:BRK.B",
            CLOSE,
            range("2026-08-11", "2026-08-12"),
        )]
    };
    let of = |symbol: &str| {
        let body = daily(&["2026-08-11"]).replace("IBM", symbol);
        answered(
            &ask(EQUITIES_DAILY, MORNING, wants()),
            body.as_bytes(),
            MORNING,
        )
        .map(|_| ())
    };
    for same in ["BRK.B", "BRK-B", "brk.b"] {
        assert_eq!(of(same), Ok(()), "{same}");
    }
    assert!(matches!(of("BRK.A"), Err(ReplyError::Malformed(_))));
}
