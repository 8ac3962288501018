//! The files that ship: consistent, complete for every configured coin, and answering to the
//! spellings that users have.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::{collections::HashSet, path::PathBuf};

use entity_master::{CsvText, EntityId, Master, Resolution, Resolver};
use model::SourceId;

const COINGECKO: SourceId = SourceId::new("coingecko");
const ALPHAVANTAGE: SourceId = SourceId::new("alphavantage");
const ARTEMIS: SourceId = SourceId::new("artemis");
const DEFILLAMA: SourceId = SourceId::new("defillama");
const VELO: SourceId = SourceId::new("velo");
const SOURCES: [SourceId; 5] = [ARTEMIS, DEFILLAMA, VELO, COINGECKO, ALPHAVANTAGE];

fn bytes(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../sources-config");
    std::fs::read(folder.join(name)).unwrap()
}

fn resolver() -> Resolver {
    let (entities, ids) = (bytes("entities.csv"), bytes("entity_source_ids.csv"));
    let master = Master::parse(
        CsvText {
            name: "entities.csv",
            bytes: &entities,
        },
        CsvText {
            name: "entity_source_ids.csv",
            bytes: &ids,
        },
        &SOURCES,
    );
    Resolver::new(master.unwrap())
}

#[test]
fn every_configured_coin_has_an_entity_and_an_id() {
    let config = bytes("coingecko.csv");
    let mut reader = csv::Reader::from_reader(config.as_slice());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let coins: HashSet<&str> = rows.iter().map(|row| row.get(0).unwrap()).collect();
    assert!(coins.len() >= 200, "{} coins", coins.len());

    let resolver = resolver();
    for coin in coins {
        // The whole market is no coin, and the name of its row no id.
        let id = match coin {
            "_global" => "crypto-market",
            coin => coin,
        };
        assert!(resolver.entity(&EntityId::new(id)).is_some(), "{id}");
        let (entity, factor) = resolver.entity_of(COINGECKO, coin).unwrap();
        assert_eq!((entity.id.as_str(), factor.to_string().as_str()), (id, "1"));
    }
}

#[test]
fn every_configured_coin_of_velo_has_an_entity_and_its_multiple() {
    let config = bytes("velo.csv");
    let mut reader = csv::Reader::from_reader(config.as_slice());
    let resolver = resolver();
    let mut coins = HashSet::new();
    for row in reader.records() {
        let row = row.unwrap();
        let coin = row.get(2).unwrap();
        let id = match row.get(0).unwrap() {
            "options" => format!("option:{coin}"),
            _ => coin.to_owned(),
        };
        let Some((_, factor)) = resolver.entity_of(VELO, &id) else {
            panic!("{id} has no entity")
        };
        let digits: String = coin.chars().take_while(char::is_ascii_digit).collect();
        let multiple = if digits.len() > 3 {
            digits.as_str()
        } else {
            "1"
        };
        assert_eq!(factor.to_string(), multiple, "{coin}");
        coins.insert(coin.to_owned());
    }
    assert!(coins.len() >= 150, "{} coins", coins.len());
}

#[test]
fn every_configured_thing_of_defillama_has_an_entity() {
    let config = bytes("defillama.csv");
    let mut reader = csv::Reader::from_reader(config.as_slice());
    let resolver = resolver();
    let mut assets = HashSet::new();
    for row in reader.records() {
        let row = row.unwrap();
        let (kind, vendor_id) = (row.get(0).unwrap(), row.get(1).unwrap());
        let params = row.get(6).unwrap().split(';');
        let id = params.filter_map(|pair| pair.strip_prefix("id=")).next();
        let asset = match kind {
            "global" => kind.to_owned(),
            "coin" => vendor_id.to_owned(),
            _ => format!("{kind}:{}", id.unwrap_or(vendor_id)),
        };
        assert!(
            resolver.entity_of(DEFILLAMA, &asset).is_some(),
            "{asset} has no entity"
        );
        assets.insert(asset);
    }
    for (kind, least) in [
        ("protocol:", 200),
        ("chain:", 60),
        ("stablecoin:", 20),
        ("coingecko:", 100),
    ] {
        let found = assets
            .iter()
            .filter(|asset| asset.starts_with(kind))
            .count();
        assert!(found >= least, "{found} of {kind}");
    }
}

