//! A line to a database that can fall silent: nothing comes through any more, and neither end is told.

#![allow(clippy::unwrap_used, reason = "a test cannot go on without its line")]

use std::path::PathBuf;

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, UnixStream},
    sync::watch,
};
use tokio_postgres::config::Host;

use crate::TestDatabase;

/// The line. It lasts as long as the runtime.
#[derive(Debug)]
pub struct Line {
    url: String,
    silent: watch::Sender<bool>,
}

impl Line {
    /// Lays one to a database.
    ///
    /// # Panics
    /// Where this machine has no port left.
    pub async fn to(database: &TestDatabase) -> Self {
        let config = database.config();
        let Some(Host::Unix(folder)) = config.get_hosts().first() else {
            unreachable!("the private server listens on a socket alone");
        };
        let (user, name) = (config.get_user().unwrap(), config.get_dbname().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let silent = watch::Sender::new(false);
        let word = silent.clone();
        tokio::spawn(serve(listener, folder.join(".s.PGSQL.5432"), word));
        Self {
            url: format!("postgres://{user}@{address}/{name}"),
            silent,
        }
    }

    /// Returns the address of the database at this end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on it swallows what is sent, from both ends and on new connections too.
    pub fn fall_silent(&self) {
        self.silent.send_replace(true);
    }
}

async fn serve(listener: TcpListener, socket: PathBuf, silent: watch::Sender<bool>) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = UnixStream::connect(&socket).await else {
            continue;
        };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::spawn(carry(from_client, to_server, silent.subscribe()));
        tokio::spawn(carry(from_server, to_client, silent.subscribe()));
    }
}

/// Carries what comes until the sender ends; once the line is silent, nothing, and not the end either.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    silent: watch::Receiver<bool>,
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        if *silent.borrow() {
            continue;
        }
        let piece = bytes.get(..length).unwrap_or_default();
        if to.write_all(piece).await.is_err() {
            return;
        }
    }
    if *silent.borrow() {
        std::future::pending::<()>().await;
    }
}
