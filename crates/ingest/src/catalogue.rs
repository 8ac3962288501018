//! The vendors' catalogues: when they are read, how one is taken in, and what follows from them.

use std::collections::{BTreeMap, BTreeSet};

use model::{DatasetId, Key, PullKind, SeriesSpec, SourceId, Step, Subject, Ts};
use source::{DatasetSpec, Listing, Role};
use store::{Store, dictionary::ListingRow};

use crate::{
    Error, Filter, Summary, collector::Collector, fetch::ParsedBlock, identity::strangers,
    listed::Listed, pull::Pull,
};

/// A catalogue that is due within this is read now: ticks come once an hour, and the answer to the
/// last one came a moment after its tick.
const SLACK_SECS: i64 = 30 * 60;
const DAY_SECS: i64 = 86_400;
/// Unlisted assets that are named; all are counted.
const NAMED_UNLISTED: usize = 20;

/// Rows of the configuration that stand for products of which no catalogue has named one yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unnamed {
    /// Their catalogue was never read.
    pub unread: u64,
    /// Their catalogue, as last read, lists no product of theirs.
    pub unlisted: u64,
}

impl Collector {
    /// Reads the vendor's catalogues.
    ///
    /// # Errors
    /// Where the database is unusable.
    pub async fn refresh_catalogue(&self, run_id: &str) -> Result<Summary, Error> {
        self.read_catalogues(run_id, &self.datasets(is_catalogue))
            .await
    }

    /// Reads the catalogues whose last good reading is a cadence ago, whoever made it; nothing where
    /// none is due.
    ///
    /// # Errors
    /// Where the database is unusable.
    pub async fn refresh_due_catalogue(&self, run_id: &str) -> Result<Option<Summary>, Error> {
        let mut due = Vec::new();
        for dataset in self.datasets(is_catalogue) {
            let seen_at = self.catalogue_seen_at(dataset.id).await?;
            let now = self.clock.now();
            if seen_at.is_none_or(|seen_at| !is_fresh(seen_at, now, dataset.cadence_secs)) {
                due.push(dataset);
            }
        }
        if due.is_empty() {
            return Ok(None);
        }
        self.read_catalogues(run_id, &due).await.map(Some)
    }

    /// Reads the catalogues where rows of the configuration wait for one that was never read. Every
    /// job that collects by itself does so first; whoever shows a bill before it calls this before.
    ///
    /// # Errors
    /// Where the database is unusable.
    pub async fn read_unread_catalogues(&self, run_id: &str) -> Result<Summary, Error> {
        if self.unnamed(&Filter::default()).await?.unread > 0 {
            return self.refresh_catalogue(run_id).await;
        }
        Ok(Summary::new(self.id(), PullKind::Live))
    }

    /// Counts the rows of the configuration, of those that a filter takes, that stand for products
    /// which no catalogue has named.
    pub(crate) async fn unnamed(&self, filter: &Filter) -> Result<Unnamed, Error> {
        let selectors: Vec<&SeriesSpec> = self.selectors(filter).collect();
        if selectors.is_empty() {
            return Ok(Unnamed::default());
        }
        let listed = || listed(&self.store, self.id());
        let listed = self.outage.through(listed).await?;
        // A row has a series for each of its metrics.
        let rows: BTreeSet<(&Key, Step)> = (selectors.into_iter())
            .filter(|spec| self.source.select(spec, &listed).is_empty())
            .map(|spec| (&spec.series.key, spec.series.step))
            .collect();
        let mut read = BTreeMap::new();
        let mut unnamed = Unnamed::default();
        for (key, _) in rows {
            let catalogue = self.source.catalogue_of(key);
            let is_read = match (catalogue, read.get(&catalogue)) {
                (_, Some(is_read)) => *is_read,
                (Some(dataset), None) => self.catalogue_seen_at(dataset).await?.is_some(),
                (None, None) => true,
            };
            read.insert(catalogue, is_read);
            match is_read {
                true => unnamed.unlisted += 1,
                false => unnamed.unread += 1,
            }
        }
        Ok(unnamed)
    }

