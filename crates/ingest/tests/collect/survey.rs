//! What a survey tells: the gap filler's own view, and nothing asked or written for it.

use std::collections::BTreeMap;

use fake_vendors::{AlphaVantagePlan, Fault, Faults, Options, Rule, Vendor};
use ingest::{Filter, Forecast, Gap, GapReason, OutsidePlan, State, Survey, Timetable};
use ratelimit::Clock as _;
use source_coingecko::Plan;

use crate::world::{KEY, RPM, World, alphavantage_csv, at, csv_of, demo};

const COINS: [&str; 3] = ["bitcoin", "ethereum", "solana"];
const SINCE: &str = "2026-05-01";

/// What another process sees of the source.
async fn survey(world: &World, csv: &str) -> Survey {
    let setup = world.setup(world.coingecko(Plan::Demo, RPM), csv).await;
    let timetable = Timetable::of(&*setup.source);
    let (store, now) = (setup.store.clone(), world.clock.now());
    let survey = Survey::of_config(setup.source, timetable, &setup.series, store, now);
    survey.await.unwrap()
}

async fn gaps(survey: &Survey) -> Vec<Gap> {
    survey.gaps(&Filter::default(), false).await.unwrap()
}

/// Buckets by asset and reason.
fn summed(survey: &Survey, gaps: &[Gap]) -> BTreeMap<(String, &'static str), u64> {
    let mut sums = BTreeMap::new();
    for gap in gaps {
        let asset = survey.series(gap.series).unwrap().key.asset.to_string();
        *sums.entry((asset, gap.reason.as_str())).or_default() += gap.buckets;
    }
    sums
}

const TRACES: &str = "SELECT concat_ws(' ', (SELECT count(*) FROM series),
    (SELECT count(*) FROM pulls), (SELECT count(*) FROM slots_missing))";

#[tokio::test]
async fn what_was_never_asked_for_is_asked_for_and_then_no_more() {
    let world = World::new(demo()).await;
    let csv = csv_of(&COINS, SINCE);
    let before = survey(&world, &csv).await;
    let open = gaps(&before).await;
    assert!(
        open.iter()
            .all(|gap| gap.reason == GapReason::NeverAsked && gap.is_open())
    );
    // Seventeen days, and the hours that were published when the last tick was due, at 12:03.
    let sums = summed(&before, &open);
    assert_eq!(
        sums[&("bitcoin".to_owned(), "unrequested")],
        3 * (17 + 17 * 24 + 11)
    );
    assert_eq!((before.series_on(), before.series_off()), (3 * 9, 0));
    assert_eq!(world.text(TRACES).await, "0 0 0");
    assert_eq!(world.vendor.counts().total, 0);

    let collector = world.collector(&csv).await;
    collector.live("tick-1").await.unwrap();
    collector.fill_gaps("gaps-1").await.unwrap();
    let traces = world.text(TRACES).await;
    let after = survey(&world, &csv).await;
    let left = gaps(&after).await;
    // A chart has holes of its own.
    assert!(
        left.iter().all(|gap| gap.reason == GapReason::VendorEmpty),
        "{left:?}"
    );
    // A process at work sees the same.
    let own = collector.survey().await.unwrap();
    assert_eq!(gaps(&own).await, left);
    assert_eq!(world.text(TRACES).await, traces);
    // What comes out after the tick is not missed before the next one.
    world.set_now("2026-05-18T14:02:59Z");
    assert_eq!(gaps(&survey(&world, &csv).await).await.len(), left.len());
    world.set_now("2026-05-18T14:04:00Z");
    let next = survey(&world, &csv).await;
    let next = summed(&next, &gaps(&next).await);
    assert_eq!(next[&("bitcoin".to_owned(), "unrequested")], 3);
}

