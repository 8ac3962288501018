//! The dictionary of series follows the configuration.

#![allow(
    clippy::unwrap_used,
    reason = "test code: a failure is to be seen where it happens"
)]

use std::time::Duration;

use model::{Key, SeriesKey, SeriesSpec, Since, SourceId, Stamp, Step, TimeRange, Ts};
use store::{
    Error, Options, Store,
    series::{Authority, SeriesRow},
};
use testkit::{TestDatabase, stage::TOO_LONG};
use tokio_postgres::NoTls;

const SOURCE: SourceId = SourceId::new("vendor");
const OTHER: SourceId = SourceId::new("other");

fn day(n: i64) -> Ts {
    Ts::parse("2026-01-01").unwrap().plus_days(n)
}

fn spec(asset: &str, since: Since) -> SeriesSpec {
    SeriesSpec {
        series: SeriesKey {
            source: SOURCE,
            key: Key::of_asset(asset, "usd"),
            metric: "PRICE".into(),
            step: Step::Hour,
        },
        stamp: Stamp::Instant,
        since,
        enabled: true,
    }
}

async fn store() -> (TestDatabase, Store) {
    let database = testkit::database().await;
    let options = Options {
        application_name: "test".to_owned(),
        pool_size: 3,
    };
    let store = Store::connect(&database.config(), options).await.unwrap();
    (database, store)
}

fn ids(rows: &[SeriesRow]) -> Vec<i32> {
    rows.iter().map(|row| row.id.0).collect()
}

fn active(row: &SeriesRow) -> Vec<TimeRange> {
    row.active.iter().collect()
}

const AGO: Ts = Ts::from_millis(i64::MIN);
const FOREVER: Ts = Ts::from_millis(i64::MAX);

#[tokio::test]
async fn rows_are_made_once_and_numbers_are_not_burnt() {
    let (_database, store) = store().await;
    let mut specs = vec![
        spec("bitcoin", Since::ThreeYearsBack),
        spec("ethereum", Since::Activation),
    ];
    let first = store
        .sync_series(SOURCE, &specs, Authority::Whole, day(10))
        .await
        .unwrap();
    assert_eq!(ids(&first), [1, 2]);
    for n in 0..5 {
        let again = store
            .sync_series(SOURCE, &specs, Authority::Whole, day(11 + n))
            .await
            .unwrap();
        assert_eq!(again, first);
    }
    specs.push(spec("solana", Since::At(day(3))));
    specs.push(spec("solana", Since::At(day(3))));
    let more = store
        .sync_series(SOURCE, &specs, Authority::Whole, day(20))
        .await
        .unwrap();
    assert_eq!(ids(&more), [1, 2, 3]);

    let [bitcoin, ethereum, solana] = more.as_slice() else {
        unreachable!("three series");
    };
    assert_eq!(bitcoin.wanted_since, Some(Ts::parse("2023-01-11").unwrap()));
    assert_eq!(ethereum.wanted_since, Some(day(10)));
    assert_eq!(solana.wanted_since, Some(day(3)));
    assert_eq!(solana.label_shift_secs, -3_600);
    assert_eq!(solana.series, spec("solana", Since::Activation).series);
    assert_eq!(active(solana), [TimeRange::new(AGO, FOREVER)]);
}

#[tokio::test]
async fn two_processes_may_load_the_configuration_at_one_moment() {
    let (_database, store) = store().await;
    let specs: Vec<SeriesSpec> = (0..200)
        .map(|n| spec(&format!("asset-{n}"), Since::ThreeYearsBack))
        .collect();
    let (a, b) = tokio::join!(
        store.sync_series(SOURCE, &specs, Authority::Whole, day(1)),
        store.sync_series(SOURCE, &specs, Authority::Whole, day(1))
    );
    assert_eq!(a.unwrap(), b.unwrap());
    let last = store.series_of(SOURCE).await.unwrap().pop().unwrap();
    assert_eq!(last.id.0, 200);
}

