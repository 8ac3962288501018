//! Whether a database holds simulated or live data. Nobody may mix them.

use std::{fmt, str::FromStr};

use crate::{Error, Store};

/// What kind of data a database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum World {
    /// From vendors that are simulated.
    Simulated,
    /// From the vendors.
    Live,
}

impl World {
    /// Returns the spelling used in `world.kind`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simulated => "simulated",
            Self::Live => "live",
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no world.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no world: simulated or live")]
pub struct UnknownWorld(String);

impl FromStr for World {
    type Err = UnknownWorld;

    fn from_str(text: &str) -> Result<Self, UnknownWorld> {
        match text {
            "simulated" => Ok(Self::Simulated),
            "live" => Ok(Self::Live),
            other => Err(UnknownWorld(other.to_owned())),
        }
    }
}

impl Store {
    /// Declares what this process writes: the first one decides, the others must agree.
    ///
    /// # Errors
    /// [`Error::WorldMixed`] where the database holds the other kind.
    pub async fn enter_world(&self, kind: World) -> Result<(), Error> {
        let have = match self.world().await? {
            Some(have) => have,
            None => {
                let client = self.client().await?;
                client
                    .execute(
                        "INSERT INTO world (kind) VALUES ($1) ON CONFLICT DO NOTHING",
                        &[&kind.as_str()],
                    )
                    .await?;
                // Somebody may have been faster: what counts is what stands there now.
                self.world().await?.unwrap_or(kind)
            }
        };
        if have == kind {
            Ok(())
        } else {
            Err(Error::WorldMixed { have, want: kind })
        }
    }

    /// Returns what this database holds; nothing where nobody has written yet.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn world(&self) -> Result<Option<World>, Error> {
        let client = self.client().await?;
        let row = client.query_opt("SELECT kind FROM world", &[]).await?;
        // The column's CHECK admits nothing else.
        Ok(row.and_then(|row| row.get::<_, &str>(0).parse().ok()))
    }
}
