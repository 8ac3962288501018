//! What happens when the month's units are spent: by the vendor's count, and by our own.

use fake_vendors::{Fault, Faults, Options, Rule};
use ingest::Collector;
use model::Ts;
use ratelimit::Clock as _;
use source::{Limit, ReplyError, Unit, Window};
use source_coingecko::{Plan, SOURCE};
use store::pulls::PullStatus;

use crate::{
    processes::until,
    world::{RPM, World, at, csv_of, demo, past},
    wrapped::Wrapped,
};

const COINS: [&str; 8] = [
    "bitcoin",
    "ethereum",
    "solana",
    "binancecoin",
    "ripple",
    "uniswap",
    "havven",
    "dai",
];

#[tokio::test]
async fn credits_spent_by_the_vendors_count_park_the_job() {
    let options = Options {
        monthly_credits: Some(3),
        ..demo()
    };
    let world = World::new(options).await;
    let collector = world.collector(&csv_of(&COINS, "2026-04-01")).await;
    let ask = past("2026-04-01", "2026-04-20");
    let summary = collector.backfill("run", &ask).await.unwrap();
    assert_eq!(summary.status(), PullStatus::Parked);
    // One pull: the second dataset would meet the same. Refused was what was under way, no more.
    assert_eq!(summary.pulls.len(), 1);
    let refused = world.vendor.counts().per_status[&429];
    assert!((1..=4).contains(&refused), "{refused}");
    assert_eq!(summary.pulls[0].failures[0].0, "quota_exhausted");
    let until = summary.pulls[0].parked_until.unwrap();
    assert!(until >= at("2026-05-18T18:50:00Z"), "{until}");
    assert!(!summary.holes.is_empty());
    assert_eq!(world.missing().await, Vec::<String>::new());

    // Nobody asks meanwhile: not this process, not another one, not the tick.
    let asked = world.vendor.counts().total;
    let other = world.collector(&csv_of(&COINS, "2026-04-01")).await;
    let told = [
        collector.backfill("again", &ask).await.unwrap(),
        other.live("tick").await.unwrap(),
        other.refresh_catalogue("catalogue").await.unwrap(),
        other.fill_gaps("gaps").await.unwrap(),
    ];
    for summary in told {
        assert_eq!(summary.status(), PullStatus::Parked);
        assert_eq!(
            (summary.pulls.len(), summary.parked_until),
            (0, Some(until))
        );
    }
    assert_eq!(world.vendor.counts().total, asked);
    let row = &world
        .store
        .parked(at("2026-05-18T18:00:00Z"))
        .await
        .unwrap()[0];
    assert_eq!((row.source.as_str(), row.until), ("coingecko", until));
    assert!(row.why.contains("quota spent"), "{}", row.why);

    // Six hours later it is tried, in vain: once more parked, until an operator knows better.
    world.set_now("2026-05-18T18:55:00Z");
    let live = other.live("tick").await.unwrap();
    assert_eq!(live.pulls[0].status, PullStatus::Parked);
    assert_eq!(world.vendor.counts().total, asked + 1);
    let now = at("2026-05-18T18:56:00Z");
    assert_eq!(world.store.unpark("coingecko", now).await.unwrap(), 1);
    assert_eq!(world.store.unpark("coingecko", now).await.unwrap(), 0);
    assert_eq!(collector.live("tick").await.unwrap().pulls.len(), 1);
    assert_eq!(world.vendor.counts().total, asked + 2);

    // The month turns: the rest.
    world.set_now("2026-06-01T00:50:00Z");
    let summary = collector
        .backfill("june", &past("2026-05-30", "2026-05-31"))
        .await
        .unwrap();
    let counts = world.vendor.counts();
    let seen = counts.total - asked - 2;
    assert_eq!(summary.pulls[0].requests, seen, "{:?}", counts.per_status);
    assert!((4..=7).contains(&seen), "{seen}: {:?}", counts.per_status);
    assert_eq!(counts.per_status[&200], 6);
}

#[tokio::test]
async fn a_time_that_the_vendor_names_is_believed_and_a_pull_under_way_ends() {
    let world = World::new(demo()).await;
    let mut vendor = Wrapped::new(world.coingecko(Plan::Demo, RPM));
    vendor.check = |_, _, _| {
        Err(ReplyError::QuotaExhausted {
            what: "spent".to_owned(),
            until: Some(at("2026-05-19T07:00:00Z")),
        })
    };
    let csv = csv_of(&COINS, "2026-04-01");
    let told = Collector::open(world.setup(vendor, &csv).await)
        .await
        .unwrap();
    let working = world.collector(&csv).await;
    // The one is in the middle of its work when the other is told.
    let rules = vec![Rule::always("/coins/", Fault::Slow { ms: 100 })];
    world.vendor.set_faults(Faults {
        rules,
        revisions: vec![],
    });
    let ask = past("2025-07-01", "2026-04-20");
    let hears = async {
        until(|| world.vendor.counts().total >= 2).await;
        told.live("tick").await.unwrap()
    };
    let (summary, heard) = tokio::join!(working.backfill("run", &ask), hears);
    let until = Some(at("2026-05-19T07:00:00Z"));
    assert_eq!(heard.pulls[0].parked_until, until);
    let summary = summary.unwrap();
    assert_eq!(summary.status(), PullStatus::Parked);
    assert_eq!(summary.pulls.last().unwrap().parked_until, until);
    // What was under way is taken in; 8 + 8 × 4 would have been asked for.
    assert!(
        world.vendor.counts().total < 20,
        "{}",
        world.vendor.counts().total
    );
    world.vendor.set_faults(Faults::default());
    world.set_now("2026-05-19T07:00:00Z");
    let summary = working.backfill("after", &ask).await.unwrap();
    assert_eq!(
        (summary.status(), summary.holes.len()),
        (PullStatus::Complete, 0)
    );
}

