//! Histories that were planned: what they settle.

use source::{Outcome, Record, ReplyError};
use source_defillama::{
    CHAIN_TVL_DAILY, DIMENSIONS_DAILY, DefiLlama, POOLS_DAILY, Plan, STABLECOINS_DAILY, TVL_DAILY,
};

use crate::{answer, ask, at, body, configured, outcomes, range, vendor, want};

const ROWS: &str = "\
    protocol,aave,TVL,1d,,,id=parent#aave,true,\n\
    protocol,x,FEES,1d,,,id=5761,true,\n\
    stablecoin,50,STABLECOIN_MCAP,1d,,,pegType=peggedEUR,true,\n";

fn free() -> DefiLlama {
    configured(Plan::Free, ROWS)
}

fn aave(since: &str, now: &str) -> Record {
    let wants = vec![want(
        "protocol:parent#aave",
        &["TVL"],
        range(since, "2026-01-05"),
    )];
    let body = body!("tvl_daily/aave.json");
    answer(&free(), &ask(TVL_DAILY, now, wants), body)
        .unwrap()
        .0
}

#[test]
fn a_whole_history_says_when_there_was_nothing() {
    let record = aave("2025-12-25", "2026-01-04T09:25:00Z");
    assert_eq!(
        outcomes(&record, "TVL"),
        [
            Outcome::Empty(range("2025-12-25", "2026-01-01")),
            Outcome::Answered(range("2026-01-01", "2026-01-05")),
        ]
    );
    assert_eq!(record.points.len(), 4);
}

#[test]
fn a_midnight_counts_two_hours_later() {
    let early = aave("2026-01-01", "2026-01-04T01:59:00Z");
    let until = [Outcome::Answered(range("2026-01-01", "2026-01-04"))];
    assert_eq!(outcomes(&early, "TVL"), until);
    let due = aave("2026-01-01", "2026-01-04T02:00:00Z");
    let until = [Outcome::Answered(range("2026-01-01", "2026-01-05"))];
    assert_eq!(outcomes(&due, "TVL"), until);
}

#[test]
fn odd_points_cost_themselves() {
    let vendor = configured(Plan::Free, "protocol,ugly,TVL,1d,,,id=77,true,\n");
    let days = range("2026-01-01", "2026-01-11");
    let wants = vec![want(
        "protocol:77",
        &["TVL", "TVL_POOL2", "TVL_STAKING"],
        days,
    )];
    let ask = ask(TVL_DAILY, "2026-01-10T09:25:00Z", wants);
    let (record, _) = answer(&vendor, &ask, body!("tvl_daily/ugly.json")).unwrap();
    assert_eq!(
        outcomes(&record, "TVL"),
        [
            Outcome::Answered(range("2026-01-01", "2026-01-02")),
            Outcome::Empty(range("2026-01-02", "2026-01-03")),
            // The point of the third is no object, that of the fourth no number: both stay open.
            Outcome::Answered(range("2026-01-05", "2026-01-09")),
            // That of the ninth has no value; the last one is of now.
            Outcome::Empty(range("2026-01-10", "2026-01-11")),
        ]
    );
    let value = |day: &str| {
        let of_day = |point: &&source::RecordedPoint| {
            point.label == at(day) && point.metric.as_str() == "TVL"
        };
        record.points.iter().find(of_day).unwrap().value
    };
    // The midnight itself, not eleven seconds later; seven seconds late is the first of its day.
    assert_eq!((value("2026-01-06"), value("2026-01-07")), (0.0, 8.0));
    assert_eq!((value("2026-01-05"), value("2026-01-08")), (-25.0, 9.25));
    assert_eq!(outcomes(&record, "TVL_POOL2"), [Outcome::Empty(days)]);
    let staking = outcomes(&record, "TVL_STAKING");
    assert_eq!(
        staking[0],
        Outcome::Answered(range("2026-01-01", "2026-01-03"))
    );
}

fn chain(body: &[u8], now: &str) -> Record {
    let wants = vec![want(
        "chain:Base",
        &["TVL"],
        range("2026-01-03", "2026-01-08"),
    )];
    answer(&vendor(Plan::Free), &ask(CHAIN_TVL_DAILY, now, wants), body)
        .unwrap()
        .0
}

#[test]
fn a_chains_morning_is_believed_after_noon() {
    let tomorrow = body!("chain_tvl_daily/dated_tomorrow.json");
    let days = |to| vec![Outcome::Answered(range("2026-01-03", to))];
    let afternoon = chain(tomorrow, "2026-01-05T15:25:00Z");
    assert_eq!(outcomes(&afternoon, "TVL"), days("2026-01-06"));
    // Before noon the last row of today may be a value of now.
    let today = body!("chain_tvl_daily/dated_today.json");
    let morning = chain(today, "2026-01-05T09:25:00Z");
    assert_eq!(outcomes(&morning, "TVL"), days("2026-01-05"));
    assert!(morning.points.iter().all(|point| point.value < 5.0));
}

fn summary(body: &[u8]) -> Result<Record, ReplyError> {
    let wants = vec![want(
        "protocol:5761",
        &["FEES"],
        range("2026-01-01", "2026-01-11"),
    )];
    let ask = ask(DIMENSIONS_DAILY, "2026-01-10T09:25:00Z", wants);
    answer(&free(), &ask, body).map(|(record, _)| record)
}

