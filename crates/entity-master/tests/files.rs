//! What the two files become, and every problem of bad ones.

#![allow(clippy::unwrap_used, reason = "test code")]

use entity_master::{CsvText, EntityId, Master};
use model::SourceId;

const SOURCES: [SourceId; 2] = [SourceId::new("coingecko"), SourceId::new("velo")];
const ENTITIES: &str = "canonical_id,name,symbol,type,asset_class,sector,parent\n";
const IDS: &str = "source,source_id,canonical_id,factor,note\n";

fn parse(entities: &str, ids: &str) -> Result<Master, Vec<String>> {
    let (entities, ids) = (format!("{ENTITIES}{entities}"), format!("{IDS}{ids}"));
    let parsed = Master::parse(
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
    parsed.map_err(|problems| problems.0.iter().map(ToString::to_string).collect())
}

#[test]
fn good_files_become_entities_and_ids() {
    let master = parse(
        "pepe,Pepe,pepe,token,crypto,meme,\naave-v3,Aave V3,,protocol,crypto,,pepe\n",
        "velo,1000PEPE,pepe,1000,\ncoingecko,pepe,pepe,,a note\n",
    )
    .unwrap();
    let [pepe, aave] = master.entities() else {
        panic!("two entities")
    };
    assert_eq!(pepe.symbol.as_deref(), Some("PEPE"));
    assert_eq!(pepe.sector.as_deref(), Some("meme"));
    assert_eq!(aave.symbol, None);
    assert_eq!(aave.parent, Some(EntityId::new("pepe")));
    let factors: Vec<String> = master
        .source_ids()
        .iter()
        .map(|mapping| mapping.factor.to_string())
        .collect();
    assert_eq!(factors, ["1000", "1"]);
}

#[test]
fn every_problem_of_both_files_is_reported_at_once() {
    let problems = parse(
        "Bitcoin,,BTC,coin,crypto,Layer 1,\n\
         eth,Ethereum,ETH,chain,shares,layer-1,nothing\n\
         eth,Again,ETH,chain,crypto,layer_1,\n",
        "velo,BTC,Bitcoin,0,\ncoingeko,x,y,NaN,\nvelo,BTC,eth,x,\nvelo,,eth,,\n",
    )
    .unwrap_err();
    assert_eq!(
        problems,
        [
            "entities.csv:2: column canonical_id: \"Bitcoin\" is no id: lower-case letters, digits, and - _ . between them",
            "entities.csv:2: column name: is empty",
            "entities.csv:2: column type: \"coin\" is none of token, chain, protocol, stablecoin, equity, etf, fx, index, commodity, rate, global",
            "entities.csv:2: column sector: \"Layer 1\" is no sector: lower case, as in defi_dex",
            "entities.csv:3: column asset_class: \"shares\" is none of crypto, equity, fx, commodity, macro",
            "entities.csv:3: column parent: no entity has the id \"nothing\"",
            "entities.csv:4: column canonical_id: stands already in line 3",
            "entities.csv:4: column sector: \"layer_1\" is spelled \"layer-1\" in a line before",
            "entity_source_ids.csv:2: column factor: \"0\" is no number above 0",
            "entity_source_ids.csv:3: column source: \"coingeko\" is none of coingecko, velo",
            "entity_source_ids.csv:3: column canonical_id: no entity has the id \"y\"",
            "entity_source_ids.csv:3: column factor: \"NaN\" is no number above 0",
            "entity_source_ids.csv:4: column source_id: stands already in line 2",
            "entity_source_ids.csv:4: column factor: \"x\" is no number above 0",
            "entity_source_ids.csv:5: column source_id: is empty",
        ]
    );
}

#[test]
fn parents_in_a_circle_are_refused() {
    let rows =
        "a,A,,token,crypto,,b\nb,B,,token,crypto,,a\nc,C,,token,crypto,,c\nd,D,,token,crypto,,a\n";
    assert_eq!(
        parse(rows, "").unwrap_err(),
        [
            "entities.csv:2: column parent: \"b\" leads back to \"a\"",
            "entities.csv:3: column parent: \"a\" leads back to \"b\"",
            "entities.csv:4: column parent: \"c\" leads back to \"c\"",
        ]
    );
}
