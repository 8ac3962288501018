//! The order in which a text is understood, and what happens where it fits several entities.

#![allow(clippy::unwrap_used, reason = "test code")]

use entity_master::{CsvText, EntityId, Master, MatchedBy, Resolution, Resolver};
use model::SourceId;
use proptest::prelude::*;

const ARTEMIS: SourceId = SourceId::new("artemis");
const VELO: SourceId = SourceId::new("velo");
const LLAMA: SourceId = SourceId::new("defillama");
const SOURCES: [SourceId; 3] = [ARTEMIS, VELO, LLAMA];

fn resolver(entities: &str, ids: &str) -> Resolver {
    let entities = format!("canonical_id,name,symbol,type,asset_class,sector,parent\n{entities}");
    let ids = format!("source,source_id,canonical_id,factor,note\n{ids}");
    let master = Master::parse(
        CsvText {
            name: "entities.csv",
            bytes: entities.as_bytes(),
        },
        CsvText {
            name: "entity_source_ids.csv",
            bytes: ids.as_bytes(),
        },
        &SOURCES,
    );
    Resolver::new(master.unwrap())
}

fn small() -> Resolver {
    resolver(
        "bitcoin,Bitcoin,BTC,chain,crypto,layer-1,\n\
         eq-btc,Grayscale Bitcoin Mini Trust,BTC,etf,equity,crypto_etf,\n\
         cosmos,Cosmos Hub,ATOM,chain,crypto,layer-1,\n\
         terra-luna,Terra Luna Classic,LUNC,chain,crypto,layer-1,\n\
         terra-luna-2,Terra,LUNA,chain,crypto,layer-1,\n\
         pepe,Pepe,PEPE,token,crypto,meme,\n\
         memecore,MemeCore,M,chain,crypto,layer-1,\n\
         mantis,Mantis,MNT,token,crypto,,\n\
         mantle,Mantle,MNT,chain,crypto,layer-2,\n\
         optimism,Optimism,OP,chain,crypto,layer-2,\n\
         luna,Luna the Dog,DOG,token,crypto,meme,\n\
         avalanche-2,Avalanche,AVAX,chain,crypto,layer-1,\n",
        "artemis,btc,bitcoin,,\n\
         velo,BTC,bitcoin,,\n\
         artemis,terra,terra-luna,,\n\
         velo,1000PEPE,pepe,1000,\n\
         velo,PEPE,pepe,,\n\
         artemis,M,memecore,,\n\
         artemis,m,mantis,,\n\
         artemis,x,mantis,,\n\
         velo,X,mantle,,\n\
         defillama,chain:OP Mainnet,optimism,,\n\
         defillama,stablecoin:1,pepe,,\n",
    )
}

fn found(resolution: &Resolution<'_>) -> String {
    match resolution {
        Resolution::Found(found) => match &found.venue {
            Some(venue) => format!("{} @ {venue}", found.entity.id),
            None => found.entity.id.to_string(),
        },
        Resolution::Ambiguous(entities) => {
            let ids: Vec<&str> = entities.iter().map(|entity| entity.id.as_str()).collect();
            format!("? {}", ids.join(" "))
        }
        Resolution::Unknown { suggestions } => {
            let ids: Vec<&str> = suggestions
                .iter()
                .map(|entity| entity.id.as_str())
                .collect();
            format!("! {}", ids.join(" "))
        }
    }
}

#[test]
fn the_first_that_fits_decides() {
    let resolver = small();
    for (text, expected) in [
        // canonical id, any case, any separator
        ("bitcoin", "bitcoin"),
        (" Terra_Luna 2 ", "terra-luna-2"),
        // canonical id before another entity's ticker: LUNA is a coin id of its own here
        ("LUNA", "luna"),
        // vendor id before ticker: two entities have the ticker BTC, the vendors mean one
        ("BTC", "bitcoin"),
        ("1000pepe", "pepe"),
        // vendor id before name: Artemis calls the old chain terra
        ("Terra", "terra-luna"),
        // exact spelling of a vendor id before its folded one
        ("M", "memecore"),
        ("m", "mantis"),
        // ticker
        ("lunc", "terra-luna"),
        // the name as a whole before a venue inside it
        ("cosmos_hub", "cosmos"),
        ("Grayscale bitcoin mini trust", "eq-btc"),
        // coin and venue
        ("BTC_", "bitcoin"),
        ("BTC_binance-futures", "bitcoin @ binance-futures"),
        ("bitcoin_Binance_Futures", "bitcoin @ binance-futures"),
        ("1000PEPE_bybit", "pepe @ bybit"),
        // namespace left out
        ("op mainnet", "optimism"),
        // nothing, or a namespace left out where only a number stays
        ("1", "! "),
        ("", "! "),
        ("_", "! "),
    ] {
        assert_eq!(found(&resolver.resolve(text)), expected, "{text:?}");
    }
}

