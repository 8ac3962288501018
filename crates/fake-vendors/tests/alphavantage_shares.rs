//! Days, weeks and hours of shares at the simulated Alpha Vantage: shapes, calendars, splits, over real HTTP.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "test code")]

mod support;

#[path = "support/alphavantage.rs"]
mod alphavantage;

use alphavantage::{
    PREMIUM, REALTIME, ask, frozen, json, labels, ms, number, options, series, texts, vendor,
};
use fake_vendors::AlphaVantageField as Field;
use fake_vendors::Options;
use serde_json::Value;
use support::{DAY_MS, HOUR_MS, at};

const DAILY: &str = "function=TIME_SERIES_DAILY&symbol=IBM";
const FULL: &str = "function=TIME_SERIES_DAILY&symbol=IBM&outputsize=full";
const HOURLY: &str = "function=TIME_SERIES_INTRADAY&symbol=IBM&interval=60min";

/// Returns the row before a label; labels ascend.
fn before<'a>(rows: &'a serde_json::Map<String, Value>, label: &str) -> (&'a String, &'a Value) {
    rows.iter()
        .take_while(|(known, _)| known.as_str() < label)
        .last()
        .unwrap()
}

#[tokio::test]
async fn compact_days_are_the_hundred_that_new_york_traded() {
    let vendor = vendor(PREMIUM).await;
    vendor.set_now(at("2026-08-12T22:00:00Z"));
    let expected = labels(&alphavantage::sample("time_series_daily_ibm_compact.json"));
    assert_eq!(expected.len(), 100);
    let served = texts(&vendor, DAILY).await;
    assert_eq!(served, expected, "newest first, no weekends, no holidays");
    let compact = json(&vendor, DAILY).await;
    let full = json(&vendor, FULL).await;
    assert_eq!(full["Meta Data"]["4. Output Size"], "Full size");
    assert!(series(&full).len() > 6_600);
    assert_eq!(
        texts(&vendor, FULL).await.last().map(String::as_str),
        Some("1999-11-01")
    );
    for (label, row) in series(&compact) {
        assert_eq!(row, &series(&full)[label]);
    }
    let csv = ask(&vendor, &format!("{DAILY}&datatype=csv")).await;
    assert_eq!(csv.header("content-type"), Some("application/x-download"));
    let row = &series(&compact)["2026-08-12"];
    let cells = ["1. open", "2. high", "3. low", "4. close", "5. volume"]
        .map(|name| row[name].as_str().unwrap());
    let text = csv.text();
    let expected = format!(
        "timestamp,open,high,low,close,volume\r\n2026-08-12,{}\r\n",
        cells.join(",")
    );
    assert!(text.starts_with(&expected), "{text:.200}");
    assert_eq!(text.matches("\r\n").count(), 101);
    vendor.stop().await;
    let again = frozen(options(PREMIUM)).await;
    again.set_now(at("2026-08-12T22:00:00Z"));
    assert_eq!(
        json(&again, DAILY).await,
        compact,
        "a restart changes nothing"
    );
    again.stop().await;
}

#[tokio::test]
async fn a_day_appears_in_its_evening_and_never_changes() {
    let vendor = vendor(PREMIUM).await;
    let newest = async |now: &str| {
        vendor.set_now(at(now));
        texts(&vendor, DAILY).await[0].clone()
    };
    assert_eq!(newest("2026-05-18T21:59:59Z").await, "2026-05-15");
    assert_eq!(newest("2026-05-18T22:00:00Z").await, "2026-05-18");
    assert_eq!(
        newest("2026-05-23T12:00:00Z").await,
        "2026-05-22",
        "a weekend"
    );
    assert_eq!(
        newest("2026-05-25T23:00:00Z").await,
        "2026-05-22",
        "Memorial Day"
    );
    let before = json(&vendor, DAILY).await;
    vendor.set_now(at("2026-09-30T12:00:00Z"));
    let after = json(&vendor, DAILY).await;
    let shared = series(&before)
        .iter()
        .filter_map(|(label, row)| Some((row, series(&after).get(label)?)));
    assert!(shared.inspect(|(a, b)| assert_eq!(a, b)).count() > 5);
    vendor.stop().await;
    let late = frozen(options("premium-75+eod-hour=22".parse().unwrap())).await;
    late.set_now(at("2026-05-19T01:59:00Z"));
    assert_eq!(texts(&late, DAILY).await[0], "2026-05-15");
    late.stop().await;
}

