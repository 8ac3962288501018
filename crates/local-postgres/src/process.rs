//! Processes: run programs as the server's user, tell our server from a stranger with its pid.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, User};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::Error;

/// Variables that would change what a server program does.
const FOREIGN_VARIABLES: [&str; 10] = [
    "PGDATA",
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGUSER",
    "PGDATABASE",
    "PGOPTIONS",
    "PGTZ",
    "PGCLIENTENCODING",
    // A server that is built with systemd would speak for the program that started it.
    "NOTIFY_SOCKET",
];

/// The user that the server runs as, who owns its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerUser {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) name: String,
}

impl ServerUser {
    /// The user that this process runs as.
    pub(crate) fn me() -> Self {
        Self::of(Uid::effective().as_raw(), Gid::effective().as_raw())
    }

    /// The user with these ids, whether it has a name or not.
    pub(crate) fn of(uid: u32, gid: u32) -> Self {
        let named = User::from_uid(Uid::from_raw(uid)).ok().flatten();
        Self {
            uid,
            gid,
            name: named.map_or_else(|| uid.to_string(), |user| user.name),
        }
    }

    /// Returns the user for a server that root starts: PostgreSQL refuses to run as root.
    pub(crate) fn for_root() -> Result<Self, Error> {
        pick(|name| User::from_name(name).ok().flatten())
    }

    pub(crate) fn is_root(&self) -> bool {
        self.uid == 0
    }

    /// Makes `command` run as this user, with messages that can be recognised.
    pub(crate) fn dress(&self, command: &mut Command) {
        if *self != Self::me() {
            command.gid(self.gid).uid(self.uid);
        }
        for name in FOREIGN_VARIABLES {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C");
    }

    /// Runs a program to its end as this user.
    pub(crate) async fn run(&self, command: Command, folder: &Path) -> Result<Ran, Error> {
        self.run_with_input(command, folder, "").await
    }

    /// Runs a program whose standard input is set already.
    pub(crate) async fn run_seated(&self, command: Command, folder: &Path) -> Result<Ran, Error> {
        let program = PathBuf::from(command.as_std().get_program());
        let child = self.spawn(command, folder)?;
        ended(child, &program).await
    }

    async fn run_with_input(
        &self,
        mut command: Command,
        folder: &Path,
        input: &str,
    ) -> Result<Ran, Error> {
        command.stdin(Stdio::piped());
        let program = PathBuf::from(command.as_std().get_program());
        let mut child = self.spawn(command, folder)?;
        let pipe = child.stdin.take();
        // A program that fails early reads nothing: then its own words say more.
        let wrote = match pipe {
            Some(mut pipe) => pipe.write_all(input.as_bytes()).await,
            None => Ok(()),
        };
        let ran = ended(child, &program).await?;
        if ran.ok {
            wrote.map_err(Error::io("write to", &program))?;
        }
        Ok(ran)
    }

    fn spawn(&self, mut command: Command, folder: &Path) -> Result<Child, Error> {
        self.dress(&mut command);
        command
            .current_dir(folder)
            .kill_on_drop(true)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        tracing::debug!(?command, user = self.name, "running a server program");
        let program = PathBuf::from(command.as_std().get_program());
        command.spawn().map_err(Error::io("run", program))
    }

    /// Writes a file as this user: root follows no link that the server's user could lay.
    pub(crate) async fn write(&self, path: &Path, text: &str) -> Result<(), Error> {
        self.shell("cat >\"$1.new\" && mv -f \"$1.new\" \"$1\"", path, text)
            .await
    }

    /// Appends to a file as this user.
    pub(crate) async fn append(&self, path: &Path, text: &str) -> Result<(), Error> {
        self.shell("cat >>\"$1\"", path, text).await
    }

    /// Returns whether this user can enter `folder`; asked of the system, since modes of the
    /// folders above and access lists all have a say.
    pub(crate) async fn can_enter(&self, folder: &Path) -> Result<bool, Error> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "cd \"$1\"", "sh"]).arg(folder);
        Ok(self.run(command, Path::new("/")).await?.ok)
    }

    async fn shell(&self, script: &str, path: &Path, input: &str) -> Result<(), Error> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script, "sh"]).arg(path);
        let ran = self.run_with_input(command, Path::new("/"), input).await?;
        if ran.ok {
            return Ok(());
        }
        Err(Error::failed(
            &format!("writing {}", path.display()),
            &ran.text,
            path,
        ))
    }
}

