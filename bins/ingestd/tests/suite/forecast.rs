//! The alert that a month ends early and `crossfeed quota` go by the same forecast.

use std::time::Duration;

use fake_vendors::Plan;
use testkit::{
    scrape::{self, Scrape},
    stage::KEY,
};

use crate::{
    away::{Simulated, end},
    one_clock::ms,
};

const ENDS: &str = "crossfeed_quota_ends_timestamp_seconds";
/// A wait this long has failed.
const TOO_LONG: Duration = Duration::from_secs(100);

/// Writes pulls, as if they had cost so much, and the month's count.
async fn spend(sim: &Simulated, run: &str, at: &str, credits: i64) {
    let sql = format!(
        "INSERT INTO pulls (run_id, source, dataset, kind, instance, started_at, status, requests, credits)
         VALUES ('{run}-x', 'coingecko', 'markets', 'live', 'i', '{at}', 'complete', 1, {credits});
         INSERT INTO quota_ledger AS q (source, host, unit, span, window_start, used)
         VALUES ('coingecko', 'api', 'credits', 'month', '2026-05-01Z', {credits})
         ON CONFLICT (source, host, unit, span, window_start)
         DO UPDATE SET used = q.used + excluded.used"
    );
    sim.stage.client().await.batch_execute(&sql).await.unwrap();
}

/// Waits until so many units are shown as used, and returns when the gauge says that they end.
async fn shown(metrics: &str, used: f64) -> f64 {
    let looks = async {
        loop {
            let page = Scrape::of(metrics).await;
            if page.with("crossfeed_quota_used_units", &["month"]) >= used {
                return page.with(ENDS, &["coingecko", "credits", "month"]);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(TOO_LONG, looks).await.unwrap()
}

#[tokio::test]
async fn the_alert_of_a_month_that_ends_early_never_contradicts_the_command() {
    let sim = Simulated::new(Plan::Demo, "2026-05-10T12:50:00Z").await;
    // Seen for a whole day, and most of what is used went in an operator's burst.
    spend(&sim, "tick", "2026-05-07T12:03:00Z", 10).await;
    spend(&sim, "backfill", "2026-05-10T11:00:00Z", 4_000).await;
    let port = "CROSSFEED_INGESTD_METRICS_ADDR";
    let program = sim.daemon_with(KEY, port, "127.0.0.1:0".as_ref()).await;
    let metrics = scrape::address(&program).await;
    sim.go_on_to("2026-05-10T13:58:00Z").await;
    assert!(shown(&metrics, 4_010.).await.abs() < 0.5);
    let quota = sim.operator(&["quota"]).await;
    assert!(!quota.stdout.contains("WARNING"), "{quota}");

    // Ticks at a thousand a day: 4,400 are left for five days, and the month has twenty.
    spend(&sim, "tick", "2026-05-10T13:03:00Z", 1_000).await;
    sim.go_on_to("2026-05-10T14:58:00Z").await;
    let ends = shown(&metrics, 5_010.).await;
    let told = "WARNING: at this rate coingecko's month's credits end at 2026-05-1";
    sim.operator(&["quota"]).await.must(0, &[told]);
    let json = sim.operator(&["quota", "--json"]).await.stdout;
    let (_, at) = json.split_once("\"ends_at\": \"").unwrap();
    let (at, _) = at.split_once('"').unwrap();
    let at = f64::from(i32::try_from(ms(at) / 1_000).unwrap());
    // Looked at an hour apart at most.
    assert!((ends - at).abs() < 3_600. * 2., "{ends} {at}");
    end(program).await;
}