#[tokio::test]
async fn what_is_disabled_or_gone_ends_and_may_come_back() {
    let (_database, store) = store().await;
    let mut specs = vec![
        spec("bitcoin", Since::ThreeYearsBack),
        spec("ethereum", Since::ThreeYearsBack),
    ];
    store
        .sync_series(SOURCE, &specs, Authority::Whole, day(0))
        .await
        .unwrap();

    specs.first_mut().unwrap().enabled = false;
    let left = store
        .sync_series(SOURCE, &specs, Authority::Whole, day(5))
        .await
        .unwrap();
    assert_eq!(ids(&left), [2]);
    specs.pop();
    assert_eq!(
        store
            .sync_series(SOURCE, &specs, Authority::Whole, day(6))
            .await
            .unwrap(),
        []
    );
    let all = store.series_of(SOURCE).await.unwrap();
    assert_eq!(
        all.iter().map(active).collect::<Vec<_>>(),
        [[TimeRange::new(AGO, day(5))], [TimeRange::new(AGO, day(6))]]
    );

    specs.first_mut().unwrap().enabled = true;
    let back = store
        .sync_series(SOURCE, &specs, Authority::Whole, day(9))
        .await
        .unwrap();
    let row = back.first().unwrap();
    assert_eq!(
        active(row),
        [TimeRange::new(AGO, day(5)), TimeRange::new(day(9), FOREVER)]
    );
    assert_eq!(row.wanted_since, Some(Ts::parse("2023-01-01").unwrap()));
}

#[tokio::test]
async fn a_since_that_names_a_day_is_followed() {
    let (_database, store) = store().await;
    let since = |at| [spec("bitcoin", Since::At(at))];
    for wanted in [day(3), day(-700), day(2)] {
        let rows = store
            .sync_series(SOURCE, &since(wanted), Authority::Whole, day(9))
            .await
            .unwrap();
        assert_eq!(rows.first().unwrap().wanted_since, Some(wanted));
    }
    // An emptied cell keeps what was there.
    let rows = store
        .sync_series(
            SOURCE,
            &[spec("bitcoin", Since::ThreeYearsBack)],
            Authority::Whole,
            day(9),
        )
        .await
        .unwrap();
    assert_eq!(rows.first().unwrap().wanted_since, Some(day(2)));
}

#[tokio::test]
async fn a_process_that_knows_a_part_ends_nothing() {
    let (_database, store) = store().await;
    let whole = [
        spec("bitcoin", Since::At(day(0))),
        spec("ethereum", Since::ThreeYearsBack),
    ];
    let led = store
        .sync_series(SOURCE, &whole, Authority::Whole, day(1))
        .await
        .unwrap();
    let mut ended = spec("solana", Since::At(day(0)));
    let both = [ended.clone(), whole[0].clone(), whole[1].clone()];
    for (specs, at) in [(&both[..], 2), (&whole, 3)] {
        store
            .sync_series(SOURCE, specs, Authority::Whole, day(at))
            .await
            .unwrap();
    }

    // Other days, one that is gone, one that had ended, one that is new, one that is disabled.
    ended.since = Since::Activation;
    let mut disabled = spec("ethereum", Since::ThreeYearsBack);
    disabled.enabled = false;
    let part = [
        spec("bitcoin", Since::At(day(-9))),
        ended,
        spec("ripple", Since::At(day(-9))),
        disabled,
    ];
    let rows = store
        .sync_series(SOURCE, &part, Authority::Part, day(5))
        .await
        .unwrap();
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row.series.key.asset.as_str(), row.wanted_since))
        .collect();
    let expected = [
        ("bitcoin", Some(day(-9))),
        ("solana", Some(day(0))),
        ("ripple", Some(day(-9))),
    ];
    assert_eq!(told, expected);
    assert!(rows.iter().all(SeriesRow::is_active));
    let all = store.series_of(SOURCE).await.unwrap();
    assert!(all.iter().all(SeriesRow::is_active));
    assert_eq!(all[..2], led, "what leads is left as it is");
}

#[tokio::test]
async fn sources_do_not_touch_each_other() {
    let (_database, store) = store().await;
    let mine = [spec("bitcoin", Since::ThreeYearsBack)];
    let mut theirs = spec("bitcoin", Since::ThreeYearsBack);
    theirs.series.source = OTHER;
    store
        .sync_series(SOURCE, &mine, Authority::Whole, day(0))
        .await
        .unwrap();
    let rows = store
        .sync_series(OTHER, &[theirs], Authority::Whole, day(1))
        .await
        .unwrap();
    assert_eq!(ids(&rows), [2]);
    assert!(
        store
            .sync_series(OTHER, &[], Authority::Whole, day(2))
            .await
            .unwrap()
            .is_empty()
    );
    let mine = store.series_of(SOURCE).await.unwrap();
    assert!(mine.first().unwrap().is_active());
}

