//! `/time-series` over a real database.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use serde_json::{Value, json};
use store::facts::FactRow;
use support::{Answer, COINGECKO, Fixture, at, filled, now};

fn timestamps(answer: &Answer) -> Vec<String> {
    let data = answer.body["data"].as_array().unwrap();
    data.iter()
        .map(|point| point["timestamp"].as_str().unwrap().to_owned())
        .collect()
}

#[actix_web::test]
async fn answer_says_what_it_is() {
    let world = filled().await;
    let answer = world
        .get("/time-series?asset=btc&metric=price&days=2")
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let (body, meta) = (&answer.body, &answer.body["_meta"]);
    assert_eq!(
        (&body["asset"], &body["metric"]),
        (&json!("bitcoin"), &json!("PRICE"))
    );
    // 48 hours back from 12:30: the bars of 13:00 to 11:00, less three.
    assert_eq!(body["count"], 44);
    let newest = json!({
        "timestamp": "2026-03-10T11:00:00Z", "value": 159.0, "source": "coingecko",
        "observed_at": "2026-03-10T12:00:00Z",
    });
    assert_eq!(body["data"][0], newest);
    for (key, expected) in [
        ("requested_asset", json!("btc")),
        ("resolved_asset", json!("bitcoin")),
        ("resolved_source", json!("coingecko")),
        ("source_chosen", json!("preferred")),
        ("unit", json!("usd")),
        ("step", json!("1h")),
        ("step_chosen", json!("finest")),
        ("from", json!("2026-03-08T12:30:00Z")),
        ("to", json!("2026-03-10T12:30:00Z")),
        ("order", json!("desc")),
        ("truncated", json!(false)),
        ("provisional_points", json!(0)),
    ] {
        assert_eq!(meta[key], expected, "{key}");
    }
    let fresh = &meta["series"][0]["freshness"];
    assert_eq!(fresh["latest_known_until"], "2026-03-10T12:00:00Z");
    assert_eq!(fresh["age_seconds"], 1_800);
    assert_eq!(
        meta["gaps"],
        json!([
            {"from": "2026-03-09T05:00:00Z", "to": "2026-03-09T07:00:00Z", "reason": "vendor_empty"},
            {"from": "2026-03-09T09:00:00Z", "to": "2026-03-09T10:00:00Z", "reason": "unrequested"},
        ])
    );
    let others: Vec<&Value> = meta["alternatives"].as_array().unwrap().iter().collect();
    assert!(
        others.iter().any(|one| one["source"] == "velo"),
        "{others:?}"
    );
    assert!(body.get("next").is_none());
}

#[actix_web::test]
async fn many_spellings_lead_to_one_answer() {
    let world = filled().await;
    let tail = "from=2026-03-10T03:00:00Z&to=2026-03-10T05:00:00Z";
    for (question, source, venue) in [
        ("asset=BITCOIN&metric=Price", "coingecko", ""),
        ("asset=btc&metric=price&source=CoinGecko", "coingecko", ""),
        (
            "asset=btc&metric=CLOSE_PRICE&source=velo",
            "velo",
            "binance-futures",
        ),
        (
            "asset=BTC_binance-futures&metric=price",
            "velo",
            "binance-futures",
        ),
        (
            "asset=btc&metric=price&exchange=Binance_Futures",
            "velo",
            "binance-futures",
        ),
    ] {
        let answer = world.get(&format!("/time-series?{question}&{tail}")).await;
        assert_eq!(answer.status, 200, "{question}: {:?}", answer.body);
        let point = &answer.body["data"][0];
        assert_eq!(answer.body["count"], 2, "{question}");
        assert_eq!(point["source"], source, "{question}");
        assert_eq!(
            point["venue"].as_str().unwrap_or_default(),
            venue,
            "{question}"
        );
    }
}

#[actix_web::test]
async fn zero_is_a_value_and_open_buckets_are_provisional() {
    let world = filled().await;
    let range = "from=2026-03-08T01:00:00Z&to=2026-03-08T02:00:00Z";
    let answer = world
        .get(&format!("/time-series?asset=btc&metric=price&{range}"))
        .await;
    assert_eq!(answer.body["data"][0]["value"], json!(0.0));

    let answer = world
        .get("/time-series?asset=btc&metric=price&source=velo&limit=2")
        .await;
    let data = &answer.body["data"];
    assert_eq!(
        (&data[0]["timestamp"], &data[0]["provisional"]),
        (&json!("2026-03-10T12:00:00Z"), &json!(true))
    );
    assert!(data[1].get("provisional").is_none() && data[1].get("observed_at").is_none());
    assert_eq!(answer.body["_meta"]["provisional_points"], 1);
    assert_eq!(answer.body["_meta"]["step_chosen"], "only");
    assert_eq!(
        answer.body["_meta"]["series"][0]["freshness"]["age_seconds"],
        0
    );
}

