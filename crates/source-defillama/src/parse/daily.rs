//! Histories by day, whole: dimensions, TVL, stablecoins, pools.

use model::{Key, MetricName, SeriesKey, Step};
use serde_json::value::RawValue;
use source::{
    Parsed, Reply, ReplyError, RequestSpec, SNAPSHOT_TOLERANCE_SECS, Sink,
    lenient::{self, Text},
    recognise::query_value,
};

use super::{
    malformed, row,
    series::{Line, Place, Rule, check},
};
use crate::{
    DefiLlama,
    datasets::SOURCE,
    kept::Names,
    kind::Kind,
    metrics::{METRICS, Metric, Past, Section, metrics_of, stamp},
    recognise::key_of,
    route::{Of, Route},
    wire::{
        Alone, DimensionChart, Id, PoolDay, Protocol, Sample, Sections, StablecoinDay, TvlPoint,
        Yields,
    },
};

/// What an answer is about, and its samples.
struct Chart {
    key: Key,
    lines: Vec<Line>,
    place: Place,
    /// Whether the last sample may be one of now.
    ends_live: bool,
}

pub(super) fn parse(
    source: &DefiLlama,
    request: &RequestSpec,
    reply: &Reply,
    route: Route<'_>,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let spec = source
        .datasets
        .iter()
        .find(|spec| spec.id == request.dataset);
    let spec = spec.ok_or_else(|| malformed("the request belongs to no dataset"))?;
    let text = lenient::text(&reply.body);
    let chart = read(&source.names(), request, route, &text)?;
    let now = reply.received_at;
    // There is always a market.
    let is_empty = chart.lines.iter().all(|line| line.samples.is_empty());
    if is_empty && Kind::of(&chart.key.asset).0 == Kind::Global {
        return Err(malformed("not a single point"));
    }
    check(&chart.lines, now)?;
    for line in &chart.lines {
        let series = SeriesKey {
            source: SOURCE,
            key: chart.key.clone(),
            metric: MetricName::from(line.metric.name),
            step: Step::Day,
        };
        let rule = Rule::new(spec, stamp(&series), chart.place, now);
        let rule = match chart.ends_live {
            true => rule.ending_live(),
            false => rule,
        };
        rule.read(request, &chart.key, line, out);
    }
    // What a day's first value is says nothing of other metrics: nothing is taught.
    Ok(Parsed::default())
}

fn read(
    names: &Names,
    request: &RequestSpec,
    route: Route<'_>,
    text: &str,
) -> Result<Chart, ReplyError> {
    match route {
        Route::Protocol(_) => protocol(request, text),
        Route::TvlChart(_) => {
            let key = query_value(&request.query, "key").filter(|key| !key.is_empty());
            let is_of = |past| matches!(past, Past::Tvl(section) if section.key() == key);
            small(request, text, Kind::Protocol, is_of, tvl_place())
        }
        Route::ChainTvl(_) => {
            let points: Vec<Alone<TvlPoint>> = lenient::read(text)?;
            let key = key(request)?;
            let samples: Vec<Sample> = points.iter().map(Sample::from).collect();
            let is_of = |past| matches!(past, Past::ChainTvl);
            Ok(chart(key, lines_of(is_of, samples), tvl_place(), true))
        }
        Route::Overview(of, chain) => {
            let kind = chain.map_or(Kind::Global, |_| Kind::Chain);
            let chart: DimensionChart = lenient::read(text)?;
            dimension(request, kind, of, chart.total_data_chart, key(request)?)
        }
        Route::Summary(of, _) => {
            let mut body: DimensionChart = lenient::read(text)?;
            let samples = std::mem::take(&mut body.total_data_chart);
            let key = whose(request, &[&body.defillama_id, &body.id])?;
            not_of_a_chain(&body.protocol_type)?;
            dimension(request, Kind::Protocol, of, samples, key)
        }
        Route::Chart(of, about) => {
            let kind = match about {
                Of::Global => Kind::Global,
                Of::Chain(_) => Kind::Chain,
                Of::Protocol(_) => Kind::Protocol,
            };
            let samples: Vec<Sample> = lenient::read(text)?;
            dimension(request, kind, of, samples, key(request)?)
        }
        Route::StablecoinChart(_) => stablecoins(names, request, text),
        Route::PoolChart(_) => pool(request, text),
        _ => Err(malformed("the request belongs to no history")),
    }
}

fn chart(key: Key, lines: Vec<Line>, place: Place, ends_live: bool) -> Chart {
    Chart {
        key,
        lines,
        place,
        ends_live,
    }
}

/// TVL is stamped with midnight, or with the first snapshot after it where a protocol is so new that
/// every hour is there.
const fn tvl_place() -> Place {
    Place::Near(SNAPSHOT_TOLERANCE_SECS)
}

fn key(request: &RequestSpec) -> Result<Key, ReplyError> {
    key_of(request).ok_or_else(|| malformed("the request names no key"))
}

/// Lines of every metric that has its past there; asked for or not, together they show what the answer
/// is. They share the samples.
fn lines_of(is_of: impl Fn(Past) -> bool, samples: Vec<Sample>) -> Vec<Line> {
    let metric = METRICS.iter().find(|metric| is_of(metric.past));
    metric
        .map(|metric| Line { metric, samples })
        .into_iter()
        .collect()
}

/// `[[seconds, value], …]`
fn small(
    request: &RequestSpec,
    text: &str,
    kind: Kind,
    is_of: impl Fn(Past) -> bool,
    place: Place,
) -> Result<Chart, ReplyError> {
    let samples: Vec<Sample> = lenient::read(text)?;
    let metric = metrics_of(kind).find(|metric| is_of(metric.past));
    let metric = metric.ok_or_else(|| malformed("no metric has this chart"))?;
    let lines = vec![Line { metric, samples }];
    Ok(chart(key(request)?, lines, place, true))
}

