//! Metrics against the counts of the vendor and the tables of the database; readiness.

use std::{net::TcpListener, time::Duration};

use fake_vendors::{Fault, Rule};
use testkit::{
    own_server::OwnServer,
    scrape::{self, Scrape},
    stage::{Running, Stage, TOO_LONG, ended},
};

use super::{AT, demo_stage, start, watched};
use crate::{GAPS, PROGRAM, stage, want_days};

/// Hours that are published so long after their end, and days.
const LAGS_MINUTES: [(&str, u32); 2] = [("1h", 40), ("1d", 45)];

/// Scrapes until the figures are as wanted.
async fn until(address: &str, what: &str, wanted: impl Fn(&Scrape) -> bool) -> Scrape {
    let mut last = Scrape::default();
    let found = async {
        loop {
            last = Scrape::of(address).await;
            if wanted(&last) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let in_time = tokio::time::timeout(TOO_LONG, found).await.is_ok();
    assert!(in_time, "never {what}: {last:?}");
    last
}

/// Scrapes until each of these figures is the one that the database has: what is shown was read a moment
/// ago, and requests go on.
async fn until_stored(stage: &Stage, address: &str, figures: &[(&str, String)]) -> Scrape {
    let mut differing = Vec::new();
    let found = async {
        loop {
            let scrape = Scrape::of(address).await;
            differing.clear();
            for (metric, query) in figures {
                let (shown, stored) = (scrape.with(metric, &[]), sql(stage, query).await);
                if !same(shown, stored) {
                    differing.push(format!("{metric}: {shown} and {stored}"));
                }
            }
            if differing.is_empty() {
                return scrape;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let in_time = tokio::time::timeout(TOO_LONG, found).await;
    in_time.unwrap_or_else(|_| panic!("{differing:?}"))
}

/// Returns a whole number of the database.
async fn sql(stage: &Stage, query: &str) -> f64 {
    stage.ask(query).await.parse().unwrap()
}

fn same(one: f64, other: f64) -> bool {
    (one - other).abs() < 0.5
}

async fn is_same(stage: &Stage, shown: f64, query: &str) {
    let stored = sql(stage, query).await;
    assert!(same(shown, stored), "{shown} and {stored}: {query}");
}

#[tokio::test]
async fn every_request_is_counted_as_the_vendor_saw_it() {
    let stage = stage().await;
    let throttled = Fault::Status429 {
        retry_after: Some(1),
        reset_header: false,
    };
    stage.break_answers(vec![
        Rule::times("/coins/markets", 2, Fault::Status500),
        Rule::times("/market_chart", 1, throttled),
        Rule::times("/market_chart", 1, Fault::CutConnection),
    ]);
    let (program, address) = start(&stage).await;
    stage.until(GAPS, "2").await;
    program.until_said("gaps ended").await;

    let scrape = Scrape::of(&address).await;
    let requests = |outcome: &str| {
        let outcome = format!("outcome=\"{outcome}\"");
        scrape.with("crossfeed_requests_total", &["coingecko", &outcome])
    };
    let counts = stage.vendor.counts();
    let cut = 1.;
    let answered = |status: u16| -> f64 {
        let seen = counts.per_status.get(&status).copied().unwrap_or(0);
        u32::try_from(seen).unwrap().into()
    };
    assert_eq!(
        counts.per_status.keys().collect::<Vec<_>>(),
        [&200, &429, &500]
    );
    assert!(same(requests("ok"), answered(200) - cut), "{scrape:?}");
    assert!(
        same(requests("transient"), answered(500) + cut),
        "{scrape:?}"
    );
    assert!(same(requests("throttled"), answered(429)), "{scrape:?}");
    let all = f64::from(u32::try_from(counts.total).unwrap());
    assert!(same(scrape.with("crossfeed_requests_total", &[]), all));
    let of_time = "crossfeed_request_duration_seconds_count";
    assert!(same(scrape.with(of_time, &[]), all));
    assert!(same(scrape.with("crossfeed_retries_total", &[]), 4.));
    assert!(scrape.with("crossfeed_wait_seconds_total", &["throttled"]) >= 1.);

    let sum = |column: &str| format!("SELECT sum({column})::int8 FROM pulls");
    is_same(&stage, all, &sum("requests")).await;
    for (metric, column) in [
        ("crossfeed_received_bytes_total", "bytes"),
        ("crossfeed_points_received_total", "received"),
        ("crossfeed_points_inserted_total", "inserted"),
        ("crossfeed_points_updated_total", "updated"),
        ("crossfeed_points_differing_total", "differing"),
        ("crossfeed_points_rejected_total", "rejected"),
    ] {
        is_same(&stage, scrape.with(metric, &["coingecko"]), &sum(column)).await;
    }
    for kind in ["live", "gap"] {
        let complete = "status=\"complete\"";
        let shown = scrape.with("crossfeed_pulls_total", &[kind, complete]);
        let ended = "SELECT count(*) FROM pulls WHERE status = 'complete'";
        is_same(&stage, shown, &format!("{ended} AND kind = '{kind}'")).await;
    }
    let batches = scrape.with("crossfeed_write_duration_seconds_count", &[]);
    assert!(same(
        batches,
        scrape.with("crossfeed_write_batch_rows_count", &[])
    ));
    let commits = "SELECT count(*) FROM writes";
    let locked = scrape.with("crossfeed_write_lock_wait_seconds_count", &[]);
    assert!(locked >= sql(&stage, commits).await, "{scrape:?}");
    assert!(same(scrape.with("crossfeed_writer_queue_batches", &[]), 0.));
    program.stop().await.must(0, &["ended"]);
}

#[tokio::test]
async fn figures_are_those_of_the_database() {
    let stage = demo_stage().await;
    // Nothing of the past ever comes, so all of it is open.
    stage.break_answers(vec![Rule::always("/market_chart", Fault::Status500)]);
    let (program, address) = start(&stage).await;
    let queue =
        "INSERT INTO reread_queue SELECT series_id, tstzrange('2026-01-01', '2026-01-02'), now()
                 FROM series";
    program.until_said("collecting").await;
    stage.client().await.batch_execute(queue).await.unwrap();
    until(&address, "looked at", |scrape| {
        scrape.with("crossfeed_reread_queue_ranges", &[]) > 0.
            && scrape.has("crossfeed_tick_due_timestamp_seconds")
            && scrape.with("crossfeed_staleness_seconds", &[]).is_finite()
    })
    .await;
    let gaps = LAGS_MINUTES
        .map(|(step, lag)| open_buckets(step, lag, stage.minute))
        .join(" + ");
    let figures = [
        (
            "crossfeed_reread_queue_ranges",
            "SELECT count(*) FROM reread_queue".to_owned(),
        ),
        (
            "crossfeed_leadership_epoch",
            "SELECT epoch FROM leader".to_owned(),
        ),
        (
            "crossfeed_suspended_datasets",
            "SELECT count(*) FROM suspensions".to_owned(),
        ),
        (
            "crossfeed_quota_used_units",
            "SELECT used FROM quota_ledger WHERE span = 'month'".to_owned(),
        ),
        ("crossfeed_gap_buckets", format!("SELECT {gaps}")),
    ];
    let scrape = until_stored(&stage, &address, &figures).await;
    let limit = scrape.with("crossfeed_quota_limit_units", &["month"]);
    let left = scrape.with("crossfeed_quota_left_units", &["month"]);
    let used = scrape.with("crossfeed_quota_used_units", &["month"]);
    assert!(
        left + used < limit && left > limit / 2.,
        "{left} {used} {limit}"
    );
    assert!(same(scrape.one("crossfeed_leading"), 1.));
    assert!(same(scrape.one("crossfeed_database_up"), 1.));
    assert!(scrape.with("crossfeed_staleness_seconds", &[]) < 7_200.);
    assert!(same(scrape.with("crossfeed_cadence_seconds", &[]), 3_600.));
    let at = |name: &str| scrape.with(&format!("crossfeed_tick_{name}_timestamp_seconds"), &[]);
    let took = scrape.with("crossfeed_tick_duration_seconds", &[]);
    assert!(same(at("end") - at("start"), took), "{took}");
    assert!(at("due") > at("end") && at("due") <= at("end") + 3_600.);
    is_same(
        &stage,
        at("start"),
        "SELECT extract(epoch FROM min(started_at)) FROM pulls",
    )
    .await;
    assert!(scrape.one("process_resident_memory_bytes") > 1e6);
    assert!(scrape.one("process_open_fds") > 5.);
    program.stop().await.must(0, &["ended"]);
}

/// Nothing but what snapshots bring is settled.
fn open_buckets(step: &str, lag_minutes: u32, minute: u64) -> String {
    let (unit, interval) = match step {
        "1h" => ("hour", 3_600),
        _ => ("day", 86_400),
    };
    // By the last tick that was due: what came out since is not missed.
    let after = format!("interval '{minute} minutes'");
    let ticked = format!("date_trunc('hour', now() - {after}, 'UTC') + {after}");
    let published =
        format!("date_trunc('{unit}', {ticked} - interval '{lag_minutes} minutes', 'UTC')");
    format!(
        "(SELECT coalesce(sum(extract(epoch FROM upper(part) - lower(part)) / {interval}), 0)::int8
          FROM series LEFT JOIN coverage USING (series_id)
          CROSS JOIN LATERAL unnest(tstzmultirange(tstzrange(wanted_since, {published}))
                                    - coalesce(settled, '{{}}')) AS part
          WHERE step = '{step}' AND metric IN ('PRICE', 'MARKET_CAP', 'VOLUME_24H'))"
    )
}

#[tokio::test]
async fn a_suspended_source_is_shown_and_leaves_it_ready() {
    let stage = stage().await;
    // One of its datasets is suspended by itself, which counts also where all of it is.
    let one = "INSERT INTO suspensions (source, dataset, class, reason, since)
               VALUES ('coingecko', 'chart_daily', 'not_entitled', 'a test', now())";
    stage.client().await.batch_execute(one).await.unwrap();
    let mut wrong = watched(&stage);
    wrong.env("COINGECKO_API_KEY", "CG-not-the-one");
    let program = Running::start(wrong);
    let address = scrape::address(&program).await;
    let scrape = until(&address, "suspended", |scrape| {
        same(scrape.with("crossfeed_suspended", &["coingecko"]), 1.)
    })
    .await;
    let datasets = scrape.with("crossfeed_suspended_datasets", &["coingecko"]);
    assert!(same(datasets, 1.), "{scrape:?}");
    let refused = scrape.with("crossfeed_requests_total", &["unauthorized"]);
    assert!(same(refused, 1.), "{scrape:?}");
    assert!(same(scrape.with("crossfeed_degraded", &["coingecko"]), 0.));
    let ready = scrape::get(&address, "/readyz").await;
    assert_eq!(ready.status, 200);
    assert_eq!(
        ready.body,
        r#"{"status":"ready","suspended":["coingecko","coingecko chart_daily"]}"#
    );
    program.stop().await.must(0, &["ended"]);
}

#[tokio::test]
async fn without_its_database_it_lives_and_is_not_ready() {
    let server = OwnServer::start().await;
    let stage = Stage::new(PROGRAM).await.on(&server).await;
    want_days(&stage, 5);
    let (program, address) = start(&stage).await;
    program.until_said("tick ended").await;
    let status = |path: &'static str| {
        let address = address.clone();
        async move { scrape::get(&address, path).await.status }
    };
    assert_eq!(status("/readyz").await, 200);
    server.stop().await;
    scrape::until_ready(&address, 503).await;
    let why = scrape::get(&address, "/readyz").await.body;
    assert!(why.contains("\"why\":\"the "), "{why}");
    assert_eq!(status("/healthz").await, 200);
    until(&address, "away", |scrape| {
        same(scrape.one("crossfeed_database_up"), 0.)
            && same(scrape.one("crossfeed_leading"), 0.)
            && scrape.one("crossfeed_database_outage_seconds_total") > 1.
    })
    .await;
    server.start_again().await;
    scrape::until_ready(&address, 200).await;
    let scrape = until(&address, "back", |scrape| {
        same(scrape.one("crossfeed_database_up"), 1.)
    })
    .await;
    assert!(same(scrape.one("crossfeed_leading"), 1.));
    program.stop().await.must(0, &["ended"]);
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_before_anything_is_asked() {
    let stage = stage().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = watched(&stage);
    let address = taken.local_addr().unwrap().to_string();
    command.env(AT, &address);
    ended(command).await.must(1, &[AT, &address, "in use"]);
    assert_eq!(stage.seen(), 0);
    assert_eq!(stage.ask("SELECT count(*) FROM leader").await, "0");
}

#[tokio::test]
async fn the_port_answers_what_it_is_for_and_nothing_else() {
    let stage = stage().await;
    let (program, address) = start(&stage).await;
    program.until_said("tick ended").await;
    let alive = scrape::get(&address, "/healthz").await;
    assert_eq!((alive.status, &*alive.body), (200, r#"{"status":"ok"}"#));
    assert_eq!(scrape::get(&address, "/metric").await.status, 404);
    let posted = scrape::ask(&address, "POST", "/metrics").await;
    assert_eq!(posted.status, 405);
    assert!(posted.head.contains("allow: get, head"), "{posted:?}");
    let head = scrape::ask(&address, "HEAD", "/metrics").await;
    assert_eq!((head.status, &*head.body), (200, ""));
    program.stop().await.must(0, &["ended"]);
}
