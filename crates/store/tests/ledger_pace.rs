//! Pacing over several processes: each store here has its own pool, and the clock is the server's.

#![allow(clippy::unwrap_used, reason = "test code")]

mod ledger_support;

use std::time::{Duration, Instant};

use ledger_support::{ACME, OTHER, client, hour, store};
use model::Ts;
use store::{
    Store,
    pace::{Pace, SlotTaken},
};
use testkit::TestDatabase;
use tokio_postgres::Client;

const HOST: &str = "api.acme.test";
const LIMIT: usize = 20;
const WINDOW: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_millis(50);
const AHEAD: Duration = Duration::from_millis(200);

/// Writes down every slot that is taken, with the time at which it was.
async fn log_slots(client: &Client) {
    client
        .batch_execute(
            "CREATE TABLE taken (slot_us int8, at_us int8);
             CREATE FUNCTION log_slot() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 INSERT INTO taken VALUES (
                     extract(epoch FROM NEW.next_at - interval '50 ms') * 1000000,
                     extract(epoch FROM clock_timestamp()) * 1000000);
                 RETURN NULL;
             END $$;
             CREATE TRIGGER log_slot AFTER INSERT OR UPDATE ON pace
             FOR EACH ROW EXECUTE FUNCTION log_slot()",
        )
        .await
        .unwrap();
}

/// Asks for slots until `end` and returns the waits that were granted.
async fn ask_until(store: Store, ahead: Duration, end: Instant) -> Vec<Duration> {
    let mut waits = Vec::new();
    while Instant::now() < end {
        match store.take_slot(ACME, HOST, INTERVAL, ahead).await.unwrap() {
            SlotTaken::Go { wait } => {
                waits.push(wait);
                tokio::time::sleep(wait).await;
            }
            SlotTaken::Full { retry_in } => tokio::time::sleep(retry_in).await,
            SlotTaken::Parked { until } => unreachable!("nobody parked it until {until}"),
        }
    }
    waits
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn never_more_than_the_limit_in_any_window() {
    let database = testkit::database().await;
    let client = client(&database).await;
    log_slots(&client).await;

    // Two bursts with an idle spell between: a bucket that had filled up would now let 2N pass.
    let mut live_waits = Vec::new();
    let mut filling_waits = Vec::new();
    for _ in 0..2 {
        let (live, filling) = burst(&database).await;
        live_waits.extend(live);
        filling_waits.extend(filling);
        tokio::time::sleep(Duration::from_millis(700)).await;
    }

    let rows = client
        .query("SELECT slot_us FROM taken ORDER BY slot_us", &[])
        .await
        .unwrap();
    let slots: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    assert!(
        slots.len() > 2 * LIMIT,
        "only {} slots: nothing was tested",
        slots.len()
    );
    assert_eq!(slots.len(), live_waits.len() + filling_waits.len());
    let window_us = i64::try_from(WINDOW.as_micros()).unwrap();
    for slot in &slots {
        let inside = slots
            .iter()
            .filter(|other| (*slot..slot + window_us).contains(other));
        assert!(inside.count() <= LIMIT);
    }
    let interval_us = i64::try_from(INTERVAL.as_micros()).unwrap();
    assert!(
        slots
            .windows(2)
            .all(|pair| pair[1] - pair[0] >= interval_us)
    );

    // Live reserves up to its window, and under this load it has to; nobody else reserves at all.
    assert!(live_waits.iter().all(|wait| *wait <= AHEAD));
    assert!(live_waits.iter().any(|wait| *wait > INTERVAL));
    assert!(filling_waits.iter().all(|wait| wait.is_zero()));
}

/// Two processes that fill gaps and one with several live requests, 2 s long.
async fn burst(database: &TestDatabase) -> (Vec<Duration>, Vec<Duration>) {
    let end = Instant::now() + Duration::from_secs(2);
    let (mut live, mut filling) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let store = store(database).await;
        filling.push(tokio::spawn(ask_until(store.clone(), Duration::ZERO, end)));
        filling.push(tokio::spawn(ask_until(store.clone(), Duration::ZERO, end)));
        live.push(tokio::spawn(ask_until(store, AHEAD, end)));
    }
    let (mut live_waits, mut filling_waits) = (Vec::new(), Vec::new());
    for task in live {
        live_waits.extend(task.await.unwrap());
    }
    for task in filling {
        filling_waits.extend(task.await.unwrap());
    }
    (live_waits, filling_waits)
}