#[actix_web::test]
async fn values_are_normalised_and_currencies_never_mix() {
    let world = filled().await;
    let answer = world
        .get("/time-series?asset=pepe&metric=price&order=asc&limit=1")
        .await;
    // 12,000 for a thousand.
    assert_eq!(answer.body["data"][0]["value"], json!(12.0));
    let of = |quote: &'static str| {
        let world = &world;
        async move {
            let address = format!("/time-series?asset=btc&metric=price&step=1d&limit=1{quote}");
            let answer = world.get(&address).await;
            (
                answer.body["data"][0]["value"].clone(),
                answer.body["_meta"]["unit"].clone(),
            )
        }
    };
    assert_eq!(of("").await, (json!(1_039.0), json!("usd")));
    assert_eq!(of("&quote=EUR").await, (json!(939.0), json!("eur")));
}

/// Follows `next` to the end; returns every timestamp with its venue.
async fn all_pages(world: &Fixture, address: &str) -> Vec<(String, String)> {
    let (mut seen, mut next) = (Vec::new(), Some(address.to_owned()));
    while let Some(address) = next {
        let answer = world.get(&address).await;
        assert_eq!(answer.status, 200, "{address}: {:?}", answer.body);
        for point in answer.body["data"].as_array().unwrap() {
            let text = |key: &str| point[key].as_str().unwrap_or_default().to_owned();
            seen.push((text("timestamp"), text("venue")));
        }
        next = answer.body["next"].as_str().map(str::to_owned);
        assert_eq!(answer.body["_meta"]["truncated"], json!(next.is_some()));
        if let Some(next) = &next {
            assert_eq!(answer.header("link"), format!("<{next}>; rel=\"next\""));
        }
    }
    seen
}

#[actix_web::test]
async fn pages_join_to_the_whole_in_both_orders() {
    let world = filled().await;
    let whole = world
        .get("/time-series?asset=btc&metric=price&days=2")
        .await;
    let mut whole = timestamps(&whole);
    for order in ["desc", "asc"] {
        let address = format!("/time-series?asset=btc&metric=price&days=2&order={order}&limit=7");
        let pages = all_pages(&world, &address).await;
        let pages: Vec<String> = pages.into_iter().map(|(ts, _)| ts).collect();
        assert_eq!(pages, whole, "{order}");
        whole.reverse();
    }
}

#[actix_web::test]
async fn flows_come_by_venue_and_page_without_loss() {
    let world = filled().await;
    let address = "/time-series?asset=btc&metric=volume&order=asc";
    let answer = world.get(address).await;
    let venues: Vec<&Value> = answer.body["_meta"]["series"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["venue"])
        .collect();
    assert_eq!(venues, [&json!("binance-futures"), &json!("bybit")]);
    assert_eq!(answer.body["count"], 20);
    assert_eq!(answer.body["data"][1]["venue"], "bybit");
    let pages = all_pages(&world, &format!("{address}&limit=3")).await;
    assert_eq!(pages.len(), 20);
    let mut sorted = pages.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(pages, sorted);
    let one = world.get(&format!("{address}&venue=bybit")).await;
    assert_eq!(one.body["count"], 10);
}

#[actix_web::test]
async fn predecessors_parameters_work_and_its_end_is_inclusive() {
    let world = filled().await;
    let address = "/time-series?asset=bitcoin&metric=PRICE&source=coingecko&granularity=daily\
                   &start_date=2026-02-01&end_date=2026-02-03";
    let answer = world.get(address).await;
    let expected = [
        "2026-02-03T00:00:00Z",
        "2026-02-02T00:00:00Z",
        "2026-02-01T00:00:00Z",
    ];
    assert_eq!(timestamps(&answer), expected);
    assert_eq!(answer.body["_meta"]["step"], "1d");
}

#[actix_web::test]
async fn range_without_points_is_an_answer_with_its_gap() {
    let world = filled().await;
    let address = "/time-series?asset=btc&metric=price&step=1d&from=2025-01-01&to=2025-01-03";
    let answer = world.get(address).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["count"]),
        (200, &json!(0))
    );
    assert_eq!(
        answer.body["_meta"]["gaps"],
        json!([{"from": "2025-01-01T00:00:00Z", "to": "2025-01-03T00:00:00Z", "reason": "unrequested"}])
    );
}

fn gap(from: &str, to: &str, reason: &str) -> Value {
    json!({"from": from, "to": to, "reason": reason})
}

