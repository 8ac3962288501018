//! When ticks come: at the times of `schedule.csv`, not doubled, and a wrong file is told whole.

use fake_vendors::{Fault, Options, Plan, Rule};
use simclock::Server;
use testkit::stage::{Running, Stage};

use crate::{
    PROGRAM, RUNNING,
    one_clock::{at, ms, on_clock, until},
    stage,
};

const START: &str = "2026-05-18T12:50:00Z";

/// A stage whose vendor follows a simulated clock.
async fn simulated() -> (Stage, Server) {
    let options = Options {
        now: Some(at(START)),
        rpm: Some(60_000),
        ..Options::default()
    };
    let stage = Stage::with_vendor(PROGRAM, Plan::Enterprise, options).await;
    stage.configure(&["bitcoin,,usd,,2026-05-18,2026-05-18,false,true,"]);
    let server = Server::bind(stage.folder.path().join("clock"), ms(START)).unwrap();
    (stage, server)
}

/// Returns the minute and second of each tick's first request, in order.
fn ticks(stage: &Stage) -> Vec<String> {
    let requests = stage.vendor.requests();
    let markets = requests.iter().filter(|one| one.path == "/coins/markets");
    let mut ticks: Vec<String> = markets
        .map(|one| one.at.chars().skip(11).take(8).collect())
        .collect();
    ticks.dedup();
    ticks
}

/// Runs the daemon until then; returns the times of its ticks.
async fn ticks_until(stage: &Stage, server: &Server, end: &str) -> Vec<String> {
    let socket = stage.folder.path().join("clock");
    let _follows = stage.vendor.follow(&socket).await.unwrap();
    server.hold_at(Some(ms(end))).await;
    let daemon = Running::start(on_clock(stage.command(&[]), &socket));
    until(server, end).await;
    daemon.stop().await.must(0, &["ended"]);
    ticks(stage)
}

#[tokio::test]
async fn ticks_come_at_the_times_of_the_file() {
    let (stage, server) = simulated().await;
    stage.schedule(&["coingecko,,07:30,0,,,"]);
    let ticks = ticks_until(&stage, &server, "2026-05-18T15:07:35Z").await;
    assert_eq!(ticks, ["12:50:00", "13:07:30", "14:07:30", "15:07:30"]);
}

#[tokio::test]
async fn a_tick_starts_within_its_jitter() {
    let (stage, server) = simulated().await;
    stage.schedule(&["coingecko,,07:30,600,,,"]);
    let ticks = ticks_until(&stage, &server, "2026-05-19T00:17:35Z").await;
    // One at once, then one an hour, none of them at another time, and hardly all at one.
    assert_eq!(ticks.len(), 13, "{ticks:?}");
    let minutes: Vec<&str> = ticks[1..]
        .iter()
        .map(|tick| tick.split_once(':').unwrap().1)
        .collect();
    let within = |minute: &&str| ("07:30"..="17:30").contains(minute);
    assert!(minutes.iter().all(within), "{ticks:?}");
    assert!(
        minutes.iter().any(|minute| *minute != minutes[0]),
        "{ticks:?}"
    );
}

#[tokio::test]
async fn a_tick_that_still_runs_when_the_next_is_due_is_not_doubled() {
    let (stage, server) = simulated().await;
    let socket = stage.folder.path().join("clock");
    let _follows = stage.vendor.follow(&socket).await.unwrap();
    // The tick at 13:03 is refused for more than an hour.
    let throttled = Fault::Status429 {
        retry_after: Some(2_000),
        reset_header: false,
    };
    let end = "2026-05-18T15:03:05Z";
    server.hold_at(Some(ms("2026-05-18T12:50:05Z"))).await;
    let daemon = Running::start(on_clock(stage.command(&[]), &socket));
    until(&server, "2026-05-18T12:50:05Z").await;
    stage.break_answers(vec![Rule::times("/coins/markets", 2, throttled)]);
    server.hold_at(Some(ms(end))).await;
    until(&server, end).await;
    let ended = daemon.stop().await;
    ended.must(0, &["a tick still ran when the next was due"]);
    assert_eq!(
        ended.stdout.matches("a tick still ran").count(),
        1,
        "{ended}"
    );
    assert_eq!(
        ticks(&stage),
        ["12:50:00", "13:03:00", "13:36:20", "14:09:40", "15:03:00"]
    );
    let live = "SELECT count(*) FROM pulls WHERE kind = 'live' AND dataset = 'markets'";
    assert_eq!(stage.ask(live).await, "3");
    // Of the hour that no tick took, the chart has what it has.
    let hours = "SELECT string_agg(DISTINCT to_char(ts AT TIME ZONE 'UTC', 'HH24'), ' ')
                 FROM metrics JOIN series USING (series_id)
                 WHERE metric = 'PRICE' AND step = '1h' AND ts >= '2026-05-18 11:00Z'";
    assert_eq!(stage.ask(hours).await, "11 12 13 14");
    assert_eq!(stage.ask(RUNNING).await, "0");
}

#[tokio::test]
async fn all_that_is_wrong_with_the_file_is_told_before_anything_is_asked() {
    let stage = stage().await;
    stage.schedule(&[
        "coingeko,,,,,,",
        "coingecko,hour,3:00,601,,,",
        "artemis,hour,,,,,",
    ]);
    let told = [
        "schedule.csv:2: column source: \"coingeko\" is no source: did you mean coingecko?",
        "schedule.csv:3: column at: ",
        "schedule.csv:3: column jitter_secs: ",
        "schedule.csv:4: column every: artemis has nothing newer than a day",
    ];
    for args in [&[][..], &["--check-config"]] {
        stage.run(args).await.must(1, &told);
    }
    assert_eq!(stage.seen(), 0);
}

#[tokio::test]
async fn a_check_says_what_re_reads_may_cost_a_night() {
    let stage = stage().await;
    stage.schedule(&["coingecko,,,,,40,"]);
    let check = stage.run(&["--check-config"]).await;
    check.must(
        0,
        &[
            "coingecko: re-read of chart_hourly, 3 days back, every night: 2 requests, and up to 8 more",
            "coingecko: re-reads together: 40 requests a night at most (schedule.csv)",
            "schedule.csv: 1 sources",
        ],
    );
    let re_reads = check.stderr.find("re-read of").unwrap();
    assert!(
        re_reads < check.stderr.find("coingecko.csv: ").unwrap(),
        "{check}"
    );
    assert_eq!(stage.seen(), 0);
}
