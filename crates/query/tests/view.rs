//! `v_normalized_metrics` and the readers give the same value in the same unit, for everything that
//! the dictionary knows. Money is answered in the unit that stands beside it: pence as pounds.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::path::PathBuf;

use model::{SourceId, Ts};
use normalize::{CsvText, Dictionary, PARTS};
use query::{Reader, SeriesQuestion};
use store::dictionary::{
    CanonicalMetricRow, Dictionary as Rows, EntityIdRow, EntityRow, MetricNameRow,
};
use store::{Options, Store};
use testkit::TestDatabase;
use tokio_postgres::{Client, NoTls};

const SOURCES: [&str; 5] = ["artemis", "defillama", "velo", "coingecko", "alphavantage"];
/// What all vendors know: its id, the currency that they name, and how many of it one of theirs is.
type Thing = (&'static str, &'static str, f64);
/// Three things: of one the vendors name a currency that is not the dollar, of one none, of one a part
/// of a currency. No power of two, so that multiplying by a reciprocal shows.
const THINGS: [Thing; 3] = [
    ("thing-a", "gbp", 7.0),
    ("thing-b", "", 1_000.0),
    ("thing-c", "gbx", 3.0),
];

fn shipped() -> Dictionary {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../sources-config");
    let bytes = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let (metrics, canonical) = (bytes("metrics.csv"), bytes("canonical_metrics.csv"));
    let text = |name, bytes| CsvText { name, bytes };
    Dictionary::parse(
        text("metrics.csv", &metrics),
        text("canonical_metrics.csv", &canonical),
        &SOURCES.map(SourceId::new),
    )
    .unwrap()
}

fn rows(names: &Dictionary, things: &[Thing]) -> Rows {
    let entities = things.iter().map(|(id, ..)| EntityRow {
        canonical_id: (*id).to_owned(),
        name: (*id).to_owned(),
        symbol: String::new(),
        kind: "token".to_owned(),
        asset_class: "crypto".to_owned(),
        sector: String::new(),
        parent: String::new(),
    });
    let ids = SOURCES.iter().flat_map(|source| {
        things.iter().map(|(id, _, factor)| EntityIdRow {
            source: (*source).to_owned(),
            source_id: (*id).to_owned(),
            canonical_id: (*id).to_owned(),
            factor: *factor,
            origin: "curated".to_owned(),
        })
    });
    let canonical = names.metrics().iter().map(|metric| CanonicalMetricRow {
        metric: metric.name.to_string(),
        unit: metric.unit.to_string(),
        kind: metric.kind.to_string(),
        preferred_sources: (metric.preferred_sources.iter().map(ToString::to_string)).collect(),
        description: metric.description.clone(),
    });
    let stored = names.mappings().iter().map(|one| MetricNameRow {
        source: one.source.to_string(),
        metric: one.stored.to_string(),
        step: one.step.map(|step| step.to_string()).unwrap_or_default(),
        canonical: one.canonical.to_string(),
        unit: one.unit.to_string(),
        multiplier: one.multiplier,
        kind: one.kind.to_string(),
        scales: one.scales.to_string(),
    });
    Rows {
        entities: entities.collect(),
        ids: ids.collect(),
        canonical_metrics: canonical.collect(),
        metric_names: stored.collect(),
    }
}

async fn knowing(database: &TestDatabase, dictionary: &Rows) -> (Store, Client) {
    let options = Options {
        application_name: "test".to_owned(),
        pool_size: 2,
    };
    let store = Store::connect(&database.config(), options).await.unwrap();
    store.sync_dictionary(dictionary, None).await.unwrap();
    let (client, connection) = database.config().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    (store, client)
}

