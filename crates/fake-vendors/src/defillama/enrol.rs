//! Ids that a configuration names beyond the world's table.

use super::names::{CHILDREN, new_chain, platform, slug};
use crate::chance;
use crate::entity::{Entity, title};
use crate::world::WorldState;

/// Makes sure that the world has what the vendor knows under an id:
///
/// - `protocol:<slug>`, `protocol:<slug>:<number>` or `protocol:<slug>:parent#<slug>`, the latter with children,
/// - `chain:<name>`, under either name,
/// - `stablecoin:<number>`,
/// - `coin:coingecko:<id>` or `coin:<chain>:<address>`,
/// - `pool:<UUID>`.
///
/// What else follows is ignored, and so are other kinds. Where the world has the thing under another vendor's name, that one
/// gets DefiLlama's; else it is made up, equal for equal ids.
pub(crate) fn enrol(state: &mut WorldState, id: &str) {
    let (kind, rest) = id.split_once(':').unwrap_or((id, ""));
    let mut parts = rest.split(':').map(str::trim);
    let (name, tail) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    if name.is_empty() {
        return;
    }
    match kind.trim() {
        "protocol" => protocol(state, &name.to_lowercase(), id_in(tail)),
        "chain" => chain(state, new_chain(name)),
        "stablecoin" => stablecoin(state, name),
        "coin" => coin(state, name, tail),
        "pool" => pool(state, name),
        _ => {}
    }
}

/// Returns the number or parent in what follows a slug: by itself, or as `id=…` among other settings.
fn id_in(tail: &str) -> &str {
    let mut parts = tail
        .split(';')
        .map(|part| part.strip_prefix("id=").unwrap_or(part).trim());
    let is_id = |part: &&str| {
        let number = !part.is_empty() && part.chars().all(|letter| letter.is_ascii_digit());
        number || part.starts_with("parent#")
    };
    parts.find(is_id).unwrap_or("")
}

/// Returns the slug of a protocol's or parent's id.
pub(super) fn slug_of(id: &str) -> &str {
    id.strip_prefix("parent#").unwrap_or(id)
}

fn find(state: &WorldState, fits: impl Fn(&Entity) -> bool) -> Option<Entity> {
    let found = state.entities.iter().find(|entity| fits(entity));
    found.map(|entity| Entity::clone(entity))
}

fn protocol(state: &mut WorldState, slug: &str, id: &str) {
    let parent = id.starts_with("parent#").then(|| id.to_owned());
    let number = (parent.is_none() && !id.is_empty()).then(|| id.to_owned());
    let known = find(state, |entity| {
        entity
            .llama_protocol
            .as_deref()
            .is_some_and(|own| slug_of(own) == slug)
    });
    if let Some(mut entity) = known {
        entity.llama_id = number.or(entity.llama_id);
        entity.llama_protocol = parent.or(entity.llama_protocol);
        state.put(entity);
        return;
    }
    let child = child(state, slug);
    if let Some((_, own)) = &child
        && number.as_ref().is_none_or(|number| number == own)
    {
        return;
    }
    let mut entity = child
        .map(|(entity, _)| entity)
        .or_else(|| elsewhere(state, slug))
        .unwrap_or_else(|| invented("protocol", slug));
    let draw = |salt: u64| chance::unit(chance::pair(entity.hash, salt));
    let tvl_usd = entity
        .tvl_usd
        .unwrap_or_else(|| 10f64.powf(6.5 + 3.0 * draw(71)));
    let fees = tvl_usd * 10f64.powf(-4.5 + draw(72));
    entity.tvl_usd = Some(tvl_usd);
    entity.fees_usd_day = entity.fees_usd_day.or(Some(fees));
    entity.llama_protocol = Some(parent.unwrap_or_else(|| slug.to_owned()));
    entity.llama_id = number;
    state.put(entity);
}

