//! The newer paths of the Pro API: `/v2/chart/…` and `/v2/metrics/…`, one small thing each.

use serde_json::{Value, json};

use super::dims::DimId;
use super::flows::Seen;
use super::names::new_chain;
use super::numbers::{Fields, Num, json as reply, rounded, seconds};
use super::overview::{about, behind};
use super::protocol::head;
use super::roster::Who;
use super::totals::{Chart, Totals, charted};
use super::{Ask, errors, tvl};
use crate::vendor::Reply;

/// What a chart is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of<'a> {
    All,
    Chain(&'a str),
    Protocol(&'a str),
}

/// How a chart is taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Nothing,
    Protocol,
    Chain,
}

fn dim(ask: &Ask<'_>, kind: &str) -> Result<DimId, Reply> {
    let found = DimId::find(
        kind,
        ask.call.param("dataType"),
        ask.roster.plan.options_notional,
    );
    found.ok_or_else(errors::bad_type)
}

/// Returns all that a chart is of, and the chain it is restricted to.
fn those<'a>(
    ask: &Ask<'a>,
    id: DimId,
    of: Of<'_>,
) -> Result<(Vec<Seen<'a>>, Option<usize>), Reply> {
    let chain = match of {
        Of::All => None,
        Of::Chain(name) => {
            let found = ask.roster.chain(name, true, ask.now_ms());
            Some(found.ok_or_else(errors::no_data)?)
        }
        Of::Protocol(slug) => {
            let (_, all) = behind(ask, id, slug).ok_or_else(errors::no_data)?;
            return Ok((all, None));
        }
    };
    let mut all = ask.roster.all_seen(id, ask.now_ms());
    all.retain(|seen| {
        chain.is_none_or(|chain| seen.leaf.chains.iter().any(|(one, _)| *one == chain))
    });
    Ok((all, chain))
}

/// Answers `/v2/chart/{type}…`. Totals over all are padded as in overviews; parts and single protocols are not.
pub(super) fn chart(ask: &Ask<'_>, kind: &str, of: Of<'_>, by: By) -> Result<Reply, Reply> {
    let (all, chain) = those(ask, dim(ask, kind)?, of)?;
    let padded = !matches!(of, Of::Protocol(_));
    Ok(match by {
        By::Nothing => reply(&charted(ask.roster.total_days(&all, chain, padded))),
        By::Protocol => reply(&ask.roster.breakdown(&all, chain, |seen| &seen.leaf.name)),
        By::Chain => reply(&ask.roster.by_chain(&all)),
    })
}

/// Answers `/v2/metrics/{type}…`.
pub(super) fn metrics(ask: &Ask<'_>, kind: &str, of: Of<'_>) -> Result<Reply, Reply> {
    let id = dim(ask, kind)?;
    if let Of::Protocol(slug) = of {
        let (who, all) = behind(ask, id, slug).ok_or_else(errors::no_data)?;
        return Ok(reply(&about(ask, who, &all)));
    }
    let (all, chain) = those(ask, id, of)?;
    let part = |seen: &Seen<'_>| {
        let on = |chain| ask.roster.part_on(seen.leaf, chain, ask.now_ms());
        chain.map_or(Some(1.0), on).unwrap_or(0.0)
    };
    let mut totals: Vec<Totals> = all
        .iter()
        .map(|seen| Totals::of(seen).times(part(seen)))
        .collect();
    let totals = serde_json::to_value(Totals::summed(totals.iter_mut()));
    let mut body = totals.unwrap_or(Value::Null);
    body["allChains"] = json!(ask.roster.chains_of(&all));
    if let Some(chain) = chain.and_then(|chain| ask.roster.chains.get(chain)) {
        body["chain"] = json!(chain.name);
    }
    Ok(reply(&body))
}

/// Answers `/v2/metrics/tvl/protocol/{slug}`: what `/protocol/{slug}` has beside the histories.
pub(super) fn tvl_metrics(ask: &Ask<'_>, slug: &str) -> Result<Reply, Reply> {
    let who = locked(ask, slug)?;
    Ok(reply(&head(ask.roster, who, ask.now_ms())))
}

fn locked(ask: &Ask<'_>, slug: &str) -> Result<Who, Reply> {
    let who = ask
        .roster
        .who(slug, ask.now_ms())
        .ok_or_else(errors::no_data)?;
    let leaves = ask.roster.leaves_of(who);
    let any = leaves.iter().any(|leaf| !leaf.is_chain);
    any.then_some(who).ok_or_else(errors::no_data)
}

/// Answers `/v2/chart/tvl/protocol/{slug}[/chain-breakdown]`, at the same instants as `/protocol/{slug}`.
///
/// `key` names a section, or `all`: base value and sections together. Server code says nothing of other words; here
/// they have no data.
pub(super) fn tvl_chart(ask: &Ask<'_>, slug: &str, by: By) -> Result<Reply, Reply> {
    let who = locked(ask, slug)?;
    let key = ask.call.param("key");
    if key.is_some_and(|key| key != "all" && !tvl::SECTIONS.contains(&key)) {
        return Err(errors::no_data());
    }
    let stamps = ask.roster.clockwork(who).stamps(ask.now_ms());
    if by == By::Chain {
        let charted = stamps
            .iter()
            .map(|ms| (seconds(*ms), chains_at(ask, who, key, *ms)));
        return Ok(reply(&charted.collect::<Chart<Fields<&str, Num>>>()));
    }
    let value = |ms: i64| {
        let leaves = ask.roster.leaves_of(who).into_iter();
        let values = leaves.filter_map(|leaf| Some(ask.roster.tvl(leaf, ms)? * size(leaf, key)));
        values.fold(None, |sum: Option<f64>, value| {
            Some(sum.unwrap_or(0.0) + value)
        })
    };
    let points = stamps
        .iter()
        .filter_map(|ms| Some((seconds(*ms), Num(rounded(value(*ms)?, 1e5)))));
    Ok(reply(&points.collect::<Chart<Num>>()))
}

/// Returns what a key of the chart is as a part of the base value.
fn size(leaf: &super::roster::Leaf, key: Option<&str>) -> f64 {
    let sections = tvl::sections(leaf);
    match key {
        None => 1.0,
        Some("all") => 1.0 + sections.iter().map(|(_, part)| part).sum::<f64>(),
        Some(key) => sections
            .iter()
            .find(|(name, _)| *name == key)
            .map_or(0.0, |(_, part)| *part),
    }
}

fn chains_at<'a>(ask: &Ask<'a>, who: Who, key: Option<&str>, at_ms: i64) -> Fields<&'a str, Num> {
    let mut chains: std::collections::BTreeMap<&str, f64> = std::collections::BTreeMap::new();
    for leaf in ask.roster.leaves_of(who) {
        let Some(value) = ask.roster.tvl(leaf, at_ms) else {
            continue;
        };
        for (index, part) in ask.roster.parts(leaf, at_ms) {
            if let Some(chain) = ask.roster.chains.get(index) {
                *chains.entry(new_chain(&chain.name)).or_insert(0.0) +=
                    value * part * size(leaf, key);
            }
        }
    }
    let rounded = chains
        .into_iter()
        .map(|(name, usd)| (name, Num(rounded(usd, 1e5))));
    Fields(rounded.collect())
}
