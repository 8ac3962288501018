//! What a collecting program works in: environment, database, session, clock.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use ingest::{Collector, Setup, Stop};
use model::SourceId;
use ratelimit::Clock;
use runtime::{Database, Env, Role};
use store::{Store, World, series::Authority, session::Session, suspend::SuspensionRow};

use crate::{Prepared, QuotaWatch, VendorError, config, set_up_sources, vendors};

/// Connections of a program that asks no vendor.
const LEAST_POOL_SIZE: usize = 8;
/// Per source beside those of its requests: one writes, one plans or reports.
const BESIDE_REQUESTS: usize = 2;
/// How long the database may take to hear that work was given up.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What collectors are opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To ask vendors by schedule, for the one process that leads, since this epoch: what the
    /// configuration no longer names ends.
    Lead(i64),
    /// To ask vendors and write, beside whatever leads.
    Collect,
    /// To tell what would be asked.
    Look,
}

impl Purpose {
    const fn authority(self) -> Authority {
        match self {
            Self::Lead(epoch) => Authority::Leading(epoch),
            Self::Collect | Self::Look => Authority::Part,
        }
    }
}

/// What a collecting program works in.
#[derive(Debug)]
pub struct Workshop {
    /// The environment.
    pub env: Env,
    /// The database.
    pub store: Store,
    /// This process in the database: its instance lock and its claims.
    pub session: Arc<Session>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where the database is. Keeps the private server's users counted.
    pub database: Database,
}

impl Workshop {
    /// Connects, refuses a wrong schema, marks pulls of dead processes interrupted.
    ///
    /// # Errors
    /// What stands in the way, in words for an operator.
    pub async fn open(env: Env, clock: Arc<dyn Clock>, program: &str) -> anyhow::Result<Self> {
        let database = runtime::database(&env, Role::Write).await?;
        Self::open_on(env, clock, database, program).await
    }

    /// Does the same on a database that was chosen before.
    ///
    /// # Errors
    /// What stands in the way, in words for an operator.
    pub async fn open_on(
        env: Env,
        clock: Arc<dyn Clock>,
        database: Database,
        program: &str,
    ) -> anyhow::Result<Self> {
        let options = store::Options {
            application_name: program.to_owned(),
            pool_size: pool_size(&env),
        };
        let store = Store::connect(&database.config, options)
            .await
            .with_context(|| format!("failed to use {}", database.describe))?;
        store.check_schema().await?;
        let session = store.session(runtime::instance_id()).await?;
        let workshop = Self {
            env,
            store,
            session: Arc::new(session),
            clock,
            database,
        };
        workshop.mark_orphans().await?;
        Ok(workshop)
    }

