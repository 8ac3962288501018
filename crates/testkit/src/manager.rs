//! The service manager's end: what a program says of itself (`sd_notify`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test cannot go on without the word"
)]

use std::path::{Path, PathBuf};

use tokio::{net::UnixDatagram, process::Command};

use crate::stage::{Running, TOO_LONG};

const ALIVE: &str = "WATCHDOG=1\n";

/// A service manager.
#[derive(Debug)]
pub struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Manager {
    /// Makes one that listens in this folder.
    pub fn of(folder: &Path) -> Self {
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        Self { socket, path }
    }

    /// Starts a program that is to give a sign of life every 400 ms.
    pub fn start(&self, mut command: Command) -> Running {
        command
            .env("NOTIFY_SOCKET", &self.path)
            .env("WATCHDOG_USEC", "400000");
        Running::start(command)
    }

    /// Returns the words up to one that begins so, without the signs of life.
    pub async fn until(&self, wanted: &str) -> Vec<String> {
        let mut heard: Vec<String> = Vec::new();
        let found = async {
            loop {
                let words = self.words().await;
                if words == ALIVE {
                    continue;
                }
                heard.extend(words.lines().map(str::to_owned));
                if words.lines().any(|word| word.starts_with(wanted)) {
                    return;
                }
            }
        };
        let in_time = tokio::time::timeout(TOO_LONG, found).await.is_ok();
        assert!(in_time, "never {wanted}: {heard:?}");
        heard
    }

    /// Waits for so many signs of life, and returns what else was said meanwhile.
    pub async fn until_alive(&self, signs: usize) -> Vec<String> {
        let (mut heard, mut lives) = (Vec::new(), 0);
        let alive = async {
            while lives < signs {
                match self.words().await {
                    words if words == ALIVE => lives += 1,
                    words => heard.extend(words.lines().map(str::to_owned)),
                }
            }
        };
        let in_time = tokio::time::timeout(TOO_LONG, alive).await.is_ok();
        assert!(in_time, "{lives} signs of life: {heard:?}");
        heard
    }

    async fn words(&self) -> String {
        let mut bytes = [0; 4_096];
        let length = self.socket.recv(&mut bytes).await.unwrap();
        str::from_utf8(&bytes[..length]).unwrap().to_owned()
    }
}
