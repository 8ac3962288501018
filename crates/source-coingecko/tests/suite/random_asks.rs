//! Whatever is asked, the plan holds what every plan must.

use std::collections::BTreeMap;

use model::{DatasetId, Key, MetricName, PullKind, Step, TimeRange, Ts};
use proptest::{prelude::*, sample::subsequence};
use source::{Ask, Role, Source as _, Want, conformance::check_plan};
use source_coingecko::{
    GLOBAL, GLOBAL_DAILY, MARKETS, OHLC_DAILY, OHLC_HOURLY, Plan, SUPPLY_DAILY,
};

use crate::{CHART, at, vendor};

/// Returns metrics of a dataset, sorted.
fn metrics_of(dataset: DatasetId) -> &'static [&'static str] {
    match dataset {
        MARKETS => &["CIRCULATING_SUPPLY", "FDV", "MARKET_CAP", "PRICE"],
        GLOBAL => &["BTC_DOMINANCE", "GLOBAL_MARKET_CAP", "GLOBAL_VOLUME_24H"],
        GLOBAL_DAILY => &["GLOBAL_MARKET_CAP", "GLOBAL_VOLUME_24H"],
        OHLC_DAILY | OHLC_HOURLY => &["CLOSE", "HIGH", "LOW", "OPEN"],
        SUPPLY_DAILY => &["CIRCULATING_SUPPLY", "TOTAL_SUPPLY"],
        _ => &CHART,
    }
}

/// A plan and an ask of one of its datasets.
fn asked() -> impl Strategy<Value = (Plan, Ask)> {
    let plan = prop::sample::select(&Plan::ALL[..]);
    let datasets = plan.prop_flat_map(|plan| {
        let datasets = vendor(plan).datasets().to_vec();
        let with_series = datasets.into_iter().filter(|one| metric_series(one.role));
        let datasets: Vec<_> = with_series.collect();
        (Just(plan), prop::sample::select(datasets))
    });
    datasets.prop_flat_map(|(plan, dataset)| {
        // Some minute of three years.
        let now =
            (0_i64..3 * 365 * 24 * 60).prop_map(|minute| at("2024-01-01").plus_secs(minute * 60));
        now.prop_flat_map(move |now| {
            let wants = wants(dataset.id, dataset.role, dataset.step, now);
            let oldest = prop::option::of(0_i64..2_000);
            (wants, oldest).prop_map(move |(mut wants, oldest)| {
                let oldest = oldest.map(|days| now.plus_days(-days));
                if let (Some(oldest), Role::Series) = (oldest, dataset.role) {
                    // The collector asks for no label that is nearer to the edge than an hour.
                    let first = dataset.step.ceil(oldest.plus_secs(3_600));
                    for want in &mut wants {
                        want.labels.start = want.labels.start.max(first);
                    }
                    wants.retain(|want| !want.labels.is_empty());
                }
                let ask = Ask {
                    dataset: dataset.id,
                    kind: PullKind::Backfill,
                    now,
                    oldest,
                    wants,
                };
                (plan, ask)
            })
        })
    })
}

fn metric_series(role: Role) -> bool {
    matches!(role, Role::Snapshot | Role::Series)
}

fn wants(dataset: DatasetId, role: Role, step: Step, now: Ts) -> impl Strategy<Value = Vec<Want>> {
    let is_global = matches!(dataset, GLOBAL | GLOBAL_DAILY);
    // A batch of a snapshot has room for 250 coins and for 8,000 bytes of them.
    let coins = match (is_global, role) {
        (true, _) => 1..2,
        (false, Role::Snapshot) => 1..600,
        (false, _) => 1..6,
    };
    let coin = match is_global {
        true => Just("_global".to_owned()).boxed(),
        false => "[a-z0-9][a-z0-9.-]{0,60}".boxed(),
    };
    let key = (coin, prop::sample::select(&["btc", "eur", "usd"][..]));
    let names = metrics_of(dataset);
    let metrics = subsequence(names, 1..=names.len());
    // From so many steps ago, so many steps long, and again after a pause.
    let spans = prop::collection::vec((1_i64..1_500, 1_i64..1_500), 1..3);
    let parts = (metrics, spans);
    prop::collection::btree_map(key, parts, coins).prop_map(move |wanted| {
        let wants = wanted.into_iter().map(|((coin, quote), (metrics, spans))| {
            let key = Key::of_asset(coin.as_str(), quote);
            let metrics: Vec<_> = metrics.into_iter().map(MetricName::from).collect();
            (key, (metrics, labels(role, step, now, &spans)))
        });
        // By key, then time.
        let wants: BTreeMap<_, _> = wants.collect();
        let parts = wants.into_iter().flat_map(|(key, (metrics, ranges))| {
            ranges.into_iter().map(move |labels| Want {
                key: key.clone(),
                metrics: metrics.clone(),
                labels,
            })
        });
        parts.collect()
    })
}

/// Returns ranges of labels that do not meet, oldest first: a snapshot's is this hour.
fn labels(role: Role, step: Step, now: Ts, spans: &[(i64, i64)]) -> Vec<TimeRange> {
    let end = step.next(step.floor(now));
    if role == Role::Snapshot {
        return vec![TimeRange::new(step.floor(now), end)];
    }
    let mut ranges = Vec::new();
    let mut end = end;
    for (pause, length) in spans {
        let last = end.plus_secs((1 - pause) * step.max_secs());
        let first = last.plus_secs(-length * step.max_secs());
        ranges.push(TimeRange::new(first, last));
        end = first.plus_secs(-step.max_secs());
    }
    ranges.reverse();
    ranges
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equal_asks_give_equal_plans_and_blocks_tile_the_ask((plan, ask) in asked()) {
        let vendor = vendor(plan);
        let requests = match check_plan(&vendor, &ask) {
            Ok(requests) => requests,
            Err(failures) => return Err(TestCaseError::fail(format!("{plan}: {failures}"))),
        };
        for request in requests {
            let from = request.query.iter().find(|(name, _)| name == "from");
            let from = from.map(|(_, secs)| Ts::from_secs(secs.parse().unwrap()));
            prop_assert!(from.is_none() || from >= ask.oldest, "{}", request.path_and_query());
        }
    }
}
