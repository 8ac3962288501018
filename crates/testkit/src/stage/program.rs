//! A program as a process: run to its end, or watched at work.

use std::{
    fmt,
    process::{Output, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    task::JoinHandle,
};

use super::TOO_LONG;

/// A program that ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; none after a signal.
    pub code: Option<i32>,
    /// What it said, or both streams together where they were watched.
    pub stdout: String,
    /// What it said beside that.
    pub stderr: String,
}

impl Ended {
    /// Asserts the exit code and that the output, both streams, holds these parts.
    #[track_caller]
    pub fn must(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self}");
        for part in parts {
            let there = self.stdout.contains(part) || self.stderr.contains(part);
            assert!(there, "no {part:?} in {self}");
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {:?}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}

/// Runs a command to its end.
pub async fn ended(mut command: Command) -> Ended {
    of(command.stdout(Stdio::piped())).await
}

/// Runs a command to its end whose output nobody reads: no failure, and nothing to talk about.
pub async fn unread(mut command: Command) -> Ended {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = of(command.stdout(writer)).await;
    let args: Vec<_> = command.as_std().get_args().collect();
    assert_eq!(ended.code, Some(0), "{args:?}: {ended}");
    for told in ["roken pipe", "panicked"] {
        assert!(!ended.stderr.contains(told), "{args:?}: {told}: {ended}");
    }
    ended
}

async fn of(command: &mut Command) -> Ended {
    let program = command.stderr(Stdio::piped()).spawn().unwrap();
    let output = tokio::time::timeout(TOO_LONG, program.wait_with_output()).await;
    let Output {
        status,
        stdout,
        stderr,
    } = output.expect("it does not end").unwrap();
    Ended {
        code: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// A program at work, whose log can be watched.
#[derive(Debug)]
pub struct Running {
    child: Child,
    log: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts it.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let readers = vec![
            gather(child.stdout.take().unwrap(), Arc::clone(&log)),
            gather(child.stderr.take().unwrap(), Arc::clone(&log)),
        ];
        Self {
            child,
            log,
            readers,
        }
    }

    /// Returns what it has said so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until a line of the log holds this.
    pub async fn until_said(&self, part: &str) {
        self.until_said_times(part, 1).await;
    }

    /// Waits until the log holds this so many times.
    pub async fn until_said_times(&self, part: &str, times: usize) {
        let said = async {
            while self.log().matches(part).count() < times {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let in_time = tokio::time::timeout(TOO_LONG, said).await;
        assert!(
            in_time.is_ok(),
            "never {times} times {part:?}: {}",
            self.log()
        );
    }

    /// Returns the number of its process, until its end was waited for.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let id = i32::try_from(self.id()).unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), signal).unwrap();
    }

    /// Tells it to end (SIGTERM), and waits for that.
    pub async fn stop(self) -> Ended {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        self.end().await
    }

    /// kill -9, and waits until it is gone.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end and returns the exit code and all it said.
    pub async fn end(mut self) -> Ended {
        let status = tokio::time::timeout(TOO_LONG, self.child.wait()).await;
        for reader in self.readers.drain(..) {
            reader.await.unwrap();
        }
        Ended {
            code: status.expect("it does not end").unwrap().code(),
            stdout: self.log(),
            stderr: String::new(),
        }
    }
}

fn gather(
    from: impl tokio::io::AsyncRead + Unpin + Send + 'static,
    into: Arc<Mutex<String>>,
) -> JoinHandle<()> {
    let mut lines = BufReader::new(from).lines();
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            let mut log = into.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    })
}
