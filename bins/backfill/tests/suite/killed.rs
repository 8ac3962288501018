//! kill -9 in the middle of it.

use std::time::Duration;

use testkit::stage::{Running, Stage};

use crate::{PROGRAM, RANGE};

/// Slow enough that each kill meets requests under way.
const LATENCY: Duration = Duration::from_millis(250);
/// Requests that the vendor has seen when the kill comes.
const KILLED_AT: [u64; 3] = [3, 6, 9];
/// At most so many requests are under way: the executor's own bound on a paid plan.
const CONCURRENCY: u64 = 8;

#[tokio::test]
async fn killed_three_times_it_ends_with_the_rows_of_an_undisturbed_run() {
    let stage = Stage::with_latency(PROGRAM, LATENCY).await;
    let undisturbed = stage.another().await;
    undisturbed.run(&RANGE).await.must(0, &["complete: "]);
    let needed = stage.seen();
    stage.vendor.reset();

    let mut in_flight = 0;
    for at in KILLED_AT {
        let before = (stage.seen(), committed(&stage).await);
        let program = Running::start(stage.command(&RANGE));
        stage.until_seen(at).await;
        program.kill().await;
        let lost = (stage.seen() - before.0) - (committed(&stage).await - before.1);
        assert!((1..=CONCURRENCY).contains(&lost), "{lost} were under way");
        in_flight += lost;
    }
    let last = stage.run(&RANGE).await;
    last.must(0, &["complete: ", "marked interrupted"]);

    assert_eq!(stage.checksum().await, undisturbed.checksum().await);
    assert!(!stage.checksum().await.starts_with("0 "));
    assert_eq!(stage.pulls().await, "2 complete, 3 interrupted");
    let sent = stage.seen();
    assert!(
        sent <= needed + in_flight,
        "{sent} sent, {needed} needed, {in_flight} lost"
    );

    let again = stage.run(&RANGE).await;
    again.must(0, &["nothing to ask", "complete: 0 requests, 0 points new"]);
    assert_eq!(stage.seen(), sent);
}

/// Each answer is one batch.
async fn committed(stage: &Stage) -> u64 {
    stage
        .ask("SELECT count(*) FROM writes")
        .await
        .parse()
        .unwrap()
}