/// One point of each stored metric of each thing.
async fn fill(client: &Client) {
    for (asset, quote, _) in THINGS {
        client
            .execute(
                "INSERT INTO series (source, asset, quote, metric, step, label_shift)
                 SELECT source, $1, $2, metric, CASE step WHEN '' THEN '1d' ELSE step END, 0
                 FROM metric_names",
                &[&asset, &quote],
            )
            .await
            .unwrap();
    }
    client
        .batch_execute(
            "INSERT INTO metrics SELECT series_id, 1, '2026-01-01', series_id + 0.1 FROM series;
             INSERT INTO series_stats
             SELECT series_id, 1, 1, m.ts, m.ts, m.value, label_shift, source, metric, asset,
                    instrument, venue, quote, step
             FROM series JOIN metrics m USING (series_id)",
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn view_and_readers_agree_on_every_metric() {
    let names = shipped();
    let database = testkit::database().await;
    let (store, client) = knowing(&database, &rows(&names, &THINGS)).await;
    fill(&client).await;

    let seen = client
        .query(
            "SELECT v.source, s.metric, v.step, v.asset, v.metric, v.value, v.unit, c.unit
             FROM v_normalized_metrics v
             JOIN series s USING (series_id)
             JOIN canonical_metrics c ON c.metric = v.metric
             ORDER BY v.series_id",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(seen.len(), names.mappings().len() * THINGS.len());
    let gdp = seen.iter().find(|row| row.get::<_, &str>(1) == "REAL_GDP");
    assert_eq!(gdp.unwrap().get::<_, &str>(6), "usd");
    assert!(gdp.unwrap().get::<_, f64>(5) > 1e9);
    let parts = "SELECT code, whole, parts FROM currency_parts ORDER BY code";
    let parts = client.query(parts, &[]).await.unwrap();
    let parts: Vec<(String, String, f64)> = (parts.iter())
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    let known = PARTS.map(|part| (part.code.to_owned(), part.whole.to_owned(), part.parts));
    assert_eq!(parts, known);
    assert!(!seen.iter().any(|row| row.get::<_, &str>(6) == "gbx"));
    let (reader, now) = (Reader::new(store), Ts::parse("2026-01-03").unwrap());
    for row in seen {
        let text = |column: usize| row.get::<_, String>(column);
        let is_money = text(7) == "quote" && text(6) != "quote";
        let question = SeriesQuestion {
            source: Some(text(0)),
            metric: Some(text(1)),
            step: Some(text(2)),
            asset: Some(text(3)),
            quote: is_money.then(|| text(6)),
            ..SeriesQuestion::default()
        };
        let answer = reader.time_series(&question, now).await.unwrap();
        let value = row.get::<_, f64>(5);
        let point = answer.data.first().unwrap();
        assert_eq!(answer.metric, text(4), "{question:?}");
        assert_eq!(answer.meta.stored_metric, text(1), "{question:?}");
        assert_eq!(point.value.to_bits(), value.to_bits(), "{question:?}");
        assert_eq!(answer.meta.unit, Some(text(6)), "{question:?}");
    }
}

#[tokio::test]
async fn a_price_in_pence_is_answered_in_pounds_and_says_so() {
    let tesco = ("equity:TSCO.LON", "gbx", 1.0);
    let database = testkit::database().await;
    let (_store, client) = knowing(&database, &rows(&shipped(), &[tesco])).await;
    let closes = "INSERT INTO series (source, asset, quote, metric, step, label_shift)
                  VALUES ('alphavantage', 'equity:TSCO.LON', 'gbx', 'CLOSE', '1d', 0),
                         ('alphavantage', 'equity:TSCO.LON', 'gbx', 'VOLUME', '1d', 0);
                  INSERT INTO metrics (series_id, write_id, ts, value)
                  SELECT series_id, 1, '2026-05-15', CASE metric WHEN 'CLOSE' THEN 431.5 ELSE 9000 END
                  FROM series WHERE asset = 'equity:TSCO.LON'";
    client.batch_execute(closes).await.unwrap();
    let told = "SELECT string_agg(concat_ws(' ', metric, value, unit), ', ' ORDER BY metric)
                FROM v_normalized_metrics WHERE canonical_id = 'equity:TSCO.LON'";
    let told: String = client.query_one(told, &[]).await.unwrap().get(0);
    assert_eq!(told, "PRICE 4.315 gbp, VOLUME_SHARES 9000 shares");
}
