//! From wants to requests for bars.
//!
//! What wants the same columns over the same time at one exchange is an area; areas are cut into what
//! fits into a request, and then joined where one request holds several. A live tick asks for the open
//! bucket too, as the contract has it; the parser drops it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use model::{Key, MetricName, PullKind, Spans, Step, TimeRange, Ts, Venue};
use source::{Ask, Block, DatasetSpec};

use super::{area::Area, cut::cut, horizon, join::joined, request::rows_request};
use crate::{Velo, kept::Exchanges, metrics::Market};

/// Products by their time and columns.
type Groups<'a> = BTreeMap<(Ts, Ts, &'a [MetricName]), BTreeSet<Key>>;

pub(super) fn plan<'a>(source: &'a Velo, spec: &'a DatasetSpec, ask: &'a Ask) -> source::Plan<'a> {
    let step = spec.step;
    let oldest = ask.oldest.map(|oldest| step.ceil(oldest));
    let horizon = horizon(source, spec.id, ask.now)
        .max(oldest)
        .unwrap_or(Ts::OLDEST);
    let mut areas: Vec<Area> = Vec::new();
    for ((market, _), groups) in grouped(ask, &source.exchanges.get(), horizon, step) {
        let fitting = groups
            .into_iter()
            .flat_map(|((start, end, metrics), keys)| {
                let area = Area {
                    market,
                    keys,
                    metrics: metrics.iter().cloned().collect(),
                    time: TimeRange::new(start, end),
                };
                cut(&area, step)
            });
        areas.extend(joined(fitting.collect(), step));
    }
    // Stable: what ends together stays in the order of its exchanges.
    areas.sort_by_key(|area| Reverse(area.time.end));
    Box::new(areas.into_iter().map(move |area| {
        let block = Block {
            keys: area.keys.into_iter().collect(),
            metrics: area.metrics.into_iter().collect(),
            step,
            labels: kept(ask, step, area.time),
        };
        rows_request(spec.id, area.market, block, area.time.end)
    }))
}

/// Puts wants together by market and exchange, and within by time and columns.
fn grouped<'a>(
    ask: &'a Ask,
    exchanges: &Exchanges,
    horizon: Ts,
    step: Step,
) -> BTreeMap<(Market, &'a Venue), Groups<'a>> {
    let mut wanted: BTreeMap<(&Key, &[MetricName]), Spans> = BTreeMap::new();
    for want in ask.wants.iter().filter(|want| !want.metrics.is_empty()) {
        let labels = TimeRange::new(want.labels.start.max(horizon), want.labels.end);
        let of = (&want.key, want.metrics.as_slice());
        wanted.entry(of).or_default().insert(labels);
    }
    let mut places: BTreeMap<(Market, &Venue), Groups<'_>> = BTreeMap::new();
    for ((key, metrics), holes) in wanted {
        let place = (
            exchanges.market_of(key).unwrap_or(Market::Basis),
            &key.venue,
        );
        let groups = places.entry(place).or_default();
        for labels in holes.iter() {
            let time = asked(ask, step, labels);
            let group = groups.entry((time.start, time.end, metrics)).or_default();
            group.insert(key.clone());
        }
    }
    places
}

/// Returns the time to ask for: of a live tick's newest labels the open bucket too.
fn asked(ask: &Ask, step: Step, labels: TimeRange) -> TimeRange {
    let open = step.floor(ask.now);
    match ask.kind {
        PullKind::Live if labels.end == open => TimeRange::new(labels.start, step.next(open)),
        _ => labels,
    }
}

/// Returns the labels that are kept of what is asked for.
fn kept(ask: &Ask, step: Step, time: TimeRange) -> TimeRange {
    match ask.kind {
        PullKind::Live => TimeRange::new(time.start, time.end.min(step.floor(ask.now))),
        _ => time,
    }
}