#[test]
fn days_of_a_dimension_are_settled_one_by_one() {
    let record = summary(body!("dimensions_daily/ugly.json")).unwrap();
    assert_eq!(
        outcomes(&record, "FEES"),
        [
            Outcome::Answered(range("2026-01-01", "2026-01-02")),
            Outcome::Empty(range("2026-01-02", "2026-01-03")),
            Outcome::Answered(range("2026-01-03", "2026-01-04")),
            // An object on the 4th, a stamp off midnight on the 5th, none on the 6th.
            Outcome::Answered(range("2026-01-07", "2026-01-09")),
            Outcome::Empty(range("2026-01-09", "2026-01-10")),
            // The tenth is today.
        ]
    );
    let last = record.points.last().unwrap();
    assert_eq!((last.label, last.value), (at("2026-01-08"), -4.0));
}

#[test]
fn an_answer_about_something_else_is_refused() {
    let about = |id: &str, kind: &str| {
        let body = format!(
            r#"{{"defillamaId":{id},"protocolType":{kind},"totalDataChart":[[1767225600,1]]}}"#
        );
        summary(body.as_bytes()).map(|record| record.points.len())
    };
    assert_eq!(about("5761", "\"protocol\""), Ok(1));
    assert_eq!(about("null", "null"), Ok(1));
    for (id, kind) in [("\"1027\"", "\"protocol\""), ("5761", "\"chain\"")] {
        assert_eq!(
            about(id, kind).unwrap_err().class(),
            "rejected",
            "{id} {kind}"
        );
    }
}

#[test]
fn a_shape_of_another_answer_is_malformed() {
    let vendor = vendor(Plan::Free);
    let days = range("2026-01-01", "2026-01-05");
    for (dataset, asset, metric, bodies) in [
        (
            TVL_DAILY,
            "protocol:parent#aave",
            "TVL",
            // A number where the list is due, as in `/protocols` (trap 1); milliseconds; nothing.
            &[
                r#"{"tvl":33218046123.4}"#,
                r#"{"tvl":[{"date":1767225600000,"totalLiquidityUSD":1}]}"#,
                r#"{"tvl":[{"day":1,"value":2},null]}"#,
                "{}",
                "4962012809.795062",
            ][..],
        ),
        (
            DIMENSIONS_DAILY,
            "protocol:1",
            "FEES",
            &["{}", "[[1767225600,1]]", r#"{"totalDataChart":{}}"#],
        ),
        (
            CHAIN_TVL_DAILY,
            "global",
            "TVL",
            &["[]", "{}", r#"[{"tvl":1}]"#],
        ),
        (
            STABLECOINS_DAILY,
            "global",
            "STABLECOIN_MCAP",
            &["[]", "{}", r#"[{"date":1767225600}]"#],
        ),
        (
            POOLS_DAILY,
            "pool:x",
            "APY",
            &["[]", "{}", r#"{"data":[{"apy":1}]}"#],
        ),
    ] {
        for body in bodies {
            let wants = vec![want(asset, &[metric], days)];
            let ask = ask(dataset, "2026-01-10T09:25:00Z", wants);
            let error = answer(&vendor, &ask, body.as_bytes()).unwrap_err();
            assert_eq!(error.class(), "malformed", "{dataset} {body}");
        }
    }
}

#[test]
fn the_chart_of_all_coins_is_not_that_of_one() {
    let vendor = free();
    let days = range("2025-07-10", "2025-07-19");
    let read = |asset: &str| {
        let wants = vec![want(asset, &["STABLECOIN_MCAP"], days)];
        let ask = ask(STABLECOINS_DAILY, "2025-07-19T09:25:00Z", wants);
        answer(&vendor, &ask, body!("stablecoins_daily/all.json"))
    };
    assert_eq!(read("stablecoin:1").unwrap_err().class(), "malformed");
    assert_eq!(read("global").unwrap().0.points.len(), 3);
    // One peg only, but not the one that the CSV says.
    let wants = vec![want("stablecoin:50", &["STABLECOIN_MCAP"], days)];
    let ask = ask(STABLECOINS_DAILY, "2026-01-10T09:25:00Z", wants);
    let other = answer(&vendor, &ask, body!("stablecoins_daily/tether.json"));
    assert_eq!(other.unwrap_err().class(), "malformed");
}

#[test]
fn a_pool_has_the_last_snapshot_of_each_day() {
    let days = range("2026-01-01", "2026-01-06");
    let wants = vec![want("pool:x", &["APY", "TVL"], days)];
    let ask = ask(POOLS_DAILY, "2026-01-05T09:30:00Z", wants);
    let (record, _) = answer(&vendor(Plan::Pro), &ask, body!("pools_daily/steth.json")).unwrap();
    assert_eq!(
        outcomes(&record, "APY"),
        [
            Outcome::Answered(range("2026-01-01", "2026-01-03")),
            Outcome::Empty(range("2026-01-03", "2026-01-05")),
        ]
    );
    assert_eq!(outcomes(&record, "TVL").len(), 3);
}

#[test]
fn one_answer_feeds_all_sections_and_the_small_charts_one_each() {
    let pro = configured(Plan::Pro, ROWS);
    let days = range("2026-01-01", "2026-01-05");
    let wants = vec![want("protocol:parent#aave", &["BORROWED"], days)];
    let ask = ask(TVL_DAILY, "2026-01-10T09:25:00Z", wants);
    let (record, _) = answer(&pro, &ask, body!("tvl_daily/small_chart.json")).unwrap();
    assert_eq!(outcomes(&record, "BORROWED"), [Outcome::Answered(days)]);
    assert!(
        record
            .points
            .iter()
            .all(|point| point.metric.as_str() == "BORROWED")
    );
}
