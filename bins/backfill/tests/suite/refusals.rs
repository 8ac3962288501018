//! Every way in which an answer can be none, through the whole program: what is kept of it, and the
//! exit code.

use std::{collections::HashMap, path::Path};

use fake_vendors::{Fault, Options, Plan};
use serde::Deserialize;
use simclock::Server;
use testkit::{
    canned::{Answer, Canned},
    stage::{Stage, ended},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::process::Command;

use crate::PROGRAM;

/// Before the reset that the samples name, by less than the minute that is waited where nothing is said.
const NOW: &str = "2026-03-09T03:27:23Z";
/// Two months: one request by day and one by hour a coin.
const PAST: [&str; 7] = [
    "--source",
    "coingecko",
    "--from",
    "2026-01-01",
    "--to",
    "2026-03-01",
    "--yes",
];

/// What becomes of a daily chart that is no good, while the hourly one is.
struct Row {
    /// The contract's samples that end so, and what is made of a good answer.
    answers: &'static [&'static str],
    /// How the pulls end: class of failure, requests.
    pulls: &'static str,
    /// What stays behind, and how many points there are.
    stays: &'static str,
    exit: i32,
}

/// The contract's section 4, then bodies that are broken.
const ROWS: [Row; 11] = [
    Row {
        answers: &[
            "key_missing",
            "invalid_key",
            "pro_key_on_public_host",
            "demo_key_on_pro_host",
            "no_user_agent",
        ],
        pulls: "daily failed unauthorized 1",
        stays: "suspended coingecko unauthorized, days 0, hours 0",
        exit: 5,
    },
    Row {
        answers: &["plan_restricted", "enterprise_only"],
        pulls: "daily failed not_entitled 1, hourly complete 1",
        stays: "suspended coingecko chart_daily not_entitled, days 0, hours 1416 settled",
        exit: 5,
    },
    Row {
        answers: &["time_range_exceeded"],
        pulls: "daily failed outside_plan 2, hourly complete 1",
        stays: "days 0 missing failed waits, hours 1416 settled",
        exit: 3,
    },
    Row {
        answers: &["too_many_addresses"],
        pulls: "daily failed too_much 1, hourly complete 1",
        stays: "days 0 missing failed waits, hours 1416 settled",
        exit: 3,
    },
    Row {
        answers: &["missing_parameter", "invalid_vs_currency"],
        pulls: "daily failed rejected 1, hourly complete 1",
        stays: "days 0 missing failed waits, hours 1416 settled",
        exit: 3,
    },
    Row {
        answers: &["coin_not_found"],
        pulls: "daily failed not_found 1, hourly complete 0",
        stays: "unknown until 03-16, days 0, hours 0",
        exit: 3,
    },
    Row {
        answers: &["rate_limited", "rate_limited_with_retry_after"],
        pulls: "daily failed throttled 9, hourly complete 1, daily failed throttled 9",
        stays: "days 0, hours 1416 settled",
        exit: 3,
    },
    Row {
        answers: &["monthly_credits_exhausted"],
        pulls: "daily parked quota_exhausted 1",
        stays: "parked until 09 09:27, days 0, hours 0",
        exit: 5,
    },
    Row {
        answers: &[
            "internal_error",
            "bad_gateway_plain",
            "cloudflare_block",
            "cut JSON",
            "HTML for JSON",
            "nothing at all",
            "no answer",
        ],
        pulls: "daily failed transient 4, hourly complete 1, daily failed transient 4",
        stays: "days 0, hours 1416 settled",
        exit: 3,
    },
    Row {
        answers: &["another shape"],
        pulls: "daily failed malformed 1, hourly complete 1",
        stays: "days 0 missing failed waits, hours 1416 settled",
        exit: 3,
    },
    Row {
        answers: &["a list of nothing"],
        pulls: "daily no_data 1, hourly complete 1",
        stays: "days 0 missing vendor_empty waits, hours 1416 settled",
        exit: 3,
    },
];

#[derive(Deserialize)]
struct Sample {
    name: String,
    http_status: u16,
    headers: HashMap<String, String>,
    body: String,
}

/// The error answers of the contract's section 4.
fn samples() -> HashMap<String, Answer> {
    let text = include_str!("../../../../crates/source-coingecko/test_data/errors/all.json");
    let samples: Vec<Sample> = serde_json::from_str(text).unwrap();
    let answer = |sample: Sample| {
        let lines = sample
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"));
        let answer = Answer {
            status: sample.http_status,
            header: lines.collect::<Vec<_>>().join("\r\n"),
            body: sample.body,
        };
        (sample.name, answer)
    };
    samples.into_iter().map(answer).collect()
}

