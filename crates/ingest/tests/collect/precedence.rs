//! Live ticks come first: no gap is filled between two datasets of a tick that is under way.

use std::{fmt::Write as _, sync::Arc};

use ingest::Collector;
use model::Ts;
use ratelimit::{Clock, SharedClock};
use simclock::Server;
use source_alphavantage::Plan;
use store::pulls::PullRow;

use crate::{
    canned::{Answer, Canned},
    processes::until,
    world::{Tasks, World, all_ended, alphavantage_at, alphavantage_csv, at, demo, set_to_work},
};

/// What is asked for, in rows of the CSV.
fn rows([class, function, metric]: [&str; 3], since: &str, count: usize) -> String {
    let mut rows = String::new();
    for n in 0..count {
        let symbol = format!("S{n:02}");
        let market = if class == "crypto" { "USD" } else { "" };
        let row = format!("{class},{function},{symbol},{market},,,{metric},,{since},true,");
        writeln!(rows, "{row}").unwrap();
    }
    rows
}

/// The last two hundred days, of weeks their Fridays.
fn answer(target: &str, now: Ts) -> Answer {
    if target.contains("GLOBAL_QUOTE") {
        let day = now.plus_days(-1).date();
        let quote = format!(r#""05. price":"10.5","07. latest trading day":"{day}""#);
        return Answer::new(200, format!(r#"{{"Global Quote":{{{quote}}}}}"#));
    }
    let is_weekly = target.contains("WEEKLY");
    let mut days = String::new();
    let newest_first = (0..200).map(|days| now.plus_days(-days));
    let is_row = |day: &Ts| !is_weekly || day.date().weekday().number_from_monday() == 5;
    for day in newest_first.filter(is_row) {
        let comma = if days.is_empty() { "" } else { "," };
        write!(days, r#"{comma}"{}":{{"4. close":"10.5"}}"#, day.date()).unwrap();
    }
    let refreshed = now.date();
    let meta = format!(r#"{{"6. Last Refreshed":"{refreshed}"}}"#);
    Answer::new(
        200,
        format!(r#"{{"Meta Data":{meta},"series":{{{days}}}}}"#),
    )
}

/// Runs the schedule of one source from one instant to another, at which a tick is due; returns the
/// functions that were asked for, and the pulls but those of the catalogue.
async fn run(
    world: &World,
    (plan, rpm): (Plan, Option<u32>),
    csv: &str,
    times: [&str; 2],
) -> (Vec<String>, Vec<PullRow>) {
    let [from, to] = times.map(at);
    let folder = tempfile::tempdir().unwrap();
    let server = Server::bind(folder.path().join("clock"), from.millis()).unwrap();
    let clock = SharedClock::join(&folder.path().join("clock"))
        .await
        .unwrap();
    let clock: Arc<dyn Clock> = Arc::new(clock);
    let canned = Canned::start(move |target| Some(answer(target, from))).await;
    let source = alphavantage_at(&canned.base_url, plan, rpm);
    let mut setup = world.setup(source, &alphavantage_csv(csv)).await;
    setup.clock = Arc::clone(&clock);
    let collector = Collector::open(setup).await.unwrap();
    let mut tasks = Tasks::new();
    set_to_work(&mut tasks, collector, &clock, &world.stop);
    server.hold_at(Some(to.millis())).await;
    until(|| server.now_ms() == to.millis()).await;
    world.stopper.stop();
    all_ended(&mut tasks).await;
    let function = |target: &String| {
        let value = target
            .split(['?', '&'])
            .find_map(|pair| pair.strip_prefix("function="));
        value.unwrap_or_default().to_owned()
    };
    let mut pulls = world.pulls().await;
    pulls.retain(|pull| pull.dataset != "listing");
    let asked = canned.targets().iter().map(function).collect();
    (asked, pulls)
}

fn names(pulls: &[PullRow]) -> Vec<String> {
    let name = |pull: &PullRow| format!("{} {}", pull.kind, pull.dataset);
    pulls.iter().map(name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_quota_goes_to_all_of_the_tick_before_a_gap_is_filled() {
    let world = World::new(demo()).await;
    let csv = [
        rows(
            ["crypto", "DIGITAL_CURRENCY_DAILY", "CLOSE"],
            "2026-05-01",
            8,
        ),
        rows(["equity", "TIME_SERIES_DAILY", "CLOSE"], "2026-05-01", 12),
        rows(["equity", "TIME_SERIES_WEEKLY", "CLOSE"], "2026-05-01", 12),
    ];
    // One request a second, 25 a day: the coins take longer than the gap filler sleeps.
    let pace = (Plan::Free, None);
    let times = ["2026-05-19T06:03:00Z", "2026-05-19T07:03:00Z"];
    let (asked, pulls) = run(&world, pace, &csv.concat(), times).await;
    let count = |function| asked.iter().filter(|one| *one == function).count();
    assert_eq!(count("DIGITAL_CURRENCY_DAILY"), 8);
    assert_eq!(count("TIME_SERIES_DAILY"), 12);
    let names = names(&pulls);
    assert_eq!(names[..2], ["live crypto_daily", "live equities_daily"]);
    assert!(
        names[2..].iter().all(|name| name.starts_with("gap ")),
        "{names:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gaps_that_were_being_filled_go_on_after_the_tick() {
    let world = World::new(demo()).await;
    let csv = [
        // Nothing of it is published before six.
        rows(["equity", "TIME_SERIES_DAILY", "CLOSE"], "2026-05-19", 3),
        rows(["equity", "GLOBAL_QUOTE", "PRICE"], "2026-05-19", 3),
        rows(["equity", "TIME_SERIES_WEEKLY", "CLOSE"], "2026-01-01", 9),
        rows(["equity", "TIME_SERIES_MONTHLY", "CLOSE"], "2026-01-01", 6),
    ];
    // So slow that the weeks take until the tick at 06:03.
    let pace = (Plan::Premium(75), Some(5));
    let times = ["2026-05-20T05:59:50Z", "2026-05-20T07:03:00Z"];
    let (asked, pulls) = run(&world, pace, &csv.concat(), times).await;
    let expected = [
        "gap equities_weekly",
        "live equities_daily",
        "live quote",
        "gap equities_monthly",
    ];
    assert_eq!(names(&pulls), expected);
    let [weeks, closes, quotes, months] = pulls.as_slice() else {
        panic!("{pulls:?}")
    };
    // The last of the weeks ended while the tick was under way, and the months waited for its end.
    assert!(closes.started_at < weeks.finished_at.unwrap());
    assert!(weeks.finished_at < quotes.finished_at);
    assert!(quotes.finished_at <= Some(months.started_at));
    let count = |function| asked.iter().filter(|one| *one == function).count();
    assert_eq!(count("TIME_SERIES_MONTHLY"), 6);
}