#[tokio::test]
async fn a_reservation_of_live_keeps_the_others_out() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let take = |ahead| store.take_slot_at(ACME, HOST, Duration::from_secs(10), ahead, hour(0));
    let minute = Duration::from_secs(60);
    assert_eq!(
        take(Duration::ZERO).await.unwrap(),
        SlotTaken::Go {
            wait: Duration::ZERO
        }
    );
    for secs in [10, 20, 30, 40, 50, 60] {
        let wait = Duration::from_secs(secs);
        assert_eq!(take(minute).await.unwrap(), SlotTaken::Go { wait });
    }
    let full = SlotTaken::Full {
        retry_in: Duration::from_secs(10),
    };
    assert_eq!(take(minute).await.unwrap(), full);
    let full = SlotTaken::Full {
        retry_in: Duration::from_secs(70),
    };
    assert_eq!(take(Duration::ZERO).await.unwrap(), full);
    // Hosts and sources do not share slots.
    let other = store
        .take_slot_at(OTHER, HOST, INTERVAL, Duration::ZERO, hour(0))
        .await
        .unwrap();
    assert_eq!(
        other,
        SlotTaken::Go {
            wait: Duration::ZERO
        }
    );

    let later = hour(0).plus_secs(70);
    let taken = store
        .take_slot_at(ACME, HOST, INTERVAL, Duration::ZERO, later)
        .await
        .unwrap();
    assert_eq!(
        taken,
        SlotTaken::Go {
            wait: Duration::ZERO
        }
    );
}

#[tokio::test]
async fn after_a_hold_nobody_sends_before() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let hold = Duration::from_secs(30);
    store.hold_at(ACME, HOST, hold, hour(0)).await.unwrap();
    let at = hour(0).plus_secs(10);
    // A shorter hold does not shorten it.
    store
        .hold_at(ACME, HOST, Duration::from_secs(1), at)
        .await
        .unwrap();
    let filling = store
        .take_slot_at(ACME, HOST, INTERVAL, Duration::ZERO, at)
        .await
        .unwrap();
    assert_eq!(
        filling,
        SlotTaken::Full {
            retry_in: Duration::from_secs(20)
        }
    );
    let live = store
        .take_slot_at(ACME, HOST, INTERVAL, Duration::from_secs(60), at)
        .await
        .unwrap();
    assert_eq!(
        live,
        SlotTaken::Go {
            wait: Duration::from_secs(20)
        }
    );

    // On the database's own clock as well.
    store.hold(OTHER, HOST, hold).await.unwrap();
    let taken = store
        .take_slot(OTHER, HOST, INTERVAL, Duration::ZERO)
        .await
        .unwrap();
    let SlotTaken::Full { retry_in } = taken else {
        unreachable!("a slot inside of a hold")
    };
    assert!(
        retry_in <= hold && retry_in > Duration::from_secs(20),
        "{retry_in:?}"
    );
}

#[tokio::test]
async fn nobody_takes_a_slot_of_a_host_that_is_parked() {
    let database = testkit::database().await;
    let (one, two) = (store(&database).await, store(&database).await);
    let take = |store: &Store, source, at| {
        let store = store.clone();
        async move {
            let ahead = Duration::from_secs(60);
            store
                .take_slot_at(source, HOST, INTERVAL, ahead, at)
                .await
                .unwrap()
        }
    };
    let go = SlotTaken::Go {
        wait: Duration::ZERO,
    };
    assert_eq!(take(&one, ACME, hour(0)).await, go);
    // The later of two words holds, and of two reasons its own.
    for (until, why) in [(6, "spent"), (5, "spent, says another"), (7, "still spent")] {
        one.park(ACME, HOST, hour(until), why, hour(1))
            .await
            .unwrap();
    }
    let parked = SlotTaken::Parked { until: hour(7) };
    assert_eq!(take(&two, ACME, hour(2)).await, parked);
    assert_eq!(take(&two, OTHER, hour(2)).await, go);
    let rows = two.parked(hour(2)).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].source.as_str(), rows[0].host.as_str()),
        ("acme", HOST)
    );
    assert_eq!(
        (rows[0].until, rows[0].why.as_str()),
        (hour(7), "still spent")
    );

    // Over by itself, or by an operator; a host that was never asked can be parked as well.
    assert!(two.parked(hour(7)).await.unwrap().is_empty());
    assert_eq!(take(&two, ACME, hour(7)).await, go);
    one.park(OTHER, "second", hour(99), "spent", hour(7))
        .await
        .unwrap();
    assert_eq!(two.unpark("acme", hour(8)).await.unwrap(), 0);
    assert_eq!(two.unpark("other", hour(8)).await.unwrap(), 1);
    assert!(one.parked(hour(8)).await.unwrap().is_empty());

    // On the database's own clock as well.
    let far = hour(24 * 365 * 50);
    one.park(ACME, HOST, far, "spent", hour(8)).await.unwrap();
    let taken = two.take_slot(ACME, HOST, INTERVAL, Duration::ZERO).await;
    assert_eq!(taken.unwrap(), SlotTaken::Parked { until: far });
}

