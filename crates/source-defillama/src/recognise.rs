//! Rebuilds a request from its path and query, for looking at an answer from outside.

use model::{DatasetId, Key, MetricName, Step, TimeRange, Ts};
use percent_encoding::percent_decode_str;
use source::{
    Block, PlanError, RequestSpec,
    recognise::{check_named, listed, query_value, sorted_keys},
    split_path_and_query,
};

use crate::{
    DefiLlama,
    datasets::{
        ACTIVE_USERS_DAILY, CHAIN_TVL_DAILY, CHAINS, CHAINS_NOW, DIMENSIONS_DAILY, DIMENSIONS_NOW,
        POOLS_DAILY, POOLS_NOW, PRICES_DAILY, PRICES_HOURLY, PRICES_NOW, PROTOCOLS, PROTOCOLS_NOW,
        SOURCE, STABLECOINS, STABLECOINS_DAILY, STABLECOINS_NOW, TVL_DAILY, USAGE,
    },
    kept::Names,
    kind::{Kind, QUOTE},
    metrics::{Dimension, Live, METRICS, Metric, Past, Section, metrics_of},
    plan::Maker,
    route::{Of, Route, below_product, route},
};

/// The year 2200: milliseconds read as seconds lie far beyond.
const LATEST_SECS: i64 = 7_258_118_400;