/// Returns the answer to a daily chart; `None` closes the connection.
fn spoiled(name: &str, good: &Answer, samples: &HashMap<String, Answer>) -> Option<Answer> {
    let body = match name {
        "cut JSON" => good.body.chars().take(good.body.len() / 2).collect(),
        "HTML for JSON" => "<!DOCTYPE html><html><body>Just a moment</body></html>".to_owned(),
        "nothing at all" => String::new(),
        "another shape" => r#"{"prices":{"2026-01-01":1.5}}"#.to_owned(),
        "a list of nothing" => r#"{"prices":[],"market_caps":[],"total_volumes":[]}"#.to_owned(),
        "no answer" => return None,
        _ => return Some(samples[name].clone()),
    };
    Some(Answer::new(200, body))
}

/// Returns a chart with a point for each label of the span that was asked for.
fn good(query: &HashMap<&str, &str>, step_secs: i64) -> Answer {
    let secs = |name: &str| query[name].parse::<i64>().unwrap();
    let first = secs("from").div_euclid(step_secs) + 1;
    let last = secs("to").div_euclid(step_secs);
    let points: Vec<String> = (first..=last)
        .map(|label| format!("[{},{label}.5]", label * step_secs * 1_000))
        .collect();
    let points = points.join(",");
    Answer::new(
        200,
        format!(r#"{{"prices":[{points}],"market_caps":[],"total_volumes":[]}}"#),
    )
}

async fn vendor(name: &'static str) -> Canned {
    let samples = samples();
    Canned::start(move |target| {
        let query = target.split_once('?').unwrap().1.split('&');
        let query: HashMap<_, _> = query.filter_map(|pair| pair.split_once('=')).collect();
        let secs = |name: &str| query[name].parse::<i64>().unwrap();
        // The vendor chooses the step by the span.
        match secs("to") - secs("from") > 90 * 86_400 {
            true => spoiled(name, &good(&query, 86_400), &samples),
            false => Some(good(&query, 3_600)),
        }
    })
    .await
}

fn on_clock(mut command: Command, socket: &Path) -> Command {
    command.env("CROSSFEED_CLOCK", socket);
    command
}

fn now() -> OffsetDateTime {
    OffsetDateTime::parse(NOW, &Rfc3339).unwrap()
}

/// A stage whose program waits by a simulated clock.
async fn stage(plan: Plan) -> (Stage, Server) {
    let options = Options {
        now: Some(now()),
        ..Options::default()
    };
    let stage = Stage::with_vendor(PROGRAM, plan, options).await;
    stage.configure(&["bitcoin,,usd,PRICE,,,false,true,"]);
    let socket = stage.folder.path().join("clock");
    let server = Server::bind(&socket, now().unix_timestamp() * 1_000).unwrap();
    (stage, server)
}

/// Returns what stays behind: suspensions, parking, facts and what is missing by day.
async fn stays(stage: &Stage) -> String {
    let sql = "SELECT concat_ws(', ',
        (SELECT 'suspended ' || string_agg(concat_ws(' ', source, nullif(dataset, ''), class), ', ')
         FROM suspensions),
        (SELECT 'parked until ' || to_char(max(parked_until) AT TIME ZONE 'UTC', 'DD HH24:MI') FROM pace),
        (SELECT 'unknown until ' || to_char(max(unsupported_until) AT TIME ZONE 'UTC', 'MM-DD') FROM facts),
        (SELECT string_agg(concat_ws(' ', CASE step WHEN '1d' THEN 'days' ELSE 'hours' END, told), ', ' ORDER BY step)
         FROM (SELECT step, concat_ws(' ', coalesce((SELECT sum(points) FROM series_stats AS s
                                      WHERE s.series_id = series.series_id), 0),
                      (SELECT 'missing ' || reason || CASE WHEN recheck_at IS NULL THEN '' ELSE ' waits' END
                       FROM slots_missing AS s WHERE s.series_id = series.series_id LIMIT 1),
                      CASE WHEN EXISTS (SELECT FROM coverage AS s WHERE s.series_id = series.series_id)
                           THEN 'settled' END) AS told
               FROM series WHERE metric = 'PRICE') AS all_of_it))";
    stage.ask(sql).await
}

async fn pulls(stage: &Stage) -> String {
    stage
        .ask(
            "SELECT string_agg(concat_ws(' ', replace(dataset, 'chart_', ''), status, error_class,
                    requests), ', ' ORDER BY pull_id) FROM pulls",
        )
        .await
}