#[tokio::test]
async fn a_slot_further_ahead_than_anybody_reserves_is_not_believed() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let client = client(&database).await;
    // A minute and one interval of 50 ms.
    for far in ["2026-01-01 00:01:00.051Z", "2099-01-01", "infinity"] {
        client
            .batch_execute(&format!(
                "INSERT INTO pace VALUES ('acme', '{HOST}', '{far}')
                 ON CONFLICT (source, host) DO UPDATE SET next_at = excluded.next_at"
            ))
            .await
            .unwrap();
        let taken = store
            .take_slot_at(ACME, HOST, INTERVAL, Duration::ZERO, hour(0))
            .await
            .unwrap();
        assert_eq!(
            taken,
            SlotTaken::Go {
                wait: Duration::ZERO
            },
            "{far}"
        );
        let again = store
            .take_slot_at(ACME, HOST, INTERVAL, Duration::ZERO, hour(0))
            .await
            .unwrap();
        assert_eq!(again, SlotTaken::Full { retry_in: INTERVAL }, "{far}");
    }
    // Nobody can reserve what is not believed.
    let greedy = Duration::from_secs(300);
    loop {
        let taken = store.take_slot_at(ACME, HOST, INTERVAL * 100, greedy, hour(0));
        let SlotTaken::Go { wait } = taken.await.unwrap() else {
            break;
        };
        assert!(wait <= Duration::from_secs(60), "{wait:?}");
    }
    // The longest hold is believed, one of a clock that went wrong is not, and the next takes its place.
    store
        .hold_at(ACME, HOST, Duration::from_secs(90_000), hour(0))
        .await
        .unwrap();
    let taken = store
        .take_slot_at(ACME, HOST, INTERVAL, Duration::ZERO, hour(0))
        .await
        .unwrap();
    assert_eq!(
        taken,
        SlotTaken::Full {
            retry_in: Duration::from_secs(3_600)
        }
    );
    client
        .batch_execute("UPDATE pace SET held_until = '2099-01-01'")
        .await
        .unwrap();
    let later = hour(0).plus_secs(120);
    let taken = store
        .take_slot_at(ACME, HOST, INTERVAL, Duration::ZERO, later)
        .await
        .unwrap();
    let go = SlotTaken::Go {
        wait: Duration::ZERO,
    };
    assert_eq!(taken, go);
    let hold = Duration::from_secs(30);
    store.hold_at(ACME, HOST, hold, later).await.unwrap();
    let taken = store
        .take_slot_at(ACME, HOST, INTERVAL, Duration::ZERO, later)
        .await
        .unwrap();
    assert_eq!(taken, SlotTaken::Full { retry_in: hold });
}

