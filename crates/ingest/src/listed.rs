//! What a catalogue lists: found by the name that is asked for, else by the vendor's own lasting id of
//! the asset. Where two names differ by case alone, a row of the configuration is written by that id.

use std::collections::BTreeMap;

use model::{SourceId, Subject};
use store::dictionary::ListingRow;

/// The entries of a catalogue, by name and by lasting id.
#[derive(Debug)]
pub(crate) struct Listed<'r> {
    space: SourceId,
    by_subject: BTreeMap<&'r Subject, &'r ListingRow>,
    /// In lower case; the first of several.
    by_id: BTreeMap<String, &'r ListingRow>,
}

impl<'r> Listed<'r> {
    /// Takes the entries of a source's catalogue.
    pub(crate) fn of(source: SourceId, rows: &'r [ListingRow]) -> Self {
        let mut listed = Self {
            space: source,
            by_subject: rows.iter().map(|row| (&row.subject, row)).collect(),
            by_id: BTreeMap::new(),
        };
        for row in rows {
            if let Some(id) = listed.id_of(row) {
                listed.by_id.entry(id.to_ascii_lowercase()).or_insert(row);
            }
        }
        listed
    }

    /// Returns the lasting id of an entry: its link in the vendor's own space.
    pub(crate) fn id_of<'a>(&self, row: &'a ListingRow) -> Option<&'a str> {
        row.links.get(self.space.as_str()).map(String::as_str)
    }

    /// Returns the entry with a lasting id, in whatever case.
    pub(crate) fn with_id(&self, id: &str) -> Option<&'r ListingRow> {
        self.by_id.get(&id.to_ascii_lowercase()).copied()
    }

    /// Returns the entry of that name, else the one that has the name for its lasting id. Only assets
    /// have one, products have not.
    pub(crate) fn find(&self, subject: &Subject) -> Option<&'r ListingRow> {
        let named = self.by_subject.get(subject).copied();
        named.or_else(|| {
            let asset = subject.asset.as_str();
            let is_asset = *subject == Subject::of_asset(asset);
            self.with_id(asset).filter(|_| is_asset)
        })
    }

    /// Whether the subject is listed; one without a product is where any product of it is.
    pub(crate) fn lists(&self, subject: &Subject) -> bool {
        self.find(subject).is_some()
            || subject.instrument.is_none()
                && (self.by_subject.range::<Subject, _>(subject..))
                    .take_while(|(one, _)| one.asset == subject.asset)
                    .any(|(one, _)| one.venue == subject.venue)
    }

    /// Names a subject, and the one listed at the same venue that is spelled most like it.
    pub(crate) fn told(&self, subject: &Subject) -> String {
        let name = |subject: &Subject| {
            let parts = [&*subject.asset.to_string(), subject.instrument.as_str()].join(" ");
            [parts.trim(), subject.venue.as_str()]
                .join(" ")
                .trim()
                .to_owned()
        };
        let own = name(subject);
        let listed = self.by_subject.keys();
        let at_venue = listed.filter(|one| one.venue == subject.venue);
        let likeness = |text: &str| strsim::jaro_winkler(&own, text);
        let nearest = at_venue
            .map(|one| name(one))
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
            .filter(|text| likeness(text) > 0.85);
        match nearest {
            Some(nearest) => format!("{own} (listed: {nearest})"),
            None => own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACME: SourceId = SourceId::new("acme");

    fn at_venue(asset: &str, product: &str, venue: &str) -> Subject {
        Subject {
            asset: asset.into(),
            instrument: product.into(),
            venue: venue.into(),
        }
    }

    fn row(subject: Subject, links: &[(&str, &str)]) -> ListingRow {
        let links = links.iter();
        ListingRow {
            subject,
            symbol: None,
            name: None,
            links: links
                .map(|(space, id)| ((*space).to_owned(), (*id).to_owned()))
                .collect(),
            active: true,
        }
    }

    #[test]
    fn a_product_is_listed_by_itself_and_an_asset_by_any_of_its_products() {
        let rows = [
            Subject::of_asset("bitcoin"),
            at_venue("BTC", "BTCUSDT", "binance"),
            at_venue("BTC", "BTC-USD", "dydx"),
        ]
        .map(|subject| row(subject, &[]));
        let listed = Listed::of(ACME, &rows);
        for (subject, expected) in [
            (Subject::of_asset("bitcoin"), true),
            (Subject::of_asset("bitconi"), false),
            (at_venue("BTC", "BTCUSDT", "binance"), true),
            (at_venue("BTC", "BTCUSDT", "dydx"), false),
            (at_venue("BTC", "", "dydx"), true),
            (at_venue("BTC", "", "bybit"), false),
            (at_venue("ETH", "", "dydx"), false),
        ] {
            assert_eq!(listed.lists(&subject), expected, "{subject:?}");
        }
        let meant = listed.told(&at_venue("BTC", "BTCUSD", "binance"));
        assert_eq!(meant, "BTC BTCUSD binance (listed: BTC BTCUSDT binance)");
        assert_eq!(listed.told(&Subject::of_asset("xyz")), "xyz");
    }

    #[test]
    fn an_asset_is_found_by_its_name_first_and_by_its_lasting_id_else() {
        let rows = [
            row(Subject::of_asset("lunc"), &[("acme", "Terra")]),
            row(Subject::of_asset("luna"), &[("acme", "terra2")]),
            row(Subject::of_asset("terra2"), &[("acme", "another")]),
            row(Subject::of_asset("elsewhere"), &[("other", "id")]),
        ];
        let listed = Listed::of(ACME, &rows);
        let found = |subject: &Subject| {
            let found = listed.find(subject);
            assert_eq!(listed.lists(subject), found.is_some(), "{subject:?}");
            found.map(|row| row.subject.asset.to_string())
        };
        for (name, expected) in [
            ("lunc", Some("lunc")),
            ("terra", Some("lunc")),
            ("TERRA", Some("lunc")),
            // Somebody else has that name.
            ("terra2", Some("terra2")),
            ("another", Some("terra2")),
            // An id in another vendor's space is none of this one.
            ("id", None),
            ("LUNC", None),
        ] {
            let subject = Subject::of_asset(name);
            assert_eq!(found(&subject).as_deref(), expected, "{name}");
        }
        assert_eq!(found(&at_venue("terra", "", "dydx")), None);
        let with_id = |id| listed.with_id(id).map(|row| row.subject.asset.to_string());
        assert_eq!(with_id("Terra2").as_deref(), Some("luna"));
    }
}
