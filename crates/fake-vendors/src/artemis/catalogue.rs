//! What exists: `/asset/symbols/` and `/supported-metrics/`.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::ArtemisPlan;
use super::assets::{Assets, Holding, Subject};
use super::calendar::{FiscalYear, date, day_of, report_day};
use super::errors;
use super::metrics::{Definition, Group, Recipe, Rhythm, Table};
use crate::chance;
use crate::entity::Entity;
use crate::vendor::{Call, Reply};
use crate::world::WorldState;

#[derive(Serialize)]
struct Asset<'a> {
    artemis_id: &'a str,
    symbol: Option<&'a str>,
    title: &'a str,
    coingecko_id: Option<&'a str>,
    color: Option<String>,
}

/// Answers `/asset/symbols/`: all that is listed by now, dead assets included, without a word about their life.
pub(super) fn symbols(world: &WorldState, now_ms: i64) -> Reply {
    let assets = Assets::at(world, now_ms);
    let rows: Vec<Asset<'_>> = (assets.all().iter())
        .map(|entity| Asset {
            artemis_id: entity.artemis_id.as_deref().unwrap_or_default(),
            symbol: entity.artemis_symbol.as_deref(),
            title: &entity.name,
            coingecko_id: entity.coingecko_id.as_deref(),
            color: color(entity),
        })
        .collect();
    errors::json(json!({ "assets": rows }).to_string())
}

/// Chains have a colour, most others none.
fn color(entity: &Entity) -> Option<String> {
    let colored = entity.kind == "chain" || entity.hash.is_multiple_of(4);
    colored.then(|| format!("#{:06X}", chance::below(entity.hash, 0x0100_0000)))
}

/// Answers `/supported-metrics/`. What an unknown symbol gets is not established: here an empty list.
pub(super) fn metrics(world: &WorldState, table: &Table, plan: ArtemisPlan, call: &Call) -> Reply {
    let Some(symbol) = call.param("symbol") else {
        return errors::bad_request(plan);
    };
    let rows: Vec<Value> = match Assets::at(world, call.now_ms).subject(symbol) {
        Some(subject) => (table.all.iter())
            .filter(|one| subject.holds(table, one, call.now_ms) == Holding::Held)
            .map(|one| row(one, subject, call.now_ms))
            .collect(),
        None => Vec::new(),
    };
    errors::json(json!({ "metrics": rows }).to_string())
}

/// Writes one metric: an object with one key. Of the inner fields, those of every fifth metric that are null are left
/// out, as the vendor's client allows.
fn row(definition: &Definition, subject: Subject<'_>, now_ms: i64) -> Value {
    let fiscal = definition.rhythm == Rhythm::Fiscal;
    let (earliest, latest) = if fiscal {
        fiscal_periods(subject.entity, now_ms)
    } else {
        (None, None)
    };
    let source = match definition.group {
        Group::Market if subject.entity.kind != "equity" => Some("CoinGecko"),
        Group::Locked => Some("DefiLlama"),
        Group::Market | Group::Equity | Group::Treasury => None,
        _ => Some("Artemis"),
    };
    let tags = match definition.group {
        Group::Market => json!([{ "label": "Market Data", "value": "market_data" }]),
        _ => json!([]),
    };
    let cuts = match definition.name.as_str() {
        "FEES" | "DAU" => json!([{ "dimension_type": "CATEGORY", "granularity": "DAY" }]),
        _ => json!([]),
    };
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("label", json!(definition.label));
    put("unit", json!(definition.unit));
    put("aggregation_type", json!(definition.aggregation.name()));
    put("source", json!(source));
    put("tags", tags);
    put("cuts", cuts);
    put(
        "accepts_date",
        json!(!matches!(definition.recipe, Recipe::Latest(_))),
    );
    put("currency_type", json!(fiscal.then_some("USD")));
    put("earliest_fiscal_period", json!(earliest));
    put("latest_fiscal_period", json!(latest));
    for name in [
        "description",
        "methodology",
        "source_link",
        "internal_data_source",
        "base_metric",
        "priority",
        "thumbnail_url",
    ] {
        put(name, Value::Null);
    }
    if definition.salt.is_multiple_of(5) {
        fields.retain(|_, value| !value.is_null());
    }
    json!({ definition.name.as_str(): fields })
}

/// Returns the first and the last reported quarter, `2014-Q1`, by calendar.
fn fiscal_periods(entity: &Entity, now_ms: i64) -> (Option<String>, Option<String>) {
    let today = day_of(now_ms);
    let ends = FiscalYear::of(entity).ends(day_of(entity.listed_ms), today);
    let period = |end: &i64| {
        let at = date(*end);
        let quarter = (u8::from(at.month()) - 1) / 3 + 1;
        format!("{}-Q{quarter}", at.year())
    };
    let reported = |end: &&i64| report_day(entity, **end) < today;
    (
        ends.first().map(period),
        ends.iter().rev().find(reported).map(period),
    )
}
