//! Lookups, the order in which a name is understood, and every problem of bad files.

#![allow(clippy::unwrap_used, reason = "test code")]

use model::{MetricName, SourceId, Step};
use normalize::{CsvText, Dictionary, Kind, MetricResolution, NamedBy, Scales, Unit};
use proptest::prelude::*;

const COINGECKO: SourceId = SourceId::new("coingecko");
const ARTEMIS: SourceId = SourceId::new("artemis");
const VANTAGE: SourceId = SourceId::new("alphavantage");
const VELO: SourceId = SourceId::new("velo");
const SOURCES: [SourceId; 4] = [COINGECKO, ARTEMIS, VANTAGE, VELO];

fn parse(metrics: &str, canonical: &str) -> Result<Dictionary, Vec<String>> {
    let metrics = format!("source,metric,step,canonical,unit,multiplier,kind,scales\n{metrics}");
    let canonical = format!("metric,unit,kind,preferred_sources,description\n{canonical}");
    Dictionary::parse(
        CsvText {
            name: "metrics.csv",
            bytes: metrics.as_bytes(),
        },
        CsvText {
            name: "canonical_metrics.csv",
            bytes: canonical.as_bytes(),
        },
        &SOURCES,
    )
    .map_err(|problems| problems.0.iter().map(ToString::to_string).collect())
}

fn small() -> Dictionary {
    parse(
        "coingecko,PRICE,,PRICE,quote,1,level,price\n\
         coingecko,CLOSE,,CLOSE,quote,1,level,price\n\
         coingecko,CHANGE_PCT,,CHANGE,percent,0.01,rolling,none\n\
         alphavantage,CLOSE,,PRICE,quote,1,level,price\n\
         artemis,MC,,MARKET_CAP,usd,1,level,none\n\
         artemis,MCAP_OLD,,MARKET_CAP,usd,1,level,none\n\
         artemis,EBITDA,1q,EQ_EBITDA,quote,1,flow,none\n\
         artemis,EBITDA,,EBITDA,quote,1,rolling,none\n\
         artemis,SUPPLY,,CIRCULATING_SUPPLY,token,1,level,quantity\n\
         velo,DOLLAR_VOLUME,,VOLUME,usd,1,flow,none\n",
        "PRICE,quote,level,coingecko|alphavantage,price\n\
         CLOSE,quote,level,coingecko,close\n\
         CHANGE,fraction,rolling,coingecko,change\n\
         MARKET_CAP,quote,level,artemis,cap\n\
         EQ_EBITDA,quote,flow,artemis,quarter\n\
         EBITDA,quote,rolling,artemis,year\n\
         CIRCULATING_SUPPLY,token,level,artemis,supply\n\
         VOLUME,quote,flow,velo,volume\n",
    )
    .unwrap()
}

fn found(resolution: &MetricResolution<'_>) -> String {
    match resolution {
        MetricResolution::Found(found) => found.metric.name.to_string(),
        MetricResolution::Ambiguous(metrics) => {
            let names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
            format!("? {}", names.join(" "))
        }
        MetricResolution::Unknown { suggestions } => {
            let names: Vec<&str> = suggestions
                .iter()
                .map(|metric| metric.name.as_str())
                .collect();
            format!("! {}", names.join(" "))
        }
    }
}

#[test]
fn a_step_of_its_own_goes_before_the_row_for_all() {
    let dictionary = small();
    let ebitda = MetricName::from("EBITDA");
    let canonical = |step| {
        dictionary
            .canonical(ARTEMIS, &ebitda, step)
            .unwrap()
            .canonical
            .to_string()
    };
    assert_eq!(canonical(Step::Quarter), "EQ_EBITDA");
    assert_eq!(canonical(Step::Day), "EBITDA");
    assert_eq!(dictionary.canonical(VELO, &ebitda, Step::Day), None);
}

#[test]
fn values_are_normalised_by_unit_and_factor() {
    let dictionary = small();
    let normalized = |source, stored: &str, value, factor| {
        let mapping = dictionary
            .canonical(source, &stored.into(), Step::Day)
            .unwrap();
        mapping.normalize(value, factor).to_string()
    };
    assert_eq!(normalized(COINGECKO, "PRICE", 12.0, 1000.0), "0.012");
    assert_eq!(normalized(ARTEMIS, "SUPPLY", 12.0, 1000.0), "12000");
    assert_eq!(normalized(VELO, "DOLLAR_VOLUME", 12.0, 1000.0), "12");
    assert_eq!(normalized(COINGECKO, "CHANGE_PCT", 50.0, 1.0), "0.5");
}

#[test]
fn a_canonical_metric_knows_its_stored_names() {
    let dictionary = small();
    let cap = MetricName::from("MARKET_CAP");
    let names: Vec<&str> = dictionary
        .stored_names(&cap, ARTEMIS)
        .map(|mapping| mapping.stored.as_str())
        .collect();
    assert_eq!(names, ["MC", "MCAP_OLD"]);
    assert_eq!(dictionary.stored_names(&cap, VELO).count(), 0);
    let price = dictionary.metric(&"PRICE".into()).unwrap();
    assert_eq!(price.preferred_sources, [COINGECKO, VANTAGE]);
    assert_eq!((price.unit, price.kind), (Unit::Quote, Kind::Level));
    let stored = dictionary
        .canonical(COINGECKO, &"PRICE".into(), Step::Hour)
        .unwrap();
    assert_eq!(stored.scales, Scales::Price);
}

