//! Answers about now that were planned: what they settle.

use source::{Outcome, Source as _};
use source_defillama::{CHAINS_NOW, DIMENSIONS_NOW, PROTOCOLS_NOW, Plan, STABLECOINS_NOW, USAGE};

use crate::{answer, ask, at, body, configured, look, outcomes, range, told, values, vendor, want};

const NOW: &str = "2026-01-04T09:25:00Z";

fn hour() -> model::TimeRange {
    range("2026-01-04T09:00:00Z", "2026-01-04T10:00:00Z")
}

#[test]
fn a_parent_is_the_sum_of_its_children() {
    let wants = vec![
        want("protocol:2", &["TVL"], hour()),
        want(
            "protocol:parent#family",
            &["BORROWED", "MARKET_CAP", "TVL"],
            hour(),
        ),
        want("protocol:parent#none", &["TVL"], hour()),
        want("protocol:parent#spoilt", &["TVL"], hour()),
    ];
    let ask = ask(PROTOCOLS_NOW, NOW, wants);
    let body = body!("protocols_now/ugly.json");
    let (record, _) = answer(&vendor(Plan::Free), &ask, body).unwrap();
    // 1,500 and null and -500; 7 and 0.5. No sum of capitalisations; one child of the third is odd.
    insta::assert_snapshot!(told(&record));
}

#[test]
fn of_two_hours_a_value_belongs_to_the_one_it_came_in() {
    let vendor = vendor(Plan::Free);
    let wants = vec![want("chain:Solana", &["TVL"], hour())];
    let request = crate::plan(&vendor, &ask(CHAINS_NOW, NOW, wants)).remove(0);
    let late = crate::reply(
        body!("chains_now/three_chains.json"),
        "2026-01-04T10:00:01Z",
    );
    let (record, _) = crate::read(&vendor, &request, &late).unwrap();
    // The hour turned between plan and answer: nothing is said of the one that was asked for.
    assert_eq!((record.points.len(), outcomes(&record, "TVL")), (0, vec![]));
    let (record, _) = answer(
        &vendor,
        &ask(
            CHAINS_NOW,
            NOW,
            vec![want("chain:Solana", &["TVL"], hour())],
        ),
        body!("chains_now/three_chains.json"),
    )
    .unwrap();
    assert_eq!(outcomes(&record, "TVL"), [Outcome::Answered(hour())]);
    assert_eq!(record.points[0].label, at("2026-01-04T09:00:00Z"));
}

#[test]
fn a_chain_answers_to_its_other_names() {
    let rows = "chain,Optimism,TVL,,,,aliases=OP Mainnet|Optimistic,true,\n";
    let vendor = configured(Plan::Free, rows);
    let wants = vec![want("chain:Optimism", &["TVL"], hour())];
    let body = body!("chains_now/three_chains.json");
    let (record, _) = answer(&vendor, &ask(CHAINS_NOW, NOW, wants), body).unwrap();
    assert_eq!(record.points.len(), 1);
    assert_eq!(values(&record), [3_211_234_567.0]);
}

#[test]
fn a_value_that_is_not_there_settles_its_hour_and_a_row_that_is_not_there_does_not() {
    let wants = vec![
        want("protocol:12", &["FEES_24H"], hour()),
        want("protocol:13", &["FEES_24H"], hour()),
        want("protocol:404", &["FEES_24H"], hour()),
        want("protocol:parent#family", &["FEES_24H"], hour()),
    ];
    let body = body!("dimensions_now/ugly.json");
    let ask = ask(DIMENSIONS_NOW, NOW, wants);
    let (record, _) = answer(&vendor(Plan::Free), &ask, body).unwrap();
    assert_eq!(
        outcomes(&record, "FEES_24H"),
        [
            Outcome::Empty(hour()),
            Outcome::Failed,
            Outcome::Answered(hour()),
            Outcome::Absent,
        ]
    );
    assert_eq!(values(&record), [3.0]);
}

#[test]
fn an_answer_of_which_nothing_can_be_read_is_malformed() {
    let class = |path: &str, body: &[u8]| look(path, body, NOW).map(|_| ()).map_err(|e| e.class());
    for (path, bodies) in [
        (
            "/protocols",
            &["[]", "[null]", "[{}]", "{\"protocols\":[]}", "17"][..],
        ),
        ("/v2/chains", &["[]", "[{\"tvl\":1}]", "null"]),
        ("/stablecoins", &["{}", "{\"peggedAssets\":[]}", "[]"]),
        (
            "/pools",
            &[
                "{\"status\":\"success\",\"data\":[]}",
                "[]",
                "{\"data\":{}}",
            ],
        ),
        (
            "/prices/current/a:b",
            &["{}", "{\"coins\":[]}", "{\"coins\":{\"a:b\":17}}"],
        ),
    ] {
        for body in bodies {
            assert_eq!(
                class(path, body.as_bytes()),
                Err("malformed"),
                "{path} {body}"
            );
        }
        assert_eq!(class(path, b"{\"cut\":"), Err("transient"), "{path}");
    }
    // All of the asked coins unknown: that is an answer.
    assert_eq!(class("/prices/current/a:b", b"{\"coins\":{}}"), Ok(()));
}

#[test]
fn supplies_of_now_are_dollars_of_all_pegs() {
    let wants = vec![
        want("chain:Ethereum", &["STABLECOIN_MCAP"], hour()),
        want("stablecoin:1", &["STABLECOIN_MCAP"], hour()),
    ];
    let body = body!("stablecoins_now/two_coins.json");
    let ask = ask(STABLECOINS_NOW, NOW, wants);
    let (record, _) = answer(&vendor(Plan::Free), &ask, body).unwrap();
    let chain = 129_531_632_690.449_54 + 286_714_265.915_421_96 + 100_466_426.714_086_15;
    assert_eq!(values(&record), [159_510_682_147.768_74, chain]);
}

#[test]
fn what_is_left_of_the_month_says_what_is_used() {
    let vendor = vendor(Plan::Pro);
    let used = |body: &str| {
        let read = answer(&vendor, &ask(USAGE, NOW, vec![]), body.as_bytes());
        read.map(|(_, parsed)| parsed.used.unwrap())
    };
    let told = used("{\"creditsLeft\": 994213}").unwrap();
    assert_eq!(
        (told.host, told.used, told.limit),
        ("pro", 5_787, Some(1_000_000))
    );
    assert_eq!(used("{\"creditsLeft\": \"1500000\"}").unwrap().used, 0);
    assert_eq!(used("{\"creditsLeft\": -20}").unwrap().used, 1_000_020);
    for odd in [
        "{}",
        "[]",
        "{\"creditsLeft\": null}",
        "{\"creditsRemaining\": 7}",
    ] {
        assert_eq!(used(odd).unwrap_err().class(), "malformed", "{odd}");
    }
    assert_eq!(vendor.hosts()[1].id, "usage");
}
