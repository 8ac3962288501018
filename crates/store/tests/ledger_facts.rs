//! Facts and suspensions.

#![allow(clippy::unwrap_used, reason = "test code")]

mod ledger_support;

use ledger_support::{ACME, OTHER, client, hour, store, texts};
use model::{DatasetId, Subject, Ts, Venue};
use store::{dictionary::ListingRow, facts::FactRow, suspend::SuspensionRow};

fn fact(asset: &str, first: Option<Ts>, known_from: &str) -> FactRow {
    FactRow {
        first_available: first,
        known_from: known_from.to_owned(),
        ..FactRow::unknown(Subject::of_asset(asset))
    }
}

#[tokio::test]
async fn the_first_bucket_only_moves_earlier_unless_a_catalogue_says_so() {
    let database = testkit::database().await;
    let store = store(&database).await;
    for (first, from, expected) in [
        (None, "chart", None),
        (Some(50), "chart", Some(50)),
        (Some(60), "chart", Some(50)),
        (None, "chart", Some(50)),
        (Some(40), "chart", Some(40)),
        (Some(70), "catalogue", Some(70)),
        (None, "catalogue:list", Some(70)),
        (Some(65), "catalogue:list", Some(65)),
        (Some(90), "chart", Some(65)),
    ] {
        let told = fact("bitcoin", first.map(hour), from);
        store.learn(ACME, &[told], hour(100)).await.unwrap();
        let known = store.facts(ACME).await.unwrap();
        assert_eq!(
            known[0].first_available,
            expected.map(hour),
            "{first:?} of {from}"
        );
    }
}

#[tokio::test]
async fn the_first_bucket_is_never_behind_what_is_stored() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    let stats = |series: i32, source: &str, venue: &str, first: i64| {
        format!(
            "INSERT INTO series_stats VALUES ({series}, 1, 1, '{0}', '{0}', 1, 0, '{source}', 'PRICE',
             'bitcoin', '', '{venue}', 'usd', '1h')",
            hour(first)
        )
    };
    for (series, source, venue, first) in [
        (1, "acme", "", 30),
        (2, "acme", "", 20),
        (3, "acme", "binance", 5),
        (4, "other", "", 6),
    ] {
        client
            .batch_execute(&stats(series, source, venue, first))
            .await
            .unwrap();
    }
    // Told and returned are the same, also where nothing was written.
    for (first, from, expected) in [
        (None, "chart", None),
        (Some(50), "chart", Some(20)),
        (Some(40), "chart", Some(20)),
        (Some(10), "chart", Some(10)),
        (Some(70), "catalogue", Some(70)),
    ] {
        let told = [fact("bitcoin", first.map(hour), from)];
        let returned = store.learn(ACME, &told, hour(100)).await.unwrap();
        assert_eq!(returned[0].first_available, expected.map(hour), "{first:?}");
        assert_eq!(returned, store.facts(ACME).await.unwrap());
    }
}

#[tokio::test]
async fn who_taught_the_first_bucket_is_remembered() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let unsupported = FactRow {
        unsupported_until: Some(hour(200)),
        ..fact("bitcoin", None, "hourly")
    };
    let ended = FactRow {
        ended_at: Some(hour(90)),
        ..fact("bitcoin", None, "quarterly")
    };
    for (told, expected) in [
        (unsupported.clone(), "hourly"),
        (fact("bitcoin", Some(hour(50)), "daily"), "daily"),
        // Says nothing of the first bucket, or nothing new.
        (unsupported, "daily"),
        (fact("bitcoin", Some(hour(60)), "hourly"), "daily"),
        (fact("bitcoin", Some(hour(40)), "hourly"), "hourly"),
        (
            fact("bitcoin", Some(hour(40)), "catalogue:list"),
            "catalogue:list",
        ),
        (fact("bitcoin", Some(hour(40)), "daily"), "catalogue:list"),
        (ended, "catalogue:list"),
    ] {
        let known = store.learn(ACME, &[told], hour(100)).await.unwrap();
        assert_eq!(known[0].known_from, expected);
    }
    let known = store.facts(ACME).await.unwrap();
    assert_eq!(known[0].ended_from, "quarterly");
    let both = [
        fact("ether", Some(hour(50)), "daily"),
        fact("ether", Some(hour(60)), "hourly"),
    ];
    let known = store.learn(ACME, &both, hour(100)).await.unwrap();
    assert_eq!((known.len(), known[0].known_from.as_str()), (1, "daily"));
}