#[test]
fn the_first_that_fits_decides() {
    let dictionary = small();
    for (text, expected) in [
        ("price", "PRICE"),
        ("Market Cap", "MARKET_CAP"),
        // canonical before stored: CLOSE is a candle, unless the source is named
        ("close", "CLOSE"),
        // stored
        ("mc", "MARKET_CAP"),
        ("dollar-volume", "VOLUME"),
        // predecessor
        ("TRADING_VOLUME_24H", "VOLUME"),
        ("mcap", "MARKET_CAP"),
        // no separators
        ("marketcap", "MARKET_CAP"),
        // predecessor's name whose metric this dictionary lacks
        ("LIQUIDATIONS_24H", "! "),
        ("", "! "),
        ("volum", "! VOLUME"),
    ] {
        assert_eq!(found(&dictionary.resolve(text)), expected, "{text:?}");
    }
    assert_eq!(found(&dictionary.resolve_in(VANTAGE, "close")), "PRICE");
    assert_eq!(found(&dictionary.resolve_in(VELO, "close")), "CLOSE");
    assert_eq!(found(&dictionary.resolve_in(VELO, "MC")), "MARKET_CAP");
    // One source, one stored name, two meanings by step.
    assert_eq!(
        found(&dictionary.resolve_in(ARTEMIS, "ebitda")),
        "? EQ_EBITDA EBITDA"
    );
    assert_eq!(found(&dictionary.resolve("ebitda")), "EBITDA");
}

#[test]
fn the_match_says_what_the_text_was() {
    let dictionary = small();
    for (text, expected) in [
        ("PRICE", NamedBy::Canonical),
        ("MC", NamedBy::Stored),
        ("MCAP", NamedBy::Predecessor),
        ("MARKETCAP", NamedBy::Canonical),
    ] {
        let MetricResolution::Found(found) = dictionary.resolve(text) else {
            panic!("{text} is known")
        };
        assert_eq!(found.by, expected, "{text}");
    }
}

#[test]
fn every_problem_of_both_files_is_reported_at_once() {
    let problems = parse(
        "coingeko,PRICE,,PRICE,quote,1,level,price\n\
         velo,price,2h,PRICE,quote,1,levl,prices\n\
         velo,PCT,,PART,percent,1,level,none\n\
         velo,COINS,,PRICE,token,x,flow,none\n\
         velo,COINS,,NOTHING,token,1,flow,none\n\
         velo,TOKENS,,PRICE,token,1,level,none\n",
        "PRICE,quote,level,coingecko|coingecko,\n\
         PART,fraction,level,velo,part\n\
         PART,fractions,lvl,vlo,again\n",
    )
    .unwrap_err();
    assert_eq!(
        problems,
        [
            "canonical_metrics.csv:2: column description: is empty",
            "canonical_metrics.csv:2: column preferred_sources: coingecko stands twice",
            "canonical_metrics.csv:2: column preferred_sources: coingeko has the metric and is missing",
            "canonical_metrics.csv:2: column preferred_sources: velo has the metric and is missing",
            "canonical_metrics.csv:2: column preferred_sources: coingecko does not have the metric",
            "canonical_metrics.csv:4: column metric: stands already in line 3",
            "canonical_metrics.csv:4: column unit: \"fractions\" is none of quote, usd, billion_usd, token, shares, count, thousand, fraction, percent, fraction_per_8h, fraction_per_year, ratio, rank, index, points",
            "canonical_metrics.csv:4: column kind: \"lvl\" is none of level, flow, rolling, rate, ratio, open, high, low, count_distinct",
            "canonical_metrics.csv:4: column preferred_sources: \"vlo\" is none of coingecko, artemis, alphavantage, velo",
            "canonical_metrics.csv:4: column preferred_sources: velo has the metric and is missing",
            "canonical_metrics.csv:4: column preferred_sources: vlo does not have the metric",
            "metrics.csv:2: column source: \"coingeko\" is none of coingecko, artemis, alphavantage, velo",
            "metrics.csv:3: column metric: \"price\" is not upper snake case",
            "metrics.csv:3: column step: \"2h\" is no step: one of 1h, 1d, 1w, 1mo, 1q",
            "metrics.csv:3: column kind: \"levl\" is none of level, flow, rolling, rate, ratio, open, high, low, count_distinct",
            "metrics.csv:3: column scales: \"prices\" is none of price, quantity, none",
            "metrics.csv:4: column multiplier: 1 where percent to fraction is 0.01",
            "metrics.csv:5: column multiplier: \"x\" is no number above 0",
            "metrics.csv:5: column kind: is flow where PRICE is level",
            "metrics.csv:6: column metric: stands already in line 5",
            "metrics.csv:6: column canonical: no canonical metric is called \"NOTHING\"",
            "metrics.csv:7: column unit: token does not convert to quote, the unit of PRICE",
        ]
    );
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in ".*") {
        let dictionary = small();
        if let MetricResolution::Unknown { suggestions } = dictionary.resolve(&text) {
            prop_assert!(suggestions.len() <= 5);
        }
    }

    #[test]
    fn every_canonical_name_is_found_however_it_is_written(
        which in any::<prop::sample::Index>(),
        separator in "[ _-]{1,3}",
        lower in any::<bool>(),
    ) {
        let dictionary = small();
        let name = which.get(dictionary.metrics()).name.to_string();
        let written = name.replace('_', &separator);
        let written = if lower { written.to_lowercase() } else { written };
        prop_assert_eq!(found(&dictionary.resolve(&written)), name);
    }
}
