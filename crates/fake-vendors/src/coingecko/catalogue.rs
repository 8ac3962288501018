//! What exists: coins, platforms, currencies; and the two answers about the service itself.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::chart::json as reply;
use super::params::Ask;
use super::quote::codes;
use crate::vendor::Reply;

/// Asset platform, EVM chain number, name, coin the chain runs on.
const PLATFORMS: [(&str, Option<u32>, &str, &str); 10] = [
    ("ethereum", Some(1), "Ethereum", "ethereum"),
    ("solana", None, "Solana", "solana"),
    ("arbitrum-one", Some(42_161), "Arbitrum One", "ethereum"),
    ("optimistic-ethereum", Some(10), "Optimism", "ethereum"),
    (
        "polygon-pos",
        Some(137),
        "Polygon POS",
        "polygon-ecosystem-token",
    ),
    (
        "binance-smart-chain",
        Some(56),
        "BNB Smart Chain",
        "binancecoin",
    ),
    ("avalanche", Some(43_114), "Avalanche", "avalanche-2"),
    ("base", Some(8_453), "Base", "ethereum"),
    ("tron", None, "TRON", "tron"),
    ("flow-evm", Some(747), "Flow EVM", "flow"),
];

#[derive(Serialize)]
struct Coin<'a> {
    id: &'a str,
    symbol: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    platforms: Option<Map<String, Value>>,
}

/// Answers `/ping`.
pub(super) fn ping() -> Reply {
    reply(&json!({ "gecko_says": "(V3) To the Moon!" }))
}

/// Answers `/key`.
pub(super) fn key(plan: &str, calls_per_minute: u32, credits: u64, spent: u64) -> Reply {
    reply(&json!({
        "plan": plan,
        "rate_limit_request_per_minute": calls_per_minute,
        "monthly_call_credit": credits,
        "current_total_monthly_calls": spent,
        "current_remaining_monthly_calls": credits.saturating_sub(spent),
        "api_key_rate_limit_request_per_minute": calls_per_minute,
        "api_key_monthly_call_credit": credits,
        "api_key_current_total_monthly_calls": spent,
    }))
}

/// Answers `/coins/list`.
pub(super) fn coins(ask: &Ask<'_>) -> Reply {
    let wants_active = ask.optional("status") != Some("inactive");
    let with_platforms = ask.flag("include_platform");
    let now_ms = ask.now_ms();
    let listed = ask
        .world
        .coins()
        .filter(|entity| entity.known_at(now_ms) && entity.active_at(now_ms) == wants_active);
    let rows: Vec<Coin<'_>> = listed
        .map(|entity| Coin {
            id: entity.coingecko_id.as_deref().unwrap_or_default(),
            symbol: &entity.symbol,
            name: &entity.name,
            platforms: with_platforms.then(|| {
                entity
                    .platforms
                    .iter()
                    .map(|(id, at)| (id.clone(), json!(at)))
                    .collect()
            }),
        })
        .collect();
    reply(&rows)
}

/// Answers `/asset_platforms`; no platform of the world carries NFTs.
pub(super) fn platforms(ask: &Ask<'_>) -> Reply {
    if ask.optional("filter") == Some("nft") {
        return reply(&json!([]));
    }
    let rows = PLATFORMS.map(|(id, chain, name, native)| {
        let image = |size: &str| {
            format!("https://coin-images.coingecko.com/asset_platforms/images/1/{size}/{id}.png")
        };
        json!({
            "id": id,
            "chain_identifier": chain,
            "name": name,
            "shortname": "",
            "native_coin_id": native,
            "image": { "thumb": image("thumb"), "small": image("small"), "large": image("large") },
        })
    });
    reply(&rows)
}

/// Answers `/simple/supported_vs_currencies`.
pub(super) fn currencies() -> Reply {
    reply(&codes().collect::<Vec<_>>())
}
