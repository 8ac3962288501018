//! What comes once a day, of a vendor whose quota is 25 requests: asked for where it is open and due,
//! and who waits longest comes first.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use ingest::Collector;
use model::Ts;
use source_alphavantage::Plan;
use store::pulls::PullStatus;

use crate::{
    canned::{Answer, Canned},
    world::{World, alphavantage_csv, at, demo},
};

/// The vendor, and the day up to which it has values.
struct Vendor {
    canned: Canned,
    today: Arc<Mutex<Ts>>,
    /// Whether what it says of companies is no answer.
    broken: Arc<Mutex<bool>>,
    seen: usize,
}

impl Vendor {
    async fn start() -> Self {
        let today = Arc::new(Mutex::new(at("2026-05-19")));
        let broken: Arc<Mutex<bool>> = Arc::default();
        let of = (Arc::clone(&today), Arc::clone(&broken));
        let canned = Canned::start(move |target| {
            let (today, broken) = (*of.0.lock().unwrap(), *of.1.lock().unwrap());
            let body = match broken && target.contains("OVERVIEW") {
                true => "[]".to_owned(),
                false => answer(target, today),
            };
            Some(Answer::new(200, body))
        });
        Self {
            canned: canned.await,
            today,
            broken,
            seen: 0,
        }
    }

    async fn collector(&self, world: &World, rows: &str) -> Collector {
        let at_vendor = &self.canned.base_url;
        let csv = alphavantage_csv(rows);
        world.alphavantage(at_vendor, Plan::Free, &csv).await
    }

    /// Moves the time of both.
    fn set_now(&self, world: &World, now: &str) {
        world.set_now(now);
        *self.today.lock().unwrap() = at(now.get(..10).unwrap());
    }

    /// Returns what was asked for since the last call: the symbols of closes, else the function.
    fn asked(&mut self) -> Vec<String> {
        let targets = self.canned.targets();
        let new = targets[self.seen..].iter().map(|target| {
            let value = |name: &str| {
                let mut pairs = target.split(['?', '&']);
                let found = pairs.find_map(|pair| pair.strip_prefix(name));
                found.unwrap_or_default().to_owned()
            };
            match value("function=").as_str() {
                "TIME_SERIES_DAILY" => value("symbol="),
                other => other.to_owned(),
            }
        });
        let new = new.collect();
        self.seen = targets.len();
        new
    }
}

