//! Newest values by what they are about, a page of names at a time: whoever shows ten of ten
//! thousand assets reads ten.

use super::series::{ENDS, NAMES, Parameters, SeriesFilter, StatRow, Statement, read};
use crate::{Error, Store};

/// Which newest values. Takes too much rather than too little: what a quote or a venue means is
/// the caller's business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedFilter {
    /// Names as stored, exactly.
    pub series: SeriesFilter,
    /// Stored metrics, with their sources, whose quote may be any whatever `series.quotes` says.
    pub any_quote: Vec<(String, String)>,
    /// Where it trades, in lower case with `-` between words; none is anywhere.
    pub venue: Option<String>,
}

/// A newest value and what it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedRow {
    /// The entity's canonical id, or `source:asset` where nobody has mapped the asset.
    pub name: String,
    /// The series.
    pub row: StatRow,
}

/// Returns the newest value of each series of `filter` that has one, by name from `from` on: all
/// those of as many names as it takes to reach `at_least` series. Fewer are all there are.
///
/// # Errors
/// Those of the database.
pub async fn latest_by_name(
    store: &Store,
    filter: &NamedFilter,
    from: &str,
    at_least: i64,
) -> Result<Vec<NamedRow>, Error> {
    // Columns that go with each other travel apart: there is no binary form of pairs.
    let (sources, metrics): (Vec<&str>, Vec<&str>) = (filter.any_quote.iter())
        .map(|(source, metric)| (source.as_str(), metric.as_str()))
        .unzip();
    let exact = SeriesFilter {
        quotes: Vec::new(),
        ..filter.series.clone()
    };
    let mut asked = Statement::default();
    asked.keep(&exact);
    let quotes = &filter.series.quotes;
    if !quotes.is_empty() {
        asked
            .parameters
            .extend::<Parameters<'_>>(vec![quotes, &sources, &metrics]);
        let place = asked.parameters.len();
        asked.parts.push(format!(
            "(quote = ANY (${}) OR (source, metric) IN (SELECT * FROM unnest(${}::text[], ${}::text[])))",
            place - 2,
            place - 1,
            place
        ));
    }
    if let Some(venue) = &filter.venue {
        asked.parameters.push(venue);
        let place = asked.parameters.len();
        asked
            .parts
            .push(format!("lower(translate(venue, '_ ', '--')) = ${place}"));
    }
    asked
        .parameters
        .extend::<Parameters<'_>>(vec![&from, &at_least]);
    let place = asked.parameters.len();
    let sql = format!(
        "SELECT {NAMES}, points, {ENDS}, name
         FROM (SELECT t.*, coalesce(e.canonical_id, t.source || ':' || t.asset) COLLATE \"C\" AS name
               FROM (SELECT * FROM series_stats {}) AS t
               LEFT JOIN entity_source_ids e ON e.source = t.source AND e.source_id = t.asset) AS n
         WHERE name >= ${}
         ORDER BY name FETCH FIRST (${}) ROWS WITH TIES",
        asked.conditions(),
        place - 1,
        place
    );
    let client = store.client().await?;
    let rows = client.query(&sql, &asked.parameters).await?;
    Ok((rows.iter())
        .map(|row| NamedRow {
            name: row.get("name"),
            row: read(row),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;

    /// A hundred assets of one vendor at two steps, in two quotes; the first three mean entities
    /// whose names come last.
    async fn filled() -> (testkit::TestDatabase, Store) {
        let database = testkit::database().await;
        let options = Options {
            application_name: "test".to_owned(),
            pool_size: 1,
        };
        let store = Store::connect(&database.config(), options).await.unwrap();
        let client = store.client().await.unwrap();
        client
            .batch_execute(
                "INSERT INTO series (source, asset, venue, quote, metric, step, label_shift)
                 SELECT 'acme', 'a' || lpad(a::text, 3, '0'), 'New_York', q, 'PRICE', st, 0
                 FROM generate_series(1, 100) AS a, unnest('{usd,eur}'::text[]) AS q,
                      unnest('{1h,1d}'::text[]) AS st;
                 INSERT INTO series_stats
                 SELECT series_id, 1, 1, '2026-01-01', '2026-01-01', 1, label_shift, source,
                        metric, asset, instrument, venue, quote, step
                 FROM series;
                 INSERT INTO entities (canonical_id, name, symbol, type, asset_class, sector)
                 SELECT 'zz-' || n, '', '', 'token', 'crypto', '' FROM generate_series(1, 3) AS n;
                 INSERT INTO entity_source_ids
                 SELECT 'acme', 'a00' || n, 'zz-' || n, 1, 'curated'
                 FROM generate_series(1, 3) AS n",
            )
            .await
            .unwrap();
        drop(client);
        (database, store)
    }

    async fn names(store: &Store, filter: &NamedFilter, from: &str, at_least: i64) -> Vec<String> {
        let rows = latest_by_name(store, filter, from, at_least).await.unwrap();
        rows.into_iter().map(|row| row.name).collect()
    }

    #[tokio::test]
    async fn a_page_reads_what_it_shows_and_names_come_whole() {
        let (_database, store) = filled().await;
        let any = NamedFilter::default();
        let page = names(&store, &any, "", 6).await;
        let mut expected = vec!["acme:a004"; 4];
        expected.extend(["acme:a005"; 4]);
        assert_eq!(page, expected);
        let next = names(&store, &any, "acme:a005\u{1}", 1).await;
        assert_eq!(next, ["acme:a006"; 4]);
        let last = names(&store, &any, "acme:a100\u{1}", 100).await;
        assert_eq!(last.len(), 12);
        assert_eq!(last.last().map(String::as_str), Some("zz-3"));
    }

    #[tokio::test]
    async fn filters_hold_before_the_page_is_cut() {
        let (_database, store) = filled().await;
        let euro = NamedFilter {
            series: SeriesFilter {
                quotes: vec!["eur".to_owned()],
                steps: vec!["1d".to_owned()],
                ..SeriesFilter::default()
            },
            venue: Some("new-york".to_owned()),
            ..NamedFilter::default()
        };
        assert_eq!(
            names(&store, &euro, "", 2).await,
            ["acme:a004", "acme:a005"]
        );
        let any_quote = NamedFilter {
            any_quote: vec![("acme".to_owned(), "PRICE".to_owned())],
            ..euro.clone()
        };
        assert_eq!(names(&store, &any_quote, "", 2).await, ["acme:a004"; 2]);
        let elsewhere = NamedFilter {
            venue: Some("newyork".to_owned()),
            ..euro
        };
        assert!(names(&store, &elsewhere, "", 2).await.is_empty());
    }
}