#[tokio::test]
async fn who_finds_all_as_it_should_be_does_not_wait_for_a_writer() {
    let (database, store) = store().await;
    let specs = [spec("bitcoin", Since::ThreeYearsBack)];
    let sync = async |specs: &[SeriesSpec], at| {
        let synced = store.sync_series(SOURCE, specs, Authority::Whole, at);
        tokio::time::timeout(Duration::from_secs(2), synced).await
    };
    let made = sync(&specs, day(0)).await.unwrap().unwrap();
    let (mut writer, connection) = database.config().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let writing = writer.transaction().await.unwrap();
    let lock = "SELECT pg_advisory_xact_lock(x'0CF00002'::int4, hashtext('vendor'))";
    writing.execute(lock, &[]).await.unwrap();
    assert_eq!(sync(&specs, day(1)).await.unwrap().unwrap(), made);
    // Whoever has something to change takes his turn.
    let more = [
        spec("bitcoin", Since::ThreeYearsBack),
        spec("dai", Since::ThreeYearsBack),
    ];
    assert!(sync(&more, day(2)).await.is_err());
    assert!(sync(&[], day(2)).await.is_err());
    writing.commit().await.unwrap();
    assert_eq!(sync(&more, day(2)).await.unwrap().unwrap().len(), 2);
}

#[tokio::test]
async fn who_was_deposed_ends_no_series_of_the_one_that_leads_now() {
    let (database, store) = store().await;
    let (client, connection) = database.config().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let session = store.session("one").await.unwrap();
    let old = session.try_lead(day(0)).await.unwrap().unwrap();
    let both = ["bitcoin", "dai"].map(|asset| spec(asset, Since::ThreeYearsBack));
    let sync = async |specs: &[SeriesSpec], epoch, at| {
        let authority = Authority::Leading(epoch);
        store.sync_series(SOURCE, specs, authority, day(at)).await
    };
    let made = sync(&both, old, 0).await.unwrap();
    client
        .batch_execute("UPDATE leader SET epoch = epoch + 1")
        .await
        .unwrap();
    let refused = sync(&both[..1], old, 1).await.unwrap_err();
    assert!(matches!(
        refused,
        Error::LeadershipLost {
            held: 1,
            now: Some(2)
        }
    ));
    let new = spec("ripple", Since::ThreeYearsBack);
    assert!(sync(&[new], old, 1).await.is_err());
    assert_eq!(store.series_of(SOURCE).await.unwrap(), made);
    assert_eq!(sync(&both[..1], old + 1, 2).await.unwrap().len(), 1);
}

#[tokio::test]
async fn who_leads_next_waits_for_what_the_leader_changes() {
    let (database, store) = store().await;
    let session = store.session("one").await.unwrap();
    let epoch = session.try_lead(day(0)).await.unwrap().unwrap();
    let specs = [spec("bitcoin", Since::ThreeYearsBack)];
    let sync = store.sync_series(SOURCE, &specs, Authority::Leading(epoch), day(0));
    // A reader of the dictionary that keeps the change from ending.
    let (mut reader, connection) = database.config().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let reading = reader.transaction().await.unwrap();
    reading
        .execute("LOCK TABLE series IN SHARE MODE", &[])
        .await
        .unwrap();
    let raise = async {
        let (rival, connection) = database.config().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        let waits = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let waited = async {
            while rival.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(TOO_LONG, waited).await.unwrap();
        let raise = "SET lock_timeout = '300ms'; UPDATE leader SET epoch = epoch + 1";
        assert!(rival.batch_execute(raise).await.is_err());
        reading.commit().await.unwrap();
        // After it, at once.
        rival.batch_execute("RESET lock_timeout").await.unwrap();
        rival
            .batch_execute("UPDATE leader SET epoch = epoch + 1")
            .await
            .unwrap();
    };
    let (synced, ()) = tokio::join!(sync, raise);
    assert_eq!(synced.unwrap().len(), 1);
}
