//! `/coins/{id}/ohlc[/range]`: candles of one coin.
//!
//! A candle is labelled by its end. One that is still open is stamped with now or with the end to
//! come: neither is a label that is due. The vendor does not say how wide its candles are, so the
//! stamps have to.

use std::collections::BTreeSet;

use model::{Step, Ts};
use source::{Parsed, Reply, ReplyError, RequestSpec, Sink, lenient};

use super::{
    asked,
    series::{Line, Rule, Series, is_on_grid, median_gap_ms},
};
use crate::{
    CoinGecko,
    metrics::Past,
    wire::{Candle, Sample},
};

pub(super) fn parse(
    source: &CoinGecko,
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let mut candles: Vec<Candle> = lenient::read(&lenient::text(&reply.body))?;
    // Of two with one stamp the first is taken, whole.
    let mut ends = BTreeSet::new();
    candles.retain(|candle| candle.end_ms.is_none_or(|end| ends.insert(end)));
    let places = asked(request, |metric| match metric.past {
        Past::Candle(value) => Some(value),
        _ => None,
    });
    let lines = places.into_iter().map(|(metric, value)| Line {
        metric,
        samples: candles
            .iter()
            .map(|candle| Sample {
                stamp_ms: candle.end_ms,
                value: value(candle),
            })
            .collect(),
    });
    let series = Series {
        rule: Rule::of(source, request, false, check_spacing)?,
        lines: lines.collect(),
    };
    series.read(request, reply, out)?;
    Ok(Parsed::default())
}

/// Refuses candles of another width. Single ones may be odd or missing.
fn check_spacing(step: Step, stamps: &[Ts]) -> Result<(), &'static str> {
    let width_ms = step.max_secs() * 1_000;
    // The last one may be open.
    let closed = stamps.split_last().map_or(stamps, |(_, closed)| closed);
    if median_gap_ms(closed).is_some_and(|ms| ms < width_ms) {
        return Err("candles narrower than those asked for");
    }
    let on_grid: Vec<Ts> = stamps
        .iter()
        .copied()
        .filter(|stamp| is_on_grid(step, *stamp))
        .collect();
    let nearest_ms = on_grid
        .iter()
        .zip(on_grid.iter().skip(1))
        .map(|(a, b)| b.millis().saturating_sub(a.millis()))
        .min();
    match nearest_ms {
        Some(ms) if on_grid.len() > 2 && ms > width_ms => Err("candles wider than those asked for"),
        _ => Ok(()),
    }
}
