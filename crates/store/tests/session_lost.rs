//! A session whose connection is lost: what it has afterwards, and what it has not.

#![allow(clippy::unwrap_used, reason = "test code")]

mod ledger_support;

use std::{path::PathBuf, sync::Arc, time::Duration};

use ledger_support::{client, hour, store};
use store::{Error, Options, Store, session::Session};
use testkit::TestDatabase;
use tokio::{
    net::{TcpListener, TcpStream, UnixStream},
    sync::{mpsc, watch},
};
use tokio_postgres::{Client, config::Host};

/// Ends the connection of a session from the server's side and waits until the session has seen it.
async fn break_off(client: &Client, session: &Session) {
    let sql = "SELECT count(*) FROM pg_locks, LATERAL pg_terminate_backend(pid, 5000) AS gone
               WHERE locktype = 'advisory' AND objsubid = 2 AND gone AND objid = hashtext($1)::oid
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let row = client.query_one(sql, &[&session.instance()]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
    until_seen(session).await;
}

async fn until_seen(session: &Session) {
    let seen = async {
        while session.is_alive() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen)
        .await
        .unwrap();
}

async fn has_its_name(store: &Store, name: &str) -> bool {
    matches!(store.session(name).await, Err(Error::Locked { .. }))
}

#[tokio::test]
async fn it_has_its_name_again_and_must_claim_again() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    let session = store.session("one").await.unwrap();
    let other = store.session("two").await.unwrap();
    for key in [7, 8] {
        assert!(session.try_claim(key).await.unwrap());
    }
    break_off(&client, &session).await;
    assert!(!session.holds(7));
    // What is gone is let go of without a word, and without another connection.
    session.release(8).await.unwrap();
    assert!(!session.is_alive());
    assert!(other.try_claim(8).await.unwrap());

    assert!(session.try_claim(7).await.unwrap());
    assert!(session.is_alive() && session.holds(7));
    assert!(has_its_name(&store, "one").await);
    assert!(!other.try_claim(7).await.unwrap());
    assert!(!session.try_claim(8).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_find_it_lost_one_opens_another() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    let session = Arc::new(store.session("one").await.unwrap());
    break_off(&client, &session).await;
    let tasks: Vec<_> = (0..16)
        .map(|key| {
            let session = session.clone();
            tokio::spawn(async move { session.try_claim(key).await.unwrap() })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
    let held = "SELECT count(DISTINCT pid)::text FROM pg_locks
                WHERE locktype = 'advisory' AND database =
                      (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(ledger_support::texts(&client, held).await, ["1"]);
}

#[tokio::test]
async fn leadership_comes_back_under_its_epoch_where_nobody_led_since() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    let session = store.session("one").await.unwrap();
    assert_eq!(session.try_lead(hour(1)).await.unwrap(), Some(1));
    assert!(session.leads() && session.regain().await.unwrap());
    break_off(&client, &session).await;
    assert!(!session.leads());
    // Another connection alone brings no leadership.
    assert!(session.try_claim(7).await.unwrap());
    assert!(!session.leads());

    assert!(session.regain().await.unwrap());
    assert!(session.leads());
    let leader = store.leader().await.unwrap().unwrap();
    assert_eq!(
        (leader.epoch, leader.taken_at, leader.alive),
        (1, hour(1), true)
    );
    store.check_epoch(1).await.unwrap();
    let rival = store.session("two").await.unwrap();
    assert_eq!(rival.try_lead(hour(2)).await.unwrap(), None);
}

#[tokio::test]
async fn leadership_does_not_come_back_where_somebody_led_since() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    let session = store.session("one").await.unwrap();
    assert_eq!(session.try_lead(hour(1)).await.unwrap(), Some(1));
    break_off(&client, &session).await;
    let rival = store.session("two").await.unwrap();
    assert_eq!(rival.try_lead(hour(2)).await.unwrap(), Some(2));

    let lost = |result: Result<bool, Error>| {
        let error = result.unwrap_err();
        let named = matches!(
            error,
            Error::LeadershipLost {
                held: 1,
                now: Some(2)
            }
        );
        assert!(named, "{error:?}");
    };
    lost(session.regain().await);
    // Nor where it has gone since: the lock is free, the epoch is not ours.
    rival.close().await;
    lost(session.regain().await);
    assert!(!session.leads());
    lost(store.check_epoch(1).await.map(|()| true));
    // It has not kept the lock that it found free.
    let heir = store.session("three").await.unwrap();
    assert_eq!(heir.try_lead(hour(3)).await.unwrap(), Some(3));
}

#[tokio::test]
async fn who_never_led_regains_nothing() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let session = store.session("one").await.unwrap();
    let error = session.regain().await.unwrap_err();
    assert!(matches!(error, Error::LeadershipLost { now: None, .. }));
    assert_eq!(session.try_lead(hour(1)).await.unwrap(), Some(1));
}

/// Lets connections through until it is cut: then their clients see an end, and the server sees
/// nothing, as with a broken line.
struct Line {
    port: u16,
    cut: watch::Sender<u32>,
    /// What still stands towards the server.
    _left: mpsc::UnboundedReceiver<UnixStream>,
}

impl Line {
    async fn to(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = watch::Sender::new(0);
        let (keep, left) = mpsc::unbounded_channel();
        let cuts = cut.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(carry(client, server, cuts.subscribe(), keep.clone()));
            }
        });
        Self {
            port,
            cut,
            _left: left,
        }
    }
}

async fn carry(
    mut client: TcpStream,
    mut server: UnixStream,
    mut cut: watch::Receiver<u32>,
    keep: mpsc::UnboundedSender<UnixStream>,
) {
    cut.mark_unchanged();
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
        _ = cut.changed() => {}
    }
    keep.send(server).unwrap();
}

/// A store that reaches the database by the line.
async fn store_behind(line: &Line, database: &TestDatabase) -> Store {
    let direct = database.config();
    let mut config = tokio_postgres::Config::new();
    config
        .host("127.0.0.1")
        .port(line.port)
        .user(direct.get_user().unwrap())
        .dbname(direct.get_dbname().unwrap());
    let options = Options {
        application_name: "behind a line".to_owned(),
        pool_size: 2,
    };
    Store::connect(&config, options).await.unwrap()
}

#[tokio::test]
async fn a_broken_line_does_not_leave_the_locks_to_a_ghost() {
    let database = testkit::database().await;
    let direct = database.config();
    let Host::Unix(folder) = &direct.get_hosts()[0] else {
        unreachable!("the private server listens on a socket alone");
    };
    let line = Line::to(folder.join(".s.PGSQL.5432")).await;
    let store = store_behind(&line, &database).await;
    let session = store.session("one").await.unwrap();
    assert_eq!(session.try_lead(hour(1)).await.unwrap(), Some(1));
    assert!(session.try_claim(7).await.unwrap());
    line.cut.send_modify(|cuts| *cuts += 1);
    until_seen(&session).await;
    // The server believes in it, and would for hours.
    assert!(has_its_name(&store, "one").await);
    let rival = store.session("two").await.unwrap();
    assert_eq!(rival.try_lead(hour(2)).await.unwrap(), None);
    assert!(!rival.try_claim(7).await.unwrap());

    assert!(session.regain().await.unwrap());
    assert!(session.leads());
    assert!(rival.try_claim(7).await.unwrap());
}
