//! Alpha Vantage on a key of 25 requests a day, with the list that ships: an hour's tick, gaps and
//! catalogue as `ingestd` runs them, judged from the requests that the vendor saw.

use std::collections::{BTreeMap, BTreeSet};

use fake_vendors::{AlphaVantagePlan, Options, RequestRecord, Vendor};
use model::Ts;
use source_alphavantage::Plan;

use crate::world::{KEY, World, at};

const LIST: &str = include_str!("../../../../sources-config/alphavantage.csv");
/// A Monday on which a month has just ended, so that monthly series are due as well.
const FROM: &str = "2026-06-01T00:03:00Z";
const DAYS: i64 = 12;
const DAY_MS: i64 = 86_400_000;

fn ids() -> Vec<String> {
    let rows = LIST.lines().skip(1).map(|row| row.split(',').collect());
    rows.map(|row: Vec<&str>| match row[3] {
        "" => format!("{}:{}", row[0], row[2]),
        market => format!("{}:{}:{market}", row[0], row[2]),
    })
    .collect()
}

/// The shares of the list whose closes are wanted.
fn shares() -> BTreeSet<&'static str> {
    let rows = LIST.lines().map(|row| row.split(',').collect::<Vec<_>>());
    let wanted = rows.filter(|row| row[1] == "TIME_SERIES_DAILY" && row[9] == "true");
    wanted.map(|row| row[2]).collect()
}

/// The symbol of a share's closes, else nothing.
fn share(request: &RequestRecord) -> Option<String> {
    let mut pairs = request
        .query
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    let is_closes = request.query.contains("function=TIME_SERIES_DAILY&")
        || request.query.ends_with("function=TIME_SERIES_DAILY");
    let symbol = pairs.find(|(name, _)| *name == "symbol");
    symbol
        .filter(|_| is_closes)
        .map(|(_, symbol)| symbol.to_owned())
}

fn is_trading_day(day: Ts) -> bool {
    day.date().weekday().number_from_monday() < 6
}

#[tokio::test]
async fn the_list_that_ships_stays_fresh_on_25_requests_a_day() {
    let world = World::new(Options {
        vendor: Vendor::AlphaVantage(AlphaVantagePlan::FREE),
        key: KEY.to_owned(),
        now: Some(at(FROM).datetime()),
        extra_ids: ids(),
        ..Options::default()
    })
    .await;
    let at_vendor = world.vendor.base_url();
    let collector = world.alphavantage(&at_vendor, Plan::Free, LIST).await;
    for hour in 0..DAYS * 24 {
        let now = at(FROM).plus_secs(hour * 3_600);
        world.set_now(&now.to_string());
        collector.live("tick").await.unwrap();
        collector.fill_gaps("gaps").await.unwrap();
        collector.refresh_due_catalogue("catalogue").await.unwrap();
    }

    let requests = world.vendor.requests();
    let refused: Vec<_> = requests.iter().filter(|one| one.status != 200).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let times: Vec<i64> = requests.iter().map(at_ms).collect();
    let most = times.iter().map(|from| {
        let until = from + DAY_MS;
        times
            .iter()
            .filter(|at| (*from..until).contains(at))
            .count()
    });
    assert_eq!(most.max(), Some(25));

    let mut others: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    let mut asked: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for request in &requests {
        let day = at_ms(request).div_euclid(DAY_MS);
        match share(request) {
            Some(symbol) => drop(asked.entry(symbol).or_default().insert(day)),
            None => others.entry(day).or_default().push(&request.query),
        }
    }
    let many: Vec<_> = others.values().filter(|day| day.len() > 5).collect();
    assert!(many.is_empty(), "{many:?}");

    // A close is there on the morning after. Of any three such mornings in a row each share was asked
    // for on one, or on a day between them.
    let first = at(FROM).millis().div_euclid(DAY_MS);
    let mornings: Vec<i64> = (first..first + DAYS)
        .filter(|day| is_trading_day(Ts::from_millis((day - 1) * DAY_MS)))
        .collect();
    let shares = shares();
    assert_eq!(shares.len(), 51);
    let names: BTreeSet<&str> = asked.keys().map(String::as_str).collect();
    assert_eq!(names, shares);
    for (symbol, days) in &asked {
        for three in mornings.windows(3) {
            let seen = days.range(three[0]..=three[2]).next();
            assert!(seen.is_some(), "{symbol} {three:?}: {days:?}");
        }
    }
}

fn at_ms(request: &RequestRecord) -> i64 {
    at(&request.at).millis()
}
