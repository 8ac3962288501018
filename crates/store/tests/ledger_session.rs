//! Claims, leadership and orphans: what a living process holds and a dead one loses.

#![allow(clippy::unwrap_used, reason = "test code")]

mod ledger_support;

use std::time::Duration;

use ledger_support::{ACME, client, hour, hours, store};
use model::{DatasetId, PullKind};
use store::{
    Error, Store,
    pulls::{NewPull, PullEnd, PullId, PullStatus},
};
use tokio_postgres::Client;

/// Ends the connection of a process from the server's side, as a lost machine would.
async fn kill(client: &Client, instance: &str) {
    let killed: i64 = client
        .query_one(
            "SELECT count(*) FROM pg_locks, LATERAL pg_terminate_backend(pid, 5000) AS gone
             WHERE locktype = 'advisory' AND objsubid = 2 AND gone
               AND objid = hashtext($1)::oid
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            &[&instance],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(killed, 1);
}

#[tokio::test]
async fn one_of_two_processes_has_a_claim() {
    let database = testkit::database().await;
    let (store, other_store) = (store(&database).await, store(&database).await);
    let one = store.session("one").await.unwrap();
    let two = other_store.session("two").await.unwrap();
    assert!(one.try_claim(7).await.unwrap());
    assert!(!two.try_claim(7).await.unwrap());
    assert!(two.try_claim(-7).await.unwrap());
    // The same process asks twice and does not get it twice.
    assert!(!one.try_claim(7).await.unwrap());
    // Letting go of what one does not have frees nothing.
    two.release(7).await.unwrap();
    assert!(!two.try_claim(7).await.unwrap());
    one.release(7).await.unwrap();
    assert!(two.try_claim(7).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_tasks_of_one_process_one_has_a_claim() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let session = std::sync::Arc::new(store.session("one").await.unwrap());
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move { session.try_claim(42).await.unwrap() })
        })
        .collect();
    let mut had = 0;
    for task in tasks {
        had += i32::from(task.await.unwrap());
    }
    assert_eq!(had, 1);
}

#[tokio::test]
async fn a_killed_process_lets_go_of_everything() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    let dead = store.session("dead").await.unwrap();
    assert!(dead.try_claim(7).await.unwrap());
    assert_eq!(dead.try_lead(hour(1)).await.unwrap(), Some(1));
    kill(&client, "dead").await;

    let heir = store.session("heir").await.unwrap();
    assert!(heir.try_claim(7).await.unwrap());
    assert_eq!(heir.try_lead(hour(2)).await.unwrap(), Some(2));
    // The name is free again as well.
    store.session("dead").await.unwrap().close().await;
}

#[tokio::test]
async fn two_processes_never_have_one_name() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let first = store.session("one").await.unwrap();
    assert!(matches!(
        store.session("one").await,
        Err(Error::Locked { .. })
    ));
    first.close().await;
    assert!(store.session("one").await.unwrap().is_alive());
}

#[tokio::test]
async fn each_leader_has_a_higher_epoch() {
    let database = testkit::database().await;
    let store = store(&database).await;
    assert_eq!(store.leader().await.unwrap(), None);
    let one = store.session("one").await.unwrap();
    let two = store.session("two").await.unwrap();
    assert_eq!(one.try_lead(hour(1)).await.unwrap(), Some(1));
    assert_eq!(one.try_lead(hour(1)).await.unwrap(), Some(1));
    assert_eq!(two.try_lead(hour(2)).await.unwrap(), None);
    let leader = store.leader().await.unwrap().unwrap();
    assert_eq!(
        (leader.epoch, leader.instance.as_str(), leader.alive),
        (1, "one", true)
    );
    assert_eq!(leader.taken_at, hour(1));

    one.close().await;
    let leader = store.leader().await.unwrap().unwrap();
    assert_eq!((leader.instance.as_str(), leader.alive), ("one", false));
    assert_eq!(two.try_lead(hour(2)).await.unwrap(), Some(2));
    assert_eq!(store.leader().await.unwrap().unwrap().instance, "two");
}

#[tokio::test]
async fn what_holds_up_a_new_leader_is_named_and_makes_nobody_look_alive() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    let dead = store.session("dead").await.unwrap();
    assert_eq!(dead.try_lead(hour(1)).await.unwrap(), Some(1));
    // What its machine had open when it vanished.
    let hold = "SET application_name = 'stuck'; BEGIN; SELECT epoch FROM leader FOR SHARE";
    client.batch_execute(hold).await.unwrap();
    dead.close().await;

    let heirs = [
        store.session("two").await.unwrap(),
        store.session("three").await.unwrap(),
    ];
    for heir in &heirs {
        let looked = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            store.leader().await.unwrap().unwrap()
        };
        let (tried, meanwhile) = tokio::join!(heir.try_lead(hour(2)), looked);
        assert_eq!(
            (meanwhile.instance.as_str(), meanwhile.alive),
            ("dead", false)
        );
        let Err(Error::Locked {
            holder: Some(holder),
            ..
        }) = tried
        else {
            unreachable!("{tried:?}");
        };
        assert_eq!(holder.application_name, "stuck");
        // Nor does the next one find it led: each gives back what it could not use.
        assert!(!heir.leads());
    }
    client.batch_execute("COMMIT").await.unwrap();
    assert_eq!(heirs[1].try_lead(hour(3)).await.unwrap(), Some(2));
    assert_eq!(heirs[0].try_lead(hour(3)).await.unwrap(), None);
    let leader = store.leader().await.unwrap().unwrap();
    assert_eq!((leader.instance.as_str(), leader.alive), ("three", true));
}