/// `/protocol/{slug}`. Only what is TVL and its sections: the chains add up to more (trap 2).
fn protocol(request: &RequestSpec, text: &str) -> Result<Chart, ReplyError> {
    let body: Protocol = lenient::read(text)?;
    let key = whose(request, &[&body.id])?;
    let sections = body.chain_tvls.unwrap_or_default();
    let points = |section: Section| {
        let Sections {
            staking,
            pool2,
            borrowed,
        } = &sections;
        match section {
            Section::Base => &body.tvl,
            Section::Staking => &staking.tvl,
            Section::Pool2 => &pool2.tvl,
            Section::Borrowed => &borrowed.tvl,
        }
    };
    let lines = metrics_of(Kind::Protocol).filter_map(|metric| match metric.past {
        Past::Tvl(section) => Some(Line {
            metric,
            samples: points(section).iter().map(Sample::from).collect(),
        }),
        _ => None,
    });
    Ok(chart(key, lines.collect(), tvl_place(), true))
}

fn dimension(
    request: &RequestSpec,
    kind: Kind,
    of: &str,
    samples: Vec<Sample>,
    key: Key,
) -> Result<Chart, ReplyError> {
    let data_type = query_value(&request.query, "dataType");
    let asked = &request.block.metrics;
    let is_of = |metric: &&'static Metric| match metric.past {
        Past::Dimension(dimension) => {
            dimension.of == of
                && data_type.is_none_or(|named| named == dimension.data_type)
                && (asked.is_empty() || asked.iter().any(|name| name.as_str() == metric.name))
        }
        _ => false,
    };
    let metric = metrics_of(kind).find(is_of);
    let metric = metric.ok_or_else(|| malformed("no metric has this chart"))?;
    let lines = vec![Line { metric, samples }];
    Ok(chart(key, lines, Place::Exact, false))
}

/// A slug names another thing than the CSV says, or there is a slip in the CSV: that is refused, and its
/// values with it.
fn whose(request: &RequestSpec, named: &[&Id]) -> Result<Key, ReplyError> {
    let told: Vec<&str> = named.iter().filter_map(|id| id.0.as_deref()).collect();
    let Some(asked) = request.block.keys.first() else {
        // Open: the answer says whose it is.
        return match told.first() {
            Some(id) => Ok(Kind::Protocol.key(id)),
            None => key(request),
        };
    };
    let (_, id) = Kind::of(&asked.asset);
    if told.is_empty() || told.contains(&id) {
        return Ok(asked.clone());
    }
    let what = "the slug is that of another id than the configuration says";
    Err(ReplyError::Rejected(what.to_owned()))
}

/// A chain's own fees have the path of a protocol (trap 10).
fn not_of_a_chain(protocol_type: &Text) -> Result<(), ReplyError> {
    match protocol_type.0.as_deref() {
        Some("chain") => {
            let what = "the slug is that of a chain, not of a protocol";
            Err(ReplyError::Rejected(what.to_owned()))
        }
        _ => Ok(()),
    }
}

fn stablecoins(names: &Names, request: &RequestSpec, text: &str) -> Result<Chart, ReplyError> {
    let key = key(request)?;
    let (kind, _) = Kind::of(&key.asset);
    let rows: Vec<&RawValue> = lenient::read(text)?;
    let days: Vec<Option<StablecoinDay>> = rows.into_iter().map(row).collect();
    if kind == Kind::Stablecoin {
        let pegs = days.iter().flatten().flat_map(StablecoinDay::pegs);
        check_pegs(pegs, names.peg(&key.asset))?;
    }
    let lines = metrics_of(kind).filter_map(|metric| match metric.past {
        Past::Supply(value) => Some(Line {
            metric,
            samples: days.iter().map(|day| of_day(day.as_ref(), value)).collect(),
        }),
        _ => None,
    });
    Ok(chart(key, lines.collect(), Place::Exact, false))
}

fn of_day(day: Option<&StablecoinDay>, value: fn(&StablecoinDay) -> lenient::Number) -> Sample {
    match day {
        Some(day) => Sample::new(day.date, value(day)),
        None => Sample::new(lenient::Number::Odd, lenient::Number::Odd),
    }
}

/// A stablecoin has one peg. Several are the chart of all coins: the vendor did not look at the id.
fn check_pegs<'d>(
    pegs: impl Iterator<Item = &'d str>,
    named: Option<&str>,
) -> Result<(), ReplyError> {
    let mut first = named;
    for peg in pegs {
        if *first.get_or_insert(peg) != peg {
            return Err(malformed("another peg than that of the coin"));
        }
    }
    Ok(())
}

fn pool(request: &RequestSpec, text: &str) -> Result<Chart, ReplyError> {
    let body: Yields<'_> = lenient::read(text)?;
    let days: Vec<Option<PoolDay>> = body.data.into_iter().map(row).collect();
    let sample = |day: &Option<PoolDay>, value: fn(&PoolDay) -> lenient::Number| {
        let day = day.as_ref();
        Sample {
            stamp: day.and_then(|day| day.timestamp.0),
            value: day.map_or(lenient::Number::Odd, value),
        }
    };
    let lines = metrics_of(Kind::Pool).filter_map(|metric| match metric.past {
        Past::Pool(value) => Some(Line {
            metric,
            samples: days.iter().map(|day| sample(day, value)).collect(),
        }),
        _ => None,
    });
    Ok(chart(key(request)?, lines.collect(), Place::Within, false))
}
