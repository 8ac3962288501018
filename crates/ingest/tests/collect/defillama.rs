//! DefiLlama through the collector: whole histories compared each day, snapshots that nobody can refill,
//! the bill against the meal.

use std::collections::BTreeMap;

use fake_vendors::{DefiLlamaPlan, Faults, Metric, Options, Revision, Vendor, YieldsPaths};
use ingest::{Collector, PastAsk};
use source_defillama::{COLUMNS, DefiLlama, FreeHosts, Plan, Settings};
use store::pulls::PullStatus;

use crate::{
    canned::{Answer, Canned},
    world::{KEY, World, at, past},
};

const NOW: &str = "2026-05-18T14:25:00Z";
const RPM: u32 = 60_000;
const POOL: &str = "747c1d2a-c668-4682-b9f9-296708a3dd90";
const ROWS: [&str; 6] = [
    "global,all,TVL|FEES,,2026-04-01,,,true,",
    "chain,Ethereum,TVL|FEES|DEX_VOLUME,,2026-04-01,,,true,",
    "protocol,aave-v3,TVL|FEES|REVENUE|FEES_24H,,2026-04-01,,id=1599,true,",
    "coin,coingecko:bitcoin,PRICE,,2026-04-18,2026-04-18,,true,",
    "coin,coingecko:ethereum,PRICE,,2026-04-18,2026-04-18,,true,",
    "stablecoin,1,CIRCULATING_SUPPLY|STABLECOIN_MCAP,,2026-04-01,,,true,",
];

async fn world(plan: DefiLlamaPlan) -> World {
    World::new(Options {
        vendor: Vendor::DefiLlama(plan),
        key: KEY.to_owned(),
        now: Some(at(NOW).datetime()),
        rpm: Some(RPM),
        extra_ids: vec!["protocol:aave-v3:1599".to_owned()],
        ..Options::default()
    })
    .await
}

async fn collector(world: &World, plan: Plan) -> Collector {
    collector_of(world, plan, &ROWS).await
}

async fn collector_of(world: &World, plan: Plan, rows: &[&str]) -> Collector {
    collector_at(world, plan, &world.vendor.base_url(), rows).await
}

async fn collector_at(world: &World, plan: Plan, base_url: &str, rows: &[&str]) -> Collector {
    let rows: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let csv = format!("{}\n{rows}", COLUMNS.join(","));
    let source = DefiLlama::new(Settings {
        plan,
        base_url: Some(base_url.to_owned()),
        free_hosts: FreeHosts::default(),
        rpm: Some(RPM),
    });
    let setup = world.setup(source, &csv).await;
    Collector::open(setup).await.unwrap()
}

/// What the vendor holds by day and hour of a few series, in the shape of [`World::rows`].
fn truth(world: &World) -> BTreeMap<String, Vec<(i64, u64)>> {
    const DAY_MS: i64 = 86_400_000;
    let truth = world.vendor.truth();
    let (from, to) = (at("2026-04-02").millis(), at("2026-05-19").millis());
    let of = |kind, id, metric, step, shift: i64| -> Vec<(i64, u64)> {
        let points = truth.defillama_series(kind, id, metric, step, from, to);
        points
            .into_iter()
            .map(|(label, value)| (label - shift, value.to_bits()))
            .collect()
    };
    use fake_vendors::Step::Day;
    [
        (
            "protocol:1599 usd TVL 1d",
            of("protocol", "aave-v3", "tvl", Day, DAY_MS),
        ),
        (
            "protocol:1599 usd FEES 1d",
            of("protocol", "aave-v3", "fees/dailyFees", Day, 0),
        ),
        (
            "chain:Ethereum usd TVL 1d",
            of("chain", "Ethereum", "tvl", Day, DAY_MS),
        ),
    ]
    .into_iter()
    .map(|(name, points)| (name.to_owned(), points))
    .collect()
}

async fn bill_and_meal(world: &World, collector: &Collector, ask: &PastAsk) {
    let bill = collector.estimate(ask, true).await.unwrap();
    let asked = world.vendor.counts().total;
    let summary = collector.backfill("run", ask).await.unwrap();
    assert_eq!(summary.holes, []);
    collector.live("tick").await.unwrap();
    let meal = world.vendor.counts().total - asked;
    assert_eq!(meal, bill.requests());
}

fn assert_holds(
    rows: &BTreeMap<String, Vec<(i64, u64)>>,
    truth: &BTreeMap<String, Vec<(i64, u64)>>,
) {
    for (name, points) in truth {
        assert!(points.len() > 40, "{name}: {}", points.len());
        let held: BTreeMap<i64, u64> = rows[name].iter().copied().collect();
        let differs = points.iter().find(|(ts, bits)| {
            // The newest days are not published yet by our lag.
            held.get(ts) != Some(bits) && *ts < at("2026-05-17").millis()
        });
        let told = differs.map(|(ts, _)| model::Ts::from_millis(*ts));
        assert_eq!(told, None, "{name}");
        let invented = held.keys().find(|ts| {
            **ts >= at("2026-04-02").millis() && !points.iter().any(|(true_ts, _)| true_ts == *ts)
        });
        assert_eq!(
            invented.map(|ts| model::Ts::from_millis(*ts)),
            None,
            "{name}"
        );
    }
}