/// Whether a flag is set, as the vendor reads flags: in any case.
fn is_set(query: &[(String, String)], name: &str) -> bool {
    query_value(query, name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

pub(crate) fn recognise(
    source: &DefiLlama,
    dataset: Option<DatasetId>,
    path_and_query: &str,
    keys: &[String],
) -> Result<RequestSpec, PlanError> {
    let (asked, query) = split_path_and_query(path_and_query);
    let path = below_product(&asked);
    let unknown = || PlanError::UnknownPath {
        source_id: SOURCE.as_str(),
        path: path.clone(),
    };
    let found = route(&path).ok_or_else(unknown)?;
    let (datasets, mut block) = candidates(source, found, &query)?;
    if block.keys.is_empty() {
        block.keys = sorted_keys(keys.iter().map(String::as_str), QUOTE);
    }
    check_named(source, dataset, &datasets)?;
    let dataset = dataset.or(datasets.first().copied()).ok_or_else(unknown)?;
    let step = source.datasets.iter().find(|known| known.id == dataset);
    block.step = step.map_or(block.step, |spec| spec.step);
    let plan = source.settings.plan;
    let maker = Maker { plan, dataset };
    Ok(match found {
        Route::Usage => maker.usage(),
        _ => (source.yields).at_present(maker.request_as_asked(&path, query, block)),
    })
}

/// Returns the datasets that a route may belong to, the likeliest first, and what it asks for.
fn candidates(
    source: &DefiLlama,
    found: Route<'_>,
    query: &[(String, String)],
) -> Result<(Vec<DatasetId>, Block), PlanError> {
    let names = source.names();
    let now = || Block::open(Step::Hour);
    Ok(match found {
        Route::Protocols => (vec![PROTOCOLS_NOW, PROTOCOLS], now()),
        Route::Chains => (vec![CHAINS_NOW, CHAINS], now()),
        Route::Stablecoins => (vec![STABLECOINS_NOW, STABLECOINS], now()),
        Route::Pools => (vec![POOLS_NOW], now()),
        Route::Usage => (vec![USAGE], now()),
        Route::Protocol(slug) => {
            let metrics = METRICS
                .iter()
                .filter(|metric| matches!(metric.past, Past::Tvl(_)));
            (vec![TVL_DAILY], daily(protocol(&names, slug), metrics))
        }
        Route::TvlChart(slug) => {
            let metrics = of_section(query_value(query, "key"))?;
            (vec![TVL_DAILY], daily(protocol(&names, slug), metrics))
        }
        Route::ChainTvl(chain) => {
            let key = chain.map_or(Kind::Global.key(""), |chain| {
                Kind::Chain.key(&decode(chain))
            });
            let metrics = METRICS
                .iter()
                .filter(|metric| matches!(metric.past, Past::ChainTvl));
            (vec![CHAIN_TVL_DAILY], daily(Some(key), metrics))
        }
        Route::Overview(of, None) if is_set(query, "excludeTotalDataChart") => {
            let metrics = metrics_now(of, query)?;
            (vec![DIMENSIONS_NOW], Block { metrics, ..now() })
        }
        Route::Overview(of, chain) => {
            let about = chain.map_or(Of::Global, Of::Chain);
            dimension_chart(&names, of, about, query)?
        }
        Route::Summary(of, slug) => dimension_chart(&names, of, Of::Protocol(slug), query)?,
        Route::Chart(of, about) => dimension_chart(&names, of, about, query)?,
        Route::StablecoinChart(chain) => {
            let key = match (chain, query_value(query, "stablecoin")) {
                (None, Some(id)) => Kind::Stablecoin.key(id),
                (None, None) => Kind::Global.key(""),
                (Some(chain), None) => Kind::Chain.key(&decode(chain)),
                (Some(_), Some(_)) => {
                    let why = "no series holds one stablecoin on one chain";
                    return Err(PlanError::parameter("stablecoin", why));
                }
            };
            let metrics = METRICS
                .iter()
                .filter(|metric| matches!(metric.past, Past::Supply(_)));
            (vec![STABLECOINS_DAILY], daily(Some(key), metrics))
        }
        Route::PoolChart(pool) => {
            let key = Kind::Pool.key(&decode(pool));
            (vec![POOLS_DAILY], daily(Some(key), metrics_of(Kind::Pool)))
        }
        Route::CoinChart(coins) => price_chart(coins, query)?,
        Route::Prices(_, coins) => {
            let metrics = vec![MetricName::from("PRICE")];
            let keys = coin_keys(coins);
            (
                vec![PRICES_NOW],
                Block {
                    keys,
                    metrics,
                    ..now()
                },
            )
        }
    })
}

/// A block of one key, or an open one, by day, of those of the metrics that the key's kind has.
fn daily(key: Option<Key>, metrics: impl Iterator<Item = &'static Metric>) -> Block {
    let kind = key
        .as_ref()
        .map_or(Kind::Protocol, |key| Kind::of(&key.asset).0);
    let names = metrics.filter(|metric| metric.kind == kind);
    Block {
        keys: key.into_iter().collect(),
        metrics: names.map(|metric| MetricName::from(metric.name)).collect(),
        ..Block::open(Step::Day)
    }
}

fn decode(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// The protocol of a slug, where a row names it; else the answer may say whose it is.
fn protocol(names: &Names, slug: &str) -> Option<Key> {
    let asset = names.protocol(&decode(slug))?;
    Some(Key::of_asset(asset.clone(), QUOTE))
}

/// The key that an answer about one is about, where the answer does not say it: the one asked for, else
/// what the path says.
pub(crate) fn key_of(request: &RequestSpec) -> Option<Key> {
    let named = || match route(&request.path)? {
        Route::Protocol(slug)
        | Route::TvlChart(slug)
        | Route::Summary(_, slug)
        | Route::Chart(_, Of::Protocol(slug)) => Some(Kind::Protocol.key(&decode(slug))),
        _ => None,
    };
    request.block.keys.first().cloned().or_else(named)
}

fn of_section(key: Option<&str>) -> Result<impl Iterator<Item = &'static Metric>, PlanError> {
    let sections = [
        Section::Base,
        Section::Staking,
        Section::Pool2,
        Section::Borrowed,
    ];
    let key = key.filter(|key| !key.is_empty());
    let section = sections.into_iter().find(|section| section.key() == key);
    let section =
        section.ok_or_else(|| PlanError::parameter("key", "no metric holds this section"))?;
    let is_of = move |metric: &&Metric| matches!(metric.past, Past::Tvl(of) if of == section);
    Ok(METRICS.iter().filter(is_of))
}

/// Finds a dimension by its type and its data type, which may be left out where there is only one.
fn dimension(of: &str, query: &[(String, String)]) -> Result<Dimension, PlanError> {
    let all = METRICS.iter().filter_map(|metric| match metric.past {
        Past::Dimension(dimension) if dimension.of == of => Some(dimension),
        _ => None,
    });
    let of_type: std::collections::BTreeSet<Dimension> = all.collect();
    let data_type = query_value(query, "dataType").filter(|text| !text.is_empty());
    let data_type = match (data_type, of) {
        (Some(named), _) => named,
        // The one type whose default is in conflict (trap 11).
        (None, "options") => {
            return Err(PlanError::parameter(
                "dataType",
                "missing: its default is unknown",
            ));
        }
        (None, "fees") => "dailyFees",
        (None, "active-users") => "dailyActiveUsers",
        (None, _) => of_type.first().map_or("", |first| first.data_type),
    };
    let found = of_type.iter().find(|one| one.data_type == data_type);
    found.copied().ok_or_else(|| {
        let why = format!("no metric holds {data_type:?} of {of:?}");
        PlanError::parameter("dataType", why)
    })
}

fn metrics_now(of: &str, query: &[(String, String)]) -> Result<Vec<MetricName>, PlanError> {
    let dimension = dimension(of, query)?;
    let is_of = |metric: &&Metric| matches!(metric.live, Live::Total(of) if of == dimension);
    let names = METRICS.iter().filter(is_of);
    let mut names: Vec<MetricName> = names.map(|metric| MetricName::from(metric.name)).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        let why = "no metric holds the last 24 hours of it";
        return Err(PlanError::parameter("dataType", why));
    }
    Ok(names)
}

fn dimension_chart(
    names: &Names,
    of: &str,
    about: Of<'_>,
    query: &[(String, String)],
) -> Result<(Vec<DatasetId>, Block), PlanError> {
    let dimension = dimension(of, query)?;
    let (kind, key) = match about {
        Of::Global => (Kind::Global, Some(Kind::Global.key(""))),
        Of::Chain(chain) => (Kind::Chain, Some(chain_of(names, chain))),
        Of::Protocol(slug) => (Kind::Protocol, protocol(names, slug)),
    };
    let is_of = |metric: &&'static Metric| {
        metric.kind == kind && matches!(metric.past, Past::Dimension(of) if of == dimension)
    };
    let block = daily(key, METRICS.iter().filter(is_of));
    if block.metrics.is_empty() {
        let why = format!("a {} has no metric of it", kind.as_str());
        return Err(PlanError::parameter("dataType", why));
    }
    let dataset = match dimension.is_of_users() {
        true => ACTIVE_USERS_DAILY,
        false => DIMENSIONS_DAILY,
    };
    Ok((vec![dataset], block))
}