async fn open(store: &Store, instance: &str, hour_at: i64) -> PullId {
    let pull = NewPull {
        run_id: "run",
        source: ACME,
        dataset: Some(DatasetId::new("chart")),
        kind: PullKind::Backfill,
        instance,
        window: Some(hours(0, 24)),
        started_at: hour(hour_at),
    };
    store.open_pull(&pull).await.unwrap()
}

#[tokio::test]
async fn pulls_of_dead_processes_become_interrupted() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    let _alive = store.session("alive").await.unwrap();
    let _dead = store.session("dead").await.unwrap();
    let running = open(&store, "alive", 1).await;
    let lost = open(&store, "dead", 2).await;
    let ended = open(&store, "dead", 3).await;
    let end = PullEnd {
        status: PullStatus::Complete,
        bytes: 9,
        error: None,
    };
    store.close_pull(ended, end.clone(), hour(4)).await.unwrap();
    assert_eq!(store.interrupt_orphans(hour(4)).await.unwrap(), 0);

    kill(&client, "dead").await;
    assert_eq!(store.interrupt_orphans(hour(5)).await.unwrap(), 1);
    assert_eq!(store.interrupt_orphans(hour(6)).await.unwrap(), 0);
    let pulls = store.recent_pulls(Some("acme"), 10).await.unwrap();
    let states: Vec<_> = pulls
        .iter()
        .map(|pull| (pull.id, pull.status, pull.finished_at))
        .collect();
    assert_eq!(
        states,
        [
            (ended, PullStatus::Complete, Some(hour(4))),
            (lost, PullStatus::Interrupted, Some(hour(5))),
            (running, PullStatus::Running, None),
        ]
    );
    // It was only cut off, and ends after all.
    store.close_pull(lost, end, hour(7)).await.unwrap();
    let pulls = store.recent_pulls(None, 2).await.unwrap();
    assert_eq!((pulls[1].id, pulls[1].status), (lost, PullStatus::Complete));
}

#[tokio::test]
async fn a_pull_that_is_opened_twice_while_it_runs_is_one() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let pull = open(&store, "one", 1).await;
    assert_eq!(open(&store, "one", 1).await, pull);
    let other = open(&store, "two", 1).await;
    assert!(other != pull && open(&store, "one", 2).await != pull);
    let end = PullEnd {
        status: PullStatus::NoData,
        bytes: 0,
        error: None,
    };
    store.close_pull(pull, end, hour(3)).await.unwrap();
    // A second round of one run, in time that stands still.
    assert!(open(&store, "one", 1).await != pull);
}

#[tokio::test]
async fn a_pull_counts_its_requests_and_keeps_its_first_end() {
    let database = testkit::database().await;
    let store = store(&database).await;
    assert!(
        store
            .recent_pulls(Some("acme"), 1)
            .await
            .unwrap()
            .is_empty()
    );
    let pull = open(&store, "one", 1).await;
    for credits in [0, 1, 40] {
        store.count_request(pull, credits).await.unwrap();
    }
    let end = |status, text: &str| PullEnd {
        status,
        bytes: 1_000,
        error: Some(("transient".to_owned(), text.to_owned())),
    };
    store
        .close_pull(pull, end(PullStatus::Partial, "503"), hour(2))
        .await
        .unwrap();
    store
        .close_pull(pull, end(PullStatus::Failed, "later"), hour(3))
        .await
        .unwrap();

    let pulls = store.recent_pulls(Some("acme"), 10).await.unwrap();
    let row = &pulls[0];
    assert_eq!(row.id, pull);
    assert_eq!((row.requests, row.credits, row.bytes), (3, 41, 1_000));
    assert_eq!(
        (row.status, row.finished_at),
        (PullStatus::Partial, Some(hour(2)))
    );
    assert_eq!(
        (row.error_class.as_deref(), row.error.as_deref()),
        (Some("transient"), Some("503"))
    );
    assert_eq!(
        (row.kind.as_str(), row.dataset.as_str(), row.window),
        ("backfill", "chart", Some(hours(0, 24)))
    );
    assert!(
        store
            .recent_pulls(Some("other"), 10)
            .await
            .unwrap()
            .is_empty()
    );
}
