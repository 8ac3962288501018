//! The data folder: made in one step, configured, started, waited for.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgresql_commands::CommandBuilder;
use postgresql_commands::initdb::InitDbBuilder;
use postgresql_commands::pg_ctl::{Mode, PgCtlBuilder};
use postgresql_commands::postgres::PostgresBuilder;

use crate::binaries::Binaries;
use crate::download::with_progress;
use crate::origin::Origin;
use crate::pidfile::PidFile;
use crate::place::Place;
use crate::process::wait_until;
use crate::seat::{self, Seat};
use crate::{Error, Profile, Report, database, machine, settings};

/// A log longer than this is put aside at the next start.
const LONG_LOG_BYTES: u64 = 16 << 20;
/// Of a log, what is shown when a start fails.
const SHOWN_LINES: usize = 20;
/// What an initdb that lost its starter may take to end.
const UNFINISHED_PATIENCE: Duration = Duration::from_secs(10);

/// Returns the major version of the data, nothing where there are none.
pub(crate) fn data_version(data: &Path) -> Result<Option<u32>, Error> {
    if !data.exists() {
        return Ok(None);
    }
    let version = std::fs::read_to_string(data.join("PG_VERSION")).ok();
    match version.and_then(|text| text.trim().split('.').next()?.parse().ok()) {
        Some(major) => Ok(Some(major)),
        None => Err(Error::Damaged {
            data: data.to_owned(),
        }),
    }
}

/// Makes the data under another name and renames it, so that `data` is whole or not there.
pub(crate) async fn make(
    place: &Place,
    binaries: &Binaries,
    profile: Profile,
    report: Report<'_>,
) -> Result<(), Error> {
    remove_unfinished(&place.root).await?;
    report(&format!(
        "making a PostgreSQL {} database in {}",
        binaries.major,
        place.data().display()
    ));
    let unfinished = place.root.join(format!("data.new-{}", std::process::id()));
    let mut builder = InitDbBuilder::new()
        .program_dir(&binaries.dir)
        .pgdata(&unfinished)
        .username(database::USER)
        .encoding("UTF8")
        .locale("C")
        .auth_local("trust")
        .auth_host("reject")
        .no_instructions();
    if profile == Profile::Test {
        builder = builder.no_sync();
    }
    let ran = place.user.run(builder.build_tokio(), &place.root).await?;
    if !ran.ok {
        return Err(Error::failed("initdb", &ran.text, &place.root));
    }
    place
        .user
        .append(
            &unfinished.join("postgresql.conf"),
            "\ninclude 'crossfeed.conf'\n",
        )
        .await?;
    place
        .user
        .write(&unfinished.join("crossfeed.conf"), "")
        .await?;
    std::fs::rename(&unfinished, place.data()).map_err(Error::io("rename", &unfinished))?;
    let folder = File::open(&place.root).map_err(Error::io("open", &place.root))?;
    folder.sync_all().map_err(Error::io("flush", &place.root))
}

/// Starters that were killed leave these, and their initdb may still be at work there.
async fn remove_unfinished(root: &Path) -> Result<(), Error> {
    let entries = std::fs::read_dir(root).map_err(Error::io("list", root))?;
    for entry in entries.filter_map(Result::ok) {
        if !entry.file_name().to_string_lossy().starts_with("data.new-") {
            continue;
        }
        let mut removed = Ok(());
        wait_until(UNFINISHED_PATIENCE, || {
            removed = std::fs::remove_dir_all(entry.path());
            !entry.path().exists()
        })
        .await;
        if entry.path().exists() {
            removed.map_err(Error::io("remove", entry.path()))?;
        }
    }
    Ok(())
}

/// Writes the settings for this start.
pub(crate) async fn configure(
    place: &Place,
    binaries: &Binaries,
    profile: Profile,
    socket_dir: &Path,
) -> Result<(), Error> {
    let file = place.data().join("crossfeed.conf");
    let machine = machine::measure(&place.root);
    let text = |lz4| settings::text(profile, machine, socket_dir, lz4);
    place.user.write(&file, &text(false)).await?;
    // Built without lz4, the server would not start with it: let it judge before it starts.
    let question = PostgresBuilder::new()
        .program_dir(&binaries.dir)
        .data_dir(place.data())
        .runtime_param("wal_compression", "lz4")
        .print_runtime_param("wal_compression");
    if place
        .user
        .run(question.build_tokio(), &place.root)
        .await?
        .ok
    {
        place.user.write(&file, &text(true)).await?;
    }
    Ok(())
}

/// Removes what a server that died left behind. Call it with the seat taken, so that nobody serves
/// the data as far as this host can tell.
pub(crate) fn clear_leftovers(place: &Place, socket_dir: &Path) -> Result<(), Error> {
    let file = place.data().join("postmaster.pid");
    match seat::started_by(place) {
        Some(origin) if !origin.is_over(&Origin::here()) && file.exists() => {
            return Err(Error::LeftElsewhere {
                file,
                owner: origin.to_string(),
            });
        }
        // PostgreSQL refuses a pid file whose number some other process of its user has got; here
        // it is known that no server runs.
        Some(_) => remove_file(&file)?,
        // Of whom nothing is known PostgreSQL may judge itself.
        None => {}
    }
    remove_file(&socket_dir.join(".s.PGSQL.5432"))?;
    remove_file(&socket_dir.join(".s.PGSQL.5432.lock"))
}

fn remove_file(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Starts the server, detached: `pg_ctl` gives it a session of its own.
pub(crate) async fn launch(
    place: &Place,
    binaries: &Binaries,
    seat: Seat,
    report: Report<'_>,
) -> Result<(), Error> {
    let log = place.log();
    put_aside(&log)?;
    let begun_at = length(&log);
    let command = PgCtlBuilder::new()
        .program_dir(&binaries.dir)
        .mode(Mode::Start)
        .pgdata(place.data())
        .log(&log)
        .silent()
        .wait()
        .timeout(60)
        .build_tokio();
    let started = place.user.run_seated(seat.hand_on(&command), &place.root);
    let ran = with_progress(started, Duration::from_secs(5), || {
        report("PostgreSQL is still starting (after a crash it reads its log first)");
    })
    .await?;
    // A long recovery outlasts pg_ctl's patience; the server goes on.
    if ran.ok || PidFile::running(&place.data()).is_some() {
        return Ok(());
    }
    let said = format!("{}\n{}", ran.text.trim(), tail(&log, begun_at));
    Err(Error::failed("starting PostgreSQL", &said, place.data()))
}

fn put_aside(log: &Path) -> Result<(), Error> {
    if length(log) > LONG_LOG_BYTES {
        let aside = PathBuf::from(format!("{}.1", log.display()));
        std::fs::rename(log, aside).map_err(Error::io("rename", log))?;
    }
    Ok(())
}

fn length(log: &Path) -> u64 {
    std::fs::metadata(log).map_or(0, |found| found.len())
}

/// Returns the last lines of what was logged from byte `from` on.
pub(crate) fn tail(log: &Path, from: u64) -> String {
    let read = || {
        let mut file = File::open(log)?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(LONG_LOG_BYTES).read_to_end(&mut bytes)?;
        std::io::Result::Ok(bytes)
    };
    let text = String::from_utf8_lossy(&read().unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines
        .get(lines.len().saturating_sub(SHOWN_LINES)..)
        .unwrap_or_default()
        .join("\n")
}