#[tokio::test]
async fn on_both_plans_the_past_is_whole_and_costs_what_the_bill_said() {
    for (plan, vendor) in [
        (Plan::Free, DefiLlamaPlan::free()),
        (Plan::Pro, DefiLlamaPlan::pro()),
    ] {
        let world = world(vendor).await;
        let collector = collector(&world, plan).await;
        let ask = past("2026-04-01", "2026-05-18T14:00:00Z");
        bill_and_meal(&world, &collector, &ask).await;
        assert_holds(&world.rows().await, &truth(&world));
    }
}

#[tokio::test]
async fn the_nightly_comparison_costs_no_request_more() {
    let world = world(DefiLlamaPlan::pro()).await;
    let collector = collector(&world, Plan::Pro).await;
    collector.fill_gaps("gaps").await.unwrap();
    let before = world.rows().await;
    // An adapter is mended: weeks of the past are another.
    world.vendor.set_faults(Faults {
        rules: vec![],
        revisions: vec![Revision {
            entity: None,
            metric: Some(Metric::FeesDay),
            from_ms: at("2026-04-10").millis(),
            to_ms: at("2026-04-20").millis(),
            factor: 1.5,
        }],
    });
    world.set_now("2026-05-19T14:25:00Z");
    let asked = world.vendor.counts().total;
    let summary = collector.fill_gaps("next day").await.unwrap();
    let fees = |pull: &&ingest::PullEnd| pull.dataset.as_str() == "dimensions_daily";
    let pull = summary.pulls.iter().find(fees).unwrap();
    // Market, chain and protocol: FEES of each, volumes of one, revenue of one.
    assert_eq!((pull.requests, pull.status), (5, PullStatus::Complete));
    assert!(pull.updated >= 3 * 10, "{}", pull.updated);
    let all = world.vendor.counts().total - asked;
    collector.reread().await.unwrap();
    let paths: Vec<String> = (world.vendor.requests().into_iter())
        .skip(usize::try_from(asked + all).unwrap())
        .map(|record| record.template)
        .collect();
    assert!(
        paths.iter().all(|path| path.contains("/chart/{coins}")),
        "{paths:?}"
    );
    let after = world.rows().await;
    let old = "SELECT count(*)::text FROM metric_revisions JOIN series USING (series_id)
               WHERE metric = 'FEES' AND asset = 'protocol:1599'
                     AND ts < '2026-05-01'";
    assert_eq!(world.text(old).await, "10");
    let name = "protocol:1599 usd FEES 1d";
    let may = at("2026-05-01").millis();
    let is_new = |point: &&(i64, u64)| point.0 < may && !before[name].contains(point);
    assert_eq!(after[name].iter().filter(is_new).count(), 10);
}

#[tokio::test]
async fn yields_that_moved_are_found_and_asked_for_there_from_then_on() {
    let row = format!("pool,{POOL},APY|TVL,,2026-04-01,,pro=true,true,");
    for (yields_paths, asked) in [
        // The snapshot finds out, and its chart is asked for at the right path at once.
        (
            YieldsPaths::Old,
            vec![
                "/yields/v1/pools",
                "/yields/pools",
                "/yields/chart/{uuid}",
                "/yields/pools",
            ],
        ),
        (
            YieldsPaths::New,
            vec![
                "/yields/v1/pools",
                "/yields/v1/chart/{uuid}",
                "/yields/v1/pools",
            ],
        ),
    ] {
        let world = world(DefiLlamaPlan {
            yields_paths,
            ..DefiLlamaPlan::pro()
        })
        .await;
        let collector = collector_of(&world, Plan::Pro, &[&row]).await;
        let tick = collector.live("tick").await.unwrap();
        assert_eq!(tick.status(), PullStatus::Complete);
        let ask = past("2026-04-01", "2026-05-18");
        let summary = collector.backfill("run", &ask).await.unwrap();
        assert_eq!(summary.holes, []);
        world.set_now("2026-05-18T15:25:00Z");
        collector.live("next").await.unwrap();
        let yields: Vec<String> = (world.vendor.requests().into_iter())
            .map(|record| record.template)
            .filter(|template| template.contains("yields"))
            .collect();
        assert_eq!(yields, asked);
        assert_eq!(world.rows().await.len(), 4);
    }
}

/// At neither path: what the answer says of the pool holds, and costs one request more.
#[tokio::test]
async fn what_is_at_neither_path_is_not_there() {
    let server = Canned::start(|_| Some(Answer::new(404, "Data not found"))).await;
    let world = world(DefiLlamaPlan::pro()).await;
    let row = format!("pool,{POOL},APY,,2026-04-01,,pro=true,true,");
    let collector = collector_at(&world, Plan::Pro, &server.base_url, &[&row]).await;
    for run in ["run", "again"] {
        let ask = past("2026-04-01", "2026-05-18");
        collector.backfill(run, &ask).await.unwrap();
    }
    let asked = server.targets();
    let below: Vec<&str> = (asked.iter())
        .map(|target| target.split_once("/yields/").unwrap().1)
        .collect();
    assert_eq!(below, [format!("v1/chart/{POOL}"), format!("chart/{POOL}")]);
}
