//! What cannot be answered: RFC 9457 with suggestions, never an empty list.

mod support;

use serde_json::{Value, json};
use support::{Answer, filled};

fn suggested(answer: &Answer) -> Vec<String> {
    let suggestions = answer.body["suggestions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    suggestions
        .iter()
        .map(|one| format!("{}={}", text(one, "parameter"), text(one, "value")))
        .collect()
}

#[actix_web::test]
async fn every_wrong_word_has_its_problem() {
    let world = filled().await;
    for (query, status, code, first) in [
        (
            "asset=bitcion&metric=price",
            404,
            "unknown_asset",
            "asset=bitcoin",
        ),
        (
            "asset=gem&metric=price",
            400,
            "ambiguous_asset",
            "asset=one-gem",
        ),
        (
            "asset=btc&metric=pryce",
            404,
            "unknown_metric",
            "metric=PRICE",
        ),
        (
            "asset=btc&metric=price&source=coingeko",
            404,
            "unknown_source",
            "source=coingecko",
        ),
        (
            "asset=btc&metric=fdv",
            404,
            "no_such_series",
            "metric=PRICE",
        ),
        (
            "asset=pepe&metric=price&source=coingecko",
            404,
            "no_such_series",
            "source=velo",
        ),
        (
            "asset=btc&metric=price&quote=jpy",
            404,
            "no_such_series",
            "quote=eur",
        ),
        (
            "asset=btc&metric=volume&venue=kraken",
            404,
            "no_such_series",
            "venue=binance-futures",
        ),
        (
            "asset=btc&metric=price&step=1w",
            404,
            "no_such_series",
            "step=1d",
        ),
        ("asset=one-gem&metric=price", 404, "no_such_series", ""),
    ] {
        let answer = world.get(&format!("/time-series?{query}")).await;
        assert_eq!(answer.status, status, "{query}: {:?}", answer.body);
        assert_eq!(answer.body["code"], code, "{query}");
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{query}"
        );
        let suggestions = suggested(&answer);
        assert_eq!(
            suggestions.first().map_or("", String::as_str),
            first,
            "{query}"
        );
    }
}

#[actix_web::test]
async fn problem_has_all_its_members() {
    let world = filled().await;
    let answer = world.get("/time-series?asset=gem&metric=price").await;
    assert_eq!(
        answer.body,
        json!({
            "type": "urn:crossfeed:problem:ambiguous_asset",
            "title": "A name means several things",
            "status": 400,
            "detail": "\"gem\" may be one of several; give asset as one of one-gem, other-gem",
            "instance": "/time-series",
            "code": "ambiguous_asset",
            "suggestions": [
                {"parameter": "asset", "value": "one-gem", "note": "One Gem (GEM), token"},
                {"parameter": "asset", "value": "other-gem", "note": "Other Gem (GEM), token"},
            ],
        })
    );
}

#[actix_web::test]
async fn unreadable_parameters_come_at_once_under_the_askers_names() {
    let world = filled().await;
    let address =
        "/time-series?metric=price&start_date=soon&end_date=2024-13-01&limit=10001&step=2h";
    let answer = world.get(address).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["code"]),
        (400, &json!("bad_parameters"))
    );
    let errors = answer.body["errors"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let names: Vec<&Value> = errors.iter().map(|error| &error["parameter"]).collect();
    assert_eq!(names, ["asset", "step", "start_date", "end_date", "limit"]);
    assert_eq!(errors[1]["allowed"], json!(["1h", "1d", "1w", "1mo", "1q"]));
}

#[actix_web::test]
async fn unknown_parameters_are_named_with_the_nearest() {
    let world = filled().await;
    let answer = world.get("/latest?metrik=price").await;
    assert_eq!(answer.status, 400);
    let error = &answer.body["errors"][0];
    assert_eq!(error["parameter"], "metrik");
    assert_eq!(
        error["detail"],
        "is no parameter here; did you mean metric?"
    );
}

#[actix_web::test]
async fn cursor_of_another_question_is_refused() {
    let world = filled().await;
    let page = world
        .get("/time-series?asset=btc&metric=price&limit=2")
        .await;
    let cursor = page.body["_meta"]["next_cursor"]
        .as_str()
        .unwrap_or_default();
    assert!(!cursor.is_empty());
    for query in [
        "asset=pepe&metric=price",
        "asset=btc&metric=price&order=asc",
    ] {
        let answer = world
            .get(&format!("/time-series?{query}&cursor={cursor}"))
            .await;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.body["errors"][0]["parameter"], "cursor");
    }
}

#[actix_web::test]
async fn unknown_paths_lead_to_known_ones() {
    let world = filled().await;
    let answer = world.get("/timeseries?asset=btc").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["code"]),
        (404, &json!("unknown_path"))
    );
    assert_eq!(
        suggested(&answer).first().map_or("", String::as_str),
        "path=/time-series"
    );
}

#[actix_web::test]
async fn latest_that_fits_nothing_says_so() {
    let world = filled().await;
    for (query, code) in [
        ("metric=fdv", "no_such_series"),
        ("metric=price&assets=bitcion", "unknown_asset"),
        ("metric=price&quote=jpy", "no_such_series"),
        ("", "bad_parameters"),
    ] {
        let answer = world.get(&format!("/latest?{query}")).await;
        assert_eq!(answer.body["code"], code, "{query}: {:?}", answer.body);
    }
}
