//! Looks at every source as it is configured and stands, without a session, a collector or a request.

use std::sync::Arc;

use ingest::Survey;
use model::{SourceId, Ts};
use runtime::Env;
use store::Store;
use tokio::task::JoinSet;

use crate::{
    Schedule, config,
    vendors::{self, SOURCES, why_not_set_up},
};

/// What there is to see of a source.
#[derive(Debug)]
pub enum Looked {
    /// It is set up.
    At(Box<Survey>),
    /// Nobody set it up: what is missing.
    NotSetUp(String),
    /// It is set up, and its variables or its file are wrong: all that is.
    Wrong(String),
}

/// Looks at sources, all at once, in their usual order.
///
/// # Errors
/// Those of the database.
pub async fn look_at(
    env: &Env,
    store: &Store,
    sources: &[SourceId],
    now: Ts,
) -> Result<Vec<(SourceId, Looked)>, store::Error> {
    let schedule = match Schedule::read(env) {
        Ok(schedule) => Arc::new(schedule),
        Err(error) => return Ok(all_wrong(sources, &error)),
    };
    let mut looks: JoinSet<Result<(SourceId, Looked), store::Error>> = JoinSet::new();
    for source in sources.iter().copied() {
        let (env, store, schedule) = (env.clone(), store.clone(), Arc::clone(&schedule));
        looks.spawn(async move {
            let looked = look(&env, store, &schedule, source, now).await?;
            Ok((source, looked))
        });
    }
    let mut seen: Vec<_> = (looks.join_all().await.into_iter()).collect::<Result<_, _>>()?;
    seen.sort_by_key(|(source, _)| SOURCES.iter().position(|one| one == source));
    Ok(seen)
}

async fn look(
    env: &Env,
    store: Store,
    schedule: &Schedule,
    source: SourceId,
    now: Ts,
) -> Result<Looked, store::Error> {
    if let Some(missing) = why_not_set_up(source, env) {
        return Ok(Looked::NotSetUp(missing));
    }
    let built = vendors::build(source, &env.vendor(source.as_str())).map_err(anyhow::Error::from);
    let read = built.and_then(|built| Ok((config::series(env, &built)?, built)));
    let (series, built) = match read {
        Ok(read) => read,
        Err(error) => return Ok(Looked::Wrong(format!("{error:#}"))),
    };
    let timetable = schedule.timetable(&*built);
    let survey = Survey::of_config(built, timetable, &series, store, now).await?;
    Ok(Looked::At(Box::new(survey)))
}

/// What is wrong for all of them.
fn all_wrong(sources: &[SourceId], error: &anyhow::Error) -> Vec<(SourceId, Looked)> {
    let wrong = |source: &SourceId| (*source, Looked::Wrong(format!("{error:#}")));
    sources.iter().map(wrong).collect()
}

/// Returns the names of the datasets that a source has, on the plan that is set up or, where none is,
/// on the usual one.
pub fn datasets_of(env: &Env, source: SourceId) -> Vec<&'static str> {
    let built = vendors::likeness(source, &env.vendor(source.as_str()));
    let datasets = built.iter().flat_map(|built| built.datasets());
    datasets.map(|one| one.id.as_str()).collect()
}
