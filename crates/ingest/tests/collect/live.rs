//! What a live tick stores and settles.

use std::time::Duration;

use fake_vendors::{Fault, Faults, Metric, Rule};
use ingest::Filter;
use store::pulls::PullStatus;

use crate::world::{World, at, csv_of, demo};

const COINS: [&str; 2] = ["bitcoin", "ethereum"];
const METRICS: [(&str, Metric); 6] = [
    ("CIRCULATING_SUPPLY", Metric::CirculatingSupply),
    ("FDV", Metric::Fdv),
    ("MARKET_CAP", Metric::MarketCap),
    ("PRICE", Metric::Price),
    ("TOTAL_SUPPLY", Metric::TotalSupply),
    ("VOLUME_24H", Metric::Volume24h),
];

async fn settled(world: &World, metric: &str) -> String {
    let sql = format!(
        "SELECT coalesce(string_agg(s.asset || ' ' || c.settled::text, ' ' ORDER BY s.asset), '')
         FROM series s JOIN coverage c USING (series_id)
         WHERE s.metric = '{metric}' AND s.step = '1h'"
    );
    world.text(&sql).await
}

#[tokio::test]
async fn a_tick_stores_the_moment_as_the_end_of_its_hour() {
    let world = World::new(demo()).await;
    world.set_now("2026-05-18T13:03:00Z");
    let collector = world.collector(&csv_of(&COINS, "2026-05-18")).await;
    let asked_at = at("2026-05-18T13:03:00Z").millis();
    let summary = collector.live("tick").await.unwrap();
    assert_eq!(summary.status(), PullStatus::Complete);
    assert_eq!(world.vendor.counts().total, 1);

    let rows = world.rows().await;
    assert_eq!(rows.len(), COINS.len() * METRICS.len());
    for coin in COINS {
        for (name, metric) in METRICS {
            let truth = world.vendor.truth();
            let (_, value) = truth.coingecko_live(coin, "usd", metric, asked_at).unwrap();
            let bucket = at("2026-05-18T12:00:00Z").millis();
            assert_eq!(
                rows[&format!("{coin} usd {name} 1h")],
                [(bucket, value.to_bits())],
                "{name}"
            );
        }
    }
    let hour = "{[\"2026-05-18 12:00:00+00\",\"2026-05-18 13:00:00+00\")}";
    for (name, _) in METRICS {
        assert_eq!(
            settled(&world, name).await,
            format!("bitcoin {hour} ethereum {hour}"),
            "{name}"
        );
    }

    // Of several values of one hour the first stays.
    world.set_now("2026-05-18T13:09:00Z");
    let second = collector.live("second").await.unwrap();
    assert_eq!(
        (
            second.total(|pull| pull.inserted),
            second.total(|pull| pull.updated)
        ),
        (0, 0)
    );
    assert_eq!(world.rows().await, rows);
}

