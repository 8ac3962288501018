//! What the service manager hears, in order, from the real programs.

use fake_vendors::{Fault, Options, Plan};
use nix::sys::signal::Signal;
use testkit::{
    manager::Manager,
    own_server::OwnServer,
    stage::{Running, Stage},
};

use crate::{PROGRAM, stage};

#[tokio::test]
async fn ingestd_says_ready_reloading_ready_and_stopping() {
    let stage = stage().await;
    stage.always("/coins/markets", Fault::Slow { ms: 3_000 });
    let manager = Manager::of(stage.folder.path());
    let program = manager.start(stage.command(&[]));
    let heard = manager.until("READY=1").await;
    assert_eq!(
        heard,
        [
            "READY=1",
            "STATUS=1 sources, 0 suspended, 0 parked, no tick yet"
        ]
    );
    // While the tick is under way.
    assert_eq!(manager.until_alive(3).await, [""; 0]);
    let heard = manager.until("STATUS=").await;
    assert!(heard[0].starts_with("STATUS=1 sources, 0 suspended, 0 parked, last tick coingecko 2"));

    for refused in [false, true] {
        if refused {
            stage.configure(&["bitcoin,,usd,PRICEE,,,false,true,"]);
        }
        program.signal(Signal::SIGHUP);
        let heard = manager.until("READY=1").await;
        let words: Vec<&str> = heard
            .iter()
            .map(|word| word.split('=').next().unwrap())
            .collect();
        assert_eq!(words, ["RELOADING", "MONOTONIC_USEC", "READY", "STATUS"]);
    }
    program.signal(Signal::SIGTERM);
    let heard = manager.until("STOPPING=1").await;
    assert_eq!(heard, ["STOPPING=1"]);
    program.end().await.must(0, &["ended"]);
}

#[tokio::test]
async fn a_quota_that_is_spent_by_our_own_count_is_parked() {
    let options = Options {
        rpm: Some(6_000),
        ..Options::default()
    };
    let stage = Stage::with_vendor(PROGRAM, Plan::Demo, options).await;
    let used = "INSERT INTO quota_ledger (source, host, unit, span, window_start, used)
                VALUES ('coingecko', 'api', 'credits', 'month',
                        date_trunc('month', now(), 'UTC'), 9500)";
    stage.client().await.batch_execute(used).await.unwrap();
    let manager = Manager::of(stage.folder.path());
    let program = manager.start(stage.command(&[]));
    let heard = manager.until("READY=1").await;
    let told = "STATUS=1 sources, 0 suspended, 1 parked, no tick yet";
    assert_eq!(heard, ["READY=1", told]);
    program.signal(Signal::SIGTERM);
    manager.until("STOPPING=1").await;
    program.end().await.must(0, &["ended"]);
    assert_eq!(stage.seen(), 0);
}

#[tokio::test]
async fn what_a_reload_could_not_open_is_named() {
    let stage = stage().await;
    let manager = Manager::of(stage.folder.path());
    let program = manager.start(stage.command(&[]));
    program.until_said("tick ended").await;
    let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
                  AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
                  CREATE TRIGGER refuse BEFORE INSERT ON series FOR EACH ROW
                  EXECUTE FUNCTION refuse()";
    stage.client().await.batch_execute(refuse).await.unwrap();
    stage.configure(&["solana,,usd,,,,false,true,"]);
    program.signal(Signal::SIGHUP);
    manager.until("RELOADING=1").await;
    let heard = manager.until("READY=1").await;
    let told = "STATUS=0 sources, coingecko not opened, 0 suspended, 0 parked, no tick yet";
    assert_eq!(heard, ["READY=1", told]);
    program.signal(Signal::SIGTERM);
    manager.until("STOPPING=1").await;
    program.end().await.must(0, &["ended"]);
}

#[tokio::test]
async fn a_standby_is_ready_and_says_for_whom_it_waits() {
    let stage = stage().await;
    let leader = Running::start(stage.command(&[]));
    leader.until_said("tick ended").await;
    let manager = Manager::of(stage.folder.path());
    let standby = manager.start(stage.command(&["--standby"]));
    let heard = manager.until("READY=1").await;
    let instance = stage.ask("SELECT instance FROM leader").await;
    assert_eq!(heard[0], "READY=1");
    let waits = format!("STATUS=standby: {instance} since ");
    assert!(
        heard[1].starts_with(&waits) && heard[1].ends_with(" leads"),
        "{heard:?}"
    );
    manager.until_alive(1).await;
    leader.kill().await;
    let heard = manager.until("READY=1").await;
    assert!(heard[1].starts_with("STATUS=1 sources, "), "{heard:?}");
    manager.until_alive(1).await;
    standby.signal(Signal::SIGTERM);
    manager.until("STOPPING=1").await;
    standby.end().await.must(0, &[]);
}

#[tokio::test]
async fn a_standby_is_ready_again_after_a_reload_though_its_database_is_away() {
    let server = OwnServer::start().await;
    let stage = stage().await.on(&server).await;
    let leader = Running::start(stage.command(&[]));
    leader.until_said("tick ended").await;
    let manager = Manager::of(stage.folder.path());
    let standby = manager.start(stage.command(&["--standby"]));
    manager.until("READY=1").await;
    server.stop().await;
    let away = "STATUS=standby: the database is away";
    manager.until(away).await;
    standby.signal(Signal::SIGHUP);
    let heard = manager.until("READY=1").await;
    assert_eq!(heard[0], "RELOADING=1");
    assert_eq!(heard[2..], ["READY=1", away]);
    standby
        .stop()
        .await
        .must(0, &["it holds once this process leads"]);
    leader.kill().await;
}
