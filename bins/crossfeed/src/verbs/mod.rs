//! One file a verb.

mod db;
mod gaps;
mod pull;
mod pulls;
mod quota;
mod repair;
mod resume;
mod setup;
mod sources;
mod status;
mod suspend;

use argh::FromArgs;
use assembly::{Looked, SOURCES, look_at};
use model::SourceId;
use runtime::{BadEnvironment, Env, Exit, Problem, Role};
use store::Store;

/// What to do.
#[derive(Debug, FromArgs)]
#[argh(subcommand)]
pub(crate) enum Verb {
    /// The schema and the dictionaries.
    Setup(setup::Setup),
    /// The private PostgreSQL, and repairs of either database.
    Db(db::Db),
    /// One live pass.
    Pull(pull::Pull),
    /// What is stored.
    Sources(sources::Sources),
    /// What ran.
    Pulls(pulls::Pulls),
    /// How everything stands.
    Status(status::Status),
    /// What has no value, and why.
    Gaps(gaps::Gaps),
    /// What is used and left of the vendors' quotas.
    Quota(quota::Quota),
    /// By hand, until resumed.
    Suspend(suspend::Suspend),
    /// What is suspended, by hand again.
    Resume(resume::Resume),
}

impl Verb {
    pub(crate) async fn run(self, env: Env) -> anyhow::Result<Exit> {
        match self {
            Self::Setup(verb) => verb.run(env).await,
            Self::Db(verb) => verb.run(env).await,
            Self::Pull(verb) => verb.run(env).await,
            Self::Sources(verb) => verb.run(&env).await,
            Self::Pulls(verb) => verb.run(&env).await,
            Self::Status(verb) => verb.run(&env).await,
            Self::Gaps(verb) => verb.run(&env).await,
            Self::Quota(verb) => verb.run(&env).await,
            Self::Suspend(verb) => verb.run(&env).await,
            Self::Resume(verb) => verb.run(&env).await,
        }
    }

    /// Says what is wrong with the environment, and begins nothing.
    pub(crate) fn refuse(self, env: &Env, wrong: Vec<Problem>) -> anyhow::Result<Exit> {
        match self {
            Self::Setup(verb) => verb.refuse(env, &wrong),
            _ => Err(BadEnvironment(wrong).into()),
        }
    }
}

/// Connects for a look or a small change.
async fn open_store(env: &Env) -> anyhow::Result<(Store, runtime::Database)> {
    let database = runtime::database(env, Role::Write).await?;
    let options = store::Options {
        application_name: "crossfeed".to_owned(),
        // Opened as they are needed: sources are looked at all at once.
        pool_size: 8,
    };
    let store = Store::connect(&database.config, options).await?;
    store.check_schema().await?;
    Ok((store, database))
}

/// Looks at one source or all.
///
/// # Errors
/// Those of the database.
async fn look(
    env: &Env,
    store: &Store,
    source: Option<SourceId>,
) -> anyhow::Result<Vec<(SourceId, Looked)>> {
    let sources = source.map_or(SOURCES.to_vec(), |source| vec![source]);
    let now = runtime::clock(env).await?.now();
    Ok(look_at(env, store, &sources, now).await?)
}

/// Checks the name of a dataset, or says which there are.
#[expect(clippy::print_stderr, reason = "for whoever typed the command")]
fn dataset(env: &Env, source: SourceId, name: &str) -> Result<&'static str, Exit> {
    let known = assembly::datasets_of(env, source);
    (known.iter().copied().find(|one| *one == name)).ok_or_else(|| {
        let known = known.join(", ");
        eprintln!("crossfeed: {source} has no dataset {name:?}; it has {known}");
        Exit::Usage
    })
}

/// Reads the name of a vendor, or says which there are.
#[expect(clippy::print_stderr, reason = "for whoever typed the command")]
fn source(name: &str) -> Result<SourceId, Exit> {
    assembly::source_named(name).map_err(|error| {
        eprintln!("crossfeed: {error}");
        Exit::Usage
    })
}
