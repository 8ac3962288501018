//! Rebuilds a request from its path and query, for looking at an answer from outside.

use model::{DatasetId, Key, MetricName};
use source::{
    Block, Cost, PlanError, RequestSpec, Source as _,
    recognise::{check_named, listed, needed_value, query_value, sorted_keys},
    split_path_and_query,
};

use crate::{
    AlphaVantage,
    access::HOST,
    config::QUOTE,
    datasets::{LISTING, SOURCE},
    functions::{Class, ECONOMY_DATASETS, Function, function_of, functions, parts},
    metrics::{Economy, economy_of},
};

pub(crate) fn recognise(
    source: &AlphaVantage,
    dataset: Option<DatasetId>,
    path_and_query: &str,
    keys: &[String],
) -> Result<RequestSpec, PlanError> {
    let (path, mut query) = split_path_and_query(path_and_query);
    if path.trim_end_matches('/') != "/query" {
        return Err(PlanError::UnknownPath {
            source_id: SOURCE.as_str(),
            path,
        });
    }
    // Whoever copies an address copies the key with it.
    query.retain(|(name, _)| !name.eq_ignore_ascii_case("apikey"));
    if let Some(named) = dataset {
        source.known_dataset(named)?;
    }
    let (found, mut assets) = match value(&query, "function") {
        Some("LISTING_STATUS") => (LISTING, Vec::new()),
        Some(name) => of_function(name, &query, dataset)?,
        None => return Err(PlanError::parameter("function", "missing")),
    };
    check_named(source, dataset, &[found])?;
    if assets.is_empty() {
        assets = sorted_keys(keys.iter().map(String::as_str), QUOTE);
    }
    assets.sort();
    assets.dedup();
    let step = source.datasets.iter().find(|spec| spec.id == found);
    Ok(RequestSpec {
        source: SOURCE,
        dataset: found,
        host: HOST,
        path: "/query".to_owned(),
        query,
        block: Block {
            keys: assets,
            metrics: Vec::<MetricName>::new(),
            ..Block::open(step.map_or(model::Step::Day, |spec| spec.step))
        },
        cost: Cost::ONE,
    })
}

/// Query values by name, without the blanks around them.
pub(crate) fn value<'q>(query: &'q [(String, String)], name: &str) -> Option<&'q str> {
    query_value(query, name).map(str::trim)
}

fn of_function(
    name: &str,
    query: &[(String, String)],
    named: Option<DatasetId>,
) -> Result<(DatasetId, Vec<Key>), PlanError> {
    if let Some(economy) = economy_of(name) {
        return of_economy(economy, query);
    }
    let named = named.and_then(function_of).filter(|one| one.name == name);
    let function = named.or_else(|| functions().find(|one| one.name == name));
    let Some(function) = function else {
        let why = format!("no dataset uses {name:?}");
        return Err(PlanError::parameter("function", why));
    };
    if let Some(interval) = value(query, "interval").filter(|interval| *interval != "60min") {
        let why = format!("no dataset holds bars of {interval:?}");
        return Err(PlanError::parameter("interval", why));
    }
    Ok((function.dataset, keys_of(function, query)?))
}

fn of_economy(
    economy: &Economy,
    query: &[(String, String)],
) -> Result<(DatasetId, Vec<Key>), PlanError> {
    // Without a word the vendor answers by the month, of gross domestic product by the year.
    let only = economy.intervals.first().copied().unwrap_or_default();
    let interval = match economy.asks_interval {
        true => value(query, "interval").unwrap_or("monthly"),
        false => only,
    };
    let found = (ECONOMY_DATASETS.iter())
        .filter(|_| economy.intervals.contains(&interval))
        .find(|(_, known, _)| *known == interval);
    let Some((dataset, ..)) = found else {
        let why = format!("no dataset holds {} {interval:?}", economy.function);
        return Err(PlanError::parameter("interval", why));
    };
    let asset = asset_of(economy, value(query, "maturity"));
    Ok((*dataset, vec![Key::of_asset(asset.as_str(), QUOTE)]))
}

/// Returns the asset of a series of the economy.
pub(crate) fn asset_of(economy: &Economy, maturity: Option<&str>) -> String {
    let class = match economy.is_commodity {
        true => Class::Commodity,
        false => Class::Macro,
    };
    let asset = format!("{}:{}", class.as_str(), economy.function);
    match (economy.function, maturity) {
        ("TREASURY_YIELD", maturity) => format!("{asset}:{}", maturity.unwrap_or("10year")),
        _ => asset,
    }
}

fn keys_of(function: &Function, query: &[(String, String)]) -> Result<Vec<Key>, PlanError> {
    let need = |name| needed_value(query, name).map(str::trim);
    let (symbols, quote) = match function.classes {
        // Of a rate nobody can tell a coin from a currency, of a share not its currency: the caller
        // names them, or the block takes what comes.
        [Class::Crypto, Class::Fx] => return Ok(Vec::new()),
        [Class::Fx] => (need("from_symbol")?, need("to_symbol")?),
        [Class::Crypto] => (need("symbol")?, need("market")?),
        _ => (need("symbol")?, QUOTE),
    };
    let class = function.classes.first().map_or("", |class| class.as_str());
    let quote = quote.to_ascii_lowercase();
    Ok(listed(symbols)
        .filter(|symbol| !is_abroad(symbol))
        .map(|symbol| Key::of_asset(format!("{class}:{symbol}").as_str(), quote.as_str()))
        .collect())
}

/// Whether a ticker is that of an exchange outside of the US: two letters or more after a dot. One
/// letter is a class of shares.
pub(crate) fn is_abroad(symbol: &str) -> bool {
    symbol
        .rsplit_once('.')
        .is_some_and(|(_, exchange)| exchange.len() > 1)
}

/// Whether the catalogue lists the key if the vendor has it.
pub(crate) fn is_listed(key: &Key) -> bool {
    parts(key).is_some_and(|(class, symbol)| class == Class::Equity && !is_abroad(symbol))
}
