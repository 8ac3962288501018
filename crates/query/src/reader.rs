//! The store with the names that questions use, kept for a while.

use std::collections::HashSet;
use std::sync::Arc;

use entity_master::Resolver;
use model::{SourceId, Ts};
use store::Store;
use store::read::{self, SeriesFilter, StatRow};
use tokio::sync::RwLock;

use crate::candidate::Candidate;
use crate::names::{Asset, Names, intern};
use crate::{Error, Problem, load};

/// Names are read again after this: the collector loads a changed dictionary at its reload.
const NAMES_LIVE_SECS: i64 = 60;

/// Answers questions. One a process, shared by all its threads.
#[derive(Debug)]
pub struct Reader {
    store: Store,
    names: RwLock<Option<(Ts, Arc<Names>)>>,
}

impl Reader {
    /// Takes the store to read from.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            names: RwLock::new(None),
        }
    }

    /// Returns the store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) async fn names(&self, now: Ts) -> Result<Arc<Names>, Error> {
        let fresh = |read_at: Ts| {
            let age = now.secs() - read_at.secs();
            (0..NAMES_LIVE_SECS).contains(&age)
        };
        if let Some((read_at, names)) = &*self.names.read().await
            && fresh(*read_at)
        {
            return Ok(Arc::clone(names));
        }
        let mut kept = self.names.write().await;
        if let Some((read_at, names)) = &*kept
            && fresh(*read_at)
        {
            return Ok(Arc::clone(names));
        }
        let names = Arc::new(self.load_names().await?);
        *kept = Some((now, Arc::clone(&names)));
        Ok(names)
    }

    async fn load_names(&self) -> Result<Names, Error> {
        let rows = read::dictionary(&self.store).await?;
        let with_points = read::sources(&self.store).await?;
        let with_points = with_points.iter().map(|row| intern(&row.source));
        let (master, dictionary) = load::names(rows);
        Ok(Names::new(Resolver::new(master), dictionary, with_points))
    }

    /// Returns what a text means.
    pub(crate) async fn asset(
        &self,
        names: &Names,
        text: &str,
        source: Option<SourceId>,
    ) -> Result<Asset, Error> {
        match names.asset(text, source) {
            Err(problem @ Problem::Unknown { .. }) => {
                let unmapped = Asset::unmapped(text);
                let there = self.there(unmapped.id_list()).await?;
                let known = Some(unmapped).filter(|asset| asset.is_among(&there));
                known.ok_or_else(|| problem.into())
            }
            found => Ok(found?),
        }
    }

    /// Returns what each of several texts means, in one look at the database.
    pub(crate) async fn assets(
        &self,
        names: &Names,
        texts: &[String],
        source: Option<SourceId>,
    ) -> Result<Vec<Result<Asset, Problem>>, Error> {
        let found: Vec<_> = texts
            .iter()
            .map(|text| names.asset(text, source).map_err(|why| (text, why)))
            .collect();
        let unmapped: Vec<Asset> = found
            .iter()
            .filter_map(|one| match one {
                Err((text, Problem::Unknown { .. })) => Some(Asset::unmapped(text)),
                _ => None,
            })
            .collect();
        let ids = unmapped.iter().flat_map(Asset::id_list);
        let there = self.there(ids).await?;
        let mut unmapped = unmapped.into_iter();
        let known = found.into_iter().map(|one| match one {
            Err((_, why @ Problem::Unknown { .. })) => unmapped
                .next()
                .filter(|asset| asset.is_among(&there))
                .ok_or(why),
            Err((_, why)) => Err(why),
            Ok(asset) => Ok(asset),
        });
        Ok(known.collect())
    }

    /// Returns those ids that have points: a text that names no entity may be a vendor's id that
    /// nobody has mapped, which the database knows.
    async fn there(&self, ids: impl Iterator<Item = String>) -> Result<HashSet<String>, Error> {
        let ids: Vec<String> = ids.collect();
        let there = if ids.is_empty() {
            Vec::new()
        } else {
            read::assets_there(&self.store, &ids).await?
        };
        Ok(there.into_iter().collect())
    }

    /// Returns the series that bear one of the asset's ids, with and without points.
    pub(crate) async fn series_of(
        &self,
        names: &Names,
        asset: &Asset,
    ) -> Result<Vec<Candidate>, Error> {
        let assets: Vec<String> = asset.id_list().collect();
        if assets.is_empty() {
            return Ok(Vec::new());
        }
        let filter = SeriesFilter {
            assets,
            ..SeriesFilter::default()
        };
        let rows = read::find_series(&self.store, &filter).await?;
        let candidates = meanings(names, rows);
        Ok(candidates
            .filter(|one| asset.is(one.source, &one.asset))
            .collect())
    }
}

/// Gives rows their meaning.
pub(crate) fn meanings(names: &Names, rows: Vec<StatRow>) -> impl Iterator<Item = Candidate> + '_ {
    rows.into_iter().filter_map(|row| names.candidate(row))
}