#[tokio::test]
async fn an_asset_that_answered_is_supported_again_and_keeps_the_rest() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let unsupported = |asset: &str| FactRow {
        unsupported_until: Some(hour(200)),
        ..fact(asset, Some(hour(50)), "chart")
    };
    let told = [unsupported("bitcoin"), unsupported("ether")];
    store.learn(ACME, &told, hour(100)).await.unwrap();
    let names = [
        Subject::of_asset("bitcoin"),
        Subject {
            venue: Venue::from("x"),
            ..Subject::of_asset("ether")
        },
    ];
    store.forget_unsupported(OTHER, &names).await.unwrap();
    assert_eq!(store.facts(ACME).await.unwrap(), told);
    store.forget_unsupported(ACME, &names).await.unwrap();
    let known = store.facts(ACME).await.unwrap();
    let bitcoin = FactRow {
        unsupported_until: None,
        ..told[0].clone()
    };
    assert_eq!(known, [bitcoin, told[1].clone()]);
}

#[tokio::test]
async fn several_facts_of_one_asset_in_one_call_are_one() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let ended = FactRow {
        ended_at: Some(hour(80)),
        ..fact("bitcoin", None, "chart")
    };
    let unsupported = FactRow {
        subject: Subject {
            venue: Venue::from("binance"),
            ..Subject::of_asset("bitcoin")
        },
        unsupported_until: Some(hour(200)),
        ..fact("bitcoin", None, "chart")
    };
    let told = [
        fact("bitcoin", Some(hour(50)), "chart"),
        fact("bitcoin", Some(hour(60)), "chart"),
        ended,
        unsupported,
    ];
    store.learn(ACME, &told, hour(100)).await.unwrap();
    store.learn(ACME, &[], hour(100)).await.unwrap();
    let known = store.facts(ACME).await.unwrap();
    assert_eq!(known.len(), 2);
    assert_eq!(known[0].first_available, Some(hour(50)));
    assert_eq!(known[0].ended_at, Some(hour(80)));
    assert_eq!(known[1].unsupported_until, Some(hour(200)));
    assert_eq!((known[1].first_available, known[1].ended_at), (None, None));
    assert!(store.facts(OTHER).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_two_readings_a_day_apart_missed_has_ended_unless_the_vendor_says_when() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let (list, other) = (DatasetId::new("list"), DatasetId::new("other"));
    let read = async |dataset, names: &[&str], at| {
        let row = |name: &&str| ListingRow {
            subject: Subject::of_asset(*name),
            symbol: None,
            name: None,
            links: std::collections::BTreeMap::new(),
            active: true,
        };
        let rows: Vec<ListingRow> = names.iter().map(row).collect();
        let read = store.sync_listings(ACME, dataset, &rows, hour(at)).await;
        read.unwrap();
        let before = hour(at - 24);
        let ended = store.end_vanished(ACME, dataset, before, hour(at)).await;
        ended.unwrap()
    };
    let ends = async || -> Vec<(String, Option<Ts>, String)> {
        let facts = store.facts(ACME).await.unwrap().into_iter();
        facts
            .map(|fact| {
                (
                    fact.subject.asset.to_string(),
                    fact.ended_at,
                    fact.ended_from,
                )
            })
            .collect()
    };
    let told = |asset: &str, ended: Option<i64>, from: &str| {
        (asset.to_owned(), ended.map(hour), from.to_owned())
    };
    let known = FactRow {
        ended_at: Some(hour(5)),
        ..fact("known", Some(hour(1)), "catalogue:delisted")
    };
    store.learn(ACME, &[known], hour(6)).await.unwrap();
    let stays = told("known", Some(5), "catalogue:delisted");

    let all = ["stays", "also", "gone", "known", "moved"];
    assert_eq!(read(list, &all, 10).await, 0);
    assert_eq!(read(other, &["moved"], 10).await, 0);
    for hour in [34, 40, 57] {
        assert_eq!(read(list, &["stays", "also", "third"], hour).await, 0);
    }
    assert_eq!(ends().await, std::slice::from_ref(&stays));
    assert_eq!(read(list, &["stays", "also", "third"], 58).await, 1);
    let gone = told("gone", Some(34), "catalogue:list");
    assert_eq!(ends().await, [gone, stays.clone()]);
    // The vendor's own word comes later, and stays.
    let own = FactRow {
        ended_at: Some(hour(30)),
        ..fact("gone", None, "catalogue:delisted")
    };
    store.learn(ACME, &[own], hour(60)).await.unwrap();
    assert_eq!(read(list, &["stays", "also", "third"], 82).await, 0);
    let gone = told("gone", Some(30), "catalogue:delisted");
    assert_eq!(ends().await, [gone, stays]);
    // What returns and vanishes again has another day.
    read(list, &["stays", "also", "gone"], 106).await;
    let back = Subject::of_asset("gone");
    store
        .forget_end(ACME, std::slice::from_ref(&back))
        .await
        .unwrap();
    assert_eq!(ends().await[0], told("gone", None, ""));
    assert_eq!(read(list, &["stays", "also"], 130).await, 1);
    assert_eq!(ends().await[0], told("gone", None, ""));
    assert_eq!(read(list, &["stays", "also"], 154).await, 1);
    assert_eq!(ends().await[0], told("gone", Some(130), "catalogue:list"));
}

