//! What the service manager hears, in order, from the real programs.

use std::{
    os::unix::net::UnixDatagram,
    path::PathBuf,
    time::{Duration, Instant},
};

use fake_vendors::{Fault, Options, Plan};
use nix::sys::signal::Signal;
use testkit::{
    own_server::OwnServer,
    stage::{Running, Stage},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    process::Command,
};

use crate::{PROGRAM, stage};

const TOO_LONG: Duration = Duration::from_secs(40);

/// The service manager's end.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Manager {
    fn of(stage: &Stage) -> Self {
        let path = stage.folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        Self { socket, path }
    }

    fn start(&self, mut command: Command) -> Running {
        command
            .env("NOTIFY_SOCKET", &self.path)
            .env("WATCHDOG_USEC", "400000");
        Running::start(command)
    }

    /// Returns the words up to one that begins so, without the signs of life, and how many there were of
    /// those.
    async fn until(&self, wanted: &str) -> (Vec<String>, usize) {
        let (mut heard, mut lives, begun) = (Vec::new(), 0, Instant::now());
        let mut bytes = [0; 4_096];
        loop {
            assert!(begun.elapsed() < TOO_LONG, "never {wanted}: {heard:?}");
            let Ok(length) = self.socket.recv(&mut bytes) else {
                tokio::task::yield_now().await;
                continue;
            };
            let words = str::from_utf8(&bytes[..length]).unwrap();
            if words == "WATCHDOG=1\n" {
                lives += 1;
                continue;
            }
            heard.extend(words.lines().map(str::to_owned));
            if words.lines().any(|word| word.starts_with(wanted)) {
                return (heard, lives);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ingestd_says_ready_reloading_ready_and_stopping() {
    let stage = stage().await;
    stage.always("/coins/markets", Fault::Slow { ms: 1_000 });
    let manager = Manager::of(&stage);
    let program = manager.start(stage.command(&[]));
    let (heard, _) = manager.until("READY=1").await;
    assert_eq!(
        heard,
        [
            "READY=1",
            "STATUS=1 sources, 0 suspended, 0 parked, no tick yet"
        ]
    );
    let (heard, lives) = manager.until("STATUS=").await;
    assert!(lives > 2, "{lives}");
    assert!(heard[0].starts_with("STATUS=1 sources, 0 suspended, 0 parked, last tick coingecko 2"));

    for refused in [false, true] {
        if refused {
            stage.configure(&["bitcoin,,usd,PRICEE,,,false,true,"]);
        }
        program.signal(Signal::SIGHUP);
        let (heard, _) = manager.until("READY=1").await;
        let words: Vec<&str> = heard
            .iter()
            .map(|word| word.split('=').next().unwrap())
            .collect();
        assert_eq!(words, ["RELOADING", "MONOTONIC_USEC", "READY", "STATUS"]);
    }
    program.signal(Signal::SIGTERM);
    let (heard, _) = manager.until("STOPPING=1").await;
    assert_eq!(heard, ["STOPPING=1"]);
    program.end().await.must(0, &["ended"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
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
    let manager = Manager::of(&stage);
    let program = manager.start(stage.command(&[]));
    let (heard, _) = manager.until("READY=1").await;
    let told = "STATUS=1 sources, 0 suspended, 1 parked, no tick yet";
    assert_eq!(heard, ["READY=1", told]);
    program.signal(Signal::SIGTERM);
    manager.until("STOPPING=1").await;
    program.end().await.must(0, &["ended"]);
    assert_eq!(stage.seen(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_reload_could_not_open_is_named() {
    let stage = stage().await;
    let manager = Manager::of(&stage);
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
    let (heard, _) = manager.until("READY=1").await;
    let told = "STATUS=0 sources, coingecko not opened, 0 suspended, 0 parked, no tick yet";
    assert_eq!(heard, ["READY=1", told]);
    program.signal(Signal::SIGTERM);
    manager.until("STOPPING=1").await;
    program.end().await.must(0, &["ended"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_ready_and_says_for_whom_it_waits() {
    let stage = stage().await;
    let leader = Running::start(stage.command(&[]));
    leader.until_said("tick ended").await;
    let manager = Manager::of(&stage);
    let standby = manager.start(stage.command(&["--standby"]));
    let (heard, _) = manager.until("READY=1").await;
    let instance = stage.ask("SELECT instance FROM leader").await;
    assert_eq!(heard[0], "READY=1");
    let waits = format!("STATUS=standby: {instance} since ");
    assert!(
        heard[1].starts_with(&waits) && heard[1].ends_with(" leads"),
        "{heard:?}"
    );
    leader.kill().await;
    let (heard, lives) = manager.until("READY=1").await;
    assert!(heard[1].starts_with("STATUS=1 sources, "), "{heard:?}");
    assert!(lives > 0);
    standby.signal(Signal::SIGTERM);
    manager.until("STOPPING=1").await;
    standby.end().await.must(0, &[]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_ready_again_after_a_reload_though_its_database_is_away() {
    let server = OwnServer::start().await;
    let stage = stage().await.on(&server).await;
    let leader = Running::start(stage.command(&[]));
    leader.until_said("tick ended").await;
    let manager = Manager::of(&stage);
    let standby = manager.start(stage.command(&["--standby"]));
    manager.until("READY=1").await;
    server.stop().await;
    let away = "STATUS=standby: the database is away";
    manager.until(away).await;
    standby.signal(Signal::SIGHUP);
    let (heard, _) = manager.until("READY=1").await;
    assert_eq!(heard[0], "RELOADING=1");
    assert_eq!(heard[2..], ["READY=1", away]);
    standby.signal(Signal::SIGTERM);
    standby
        .end()
        .await
        .must(0, &["it holds once this process leads"]);
    leader.kill().await;
}

/// Returns the status of an answer to a reader who shows a key.
async fn status_of(address: &str, key: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /sources HTTP/1.1\r\nHost: {address}\r\nX-API-Key: {key}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apid_and_the_private_database_say_so_too() {
    let stage = stage().await;
    let manager = Manager::of(&stage);
    let dotenv = stage.folder.path().join(".env");
    std::fs::write(&dotenv, "DATA_API_KEY=zero\n").unwrap();
    let apid = manager.start(stage.command_of("apid", &["--port", "0"]));
    let (heard, _) = manager.until("READY=1").await;
    assert!(
        heard[1].starts_with("STATUS=listening on http://127.0.0.1:"),
        "{heard:?}"
    );
    let address = heard[1].rsplit('/').next().unwrap().to_owned();
    assert_eq!(status_of(&address, "one").await, "401");
    std::fs::write(&dotenv, "DATA_API_KEY=two\n").unwrap();
    apid.signal(Signal::SIGHUP);
    let (heard, _) = manager.until("READY=1").await;
    assert_eq!(heard[0], "RELOADING=1");
    assert_eq!(status_of(&address, "one").await, "401");
    assert_eq!(status_of(&address, "two").await, "200");
    std::fs::write(&dotenv, "DATA_API_KEY=three\nCROSSFEED_WORLD=live\n").unwrap();
    apid.signal(Signal::SIGHUP);
    manager.until("READY=1").await;
    assert_eq!(status_of(&address, "two").await, "200");
    let (_, lives) = {
        tokio::time::sleep(Duration::from_millis(700)).await;
        apid.signal(Signal::SIGTERM);
        manager.until("STOPPING=1").await
    };
    assert!(lives > 0);
    let refused = "reload refused: the old key stays in force";
    apid.end()
        .await
        .must(0, &["CROSSFEED_WORLD: has changed", refused]);
    std::fs::remove_file(&dotenv).unwrap();

    let database = manager.start(stage.command_of("crossfeed", &["db", "run"]));
    let (heard, _) = manager.until("READY=1").await;
    assert_eq!(heard[0], "READY=1");
    assert!(heard[1].starts_with("STATUS=PostgreSQL "), "{heard:?}");
    database.signal(Signal::SIGTERM);
    let (heard, _) = manager.until("STOPPING=1").await;
    assert_eq!(heard, ["STOPPING=1"]);
    database.end().await.must(0, &[]);
}
