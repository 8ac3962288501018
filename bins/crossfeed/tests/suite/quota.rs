//! `crossfeed quota`.

use fake_vendors::{Options, Plan};
use serde_json::Value;
use testkit::stage::{Running, Stage};

use crate::PROGRAM;

/// A source with 10,000 credits a month, and whoever counts them.
async fn demo() -> Stage {
    let options = Options {
        rpm: Some(60_000),
        ..Options::default()
    };
    Stage::with_vendor(PROGRAM, Plan::Demo, options).await
}

/// Writes pulls of the last day, as if they had cost so much, and the month's count.
async fn spend(stage: &Stage, run: &str, kind: &str, credits: i64) {
    let sql = format!(
        "INSERT INTO pulls (run_id, source, dataset, kind, instance, started_at, status, requests, credits)
         VALUES ('{run}-x', 'coingecko', 'markets', '{kind}', 'i', now() - interval '1 hour', 'complete', 1, {credits});
         INSERT INTO quota_ledger AS q (source, host, unit, span, window_start, used)
         VALUES ('coingecko', 'api', 'credits', 'month', date_trunc('month', now(), 'UTC'), {credits})
         ON CONFLICT (source, host, unit, span, window_start) DO UPDATE SET used = q.used + excluded.used"
    );
    stage.client().await.batch_execute(&sql).await.unwrap();
}

async fn json(stage: &Stage) -> Value {
    let quota = stage.run(&["quota", "--json"]).await;
    let all: Value = serde_json::from_str(&quota.stdout).unwrap();
    all[0].clone()
}

#[tokio::test]
async fn shares_rates_and_the_vendors_count_stand_beside_each_other() {
    let stage = demo().await;
    stage.run(&["pull", "coingecko"]).await.must(0, &[]);
    let told = [
        "1 of 10,000",
        "9,500 / 7,600 / 7,125",
        "9,499 / 7,599 / 7,124",
        "too early to say",
    ];
    let quota = stage.run(&["quota"]).await;
    quota.must(0, &told);
    assert!(!quota.stdout.contains("WARNING"), "{quota}");
    let count = "UPDATE quota_ledger SET vendor_used = 800, vendor_seen_at = now(), used = 800";
    stage.client().await.batch_execute(count).await.unwrap();
    let told = ["800 of 10,000", "coingecko itself counted 800 at "];
    stage
        .run(&["quota", "--source", "coingecko"])
        .await
        .must(0, &told);
    assert_eq!(json(&stage).await["vendor_used"], 800);
    assert_eq!(stage.seen(), 1);
}

#[tokio::test]
async fn ticks_that_spend_too_much_are_warned_of_and_a_backfill_is_not_projected() {
    let stage = demo().await;
    // Long enough ago to be seen for a whole day.
    let old = "INSERT INTO pulls (run_id, source, kind, instance, started_at, status)
               VALUES ('tick-old', 'coingecko', 'live', 'i', now() - interval '3 days', 'complete')";
    stage.client().await.batch_execute(old).await.unwrap();
    spend(&stage, "backfill", "backfill", 3_000).await;
    spend(&stage, "backfill-force", "reread", 2_000).await;
    spend(&stage, "tick", "live", 10).await;
    let quota = stage.run(&["quota"]).await;
    quota.must(
        0,
        &[
            "5,010 of 10,000",
            "5,000 credits of the last 24 hours were asked for by hand",
        ],
    );
    assert!(!quota.stdout.contains("WARNING"), "{quota}");
    assert_eq!(
        (
            json(&stage).await["scheduled_a_day"].clone(),
            json(&stage).await["forecast"].clone()
        ),
        (10.into(), "lasts".into())
    );
    // More in a day than is left: whatever day of the month it is but its last hours.
    spend(&stage, "tick", "live", 4_400).await;
    let (quota, status) = (stage.run(&["quota"]).await, stage.run(&["status"]).await);
    let hours_left =
        "SELECT extract(epoch FROM date_trunc('month', now() + interval '1 month') - now()) > 3600";
    // Who led and has ended waits for a hand.
    let (mut code, are_left) = (0, stage.ask(hours_left).await == "true");
    if are_left {
        code = 4;
        let warning = "WARNING: at this rate coingecko's month's credits end at ";
        quota.must(0, &[warning]);
        status.must(0, &[warning]);
        let daemon = Running::start(stage.command_of("ingestd", &[]));
        daemon
            .until_said("at this rate the month's credits end on ")
            .await;
        daemon.stop().await.must(0, &[]);
    }
    spend(&stage, "tick", "live", 90).await;
    let spent = "coingecko's month's credits are spent until ";
    stage.run(&["quota"]).await.must(0, &[spent]);
    stage.run(&["status"]).await.must(code, &["parked", spent]);
}

#[tokio::test]
async fn who_has_no_quota_is_said_to_have_none() {
    let stage = demo().await;
    let mut free = stage.command(&["quota"]);
    std::fs::write(
        stage.folder.path().join("sources-config/velo.csv"),
        "market,exchange,coin,product,metrics,resolution_min,since,enabled,note\n",
    )
    .unwrap();
    free.env("VELO_API_KEY", "k")
        .env("VELO_BASE_URL", "http://127.0.0.1:9");
    testkit::stage::ended(free)
        .await
        .must(0, &["velo: no quota, its pace alone is limited"]);
}
