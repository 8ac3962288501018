//! What an answer settles, and what it must not: contract sections 3.3 to 5.

use source::{Fact, Outcome, ReplyError, Source as _};
use source_alphavantage::{
    BULK_QUOTES, EQUITIES_ADJUSTED, EQUITIES_DAILY, EQUITIES_INTRADAY, FX_DAILY, MACRO_DAILY,
    MACRO_MONTHLY, OVERVIEW, Plan,
};

use crate::{
    CLOSE, PAID, answered, ask, at, body, look, outcomes, plan, points, range, read, reply,
    traps::{MORNING, daily},
    vendor, want,
};

#[test]
fn a_weekday_without_a_row_inside_an_answer_is_settled_and_one_behind_it_is_late() {
    // The 4th and 5th of July 2026 are a weekend, the 3rd was a holiday.
    let body = daily(&["2026-07-01", "2026-07-02", "2026-07-06", "2026-07-07"]);
    let wants = vec![want("equity:IBM", CLOSE, range("2026-06-29", "2026-07-09"))];
    let now = "2026-07-09T06:03:00Z";
    let record = answered(&ask(EQUITIES_DAILY, now, wants), body.as_bytes(), now).unwrap();
    assert_eq!(
        outcomes(&record),
        "\
equity:IBM/usd CLOSE: Answered([2026-07-01T00:00:00Z, 2026-07-08T00:00:00Z))
equity:IBM/usd CLOSE: Empty([2026-06-29T00:00:00Z, 2026-07-01T00:00:00Z))
equity:IBM/usd CLOSE: Empty([2026-07-08T00:00:00Z, 2026-07-09T00:00:00Z))
"
    );
}

/// One share cannot tell a holiday from a day on which it alone was halted.
#[test]
fn a_weekday_without_a_row_is_not_called_closed_and_its_row_is_taken_where_it_comes_after_all() {
    let of = |days: &[&str], now: &str| {
        let wants = vec![want("equity:IBM", CLOSE, range("2026-07-07", "2026-07-10"))];
        let record = answered(
            &ask(EQUITIES_DAILY, now, wants),
            daily(days).as_bytes(),
            now,
        )
        .unwrap();
        let is_stored = points(&record, "CLOSE").contains("2026-07-08T00:00:00Z 10.5");
        (is_stored, outcomes(&record))
    };
    let settled = "equity:IBM/usd CLOSE: Answered([2026-07-07T00:00:00Z, 2026-07-10T00:00:00Z))\n";
    let halted = of(&["2026-07-07", "2026-07-09"], "2026-07-10T06:03:00Z");
    assert_eq!(halted, (false, settled.to_owned()));
    let days = ["2026-07-07", "2026-07-08", "2026-07-09", "2026-07-10"];
    let filled = of(&days, "2026-07-11T06:03:00Z");
    assert_eq!(filled, (true, settled.to_owned()));
}

/// A row that has no value, or none that can be read, says nothing of trading; and where a label cannot
/// be read it may be any day's.
#[test]
fn a_day_of_which_a_row_is_there_is_not_settled_as_one_without_trading() {
    let of = |body: &str| {
        let wants = vec![want("equity:IBM", CLOSE, range("2026-07-07", "2026-07-10"))];
        let now = "2026-07-10T06:03:00Z";
        let record = answered(&ask(EQUITIES_DAILY, now, wants), body.as_bytes(), now).unwrap();
        outcomes(&record)
    };
    let days = daily(&["2026-07-07", "2026-07-08", "2026-07-09"]);
    let tuesday = "\"2026-07-08\":{\"4. close\":";
    let value = format!("{tuesday}\"10.5\"}}");
    assert!(days.contains(&value));
    let empty = "Empty([2026-07-08T00:00:00Z, 2026-07-09T00:00:00Z))";
    for (row, told) in [
        (format!("{tuesday}null}}"), empty),
        (format!("{tuesday}\"n/a\"}}"), "Failed"),
        ("\"2026-07-08\":7".to_owned(), "Failed"),
        ("\"the 8th\":{\"4. close\":\"10.5\"}".to_owned(), empty),
    ] {
        let outcomes = of(&days.replace(&value, &row));
        assert!(outcomes.contains(told), "{row}: {outcomes}");
        let whole = "Answered([2026-07-07T00:00:00Z, 2026-07-10T00:00:00Z))";
        assert!(!outcomes.contains(whole), "{row}: {outcomes}");
    }
}