    /// Marks what processes that are gone left running as interrupted.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn mark_orphans(&self) -> Result<(), store::Error> {
        let orphans = self.store.interrupt_orphans(self.clock.now()).await?;
        if orphans > 0 {
            tracing::warn!(
                pulls = orphans,
                "pulls of processes that are gone: marked interrupted"
            );
        }
        Ok(())
    }

    /// Makes the tables of entities and metric names equal to the files. Who leads names its epoch.
    ///
    /// # Errors
    /// Every problem of the files at once, or the database.
    pub async fn load_dictionary(&self, epoch: Option<i64>) -> anyhow::Result<()> {
        let rows = config::dictionary(&self.env)?;
        self.store.sync_dictionary(&rows, epoch).await?;
        Ok(())
    }

    /// Opens a collector for each of the sources. Refuses to mix simulated and live data; only a
    /// purpose that writes decides which of the two an empty database will hold.
    ///
    /// # Errors
    /// Everything that is wrong with the vendors' variables and files, before any request.
    pub async fn collectors(
        &self,
        names: &[SourceId],
        purpose: Purpose,
        stop: &Stop,
    ) -> anyhow::Result<Vec<Collector>> {
        let ready = Prepared::read(&self.env, names)?;
        self.enter_world(&ready, purpose).await?;
        let mut collectors = Vec::new();
        for one in &ready {
            collectors.push(self.collector(one, purpose, stop).await?);
        }
        Ok(collectors)
    }

    /// Opens the collector of one vendor. The world was entered before ([`Self::enter_world`]).
    ///
    /// # Errors
    /// Where the database or an address is unusable.
    pub async fn collector(
        &self,
        ready: &Prepared,
        purpose: Purpose,
        stop: &Stop,
    ) -> Result<Collector, ingest::Error> {
        Collector::open(Setup {
            key: ready.env.api_key.clone(),
            timetable: ready.timetable,
            source: Arc::clone(&ready.source),
            series: ready.series.clone(),
            authority: purpose.authority(),
            store: self.store.clone(),
            session: Arc::clone(&self.session),
            instance: runtime::instance_id().to_owned(),
            clock: Arc::clone(&self.clock),
            dead_letters: Some(self.env.home.home.join("dead-letters")),
            stop: stop.clone(),
        })
        .await
    }

    /// Refuses to mix simulated and live data; only a purpose that writes decides which of the two an
    /// empty database will hold.
    ///
    /// # Errors
    /// Where the vendors' addresses differ in that from each other or from what the database holds.
    pub async fn enter_world(&self, ready: &[Prepared], purpose: Purpose) -> anyhow::Result<()> {
        let world = world_of(&self.env, ready)?;
        let holds_nothing_yet = self.store.world().await?.is_none();
        if purpose != Purpose::Look || !holds_nothing_yet {
            self.store.enter_world(world).await?;
        }
        Ok(())
    }

    /// Takes over another environment: later collectors and questions go by it, with as many connections
    /// as they need.
    pub fn renew(&mut self, env: Env) {
        self.store.resize_pool(pool_size(&env));
        self.env = env;
    }

    /// Ends after work was given up: lets go of every lock and marks the pulls that this process
    /// left running as interrupted. Where the database does not answer, the next program marks them.
    pub async fn abandon(self) {
        if tokio::time::timeout(LAST_WORDS, self.let_go())
            .await
            .is_err()
        {
            tracing::warn!("the database does not answer: the next start marks what was running");
        }
    }

    async fn let_go(self) {
        // Whoever still holds the session keeps its lock until the process is gone.
        if let Some(session) = Arc::into_inner(self.session) {
            session.close().await;
        }
        if let Err(error) = self.store.interrupt_orphans(self.clock.now()).await {
            tracing::warn!(%error, "pulls that were given up could not be marked interrupted");
        }
    }

    /// Returns what reads the quotas of a vendor while work goes on.
    ///
    /// # Errors
    /// [`VendorError`] naming the variable.
    pub fn quota_watch(&self, name: SourceId) -> Result<QuotaWatch, VendorError> {
        let source = vendors::build(name, &self.env.vendor(name.as_str()))?;
        Ok(QuotaWatch {
            source: name,
            limits: source.limits().to_vec(),
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
        })
    }

    /// Returns what of a source waits for an operator.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn suspensions(&self, name: SourceId) -> Result<Vec<SuspensionRow>, store::Error> {
        let mut rows = self.store.suspensions().await?;
        rows.retain(|row| row.source == name.as_str());
        Ok(rows)
    }

    /// Returns the sources that the environment says enough about to collect from them.
    pub fn set_up_sources(&self) -> Vec<SourceId> {
        set_up_sources(&self.env)
    }
}

/// Returns what kind of data these vendors would give.
///
/// # Errors
/// Where they differ in that.
pub fn world_of(env: &Env, ready: &[Prepared]) -> anyhow::Result<World> {
    let addresses = ready.iter().flat_map(Prepared::addresses);
    Ok(runtime::world(env, addresses)?)
}

/// Enough that no request waits for a connection that another one, or the writer, keeps for long.
/// They are opened as they are needed.
fn pool_size(env: &Env) -> usize {
    let built = set_up_sources(env)
        .into_iter()
        .filter_map(|name| vendors::build(name, &env.vendor(name.as_str())).ok());
    let needed: usize = built
        .map(|source| source.concurrency() + BESIDE_REQUESTS)
        .sum();
    needed.max(LEAST_POOL_SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool_size_of(plan: &str) -> usize {
        let folder = tempfile::tempdir().unwrap();
        let vars = [("COINGECKO_API_KEY", "CG-x"), ("COINGECKO_PLAN", plan)];
        std::fs::create_dir(folder.path().join("sources-config")).unwrap();
        let vars = vars.map(|(name, value)| (name.into(), value.into()));
        pool_size(&Env::from_parts(vars, folder.path()).unwrap())
    }

    #[test]
    fn there_are_connections_for_all_requests_and_the_writers() {
        assert_eq!(pool_size_of("enterprise"), 10);
        assert_eq!(pool_size_of("demo"), LEAST_POOL_SIZE);
        assert_eq!(pool_size_of("no such plan"), LEAST_POOL_SIZE);
    }
}
