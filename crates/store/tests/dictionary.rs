//! The dictionary follows the curated files, the catalogue what the vendor lists.

#![allow(
    clippy::unwrap_used,
    reason = "test code: a failure is to be seen where it happens"
)]

use std::collections::BTreeMap;

use model::{DatasetId, SourceId, Subject, Ts};
use store::{
    Error, Options, Store,
    dictionary::{
        CanonicalMetricRow, Dictionary, EntityIdRow, EntityRow, ListingChanges, ListingRow,
        MetricNameRow,
    },
};
use testkit::TestDatabase;
use tokio_postgres::{Client, NoTls};

const SOURCE: SourceId = SourceId::new("vendor");
const LIST: DatasetId = DatasetId::new("list");

async fn open() -> (TestDatabase, Store, Client) {
    let database = testkit::database().await;
    let options = Options {
        application_name: "test".to_owned(),
        pool_size: 3,
    };
    let store = Store::connect(&database.config(), options).await.unwrap();
    let (client, connection) = database.config().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    (database, store, client)
}

fn entity(id: &str) -> EntityRow {
    EntityRow {
        canonical_id: id.to_owned(),
        name: id.to_uppercase(),
        symbol: "X".to_owned(),
        kind: "token".to_owned(),
        asset_class: "crypto".to_owned(),
        sector: "layer-1".to_owned(),
        parent: String::new(),
    }
}

fn id(source_id: &str, canonical_id: &str) -> EntityIdRow {
    EntityIdRow {
        source: "vendor".to_owned(),
        source_id: source_id.to_owned(),
        canonical_id: canonical_id.to_owned(),
        factor: 1.0,
        origin: "curated".to_owned(),
    }
}

fn files() -> Dictionary {
    let metric = |name: &str| CanonicalMetricRow {
        metric: name.to_owned(),
        unit: "quote".to_owned(),
        kind: "level".to_owned(),
        preferred_sources: vec!["coingecko".to_owned(), "velo".to_owned()],
        description: "What one costs.".to_owned(),
    };
    let stored = |name: &str, step: &str, canonical: &str| MetricNameRow {
        source: "vendor".to_owned(),
        metric: name.to_owned(),
        step: step.to_owned(),
        canonical: canonical.to_owned(),
        unit: "quote".to_owned(),
        multiplier: 1.0,
        kind: "level".to_owned(),
        scales: "price".to_owned(),
    };
    Dictionary {
        entities: vec![entity("bitcoin"), entity("ethereum")],
        ids: vec![id("btc", "bitcoin"), id("eth", "ethereum")],
        canonical_metrics: vec![metric("PRICE"), metric("CLOSE")],
        metric_names: vec![
            stored("CLOSE_PRICE", "", "PRICE"),
            stored("C", "1h", "CLOSE"),
        ],
    }
}

/// Every row with the transaction that wrote it.
async fn print(sql: &Client) -> Vec<String> {
    sql.query(
        "SELECT t FROM ( \
           SELECT concat_ws(',', xmin, x) AS t FROM entities x \
           UNION ALL SELECT concat_ws(',', xmin, x) FROM entity_source_ids x \
           UNION ALL SELECT concat_ws(',', xmin, x) FROM canonical_metrics x \
           UNION ALL SELECT concat_ws(',', xmin, x) FROM metric_names x) AS rows ORDER BY t",
        &[],
    )
    .await
    .unwrap()
    .iter()
    .map(|row| row.get(0))
    .collect()
}

#[tokio::test]
async fn loading_twice_touches_nothing_and_a_change_touches_its_row() {
    let (_database, store, sql) = open().await;
    let mut dictionary = files();
    store.sync_dictionary(&dictionary, None).await.unwrap();
    let before = print(&sql).await;
    assert_eq!(before.len(), 8);
    store.sync_dictionary(&dictionary, None).await.unwrap();
    assert_eq!(print(&sql).await, before);

    dictionary.entities.first_mut().unwrap().sector = "store-of-value".to_owned();
    dictionary.ids.last_mut().unwrap().factor = 1_000.0;
    dictionary.metric_names.pop();
    dictionary.canonical_metrics.pop();
    store.sync_dictionary(&dictionary, None).await.unwrap();
    let after = print(&sql).await;
    assert_eq!(after.len(), 6);
    assert_eq!(after.iter().filter(|row| before.contains(row)).count(), 4);
}

#[tokio::test]
async fn what_a_rule_found_stays_and_what_people_removed_goes() {
    let (_database, store, sql) = open().await;
    let mut dictionary = files();
    store.sync_dictionary(&dictionary, None).await.unwrap();
    sql.batch_execute(
        "INSERT INTO entity_source_ids VALUES \
             ('vendor', 'eth2', 'ethereum', 1, 'auto:symbol'), \
             ('vendor', 'sol', 'ethereum', 1, 'auto:symbol')",
    )
    .await
    .unwrap();
    // Ethereum leaves the files, but a rule still means it; people now say what sol is.
    dictionary.entities = vec![entity("bitcoin"), entity("solana")];
    dictionary.ids = vec![id("btc", "bitcoin"), id("sol", "solana")];
    store.sync_dictionary(&dictionary, None).await.unwrap();
    let rows = sql
        .query(
            "SELECT source_id || '>' || canonical_id || ' ' || origin \
             FROM entity_source_ids ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    let rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(
        rows,
        [
            "btc>bitcoin curated",
            "eth2>ethereum auto:symbol",
            "sol>solana curated"
        ]
    );
    let entities = sql
        .query("SELECT 1 FROM entities", &[])
        .await
        .unwrap()
        .len();
    assert_eq!(entities, 3);
}