#[actix_web::test]
async fn one_step_answers_where_the_range_holds_no_point() {
    let world = filled().await;
    let address = "/time-series?asset=BTC&metric=PRICE&from=2015-01-01&to=2015-03-01";
    let answer = world.get(address).await;
    let meta = &answer.body["_meta"];
    assert_eq!(
        (&answer.body["count"], &meta["step"]),
        (&json!(0), &json!("1d"))
    );
    assert_eq!(meta["series"].as_array().unwrap().len(), 1);
    // Nobody wants it: the configuration begins three years back.
    let gaps = json!([gap(
        "2015-01-01T00:00:00Z",
        "2015-03-01T00:00:00Z",
        "not_wanted"
    )]);
    assert_eq!(meta["gaps"], gaps);
}

#[actix_web::test]
async fn gaps_are_what_is_wanted_and_can_be_had() {
    let world = filled().await;
    let daily = "/time-series?asset=btc&metric=price&step=1d";
    let since = "2023-03-10T00:00:00Z";
    let (listed, first) = ("2023-05-01T00:00:00Z", "2026-01-29T00:00:00Z");
    let gaps = async |address: String| world.get(&address).await.body["_meta"]["gaps"].take();

    assert_eq!(
        gaps(format!("{daily}&from=2010-01-01")).await,
        json!([
            gap("2010-01-01T00:00:00Z", "2023-03-10T00:00:00Z", "not_wanted"),
            gap(since, first, "unrequested"),
        ])
    );
    // The range begins with what is wanted, or an open past would not show.
    let whole = world.get(daily).await;
    assert_eq!(whole.body["_meta"]["from"], since);
    assert_eq!(
        whole.body["_meta"]["gaps"],
        json!([gap(since, first, "unrequested")])
    );

    let fact = FactRow {
        first_available: Some(at(listed)),
        known_from: "catalogue".to_owned(),
        ..FactRow::unknown(model::Subject::of_asset("bitcoin"))
    };
    world.store.learn(COINGECKO, &[fact], now()).await.unwrap();
    assert_eq!(
        gaps(format!("{daily}&from=2010-01-01")).await,
        json!([
            gap("2010-01-01T00:00:00Z", listed, "not_listed"),
            gap(listed, first, "unrequested"),
        ])
    );
    assert_eq!(
        gaps(daily.to_owned()).await,
        json!([gap(listed, first, "unrequested")])
    );
}

#[actix_web::test]
async fn bucket_that_has_just_closed_is_not_missing() {
    let world = filled().await;
    // Nothing of velo is settled; at 12:30 the hour that ended at noon may still be on its way.
    let address = "/time-series?asset=btc&metric=price&source=velo&from=2026-03-10T08:00:00Z";
    let answer = world.get(address).await;
    let gaps = json!([gap(
        "2026-03-10T08:00:00Z",
        "2026-03-10T11:00:00Z",
        "unrequested"
    )]);
    assert_eq!(answer.body["_meta"]["gaps"], gaps);
}

#[actix_web::test]
async fn currencies_of_a_metric_nobody_knows_never_mix() {
    let world = filled().await;
    let client = world.client().await;
    client
        .batch_execute(
            "INSERT INTO series (source, asset, quote, metric, step, label_shift) VALUES
                 ('coingecko', 'bitcoin', 'eur', 'NOVELTY', '1h', 0),
                 ('coingecko', 'bitcoin', 'usd', 'NOVELTY', '1d', 0);
             INSERT INTO metrics
             SELECT series_id, 1, '2026-03-10', CASE quote WHEN 'eur' THEN 9 ELSE 10 END
             FROM series WHERE metric = 'NOVELTY';
             INSERT INTO series_stats
             SELECT series_id, 1, 1, m.ts, m.ts, m.value, label_shift, source, metric, asset,
                    instrument, venue, quote, step
             FROM series JOIN metrics m USING (series_id) WHERE metric = 'NOVELTY'",
        )
        .await
        .unwrap();
    for (quote, value, unit) in [("", 10.0, "usd"), ("&quote=eur", 9.0, "eur")] {
        let address = format!("/time-series?asset=btc&metric=novelty{quote}");
        let answer = world.get(&address).await;
        assert_eq!(
            answer.body["data"][0]["value"],
            json!(value),
            "{:?}",
            answer.body
        );
        assert_eq!(answer.body["_meta"]["unit"], unit);
        let latest = world.get(&format!("/latest?metric=novelty{quote}")).await;
        assert_eq!(latest.body["count"], 1, "{:?}", latest.body);
        assert_eq!(latest.body["data"][0]["value"], json!(value));
    }
}
