//! SIGHUP: reads `.env` and all CSVs again. Checked whole before anything is touched; then exactly what
//! changed is stopped and opened anew. Decided in docs/adr/0007-reload-and-takeover.md.

use std::time::Duration;

use assembly::{Prepared, Workshop, check_config, dictionary, set_up_sources, world_of};
use ingest::schedule::First;
use model::SourceId;
use runtime::{Env, Role};
use store::dictionary::Dictionary;

use crate::fleet::Fleet;

/// How often what the database did not take is tried again, in real time.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// A configuration with which nothing is wrong.
#[derive(Debug)]
struct Fresh {
    env: Env,
    sources: Vec<Prepared>,
    dictionary: Dictionary,
}

/// Reads everything again and takes it over, or says all that is wrong with it and leaves everything as
/// it is.
pub(crate) async fn reload(workshop: &mut Workshop, fleet: &mut Fleet) {
    // Simulated time stands still meanwhile. Whoever gives this up ends the process.
    workshop.clock.begin();
    match read(&workshop.env) {
        Ok(fresh) => match admit(workshop, fleet, &fresh).await {
            Ok(()) => apply(workshop, fleet, fresh).await,
            Err(error) => refuse(&[format!("{error:#}")]),
        },
        Err(problems) => refuse(&problems),
    }
    workshop.clock.end();
}

/// Does so in a standby: what it has read holds once it leads.
pub(crate) fn before_leading(workshop: &mut Workshop) {
    match read(&workshop.env) {
        Ok(fresh) => {
            workshop.renew(fresh.env);
            tracing::info!("reloaded: it holds once this process leads");
        }
        Err(problems) => refuse(&problems),
    }
}

fn refuse(problems: &[String]) {
    for problem in problems {
        tracing::error!("{problem}");
    }
    let problems = problems.len();
    tracing::error!(
        problems,
        "reload refused: the old configuration stays in force"
    );
}

fn read(old: &Env) -> Result<Fresh, Vec<String>> {
    tracing::info!(signal = "SIGHUP", "reading the configuration again");
    let env = Env::load().map_err(|bad| {
        let told = |problem: &runtime::Problem| format!("{}: {}", problem.name, problem.what);
        bad.0.iter().map(told).collect::<Vec<_>>()
    })?;
    let fixed = old.needs_start(&env, Role::Write).into_iter();
    let mut problems: Vec<String> = fixed
        .map(|problem| format!("{}: {}", problem.name, problem.what))
        .collect();
    problems.extend(check_config(&env).problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    // A file may have changed since it was checked.
    let told = |error: anyhow::Error| vec![format!("{error:#}")];
    let sources = Prepared::read(&env, &set_up_sources(&env)).map_err(told)?;
    if sources.is_empty() {
        return Err(vec!["no source is set up: set a vendor's key".to_owned()]);
    }
    Ok(Fresh {
        dictionary: dictionary(&env).map_err(told)?,
        env,
        sources,
    })
}

/// Asks the database whether all of it may be.
async fn admit(workshop: &Workshop, fleet: &Fleet, fresh: &Fresh) -> anyhow::Result<()> {
    let world = world_of(&fresh.env, &fresh.sources)?;
    if let Some(held) = workshop.store.world().await?
        && held != world
    {
        anyhow::bail!(
            "the addresses would make the data {world}, and this database holds {held} data: \
             that takes a database of its own, and another start"
        );
    }
    let (store, epoch) = (&workshop.store, Some(fleet.epoch));
    store.sync_dictionary(&fresh.dictionary, epoch).await?;
    Ok(())
}

/// What becomes of the sources.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    /// They work otherwise, or not at all any more.
    stopped: Vec<SourceId>,
    /// They are new, or work otherwise.
    opened: Vec<SourceId>,
}

impl Changes {
    fn between(old: &[&Prepared], new: &[Prepared]) -> Self {
        let stays = |one: &Prepared| new.iter().any(|other| one.is_like(other));
        let stayed = |one: &Prepared| old.iter().any(|other| one.is_like(other));
        Self {
            stopped: (old.iter().filter(|one| !stays(one)))
                .map(|one| one.id())
                .collect(),
            opened: (new.iter().filter(|one| !stayed(one)))
                .map(Prepared::id)
                .collect(),
        }
    }
}

async fn apply(workshop: &mut Workshop, fleet: &mut Fleet, fresh: Fresh) {
    let Fresh { env, sources, .. } = fresh;
    let old: Vec<&Prepared> = fleet.prepared().collect();
    let changes = Changes::between(&old, &sources);
    workshop.renew(env);
    fleet.stop(workshop, &changes.stopped).await;
    let is_opened = |source: &Prepared| changes.opened.contains(&source.id());
    for source in sources.iter().filter(|source| is_opened(source)) {
        open(workshop, fleet, source).await;
    }
    let names = |names: &[SourceId]| {
        let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        names.join(",")
    };
    let undisturbed = sources.len() - changes.opened.len();
    tracing::info!(
        stopped = names(&changes.stopped),
        opened = names(&changes.opened),
        undisturbed,
        "reloaded"
    );
}

/// Opens a source, however long the database is away.
async fn open(workshop: &Workshop, fleet: &mut Fleet, source: &Prepared) {
    let mut is_said = false;
    loop {
        match fleet.open(workshop, source.clone(), First::Tick).await {
            Ok(()) => return,
            Err(error) if error.is_passing() => {
                if !is_said {
                    tracing::warn!(source = %source.id(), %error, "waiting for the database");
                }
                is_said = true;
                tokio::time::sleep(TRY_AGAIN).await;
            }
            Err(error) => {
                tracing::error!(source = %source.id(), %error, "it is not collected until the next reload");
                return;
            }
        }
    }
}