#[tokio::test]
async fn splits_drop_the_quoted_price_and_rebase_the_adjusted_one() {
    let ids: Vec<String> = (0..60).map(|n| format!("equity:CO{n}")).collect();
    let vendor = frozen(Options {
        extra_ids: ids,
        ..options(PREMIUM)
    })
    .await;
    vendor.set_now(at("2026-12-31T23:00:00Z"));
    let mut seen = 0;
    for n in 0..60 {
        let splits = json(&vendor, &format!("function=SPLITS&symbol=CO{n}")).await;
        let Some(split) = splits["data"].as_array().unwrap().first() else {
            continue;
        };
        let (day, ratio) = (
            split["effective_date"].as_str().unwrap(),
            number(&split["split_factor"]),
        );
        let query = format!("function=TIME_SERIES_DAILY_ADJUSTED&symbol=CO{n}&outputsize=full");
        let served = json(&vendor, &query).await;
        let rows = series(&served);
        let row = &rows[day];
        assert_eq!(number(&row["8. split coefficient"]), ratio);
        let (before_label, before) = before(rows, day);
        let fell = number(&before["4. close"]) / number(&row["1. open"]);
        assert!(
            (fell / ratio - 1.0).abs() < 0.2,
            "CO{n} {day}: {fell} for {ratio}"
        );
        let smooth = number(&before["5. adjusted close"]) / number(&row["5. adjusted close"]);
        assert!((smooth - 1.0).abs() < 0.2, "CO{n} {day}: {smooth}");
        vendor.set_now(at(&format!("{before_label}T23:00:00Z")));
        let earlier = json(&vendor, &query).await;
        let earlier = &series(&earlier)[before_label.as_str()];
        assert_eq!(
            earlier["4. close"], before["4. close"],
            "quoted prices stay"
        );
        let rebased = number(&earlier["5. adjusted close"]) / number(&before["5. adjusted close"]);
        assert!(
            ratio < 1.0 || rebased > 1.4,
            "adjusted ones do not: {rebased}"
        );
        assert_eq!(number(&earlier["5. adjusted close"]), {
            let text = format!("{:.4}", number(&earlier["5. adjusted close"]));
            assert_eq!(
                text,
                earlier["4. close"].as_str().unwrap(),
                "nothing to adjust yet"
            );
            number(&earlier["5. adjusted close"])
        });
        vendor.set_now(at("2026-12-31T23:00:00Z"));
        seen += 1;
        if seen == 4 {
            break;
        }
    }
    assert_eq!(seen, 4);
    vendor.stop().await;
}