/// Returns a child that the vendor makes of its parent, as an entity of its own, and the number it has by itself.
fn child(state: &WorldState, slug: &str) -> Option<(Entity, &'static str)> {
    let child = CHILDREN
        .iter()
        .find(|child| self::slug(child.name) == slug)?;
    let parent = find(state, |entity| {
        entity.llama_protocol.as_deref() == Some(&format!("parent#{}", child.parent))
    })?;
    let entity = Entity {
        name: child.name.to_owned(),
        symbol: parent.symbol,
        listed_ms: parent.listed_ms,
        tvl_usd: parent.tvl_usd.map(|usd| usd * child.share),
        fees_usd_day: parent.fees_usd_day.map(|usd| usd * child.share),
        ..invented("protocol", slug)
    };
    Some((entity, child.id))
}

/// Finds a token or protocol that another vendor calls so.
fn elsewhere(state: &WorldState, slug: &str) -> Option<Entity> {
    find(state, |entity| {
        let names = [&entity.coingecko_id, &entity.artemis_id];
        let called = names.into_iter().any(|name| name.as_deref() == Some(slug));
        matches!(entity.kind.as_str(), "token" | "protocol")
            && entity.llama_protocol.is_none()
            && (called || self::slug(&entity.name) == slug)
    })
}

fn chain(state: &mut WorldState, name: &str) {
    let same = |own: &str| own.eq_ignore_ascii_case(name);
    if find(state, |entity| {
        entity.llama_chain.as_deref().is_some_and(same)
    })
    .is_some()
    {
        return;
    }
    let elsewhere = find(state, |entity| entity.kind == "chain" && same(&entity.name));
    let mut entity = elsewhere.unwrap_or_else(|| Entity {
        name: name.to_owned(),
        ..invented("chain", name)
    });
    let draw = |salt: u64| chance::unit(chance::pair(entity.hash, salt));
    let tvl_usd = entity
        .tvl_usd
        .unwrap_or_else(|| 10f64.powf(6.5 + 3.0 * draw(73)));
    entity.tvl_usd = Some(tvl_usd);
    entity.fees_usd_day = entity.fees_usd_day.or(Some(tvl_usd * 1e-5));
    entity.llama_chain = Some(name.to_owned());
    state.put(entity);
}

/// One made-up stablecoin in eight is pegged to the euro.
fn stablecoin(state: &mut WorldState, number: &str) {
    if find(state, |entity| {
        entity.llama_stablecoin.as_deref() == Some(number)
    })
    .is_some()
    {
        return;
    }
    let mut entity = match number {
        "50" => Entity {
            name: "Euro Coin".to_owned(),
            symbol: "EURC".to_owned(),
            ..Entity::invented("euro-coin")
        },
        _ => Entity::invented(&format!("stable-{number}")),
    };
    let draw = |salt: u64| chance::unit(chance::pair(entity.hash, salt));
    let euro = number == "50" || draw(74) < 0.125;
    entity.price_usd = if euro { 1.16 } else { 1.0 };
    entity.volatility = 0.003;
    entity.supply = Some(10f64.powf(7.0 + 3.0 * draw(75)));
    entity.max_supply = None;
    if !matches!(number, "50") {
        entity.symbol = format!("USD{number}");
    }
    entity.kind = "stablecoin".to_owned();
    entity.llama_stablecoin = Some(number.to_owned());
    state.put(entity);
}

fn coin(state: &mut WorldState, chain: &str, address: &str) {
    if address.is_empty() {
        return;
    }
    if chain == "coingecko" {
        if state.coin(address).is_none() {
            state.put(Entity::invented(address));
        }
        return;
    }
    let known = find(state, |entity| lives_at(entity, chain, address));
    if known.is_none() {
        let key = format!("{chain}:{address}");
        let mut entity = invented("coin", &key);
        entity.name = key.clone();
        entity.symbol =
            format!("T{}", address.chars().rev().take(4).collect::<String>()).to_uppercase();
        entity.llama_coin = Some(key);
        state.put(entity);
    }
}