    /// Returns the enabled rows that a filter takes and that stand for the products of an asset.
    pub(crate) fn selectors<'a>(
        &'a self,
        filter: &'a Filter,
    ) -> impl Iterator<Item = &'a SeriesSpec> {
        (self.configured().iter()).filter(|spec| {
            spec.enabled && self.source.is_selector(&spec.series) && filter.takes(&spec.series)
        })
    }

    async fn catalogue_seen_at(&self, dataset: DatasetId) -> Result<Option<Ts>, Error> {
        let seen_at = || self.store.listings_seen_at(self.id(), dataset);
        Ok(self.outage.through(seen_at).await?)
    }

    async fn read_catalogues(
        &self,
        run_id: &str,
        datasets: &[DatasetSpec],
    ) -> Result<Summary, Error> {
        let mut summary = Summary::new(self.id(), PullKind::Live);
        let everything = Filter::default();
        (self.present(run_id, datasets, &everything, &mut summary)).await?;
        let selects = |spec: &SeriesSpec| self.source.is_selector(&spec.series);
        if self.configured().iter().any(selects) {
            self.select_series().await?;
        }
        self.warn_of_unlisted().await?;
        Ok(summary)
    }

    pub(crate) async fn take_in_listings(
        &self,
        pull: &Pull<'_>,
        parsed: ParsedBlock,
    ) -> Result<(), Error> {
        let rows: Vec<ListingRow> = parsed.listings.into_iter().map(listing_row).collect();
        let (dataset, now) = (pull.dataset.id, self.clock.now());
        self.reign.check().await?;
        let sync = || self.store.sync_listings(pull.source, dataset, &rows, now);
        match self.outage.through(sync).await {
            Ok(changes) => {
                tracing::info!(
                    source = %pull.source, %dataset, listed = rows.len(), ?changes, "catalogue read"
                );
                let all: Vec<ListingRow> = rows.into_iter().filter(|row| row.active).collect();
                let listed: Vec<Subject> = all.iter().map(|row| row.subject.clone()).collect();
                let forget = || self.store.forget_end(pull.source, &listed);
                self.outage.through(forget).await?;
                self.end_vanished(pull, now).await?;
                self.note_strangers(pull, &all);
                pull.tally.good();
                self.refresh_facts().await
            }
            // The vendor's bad day, not ours: nothing was changed, the next refresh asks again.
            Err(error @ store::Error::Catalogue { .. }) => {
                tracing::warn!(source = %pull.source, %dataset, %error, "catalogue refused");
                pull.tally.failed("malformed", &error.to_string());
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Says of each name that means another asset now what it was and what it is. The pull counts it
    /// among its failures, so that it is seen for as long as nobody mends the row.
    fn note_strangers(&self, pull: &Pull<'_>, listed: &[ListingRow]) {
        let keys = (self.configured().iter())
            .filter(|spec| spec.enabled)
            .map(|spec| &spec.series.key)
            .filter(|key| self.source.catalogue_of(key) == Some(pull.dataset.id));
        for told in strangers(&*self.source, keys, listed) {
            tracing::error!(source = %pull.source, dataset = %pull.dataset.id, "{told}");
            pull.tally.failed("another_asset", &told);
        }
    }

    /// Ends what this reading has missed as well as one about a day ago: a catalogue may lack an entry
    /// for a day. An end that the vendor itself names stays.
    async fn end_vanished(&self, pull: &Pull<'_>, now: Ts) -> Result<(), Error> {
        let (dataset, before) = (pull.dataset.id, now.plus_secs(SLACK_SECS - DAY_SECS));
        let end = || (self.store).end_vanished(pull.source, dataset, before, now);
        let ended = self.outage.through(end).await?;
        if ended > 0 {
            tracing::warn!(
                source = %pull.source, %dataset, ended, "no longer in the vendor's catalogue: ended"
            );
        }
        Ok(())
    }

    /// Names what is configured and not listed, with what it may have meant: renamed, delisted, or a
    /// slip of the pen.
    async fn warn_of_unlisted(&self) -> Result<(), Error> {
        let mut catalogues: BTreeMap<String, Vec<ListingRow>> = BTreeMap::new();
        let listings = || self.store.listings(self.id());
        for (dataset, row) in self.outage.through(listings).await? {
            if row.active {
                catalogues.entry(dataset).or_default().push(row);
            }
        }
        let catalogues: BTreeMap<&str, Listed<'_>> = (catalogues.iter())
            .map(|(dataset, rows)| (dataset.as_str(), Listed::of(self.id(), rows)))
            .collect();
        let (index, selectors) = (self.index(), self.configured().iter());
        let selectors = selectors.map(|spec| &spec.series);
        let selectors = selectors.filter(|series| self.source.is_selector(series));
        let configured = index.rows().iter().map(|row| &row.series).chain(selectors);
        let keys: BTreeSet<&Key> = configured.map(|series| &series.key).collect();
        let mut unlisted = BTreeSet::new();
        for key in keys {
            let catalogue = self.source.catalogue_of(key);
            let listed = catalogue.and_then(|dataset| catalogues.get(dataset.as_str()));
            let subject = key.subject();
            if let Some(listed) = listed.filter(|listed| !listed.lists(&subject)) {
                unlisted.insert(listed.told(&subject));
            }
        }
        if !unlisted.is_empty() {
            let count = unlisted.len();
            let named: Vec<String> = unlisted.into_iter().take(NAMED_UNLISTED).collect();
            tracing::warn!(
                source = %self.id(), count, assets = named.join(", "),
                "configured, and not in the vendor's catalogue"
            );
        }
        Ok(())
    }
}

/// Whether the dataset says what the vendor has.
pub(crate) fn is_catalogue(dataset: &DatasetSpec) -> bool {
    dataset.role == Role::Catalogue
}

/// Returns what the catalogues of a source have ever listed.
pub(crate) async fn listed(store: &Store, source: SourceId) -> Result<Vec<Listing>, store::Error> {
    let rows = store.listings(source).await?.into_iter();
    Ok(rows.map(|(_, row)| listing(row)).collect())
}

fn listing_row(listing: Listing) -> ListingRow {
    ListingRow {
        subject: listing.subject,
        symbol: listing.symbol,
        name: listing.name,
        links: listing.links.into_iter().collect(),
        active: listing.active,
    }
}

fn listing(row: ListingRow) -> Listing {
    Listing {
        subject: row.subject,
        symbol: row.symbol,
        name: row.name,
        links: row.links.into_iter().collect(),
        active: row.active,
    }
}

/// Whether a catalogue read at `seen_at` need not be read yet. One from the future says nothing.
fn is_fresh(seen_at: Ts, now: Ts, cadence_secs: i64) -> bool {
    (0..cadence_secs - SLACK_SECS).contains(&(now.secs() - seen_at.secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_later_it_is_due_at_the_tick_of_the_same_minute() {
        let at = |text| Ts::parse(text).unwrap();
        let seen_at = at("2026-11-22T10:03:07Z");
        for (now, fresh) in [
            ("2026-11-22T10:03:07Z", true),
            ("2026-11-23T09:03:00Z", true),
            ("2026-11-23T10:03:00Z", false),
            ("2026-12-23T10:03:00Z", false),
            ("2026-11-22T10:03:00Z", false),
        ] {
            assert_eq!(is_fresh(seen_at, at(now), 86_400), fresh, "{now}");
        }
    }
}