#[tokio::test]
async fn a_dividend_is_in_the_row_and_below_every_older_adjusted_close() {
    let vendor = vendor(PREMIUM).await;
    let dividends = json(&vendor, "function=DIVIDENDS&symbol=QQQ").await;
    let past = dividends["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["ex_dividend_date"].as_str() < Some("2026-05-15"));
    let (day, amount) = past
        .map(|row| {
            (
                row["ex_dividend_date"].as_str().unwrap(),
                number(&row["amount"]),
            )
        })
        .unwrap();
    let served = json(
        &vendor,
        "function=TIME_SERIES_DAILY_ADJUSTED&symbol=QQQ&outputsize=full",
    )
    .await;
    let rows = series(&served);
    assert_eq!(number(&rows[day]["7. dividend amount"]), amount);
    let (_, before) = before(rows, day);
    let factor = number(&before["5. adjusted close"]) / number(&before["4. close"]);
    let after = number(&rows[day]["5. adjusted close"]) / number(&rows[day]["4. close"]);
    let expected = after * (1.0 - amount / number(&before["4. close"]));
    assert!(
        (factor / expected - 1.0).abs() < 1e-4,
        "{factor} {expected}"
    );
    assert!(before["5. adjusted close"].as_str().unwrap().len() > 12);
    let weekly = json(&vendor, "function=TIME_SERIES_WEEKLY_ADJUSTED&symbol=QQQ").await;
    let paid = series(&weekly)
        .values()
        .filter(|row| number(&row["7. dividend amount"]) > 0.0)
        .count();
    let paid_days = rows
        .values()
        .filter(|row| number(&row["7. dividend amount"]) > 0.0)
        .count();
    assert_eq!(paid, paid_days);
    vendor.stop().await;
}

#[tokio::test]
async fn weeks_and_months_bear_a_label_that_moves() {
    let vendor = vendor(PREMIUM).await;
    let newest = async |function: &str, now: &str| {
        vendor.set_now(at(now));
        texts(&vendor, &format!("function={function}&symbol=IBM")).await[..2].to_vec()
    };
    let week = "TIME_SERIES_WEEKLY";
    assert_eq!(
        newest(week, "2026-05-19T23:00:00Z").await,
        ["2026-05-19", "2026-05-15"]
    );
    assert_eq!(
        newest(week, "2026-05-20T23:00:00Z").await,
        ["2026-05-20", "2026-05-15"]
    );
    assert_eq!(
        newest(week, "2026-05-30T23:00:00Z").await,
        ["2026-05-29", "2026-05-22"]
    );
    assert_eq!(
        newest(week, "2026-04-04T23:00:00Z").await[0],
        "2026-04-02",
        "Good Friday"
    );
    let month = "TIME_SERIES_MONTHLY";
    assert_eq!(
        newest(month, "2026-06-02T23:00:00Z").await,
        ["2026-06-02", "2026-05-29"]
    );
    let days = json(&vendor, FULL).await;
    let weeks = json(&vendor, "function=TIME_SERIES_WEEKLY&symbol=IBM").await;
    let row = &series(&weeks)["2026-05-22"];
    let within = |label: &str| ("2026-05-18".."2026-05-23").contains(&label);
    let of_week = series(&days).iter().filter(|(label, _)| within(label));
    let of_week: Vec<&Value> = of_week.map(|(_, row)| row).collect();
    assert_eq!(of_week.len(), 5);
    assert_eq!(row["1. open"], of_week[0]["1. open"]);
    assert_eq!(row["4. close"], of_week[4]["4. close"]);
    let volume: f64 = of_week.iter().map(|day| number(&day["5. volume"])).sum();
    assert!((number(&row["5. volume"]) - volume).abs() < 5.0);
    vendor.stop().await;
}

#[tokio::test]
async fn bars_within_days_follow_month_hours_and_season() {
    let vendor = vendor(PREMIUM).await;
    let month = format!("{HOURLY}&month=2009-01&outputsize=full");
    let bars = texts(&vendor, &month).await;
    assert!(bars.iter().all(|label| label.starts_with("2009-01-")));
    assert_eq!(
        (bars.len(), bars[0].as_str()),
        (20 * 16, "2009-01-30 19:00:00")
    );
    assert_eq!(bars.last().map(String::as_str), Some("2009-01-02 04:00:00"));
    let regular = texts(&vendor, &format!("{month}&extended_hours=false")).await;
    assert_eq!(
        (regular.len(), regular[0].as_str()),
        (20 * 7, "2009-01-30 15:00:00")
    );
    assert_eq!(regular[6], "2009-01-30 09:00:00");
    let compact = texts(&vendor, HOURLY).await;
    assert_eq!(
        (compact.len(), compact[0].as_str()),
        (100, "2026-05-15 19:00:00")
    );
    let last_month = texts(&vendor, &format!("{HOURLY}&outputsize=full")).await;
    assert!(last_month.len() > 300 && last_month.last().unwrap().as_str() > "2026-04-14");
    let half_day = texts(
        &vendor,
        &format!("{HOURLY}&month=2025-11&outputsize=full&extended_hours=False"),
    )
    .await;
    let friday = half_day
        .iter()
        .filter(|label| label.starts_with("2025-11-28"))
        .count();
    assert_eq!(friday, 4, "09:30 to 13:00");
    for wrong in ["1999-12", "2026-06", "2026-13", "2026-5", "x"] {
        let refused = json(&vendor, &format!("{HOURLY}&month={wrong}")).await;
        assert!(refused["Error Message"].is_string(), "{wrong}");
    }
    let wrong = json(
        &vendor,
        "function=TIME_SERIES_INTRADAY&symbol=IBM&interval=2min",
    )
    .await;
    assert!(wrong["Error Message"].is_string());
    let truth = vendor.truth();
    let held = |from: &str| {
        let query = format!("{HOURLY}&adjusted=false");
        truth.alphavantage_series(&query, Field::Close, ms(from), ms(from) + DAY_MS)
    };
    // The evening before reaches past midnight UTC.
    let hour = |from: &str| {
        let hours = held(from)
            .into_iter()
            .map(|(at_ms, _)| (at_ms - ms(from)) / HOUR_MS);
        hours.filter(|hour| *hour > 4).min().unwrap()
    };
    assert_eq!((hour("2026-01-15"), hour("2026-04-15")), (9, 8));
    vendor.stop().await;
}

#[tokio::test]
async fn labels_may_name_the_end_or_the_half_hour() {
    let regular = format!("{HOURLY}&extended_hours=false");
    for (plan, first, last, extended) in [
        ("premium-75", "09:00:00", "15:00:00", "19:00:00"),
        (
            "premium-75+labels=half-past",
            "09:30:00",
            "15:30:00",
            "19:00:00",
        ),
        ("premium-75+labels=end", "10:00:00", "16:00:00", "20:00:00"),
    ] {
        let vendor = frozen(options(plan.parse().unwrap())).await;
        let bars = texts(&vendor, &regular).await;
        assert_eq!(bars[0], format!("2026-05-15 {last}"), "{plan}");
        assert_eq!(bars[6], format!("2026-05-15 {first}"), "{plan}");
        assert_eq!(
            texts(&vendor, HOURLY).await[0],
            format!("2026-05-15 {extended}")
        );
        vendor.stop().await;
    }
}

#[tokio::test]
async fn adjusted_is_the_default_within_days() {
    let vendor = vendor(PREMIUM).await;
    let splits = json(&vendor, "function=SPLITS&symbol=AAPL").await;
    let split = &splits["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["effective_date"].as_str() > Some("2001"))
        .unwrap();
    let day = split["effective_date"].as_str().unwrap().to_owned();
    let month = format!(
        "function=TIME_SERIES_INTRADAY&symbol=AAPL&interval=60min&outputsize=full&month={}",
        day.get(..7).unwrap()
    );
    let jump = async |query: &str| {
        let served = json(&vendor, query).await;
        let rows = series(&served);
        let after = rows.iter().find(|(label, _)| **label >= day).unwrap().1;
        let (_, before) = before(rows, &day);
        number(&before["4. close"]) / number(&after["1. open"])
    };
    assert!((jump(&month).await - 1.0).abs() < 0.2);
    let raw = jump(&format!("{month}&adjusted=false")).await;
    assert!(
        (raw / number(&split["split_factor"]) - 1.0).abs() < 0.2,
        "{raw}"
    );
    vendor.stop().await;
}

#[tokio::test]
async fn an_entitlement_shows_the_session_as_it_goes_and_renames_keys() {
    let vendor = vendor(REALTIME).await;
    vendor.set_now(at("2026-05-18T15:07:00Z"));
    let live = json(&vendor, &format!("{DAILY}&entitlement=realtime")).await;
    let delayed = json(&vendor, &format!("{DAILY}&entitlement=delayed")).await;
    assert!(live.get("Time Series (Daily)").is_some());
    assert!(
        delayed
            .get("Time Series (Daily) - DATA DELAYED BY 15 MINUTES")
            .is_some()
    );
    let close = |answer: &Value| number(&series(answer)["2026-05-18"]["4. close"]);
    assert_ne!(close(&live), close(&delayed));
    let hours = texts(&vendor, &format!("{HOURLY}&entitlement=realtime")).await;
    assert_eq!(hours[0], "2026-05-18 11:00:00");
    let quote = json(
        &vendor,
        "function=GLOBAL_QUOTE&symbol=IBM&entitlement=delayed",
    )
    .await;
    assert_eq!(
        quote["Global Quote - DATA DELAYED BY 15 MINUTES"]["07. latest trading day"],
        "2026-05-18"
    );
    let without = json(&vendor, DAILY).await;
    assert!(series(&without).get("2026-05-18").is_none());
    vendor.stop().await;
}