#[tokio::test]
async fn what_is_known_already_is_not_written_again() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    let told = [
        fact("bitcoin", Some(hour(50)), "chart"),
        fact("ether", None, "chart"),
    ];
    store.learn(ACME, &told, hour(100)).await.unwrap();
    let rows = "SELECT f.ctid || f::text FROM facts f ORDER BY 1";
    let before = texts(&client, rows).await;
    store.learn(ACME, &told, hour(101)).await.unwrap();
    let worse = [fact("bitcoin", Some(hour(51)), "chart")];
    store.learn(ACME, &worse, hour(102)).await.unwrap();
    assert_eq!(texts(&client, rows).await, before);
}

#[tokio::test]
async fn a_suspension_stays_until_an_operator_resumes() {
    let database = testkit::database().await;
    let first = store(&database).await;
    let suspend =
        |dataset, reason, at| first.suspend(ACME, dataset, "", "unauthorised", reason, hour(at));
    suspend("", "bad key", 1).await.unwrap();
    suspend("chart", "not in the plan", 2).await.unwrap();
    suspend("", "bad key, again", 3).await.unwrap();
    first
        .suspend(OTHER, "", "", "broken", "columns", hour(4))
        .await
        .unwrap();

    // Another process sees it.
    let second = store(&database).await;
    let rows = second.suspensions().await.unwrap();
    let seen: Vec<_> = (rows.iter())
        .map(|row| {
            (
                row.source.as_str(),
                row.dataset.as_str(),
                row.reason.as_str(),
                row.since,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("acme", "", "bad key, again", hour(1)),
            ("acme", "chart", "not in the plan", hour(2)),
            ("other", "", "columns", hour(4)),
        ]
    );
    let lifted = |rows: Vec<SuspensionRow>| -> Vec<String> {
        rows.into_iter().map(|row| row.dataset).collect()
    };
    let resumed = second.resume("acme", Some("markets")).await.unwrap();
    assert!(resumed.is_empty(), "{resumed:?}");
    let resumed = second.resume("acme", Some("chart")).await.unwrap();
    assert_eq!(lifted(resumed), ["chart"]);
    let resumed = second.resume("acme", None).await.unwrap();
    assert_eq!(lifted(resumed), [""]);
    assert!(second.resume("acme", None).await.unwrap().is_empty());
    assert_eq!(first.suspensions().await.unwrap().len(), 1);
}
