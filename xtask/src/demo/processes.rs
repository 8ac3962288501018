//! The programs, as a user would run them.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::process::Child;

use crate::{cargo_program, demo::stage::Stage, root};

const PROGRAMS: [&str; 3] = ["backfill", "crossfeed", "apid"];
const PATIENCE: Duration = Duration::from_secs(10);

/// The built programs.
#[derive(Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Builds them.
    pub(crate) fn build() -> anyhow::Result<Self> {
        println!("== building {}", PROGRAMS.join(", "));
        let mut cargo = Command::new(cargo_program());
        cargo.arg("build").current_dir(root());
        for program in PROGRAMS {
            cargo.args(["--package", program]);
        }
        let status = cargo.status().context("failed to start cargo")?;
        anyhow::ensure!(status.success(), "the build failed");
        // This program lies where they lie: cargo put it there.
        let here = std::env::current_exe()?;
        let folder = here
            .parent()
            .context("this program lies in no folder")?
            .to_owned();
        Ok(Self { folder })
    }

    /// Runs one to its end; any other exit code than those expected is an error.
    pub(crate) async fn run(
        &self,
        program: &str,
        args: &[&str],
        stage: &Stage,
        expected: &[i32],
    ) -> anyhow::Result<()> {
        println!("$ {program} {}", args.join(" "));
        let mut child = self.spawn(program, args, stage)?;
        let status = child.wait().await?;
        let code = status.code().unwrap_or(-1);
        anyhow::ensure!(expected.contains(&code), "{program} ended with {status}");
        Ok(())
    }

    /// Runs one to its end and prints all that it said at once.
    pub(crate) async fn tell(
        &self,
        program: &str,
        args: &[&str],
        stage: &Stage,
        expected: &[i32],
    ) -> anyhow::Result<()> {
        let mut command = self.command(program, args, stage);
        let output =
            (command.output().await).with_context(|| format!("failed to start {program}"))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        print!(
            "\n$ {program} {}\n{}{}",
            args.join(" "),
            text(&output.stdout),
            text(&output.stderr)
        );
        let code = output.status.code().unwrap_or(-1);
        anyhow::ensure!(
            expected.contains(&code),
            "{program} ended with {}",
            output.status
        );
        Ok(())
    }

    /// Starts one that stays.
    pub(crate) fn serve(
        &self,
        program: &str,
        args: &[&str],
        stage: &Stage,
    ) -> anyhow::Result<Running> {
        println!("$ {program} {}", args.join(" "));
        Ok(Running {
            child: self.spawn(program, args, stage)?,
        })
    }

    fn spawn(&self, program: &str, args: &[&str], stage: &Stage) -> anyhow::Result<Child> {
        (self.command(program, args, stage).spawn())
            .with_context(|| format!("failed to start {program}"))
    }

    fn command(&self, program: &str, args: &[&str], stage: &Stage) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(self.folder.join(program));
        command.args(args).stdin(Stdio::null()).kill_on_drop(true);
        stage.dress(&mut command);
        command
    }
}

/// A program that stays until it is ended.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
}

impl Running {
    /// Waits for it; ending by itself is an error.
    pub(crate) async fn wait(mut self) -> anyhow::Result<()> {
        let status = self.child.wait().await?;
        anyhow::bail!("it ended by itself: {status}")
    }

    /// Asks it to end, and makes it.
    pub(crate) async fn end(mut self) {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid
            && let Err(error) = kill(Pid::from_raw(pid), Signal::SIGTERM)
        {
            eprintln!("it could not be asked to end: {error}");
        }
        if tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .is_err()
            && let Err(error) = self.child.kill().await
        {
            eprintln!("it could not be ended: {error}");
        }
    }
}
