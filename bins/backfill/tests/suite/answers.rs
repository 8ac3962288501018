//! Answers that are none, seen from outside.

use fake_vendors::{Fault, Rule};
use testkit::stage::Stage;

use crate::{PROGRAM, RANGE};

#[tokio::test]
async fn what_passes_is_asked_again_and_leaves_no_trace_in_the_rows() {
    let stage = Stage::new(PROGRAM).await;
    let undisturbed = stage.another().await;
    undisturbed.run(&RANGE).await.must(0, &[]);
    let needed = stage.seen();
    stage.vendor.reset();
    stage.break_answers(vec![
        Rule::times("/coins/bitcoin/", 1, Fault::CutConnection),
        Rule::times("/coins/ethereum/", 1, Fault::Html403),
        Rule::times("/coins/solana/", 1, Fault::CutJson),
        Rule::times("/coins/ripple/", 1, Fault::Status502),
    ]);
    stage.run(&RANGE).await.must(0, &["complete: "]);
    assert_eq!(stage.checksum().await, undisturbed.checksum().await);
    assert_eq!(stage.pulls().await, "2 complete");
    assert_eq!(stage.seen(), needed + 4);
}

#[tokio::test]
async fn an_answer_that_is_always_cut_or_always_html_is_a_hole() {
    let stage = Stage::new(PROGRAM).await;
    stage.configure(&["solana,,usd,,,,false,true,", "ripple,,usd,,,,false,true,"]);
    stage.break_answers(vec![
        Rule::always("/coins/solana/", Fault::CutJson),
        Rule::always("/coins/ripple/", Fault::Html403),
    ]);
    let args = [&RANGE[..], &["--datasets", "chart_daily"]].concat();
    stage.run(&args).await.must(
        3,
        &[
            "the body is cut off",
            "status 403, no JSON",
            "solana/usd 1d",
            "ripple/usd 1d",
        ],
    );
    // Half an answer gives no rows, not even its good half.
    assert_eq!(stage.checksum().await, "0 nothing");
    let pull = "SELECT status || ' ' || error_class FROM pulls";
    assert_eq!(stage.ask(pull).await, "failed transient");
    // What passes suspends nobody.
    assert_eq!(stage.ask("SELECT count(*) FROM suspensions").await, "0");
}

#[tokio::test]
async fn an_unknown_coin_costs_one_request_and_nobody_else() {
    let stage = Stage::new(PROGRAM).await;
    stage.configure(&[
        "bitcoin,,usd,,,,false,true,",
        "no-such-coin,,usd,,,,false,true,",
    ]);
    let run = stage.run(&RANGE).await;
    run.must(
        3,
        &[
            "coin not found",
            "no-such-coin/usd 1d",
            "no-such-coin/usd 1h",
        ],
    );
    let asked = stage.vendor.requests();
    let unknown = asked
        .iter()
        .filter(|request| request.path.contains("no-such-coin"));
    assert_eq!(unknown.count(), 1);
    let open = "SELECT string_agg(asset, ',') FROM facts WHERE unsupported_until > now()";
    assert_eq!(stage.ask(open).await, "no-such-coin");
    let class = "SELECT string_agg(DISTINCT error_class, ',') FROM pulls";
    assert_eq!(stage.ask(class).await, "not_found");
    let stored = "SELECT string_agg(DISTINCT asset || ' ' || step, ',') FROM metrics
                  JOIN series USING (series_id)";
    assert_eq!(stage.ask(stored).await, "bitcoin 1d,bitcoin 1h");
}
