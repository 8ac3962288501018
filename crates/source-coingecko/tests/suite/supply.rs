//! Charts of supplies.

use source::Source as _;
use source_coingecko::{Plan, SUPPLY_DAILY};

use crate::{ask, body, lines, look, plan, range, read, reply, told, vendor, want};

const NOW: &str = "2026-05-18T13:02:00Z";
const BOTH: [&str; 2] = ["CIRCULATING_SUPPLY", "TOTAL_SUPPLY"];

#[test]
fn each_supply_is_a_request_of_its_own() {
    let wants = vec![
        want("aave", "usd", &BOTH, range("2010-01-01", "2026-05-19")),
        want(
            "bitcoin",
            "usd",
            &["TOTAL_SUPPLY"],
            range("2026-05-17", "2026-05-18"),
        ),
    ];
    let requests = plan(&vendor(Plan::Enterprise), &ask(SUPPLY_DAILY, NOW, wants));
    insta::assert_snapshot!(lines(&requests), @r#"
    /coins/aave/circulating_supply_chart/range?from=1558569600&to=1779152400
      aave/usd ["CIRCULATING_SUPPLY"] [2019-06-22T00:00:00Z, 2026-05-19T00:00:00Z)
    /coins/aave/total_supply_chart/range?from=1558569600&to=1779152400
      aave/usd ["TOTAL_SUPPLY"] [2019-06-22T00:00:00Z, 2026-05-19T00:00:00Z)
    /coins/bitcoin/total_supply_chart/range?from=1771203600&to=1779066000
      bitcoin/usd ["TOTAL_SUPPLY"] [2026-05-17T00:00:00Z, 2026-05-18T00:00:00Z)
    "#);
}

#[test]
fn supply_daily_three_days() {
    let path = "/coins/bitcoin/circulating_supply_chart/range?from=2025-01-01&to=2025-01-03";
    let body = body!("supply_daily/three_days.json");
    insta::assert_snapshot!(told(&look(path, body, "2025-01-03T01:00:00Z").unwrap()));
}

#[test]
fn supply_daily_ugly() {
    let path = "/coins/x/total_supply_chart/range?from=2026-05-09&to=2026-05-16";
    let body = body!("supply_daily/ugly.json");
    insta::assert_snapshot!(told(&look(path, body, NOW).unwrap()));
}

#[test]
fn the_chart_of_the_other_supply_is_no_answer() {
    let path = "/coins/x/total_supply_chart/range?from=2025-01-01&to=2025-01-03";
    let class = |body: &[u8]| look(path, body, NOW).unwrap_err().class();
    assert_eq!(class(body!("supply_daily/three_days.json")), "malformed");
    assert_eq!(class(b"{}"), "malformed");
    assert_eq!(class(br#"{"total_supply":null}"#), "malformed");
}

#[test]
fn stamps_may_be_texts_as_values_are() {
    let path = "/coins/bitcoin/circulating_supply_chart/range?from=2025-01-01&to=2025-01-03";
    let told = |body: &[u8]| told(&look(path, body, "2025-01-03T01:00:00Z").unwrap());
    let body = String::from_utf8(body!("supply_daily/three_days.json").to_vec()).unwrap();
    let texts = body.replace("1735776000000", "\"1735776000000\"");
    assert_ne!(texts, body);
    assert_eq!(told(texts.as_bytes()), told(body.as_bytes()));
}

#[test]
fn supplies_teach_nothing_of_the_coin() {
    let vendor = vendor(Plan::Enterprise);
    let wants = vec![want(
        "bitcoin",
        "usd",
        &BOTH,
        range("2020-01-01", "2025-01-04"),
    )];
    let request = plan(&vendor, &ask(SUPPLY_DAILY, NOW, wants)).remove(0);
    let answer = reply(
        body!("supply_daily/three_days.json"),
        "2025-01-04T01:00:00Z",
    );
    let (record, parsed) = read(&vendor, &request, &answer).unwrap();
    assert_eq!((record.points.len(), parsed.facts), (3, vec![]));
    assert_eq!(record.points[0].key.to_string(), "bitcoin/usd");
    assert!(vendor.halves(&request).is_none());
}