#[tokio::test]
async fn an_id_of_nobody_changes_nothing() {
    let (_database, store, sql) = open().await;
    let mut dictionary = files();
    dictionary.ids.push(id("x", "no-such-entity"));
    let error = store.sync_dictionary(&dictionary, None).await.unwrap_err();
    assert!(matches!(error, Error::Database { .. }));
    assert_eq!(print(&sql).await, [""; 0]);
}

fn listing(asset: &str, name: &str) -> ListingRow {
    ListingRow {
        subject: Subject::of_asset(asset),
        symbol: Some("s".to_owned()),
        name: Some(name.to_owned()),
        links: BTreeMap::from([("ethereum".to_owned(), "0x1".to_owned())]),
        active: true,
    }
}

#[tokio::test]
async fn a_catalogue_says_what_came_changed_and_went() {
    let (_database, store, sql) = open().await;
    let day = |n| Ts::parse("2026-01-01").unwrap().plus_days(n);
    let four = ["a", "b", "c", "d"].map(|asset| listing(asset, "N"));
    let sync = |rows: Vec<ListingRow>, at| {
        let store = store.clone();
        async move { store.sync_listings(SOURCE, LIST, &rows, at).await }
    };
    let changes = sync(four.to_vec(), day(0)).await.unwrap();
    assert_eq!(changes.added, 4);
    let changes = sync(four.to_vec(), day(1)).await.unwrap();
    assert_eq!(changes, ListingChanges::default());

    let three = vec![
        listing("a", "N\0ew"),
        listing("b", "N"),
        listing("e", "N"),
        listing("e", "N"),
    ];
    let changes = sync(three, day(2)).await.unwrap();
    assert_eq!(
        changes,
        ListingChanges {
            added: 1,
            changed: 1,
            returned: 0,
            vanished: 2
        }
    );
    let changes = sync(four.to_vec(), day(3)).await.unwrap();
    assert_eq!(
        changes,
        ListingChanges {
            added: 0,
            changed: 1,
            returned: 2,
            vanished: 1
        }
    );
    for suspicious in [Vec::new(), vec![listing("a", "N")]] {
        let error = sync(suspicious, day(4)).await.unwrap_err();
        assert!(matches!(error, Error::Catalogue { known: 4, .. }));
    }
    let active: i64 = sql
        .query_one("SELECT count(*) FROM listings WHERE active", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(active, 4);
}

#[tokio::test]
async fn catalogues_of_one_source_do_not_touch_each_other() {
    let (_database, store, _sql) = open().await;
    let day = |n| Ts::parse("2026-01-01").unwrap().plus_days(n);
    let gone = DatasetId::new("gone");
    let at_venue = |asset: &str, venue: &str, active| ListingRow {
        subject: Subject {
            venue: venue.into(),
            instrument: "P".into(),
            ..Subject::of_asset(asset)
        },
        active,
        ..listing(asset, "N")
    };
    let current = [at_venue("a", "x", true), at_venue("a", "y", true)];
    store
        .sync_listings(SOURCE, LIST, &current, day(0))
        .await
        .unwrap();
    // A catalogue that never named anything may name nothing.
    store
        .sync_listings(SOURCE, gone, &[], day(1))
        .await
        .unwrap();
    assert_eq!(store.listings_seen_at(SOURCE, gone).await.unwrap(), None);
    let ended = at_venue("b", "x", false);
    let changes = (store.sync_listings(SOURCE, gone, std::slice::from_ref(&ended), day(1)))
        .await
        .unwrap();
    assert_eq!((changes.added, changes.vanished), (1, 0));
    let one = &current[..1];
    let changes = store
        .sync_listings(SOURCE, LIST, one, day(2))
        .await
        .unwrap();
    assert_eq!(changes.vanished, 1);
    let all: Vec<_> = store.listings(SOURCE).await.unwrap();
    let of = |dataset: DatasetId, row: &ListingRow| (dataset.as_str().to_owned(), row.clone());
    let vanished = at_venue("a", "y", false);
    let expected = [of(gone, &ended), of(LIST, &current[0]), of(LIST, &vanished)];
    assert_eq!(all, expected);
}

#[tokio::test]
async fn who_no_longer_leads_changes_nothing() {
    let (_database, store, sql) = open().await;
    let session = store.session("one").await.unwrap();
    let now = Ts::parse("2026-05-18").unwrap();
    let epoch = session.try_lead(now).await.unwrap();
    let mut dictionary = files();
    store.sync_dictionary(&dictionary, epoch).await.unwrap();
    let before = print(&sql).await;
    let raise = "UPDATE leader SET epoch = epoch + 1";
    sql.batch_execute(raise).await.unwrap();
    dictionary.metric_names.pop();
    let refused = store.sync_dictionary(&dictionary, epoch).await.unwrap_err();
    assert!(matches!(refused, Error::LeadershipLost { .. }), "{refused}");
    assert_eq!(print(&sql).await, before);
}