#[tokio::test]
async fn each_reason_is_the_one_on_record() {
    let world = World::new(demo()).await;
    let csv = csv_of(&["bitcoin", "ethereum", "no-such-coin"], SINCE);
    let collector = world.collector(&csv).await;
    let rules = vec![Rule::always("/coins/ethereum/", Fault::CutJson)];
    let faults = |rules| Faults {
        rules,
        ..Faults::default()
    };
    world.vendor.set_faults(faults(rules));
    collector.fill_gaps("gaps-1").await.unwrap();
    let told = survey(&world, &csv).await;
    let all = gaps(&told).await;
    let of = |asset: &str| -> Vec<&Gap> {
        let is_it = |gap: &&Gap| told.series(gap.series).unwrap().key.asset.as_str() == asset;
        all.iter().filter(is_it).collect()
    };
    let unknown = of("no-such-coin");
    assert_eq!(unknown.len(), 6);
    let until = at("2026-05-25T12:50:00Z");
    for gap in unknown {
        assert!(
            (gap.reason, gap.is_open()) == (GapReason::Unsupported, false),
            "{gap:?}"
        );
        assert!(gap.again_at.unwrap() >= until, "{gap:?}");
    }
    let named: Vec<_> = told
        .left_alone()
        .into_keys()
        .map(|subject| subject.asset.to_string())
        .collect();
    assert_eq!(named, ["no-such-coin"]);
    assert!(
        of("bitcoin")
            .iter()
            .all(|gap| gap.reason == GapReason::VendorEmpty)
    );
    // A body that was cut off says nothing of the data: it stays open.
    let cut = of("ethereum");
    assert!(
        !cut.is_empty() && cut.iter().all(|gap| gap.is_open()),
        "{cut:?}"
    );
}

#[tokio::test]
async fn the_plan_cuts_what_is_wanted_and_nothing_that_is_settled() {
    let world = World::new(demo()).await;
    // The plan reaches a year back.
    let csv = csv_of(&["bitcoin"], "2024-05-01");
    let told = survey(&world, &csv).await;
    let all = gaps(&told).await;
    let outside = OutsidePlan::of(&all);
    let names: Vec<_> = outside
        .iter()
        .map(|one| one.dataset.unwrap().as_str())
        .collect();
    assert_eq!(names, ["chart_daily", "chart_hourly"]);
    for one in &outside {
        assert_eq!(
            (one.series, one.before.date().to_string().as_str()),
            (3, "2025-05-18"),
            "{one:?}"
        );
    }
    let days = |from: &str, to: &str| (at(to).secs() - at(from).secs()).unsigned_abs() / 86_400;
    assert_eq!(outside[0].buckets, 3 * days("2024-05-01", "2025-05-18"));
    // On record as collected when a larger plan gave it.
    world.collector(&csv).await;
    let settle = "INSERT INTO coverage
        SELECT series_id, '{[2024-05-01, 2024-06-01)}' FROM series WHERE step = '1d'";
    world.client.batch_execute(settle).await.unwrap();
    let told = survey(&world, &csv).await;
    let less = OutsidePlan::of(&gaps(&told).await);
    assert_eq!(outside[0].buckets - less[0].buckets, 3 * 31);
}

#[tokio::test]
async fn quotas_stand_as_ticks_and_gaps_have_left_them() {
    let world = World::new(demo()).await;
    let csv = csv_of(&COINS, SINCE);
    let collector = world.collector(&csv).await;
    collector.live("tick-1").await.unwrap();
    collector.fill_gaps("gaps-1").await.unwrap();
    collector
        .backfill("backfill-1", &crate::world::past("2026-04-01", SINCE))
        .await
        .unwrap();
    let asked = world.vendor.counts().total;
    world.set_now("2026-05-18T19:50:00Z");
    collector.live("tick-2").await.unwrap();
    let told = survey(&world, &csv).await;
    assert_eq!(told.held(None), None);
    let [quota] = told.quotas() else {
        panic!("{:?}", told.quotas())
    };
    assert_eq!(
        (
            quota.limit,
            quota.for_live,
            quota.for_background,
            quota.for_backfill
        ),
        (10_000, 9_500, 7_600, 7_125)
    );
    assert_eq!(
        quota.used,
        u64::try_from(world.used_this_month().await).unwrap()
    );
    assert_eq!(quota.left_for_background(), 7_600 - quota.used);
    assert_eq!(quota.turns_at, Some(at("2026-06-01")));
    let recent = quota.recent;
    assert_eq!((recent.secs / 3_600, recent.ticks), (7, 2));
    assert!(recent.operator >= 3 && recent.background >= 6, "{recent:?}");
    assert_eq!(
        recent.ticks + recent.background + recent.operator,
        asked + 1
    );
    assert_eq!(quota.forecast, Forecast::Lasts);
    assert_eq!(quota.vendor, None);

    let spent = world.store.raise_quota(
        told.id(),
        "api",
        "credits",
        "month",
        9_500,
        at("2026-05-18"),
    );
    spent.await.unwrap();
    let told = survey(&world, &csv).await;
    let quotas = told.quotas();
    assert_eq!(quotas[0].forecast, Forecast::Spent);
    assert_eq!(quotas[0].vendor.unwrap().used, 9_500);
    let standing = told.standing().await.unwrap();
    assert_eq!(
        (standing.state, standing.until),
        (State::Parked, Some(at("2026-06-01")))
    );
    // Nothing else is said of it by whoever says less, nor by the process at work.
    assert_eq!(told.held(None), Some("parked"));
    assert_eq!(told.parking(), collector.parking().await.unwrap());
    assert_eq!(told.parking().unwrap().until, standing.until);
}

