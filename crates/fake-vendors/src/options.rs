//! How a simulated vendor is started.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use time::OffsetDateTime;

use crate::{Plan, Vendor};

/// What a simulated vendor is started with. `Debug` does not show the key.
#[derive(Clone)]
pub struct Options {
    /// Whom to play, on which plan.
    pub vendor: Vendor,
    /// Port on 127.0.0.1; 0 takes any.
    pub port: u16,
    /// The one key that is accepted.
    pub key: String,
    /// Where the clock starts; real time where absent. It runs on.
    pub now: Option<OffsetDateTime>,
    /// Calls per minute in place of the plan's.
    pub rpm: Option<u32>,
    /// Credits per month in place of the plan's; at Alpha Vantage, which has no months, calls per day.
    pub monthly_credits: Option<u64>,
    /// Whether a full minute is answered with `retry-after` too, where the vendor's plan does not say so by itself.
    pub retry_after: bool,
    /// Picks the values of the world.
    pub seed: u64,
    /// What the world gets beyond its table, each in the vendor's own words: see the crate's page.
    pub extra_ids: Vec<String>,
    /// How long every answer takes at least.
    pub latency: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            vendor: Vendor::CoinGecko(Plan::Demo),
            port: 0,
            key: "CG-simulated".to_owned(),
            now: None,
            rpm: None,
            monthly_credits: None,
            retry_after: false,
            seed: 1,
            extra_ids: Vec::new(),
            latency: Duration::ZERO,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("vendor", &self.vendor)
            .field("port", &self.port)
            .field("key", &"[redacted]")
            .field("now", &self.now)
            .field("rpm", &self.rpm)
            .field("monthly_credits", &self.monthly_credits)
            .field("retry_after", &self.retry_after)
            .field("seed", &self.seed)
            .field("extra_ids", &self.extra_ids.len())
            .field("latency", &self.latency)
            .finish()
    }
}

/// Why ids could not be read from a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdsError {
    /// The file cannot be read as CSV.
    #[error("cannot read {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: csv::Error,
    },
    /// The header has no such column.
    #[error("{path} has no column `{column}`")]
    NoColumn {
        /// Which file.
        path: PathBuf,
        /// Which column.
        column: String,
    },
}

/// Reads ids from a CSV file with a header: the cells of `columns`, which are joined by `+`, joined by `:`. Empty ids
/// and those that begin with `_` are none.
///
/// # Errors
/// Fails where the file or a column cannot be read.
pub fn ids_from_csv(path: &Path, columns: &str) -> Result<Vec<String>, IdsError> {
    let failed = |source| IdsError::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .flexible(true)
        .from_path(path)
        .map_err(failed)?;
    let header = file.headers().map_err(failed)?;
    let place = |column: &str| {
        let found = header.iter().position(|name| name.trim() == column);
        found.ok_or_else(|| IdsError::NoColumn {
            path: path.to_owned(),
            column: column.to_owned(),
        })
    };
    let places: Vec<usize> = columns.split('+').map(place).collect::<Result<_, _>>()?;
    let mut known = HashSet::new();
    let mut ids: Vec<String> = Vec::new();
    for record in file.records() {
        let record = record.map_err(failed)?;
        let cell = |place: &usize| record.get(*place).unwrap_or_default().trim();
        let id = places.iter().map(cell).collect::<Vec<_>>().join(":");
        let is_id = id.chars().any(|letter| letter != ':') && !id.starts_with('_');
        if is_id && known.insert(id.clone()) {
            ids.push(id);
        }
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_from_the_named_columns_once_each() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("coins.csv");
        std::fs::write(
            &path,
            "a,coin_id\n1,x-coin\n# gone\n2,_global\n3,x-coin\n4,y\n",
        )
        .unwrap();
        assert_eq!(ids_from_csv(&path, "coin_id").unwrap(), ["x-coin", "y"]);
        assert_eq!(
            ids_from_csv(&path, "coin_id+a").unwrap(),
            ["x-coin:1", "x-coin:3", "y:4"]
        );
        assert!(matches!(
            ids_from_csv(&path, "b"),
            Err(IdsError::NoColumn { .. })
        ));
        let nowhere = folder.path().join("none.csv");
        assert!(matches!(
            ids_from_csv(&nowhere, "b"),
            Err(IdsError::Read { .. })
        ));
    }

    #[test]
    fn the_key_is_not_shown() {
        let options = Options {
            key: "CG-secret".to_owned(),
            ..Options::default()
        };
        assert!(!format!("{options:?}").contains("secret"));
    }
}