/// Tells whether a coin has an address on a chain. EVM addresses do not care for case, others do.
pub(super) fn lives_at(entity: &Entity, chain: &str, address: &str) -> bool {
    let same =
        |own: &str| own == address || (own.starts_with("0x") && own.eq_ignore_ascii_case(address));
    let key = entity
        .llama_coin
        .as_deref()
        .and_then(|key| key.split_once(':'));
    let by_key = key.is_some_and(|(own, at)| own.eq_ignore_ascii_case(chain) && same(at));
    let on = platform(chain);
    let mut homes = entity.platforms.iter();
    by_key || homes.any(|(id, own)| id == on && own.as_deref().is_some_and(same))
}

fn pool(state: &mut WorldState, uuid: &str) {
    let uuid = uuid.to_ascii_lowercase();
    let known = find(state, |entity| entity.kind == "pool" && entity.name == uuid);
    if known.is_none() {
        state.put(pool_entity(&uuid));
    }
}

/// Makes up a pool.
pub(super) fn pool_entity(uuid: &str) -> Entity {
    let entity = invented("pool", uuid);
    let draw = chance::unit(chance::pair(entity.hash, 76));
    Entity {
        name: uuid.to_owned(),
        tvl_usd: Some(10f64.powf(5.0 + 4.0 * draw)),
        ..entity
    }
}

/// Makes up what no other vendor knows.
pub(super) fn invented(kind: &str, id: &str) -> Entity {
    Entity {
        name: title(id),
        kind: kind.to_owned(),
        coingecko_id: None,
        llama_coin: None,
        ..Entity::invented(&format!("{kind}:{id}"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::world::World;

    fn with(ids: &[&str]) -> Arc<WorldState> {
        let world = World::new(1).unwrap();
        for id in ids {
            world.alter(|state| enrol(state, id));
        }
        world.snapshot()
    }

    #[test]
    fn what_the_world_knows_is_not_made_up_again() {
        let plain = with(&[]).entities.len();
        let same = [
            "protocol:aave",
            "protocol:aave:parent#aave",
            "protocol:lido:182",
            "protocol:aave-v3:1599",
            "protocol:synthetix-v1+v2",
            "protocol:chainlink",
            "chain:Ethereum",
            "chain:Optimism",
            "chain:Bitcoin Cash",
            "stablecoin:1",
            "coin:coingecko:bitcoin",
            "coin:ethereum:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48:min_confidence=0.9",
            "global:all",
            "protocol:",
        ];
        let state = with(&same);
        assert_eq!(state.entities.len(), plain);
        assert_eq!(
            state.coin("lido-dao").unwrap().llama_id.as_deref(),
            Some("182")
        );
        assert!(state.coin("chainlink").unwrap().fees_usd_day.is_some());
        let cash = state.coin("bitcoin-cash").unwrap();
        assert_eq!(cash.llama_chain.as_deref(), Some("Bitcoin Cash"));
    }

    #[test]
    fn ids_stand_alone_or_among_settings() {
        assert_eq!(id_in("115"), "115");
        assert_eq!(id_in("id=parent#aave;pro=true"), "parent#aave");
        assert_eq!(id_in("pro=true;id=115"), "115");
        assert_eq!(id_in("pro=true"), "");
        assert_eq!(id_in(""), "");
    }

    #[test]
    fn the_unknown_is_made_up_once_and_alike() {
        let ids = [
            "protocol:some-dex:4711",
            "protocol:some-dex:4711",
            "protocol:big-one:parent#big-one",
            "chain:Some Dex",
            "stablecoin:77",
            "coin:coingecko:some-coin",
            "coin:solana:So11111111111111111111111111111111111111112",
            "pool:747C1D2A-c668-4682-b9f9-296708a3dd90",
        ];
        let (one, two) = (with(&ids), with(&ids));
        assert_eq!(one.entities.len(), with(&[]).entities.len() + 7);
        for (a, b) in one.entities.iter().zip(&two.entities) {
            assert_eq!((&a.name, a.hash), (&b.name, b.hash));
        }
    }
}
