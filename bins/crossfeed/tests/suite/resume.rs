//! What is suspended or parked, and `crossfeed pull` beside it.

use fake_vendors::{Fault, Rule};
use testkit::stage::{Stage, ended};

use crate::PROGRAM;

#[tokio::test]
async fn only_resume_ends_a_suspension() {
    let stage = Stage::new(PROGRAM).await;
    let mut wrong = stage.command(&["pull", "coingecko"]);
    wrong.env("COINGECKO_API_KEY", "CG-not-the-one");
    ended(wrong).await.must(
        5,
        &[
            "not authorised: status 401",
            "suspended: coingecko, since ",
            "crossfeed resume coingecko",
        ],
    );
    let seen = stage.seen();
    let right = ["pull", "coingecko"];
    stage
        .run(&right)
        .await
        .must(5, &["suspended: coingecko, since "]);
    assert_eq!(stage.seen(), seen);
    stage
        .run(&["sources"])
        .await
        .must(0, &["suspended: coingecko, since "]);

    stage
        .run(&["resume", "coingecko"])
        .await
        .must(0, &["coingecko: suspension lifted"]);
    stage
        .run(&["resume", "coingecko"])
        .await
        .must(0, &["coingecko was not suspended"]);
    stage.run(&right).await.must(0, &["markets complete"]);
    assert_eq!(stage.seen(), seen + 1);
}

#[tokio::test]
async fn a_spent_quota_parks_the_source_until_it_is_over_or_resumed() {
    let stage = Stage::new(PROGRAM).await;
    stage.always("/coins/markets", Fault::MonthSpent);
    let pull = ["pull", "coingecko"];
    stage.run(&pull).await.must(5, &["markets parked: "]);
    // Other processes leave it alone as well.
    stage.break_answers(Vec::new());
    let seen = stage.seen();
    stage
        .run(&pull)
        .await
        .must(5, &["parked: coingecko said that its quota is spent"]);
    stage.run(&["sources"]).await.must(
        0,
        &[
            "parked: coingecko, until ",
            "quota spent: status 429",
            "crossfeed resume coingecko",
        ],
    );
    assert_eq!(stage.seen(), seen);

    stage
        .run(&["resume", "coingecko"])
        .await
        .must(0, &["coingecko: no longer parked"]);
    stage.run(&pull).await.must(0, &["markets complete"]);
}

#[tokio::test]
async fn a_throttled_pull_waits_and_a_broken_one_says_so() {
    let stage = Stage::new(PROGRAM).await;
    let throttled = Fault::Status429 {
        retry_after: Some(1),
        reset_header: false,
    };
    stage.break_answers(vec![Rule::times("/coins/markets", 1, throttled)]);
    stage
        .run(&["pull", "coingecko"])
        .await
        .must(0, &["markets complete: 2 requests"]);
    stage.always("/coins/markets", Fault::Status500);
    stage
        .run(&["pull", "coingecko"])
        .await
        .must(1, &["markets failed: ", "Internal server error"]);
}
