//! What a dated answer settles, and what it never does: contract sections 6 and 7.

use model::{Key, MetricName};
use source::{Outcome, Record};
use source_artemis::{FINANCIALS_QUARTERLY, METRICS_DAILY};

use crate::{ask, at, every_outcome as outcomes, key, live, plan, range, read, reply, want};

const NOW: &str = "2026-05-18T06:05:00Z";

fn body(symbols: &str) -> String {
    format!(r#"{{"data":{{"symbols":{symbols}}}}}"#)
}

fn list(days: &[(&str, &str)]) -> String {
    let point = |(day, value): &(&str, &str)| format!(r#"{{"date":"{day}","val":{value}}}"#);
    let points: Vec<_> = days.iter().map(point).collect();
    format!("[{}]", points.join(","))
}

/// Reads an answer about metrics of `btc` on the days from the 11th to the 17th.
fn week(metrics: &[&str], cells: &str) -> Record {
    let wants = vec![want("btc", metrics, range("2026-05-11", "2026-05-18"))];
    let request = plan(&ask(METRICS_DAILY, NOW, wants)).swap_remove(0);
    let text = body(&format!(r#"{{"btc":{cells}}}"#));
    read(&request, &reply(text.as_bytes(), NOW)).unwrap().0
}

fn answered(from: &str, to: &str) -> Outcome {
    Outcome::Answered(range(from, to))
}

fn closed(from: &str, to: &str) -> Outcome {
    Outcome::Closed(range(from, to))
}

fn empty(from: &str, to: &str) -> Outcome {
    Outcome::Empty(range(from, to))
}

#[test]
fn days_without_a_value_are_empty_and_zero_is_a_value() {
    let days = list(&[
        ("2026-05-14", "0"),
        ("2026-05-12", "-3.5"),
        ("2026-05-13", "null"),
        ("2026-05-15", "\"1e3\""),
    ]);
    let record = week(&["ETF_FLOWS"], &format!(r#"{{"ETF_FLOWS":{days}}}"#));
    let values: Vec<f64> = record.points.iter().map(|point| point.value).collect();
    assert_eq!(values, [-3.5, 0.0, 1_000.0]);
    assert_eq!(
        outcomes(&record),
        [
            answered("2026-05-12", "2026-05-13"),
            answered("2026-05-14", "2026-05-16"),
            empty("2026-05-11", "2026-05-12"),
            empty("2026-05-13", "2026-05-14"),
            empty("2026-05-16", "2026-05-18"),
        ]
    );
    assert!(record.rejects.is_empty());
    let nothing = week(&["DAU"], r#"{"DAU":[]}"#);
    assert_eq!(outcomes(&nothing), [empty("2026-05-11", "2026-05-18")]);
}

#[test]
fn what_cannot_be_read_fails_its_day_alone() {
    let days = list(&[
        ("2026-05-11", "1"),
        ("2026-05-12", "true"),
        ("2026-05-13", "2"),
    ]);
    let record = week(&["DAU"], &format!(r#"{{"DAU":{days}}}"#));
    assert_eq!(
        outcomes(&record),
        [
            answered("2026-05-11", "2026-05-12"),
            answered("2026-05-13", "2026-05-14"),
            empty("2026-05-14", "2026-05-18"),
            Outcome::Failed,
        ]
    );
    assert_eq!(record.rejects[0].why, "not_a_number");
    // A point without a day may be of any day.
    for odd in [
        r#"{"val":1}"#,
        r#"{"date":"2026-02-30","val":1}"#,
        "7",
        "null",
        "[]",
    ] {
        let cells = format!(r#"{{"DAU":[{odd},{{"date":"2026-05-12","val":1}}]}}"#);
        let record = week(&["DAU"], &cells);
        let expected = [answered("2026-05-12", "2026-05-13"), Outcome::Failed];
        assert_eq!(outcomes(&record), expected, "{odd}");
        assert_eq!((record.points.len(), record.rejects.len()), (1, 1), "{odd}");
    }
}

#[test]
fn the_day_that_runs_is_stored_and_not_vouched_for() {
    let wants = vec![
        want("btc", &["PRICE"], range("2026-05-11", "2026-05-19")),
        want("btc", &["FEES"], range("2026-05-10", "2026-05-18")),
    ];
    let request = plan(&live(METRICS_DAILY, NOW, wants)).swap_remove(0);
    assert_eq!(request.block.labels, range("2026-05-10", "2026-05-19"));
    let days = list(&[
        ("2026-05-17", "1"),
        ("2026-05-18", "2"),
        ("2026-05-19", "3"),
    ]);
    let text = body(&format!(r#"{{"btc":{{"PRICE":{days},"FEES":{days}}}}}"#));
    let (record, _) = read(&request, &reply(text.as_bytes(), NOW)).unwrap();
    let of = |metric: &str| -> Vec<Outcome> {
        let of = record
            .outcomes
            .iter()
            .filter(|(_, name, _)| name.as_str() == metric);
        of.map(|(_, _, outcome)| *outcome).collect()
    };
    // What a price was at 00:00 of today is over.
    assert_eq!(
        of("PRICE"),
        [
            answered("2026-05-17", "2026-05-19"),
            empty("2026-05-10", "2026-05-17")
        ]
    );
    assert_eq!(
        of("FEES"),
        [
            answered("2026-05-17", "2026-05-18"),
            empty("2026-05-10", "2026-05-17")
        ]
    );
    let stored = |metric: &str| -> Vec<f64> {
        let of = record
            .points
            .iter()
            .filter(|point| point.metric.as_str() == metric);
        of.map(|point| point.value).collect()
    };
    assert_eq!(
        (stored("PRICE"), stored("FEES")),
        (vec![1.0, 2.0], vec![1.0, 2.0])
    );
    // Tomorrow is counted and dropped.
    let why: Vec<_> = record.rejects.iter().map(|reject| reject.why).collect();
    assert_eq!(why, ["label_after_now"; 2]);
}

#[test]
fn a_message_at_any_level_makes_pairs_unsupported_and_nothing_else() {
    let wants = ["btc", "eth"]
        .map(|symbol| want(symbol, &["DAU", "FEES"], range("2026-05-11", "2026-05-18")));
    let request = plan(&ask(METRICS_DAILY, NOW, wants.into())).swap_remove(0);
    let good = list(&[("2026-05-11", "1")]);
    let pair = |symbol: &str, metric: &str| (key(symbol), MetricName::from(metric));
    let all = [
        pair("btc", "DAU"),
        pair("btc", "FEES"),
        pair("eth", "DAU"),
        pair("eth", "FEES"),
    ];
    let message = "Metric not available for asset.";
    for (symbols, expected) in [
        (format!(r#""{message}""#), &all[..]),
        ("{}".to_owned(), &all[..]),
        (
            format!(r#"{{"btc":"{message}","eth":"{message}"}}"#),
            &all[..],
        ),
        (
            format!(r#"{{"btc":{{"DAU":{good},"FEES":{good}}}}}"#),
            &all[2..],
        ),
        (
            format!(r#"{{"btc":{{"DAU":{good},"FEES":{good}}},"eth":null}}"#),
            &all[2..],
        ),
        (
            format!(r#"{{"btc":{{"DAU":{good},"FEES":{good}}},"eth":{{"DAU":{good}}}}}"#),
            &all[3..],
        ),
        (
            format!(
                r#"{{"btc":{{"DAU":{good},"FEES":{good}}},"eth":{{"DAU":{good},"FEES":"{message}"}}}}"#
            ),
            &all[3..],
        ),
        (
            format!(
                r#"{{"btc":{{"DAU":{good},"FEES":{good}}},"eth":{{"DAU":{good},"FEES":null}}}}"#
            ),
            &all[3..],
        ),
    ] {
        let text = body(&symbols);
        let (record, _) = read(&request, &reply(text.as_bytes(), NOW)).unwrap();
        let unsupported: Vec<(Key, MetricName)> = (record.outcomes.iter())
            .filter(|(_, _, outcome)| *outcome == Outcome::Unsupported)
            .map(|(key, metric, _)| (key.clone(), metric.clone()))
            .collect();
        assert_eq!(unsupported, expected, "{symbols}");
        // Of the others there is the one day.
        assert_eq!(record.points.len(), 4 - expected.len(), "{symbols}");
    }
}

#[test]
fn what_is_neither_a_list_nor_words_fails_its_pair_alone() {
    for odd in [
        "12.5",
        "\"12.5\"",
        "1e999",
        "{\"date\":\"2026-05-11\"}",
        "true",
    ] {
        let cells = format!(r#"{{"DAU":{odd},"FEES":[{{"date":"2026-05-11","val":1}}]}}"#);
        let record = week(&["DAU", "FEES"], &cells);
        assert_eq!(
            outcomes(&record),
            [
                Outcome::Failed,
                answered("2026-05-11", "2026-05-12"),
                empty("2026-05-12", "2026-05-18"),
            ],
            "{odd}"
        );
        assert_eq!((record.points.len(), record.rejects.len()), (1, 1), "{odd}");
    }
}

#[test]
fn a_thousand_points_stand_for_themselves_alone() {
    let since = at("2023-08-20");
    for (count, is_cut) in [(999, false), (1_000, true), (1_001, false)] {
        let points: Vec<_> = (0..count)
            .map(|n| {
                let day = since.plus_days(n).date();
                format!(r#"{{"date":"{day}","val":{n}}}"#)
            })
            .collect();
        let cells = format!(r#"{{"DAU":[{}]}}"#, points.join(","));
        let record = week(&["DAU"], &cells);
        let told = outcomes(&record);
        let is_empty = |outcome: &Outcome| matches!(outcome, Outcome::Empty(_));
        assert_eq!(!told.iter().any(is_empty), is_cut, "{count} {told:?}");
        assert_eq!(told.contains(&Outcome::Failed), is_cut, "{count}");
        assert!(!record.points.is_empty());
    }
}

#[test]
fn a_thousand_points_of_several_pairs_are_asked_for_in_halves() {
    let since = at("2025-11-01");
    let read_of = |counts: [i64; 2]| {
        let days = range("2025-11-01", "2026-05-18");
        let wants = ["btc", "eth"].map(|symbol| want(symbol, &["DAU"], days));
        let request = plan(&ask(METRICS_DAILY, NOW, wants.into())).swap_remove(0);
        let list = |count: i64| {
            let point = |n| format!(r#"{{"date":"{}","val":1}}"#, since.plus_days(n).date());
            (0..count).map(point).collect::<Vec<_>>().join(",")
        };
        let [btc, eth] = counts.map(list);
        let text = body(&format!(
            r#"{{"btc":{{"DAU":[{btc}]}},"eth":{{"DAU":[{eth}]}}}}"#
        ));
        read(&request, &reply(text.as_bytes(), NOW)).map(|_| ())
    };
    // Whether the vendor counts a series or an answer is not established.
    for counts in [[400, 600], [1_000, 3], [0, 1_000]] {
        let error = read_of(counts).unwrap_err();
        assert_eq!(error.class(), "too_much", "{counts:?}");
    }
    for counts in [[400, 599], [400, 601], [999, 3]] {
        assert_eq!(read_of(counts), Ok(()), "{counts:?}");
    }
}

#[test]
fn a_shares_weekends_are_no_gap_and_its_other_days_are() {
    let wants = vec![want(
        "eq-coin",
        &["PRICE"],
        range("2026-05-07", "2026-05-18"),
    )];
    let request = plan(&ask(METRICS_DAILY, NOW, wants)).swap_remove(0);
    // Friday the 8th to Thursday the 14th; the Tuesday is missing.
    let days = list(&[
        ("2026-05-08", "1"),
        ("2026-05-11", "2"),
        ("2026-05-13", "4"),
        ("2026-05-14", "5"),
    ]);
    let text = body(&format!(r#"{{"eq-coin":{{"PRICE":{days}}}}}"#));
    let (record, _) = read(&request, &reply(text.as_bytes(), NOW)).unwrap();
    assert_eq!(
        outcomes(&record),
        [
            answered("2026-05-08", "2026-05-09"),
            answered("2026-05-11", "2026-05-12"),
            answered("2026-05-13", "2026-05-15"),
            closed("2026-05-09", "2026-05-11"),
            empty("2026-05-07", "2026-05-08"),
            empty("2026-05-12", "2026-05-13"),
            empty("2026-05-15", "2026-05-18"),
        ]
    );
}

/// Reads closes of shares from Thursday the 7th of May on, one a line; `.` stands for a day without one.
fn closes(shares: &[(&str, &str)]) -> Record {
    let wants = shares
        .iter()
        .map(|(symbol, _)| want(symbol, &["PRICE"], range("2026-05-07", "2026-05-18")));
    let request = plan(&ask(METRICS_DAILY, NOW, wants.collect())).swap_remove(0);
    let cells = shares.iter().map(|(symbol, days)| {
        let days: Vec<String> = (days.chars().zip(7..))
            .filter(|(mark, _)| *mark != '.')
            .map(|(_, day)| format!("2026-05-{day:02}"))
            .collect();
        let days: Vec<(&str, &str)> = days.iter().map(|day| (day.as_str(), "1")).collect();
        format!(r#""{symbol}":{{"PRICE":{}}}"#, list(&days))
    });
    let text = body(&format!("{{{}}}", cells.collect::<Vec<_>>().join(",")));
    read(&request, &reply(text.as_bytes(), NOW)).unwrap().0
}

/// Returns the weekdays of which is said that nobody traded, and those that are asked for again, within
/// the second week: `symbol day`.
fn told_of_second_week(record: &Record) -> (Vec<String>, Vec<String>) {
    let (mut closed, mut empty) = (Vec::new(), Vec::new());
    let week = range("2026-05-11", "2026-05-16");
    for (key, _, outcome) in &record.outcomes {
        let (told, labels) = match outcome {
            Outcome::Closed(labels) => (&mut closed, labels),
            Outcome::Empty(labels) => (&mut empty, labels),
            _ => continue,
        };
        let labels = labels.intersect(week);
        for day in (0..7).map(|n| labels.start.plus_days(n)) {
            if labels.contains(day) {
                told.push(format!("{} {}", key.asset, day.date().day()));
            }
        }
    }
    (closed, empty)
}

#[test]
fn a_weekday_on_which_no_share_has_a_close_is_a_holiday() {
    // The 9th, 10th, 16th and 17th are a weekend.
    let holiday = closes(&[("eq-coin", "11..1.111"), ("eq-mstr", "11..1.111")]);
    let (closed, empty) = told_of_second_week(&holiday);
    assert_eq!(closed, ["eq-coin 12", "eq-mstr 12"]);
    // Friday the 15th is not over for anybody: there is no later close.
    assert_eq!(empty, Vec::<String>::new());
}

#[test]
fn a_weekday_that_one_share_lacks_is_its_own_gap() {
    let gap = closes(&[("eq-coin", "11..1.111"), ("eq-mstr", "11..11111")]);
    assert_eq!(
        told_of_second_week(&gap),
        (vec![], vec!["eq-coin 12".to_owned()])
    );
    // Of one share alone nobody knows, and one that began later says nothing of the time before.
    let alone = closes(&[("eq-coin", "11..1.111"), ("eq-mstr", "......111")]);
    let (closed, empty) = told_of_second_week(&alone);
    assert_eq!(closed, Vec::<String>::new());
    assert!(empty.contains(&"eq-coin 12".to_owned()), "{empty:?}");
    // A day without a later close may be late.
    let late = closes(&[("eq-coin", "11..111"), ("eq-mstr", "11..111")]);
    let (closed, empty) = told_of_second_week(&late);
    assert_eq!((closed.len(), empty.len()), (0, 2 * 2), "{empty:?}");
}

#[test]
fn between_quarters_nothing_is_expected() {
    let wants = vec![want(
        "eq-nvda",
        &["EBITDA"],
        range("2025-01-01", "2026-05-18"),
    )];
    let request = plan(&ask(FINANCIALS_QUARTERLY, NOW, wants)).swap_remove(0);
    let days = list(&[("2025-01-26", "1"), ("2025-04-27", "2")]);
    let text = body(&format!(r#"{{"eq-nvda":{{"EBITDA":{days}}}}}"#));
    let (record, _) = read(&request, &reply(text.as_bytes(), NOW)).unwrap();
    assert_eq!(record.points.len(), 2);
    assert_eq!(outcomes(&record), [answered("2025-01-01", "2026-05-18")]);
}
