//! Quotas over several processes: all windows or none, and never one unit too many.

#![allow(clippy::unwrap_used, reason = "test code")]

mod ledger_support;

use ledger_support::{ACME, OTHER, store};
use model::Ts;
use store::pace::{QuotaWindow, Spend};

const HOST: &str = "api.acme.test";

fn at(text: &str) -> Ts {
    Ts::parse(text).unwrap()
}

const fn window(span: &'static str, limit: i64, reserve: i64) -> QuotaWindow {
    QuotaWindow {
        unit: "credits",
        span,
        before: 0,
        limit,
        reserve,
    }
}

#[tokio::test]
async fn counts_in_all_windows_or_in_none() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let windows = [window("day", 10, 0), window("month", 25, 0)];
    let now = at("2026-01-30T13:30:00Z");
    let spend = |cost, now| store.spend(ACME, HOST, &windows, cost, now);
    assert_eq!(spend(10, now).await.unwrap(), Spend::Ok);
    let spent = spend(1, now).await.unwrap();
    let until = at("2026-01-31");
    let exhausted = |window, until| Spend::Exhausted { window, until };
    assert_eq!(spent, exhausted(windows[0], until));

    // The next day has room, and the refusal above cost the month nothing.
    assert_eq!(spend(10, until).await.unwrap(), Spend::Ok);
    let used_by_span = async |window| store.used_by_span(ACME, HOST, window, until).await.unwrap();
    assert_eq!(used_by_span(&windows[0]).await, [(until, 10)]);
    assert_eq!(used_by_span(&windows[1]).await, [(at("2026-01-01"), 20)]);

    // Both are spent: what turns last is what counts. A single cost above the limit never fits.
    let spent = spend(6, until).await.unwrap();
    let next = at("2026-02-01");
    assert_eq!(spent, exhausted(windows[1], next));
    let day_after = at("2026-02-02");
    let spent = spend(11, next).await.unwrap();
    assert_eq!(spent, exhausted(windows[0], day_after));
    assert_eq!(spend(10, next).await.unwrap(), Spend::Ok);
    // Other hosts and sources have their own.
    assert_eq!(
        store
            .spend(ACME, "other", &windows, 10, next)
            .await
            .unwrap(),
        Spend::Ok
    );
    assert_eq!(
        store.spend(OTHER, HOST, &windows, 10, next).await.unwrap(),
        Spend::Ok
    );
    assert_eq!(
        store.spend(ACME, HOST, &[], 10, next).await.unwrap(),
        Spend::Ok
    );
}

#[tokio::test]
async fn windows_turn_by_utc() {
    let database = testkit::database().await;
    let store = store(&database).await;
    for (span, last, turn) in [
        ("hour", "2026-03-29T00:59:59.999Z", "2026-03-29T01:00:00Z"),
        ("day", "2026-03-29T23:59:59.999Z", "2026-03-30"),
        ("month", "2026-02-28T23:59:59.999Z", "2026-03-01"),
    ] {
        let windows = [window(span, 1, 0)];
        let (last, turn) = (at(last), at(turn));
        assert_eq!(
            store.spend(ACME, HOST, &windows, 1, last).await.unwrap(),
            Spend::Ok
        );
        let spent = store.spend(ACME, HOST, &windows, 1, last).await.unwrap();
        let exhausted = Spend::Exhausted {
            window: windows[0],
            until: turn,
        };
        assert_eq!(spent, exhausted);
        let used = |now| store.used_of(ACME, HOST, &windows[0], now);
        assert_eq!(
            (used(last).await.unwrap(), used(turn).await.unwrap()),
            (1, 0)
        );
        assert_eq!(
            store.spend(ACME, HOST, &windows, 1, turn).await.unwrap(),
            Spend::Ok
        );
    }
}

