//! Several clients on one clock.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use simclock::{Follower, Server, Worker};

const HOUR: Duration = Duration::from_secs(3_600);

fn socket() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clock");
    (folder, path)
}

#[tokio::test]
async fn a_day_passes_while_two_sleep_by_turns() {
    let (_folder, path) = socket();
    let server = Server::bind(&path, 0).unwrap();
    let (a, b) = (
        Worker::join(&path).await.unwrap(),
        Worker::join(&path).await.unwrap(),
    );
    let order = std::sync::Mutex::new(Vec::new());
    let walk = async |worker: &Worker, name: &'static str, step: Duration, times: usize| {
        for _ in 0..times {
            worker.sleep(step).await;
            order
                .lock()
                .unwrap()
                .push((worker.now_ms() / 3_600_000, name));
        }
        worker.end();
    };
    tokio::join!(walk(&a, "a", 5 * HOUR, 4), walk(&b, "b", 7 * HOUR, 3));
    let order = order.into_inner().unwrap();
    let expected = [
        (5, "a"),
        (7, "b"),
        (10, "a"),
        (14, "b"),
        (15, "a"),
        (20, "a"),
        (21, "b"),
    ];
    assert_eq!(order, expected);
    assert_eq!(server.now_ms(), 21 * 3_600_000);
}

#[tokio::test]
async fn time_stands_still_while_one_works() {
    let (_folder, path) = socket();
    let server = Server::bind(&path, 1_000).unwrap();
    let (sleeper, working) = (
        Worker::join(&path).await.unwrap(),
        Worker::join(&path).await.unwrap(),
    );
    let nap = tokio::time::timeout(Duration::from_millis(100), sleeper.sleep(HOUR));
    assert!(nap.await.is_err());
    assert_eq!(server.now_ms(), 1_000);
    working.end();
    sleeper.sleep(HOUR).await;
    assert_eq!(server.now_ms(), 3_601_000);
}

#[tokio::test]
async fn a_follower_knows_before_a_worker_wakes() {
    let (_folder, path) = socket();
    let _server = Server::bind(&path, 0).unwrap();
    let heard = Arc::new(AtomicI64::new(-1));
    let told = Arc::clone(&heard);
    let follower = Follower::join(&path, move |now_ms| told.store(now_ms, Ordering::SeqCst))
        .await
        .unwrap();
    let worker = Worker::join(&path).await.unwrap();
    for n in 1..=20 {
        worker.sleep(HOUR).await;
        assert_eq!(heard.load(Ordering::SeqCst), n * 3_600_000);
        assert_eq!(follower.now_ms(), worker.now_ms());
    }
}

#[tokio::test]
async fn several_tasks_of_one_worker_are_counted() {
    let (_folder, path) = socket();
    let server = Server::bind(&path, 0).unwrap();
    let worker = Arc::new(Worker::join(&path).await.unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for hours in 1..=10_u32 {
        worker.begin();
        let worker = Arc::clone(&worker);
        tasks.spawn(async move {
            worker.sleep(hours * HOUR).await;
            // Real work takes real time, and no simulated time at all.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let at = worker.now_ms();
            worker.end();
            (hours, at)
        });
    }
    worker.end();
    while let Some(done) = tasks.join_next().await {
        let (hours, at_ms) = done.unwrap();
        assert_eq!(at_ms, i64::from(hours) * 3_600_000);
    }
    assert_eq!(server.now_ms(), 10 * 3_600_000);
}

#[tokio::test]
async fn who_dies_is_not_waited_for_and_holding_holds() {
    let (_folder, path) = socket();
    let server = Server::bind(&path, 0).unwrap();
    let worker = Worker::join(&path).await.unwrap();
    let dead = Worker::join(&path).await.unwrap();
    server.hold_at(Some(3_600_000)).await;
    drop(dead);
    worker.sleep(HOUR).await;
    let held = tokio::time::timeout(Duration::from_millis(100), worker.sleep(HOUR)).await;
    assert!(held.is_err());
    server.hold_at(None).await;
    worker.sleep(HOUR).await;
    assert_eq!(server.now_ms(), 7_200_000);
}

#[tokio::test]
async fn a_clock_that_is_set_is_believed_by_all_whoever_works() {
    let (_folder, path) = socket();
    let server = Server::bind(&path, 10_000).unwrap();
    let heard = Arc::new(AtomicI64::new(-1));
    let told = Arc::clone(&heard);
    let follower = Follower::join(&path, move |now_ms| told.store(now_ms, Ordering::SeqCst));
    let _follower = follower.await.unwrap();
    let (sleeper, working) = (
        Worker::join(&path).await.unwrap(),
        Worker::join(&path).await.unwrap(),
    );
    // Later: who slept until then wakes, although another one works.
    tokio::join!(sleeper.sleep(HOUR), server.set(7_200_000));
    for (set_ms, ms) in [(None, 7_200_000), (Some(5_000), 5_000)] {
        if let Some(ms) = set_ms {
            server.set(ms).await;
        }
        let known = async {
            while working.now_ms() != ms || sleeper.now_ms() != ms {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), known)
            .await
            .unwrap();
        assert_eq!((server.now_ms(), heard.load(Ordering::SeqCst)), (ms, ms));
    }
    // Time goes on from there.
    working.end();
    sleeper.sleep(HOUR).await;
    assert_eq!(server.now_ms(), 3_605_000);
    // A sleep that is given up after the clock was set back gives its unit of work back.
    working.begin();
    let given_up = tokio::time::timeout(Duration::from_millis(100), sleeper.sleep(HOUR));
    let set_back = async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        server.set(2_000_000).await;
    };
    assert!(tokio::join!(given_up, set_back).0.is_err());
    let over_it = tokio::time::timeout(Duration::from_millis(100), working.sleep(HOUR));
    assert!(over_it.await.is_err(), "time passes over who works");
    // Set back, it leaves a sleeper the rest of its sleep.
    let sleeping = tokio::spawn(async move { sleeper.sleep(HOUR).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.set(1_000).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!sleeping.is_finished());
    working.end();
    tokio::time::timeout(Duration::from_secs(10), sleeping)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(server.now_ms(), 3_601_000);
}
