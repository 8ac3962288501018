//! The vendors' catalogues: when they are read, and how one is taken in.

use std::collections::BTreeSet;

use model::Ts;
use source::Role;
use store::dictionary::ListingRow;

use crate::{Error, Summary, collector::Collector, fetch::ParsedBlock, pull::Pull};

/// A catalogue that is due within this is read now: ticks come once an hour, and the answer to the
/// last one came a moment after its tick.
const SLACK_SECS: i64 = 30 * 60;
/// Unlisted assets that are named; all are counted.
const NAMED_UNLISTED: usize = 20;

impl Collector {
    /// Reads the catalogues where the last good reading is a cadence ago, whoever made it; nothing
    /// where none is due.
    ///
    /// # Errors
    /// Where the database is unusable.
    pub async fn refresh_due_catalogue(&self, run_id: &str) -> Result<Option<Summary>, Error> {
        let cadence_secs = (self.source.datasets().iter())
            .filter(|dataset| dataset.role == Role::Catalogue)
            .map(|dataset| dataset.cadence_secs)
            .min();
        let Some(cadence_secs) = cadence_secs else {
            return Ok(None);
        };
        let seen_at = self.store.listings_seen_at(self.id()).await?;
        if seen_at.is_some_and(|seen_at| is_fresh(seen_at, self.clock.now(), cadence_secs)) {
            return Ok(None);
        }
        self.refresh_catalogue(run_id).await.map(Some)
    }

    pub(crate) async fn take_in_listings(
        &self,
        pull: &Pull<'_>,
        parsed: ParsedBlock,
    ) -> Result<(), Error> {
        let listed = parsed.listings.into_iter().filter(|listing| listing.active);
        let rows: Vec<ListingRow> = listed.map(listing_row).collect();
        match self
            .store
            .sync_listings(pull.source, &rows, self.clock.now())
            .await
        {
            Ok(changes) => {
                tracing::info!(source = %pull.source, listed = rows.len(), ?changes, "catalogue read");
                self.warn_of_unlisted(&rows);
                pull.tally.good();
                Ok(())
            }
            // The vendor's bad day, not ours: nothing was changed, the next refresh asks again.
            Err(error @ store::Error::Catalogue { .. }) => {
                tracing::warn!(source = %pull.source, %error, "catalogue refused");
                pull.tally.failed("malformed", &error.to_string());
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Names what is configured and not listed: renamed, delisted, or a slip of the pen.
    fn warn_of_unlisted(&self, rows: &[ListingRow]) {
        let configured = self
            .index
            .rows()
            .iter()
            .map(|row| row.series.key.asset.as_str());
        let unlisted = unlisted(configured, rows);
        if !unlisted.is_empty() {
            let named: Vec<&str> = unlisted.iter().copied().take(NAMED_UNLISTED).collect();
            tracing::warn!(
                source = %self.id(), count = unlisted.len(), assets = named.join(","),
                "configured, and not in the vendor's catalogue"
            );
        }
    }
}

/// Returns the configured assets that no row lists. What begins with `_` is a name of ours.
fn unlisted<'a>(
    configured: impl Iterator<Item = &'a str>,
    rows: &[ListingRow],
) -> BTreeSet<&'a str> {
    let listed: BTreeSet<&str> = rows.iter().map(|row| row.asset.as_str()).collect();
    configured
        .filter(|asset| !asset.starts_with('_') && !listed.contains(asset))
        .collect()
}

fn listing_row(listing: source::Listing) -> ListingRow {
    ListingRow {
        asset: listing.asset.as_str().to_owned(),
        symbol: listing.symbol,
        name: listing.name,
        links: listing.links.into_iter().collect(),
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
    fn what_is_configured_and_not_listed_is_named_once() {
        let row = |asset: &str| ListingRow {
            asset: asset.to_owned(),
            symbol: None,
            name: None,
            links: std::collections::BTreeMap::new(),
        };
        let configured = ["bitcoin", "bitcoin", "bitconi", "_global"];
        let missing = unlisted(configured.into_iter(), &[row("bitcoin"), row("ethereum")]);
        assert_eq!(missing.into_iter().collect::<Vec<_>>(), ["bitconi"]);
    }

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