#[tokio::test]
async fn who_may_reserve_gets_the_slots_first_and_the_other_what_is_left() {
    let database = testkit::database().await;
    let interval = Duration::from_secs(2);
    let (filling, backfill) = (store(&database).await, store(&database).await);
    // Both ask again 300 ms after each answer; the one who fills gaps has ten requests to make.
    let mut turns = [hour(0).millis(), hour(0).millis()];
    let mut sent: [Vec<i64>; 2] = [Vec::new(), Vec::new()];
    while sent[1].len() < 20 {
        let filling_is_next = sent[0].len() < 10 && turns[0] < turns[1];
        let (who, store, ahead) = match filling_is_next {
            true => (0, &filling, interval * 2),
            false => (1, &backfill, Duration::ZERO),
        };
        let now = Ts::from_millis(turns[who]);
        let taken = store.take_slot_at(ACME, HOST, interval, ahead, now);
        let ms = |wait: Duration| i64::try_from(wait.as_millis()).unwrap();
        match taken.await.unwrap() {
            SlotTaken::Go { wait } => {
                sent[who].push(turns[who] + ms(wait));
                turns[who] += ms(wait) + 300;
            }
            SlotTaken::Full { retry_in } => turns[who] += ms(retry_in),
            SlotTaken::Parked { until } => unreachable!("nobody parked it until {until}"),
        }
    }
    let [filling, backfill] = sent;
    let (first, last) = (filling[0], filling[9]);
    let between = backfill.iter().filter(|at| (first..last).contains(at));
    assert_eq!(between.count(), 0, "{filling:?} {backfill:?}");
    // Once the gaps are filled, the backfill has every slot.
    let after: Vec<_> = backfill.iter().filter(|at| **at > last).collect();
    assert!(after.len() >= 19 && after.windows(2).all(|pair| pair[1] - pair[0] == 2_000));
}

#[tokio::test]
async fn after_a_hold_all_processes_ask_at_half_pace_for_a_while() {
    let database = testkit::database().await;
    let (one, two) = (store(&database).await, store(&database).await);
    let pace = Pace {
        interval: INTERVAL,
        halved_after_hold: Duration::from_secs(600),
    };
    let hold = Duration::from_secs(30);
    one.hold_at(ACME, HOST, hold, hour(0)).await.unwrap();
    one.hold_at(OTHER, HOST, hold, hour(0)).await.unwrap();
    let turn = |store: &Store, source, pace: Pace, at| {
        let store = store.clone();
        async move {
            let taken = store.take_slot_at(source, HOST, pace, Duration::ZERO, at);
            let go = SlotTaken::Go {
                wait: Duration::ZERO,
            };
            assert_eq!(taken.await.unwrap(), go, "{at}");
            // How long the other waits for the next one.
            match store
                .take_slot_at(source, HOST, pace, Duration::ZERO, at)
                .await
                .unwrap()
            {
                SlotTaken::Full { retry_in } => retry_in,
                other => unreachable!("{other:?}"),
            }
        }
    };
    let after = |secs| hour(0).plus_secs(secs);
    assert_eq!(turn(&one, ACME, pace, after(30)).await, INTERVAL * 2);
    assert_eq!(turn(&two, ACME, pace, after(31)).await, INTERVAL * 2);
    assert_eq!(turn(&two, ACME, pace, after(629)).await, INTERVAL * 2);
    assert_eq!(turn(&two, ACME, pace, after(630)).await, INTERVAL);
    // Anew with the next one, and from its end.
    two.hold_at(ACME, HOST, hold, after(700)).await.unwrap();
    assert_eq!(turn(&one, ACME, pace, after(1_329)).await, INTERVAL * 2);
    assert_eq!(turn(&one, ACME, pace, after(1_330)).await, INTERVAL);
    // Whose vendor says nothing of it goes on as before.
    let full = Pace::from(INTERVAL);
    assert_eq!(turn(&two, OTHER, full, after(30)).await, INTERVAL);

    // What live reserves during a hold and after it is as far apart, and believed to the last.
    two.hold_at(OTHER, HOST, hold, after(2_000)).await.unwrap();
    let slow = Pace {
        interval: Duration::from_secs(10),
        ..pace
    };
    let mut waits = Vec::new();
    let full = loop {
        let minute = Duration::from_secs(60);
        let taken = two.take_slot_at(OTHER, HOST, slow, minute, after(2_000));
        match taken.await.unwrap() {
            SlotTaken::Go { wait } => waits.push(wait.as_secs()),
            other => break other,
        }
    };
    assert_eq!(waits, [30, 50]);
    let retry_in = Duration::from_secs(10);
    assert_eq!(full, SlotTaken::Full { retry_in });
    // A hold of a clock that went wrong halves nothing.
    client(&database)
        .await
        .batch_execute("UPDATE pace SET held_until = '2099-01-01'")
        .await
        .unwrap();
    assert_eq!(turn(&one, ACME, pace, after(3_000)).await, INTERVAL);
}