#[test]
fn several_entities_are_listed_not_chosen() {
    let resolver = small();
    assert_eq!(found(&resolver.resolve("MNT")), "? mantis mantle");
    assert_eq!(found(&resolver.resolve("mnt_bybit")), "? mantis mantle");
    // Two vendors, one spelling, two entities.
    assert_eq!(found(&resolver.resolve("X")), "mantle");
    assert_eq!(found(&resolver.resolve("x")), "mantis");
}

#[test]
fn a_named_source_speaks_for_itself() {
    let resolver = small();
    assert_eq!(found(&resolver.resolve_in(VELO, "x")), "mantle");
    assert_eq!(found(&resolver.resolve_in(ARTEMIS, "X")), "mantis");
    // Velo has no id `terra`, so the name decides.
    assert_eq!(found(&resolver.resolve_in(VELO, "terra")), "terra-luna-2");
    // DefiLlama has no id `btc`, so the ticker decides, and two have it.
    assert_eq!(
        found(&resolver.resolve_in(LLAMA, "btc")),
        "? bitcoin eq-btc"
    );
}

#[test]
fn the_match_says_what_the_text_was() {
    let resolver = small();
    for (text, expected) in [
        ("Bitcoin", MatchedBy::CanonicalId),
        ("btc", MatchedBy::SourceId),
        ("avax", MatchedBy::Symbol),
        ("Luna the Dog", MatchedBy::Name),
    ] {
        let Resolution::Found(found) = resolver.resolve(text) else {
            panic!("{text} is known")
        };
        assert_eq!(found.by, expected, "{text}");
    }
}

#[test]
fn unknown_names_get_suggestions() {
    let resolver = small();
    assert_eq!(found(&resolver.resolve("bitcion")), "! bitcoin eq-btc");
    assert_eq!(found(&resolver.resolve("avalanch")), "! avalanche-2");
    assert_eq!(found(&resolver.resolve("qqqqqq")), "! ");
}

#[test]
fn vendor_ids_are_exact_and_carry_their_factor() {
    let resolver = small();
    let pepe = EntityId::new("pepe");
    let (entity, factor) = resolver.entity_of(VELO, "1000PEPE").unwrap();
    assert_eq!((&entity.id, factor.to_string()), (&pepe, "1000".to_owned()));
    assert_eq!(resolver.entity_of(VELO, "1000pepe"), None);
    assert_eq!(resolver.entity_of(ARTEMIS, "1000PEPE"), None);
    let ids: Vec<&str> = resolver
        .source_ids(&pepe)
        .map(|mapping| mapping.source_id.as_str())
        .collect();
    assert_eq!(ids, ["1000PEPE", "PEPE", "stablecoin:1"]);
    assert_eq!(resolver.entity(&pepe).unwrap().name, "Pepe");
}

#[test]
fn sectors_fold_to_the_file() {
    let resolver = small();
    assert_eq!(resolver.sector("Layer 1"), Some("layer-1"));
    assert_eq!(resolver.sector("L2"), Some("layer-2"));
    assert_eq!(resolver.sector("Crypto-ETF"), Some("crypto_etf"));
    assert_eq!(resolver.sector("gaming"), None);
    assert_eq!(
        resolver.sectors(),
        ["crypto_etf", "layer-1", "layer-2", "meme"]
    );
}

/// Entities `e0`, `e1`, … with tickers from a small set, so that some share one.
fn masters() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..6_usize, 1..12)
}

proptest! {
    #[test]
    fn ids_always_resolve_and_tickers_only_where_one_entity_has_them(
        tickers in masters(),
        upper in any::<bool>(),
    ) {
        let rows: String = tickers
            .iter()
            .enumerate()
            .map(|(at, ticker)| format!("the-entity-{at},Name {at},T{ticker},token,crypto,,\n"))
            .collect();
        let resolver = resolver(&rows, "");
        for (at, ticker) in tickers.iter().enumerate() {
            let id = format!("the-entity-{at}");
            let asked = if upper { id.to_uppercase().replace('-', " ") } else { id.replace('-', "_") };
            prop_assert_eq!(found(&resolver.resolve(&asked)), id.clone());

            let sharing: Vec<String> = tickers
                .iter()
                .enumerate()
                .filter(|(_, other)| *other == ticker)
                .map(|(at, _)| format!("the-entity-{at}"))
                .collect();
            let expected = if sharing.len() == 1 { id } else { format!("? {}", sharing.join(" ")) };
            prop_assert_eq!(found(&resolver.resolve(&format!("t{ticker}"))), expected);
        }
    }

    #[test]
    fn no_text_is_too_strange(text in ".*") {
        let resolver = small();
        if let Resolution::Unknown { suggestions } = resolver.resolve(&text) {
            prop_assert!(suggestions.len() <= 5);
        }
    }
}
