//! `/latest`, `/sources`, `/` and the probes over a real database.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use actix_web::test::TestRequest;
use actix_web::web::Data;
use apid::Api;
use query::Reader;
use serde_json::{Value, json};
use support::{Fixture, empty, filled, now};

/// Canonical id, source and venue of each row.
fn rows(body: &Value) -> Vec<String> {
    let rows = body["data"].as_array().unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    rows.iter()
        .map(|row| {
            ["canonical_id", "source", "venue"]
                .map(|key| text(row, key))
                .join(" ")
        })
        .collect()
}

#[actix_web::test]
async fn one_row_an_asset_from_its_preferred_source() {
    let world = filled().await;
    let answer = world.get("/latest?metric=price").await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(
        rows(&answer.body),
        ["bitcoin coingecko ", "pepe velo bybit"]
    );
    assert_eq!(
        answer.body["data"][0],
        json!({
            "asset": "bitcoin", "canonical_id": "bitcoin", "metric": "PRICE", "value": 159.0,
            "unit": "usd", "timestamp": "2026-03-10T11:00:00Z",
            "observed_at": "2026-03-10T12:00:00Z", "source": "coingecko", "step": "1h",
        })
    );
    assert_eq!(answer.body["data"][1]["value"], json!(12.009));
    assert_eq!(
        (&answer.body["metric"], &answer.body["count"]),
        (&json!("PRICE"), &json!(2))
    );
    assert_eq!(answer.body["_meta"]["unit"], "usd");
}

#[actix_web::test]
async fn assets_that_are_missing_are_named_and_the_rest_answers() {
    let world = filled().await;
    let answer = world
        .get("/latest?metric=price&assets=BTC,gem,bitcion,ETH")
        .await;
    assert_eq!(rows(&answer.body), ["bitcoin coingecko "]);
    let missing = answer.body["_meta"]["missing"].as_array().unwrap();
    let codes: Vec<(&Value, &Value)> = missing
        .iter()
        .map(|one| (&one["asset"], &one["code"]))
        .collect();
    assert_eq!(
        codes,
        [
            (&json!("gem"), &json!("ambiguous_asset")),
            (&json!("bitcion"), &json!("unknown_asset")),
            (&json!("ETH"), &json!("no_such_series")),
        ]
    );
    assert_eq!(missing[1]["suggestions"][0]["value"], "bitcoin");
}

#[actix_web::test]
async fn assets_alone_give_every_metric_and_pages_join() {
    let world = filled().await;
    let answer = world.get("/latest?assets=btc,ethereum").await;
    let whole: Vec<Value> = answer.body["data"].as_array().unwrap().clone();
    let named: Vec<String> = whole
        .iter()
        .map(|row| format!("{} {}", row["asset"], row["metric"]))
        .collect();
    assert_eq!(
        named,
        [
            "\"bitcoin\" \"PRICE\"",
            "\"BTC\" \"VOLUME\"",
            "\"BTC\" \"VOLUME\"",
            "\"ethereum\" \"MARKET_CAP\""
        ]
    );
    let (mut pages, mut next) = (
        Vec::new(),
        Some("/latest?assets=btc,ethereum&limit=1".to_owned()),
    );
    while let Some(address) = next {
        let answer = world.get(&address).await;
        pages.extend(answer.body["data"].as_array().unwrap().clone());
        next = answer.body["next"].as_str().map(str::to_owned);
    }
    assert_eq!(pages, whole);
}

#[actix_web::test]
async fn pages_of_a_metric_join_too() {
    let world = filled().await;
    // Assets that nobody has mapped, in an order of names that differs from that of their ids.
    let client = world.client().await;
    client
        .batch_execute(
            "INSERT INTO series (source, asset, quote, metric, step, label_shift)
             SELECT 'coingecko', 'asset-' || n, q, 'PRICE', st, 0
             FROM generate_series(1, 40) AS n, unnest('{usd,eur}'::text[]) AS q,
                  unnest('{1h,1d}'::text[]) AS st;
             INSERT INTO series_stats
             SELECT series_id, 1, 1, '2026-03-10', '2026-03-10', 1, label_shift, source, metric,
                    asset, instrument, venue, quote, step
             FROM series WHERE asset LIKE 'asset-%'",
        )
        .await
        .unwrap();
    for question in [
        "metric=price",
        "metric=price&quote=eur&step=1d",
        "metric=volume",
    ] {
        let whole = world.get(&format!("/latest?{question}&limit=1000")).await;
        let whole = whole.body["data"].as_array().unwrap().clone();
        for limit in [1, 7] {
            let mut pages = Vec::new();
            let mut next = Some(format!("/latest?{question}&limit={limit}"));
            while let Some(address) = next {
                let answer = world.get(&address).await;
                let page = answer.body["data"].as_array().unwrap();
                assert!(page.len() <= limit);
                pages.extend(page.clone());
                next = answer.body["next"].as_str().map(str::to_owned);
            }
            assert_eq!(pages, whole, "{question} {limit}");
        }
    }
    let at_venue = world
        .get("/latest?metric=price&exchange=Binance_Futures")
        .await;
    assert_eq!(rows(&at_venue.body), ["bitcoin velo binance-futures"]);
}

