//! The answers of commodities and economic series.
//!
//! A value is published some days after its period. Payrolls, output and sales are first printed a little off and
//! corrected 60 days later, as the real ones are for months. A day without a value is there, with a dot.

use std::sync::Arc;

use super::ask::Ask;
use super::asset::{self, Class};
use super::bar::{AlphaVantageField, Bar, Style};
use super::catalogue::{Series, entity, find};
use super::errors::{CSV, JSON};
use super::every::Every;
use super::table::quoted;
use super::venue::US;
use crate::chance;
use crate::days::date;
use crate::entity::Entity;
use crate::instant::{DAY_MS, HOUR_MS, floor_to};
use crate::truth::Metric;
use crate::vendor::Reply;

/// Days after which a first print is corrected.
const CORRECTED_DAYS: i64 = 60;

/// Returns the entity as the world holds it, else as the table has it.
pub(super) fn stored(ask: &Ask<'_>, made: Entity) -> Arc<Entity> {
    let own = made.alphavantage.clone().unwrap_or_default();
    let class = match made.kind.as_str() {
        "index" => Class::Index,
        "commodity" => Class::Commodity,
        _ => Class::Macro,
    };
    let known = asset::stored(ask.world, class, &own).cloned();
    known.unwrap_or_else(|| Arc::new(made))
}

/// A series as it is answered.
#[derive(Debug)]
pub(super) struct Answer {
    name: &'static str,
    interval: &'static str,
    unit: &'static str,
    pub(super) style: Style,
    /// Oldest first; a close that is no number is a missing value.
    pub(super) rows: Vec<Bar>,
}

/// Makes the answer to a function of this table; the whole series, always.
pub(super) fn answer(ask: &Ask<'_>, function: &str) -> Result<Answer, Reply> {
    let maturity = match function {
        "TREASURY_YIELD" => ask.param("maturity").unwrap_or("10year"),
        _ => "",
    };
    let series = find(function, maturity).ok_or_else(|| ask.invalid())?;
    let made = entity(function, maturity).ok_or_else(|| ask.invalid())?;
    let [default, ..] = series.every else {
        return Err(ask.invalid());
    };
    let asked = ask.param("interval").filter(|_| series.every.len() > 1);
    let every = match asked {
        None => Some(default),
        Some(name) => series.every.iter().find(|every| every.name() == name),
    };
    let every = *every.ok_or_else(|| ask.invalid())?;
    let entity = stored(ask, made);
    Ok(Answer {
        name: series.name,
        interval: every.name(),
        unit: series.unit,
        style: Style::Plain(series.decimals),
        rows: rows(ask, series, every, &entity),
    })
}

fn rows(ask: &Ask<'_>, series: &Series, every: Every, entity: &Entity) -> Vec<Bar> {
    let first = ask.whole.map_or(i64::MIN, |(from_ms, _)| from_ms);
    let year = date(first.max(entity.listed_ms)).year();
    let mut rows = Vec::new();
    let mut at_ms = every.first(year);
    loop {
        let ends_ms = match every {
            Every::Day | Every::Week => at_ms + DAY_MS,
            _ => every.next(at_ms),
        };
        let published_ms = ends_ms + series.lag_days * DAY_MS + 13 * HOUR_MS;
        if published_ms > ask.now_ms() {
            return rows;
        }
        if let Some(value) = value(ask, series, (every, at_ms, ends_ms), entity) {
            let early = ask.now_ms() < published_ms + CORRECTED_DAYS * DAY_MS;
            let off = 0.008 * chance::unit(chance::at(entity.hash, at_ms)) - 0.004;
            let value = if series.corrected && early {
                value * (1.0 + off)
            } else {
                value
            };
            let bar = Bar::sampled(at_ms, at_ms, 0, |_| Some(value));
            rows.extend(bar.map(|bar| bar.of_day(at_ms)));
        }
        at_ms = every.next(at_ms);
    }
}

/// Returns the value in the middle of a period; no number where there is none: on New York's holidays, and by chance
/// on one day in 300.
fn value(
    ask: &Ask<'_>,
    series: &Series,
    (every, at_ms, ends_ms): (Every, i64, i64),
    entity: &Entity,
) -> Option<f64> {
    let is_lost = || chance::below(chance::at(chance::pair(entity.hash, 61), at_ms), 300) == 0;
    if every == Every::Day
        && series.function != "FEDERAL_FUNDS_RATE"
        && (!US.trades_on(at_ms) || is_lost())
    {
        return Some(f64::NAN);
    }
    let middle_ms = floor_to(i64::midpoint(at_ms, ends_ms), HOUR_MS);
    ask.world.value(entity, Metric::Price, middle_ms)
}

impl Answer {
    pub(super) fn reply(&self, ask: &Ask<'_>) -> Reply {
        let cell = |bar: &Bar| self.style.text(bar, AlphaVantageField::Close);
        let newest_first = self.rows.iter().rev();
        if ask.wants_csv() {
            let rows = newest_first.map(|bar| format!("{},{}\r\n", bar.label, cell(bar)));
            return Reply::text(
                200,
                CSV,
                format!("timestamp,value\r\n{}", rows.collect::<String>()),
            );
        }
        let rows = newest_first.map(|bar| {
            format!(
                "        {{\n            \"date\": \"{}\",\n            \"value\": \"{}\"\n        }}",
                bar.label,
                cell(bar)
            )
        });
        let body = format!(
            "{{\n    \"name\": {},\n    \"interval\": \"{}\",\n    \"unit\": {},\n    \"data\": [\n{}\n    ]\n}}",
            quoted(self.name),
            self.interval,
            quoted(self.unit),
            rows.collect::<Vec<_>>().join(",\n")
        );
        Reply::text(200, JSON, body)
    }
}
