//! Indices. Their shapes are not established: rows under `data`, newest first, every number a string, as the weak
//! evidence says.

use serde_json::json;

use super::ask::Ask;
use super::bar::{AlphaVantageField, Bar, Style, joined};
use super::catalogue::{self, INDICES};
use super::economy;
use super::errors::{CSV, JSON};
use super::function::Period;
use super::share::BEGINS_MS;
use super::venue::US;
use crate::instant::{DAY_MS, HOUR_MS, floor_to};
use crate::truth::Metric;
use crate::vendor::Reply;

/// Returns the rows of `INDEX_DATA`, oldest first; a day is published in its evening.
pub(super) fn rows(ask: &Ask<'_>) -> Result<Vec<Bar>, Reply> {
    let symbol = ask.required("symbol")?.to_ascii_uppercase();
    let made = catalogue::entity(&symbol, "").filter(|made| made.kind == "index");
    let entity = economy::stored(ask, made.ok_or_else(|| ask.invalid())?);
    let period = match ask.param("interval") {
        Some("daily") => Period::Day,
        Some("weekly") => Period::Week,
        Some("monthly") => Period::Month,
        _ => return Err(ask.invalid()),
    };
    let evening_ms = i64::from(ask.plan.eod_hour) * HOUR_MS;
    let last = floor_to(US.zone.local_ms(ask.now_ms()) - evening_ms, DAY_MS);
    let bars = US
        .days(BEGINS_MS.max(entity.listed_ms), last)
        .into_iter()
        .filter_map(|day_ms| {
            let (opens_ms, closes_ms) = US.session(day_ms);
            let price = |at_ms| ask.world.value(&entity, Metric::Price, at_ms);
            Some(Bar::sampled(opens_ms, closes_ms, 3, price)?.of_day(day_ms))
        });
    Ok(joined(bars.collect(), period))
}

/// Answers `INDEX_DATA`.
pub(super) fn data(ask: &Ask<'_>) -> Result<Reply, Reply> {
    use AlphaVantageField::{Close, High, Low, Open};
    let rows = rows(ask)?;
    let cell = |bar: &Bar, field| Style::Share.text(bar, field);
    if ask.wants_csv() {
        let lines = rows.iter().rev().map(|bar| {
            let cells = [Open, High, Low, Close].map(|field| cell(bar, field));
            format!("{},{}\r\n", bar.label, cells.join(","))
        });
        let body = format!(
            "timestamp,open,high,low,close\r\n{}",
            lines.collect::<String>()
        );
        return Ok(Reply::text(200, CSV, body));
    }
    let data: Vec<_> = rows
        .iter()
        .rev()
        .map(|bar| {
            json!({ "date": bar.label, "open": cell(bar, Open), "high": cell(bar, High), "low": cell(bar, Low),
                "close": cell(bar, Close) })
        })
        .collect();
    let body =
        json!({ "symbol": ask.param("symbol"), "interval": ask.param("interval"), "data": data });
    Ok(Reply::text(200, JSON, body.to_string()))
}

/// Answers `INDEX_CATALOG`.
pub(super) fn catalogue(ask: &Ask<'_>) -> Reply {
    if ask.wants_csv() {
        let lines = INDICES
            .iter()
            .map(|(symbol, name, _)| format!("{symbol},{name}\r\n"));
        let body = format!("symbol,name\r\n{}", lines.collect::<String>());
        return Reply::text(200, CSV, body);
    }
    let data = INDICES.map(|(symbol, name, _)| json!({ "symbol": symbol, "name": name }));
    Reply::text(200, JSON, json!({ "data": data }).to_string())
}