/// Whichever of its two ids an asset is stored under.
#[test]
fn every_configured_asset_of_artemis_has_an_entity_under_both_of_its_ids() {
    let config = bytes("artemis.csv");
    let mut reader = csv::Reader::from_reader(config.as_slice());
    let resolver = resolver();
    let (mut symbols, mut shares) = (HashSet::new(), 0);
    for row in reader.records() {
        let row = row.unwrap();
        let (symbol, artemis_id) = (row.get(0).unwrap(), row.get(1).unwrap());
        let Some((entity, _)) = resolver.entity_of(ARTEMIS, symbol) else {
            panic!("{symbol} has no entity")
        };
        if !artemis_id.is_empty() {
            let (other, _) = resolver.entity_of(ARTEMIS, artemis_id).unwrap();
            assert_eq!(entity.id, other.id, "{symbol} and {artemis_id}");
        }
        if symbols.insert(symbol.to_owned()) && symbol.starts_with("eq-") {
            assert_eq!(entity.id.as_str(), symbol);
            shares += 1;
        }
    }
    assert!(symbols.len() >= 200, "{} assets", symbols.len());
    assert!(shares >= 30, "{shares} shares");
}

#[test]
fn every_configured_series_of_alphavantage_has_an_entity() {
    let config = bytes("alphavantage.csv");
    let mut reader = csv::Reader::from_reader(config.as_slice());
    let resolver = resolver();
    let mut assets = HashSet::new();
    for row in reader.records() {
        let row = row.unwrap();
        let (class, function, symbol) = (
            row.get(0).unwrap(),
            row.get(1).unwrap(),
            row.get(2).unwrap(),
        );
        let params = row.get(5).unwrap().split(';');
        let maturity = params
            .filter_map(|pair| pair.strip_prefix("maturity="))
            .next();
        let asset = match (class, maturity) {
            ("etf", _) => format!("equity:{symbol}"),
            ("macro" | "commodity", Some(maturity)) => format!("{class}:{function}:{maturity}"),
            ("macro" | "commodity", None) => format!("{class}:{function}"),
            _ => format!("{class}:{symbol}"),
        };
        assert!(
            resolver.entity_of(ALPHAVANTAGE, &asset).is_some(),
            "{asset} has no entity"
        );
        assets.insert(asset);
    }
    let shares = assets
        .iter()
        .filter(|asset| asset.starts_with("equity:"))
        .count();
    assert!(shares >= 50, "{shares} shares and funds");
}

/// One ticker, two things: the coin and a fund that holds it.
#[test]
fn a_share_that_is_priced_in_pence_has_the_factor_one() {
    // A pound of it is made of the pence by its currency, not by what a share is.
    let resolver = resolver();
    let (entity, factor) = resolver.entity_of(ALPHAVANTAGE, "equity:TSCO.LON").unwrap();
    let told = (entity.id.as_str(), factor.to_string());
    assert_eq!(told, ("eq-tsco", "1".to_owned()));
}

#[test]
fn a_fund_with_the_ticker_of_a_coin_is_not_the_coin() {
    let resolver = resolver();
    for (code, coin, fund) in [("BTC", "bitcoin", "eq-btc"), ("ETH", "ethereum", "eq-eth")] {
        for (class, id) in [("crypto", coin), ("equity", fund)] {
            let (entity, _) = resolver
                .entity_of(ALPHAVANTAGE, &format!("{class}:{code}"))
                .unwrap();
            assert_eq!(entity.id.as_str(), id);
        }
        let Resolution::Found(found) = resolver.resolve(code) else {
            panic!("{code} is ambiguous")
        };
        assert_eq!(found.entity.id.as_str(), coin);
    }
}

#[test]
fn users_spellings_resolve() {
    let resolver = resolver();
    for (text, expected) in [
        ("BTC", "bitcoin"),
        ("Bitcoin", "bitcoin"),
        ("BTC_binance-futures", "bitcoin"),
        ("avax", "avalanche-2"),
        ("Avalanche", "avalanche-2"),
        ("XRP", "ripple"),
        ("BNB", "binancecoin"),
        ("USDC", "usd-coin"),
        ("coingecko:solana", "solana"),
        ("OP Mainnet", "optimism"),
        ("luna", "terra-luna-2"),
        ("LUNC", "terra-luna"),
        ("1000PEPE", "pepe"),
        ("Lido DAO", "lido-dao"),
        ("SNX", "havven"),
        ("M", "memecore"),
    ] {
        let Resolution::Found(found) = resolver.resolve(text) else {
            panic!("{text}: {:?}", resolver.resolve(text))
        };
        assert_eq!(found.entity.id.as_str(), expected, "{text}");
    }
    let Resolution::Ambiguous(candidates) = resolver.resolve("NEIRO") else {
        panic!("two coins have the ticker NEIRO")
    };
    assert_eq!(candidates.len(), 2);
    let (pepe, factor) = resolver.entity_of(VELO, "1000PEPE").unwrap();
    assert_eq!(
        (pepe.id.as_str(), factor.to_string().as_str()),
        ("pepe", "1000")
    );
    assert_eq!(resolver.sector("Layer 1"), Some("layer-1"));
    assert_eq!(resolver.sector("defi-dex"), Some("defi_dex"));
}
