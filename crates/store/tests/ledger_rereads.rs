//! The queue of re-reads against a real server.

#![allow(clippy::unwrap_used, reason = "test code")]

mod ledger_support;

use std::time::Duration;

use ledger_support::{ACME, OTHER, client, hour, hours, make_series, store};
use model::TimeRange;
use store::{pulls::PullId, series::SeriesId};

#[tokio::test]
async fn rereads_leave_the_queue_when_they_were_read() {
    let database = testkit::database().await;
    let (store, client) = (store(&database).await, client(&database).await);
    let one = make_series(&client, 1).await;
    client
        .batch_execute(&format!(
            "INSERT INTO reread_queue SELECT {}, tstzrange(t, t + interval '1 hour'), t
             FROM generate_series(timestamptz '2026-01-01', '2026-01-01 05:00Z', '1 hour') AS t",
            one.0
        ))
        .await
        .unwrap();
    let queued = async |until, limit| {
        let queued = store.queued_rereads(&[one], until, limit).await;
        queued.unwrap()
    };
    let two_hours = [(one, hours(0, 1)), (one, hours(1, 2))];
    assert_eq!(queued(hour(9), 2).await, two_hours);
    assert_eq!(queued(hour(1), 9).await, two_hours);
    let other = SeriesId(one.0 + 1);
    let none = store.queued_rereads(&[other], hour(9), 9).await.unwrap();
    assert!(none.is_empty());
    // Of a range that was read only in part the rest stays, as old as it was.
    let half_past = |at: i64| hour(at).plus_secs(1_800);
    let middle = TimeRange::new(half_past(3), half_past(4));
    let done = [(one, hours(0, 1)), (one, hours(1, 2)), (one, middle)];
    store.drop_rereads(&done, hour(9)).await.unwrap();
    let rest = [
        (one, hours(2, 3)),
        (one, TimeRange::new(hour(3), half_past(3))),
        (one, TimeRange::new(half_past(4), hour(5))),
        (one, hours(5, 6)),
    ];
    assert_eq!(queued(hour(9), 9).await, rest);
    assert_eq!(queued(hour(3), 9).await, rest[..2]);

    // What nobody collects any more is no work for anybody.
    store.drop_idle_rereads(OTHER, hour(9)).await.unwrap();
    store.drop_idle_rereads(ACME, hour(9)).await.unwrap();
    assert_eq!(queued(hour(9), 9).await.len(), 4);
    let end = "UPDATE series SET active = '{(,2026-01-01 08:00Z)}'";
    client.batch_execute(end).await.unwrap();
    store.drop_idle_rereads(ACME, hour(9)).await.unwrap();
    assert!(queued(hour(9), 9).await.is_empty());
}

#[tokio::test]
async fn what_another_process_queues_while_we_read_is_not_taken_for_read() {
    let database = testkit::database().await;
    let (ours, theirs) = (store(&database).await, store(&database).await);
    let client = client(&database).await;
    let one = make_series(&client, 1).await;
    let pull = PullId(1);
    let queue = async |range, at| {
        theirs
            .queue_unread(pull, &[(one, range)], at)
            .await
            .unwrap()
    };
    let queued = async || ours.queued_rereads(&[one], hour(99), 9).await.unwrap();
    let (wide, narrow, apart) = (hours(0, 4), hours(1, 2), hours(6, 7));
    // Ours begins to read at hour 10 what was queued before.
    queue(wide, hour(8)).await;
    queue(apart, hour(8)).await;
    let began = hour(10);
    // Theirs meets a difference after our answer came: in the same range, in a part of one, in a new one.
    queue(wide, hour(11)).await;
    queue(hours(8, 9), hour(11)).await;
    let done = [(one, hours(0, 10))];
    ours.drop_rereads(&done, began).await.unwrap();
    assert_eq!(queued().await, [(one, wide), (one, hours(8, 9))]);
    ours.drop_rereads(&done, hour(11)).await.unwrap();
    assert_eq!(queued().await, []);

    queue(wide, hour(12)).await;
    queue(narrow, hour(14)).await;
    ours.drop_rereads(&done, hour(13)).await.unwrap();
    assert_eq!(queued().await, [(one, wide)]);
    // Nothing makes an entry older than it is.
    queue(wide, hour(9)).await;
    ours.drop_rereads(&done, hour(13)).await.unwrap();
    assert_eq!(queued().await, [(one, wide)]);
}

#[tokio::test]
async fn an_entry_that_goes_while_it_is_queued_again_is_queued_anew() {
    let database = testkit::database().await;
    let (ours, theirs) = (store(&database).await, store(&database).await);
    let mut client = client(&database).await;
    let one = make_series(&client, 1).await;
    let wide = (one, hours(0, 4));
    theirs
        .queue_unread(PullId(1), &[wide], hour(8))
        .await
        .unwrap();
    // Another process has taken it out and not committed yet.
    let taking = client.transaction().await.unwrap();
    taking
        .execute("DELETE FROM reread_queue", &[])
        .await
        .unwrap();
    let part = [(one, hours(1, 2))];
    let queue = theirs.queue_unread(PullId(1), &part, hour(11));
    let commit = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        taking.commit().await.unwrap();
    };
    let (queued, ()) = tokio::join!(queue, commit);
    queued.unwrap();
    assert_eq!(
        ours.queued_rereads(&[one], hour(99), 9).await.unwrap(),
        part
    );
}
