//! The server as a child of this process, for a service manager that watches what it starts.

use std::path::PathBuf;

use postgresql_commands::CommandBuilder;
use postgresql_commands::postgres::PostgresBuilder;
use tokio::process::Child;

use crate::binaries::Binaries;
use crate::pidfile::PidFile;
use crate::place::Place;
use crate::process::wait_until;
use crate::seat::{Claim, Seat};
use crate::server::{end, remove_socket_dir, url};
use crate::start::{Prepared, STOP_PATIENCE};
use crate::{Error, Info, Options, Report, database, guard};

/// Runs the home's server as a child that logs to our output, until `shutdown` or until it ends. `ready`
/// is called once, when it answers.
///
/// # Errors
/// [`Error::AlreadyRunning`] if there is a server; [`Error::Failed`] if it ends badly.
pub async fn run_foreground(
    options: &Options,
    report: Report<'_>,
    ready: impl FnOnce(&Info),
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let entered = guard::enter(options, report).await?;
    let prepared = Prepared::new(options, &entered.home, report).await?;
    let claim = match prepared.running(report).await? {
        Some(running) => Claim::Running(running),
        None => prepared.claim(report).await?,
    };
    let seat = match claim {
        Claim::Seat(seat) => seat,
        Claim::Running(running) => {
            return Err(Error::AlreadyRunning {
                home: entered.home,
                pid: running.pid,
            });
        }
    };
    let binaries = prepared.make_startable(options, report).await?;
    let socket_dir = prepared.socket_dir.clone();
    let mut running = Running::spawn(&prepared.place, &binaries, seat)?;
    let outcome = running
        .watch(prepared, &binaries, report, ready, shutdown)
        .await;
    remove_socket_dir(&socket_dir);
    outcome
}

/// The child.
#[derive(Debug)]
struct Running {
    child: Child,
    program: PathBuf,
    data: PathBuf,
}

impl Running {
    /// In a process group of its own the server hears no Ctrl-C but ours.
    fn spawn(place: &Place, binaries: &Binaries, seat: Seat) -> Result<Self, Error> {
        let builder = PostgresBuilder::new()
            .program_dir(&binaries.dir)
            .data_dir(place.data());
        let mut command = seat.hand_on(&builder.build_tokio());
        place.user.dress(&mut command);
        command.current_dir(&place.root).process_group(0);
        let program = binaries.dir.join("postgres");
        let child = command.spawn().map_err(Error::io("run", &program))?;
        Ok(Self {
            child,
            program,
            data: place.data(),
        })
    }

    async fn watch(
        &mut self,
        prepared: Prepared,
        binaries: &Binaries,
        report: Report<'_>,
        ready: impl FnOnce(&Info),
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let mut shutdown = std::pin::pin!(shutdown);
        let answer = tokio::select! {
            answer = await_ready(&prepared, binaries, report) => answer,
            ended = self.ended() => return ended,
            () = &mut shutdown => return self.stop(report).await,
        };
        // Others may stop it from now on.
        drop(prepared);
        let info = match answer {
            Ok(info) => info,
            Err(error) => {
                // It is of no use as it is.
                self.stop(report).await?;
                return Err(error);
            }
        };
        let url = url(&info.socket_dir, database::DATABASE);
        report(&format!("PostgreSQL {} is ready: {url}", info.version));
        ready(&info);
        tokio::select! {
            ended = self.ended() => ended,
            () = &mut shutdown => self.stop(report).await,
        }
    }

    /// Waits until it ends, which is well if somebody stopped it.
    async fn ended(&mut self) -> Result<(), Error> {
        let status = self
            .child
            .wait()
            .await
            .map_err(Error::io("wait for", &self.program))?;
        if status.success() {
            return Ok(());
        }
        let output = format!("it ended with {status}; its messages are above");
        Err(Error::Failed {
            what: "PostgreSQL".to_owned(),
            output,
        })
    }

    async fn stop(&mut self, report: Report<'_>) -> Result<(), Error> {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            end(pid, &self.data, report).await?;
        }
        // How it ended matters no more.
        self.child
            .wait()
            .await
            .map_err(Error::io("wait for", &self.program))?;
        Ok(())
    }
}

async fn await_ready(
    prepared: &Prepared,
    binaries: &Binaries,
    report: Report<'_>,
) -> Result<Info, Error> {
    let data = prepared.place.data();
    // Until then there is nothing that says where it is; if it ends, that is seen elsewhere.
    wait_until(STOP_PATIENCE, || PidFile::running(&data).is_some()).await;
    prepared.finish(Some(binaries), report).await
}
