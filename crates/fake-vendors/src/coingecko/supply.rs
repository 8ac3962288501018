//! Supply charts: values are strings, Enterprise only.

use serde_json::{Map, Value, json};

use super::chart::json as reply;
use super::params::{Ask, Days};
use super::series::{Grid, Lane};
use super::{Plan, Quote, SupplyKind, errors};
use crate::truth::Metric;
use crate::vendor::Reply;

/// 2019-06-22: the charts begin.
const BEGINS_MS: i64 = 1_561_161_600_000;

/// Answers `/coins/{id}/…_supply_chart`. The automatic step is not in the contract: here daily.
pub(super) fn by_days(ask: &Ask<'_>, kind: SupplyKind) -> Result<Reply, Reply> {
    ask.at_least(Plan::Enterprise)?;
    let days = Days::parse(ask.required("days")?).ok_or_else(|| errors::invalid("days"))?;
    let grid = match ask.optional("interval") {
        None | Some("daily") => Grid::Day,
        Some("hourly") => Grid::Hour,
        Some("5m") => Grid::FiveMinutes,
        Some(_) => return Err(errors::invalid("interval")),
    };
    let from_ms = days.begins_ms(ask.now_ms(), ask.coin()?.listed_ms);
    chart(ask, kind, grid, from_ms, ask.now_ms())
}

/// Answers `/coins/{id}/…_supply_chart/range`.
pub(super) fn by_range(ask: &Ask<'_>, kind: SupplyKind) -> Result<Reply, Reply> {
    ask.at_least(Plan::Enterprise)?;
    let (from_ms, to_ms) = ask.window()?;
    chart(ask, kind, Grid::Day, from_ms, to_ms)
}

fn chart(
    ask: &Ask<'_>,
    kind: SupplyKind,
    grid: Grid,
    from_ms: i64,
    to_ms: i64,
) -> Result<Reply, Reply> {
    let (name, metric) = match kind {
        SupplyKind::Circulating => ("circulating_supply", Metric::CirculatingSupply),
        SupplyKind::Total => ("total_supply", Metric::TotalSupply),
    };
    let usd = Quote::usd();
    let lane = Lane {
        world: ask.world,
        entity: ask.coin()?,
        quote: &usd,
    };
    let stamps = lane.stamps(grid, from_ms.max(BEGINS_MS), to_ms, ask.now_ms());
    let points = stamps.iter().filter_map(|stamp| {
        let units = lane.value(metric, stamp.ms)?;
        Some(json!([stamp.ms, format!("{units:.1}")]))
    });
    let mut body = Map::new();
    body.insert(name.to_owned(), Value::Array(points.collect()));
    Ok(reply(&body))
}
