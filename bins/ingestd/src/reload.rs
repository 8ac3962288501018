//! SIGHUP: reads `.env` and all CSVs again. Checked whole before anything is touched; then exactly what
//! changed is stopped and opened anew. Decided in docs/adr/0007-reload-and-takeover.md.

use assembly::{Prepared, Workshop, check_config};
use ingest::schedule::First;
use model::SourceId;
use runtime::{Env, Role};
use store::World;

use crate::{configuration::Configuration, fleet::Fleet, opening::Opening};

/// A configuration with which nothing is wrong.
#[derive(Debug)]
struct Fresh {
    env: Env,
    configuration: Configuration,
}

/// Reads everything again and takes it over, or says all that is wrong with it and leaves everything as
/// it is. A database that is away is waited for.
///
/// # Errors
/// Why a source at work broke down meanwhile.
pub(crate) async fn reload(workshop: &mut Workshop, fleet: &mut Fleet) -> Result<(), String> {
    // Simulated time stands still meanwhile. Whoever gives this up ends the process.
    workshop.clock.begin();
    let done = match read(&workshop.env) {
        Ok(fresh) => take_over(workshop, fleet, fresh).await,
        Err(problems) => {
            refuse(&problems);
            Ok(())
        }
    };
    workshop.clock.end();
    done
}

async fn take_over(workshop: &mut Workshop, fleet: &mut Fleet, fresh: Fresh) -> Result<(), String> {
    let mut is_said = false;
    while let Err(error) = admit(workshop, fleet, &fresh).await {
        let from_database = error.downcast_ref::<store::Error>();
        if !from_database.is_some_and(store::Error::is_passing) {
            refuse(&[format!("{error:#}")]);
            return Ok(());
        }
        fleet.wait_for_database(None, &error, &mut is_said).await?;
    }
    apply(workshop, fleet, fresh).await
}

/// Does so in a standby of a database that holds `held`, and returns what it leads with from now on; none
/// where that is what it was.
pub(crate) fn before_leading(
    workshop: &mut Workshop,
    held: Option<World>,
) -> Option<Configuration> {
    let suits = |fresh: Fresh| match fresh.configuration.suits(held) {
        Ok(()) => Ok(fresh),
        Err(error) => Err(vec![format!("{error:#}")]),
    };
    match read(&workshop.env).and_then(suits) {
        Ok(Fresh { env, configuration }) => {
            workshop.renew(env);
            tracing::info!("reloaded: it holds once this process leads");
            Some(configuration)
        }
        Err(problems) => {
            refuse(&problems);
            None
        }
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
    let (env, mut wrong) = Env::load_readable().map_err(|bad| vec![bad.to_string()])?;
    // What is wrong reads as if it were not set, which is no change.
    let is_wrong = |name: &str| wrong.iter().any(|problem| problem.name == name);
    let mut fixed = old.needs_start(&env, Role::Write);
    fixed.retain(|problem| !is_wrong(&problem.name));
    wrong.append(&mut fixed);
    let problems = check_config(&env).after(&wrong).problems;
    if !problems.is_empty() {
        return Err(problems);
    }
    // A file may have changed since it was checked.
    match Configuration::read(&env) {
        Ok(configuration) => Ok(Fresh { env, configuration }),
        Err(error) => Err(vec![format!("{error:#}")]),
    }
}

/// Asks the database whether all of it may be.
async fn admit(workshop: &Workshop, fleet: &Fleet, fresh: &Fresh) -> anyhow::Result<()> {
    let Fresh { configuration, .. } = fresh;
    configuration.suits_database(&workshop.store).await?;
    let (store, epoch) = (&workshop.store, Some(fleet.epoch));
    store
        .sync_dictionary(&configuration.dictionary, epoch)
        .await?;
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

async fn apply(workshop: &mut Workshop, fleet: &mut Fleet, fresh: Fresh) -> Result<(), String> {
    let Fresh { env, configuration } = fresh;
    let sources = configuration.sources;
    let old: Vec<&Prepared> = fleet.prepared().collect();
    let changes = Changes::between(&old, &sources);
    workshop.renew(env);
    fleet.forget_not_opened(|source| sources.iter().any(|one| one.id() == source));
    fleet.stop(workshop, &changes.stopped).await?;
    let is_to_open = |source: &&Prepared| changes.opened.contains(&source.id());
    let mut opened = Vec::new();
    let mut opening = Opening::begin(workshop, fleet, sources.iter().filter(is_to_open));
    while let Some((source, done)) =
        (opening.next(fleet, First::Tick).await).map_err(|why| why.to_string())?
    {
        match done {
            Ok(()) => opened.push(source),
            Err(error) => {
                tracing::error!(%source, %error, "it is not collected until the next reload");
            }
        }
    }
    let undisturbed = sources.len() - changes.opened.len();
    let (stopped, opened) = (names(&changes.stopped), names(&opened));
    match fleet.not_opened().as_slice() {
        [] => tracing::info!(stopped, opened, undisturbed, "reloaded"),
        not_opened => tracing::error!(
            stopped,
            opened,
            undisturbed,
            not_opened = names(not_opened),
            "reloaded in part"
        ),
    }
    Ok(())
}

fn names(names: &[SourceId]) -> String {
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    names.join(",")
}