#[test]
fn a_full_hundred_rows_say_nothing_of_what_is_older() {
    let day = |n: i64| at("2026-04-25").plus_days(n).date().to_string();
    for (rows, is_told) in [(100, false), (99, true)] {
        let days: Vec<String> = (110 - rows..110).map(day).collect();
        let days: Vec<&str> = days.iter().map(String::as_str).collect();
        let wants = vec![want("equity:IBM", CLOSE, range("2026-04-01", "2026-08-13"))];
        let asked = ask(EQUITIES_DAILY, MORNING, wants);
        let record = answered(&asked, daily(&days).as_bytes(), MORNING).unwrap();
        let older = format!("Empty([2026-04-01T00:00:00Z, {}T00:00:00Z))", days[0]);
        assert_eq!(outcomes(&record).contains(&older), is_told, "{rows}");
    }
}

#[test]
fn what_is_whole_tells_where_a_share_begins() {
    let fact = |size: &str| {
        let path = format!("/query?function=TIME_SERIES_DAILY&symbol=IBM&outputsize={size}");
        let body = daily(&["2026-07-02", "2026-07-01"]);
        look(&path, body.as_bytes(), MORNING).unwrap().1.facts
    };
    assert!(fact("compact").is_empty());
    let [Fact::FirstAvailable { label, .. }] = &fact("full")[..] else {
        panic!("no beginning")
    };
    assert_eq!(*label, at("2026-07-01"));
    // Cut in silence: the answer itself says so.
    let path = "/query?function=TIME_SERIES_DAILY&symbol=IBM&outputsize=full";
    let cut = look(path, body!("bars/daily_compact.json"), MORNING)
        .unwrap()
        .1;
    assert!(cut.facts.is_empty());
    // Of coins the vendor keeps some hundreds of days.
    let path = "/query?function=DIGITAL_CURRENCY_DAILY&symbol=BTC&market=EUR";
    let coin = look(path, body!("bars/crypto_daily_stub.json"), MORNING)
        .unwrap()
        .1;
    assert!(coin.facts.is_empty());
}

#[test]
fn hours_are_new_yorks_in_summer_and_winter() {
    let of = |label: &str, zone: &str| {
        let body = format!(
            r#"{{"Meta Data":{{"6. Time Zone":"{zone}"}},"Time Series (60min)":{{"{label}":{{"4. close":"5"}}}}}}"#
        );
        let path = "/query?function=TIME_SERIES_INTRADAY&symbol=SPY&interval=60min&outputsize=full";
        let (record, _) = look(path, body.as_bytes(), "2026-12-01T06:03:00Z").unwrap();
        record.points[0].label
    };
    assert_eq!(
        of("2026-01-15 04:00:00", "US/Eastern"),
        at("2026-01-15T09:00:00Z")
    );
    assert_eq!(
        of("2026-07-15 04:00:00", "US/Eastern"),
        at("2026-07-15T08:00:00Z")
    );
    assert_eq!(of("2026-07-15 04:00:00", "UTC"), at("2026-07-15T04:00:00Z"));
    assert_eq!(
        of("2026-07-15 04:00:00", "of the vendor"),
        at("2026-07-15T08:00:00Z")
    );
    // Whether regular hours are labelled at the half is not established: never off the grid.
    assert_eq!(
        of("2026-07-15 09:30:00", "US/Eastern"),
        at("2026-07-15T13:00:00Z")
    );
}

#[test]
fn minutes_are_no_hours() {
    let text = String::from_utf8(body!("bars/intraday_shares.json").to_vec()).unwrap();
    let text = text.replace("\"60min\"", "\"5min\"");
    let path = "/query?function=TIME_SERIES_INTRADAY&symbol=SPY&interval=60min";
    let error = look(path, text.as_bytes(), MORNING).unwrap_err();
    assert!(matches!(error, ReplyError::Malformed(_)));
}

#[test]
fn a_month_is_a_month_of_new_york() {
    let labels = range("2026-04-20T00:00:00Z", "2026-06-02T00:00:00Z");
    let wants = vec![want("equity:SPY", CLOSE, labels)];
    let requests = plan(&vendor(PAID), &ask(EQUITIES_INTRADAY, MORNING, wants));
    let months: Vec<_> = requests
        .iter()
        .map(|one| (one.query[4].1.as_str(), one.block.labels))
        .collect();
    assert_eq!(
        months,
        [
            (
                "2026-06",
                range("2026-06-01T05:00:00Z", "2026-06-02T00:00:00Z")
            ),
            (
                "2026-05",
                range("2026-05-01T05:00:00Z", "2026-06-01T05:00:00Z")
            ),
            (
                "2026-04",
                range("2026-04-20T00:00:00Z", "2026-05-01T05:00:00Z")
            ),
        ]
    );
    // Of another month than was asked for.
    let body = br#"{"Meta Data":{"6. Time Zone":"US/Eastern"},"Time Series (60min)":{"2026-08-12 10:00:00":{"4. close":"5"}}}"#;
    let error = read(&vendor(PAID), &requests[1], &reply(body, MORNING)).unwrap_err();
    assert!(matches!(error, ReplyError::Malformed(_)));
}