#[tokio::test]
async fn a_look_says_what_spending_would_and_counts_nothing() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let any_day = QuotaWindow {
        before: 24,
        ..window("hour", 50, 5)
    };
    let windows = [window("day", 60, 0), window("month", 120, 10), any_day];
    let (mut granted, mut refused) = (0, 0);
    for step in 0..40_i64 {
        let now = at("2026-01-29T20:00:00Z").plus_secs(step * 4_000);
        let cost = 1 + step * 7 % 11;
        let used = async || {
            let mut used = Vec::new();
            for window in &windows {
                used.push(store.used_of(ACME, HOST, window, now).await.unwrap());
            }
            used
        };
        let before = used().await;
        let seen = store.could_spend(ACME, HOST, &windows, cost, now).await;
        assert_eq!(used().await, before);
        let said = store.spend(ACME, HOST, &windows, cost, now).await;
        assert_eq!(seen.unwrap(), said.unwrap(), "step {step}");
        let counted = used().await != before;
        granted += i64::from(counted);
        refused += i64::from(!counted);
    }
    assert!(granted >= 10 && refused >= 10, "{granted} {refused}");
    // A row of a faster clock, where the month has turned, is not of this month.
    let turned = store.spend(ACME, "turned", &windows[1..2], 1, at("2026-02-01"));
    assert_eq!(turned.await.unwrap(), Spend::Ok);
    let used = store.used_of(ACME, "turned", &windows[1], at("2026-01-31"));
    assert_eq!(used.await.unwrap(), 0);
}

#[tokio::test]
async fn a_reserve_is_left_to_others() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let now = at("2026-01-30");
    let (live, filling) = ([window("day", 10, 0)], [window("day", 10, 3)]);
    assert_eq!(
        store.spend(ACME, HOST, &filling, 7, now).await.unwrap(),
        Spend::Ok
    );
    assert_ne!(
        store.spend(ACME, HOST, &filling, 1, now).await.unwrap(),
        Spend::Ok
    );
    assert_eq!(
        store.spend(ACME, HOST, &live, 3, now).await.unwrap(),
        Spend::Ok
    );
    assert_ne!(
        store.spend(ACME, HOST, &live, 1, now).await.unwrap(),
        Spend::Ok
    );
}

#[tokio::test]
async fn the_vendors_count_only_raises_ours() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let now = at("2026-01-30T10:00:00Z");
    let windows = [window("month", 9, 0)];
    let told = async |now| {
        store
            .vendor_count(ACME, HOST, "credits", "month", now)
            .await
    };
    assert_eq!(told(now).await.unwrap(), None);
    for (count, expected) in [(5, 5), (3, 5), (8, 8)] {
        store
            .raise_quota(ACME, HOST, "credits", "month", count, now)
            .await
            .unwrap();
        let used = store.used_by_span(ACME, HOST, &windows[0], now).await;
        assert_eq!(used.unwrap(), [(at("2026-01-01"), expected)]);
        // What it said last, also where that is less.
        let vendor = told(now).await.unwrap().unwrap();
        assert_eq!((vendor.used, vendor.seen_at), (count, now));
    }
    assert_eq!(told(at("2026-02-01")).await.unwrap(), None);
    assert_eq!(
        store.spend(ACME, HOST, &windows, 1, now).await.unwrap(),
        Spend::Ok
    );
    assert_ne!(
        store.spend(ACME, HOST, &windows, 1, now).await.unwrap(),
        Spend::Ok
    );
}

#[tokio::test]
async fn a_span_that_does_not_exist_is_an_error_and_counts_nothing() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let windows = [window("day", 9, 0), window("week", 9, 0)];
    assert!(
        store
            .spend(ACME, HOST, &windows, 1, at("2026-01-30"))
            .await
            .is_err()
    );
    let used = (store.used_by_span(ACME, HOST, &windows[0], at("2026-01-30"))).await;
    assert_eq!(used.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_tasks_spend_exactly_what_there_is() {
    let database = testkit::database().await;
    let mut tasks = Vec::new();
    for task in 0..8 {
        let store = store(&database).await;
        tasks.push(tokio::spawn(async move {
            // Half of them name their windows in the other order: nobody may wait for ever.
            let mut windows = [window("day", 100, 0), window("month", 1_000, 0)];
            if task % 2 == 1 {
                windows.reverse();
            }
            let mut granted = 0;
            for _ in 0..30 {
                let spent = store
                    .spend(ACME, HOST, &windows, 1, at("2026-01-30"))
                    .await
                    .unwrap();
                granted += i64::from(spent == Spend::Ok);
            }
            granted
        }));
    }
    let mut granted = 0;
    for task in tasks {
        granted += task.await.unwrap();
    }
    assert_eq!(granted, 100);
    let store = store(&database).await;
    for span in ["day", "month"] {
        let window = window(span, 100, 0);
        let used = store.used_of(ACME, HOST, &window, at("2026-01-30"));
        assert_eq!(used.await.unwrap(), 100, "{span}");
    }
}