#[tokio::test]
async fn every_error_of_the_contract_and_every_spoiled_body_has_its_consequence() {
    let mut unseen = samples();
    for row in &ROWS {
        for answer in row.answers {
            let (stage, clock) = stage(Plan::Demo).await;
            let vendor = vendor(answer).await;
            let mut command = on_clock(stage.command(&PAST), clock.path());
            command.env("COINGECKO_BASE_URL", &vendor.base_url);
            let run = ended(command).await;
            let (pulls, stays) = (pulls(&stage).await, stays(&stage).await);
            let told = (pulls.as_str(), stays.as_str(), run.code);
            let expected = (row.pulls, row.stays, Some(row.exit));
            assert_eq!(told, expected, "{answer}: {run}");
            unseen.remove(*answer);
        }
    }
    assert!(unseen.is_empty(), "{unseen:?}");
}

#[tokio::test]
async fn a_throttled_program_waits_as_long_as_it_was_told() {
    // Eight waits. A reset helps once: when it has come the answer is what it was, and a minute long.
    for (answer, waited_secs) in [
        ("rate_limited", 37 + 7 * 60),
        ("rate_limited_with_retry_after", 8 * 119),
    ] {
        let (stage, clock) = stage(Plan::Demo).await;
        let vendor = vendor(answer).await;
        let mut command = on_clock(stage.command(&PAST), clock.path());
        command.env("COINGECKO_BASE_URL", &vendor.base_url);
        ended(command).await.must(3, &[]);
        let took = "SELECT extract(epoch FROM finished_at - started_at)::int8
                    FROM pulls ORDER BY pull_id LIMIT 1";
        let took_secs: i64 = stage.ask(took).await.parse().unwrap();
        // And a pause of the pace's at most.
        let waited = waited_secs..=waited_secs + 5;
        assert!(waited.contains(&took_secs), "{answer}: {took_secs} s");
    }
}

#[tokio::test]
async fn so_has_what_the_simulated_vendor_says_of_key_plan_and_coin() {
    for (variable, value, coin, expected) in [
        (
            "COINGECKO_API_KEY",
            "CG-not-the-one",
            "bitcoin",
            (
                "daily failed unauthorized 1",
                "suspended coingecko unauthorized, days 0, hours 0",
                5,
            ),
        ),
        (
            "COINGECKO_PLAN",
            "analyst",
            "bitcoin",
            (
                "daily failed unauthorized 1",
                "suspended coingecko unauthorized, days 0, hours 0",
                5,
            ),
        ),
        (
            "COINGECKO_PLAN",
            "demo",
            "no-such-coin",
            (
                "daily failed not_found 1, hourly complete 0",
                "unknown until 03-16, days 0, hours 0",
                3,
            ),
        ),
    ] {
        let (stage, clock) = stage(Plan::Demo).await;
        let _follows = stage.vendor.follow(clock.path()).await.unwrap();
        stage.configure(&[format!("{coin},,usd,PRICE,,,false,true,")]);
        let mut command = on_clock(stage.command(&PAST), clock.path());
        command.env(variable, value);
        let run = ended(command).await;
        let (pulls, stays) = (pulls(&stage).await, stays(&stage).await);
        let told = (pulls.as_str(), stays.as_str(), run.code.unwrap());
        assert_eq!(told, expected, "{value} {coin}: {run}");
    }
}

#[tokio::test]
async fn a_coin_that_a_batch_lacks_is_left_open_and_costs_nobody_else() {
    let (stage, clock) = stage(Plan::Demo).await;
    let _follows = stage.vendor.follow(clock.path()).await.unwrap();
    stage.configure(
        &["bitcoin", "ethereum", "solana"].map(|coin| format!("{coin},,usd,FDV,,,false,true,")),
    );
    stage.always(
        "/coins/markets",
        Fault::DropIds {
            ids: vec!["ethereum".to_owned()],
        },
    );
    let pull = stage.command_of("crossfeed", &["pull", "coingecko"]);
    ended(on_clock(pull, clock.path()))
        .await
        .must(0, &["markets complete: 1 request, 2 points, 2 new"]);
    let settled = "SELECT string_agg(asset, ' ' ORDER BY asset)
                   FROM series JOIN coverage USING (series_id)";
    assert_eq!(stage.ask(settled).await, "bitcoin solana");
    assert_eq!(stage.ask("SELECT count(*) FROM slots_missing").await, "0");
    assert_eq!(
        stage
            .ask("SELECT count(*) FROM facts WHERE unsupported_until IS NOT NULL")
            .await,
        "0"
    );
}