#[test]
fn the_dot_of_a_holiday_is_no_value() {
    let wants = vec![want(
        "macro:TREASURY_YIELD:10year",
        &["YIELD"],
        range("2026-07-02", "2026-07-07"),
    )];
    let record = answered(
        &ask(MACRO_DAILY, MORNING, wants),
        body!("economy/treasury_yield.json"),
        MORNING,
    )
    .unwrap();
    assert_eq!(
        points(&record, "YIELD"),
        "2026-07-02T00:00:00Z 4.15, 2026-07-06T00:00:00Z 4.17"
    );
    assert!(record.rejects.is_empty());
}

#[test]
fn another_unit_or_interval_is_not_stored_as_ours() {
    let of = |function: &str, metric: &str, quote: &str, unit: &str, interval: &str| {
        let body = format!(
            r#"{{"name":"x","interval":"{interval}","unit":"{unit}","data":[{{"date":"2026-06-01","value":"7.5"}}]}}"#
        );
        let key = format!("{function} {quote}");
        let wants = vec![want(&key, &[metric], range("2026-05-01", "2026-08-01"))];
        answered(
            &ask(MACRO_MONTHLY, MORNING, wants),
            body.as_bytes(),
            MORNING,
        )
        .map(|record| points(&record, metric))
        .map_err(|error| error.class())
    };
    let june = Ok("2026-06-01T00:00:00Z 7.5".to_owned());
    let monthly = "monthly";
    assert_eq!(
        of(
            "macro:NONFARM_PAYROLL",
            "NONFARM_PAYROLL",
            "usd",
            "thousands of persons",
            monthly
        ),
        june
    );
    assert_eq!(
        of(
            "macro:NONFARM_PAYROLL",
            "NONFARM_PAYROLL",
            "usd",
            "persons",
            monthly
        ),
        Err("malformed")
    );
    assert_eq!(
        of(
            "macro:UNEMPLOYMENT",
            "UNEMPLOYMENT_RATE",
            "usd",
            "percent",
            monthly
        ),
        june
    );
    assert_eq!(
        of(
            "macro:UNEMPLOYMENT",
            "UNEMPLOYMENT_RATE",
            "usd",
            "",
            monthly
        ),
        june
    );
    assert_eq!(
        of(
            "macro:CPI",
            "CPI",
            "usd",
            "index 1982-1984=100",
            "semiannual"
        ),
        Err("malformed")
    );
    assert_eq!(
        of(
            "commodity:COFFEE",
            "PRICE",
            "usd",
            "cents per pound",
            monthly
        ),
        Err("malformed")
    );
    assert_eq!(
        of(
            "commodity:COFFEE",
            "PRICE",
            "usx",
            "cents per pound",
            monthly
        ),
        june
    );
    assert_eq!(
        of(
            "commodity:WTI",
            "PRICE",
            "usd",
            "dollars per barrel",
            monthly
        ),
        june
    );
}

#[test]
fn a_month_is_there_once_it_is_over() {
    let body = br#"{"interval":"monthly","unit":"percent","data":[{"date":"2026-08-01","value":"4.1"},{"date":"2026-07-31","value":"4.2"}]}"#;
    let wants = vec![want(
        "macro:UNEMPLOYMENT",
        &["UNEMPLOYMENT_RATE"],
        range("2026-06-01", "2026-08-01"),
    )];
    let record = answered(&ask(MACRO_MONTHLY, MORNING, wants), body, MORNING).unwrap();
    // Whatever day of the month the vendor writes.
    assert_eq!(
        points(&record, "UNEMPLOYMENT_RATE"),
        "2026-07-01T00:00:00Z 4.2"
    );
}

#[test]
fn money_in_another_currency_than_the_shares_is_not_taken() {
    let text = String::from_utf8(body!("now/overview.json").to_vec()).unwrap();
    let text = text.replace("\"Currency\": \"USD\"", "\"Currency\": \"EUR\"");
    let wants = vec![want(
        "equity:IBM",
        &["BETA", "MARKET_CAP"],
        range("2026-08-13", "2026-08-14"),
    )];
    let record = answered(&ask(OVERVIEW, MORNING, wants), text.as_bytes(), MORNING).unwrap();
    assert_eq!(points(&record, "MARKET_CAP"), "");
    assert_eq!(points(&record, "BETA"), "2026-08-13T00:00:00Z 1.2071");
    assert_eq!(record.rejects[0].why, "another_currency");
    // Nothing else tells of this day: it is not asked for at every tick.
    assert!(outcomes(&record).contains("MARKET_CAP: Empty"));
}