#[tokio::test]
async fn the_hour_that_turns_between_plan_and_answer_is_the_hour_of_the_value() {
    let world = World::new(demo()).await;
    world.set_now("2026-05-18T12:59:50Z");
    let throttled = Fault::Status429 {
        retry_after: Some(70),
        reset_header: false,
    };
    let rules = vec![Rule::times("/coins/markets", 1, throttled)];
    world.vendor.set_faults(Faults {
        rules,
        revisions: vec![],
    });
    let collector = world.collector(&csv_of(&COINS, "2026-05-18")).await;
    let summary = collector.live("tick").await.unwrap();
    assert_eq!(summary.status(), PullStatus::Complete);
    let bucket = at("2026-05-18T12:00:00Z").millis();
    let rows = world.rows().await;
    assert_eq!(rows.len(), COINS.len() * METRICS.len());
    assert!(
        rows.values()
            .all(|points| points.len() == 1 && points[0].0 == bucket),
        "{rows:?}"
    );
    let hour = "{[\"2026-05-18 12:00:00+00\",\"2026-05-18 13:00:00+00\")}";
    for (name, _) in METRICS {
        let expected = format!("bitcoin {hour} ethereum {hour}");
        assert_eq!(settled(&world, name).await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_late_tick_leaves_the_hour_to_the_chart() {
    let world = World::new(demo()).await;
    world.set_now("2026-05-18T13:20:00Z");
    let collector = world.collector(&csv_of(&COINS, "2026-05-18")).await;
    collector.live("late").await.unwrap();
    let rows = world.rows().await;
    let names: Vec<&str> = rows.keys().map(String::as_str).collect();
    let expected = [
        "bitcoin usd CIRCULATING_SUPPLY 1h",
        "bitcoin usd FDV 1h",
        "bitcoin usd TOTAL_SUPPLY 1h",
        "ethereum usd CIRCULATING_SUPPLY 1h",
        "ethereum usd FDV 1h",
        "ethereum usd TOTAL_SUPPLY 1h",
    ];
    assert_eq!(names, expected);
    assert_eq!(settled(&world, "PRICE").await, "");
    assert!(
        settled(&world, "FDV")
            .await
            .starts_with("bitcoin {[\"2026-05-18 12:00:00+00\"")
    );

    // The chart has it once it is due.
    world.set_now("2026-05-18T13:50:00Z");
    collector.fill_gaps("gaps").await.unwrap();
    let hour = at("2026-05-18T12:00:00Z").millis();
    let truth = world.truth(&COINS, "2026-05-18", "2026-05-18T13:00:00Z");
    let rows = world.rows().await;
    assert_eq!(rows["bitcoin usd PRICE 1h"], truth["bitcoin usd PRICE 1h"]);
    assert!(
        rows["bitcoin usd PRICE 1h"]
            .iter()
            .any(|(ts, _)| *ts == hour)
    );
}

#[tokio::test]
async fn moments_that_nobody_took_are_unfillable_and_said_so() {
    let world = World::new(demo()).await;
    world.set_now("2026-05-18T13:03:00Z");
    let collector = world.collector(&csv_of(&["bitcoin"], "2026-05-18")).await;
    collector.live("one").await.unwrap();
    // Since 13:00 is wanted what closes at 14:00.
    assert_eq!(world.missing().await, Vec::<String>::new());
    world.clock.advance(Duration::from_secs(4 * 3_600));
    collector.live("after four hours").await.unwrap();
    let lost = "[2026-05-18T13:00:00Z, 2026-05-18T16:00:00Z)";
    let expected = ["CIRCULATING_SUPPLY", "FDV", "TOTAL_SUPPLY"]
        .map(|metric| format!("bitcoin {metric} 1h unfillable {lost}"));
    assert_eq!(world.missing().await, expected);
    assert_eq!(world.rows().await["bitcoin usd FDV 1h"].len(), 2);
    let whole = "bitcoin {[\"2026-05-18 12:00:00+00\",\"2026-05-18 17:00:00+00\")}";
    assert_eq!(settled(&world, "FDV").await, whole);
    // Values with a past are not lost: their hours are open.
    let price = "bitcoin {[\"2026-05-18 12:00:00+00\",\"2026-05-18 13:00:00+00\"),\
                 [\"2026-05-18 16:00:00+00\",\"2026-05-18 17:00:00+00\")}";
    assert_eq!(settled(&world, "PRICE").await, price);
}

#[tokio::test]
async fn a_coin_missing_from_the_answer_is_not_settled_and_asked_again() {
    let world = World::new(demo()).await;
    world.set_now("2026-05-18T13:03:00Z");
    let fault = Fault::DropIds {
        ids: vec!["ethereum".to_owned()],
    };
    let rules = vec![Rule::times("/coins/markets", 1, fault)];
    world.vendor.set_faults(Faults {
        rules,
        revisions: vec![],
    });
    let collector = world.collector(&csv_of(&COINS, "2026-05-18")).await;
    collector.live("one is missing").await.unwrap();
    let hour = "{[\"2026-05-18 12:00:00+00\",\"2026-05-18 13:00:00+00\")}";
    assert_eq!(settled(&world, "PRICE").await, format!("bitcoin {hour}"));
    assert_eq!(settled(&world, "FDV").await, format!("bitcoin {hour}"));
    assert!(
        world
            .rows()
            .await
            .keys()
            .all(|series| series.starts_with("bitcoin"))
    );

    world.set_now("2026-05-18T13:06:00Z");
    collector.live("again").await.unwrap();
    assert_eq!(
        settled(&world, "FDV").await,
        format!("bitcoin {hour} ethereum {hour}")
    );
    assert_eq!(world.rows().await.len(), COINS.len() * METRICS.len());
}

#[tokio::test]
async fn the_catalogue_is_read_and_an_unbelievable_one_is_not() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&COINS, "2026-05-18")).await;
    let summary = collector.refresh_catalogue("one").await.unwrap();
    assert_eq!(summary.status(), PullStatus::Complete);
    let listed = world
        .text("SELECT count(*)::text FROM listings WHERE active")
        .await;
    assert!(listed.parse::<u32>().unwrap() > 40, "{listed}");
    let rules = vec![Rule::always("/coins/list", Fault::Empty)];
    world.vendor.set_faults(Faults {
        rules,
        revisions: vec![],
    });
    let summary = collector.refresh_catalogue("two").await.unwrap();
    assert_eq!(summary.status(), PullStatus::Failed);
    assert_eq!(
        world
            .text("SELECT count(*)::text FROM listings WHERE active")
            .await,
        listed
    );
}

#[tokio::test]
async fn a_tick_for_some_assets_asks_for_them_and_says_nothing_of_others() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&COINS, "2026-05-18")).await;
    let of = |assets: &[&str], metrics: &[&str]| Filter {
        assets: assets.iter().map(ToString::to_string).collect(),
        metrics: metrics.iter().map(ToString::to_string).collect(),
        ..Filter::default()
    };
    // A dataset without any of them is not asked.
    let none = collector.live_of("none", &of(&["tether"], &[])).await;
    assert!(none.unwrap().pulls.is_empty());
    assert_eq!(world.vendor.counts().total, 0);

    let one = collector.live_of("one", &of(&["Ethereum"], &["fdv"])).await;
    assert_eq!(one.unwrap().status(), PullStatus::Complete);
    let asked = world.vendor.requests();
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].query.contains("ids=ethereum&"),
        "{}",
        asked[0].query
    );
    let rows = world.rows().await;
    assert_eq!(rows.keys().collect::<Vec<_>>(), ["ethereum usd FDV 1h"]);
    // Of the hours that nobody took since it notes those that it is about.
    world.clock.advance(Duration::from_secs(4 * 3_600));
    let later = collector
        .live_of("later", &of(&["ethereum"], &["FDV"]))
        .await;
    assert_eq!(later.unwrap().status(), PullStatus::Complete);
    let lost = "[2026-05-18T12:00:00Z, 2026-05-18T15:00:00Z)";
    let expected = format!("ethereum FDV 1h unfillable {lost}");
    assert_eq!(world.missing().await, [expected]);
}
