//! What is collected: read from the files once, checked whole, and used as it was then.

use assembly::{Prepared, dictionary, set_up_sources, world_of};
use runtime::Env;
use store::{Store, World, dictionary::Dictionary};

/// The sources that are set up and the dictionaries, with which nothing is wrong.
#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) sources: Vec<Prepared>,
    pub(crate) dictionary: Dictionary,
    /// What the vendors' addresses make of the data.
    world: World,
}

impl Configuration {
    /// Reads it. [`assembly::check_config`] tells more where something is wrong.
    ///
    /// # Errors
    /// Where files or addresses are wrong, or no source is set up.
    pub(crate) fn read(env: &Env) -> anyhow::Result<Self> {
        let sources = Prepared::read(env, &set_up_sources(env))?;
        anyhow::ensure!(
            !sources.is_empty(),
            "no source is set up: set a vendor's key"
        );
        Ok(Self {
            dictionary: dictionary(env)?,
            world: world_of(env, &sources)?,
            sources,
        })
    }

    /// Refuses to mix simulated and live data in a database that holds `held`; one that holds nothing yet
    /// takes either.
    ///
    /// # Errors
    /// Where its data would be of another kind.
    pub(crate) fn suits(&self, held: Option<World>) -> anyhow::Result<()> {
        let world = self.world;
        match held {
            Some(held) if held != world => anyhow::bail!(
                "the addresses would make the data {world}, and this database holds {held} data: \
                 that takes a database of its own, and another start"
            ),
            _ => Ok(()),
        }
    }

    /// Says in the database what its data is from now on.
    ///
    /// # Errors
    /// Where it holds the other kind; those of the database.
    pub(crate) async fn enter(&self, store: &Store) -> Result<(), store::Error> {
        store.enter_world(self.world).await
    }

    /// Does as [`Self::suits`], asking the database what it holds, and returns that.
    ///
    /// # Errors
    /// As with [`Self::suits`], and those of the database.
    pub(crate) async fn suits_database(&self, store: &Store) -> anyhow::Result<Option<World>> {
        let held = store.world().await?;
        self.suits(held)?;
        Ok(held)
    }
}
