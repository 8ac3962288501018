//! A database behind a pooler: one that gives each transaction another server process is refused, one
//! that leaves a client its process for as long as it stays is not.
//!
//! The pooler is an imitation that speaks as much of the protocol as it takes to find the end of a
//! transaction.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use store::{Error, Options, Store};
use testkit::TestDatabase;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    sync::Semaphore,
};
use tokio_postgres::{Config, config::Host};

const SSL_REQUEST: i32 = 80_877_103;
const PROTOCOL: i32 = 196_608;
/// No password, ready, in no transaction.
const WELCOME: &[u8] = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";

/// For how long a client keeps its server process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Transaction,
    Session,
}

/// Which server process is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    InTurn,
    LastUsed,
}

/// Server processes that wait for work.
struct Idle {
    waiting: Mutex<VecDeque<UnixStream>>,
    count: Semaphore,
    next: Next,
}

impl Idle {
    fn give(&self, server: UnixStream) {
        self.waiting.lock().unwrap().push_back(server);
        self.count.add_permits(1);
    }

    async fn take(&self) -> UnixStream {
        self.count.acquire().await.unwrap().forget();
        let mut waiting = self.waiting.lock().unwrap();
        let server = match self.next {
            Next::InTurn => waiting.pop_front(),
            Next::LastUsed => waiting.pop_back(),
        };
        server.unwrap()
    }
}

/// Starts a pooler with so many server processes and returns how to reach it.
async fn pooler(database: &TestDatabase, mode: Mode, next: Next, processes: usize) -> Config {
    let direct = database.config();
    let (user, name) = (direct.get_user().unwrap(), direct.get_dbname().unwrap());
    let Host::Unix(folder) = &direct.get_hosts()[0] else {
        unreachable!("the private server listens on a socket alone");
    };
    let socket = folder.join(".s.PGSQL.5432");
    let idle = Arc::new(Idle {
        waiting: Mutex::default(),
        count: Semaphore::new(0),
        next,
    });
    for _ in 0..processes {
        idle.give(log_in(&socket, user, name).await);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = Config::new();
    let port = listener.local_addr().unwrap().port();
    config.host("127.0.0.1").port(port).user(user).dbname(name);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let idle = Arc::clone(&idle);
            tokio::spawn(async move {
                // The client's end is met as an error of reading.
                serve(client, &idle, mode).await.ok();
            });
        }
    });
    config
}

async fn log_in(socket: &PathBuf, user: &str, database: &str) -> UnixStream {
    let mut server = UnixStream::connect(socket).await.unwrap();
    let words = format!("user\0{user}\0database\0{database}\0\0");
    let length = i32::try_from(words.len()).unwrap() + 8;
    server.write_i32(length).await.unwrap();
    server.write_i32(PROTOCOL).await.unwrap();
    server.write_all(words.as_bytes()).await.unwrap();
    while message(&mut server).await.unwrap()[0] != b'Z' {}
    server
}

async fn serve(mut client: TcpStream, idle: &Idle, mode: Mode) -> std::io::Result<()> {
    loop {
        let length = client.read_i32().await?;
        let code = client.read_i32().await?;
        let mut words = vec![0; usize::try_from(length).unwrap() - 8];
        client.read_exact(&mut words).await?;
        match code {
            SSL_REQUEST => client.write_all(b"N").await?,
            _ => break,
        }
    }
    client.write_all(WELCOME).await?;
    let mut mine = None;
    loop {
        let asked = message(&mut client).await?;
        if asked[0] == b'X' {
            break;
        }
        let server = match &mut mine {
            Some(server) => server,
            none => none.insert(idle.take().await),
        };
        server.write_all(&asked).await?;
        // A simple query and the end of an extended one are answered up to "ready".
        if matches!(asked[0], b'Q' | b'S') {
            let in_transaction = pass_answer(server, &mut client).await?;
            if mode == Mode::Transaction && !in_transaction {
                idle.give(mine.take().unwrap());
            }
        }
    }
    if let Some(server) = mine {
        idle.give(server);
    }
    Ok(())
}

/// Passes on what the server says until it is ready; whether a transaction is open then.
async fn pass_answer(server: &mut UnixStream, client: &mut TcpStream) -> std::io::Result<bool> {
    loop {
        let said = message(server).await?;
        client.write_all(&said).await?;
        if said[0] == b'Z' {
            return Ok(said[5] != b'I');
        }
    }
}

/// Reads one message with its head.
async fn message(from: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut whole = vec![0; 5];
    from.read_exact(&mut whole).await?;
    let length = u32::from_be_bytes(whole[1..].try_into().unwrap());
    whole.resize(usize::try_from(length).unwrap() + 1, 0);
    from.read_exact(&mut whole[5..]).await?;
    Ok(whole)
}

async fn connect(config: &Config) -> Result<Store, Error> {
    let options = Options {
        application_name: "behind a pooler".to_owned(),
        pool_size: 1,
    };
    Store::connect(config, options).await
}

#[tokio::test]
async fn a_transaction_pooler_is_refused_and_named() {
    let database = testkit::database().await;
    // Two sessions share one process; or one session moves.
    let orders = [Next::InTurn, Next::LastUsed];
    for (next, processes) in orders
        .into_iter()
        .flat_map(|next| (1..=6).map(move |n| (next, n)))
    {
        let config = pooler(&database, Mode::Transaction, next, processes).await;
        let error = connect(&config).await.unwrap_err();
        assert!(matches!(error, Error::UnfitServer(_)), "{error:?}");
        let said = error.to_string();
        assert!(
            said.contains("transaction pooler"),
            "{next:?} of {processes}: {said}"
        );
    }
}

#[tokio::test]
async fn a_session_pooler_is_as_good_as_none() {
    let database = testkit::database().await;
    let config = pooler(&database, Mode::Session, Next::LastUsed, 4).await;
    let store = connect(&config).await.unwrap();
    store.check_schema().await.unwrap();
    let session = store.session("one").await.unwrap();
    assert!(session.try_claim(7).await.unwrap());
    let direct = connect(&database.config()).await.unwrap();
    let other = direct.session("two").await.unwrap();
    assert!(!other.try_claim(7).await.unwrap());
}