#[tokio::test]
async fn our_own_budget_keeps_a_reserve_for_live() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&COINS, "2026-04-01")).await;
    let used = |units| {
        world
            .store
            .raise_quota(SOURCE, "api", "credits", "month", units, at("2026-05-18"))
    };
    used(8_000).await.unwrap();
    let ask = past("2026-04-01", "2026-04-20");
    let summary = collector.backfill("run", &ask).await.unwrap();
    assert_eq!(
        (summary.status(), summary.pulls.len()),
        (PullStatus::Parked, 1)
    );
    assert_eq!(summary.pulls[0].parked_until, Some(at("2026-06-01")));
    assert_eq!(
        (world.vendor.counts().total, summary.pulls[0].requests),
        (0, 0)
    );

    let live = collector.live("tick").await.unwrap();
    assert_eq!(live.status(), PullStatus::Complete);
    assert_eq!(world.vendor.counts().total, 1);
    assert_eq!(world.used_this_month().await, 8_001);

    // 5 % are nobody's.
    used(9_499).await.unwrap();
    let live = collector.live("tick").await.unwrap();
    assert_eq!(live.status(), PullStatus::Complete);
    let live = collector.live("tick").await.unwrap();
    assert_eq!(live.status(), PullStatus::Parked);
    assert_eq!(world.vendor.counts().total, 2);
}

#[tokio::test]
async fn a_day_that_turns_nobody_knows_when_is_any_24_hours() {
    let world = World::new(demo()).await;
    let csv = csv_of(&COINS, "2025-07-01");
    let process = || async {
        let mut vendor = Wrapped::new(world.coingecko(Plan::Demo, RPM));
        vendor.limits = vec![Limit {
            host: "api",
            unit: Unit::Requests,
            amount: 25,
            window: Window::RollingDay,
        }];
        Collector::open(world.setup(vendor, &csv).await)
            .await
            .unwrap()
    };
    let (one, other) = (process().await, process().await);
    // 8 + 8 × 4 are to be asked for. All of a plan of 25 is used, a quarter of it not by a backfill.
    let ask = past("2025-07-01", "2026-04-20");
    let asked = || world.vendor.counts().total;
    let until = at("2026-05-19T13:05:00Z");
    // The bill knows when the quota lets the last two leave, before and after the first have left.
    let ends_at = async |process: &Collector| {
        let quota = process.estimate(&ask, false).await.unwrap().quota.unwrap();
        assert_eq!((quota.limit, quota.usable), (25, 19));
        let millis = i64::try_from(quota.at_least.as_millis()).unwrap();
        Ts::from_millis(world.clock.now().millis() + millis)
    };
    let last_at = at("2026-05-20T14:05:00Z");
    assert_eq!(ends_at(&one).await, last_at);
    for process in [&one, &other] {
        let summary = process.backfill("run", &ask).await.unwrap();
        assert_eq!(summary.status(), PullStatus::Parked);
        let pull = summary.pulls.last().unwrap();
        assert_eq!((asked(), pull.parked_until), (19, Some(until)));
        assert_eq!(ends_at(process).await, last_at);
    }
    for tick in 1..=6 {
        let live = other.live("tick").await.unwrap();
        assert_eq!((live.status(), asked()), (PullStatus::Complete, 19 + tick));
    }
    let live = one.live("tick").await.unwrap();
    assert_eq!((live.status(), asked()), (PullStatus::Parked, 25));

    // Midnight turns nothing.
    for (now, sent) in [("2026-05-19T13:04:50Z", 25), ("2026-05-19T13:05:00Z", 44)] {
        world.set_now(now);
        let summary = one.backfill("run", &ask).await.unwrap();
        assert_eq!(
            (summary.status(), asked()),
            (PullStatus::Parked, sent),
            "{summary:?}"
        );
    }
}

#[tokio::test]
async fn who_finds_the_quota_spent_takes_no_slot_from_others() {
    let world = World::new(demo()).await;
    let mut vendor = Wrapped::new(world.coingecko(Plan::Demo, RPM));
    vendor.limits.push(Limit {
        host: vendor.limits[0].host,
        unit: Unit::Requests,
        amount: 1,
        window: Window::Day,
    });
    let setup = world.setup(vendor, &csv_of(&COINS, "2026-04-01")).await;
    let collector = Collector::open(setup).await.unwrap();
    let next = "SELECT max(next_at)::text FROM pace";
    collector.live("tick").await.unwrap();
    let (asked, slot) = (world.vendor.counts().total, world.text(next).await);
    assert_eq!(asked, 1);
    world.set_now("2026-05-18T13:50:00Z");
    let spent = collector.live("next").await.unwrap();
    assert_eq!(spent.status(), PullStatus::Parked);
    assert_eq!(
        (world.vendor.counts().total, world.text(next).await),
        (1, slot)
    );
    // The day turns: a slot is taken again, and the unit is counted in the new day.
    world.set_now("2026-05-19T00:50:00Z");
    collector.live("tomorrow").await.unwrap();
    assert_eq!(world.vendor.counts().total, 2);
}
