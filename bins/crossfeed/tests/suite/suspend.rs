//! `crossfeed suspend` and what a running `ingestd` makes of it.

use simclock::Server;
use testkit::stage::{Running, Stage};

use crate::{
    PROGRAM,
    on_clock::{OnClock as _, Operator, START, at, on_clock, options},
};

#[tokio::test]
async fn what_an_operator_suspends_is_suspended_like_anything_else() {
    let stage = Stage::new(PROGRAM).await;
    stage
        .run(&["suspend", "coingecko"])
        .await
        .must(2, &["--reason"]);
    let suspend = ["suspend", "coingecko", "chart_hurly", "--reason", "x"];
    stage
        .run(&suspend)
        .await
        .must(2, &["has no dataset \"chart_hurly\"", "chart_hourly"]);

    let reason = ["--reason", "the invoice is not paid"];
    let one = [&["suspend", "coingecko", "markets"][..], &reason].concat();
    let told = "suspended: coingecko markets, since ";
    stage.run(&one).await.must(
        0,
        &[told, "the invoice is not paid", "resume coingecko markets"],
    );
    stage.run(&["pull", "coingecko"]).await.must(5, &[told]);
    assert_eq!(stage.seen(), 0);
    stage.run(&["sources"]).await.must(0, &[told]);
    let status = stage.run(&["status"]).await;
    status.must(
        4,
        &[
            "SUSPENDED coingecko markets (operator, since ",
            "suspended in part",
            "crossfeed resume coingecko markets",
        ],
    );

    // The whole on top of the part: ending the part is not enough, and says so.
    let all = [&["suspend", "coingecko"][..], &reason].concat();
    stage
        .run(&all)
        .await
        .must(0, &["suspended: coingecko, since "]);
    let resumed = stage.run(&["resume", "coingecko", "markets"]).await;
    resumed.must(
        0,
        &[
            "coingecko markets: suspension lifted, which had stood since ",
            "the invoice is not paid",
            "suspended: coingecko, since ",
        ],
    );
    assert!(!resumed.stdout.contains("next tick"), "{resumed}");
    stage
        .run(&["pull", "coingecko"])
        .await
        .must(5, &["suspended: coingecko, since "]);
    let none = stage.run(&["resume", "coingecko", "markets"]).await;
    none.must(0, &["coingecko markets was not suspended"]);
    let slip = stage.run(&["resume", "coingecko", "market"]).await;
    slip.must(2, &["coingecko has no dataset \"market\"; it has "]);
    let resumed = stage.run(&["resume", "coingecko"]).await;
    resumed.must(
        0,
        &[
            "coingecko: suspension lifted",
            "from the next tick of coingecko on",
        ],
    );
    stage
        .run(&["pull", "coingecko"])
        .await
        .must(0, &["markets complete"]);
    stage.run(&["status"]).await.must(0, &[]);
}

#[tokio::test]
async fn what_the_vendor_said_stays_to_be_read() {
    let stage = Stage::new(PROGRAM).await;
    let sql = "INSERT INTO suspensions (source, dataset, class, reason, since)
               VALUES ('coingecko', '', 'unauthorized', 'Invalid API Key', now())";
    stage.client().await.batch_execute(sql).await.unwrap();
    let suspend = ["suspend", "coingecko", "--reason", "audit"];
    stage
        .run(&suspend)
        .await
        .must(0, &["audit", "unauthorized", "Invalid API Key"]);
    stage
        .run(&["status"])
        .await
        .must(4, &["(operator, since ", "Invalid API Key"]);
}

#[tokio::test]
async fn a_running_daemon_hears_of_a_suspension_and_of_its_end() {
    let stage = Stage::with_vendor(PROGRAM, fake_vendors::Plan::Enterprise, options()).await;
    stage.configure(&["bitcoin,,usd,PRICE|FDV,2026-05-18,2026-05-18,false,true,"]);
    let socket = stage.folder.path().join("clock");
    let _server = Server::bind(&socket, at(START)).unwrap();
    let _follows = stage.vendor.follow(&socket).await.unwrap();
    let operator = Operator::join(&socket).await;
    let daemon = Running::start(on_clock(stage.command_of("ingestd", &[]), &socket));
    daemon.until_said("collecting").await;
    operator.sleep_until("13:30").await;
    let ticked = stage.seen();
    assert!(ticked >= 2, "{ticked}");
    let status = stage.run_on(&socket, &["status"]).await;
    status.must(0, &["led by ", "collecting", "27 min ago", "complete in "]);

    let suspend = ["suspend", "coingecko", "--reason", "audit"];
    stage
        .run_on(&socket, &suspend)
        .await
        .must(0, &["suspended: coingecko"]);
    operator.sleep_until("16:30").await;
    assert_eq!(stage.seen(), ticked);
    let status = stage.run_on(&socket, &["status"]).await;
    status.must(
        4,
        &["SUSPENDED coingecko (operator, since 2026-05-18T13:30:00Z): audit"],
    );
    let gaps = stage.run_on(&socket, &["gaps"]).await;
    gaps.must(3, &["never asked", "suspended"]);

    let resumed = stage.run_on(&socket, &["resume", "coingecko"]).await;
    resumed.must(0, &["coingecko: suspension lifted"]);
    operator.sleep_until("17:30").await;
    assert!(stage.seen() > ticked);
    // All that a chart has is whole without a hand; the moments that only the present had are gone.
    let open = ["gaps", "--reason", "never asked", "--reason", "failed"];
    stage
        .run_on(&socket, &open)
        .await
        .must(0, &["nothing is missing"]);
    let gone = ["gaps", "--reason", "unfillable"];
    let gone = stage.run_on(&socket, &gone).await;
    gone.must(
        0,
        &[
            "bitcoin/usd FDV 1h",
            "2026-05-18T13:00:00Z  2026-05-18T16:00:00Z  3",
        ],
    );
    drop(operator);
    daemon
        .stop()
        .await
        .must(0, &["suspended: runs again after", "ended"]);
}