#[test]
fn a_column_that_is_called_otherwise_is_no_silence() {
    let body = daily(&["2026-08-11"]).replace("4. close", "4. last");
    let wants = vec![want("equity:IBM", CLOSE, range("2026-08-11", "2026-08-12"))];
    let record = answered(
        &ask(EQUITIES_DAILY, MORNING, wants),
        body.as_bytes(),
        MORNING,
    )
    .unwrap();
    assert_eq!(record.outcomes[0].2, Outcome::Failed);
    assert_eq!(record.rejects[0].why, "no_such_column");
}

/// A hole that is asked for at every pass would take the quota of a day.
#[test]
fn what_cannot_be_read_is_asked_again_in_its_time() {
    let body = daily(&["2026-08-11", "2026-08-12"]).replacen("10.5", "n/a", 1);
    let wants = vec![want("equity:IBM", CLOSE, range("2026-08-11", "2026-08-13"))];
    let record = answered(
        &ask(EQUITIES_DAILY, MORNING, wants),
        body.as_bytes(),
        MORNING,
    )
    .unwrap();
    // In this order: what is told later stands in place of the failure.
    assert_eq!(
        outcomes(&record),
        "\
equity:IBM/usd CLOSE: Failed
equity:IBM/usd CLOSE: Answered([2026-08-12T00:00:00Z, 2026-08-13T00:00:00Z))
"
    );
    let text = String::from_utf8(body!("now/overview.json").to_vec()).unwrap();
    let text = text.replace("1.2071", "n/a");
    let wants = vec![want(
        "equity:IBM",
        &["BETA"],
        range("2026-08-13", "2026-08-14"),
    )];
    let record = answered(&ask(OVERVIEW, MORNING, wants), text.as_bytes(), MORNING).unwrap();
    assert_eq!(
        outcomes(&record),
        "equity:IBM/usd BETA: Empty([2026-08-13T00:00:00Z, 2026-08-14T00:00:00Z))\n"
    );
    assert_eq!(record.rejects[0].why, "not_a_number");
}

#[test]
fn what_is_not_closed_is_not_stored() {
    let body = daily(&["2026-08-11", "2026-08-12", "2026-08-13"]);
    let wants = |to| vec![want("equity:IBM", CLOSE, range("2026-08-11", to))];
    // In the night of New York the closes of the 12th may be under way.
    let night = "2026-08-13T05:59:00Z";
    let record = answered(
        &ask(EQUITIES_DAILY, night, wants("2026-08-14")),
        body.as_bytes(),
        night,
    )
    .unwrap();
    assert_eq!(points(&record, "CLOSE"), "2026-08-11T00:00:00Z 10.5");
    assert!(!outcomes(&record).contains("Empty"));
    let now = "2026-08-12T20:18:00Z";
    let fx = vec![want("fx:EUR", CLOSE, range("2026-08-10", "2026-08-13"))];
    let record = answered(&ask(FX_DAILY, now, fx), body!("bars/fx_daily.json"), now).unwrap();
    assert!(points(&record, "CLOSE").ends_with("2026-08-11T00:00:00Z 1.164"));
}

#[test]
fn quotes_come_again_at_night_and_are_no_price_of_the_night() {
    let hour = range("2024-10-31T03:00:00Z", "2024-10-31T04:00:00Z");
    let wants = vec![want("equity:MSTR", &["PRICE"], hour)];
    let now = "2024-10-31T03:03:00Z";
    let record = answered(
        &ask(BULK_QUOTES, now, wants),
        body!("bulk/three_shares.json"),
        now,
    )
    .unwrap();
    assert_eq!(points(&record, "PRICE"), "");
    let empty = (outcomes(&record).lines())
        .any(|line| line.contains("equity:MSTR") && line.contains("Empty"));
    assert!(empty, "{}", outcomes(&record));
}

#[test]
fn a_free_key_is_never_asked_for_all() {
    let free = vendor(Plan::Free);
    for spec in free.datasets() {
        let asked = ask(
            spec.id,
            MORNING,
            vec![want("equity:IBM", CLOSE, range("2020-01-06", "2026-08-10"))],
        );
        for request in plan(&free, &asked) {
            let is_all = request
                .query
                .contains(&("outputsize".to_owned(), "full".to_owned()));
            // Of what no free key has, nothing is asked: the file makes no series of it.
            assert!(
                !is_all || spec.id == EQUITIES_ADJUSTED || spec.id == EQUITIES_INTRADAY,
                "{}",
                spec.id
            );
        }
    }
}
