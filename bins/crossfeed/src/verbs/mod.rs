//! One file a verb.

mod db;
mod pull;
mod pulls;
mod repair;
mod resume;
mod setup;
mod sources;

use argh::FromArgs;
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
        pool_size: 2,
    };
    let store = Store::connect(&database.config, options).await?;
    store.check_schema().await?;
    Ok((store, database))
}

/// Reads the name of a vendor, or says which there are.
#[expect(clippy::print_stderr, reason = "for whoever typed the command")]
fn source(name: &str) -> Result<SourceId, Exit> {
    assembly::source_named(name).map_err(|error| {
        eprintln!("crossfeed: {error}");
        Exit::Usage
    })
}
