//! Which requests an ask becomes.

use model::TimeRange;
use source::{Ask, RequestSpec, Source as _, Want};
use source_artemis::{FINANCIALS_QUARTERLY, METRICS_DAILY, SYMBOLS};

use crate::{ask, at, lines, live, plan, range, vendor, want};

const TODAY: &str = "2026-05-18";
const NOW: &str = "2026-05-18T06:05:00Z";
/// Nine metrics, as in the contract's examples.
const NINE: [&str; 9] = [
    "24H_VOLUME",
    "AVG_TXN_FEE",
    "DAU",
    "FEES",
    "NEW_USERS",
    "REVENUE",
    "SPOT_FEES",
    "TVL",
    "TXNS",
];
const CHAIN: [&str; 7] = [
    "24H_VOLUME",
    "CIRCULATING_SUPPLY_NATIVE",
    "DAU",
    "FEES",
    "REVENUE",
    "TVL",
    "TXNS",
];
const MIDNIGHT: [&str; 3] = ["FDMC", "MC", "PRICE"];
const STABLE: [&str; 4] = [
    "STABLECOIN_DAILY_TXNS",
    "STABLECOIN_DAU",
    "STABLECOIN_SUPPLY",
    "STABLECOIN_TRANSFER_VOLUME",
];

/// The last so many days that are over.
fn days(days: i64) -> TimeRange {
    TimeRange::new(at(TODAY).plus_days(-days), at(TODAY))
}

fn symbols(count: usize, prefix: &str, metrics: &[&str], labels: TimeRange) -> Vec<Want> {
    let symbol = |n| want(&format!("{prefix}{n:03}"), metrics, labels);
    (0..count).map(symbol).collect()
}

fn of<'r>(request: &'r RequestSpec, name: &str) -> &'r str {
    let found = request.query.iter().find(|(known, _)| known == name);
    found.map_or("", |(_, value)| value.as_str())
}

/// Plans, and holds each request against the contract's bounds as they stand in the request itself.
pub(crate) fn bounded(ask: &Ask) -> Vec<RequestSpec> {
    let requests = plan(ask);
    for request in &requests {
        let names = request.path.trim_start_matches("/data/api/");
        let metrics = names.trim_end_matches('/').split(',').count();
        let symbols = of(request, "symbols").split(',').count();
        let (start, end) = (at(of(request, "startDate")), at(of(request, "endDate")));
        let days = usize::try_from((end.secs() - start.secs()) / 86_400 + 1).unwrap();
        assert!(symbols <= 50 && metrics <= 12, "{symbols} {metrics}");
        assert!(days <= 365 && symbols * metrics * days <= 50_000, "{days}");
    }
    requests
}

fn counted(wants: Vec<Want>) -> usize {
    bounded(&ask(METRICS_DAILY, NOW, wants)).len()
}

#[test]
fn a_daily_tick_takes_as_many_requests_as_the_contract_says() {
    let tick = live(METRICS_DAILY, NOW, symbols(120, "s", &NINE, days(8)));
    let requests = bounded(&tick);
    assert_eq!(requests.len(), 3);
    for request in &requests {
        // Nine days, today among them.
        assert_eq!(of(request, "startDate"), "2026-05-10");
        assert_eq!(of(request, "endDate"), TODAY);
    }
}

#[test]
fn catching_up_takes_as_many_requests_as_the_contract_says() {
    assert_eq!(counted(symbols(120, "s", &NINE, days(37))), 3);
}

#[test]
fn history_takes_as_many_requests_as_the_contract_says() {
    let five_years = bounded(&ask(
        METRICS_DAILY,
        NOW,
        symbols(120, "s", &NINE, days(5 * 365)),
    ));
    assert_eq!(five_years.len(), 40);
    assert_eq!(five_years[0].block.keys.len(), 15);
    assert_eq!(five_years[0].block.labels, days(365));
    let since = TimeRange::new(at("2013-04-28"), at("2013-04-28").plus_days(4_956));
    // The contract counts 14 windows of 8 requests; the last, of 211 days, takes 5.
    assert_eq!(counted(symbols(120, "s", &NINE, since)), 13 * 8 + 5);
}

#[test]
fn quarters_are_one_request_of_all_years() {
    let seven = [
        "BASIC_EPS",
        "DILUTED_EPS",
        "EBITDA",
        "FREE_CASH_FLOW",
        "NET_INCOME",
        "OPERATING_INCOME",
        "TOTAL_REVENUE",
    ];
    let of_years = |count, years: i64| {
        let wants = symbols(count, "eq-s", &seven, days(years * 365));
        plan(&ask(FINANCIALS_QUARTERLY, NOW, wants)).len()
    };
    assert_eq!(
        (of_years(50, 3), of_years(51, 3), of_years(50, 25)),
        (1, 2, 1)
    );
}

#[test]
fn the_requests_are_written_as_the_vendor_reads_them() {
    let wants = vec![
        want("btc", &["MC", "PRICE"], range("2024-01-02", "2024-01-07")),
        want("btc", &["FEES"], range("2024-01-01", "2024-01-06")),
        want("eq-nvda", &["PRICE"], range("2024-01-01", "2024-01-06")),
        want(
            "usdc-eth",
            &["STABLECOIN_DAU"],
            range("2024-01-01", "2024-01-06"),
        ),
    ];
    let daily = plan(&ask(METRICS_DAILY, NOW, wants));
    insta::assert_snapshot!(lines(&daily), @"/data/api/FEES,MC,PRICE,STABLECOIN_DAU/?endDate=2024-01-07&startDate=2024-01-01&symbols=btc,eq-nvda,usdc-eth (3 keys, [2024-01-01T00:00:00Z, 2024-01-07T00:00:00Z))");
    let wants = vec![want(
        "eq-nvda",
        &["EBITDA"],
        range("2024-04-01", "2025-03-01"),
    )];
    let quarters = plan(&ask(FINANCIALS_QUARTERLY, NOW, wants));
    insta::assert_snapshot!(lines(&quarters), @"/data/api/EBITDA/?endDate=2025-03-01&granularity=QUARTER&startDate=2024-04-01&symbols=eq-nvda (1 keys, [2024-04-01T00:00:00Z, 2025-03-01T00:00:00Z))");
    insta::assert_snapshot!(lines(&plan(&ask(SYMBOLS, NOW, vec![]))), @"/asset/symbols/ (0 keys, [1970-01-01T00:00:00Z, 1970-01-01T00:00:00Z))");
}

