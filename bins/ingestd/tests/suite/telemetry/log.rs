//! The log through a tick: known fields, a line for each request and each pull, no key.

use std::{collections::BTreeSet, path::Path};

use fake_vendors::{Fault, Rule};
use serde_json::{Map, Value};
use testkit::stage::{KEY, Running};

use crate::{GAPS, stage};

/// What every line has.
const OF_ALL: [&str; 4] = ["timestamp", "level", "target", "message"];

/// Returns the fields that docs/LOGGING.md names.
fn documented() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/LOGGING.md");
    let page = std::fs::read_to_string(path).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.filter_map(|row| row.split('|').next());
    let names = cells.flat_map(|cell| cell.split('`').step_by(2));
    names.map(str::to_owned).collect()
}

fn said<'a>(lines: &'a [Map<String, Value>], message: &str) -> Vec<&'a Map<String, Value>> {
    let says = |line: &&Map<String, Value>| line["message"] == message;
    lines.iter().filter(says).collect()
}

/// Returns the sum of a field over lines.
fn sum(lines: &[&Map<String, Value>], field: &str) -> u64 {
    lines.iter().filter_map(|line| line[field].as_u64()).sum()
}

#[tokio::test]
async fn each_request_and_each_pull_has_one_line_with_known_fields() {
    let stage = stage().await;
    stage.break_answers(vec![
        Rule::times("/coins/markets", 2, Fault::Status500),
        Rule::times("/market_chart", 1, Fault::CutConnection),
    ]);
    let mut command = stage.command(&[]);
    command.env("CROSSFEED_LOG", "json").env(
        "RUST_LOG",
        "info,ingest=debug,store=debug,assembly=debug,runtime=debug",
    );
    let program = Running::start(command);
    stage.until(GAPS, "2").await;
    program.until_said("gaps ended").await;
    let ended = program.stop().await;
    ended.must(0, &[]);
    assert!(!ended.stdout.contains(KEY), "{ended}");

    let lines: Vec<Map<String, Value>> = (ended.stdout.lines())
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let documented = documented();
    for line in &lines {
        let known =
            |field: &&String| OF_ALL.contains(&field.as_str()) || documented.contains(*field);
        let unknown: Vec<_> = line.keys().filter(|field| !known(field)).collect();
        assert!(unknown.is_empty(), "{unknown:?} in {line:?}");
    }

    let requests = said(&lines, "asked");
    assert_eq!(u64::try_from(requests.len()).unwrap(), stage.seen());
    let level = |lines: &[&Map<String, Value>], level: &str| {
        lines.iter().all(|line| line["level"] == level)
    };
    assert!(level(&requests, "DEBUG"));
    for (status, seen) in &stage.vendor.counts().per_status {
        let told = requests.iter().filter(|one| one["status"] == *status);
        assert_eq!(u64::try_from(told.count()).unwrap(), *seen, "{status}");
    }
    let transient = requests.iter().filter(|one| {
        let class = one.get("error_class");
        class.is_some_and(|class| class == "transient")
    });
    assert_eq!(transient.count(), 3);

    let pulls = said(&lines, "pull ended");
    assert!(level(&pulls, "INFO"));
    let ledger = "SELECT string_agg(concat_ws(' ', pull_id, run_id, source, dataset, kind, status,
                      requests, received, inserted, updated), ', ' ORDER BY pull_id) FROM pulls";
    let mut told: Vec<(u64, String)> = (pulls.iter())
        .map(|pull| {
            let text = |field: &str| match &pull[field] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let fields = [
                "pull_id", "run_id", "source", "dataset", "kind", "status", "requests", "points",
                "inserted", "updated",
            ];
            assert!(pull["took_ms"].is_u64(), "{pull:?}");
            (
                pull["pull_id"].as_u64().unwrap(),
                fields.map(text).join(" "),
            )
        })
        .collect();
    told.sort();
    let told: Vec<String> = told.into_iter().map(|(_, text)| text).collect();
    assert_eq!(told.join(", "), stage.ask(ledger).await);
    assert_eq!(sum(&pulls, "requests"), stage.seen());
}

#[tokio::test]
async fn a_request_that_nobody_waits_for_is_told_as_well() {
    let stage = stage().await;
    stage.always("", Fault::Hang);
    let mut command = stage.command(&[]);
    command.env("RUST_LOG", "info,ingest=debug");
    let program = Running::start(command);
    stage.until_seen(1).await;
    let ended = program.stop().await;
    ended.must(0, &["error_class=\"abandoned\""]);
    let told = ended.stdout.matches(": asked ").count();
    assert_eq!(u64::try_from(told).unwrap(), stage.seen(), "{ended}");
}