#[actix_web::test]
async fn unknown_assets_are_looked_up_together() {
    let world = filled().await;
    let client = world.client().await;
    // Counts the statements that read the table; counting is writing.
    let world = Fixture {
        api: Data::new(Api::new(Reader::new(world.store.clone()), now, None)),
        ..world
    };
    client
        .batch_execute(
            "CREATE SEQUENCE reads;
             ALTER TABLE series_stats RENAME TO stats;
             CREATE VIEW series_stats AS
             SELECT * FROM stats WHERE (SELECT nextval('reads')) > 0",
        )
        .await
        .unwrap();
    let reads = async || -> i64 {
        let row = client.query_one("SELECT last_value FROM reads", &[]).await;
        row.unwrap().get(0)
    };
    world.get("/latest?metric=price").await;
    let before = reads().await;
    let unknown: Vec<String> = (1..500).map(|n| format!("x{n}")).collect();
    let address = format!("/latest?metric=price&assets=btc,{}", unknown.join(","));
    let answer = world.get(&address).await;
    assert_eq!(rows(&answer.body), ["bitcoin coingecko "]);
    let missing = answer.body["_meta"]["missing"].as_array().unwrap();
    assert_eq!(missing.len(), 499);
    assert_eq!(missing[0]["code"], "unknown_asset");
    let statements = reads().await - before;
    assert!((1..10).contains(&statements), "{statements}");
}

#[actix_web::test]
async fn sources_and_root_say_what_there_is_and_of_which_world() {
    let world = filled().await;
    let answer = world.get("/sources").await;
    assert_eq!(answer.body["world"], "simulated");
    let coingecko = &answer.body["sources"][0];
    for (key, expected) in [
        ("name", json!("coingecko")),
        ("records", json!(57 + 3 * 40)),
        ("assets", json!(2)),
        ("series", json!(4)),
        ("earliest_date", json!("2026-01-29T00:00:00Z")),
        ("latest_date", json!("2026-03-10T11:00:00Z")),
    ] {
        assert_eq!(coingecko[key], expected, "{key}");
    }
    assert_eq!(coingecko["last_pull"]["status"], "complete");

    let root = world.get("/").await;
    assert_eq!(
        (&root.body["status"], &root.body["world"]),
        (&json!("ok"), &json!("simulated"))
    );
    assert_eq!(root.body["points"], json!(57 + 3 * 40 + 40));
    assert!(
        root.body["endpoints"]
            .as_array()
            .unwrap()
            .contains(&json!("/time-series"))
    );
    assert!(root.header("server-timing").starts_with("total;dur="));
}

#[actix_web::test]
async fn what_is_suspended_is_said_in_sources_and_root() {
    let world = filled().await;
    assert_eq!(world.get("/sources").await.body["suspended"], json!([]));
    let suspend = "INSERT INTO suspensions VALUES
            ('velo', '', '', 'unauthorized', 'not authorised: status 401', '2026-03-01 10:00Z'),
            ('coingecko', 'markets', '', 'operator', 'audit', '2026-03-02 10:00Z');
        INSERT INTO pace (source, host, next_at, parked_until, parked_why)
            SELECT 'coingecko', 'api', now(), 'infinity', 'quota spent'";
    world.client().await.batch_execute(suspend).await.unwrap();
    let answer = world.get("/sources").await;
    let suspended = answer.body["suspended"].as_array().unwrap();
    assert_eq!(
        suspended[0],
        json!({"source": "coingecko", "dataset": "markets", "class": "operator",
               "reason": "audit", "since": "2026-03-02T10:00:00Z"})
    );
    // Also of a vendor without a single point.
    assert_eq!(suspended[1]["source"], "velo");
    assert_eq!(answer.body["parked"][0]["reason"], "quota spent");
    let root = world.get("/").await;
    assert_eq!(root.body["suspended"], json!(["coingecko", "velo"]));
}

#[actix_web::test]
async fn empty_database_answers_too() {
    let world = empty(None).await;
    let root = world.get("/").await;
    assert_eq!(
        (&root.body["points"], &root.body["world"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(world.get("/sources").await.body["sources"], json!([]));
    assert_eq!(
        world.get("/latest?metric=price").await.body["code"],
        "unknown_metric"
    );
    assert_eq!(world.get("/readyz").await.status, 200);
}

#[actix_web::test]
async fn key_guards_everything_but_probes() {
    let world = empty(Some("open sesame")).await;
    for (key, status) in [(None, 401), (Some("open"), 401), (Some("open sesame"), 200)] {
        let mut request = TestRequest::get().uri("/sources");
        if let Some(key) = key {
            request = request.insert_header(("X-API-Key", key));
        }
        let answer = world.send(request).await;
        assert_eq!(answer.status, status, "{key:?}");
        assert!(status == 200 || answer.body["code"] == "unauthorized");
    }
    assert_eq!(world.get("/healthz").await.status, 200);
    assert_eq!(world.get("/readyz").await.status, 200);
    assert_eq!(world.get("/nothing").await.status, 401);
}

#[actix_web::test]
async fn heads_are_answered_and_writing_is_refused() {
    let world = empty(None).await;
    let head = world
        .send(
            TestRequest::default()
                .method(actix_web::http::Method::HEAD)
                .uri("/sources"),
        )
        .await;
    assert_eq!(head.status, 200);
    let post = world.send(TestRequest::post().uri("/sources")).await;
    assert_eq!(
        (post.status.as_u16(), post.header("allow")),
        (405, "GET, HEAD")
    );
}