fn pick(look_up: impl Fn(&str) -> Option<User>) -> Result<ServerUser, Error> {
    let user = ["postgres", "nobody"]
        .into_iter()
        .find_map(look_up)
        .ok_or(Error::NoServerUser)?;
    Ok(ServerUser {
        uid: user.uid.as_raw(),
        gid: user.gid.as_raw(),
        name: user.name,
    })
}

/// How a program ended and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) ok: bool,
    pub(crate) text: String,
}

async fn ended(child: Child, program: &Path) -> Result<Ran, Error> {
    let output = child
        .wait_with_output()
        .await
        .map_err(Error::io("run", program))?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok(Ran {
        ok: output.status.success(),
        text,
    })
}

/// Returns whether a process runs; one that only waits to be reaped does not.
pub(crate) fn alive(pid: i32) -> bool {
    if let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The name in parentheses may hold anything, so count from its end.
        let state = stat
            .rsplit(')')
            .next()
            .and_then(|rest| rest.trim_start().chars().next());
        return !matches!(state, Some('Z' | 'X'));
    }
    !matches!(kill(Pid::from_raw(pid), None), Err(Errno::ESRCH))
}

/// Returns whether `pid` is a PostgreSQL process on `data`, not a stranger that got its number.
pub(crate) fn serves(pid: i32, data: &Path) -> bool {
    if !alive(pid) {
        return false;
    }
    // Every process of a server works in its data folder, but not everybody may ask.
    if let Some(here) = works_in(pid, data) {
        return here;
    }
    let data = data.to_string_lossy();
    if let Ok(line) = std::fs::read(format!("/proc/{pid}/cmdline")) {
        return line
            .split(|byte| *byte == 0)
            .any(|word| word == data.as_bytes());
    }
    let said = std::process::Command::new("ps")
        .args(["-o", "command=", "-p", &pid.to_string()])
        .output();
    said.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains(data.as_ref()))
}

/// Returns the processes that work in `data`; nothing where the system does not tell.
pub(crate) fn workers(data: &Path) -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| works_in(*pid, data) == Some(true) && alive(*pid))
        .collect()
}

/// Returns whether a process works in `data`, nothing where the system does not tell. Goes by the
/// folder itself: its name may mean another one to a process in a container.
fn works_in(pid: i32, data: &Path) -> Option<bool> {
    let folder = std::fs::metadata(format!("/proc/{pid}/cwd")).ok()?;
    let Ok(data) = std::fs::metadata(data) else {
        return Some(false);
    };
    Some((folder.dev(), folder.ino()) == (data.dev(), data.ino()))
}

/// Sends a signal; a process that is gone needs none.
pub(crate) fn signal(pid: i32, signal: Signal) -> Result<(), Error> {
    match kill(Pid::from_raw(pid), signal) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(errno) => Err(Error::io("signal process", pid.to_string())(errno.into())),
    }
}

/// Waits until `done`; returns whether it came to that in time. Real time: these are processes.
pub(crate) async fn wait_until(patience: Duration, mut done: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !done() {
        if begun.elapsed() > patience {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_prefers_postgres_to_nobody() {
        let user = |name: &str| {
            let mut user = User::from_uid(Uid::effective()).unwrap().unwrap();
            user.name = name.to_owned();
            Some(user)
        };
        assert_eq!(pick(user).unwrap().name, "postgres");
        let nobody = pick(|name| (name == "nobody").then(|| user(name))?).unwrap();
        assert_eq!(nobody.name, "nobody");
        assert!(matches!(pick(|_| None), Err(Error::NoServerUser)));
    }

    #[test]
    fn unreaped_process_does_not_run() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let begun = Instant::now();
        while alive(pid) && begun.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(alive(pid), !Path::new("/proc/self").exists());
        child.wait().unwrap();
        assert!(!alive(pid));
    }

    #[test]
    fn stranger_does_not_serve() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(alive(me));
        assert!(!serves(me, Path::new("/nowhere/data")));
        let here = std::env::current_dir().unwrap();
        assert_eq!(
            workers(&here).contains(&me),
            Path::new("/proc/self").exists()
        );
    }
}
