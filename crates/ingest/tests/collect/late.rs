//! What is published weeks after its bucket has ended: asked for every day until it is there, and for
//! no longer.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use ingest::Collector;
use model::Ts;
use source_alphavantage::Plan;

use crate::{
    canned::{Answer, Canned},
    world::{World, alphavantage_csv, at, demo},
};

/// A date of the vendor's, and when it has the value.
type Release = (&'static str, &'static str);

/// The vendor of one series of the economy.
struct Vendor {
    canned: Canned,
    now: Arc<Mutex<Ts>>,
    seen: usize,
}

impl Vendor {
    async fn start(interval: &'static str, releases: &'static [Release]) -> Self {
        let now = Arc::new(Mutex::new(at("2026-08-01")));
        let clock = Arc::clone(&now);
        let canned = Canned::start(move |_| {
            let now = *clock.lock().unwrap();
            let mut rows = String::new();
            for (date, _) in releases.iter().filter(|(_, since)| at(since) <= now) {
                let comma = if rows.is_empty() { "" } else { "," };
                write!(rows, r#"{comma}{{"date":"{date}","value":"321.5"}}"#).unwrap();
            }
            let body = format!(r#"{{"interval":"{interval}","data":[{rows}]}}"#);
            Some(Answer::new(200, body))
        });
        Self {
            canned: canned.await,
            now,
            seen: 0,
        }
    }

    async fn collector(&self, world: &World, row: &str) -> Collector {
        let at_vendor = &self.canned.base_url;
        let csv = alphavantage_csv(row);
        world.alphavantage(at_vendor, Plan::Free, &csv).await
    }

    /// Reads what is there already.
    async fn catch_up(&mut self, world: &World, collector: &Collector) {
        self.day(world, collector, at("2026-07-31")).await;
    }

    /// Lives through a day of ticks and gaps; returns how many requests it took.
    async fn day(&mut self, world: &World, collector: &Collector, day: Ts) -> usize {
        for hour in [0, 1, 2, 23] {
            let now = day.plus_secs(hour * 3_600 + 180);
            world.set_now(&now.to_string());
            *self.now.lock().unwrap() = now;
            collector.live("tick").await.unwrap();
            collector.fill_gaps("gaps").await.unwrap();
        }
        let asked = self.canned.targets().len() - self.seen;
        self.seen += asked;
        asked
    }
}

/// Returns the buckets that have a value.
async fn buckets(world: &World) -> Vec<String> {
    let sql = "SELECT to_char(ts AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM metrics ORDER BY ts";
    let rows = world.client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

const CPI: &str = "macro,CPI,,,monthly,,CPI,,2026-04-01,true,";

#[tokio::test]
async fn a_month_that_is_published_in_the_middle_of_the_next_is_there_within_a_day() {
    let world = World::new(demo()).await;
    let releases = &[
        ("2026-04-01", "2026-05-12T12:30:00Z"),
        ("2026-05-01", "2026-06-10T12:30:00Z"),
        ("2026-06-01", "2026-07-14T12:30:00Z"),
        ("2026-07-01", "2026-08-12T12:30:00Z"),
        ("2026-08-01", "2026-09-11T12:30:00Z"),
    ];
    let mut vendor = Vendor::start("monthly", releases).await;
    let collector = vendor.collector(&world, CPI).await;
    vendor.catch_up(&world, &collector).await;
    let (mut asked, mut seen) = (Vec::new(), Vec::new());
    for n in 0..50 {
        let day = at("2026-08-01").plus_days(n);
        let requests = vendor.day(&world, &collector, day).await;
        assert!(requests <= 1, "{day}: {requests}");
        asked.extend((requests == 1).then(|| day.date().to_string()));
        for bucket in buckets(&world).await {
            if !seen.iter().any(|(known, _)| *known == bucket) {
                seen.push((bucket, day.date().to_string()));
            }
        }
    }
    let seen: Vec<_> = seen.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let expected = [
        ("2026-04-01", "2026-08-01"),
        ("2026-05-01", "2026-08-01"),
        ("2026-06-01", "2026-08-01"),
        ("2026-07-01", "2026-08-13"),
        ("2026-08-01", "2026-09-12"),
    ];
    assert_eq!(seen, expected);
    // Every day until it is there, and then not before there can be more.
    let days = |from: &'static str, count| (0..count).map(move |n| at(from).plus_days(n).date());
    let days = days("2026-08-01", 13).chain(days("2026-09-01", 12));
    let days: Vec<String> = days.map(|day| day.to_string()).collect();
    assert_eq!(asked, days);
}

#[tokio::test]
async fn a_month_that_never_comes_is_given_up_in_the_end_and_taken_where_it_comes_after_all() {
    let world = World::new(demo()).await;
    // The office was closed: of July there is nothing before the next January.
    let releases = &[
        ("2026-04-01", "2026-05-12T12:30:00Z"),
        ("2026-05-01", "2026-06-10T12:30:00Z"),
        ("2026-06-01", "2026-07-14T12:30:00Z"),
        ("2026-08-01", "2026-09-11T12:30:00Z"),
        ("2026-09-01", "2026-10-13T12:30:00Z"),
        ("2026-10-01", "2026-11-12T12:30:00Z"),
        ("2026-07-01", "2026-11-20T12:30:00Z"),
    ];
    let mut vendor = Vendor::start("monthly", releases).await;
    let collector = vendor.collector(&world, CPI).await;
    vendor.catch_up(&world, &collector).await;
    let mut asked = Vec::new();
    for n in 0..61 {
        let day = at("2026-08-01").plus_days(n);
        let requests = vendor.day(&world, &collector, day).await;
        assert!(requests <= 1, "{day}: {requests}");
        asked.extend((requests == 1).then(|| day.date().to_string()));
    }
    // Every day for six weeks, then a few tries as for any silence.
    let daily = (0..46).map(|n| at("2026-08-01").plus_days(n).date().to_string());
    let tries = ["2026-09-16", "2026-09-18", "2026-09-22"].map(str::to_owned);
    assert_eq!(asked, daily.chain(tries).collect::<Vec<_>>());
    let july = "SELECT coalesce(string_agg(reason || ' ' || tries, ', '), '')
                FROM slots_missing WHERE during @> '2026-07-01'::timestamptz";
    assert_eq!(world.text(july).await, "vendor_empty 4");
    vendor.day(&world, &collector, at("2026-11-21")).await;
    assert_eq!(world.text(july).await, "");
    assert!(buckets(&world).await.contains(&"2026-07-01".to_owned()));
}

#[tokio::test]
async fn a_quarter_is_there_the_day_after_it_is_published() {
    let world = World::new(demo()).await;
    let releases = &[
        ("2026-01-01", "2026-04-29T12:30:00Z"),
        ("2026-04-01", "2026-08-05T12:30:00Z"),
    ];
    let mut vendor = Vendor::start("quarterly", releases).await;
    let row = "macro,REAL_GDP,,,quarterly,,REAL_GDP,,2026-01-01,true,";
    let collector = vendor.collector(&world, row).await;
    vendor.catch_up(&world, &collector).await;
    for n in 0..8 {
        let day = at("2026-08-01").plus_days(n);
        let requests = vendor.day(&world, &collector, day).await;
        assert_eq!(requests, 1, "{day}");
        let quarters = if n < 5 { 1 } else { 2 };
        assert_eq!(buckets(&world).await.len(), quarters, "{day}");
    }
}