/// Overviews take a chain in lower case and with `-` for blanks too.
fn chain_of(names: &Names, segment: &str) -> Key {
    let name = decode(segment);
    let spelled = [name.replace('-', " "), name.clone()];
    let known = spelled.iter().find_map(|name| names.known_chain(name));
    match known {
        Some(asset) => Key::of_asset(asset.clone(), QUOTE),
        None => Kind::Chain.key(&name),
    }
}

fn coin_keys(coins: &str) -> Vec<Key> {
    let ids = decode(coins);
    let mut keys: Vec<Key> = listed(&ids).map(|id| Kind::Coin.key(id)).collect();
    keys.sort();
    keys.dedup();
    keys
}

fn price_chart(
    coins: &str,
    query: &[(String, String)],
) -> Result<(Vec<DatasetId>, Block), PlanError> {
    let (dataset, step) = match query_value(query, "period")
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        Some("1h" | "60m" | "3600") => (PRICES_HOURLY, Step::Hour),
        None | Some("1d" | "24h" | "86400" | "") => (PRICES_DAILY, Step::Day),
        Some(other) => {
            let why = format!("no dataset holds points every {other}");
            return Err(PlanError::parameter("period", why));
        }
    };
    let block = Block {
        keys: coin_keys(coins),
        metrics: vec![MetricName::from("PRICE")],
        step,
        labels: chart_labels(query, step)?,
    };
    Ok((vec![dataset], block))
}

/// Every label that a point of the chart can have; empty, which clips nothing, where the query does not
/// say where it begins.
fn chart_labels(query: &[(String, String)], step: Step) -> Result<TimeRange, PlanError> {
    let number = |name: &'static str| -> Result<Option<i64>, PlanError> {
        let text = query_value(query, name).filter(|text| !text.is_empty());
        let number = text.map(|text| text.parse::<i64>());
        let number = number.transpose();
        number.map_err(|_| PlanError::parameter(name, "no whole number"))
    };
    let (start, end, span) = (number("start")?, number("end")?, number("span")?);
    if start.is_some() && end.is_some() {
        return Err(PlanError::parameter("end", "either start or end, not both"));
    }
    let Some(start) = start else {
        return Ok(Block::ALL_LABELS);
    };
    let span = span.unwrap_or(1).clamp(1, 100_000);
    if !(0..LATEST_SECS).contains(&start) {
        return Err(PlanError::parameter(
            "start",
            "no plausible time in seconds",
        ));
    }
    // The nearest label: points are moved there.
    let first = step.floor(Ts::from_secs(start + step.max_secs() / 2));
    Ok(TimeRange::new(
        first,
        first.plus_secs(span * step.max_secs()),
    ))
}