#[test]
fn a_day_more_is_asked_for_where_there_is_room_and_none_that_is_to_come() {
    let last = |labels: TimeRange| {
        let requests = bounded(&ask(METRICS_DAILY, NOW, vec![want("s", &["DAU"], labels)]));
        assert_eq!(requests[0].block.labels, labels);
        of(&requests[0], "endDate").to_owned()
    };
    assert_eq!(last(range("2026-05-01", "2026-05-02")), "2026-05-02");
    assert_eq!(last(range("2026-05-01", "2026-05-18")), "2026-05-18");
    assert_eq!(last(range("2026-05-01", "2026-05-19")), "2026-05-18");
    let full = range("2025-03-01", "2026-03-01");
    assert_eq!(
        (full.secs() / 86_400, last(full).as_str()),
        (365, "2026-02-28")
    );
}

#[test]
fn symbols_that_want_other_metrics_share_requests() {
    let tick = |wants| bounded(&live(METRICS_DAILY, NOW, wants)).len();
    // Values of midnight are wanted a day later than sums: one request brings both.
    let mut wants = symbols(50, "s", &CHAIN, days(8));
    wants.extend(symbols(50, "s", &MIDNIGHT, days(8)));
    assert_eq!(tick(wants), 1);
    // As many sets as symbols, of nine metrics in all.
    let wants: Vec<Want> = (0..120)
        .map(|n| {
            let mut metrics = NINE.to_vec();
            metrics.retain(|name| (n + name.len()) % 3 > 0 || name.len() == 3);
            want(&format!("s{n:03}"), &metrics, days(8))
        })
        .collect();
    assert_eq!(tick(wants), 3);
    // Chains, shares and stablecoins: shares beside chains, stablecoins by themselves.
    let mut wants = symbols(100, "c", &CHAIN, days(8));
    wants.extend(symbols(100, "c", &MIDNIGHT, days(8)));
    wants.extend(symbols(50, "eq-", &["PRICE"], days(8)));
    wants.extend(symbols(30, "u", &STABLE, days(8)));
    assert_eq!(tick(wants), 4);
    // Many metrics of few symbols each: by metric, not by symbol.
    let wants: Vec<Want> = (0..60)
        .flat_map(|n| {
            let own = format!("METRIC_{:02}", n % 24);
            [want(&format!("s{n:03}"), &["PRICE", &own], days(8))]
        })
        .collect();
    assert!(tick(wants) <= 4);
}

#[test]
fn symbols_wanted_since_other_days_share_windows() {
    let wants: Vec<Want> = (0..15)
        .map(|n| want(&format!("s{n:03}"), &NINE, days(5 * 365 - 20 * n)))
        .collect();
    assert_eq!(counted(wants), 5);
    // A hole of a day beside others' year costs nothing of its own.
    let mut wants = symbols(14, "s", &NINE, days(365));
    wants.push(want("t", &["DAU"], days(100).shift(-86_400)));
    assert_eq!(counted(wants), 1);
    // But not where it would make many requests small.
    let mut wants = symbols(100, "s", &NINE, days(1));
    wants.push(want("t", &["DAU"], days(365)));
    assert_eq!(counted(wants), 3);
}

#[test]
fn nothing_older_than_what_was_refused_is_asked_for() {
    let mut of = ask(METRICS_DAILY, NOW, vec![want("btc", &["DAU"], days(900))]);
    of.oldest = Some(at("2026-01-01T00:30:00Z"));
    let oldest = plan(&of)
        .into_iter()
        .map(|one| one.block.labels.start)
        .min();
    assert_eq!(oldest, Some(at("2026-01-02")));
    assert_eq!(vendor().horizon(METRICS_DAILY, at(NOW)), None);
}

#[test]
fn a_refused_request_is_halved_down_to_one_pair() {
    let vendor = vendor();
    let request = bounded(&ask(METRICS_DAILY, NOW, symbols(3, "s", &NINE, days(9)))).swap_remove(0);
    let (mut queue, mut pairs) = (vec![request.clone()], Vec::new());
    while let Some(request) = queue.pop() {
        match vendor.halves(&request) {
            Some(halves) => queue.extend(halves),
            None => pairs.push(request),
        }
    }
    assert_eq!(pairs.len(), 3 * 9);
    for pair in &pairs {
        assert_eq!((pair.block.keys.len(), pair.block.metrics.len()), (1, 1));
        assert_eq!(pair.block.labels, request.block.labels);
        assert_eq!(pair.path, format!("/data/api/{}/", pair.block.metrics[0]));
        assert_eq!(of(pair, "symbols"), pair.block.keys[0].asset.as_str());
    }
    let catalogue = plan(&ask(SYMBOLS, NOW, vec![])).swap_remove(0);
    assert_eq!(vendor.halves(&catalogue), None);
    assert!(vendor.halves_overload());
}
