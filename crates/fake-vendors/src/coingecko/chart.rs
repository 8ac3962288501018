//! Market charts: three arrays by days or by range, with the step the vendor picks.

use serde::Serialize;

use super::numbers::Precision;
use super::params::{Ask, Days};
use super::series::{Cell, Grid, Lane, Stamp};
use super::{Plan, errors};
use crate::instant::{DAY_MS, MINUTE_MS};
use crate::truth::Metric;
use crate::vendor::Reply;

/// How near to now a window must end to count as "ending now".
const NOW_MS: i64 = 5 * MINUTE_MS;

/// One entry of an array: milliseconds and a number or null.
#[derive(Debug, Serialize)]
pub(super) struct Point(pub(super) i64, pub(super) Option<f64>);

#[derive(Debug, Serialize)]
struct Chart {
    prices: Vec<Point>,
    market_caps: Vec<Point>,
    total_volumes: Vec<Point>,
}

/// Answers `/coins/{id}/market_chart`.
pub(super) fn by_days(ask: &Ask<'_>) -> Result<Reply, Reply> {
    ask.required("vs_currency")?;
    let days = ask.required("days")?;
    let days = Days::parse(days).ok_or_else(|| errors::invalid("days"))?;
    let listed_ms = ask.coin()?.listed_ms;
    let from_ms = days.begins_ms(ask.now_ms(), listed_ms);
    let asked = asked_grid(ask, ask.now_ms() - from_ms)?;
    match days {
        // `max` is refused even for a coin younger than the plan's history.
        Days::Max => ask.within_history(i64::MIN)?,
        Days::Count(_) => ask.within_history(from_ms)?,
    }
    let picked = match days {
        Days::Max => Grid::Day,
        Days::Count(count) if count <= 1.0 => Grid::FiveMinutes,
        Days::Count(count) if count <= 90.0 => Grid::Hour,
        Days::Count(_) => Grid::Day,
    };
    chart(ask, asked.unwrap_or(picked), from_ms, ask.now_ms())
}

/// Answers `/coins/{id}/market_chart/range`.
pub(super) fn by_range(ask: &Ask<'_>) -> Result<Reply, Reply> {
    ask.required("vs_currency")?;
    let (from_ms, to_ms) = ask.window()?;
    ask.coin()?;
    if ask.optional("interval").is_some() {
        // The public host's description knows no such parameter.
        ask.at_least(Plan::Basic)?;
    }
    let asked = asked_grid(ask, to_ms - from_ms)?;
    ask.within_history(from_ms)?;
    chart(
        ask,
        asked.unwrap_or_else(|| picked(from_ms, to_ms, ask.now_ms())),
        from_ms,
        to_ms,
    )
}

/// Returns the step for a span. Between 1 and 2 days it is undocumented: here hourly. 90 days exactly are hourly.
fn picked(from_ms: i64, to_ms: i64, now_ms: i64) -> Grid {
    let span_ms = to_ms - from_ms;
    if span_ms > 90 * DAY_MS {
        Grid::Day
    } else if span_ms <= DAY_MS && to_ms >= now_ms - NOW_MS {
        Grid::FiveMinutes
    } else {
        Grid::Hour
    }
}

/// Reads `interval`: plans below and spans above what it is for are refused.
fn asked_grid(ask: &Ask<'_>, span_ms: i64) -> Result<Option<Grid>, Reply> {
    let (grid, least, most_days) = match ask.optional("interval") {
        None => return Ok(None),
        Some("daily") => return Ok(Some(Grid::Day)),
        Some("hourly") => (Grid::Hour, Plan::Basic, 100),
        Some("5m") => (Grid::FiveMinutes, Plan::Enterprise, 10),
        Some(_) => return Err(errors::invalid("interval")),
    };
    ask.at_least(least)?;
    if span_ms > most_days * DAY_MS {
        Err(errors::invalid("interval"))
    } else {
        Ok(Some(grid))
    }
}

fn chart(ask: &Ask<'_>, grid: Grid, from_ms: i64, to_ms: i64) -> Result<Reply, Reply> {
    let (entity, quote) = (ask.coin()?, ask.vs_currency()?);
    let precision = match ask.precision()? {
        Precision::Display => Precision::Full,
        asked => asked,
    };
    let lane = Lane {
        world: ask.world,
        entity,
        quote: &quote,
    };
    let stamps = lane.stamps(grid, from_ms, to_ms, ask.now_ms());
    let mut chart = Chart {
        prices: column(&lane, Metric::Price, &stamps),
        market_caps: column(&lane, Metric::MarketCap, &stamps),
        total_volumes: column(&lane, Metric::Volume24h, &stamps),
    };
    let last_ms = stamps.last().map_or(i64::MIN, |stamp| stamp.ms);
    let live = lane.live_ms(ask.now_ms());
    if let Some(ms) = live.filter(|ms| (from_ms..=to_ms).contains(ms) && *ms > last_ms) {
        chart.prices.push(Point(ms, lane.value(Metric::Price, ms)));
        chart.market_caps.push(Point(ms, lane.market_cap(ms)));
        chart
            .total_volumes
            .push(Point(ms, lane.value(Metric::Volume24h, ms)));
    }
    for point in &mut chart.prices {
        point.1 = point.1.map(|price| precision.round(price));
    }
    Ok(json(&chart))
}

fn column(lane: &Lane<'_>, metric: Metric, stamps: &[Stamp]) -> Vec<Point> {
    let points = stamps
        .iter()
        .filter_map(|stamp| match lane.cell(metric, *stamp) {
            Cell::Absent => None,
            Cell::Null => Some(Point(stamp.ms, None)),
            Cell::Value(value) => Some(Point(stamp.ms, Some(value))),
        });
    points.collect()
}

/// Writes a 200.
pub(super) fn json(body: &impl Serialize) -> Reply {
    match serde_json::to_string(body) {
        Ok(text) => Reply::text(200, "application/json; charset=utf-8", text),
        Err(_) => errors::internal(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_turns_at_the_edges_of_the_span() {
        let now = 1_779_108_561_599;
        let step = |from_days_ago: i64, span_ms: i64| {
            let from = now - from_days_ago * DAY_MS;
            picked(from, from + span_ms, now)
        };
        assert_eq!(step(1, DAY_MS), Grid::FiveMinutes);
        assert_eq!(step(1, DAY_MS + 1), Grid::Hour);
        assert_eq!(step(5, DAY_MS), Grid::Hour);
        assert_eq!(step(200, 90 * DAY_MS), Grid::Hour);
        assert_eq!(step(200, 90 * DAY_MS + 1), Grid::Day);
        assert_eq!(step(91, 91 * DAY_MS), Grid::Day);
    }
}
