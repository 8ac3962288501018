//! docs/METRICS.md names every metric that the daemons show, and none that they do not.

use std::{collections::BTreeMap, path::Path};

use testkit::{
    scrape::{self, Scrape},
    stage::Running,
};

use super::{demo_stage, start};
use crate::GAPS;

fn page(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// Returns the documented metrics and their kinds.
fn documented() -> BTreeMap<String, String> {
    let page = page("docs/METRICS.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let metrics = rows.filter_map(|row| {
        let (name, rest) = row.split_once('`')?;
        let kind = rest.split('|').nth(1)?.trim();
        let is_metric = ["counter", "gauge", "histogram"].contains(&kind);
        is_metric.then(|| (name.to_owned(), kind.to_owned()))
    });
    metrics.collect()
}

#[tokio::test]
async fn what_is_shown_is_documented_and_nothing_else() {
    let stage = demo_stage().await;
    let (collector, address) = start(&stage).await;
    let mut command = stage.command_of("apid", &["--port", "0"]);
    command.env("CROSSFEED_APID_METRICS_ADDR", "127.0.0.1:0");
    let api = Running::start(command);
    let api_address = scrape::address(&api).await;
    stage.until(GAPS, "2").await;
    api.until_said("listening on").await;

    let mut shown = Scrape::of(&address).await.kinds;
    let of_api = Scrape::of(&api_address).await.kinds;
    assert!(of_api.contains_key("crossfeed_database_pool_connections"));
    shown.extend(of_api);
    assert_eq!(shown, documented());
    for program in [collector, api] {
        program.stop().await.must(0, &["ended"]);
    }
}

#[test]
fn alerts_look_at_metrics_that_there_are() {
    let (rules, documented) = (page("deploy/prometheus/crossfeed.rules.yml"), documented());
    let is_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let mut seen = 0;
    for word in rules.split(|letter| !is_name(letter)) {
        if word.starts_with("crossfeed_") {
            seen += 1;
            assert!(documented.contains_key(word), "{word}");
        }
    }
    assert!(seen > 10, "{seen}");
}