#[tokio::test]
async fn five_hours_without_a_vendor_are_degraded_and_whole_afterwards() {
    let world = World::new(demo()).await;
    let csv = csv_of(&COINS, SINCE);
    let collector = world.collector(&csv).await;
    let state = async || {
        let survey = survey(&world, &csv).await;
        let standing = survey.standing().await.unwrap();
        (standing.state, standing.since)
    };
    let tick = async |hour: i64| {
        let now = at("2026-05-18T12:50:00Z").plus_secs(hour * 3_600);
        world.set_now(&now.to_string());
        collector.live(&format!("tick-{now}")).await.unwrap();
        collector.fill_gaps(&format!("gaps-{now}")).await.unwrap();
        now
    };
    tick(0).await;
    assert_eq!(state().await, (State::Collecting, None));
    let down = Rule::always("/", Fault::Status502);
    world.vendor.set_faults(Faults {
        rules: vec![down],
        ..Faults::default()
    });
    let began = tick(1).await;
    for hour in 2..6 {
        tick(hour).await;
    }
    assert_eq!(state().await, (State::Degraded, Some(began)));
    world.vendor.set_faults(Faults::default());
    tick(6).await;
    assert_eq!(state().await, (State::Collecting, None));
    // But for the moments that only the present had.
    let whole = survey(&world, &csv).await;
    let left = gaps(&whole).await;
    let gone: u64 = (left.iter())
        .filter(|gap| gap.reason == GapReason::Unfillable)
        .map(|gap| gap.buckets)
        .sum();
    assert_eq!(gone, 3 * 3 * 5);
    let is_expected =
        |gap: &Gap| matches!(gap.reason, GapReason::VendorEmpty | GapReason::Unfillable);
    assert!(left.iter().all(is_expected), "{left:?}");
}

#[tokio::test]
async fn who_waits_for_todays_close_is_named_and_who_waits_longest_first() {
    let options = Options {
        vendor: Vendor::AlphaVantage(AlphaVantagePlan::FREE),
        key: KEY.to_owned(),
        now: Some(at("2026-06-02T09:03:00Z").datetime()),
        extra_ids: (0..30).map(|n| format!("equity:Q{n:02}")).collect(),
        ..Options::default()
    };
    let world = World::new(options).await;
    let row = |n| {
        format!(
            "equity,TIME_SERIES_DAILY,Q{n:02},,1d,outputsize=compact,CLOSE,free,2026-05-20,true,"
        )
    };
    let csv = alphavantage_csv(&(0..30).map(row).collect::<Vec<_>>().join("\n"));
    let free = source_alphavantage::Plan::Free;
    let at_vendor = world.vendor.base_url();
    let collector = world.alphavantage(&at_vendor, free, &csv).await;
    let before = collector.survey().await.unwrap().not_fresh().await.unwrap();
    assert_eq!((before[0].wanted, before[0].waiting.len()), (30, 30));
    collector.live("tick-1").await.unwrap();
    let survey = collector.survey().await.unwrap();
    let [closes] = survey.not_fresh().await.unwrap().try_into().unwrap();
    assert_eq!(
        (closes.dataset.as_str(), closes.wanted, closes.waiting.len()),
        ("equities_daily", 30, 5)
    );
    let first = closes.waiting[0].1;
    assert!(
        closes.waiting.iter().all(|(_, since)| *since == first),
        "{closes:?}"
    );
    // The day's requests are gone: the rest waits for tomorrow.
    let quotas = survey.quotas();
    assert_eq!((quotas[0].left(), quotas[0].forecast), (0, Forecast::Spent));
    // Whoever waited comes first then.
    world.set_now("2026-06-03T10:10:00Z");
    collector.live("tick-2").await.unwrap();
    let [closes] = (collector.survey().await.unwrap())
        .not_fresh()
        .await
        .unwrap()
        .try_into()
        .unwrap();
    assert_eq!(closes.waiting.len(), 5);
    assert!(
        closes.waiting.iter().all(|(_, since)| *since > first),
        "{closes:?}"
    );
}