/// A hundred rows of trading days before today, of a coin of all days, or a company.
fn answer(target: &str, today: Ts) -> String {
    if target.contains("OVERVIEW") {
        let symbol = target.rsplit_once("symbol=").unwrap().1;
        let symbol = symbol.split('&').next().unwrap();
        return format!(r#"{{"Symbol":"{symbol}","MarketCapitalization":"5"}}"#);
    }
    let is_coin = target.contains("DIGITAL_CURRENCY_DAILY");
    let days = (0..200).map(|days| today.plus_days(-days));
    let days = days.filter(|day| match is_coin {
        true => true,
        false => *day < today && day.date().weekday().number_from_monday() < 6,
    });
    let mut rows = String::new();
    for day in days.take(100) {
        let comma = if rows.is_empty() { "" } else { "," };
        let date = day.date();
        write!(rows, r#"{comma}"{date}":{{"4. close":"10.5"}}"#).unwrap();
    }
    let refreshed = today.date();
    format!(r#"{{"Meta Data":{{"6. Last Refreshed":"{refreshed}"}},"series":{{{rows}}}}}"#)
}

fn closes(count: usize) -> String {
    let mut rows = String::new();
    for n in 0..count {
        let since = "2026-01-01";
        writeln!(
            rows,
            "equity,TIME_SERIES_DAILY,S{n:02},,,,CLOSE,,{since},true,"
        )
        .unwrap();
    }
    rows
}

fn symbols(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| format!("S{n:02}")).collect()
}

const COIN: &str = "crypto,DIGITAL_CURRENCY_DAILY,BTC,USD,,,CLOSE,,2026-03-01,true,\n";

#[tokio::test]
async fn a_quota_that_ends_leaves_those_for_tomorrow_who_are_fresh() {
    let world = World::new(demo()).await;
    let mut vendor = Vendor::start().await;
    vendor.set_now(&world, "2026-05-19T06:03:00Z");
    let rows = format!("{COIN}{}", closes(40));
    let collector = vendor.collector(&world, &rows).await;

    let summary = collector.live("first").await.unwrap();
    assert_eq!(summary.pulls.last().unwrap().status, PullStatus::Parked);
    let asked = vendor.asked();
    assert_eq!(asked[0], "DIGITAL_CURRENCY_DAILY");
    assert_eq!(asked[1..], symbols(0..24));
    // Nothing is left for the same day, whoever asks.
    vendor.set_now(&world, "2026-05-19T07:03:00Z");
    collector.live("same day").await.unwrap();
    collector.fill_gaps("same day").await.unwrap();
    assert_eq!(vendor.asked(), Vec::<String>::new());

    // A unit comes back within 25 hours. Those that were never asked come first, then those that wait
    // for one day.
    vendor.set_now(&world, "2026-05-20T07:13:00Z");
    collector.live("second").await.unwrap();
    let asked = vendor.asked();
    assert_eq!(asked[0], "DIGITAL_CURRENCY_DAILY");
    assert_eq!(asked[1..], [symbols(24..40), symbols(0..8)].concat());
    vendor.set_now(&world, "2026-05-21T08:23:00Z");
    collector.live("third").await.unwrap();
    assert_eq!(
        vendor.asked()[1..],
        [symbols(8..24), symbols(0..8)].concat()
    );
}

#[tokio::test]
async fn what_is_fresh_is_not_asked_for_again_before_there_is_more() {
    let world = World::new(demo()).await;
    let mut vendor = Vendor::start().await;
    vendor.set_now(&world, "2026-05-19T06:03:00Z");
    let overview = "equity,OVERVIEW,S00,,1d,,MARKET_CAP,,,true,\n";
    let rows = format!("{COIN}{overview}{}", closes(2));
    let collector = vendor.collector(&world, &rows).await;
    let day = ["DIGITAL_CURRENCY_DAILY", "OVERVIEW", "S00", "S01"];

    collector.live("first").await.unwrap();
    assert_eq!(vendor.asked(), day);
    for hour in ["07", "13", "23"] {
        vendor.set_now(&world, &format!("2026-05-19T{hour}:03:00Z"));
        collector.live(hour).await.unwrap();
        collector.fill_gaps(hour).await.unwrap();
        assert_eq!(vendor.asked(), Vec::<String>::new(), "{hour}");
    }
    // A company is of its day, a coin's day is over, New York's closes come in the morning.
    for (hour, expected) in [("00", &day[1..2]), ("01", &day[..1]), ("06", &day[2..])] {
        vendor.set_now(&world, &format!("2026-05-20T{hour}:03:00Z"));
        collector.live(hour).await.unwrap();
        assert_eq!(vendor.asked(), expected, "{hour}");
    }
    // What was no answer is asked for again, but not at every tick.
    *vendor.broken.lock().unwrap() = true;
    for (now, expected) in [
        ("2026-05-21T00:03:00Z", &day[1..2]),
        ("2026-05-21T05:03:00Z", &day[..1]),
        ("2026-05-21T06:13:00Z", &day[1..]),
        ("2026-05-21T07:03:00Z", &[]),
    ] {
        vendor.set_now(&world, now);
        collector.live(now).await.unwrap();
        assert_eq!(vendor.asked(), expected, "{now}");
    }
    let points =
        "SELECT string_agg(asset || ' ' || metric || ' ' || n, ', ' ORDER BY asset, metric)
                  FROM (SELECT s.asset, s.metric, count(*) AS n
                        FROM metrics m JOIN series s USING (series_id) GROUP BY 1, 2) AS counts";
    // A hundred rows at first, but no day before `since` or out of the plan's reach.
    let told = world.text(points).await;
    let expected =
        "crypto:BTC CLOSE 81, equity:S00 CLOSE 100, equity:S00 MARKET_CAP 2, equity:S01 CLOSE 100";
    assert_eq!(told, expected);
}
