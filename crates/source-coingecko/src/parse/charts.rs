//! Charts: the history of one coin, of its supplies, of the whole market.
//!
//! Arrays of `[milliseconds, value]`, each read by its own stamps, never by index. Stamps of hourly
//! points stray by seconds to minutes. Daily labels are exact midnights. The last stamp of an answer
//! that reaches now is a live sample and no point of the chart.

use model::{Key, Step, Ts};
use source::{Fact, Parsed, Reply, ReplyError, RequestSpec, Sink, lenient};

use super::series::{Line, Rule, Scope, Series, is_midnight, median_gap_ms};
use crate::{
    CoinGecko,
    metrics::{METRICS, Metric, Past},
    plan::oldest_from,
    recognise::{Window, window},
    wire::{GlobalChart, MarketChart, Sample, SupplyChart},
};

/// How much of the asked labels must be empty before a coin's first point is believed to be its first.
const LISTED_AFTER_SECS: i64 = 2 * 86_400;

/// `/coins/{id}/market_chart[/range]`
pub(super) fn coin(
    source: &CoinGecko,
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let chart: MarketChart = lenient::read(&lenient::text(&reply.body))?;
    let series = series(source, request, |metric| match metric.past {
        Past::Chart(samples) => Some(samples(&chart)),
        _ => None,
    })?;
    let scope = series.read(request, reply, out)?;
    let oldest = oldest_from(source, reply.received_at);
    Ok(taught(request, &scope, &series, oldest))
}

/// `/global/market_cap_chart`
pub(super) fn global(
    source: &CoinGecko,
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let chart: GlobalChart = lenient::read(&lenient::text(&reply.body))?;
    let series = series(source, request, |metric| match metric.past {
        Past::Global(samples) => Some(samples(&chart.market_cap_chart)),
        _ => None,
    })?;
    // There is always a market.
    if series.lines.iter().all(|line| line.samples.is_empty()) {
        return Err(ReplyError::Malformed("not a single point".to_owned()));
    }
    let scope = series.read(request, reply, out)?;
    Ok(taught(request, &scope, &series, None))
}

/// `/coins/{id}/circulating_supply_chart[/range]`, `/coins/{id}/total_supply_chart[/range]`. It
/// teaches nothing of the coin: charts of supplies begin years after those of prices.
pub(super) fn supply(
    source: &CoinGecko,
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let chart: SupplyChart = lenient::read(&lenient::text(&reply.body))?;
    let is_of = |path: &str| request.path.contains(path);
    let series = series(source, request, |metric| match metric.past {
        Past::Supply(supply) if is_of(supply.path) => (supply.samples)(&chart),
        _ => None,
    })?;
    if series.lines.is_empty() {
        let what = "the array of this supply is missing";
        return Err(ReplyError::Malformed(what.to_owned()));
    }
    series.read(request, reply, out)?;
    Ok(Parsed::default())
}

/// Every metric of an answer, asked for or not: together they show what the answer is.
fn series<'a>(
    source: &CoinGecko,
    request: &RequestSpec,
    samples: impl Fn(&Metric) -> Option<&'a [Sample]>,
) -> Result<Series<'a>, ReplyError> {
    let lines = METRICS.iter().filter_map(|metric| {
        Some(Line {
            metric,
            samples: samples(metric)?.into(),
        })
    });
    Ok(Series {
        rule: Rule::of(source, request, true, check_spacing)?,
        lines: lines.collect(),
    })
}

/// Refuses points of another step than the one asked for: the vendor chooses it by the span, and the
/// shape does not tell.
fn check_spacing(step: Step, stamps: &[Ts]) -> Result<(), &'static str> {
    let midnights = stamps.iter().filter(|stamp| is_midnight(**stamp)).count();
    // The last one may be a live sample.
    let points = stamps.split_last().map_or(stamps, |(_, points)| points);
    let others = points.iter().filter(|stamp| !is_midnight(**stamp)).count();
    match step {
        Step::Day if others > 1 && others > midnights => {
            Err("other points where daily ones were asked for")
        }
        Step::Hour if midnights > 1 && others == 0 => {
            Err("daily points where hourly ones were asked for")
        }
        Step::Hour if median_gap_ms(points).is_some_and(|ms| ms < 30 * 60 * 1_000) => {
            Err("points minutes apart where hourly ones were asked for")
        }
        _ => Ok(()),
    }
}

/// Tells from when there are data, where a daily answer really shows it: its first value lies two days
/// inside the labels asked for, and the request began there because it wanted to, not because the plan
/// reaches no further.
fn taught(request: &RequestSpec, scope: &Scope, series: &Series<'_>, oldest: Option<Ts>) -> Parsed {
    let first = first_available(request, scope, series, oldest);
    let fact = first.map(|(key, label)| Fact::FirstAvailable { key, label });
    Parsed {
        facts: fact.into_iter().collect(),
        ..Parsed::default()
    }
}

fn first_available(
    request: &RequestSpec,
    scope: &Scope,
    series: &Series<'_>,
    oldest: Option<Ts>,
) -> Option<(Key, Ts)> {
    let labels = request.block.labels;
    let from = match window(&request.query) {
        Ok(Window::Range(window)) => window.start,
        Ok(Window::Max) => labels.start,
        _ => return None,
    };
    let at_horizon = oldest.is_some_and(|oldest| from <= oldest.plus_secs(LISTED_AFTER_SECS));
    let lines = series.lines.iter();
    let first = lines.filter_map(|line| scope.first_label(line)).min()?;
    let asked = labels.start.max(from);
    let shown = series.rule.step == Step::Day
        && !labels.is_empty()
        && first >= asked.plus_secs(LISTED_AFTER_SECS);
    let key = request.block.keys.first()?;
    (shown && !at_horizon).then(|| (key.clone(), first))
}
