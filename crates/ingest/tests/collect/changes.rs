//! What is asked for after the configuration or the plan has changed: what that opens, and nothing else.

use fake_vendors::{FakeVendor, Options, RequestRecord, Vendor};
use ingest::Collector;
use model::{TimeRange, Ts};
use source_coingecko::Plan;
use store::pulls::PullStatus;

use crate::world::{NOW, RPM, World, at, coingecko_at, csv_of, demo};

const COLUMNS: &str = "coin_id,symbol,vs_currency,metrics,since,hourly_since,ohlc,enabled,note\n";

/// A row of bitcoin's.
fn row(metrics: &str, since: &str, enabled: bool) -> String {
    format!("{COLUMNS}bitcoin,BTC,usd,{metrics},{since},{since},false,{enabled},\n")
}

async fn fill(collector: &Collector) {
    let filled = collector.fill_gaps("gaps").await.unwrap();
    assert_eq!(filled.status(), PullStatus::Complete);
    assert_eq!(filled.holes, []);
}

/// Returns the labels that the hourly chart was asked for, pull by pull.
async fn hourly_windows(world: &World) -> Vec<TimeRange> {
    let pulls = world.pulls().await.into_iter();
    pulls
        .filter(|pull| pull.dataset == "chart_hourly")
        .filter_map(|pull| pull.window)
        .collect()
}

/// Labels of hourly buckets, which are instants at their end.
fn labels(from: Ts, to: Ts) -> TimeRange {
    TimeRange::new(from, to).shift(3_600)
}

/// Returns the window that a request opened.
fn asked(record: &RequestRecord) -> TimeRange {
    let value = |name: &str| {
        let mut pairs = record
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        let value = pairs.find(|pair| pair.0 == name).unwrap().1;
        Ts::from_secs(value.parse().unwrap())
    };
    TimeRange::new(value("from"), value("to"))
}

/// Checks that all hours of some metrics are stored, and no others.
async fn assert_hours(world: &World, metrics: &[&str], from: &str, to: &str) {
    let truth = world.truth(&["bitcoin"], from, to);
    let rows = world.rows().await;
    let hourly = rows.keys().filter(|series| series.ends_with(" 1h"));
    let stored: Vec<&str> = hourly
        .map(|series| series.split(' ').nth(2).unwrap())
        .collect();
    assert_eq!(stored, metrics);
    for metric in metrics {
        let series = format!("bitcoin usd {metric} 1h");
        assert!(rows[&series] == truth[&series], "{series}");
    }
}

/// The hour up to which a chart is known at [`NOW`].
const KNOWN: &str = "2026-05-18T12:00:00Z";

#[tokio::test]
async fn a_larger_plan_opens_the_older_time_and_asks_for_exactly_that() {
    let world = World::new(demo()).await;
    let csv = row("", "2025-01-01", true);
    fill(&world.collector(&csv).await).await;
    let [first] = hourly_windows(&world).await[..] else {
        panic!("one pull");
    };
    // A year back, to the day.
    let year = labels(at("2025-05-18T12:00:00Z"), at(KNOWN));
    assert!(year.covers(first) && first.secs() > 364 * 86_400, "{first}");
    let asked = world.vendor.counts().total;

    // The same truth behind a key of a larger plan.
    let larger = FakeVendor::start(Options {
        vendor: Vendor::CoinGecko(fake_vendors::Plan::Analyst),
        ..demo()
    });
    let larger = larger.await.unwrap();
    larger.set_frozen(true);
    larger.set_now(at(NOW).datetime());
    let source = coingecko_at(&larger.base_url(), Plan::Analyst, RPM);
    let collector = Collector::open(world.setup(source, &csv).await)
        .await
        .unwrap();
    fill(&collector).await;
    let older = labels(at("2025-01-01"), first.start.plus_secs(-3_600));
    assert_eq!(hourly_windows(&world).await, [first, older]);
    // The daily chart comes whole.
    let charts = larger.counts().of("/coins/{id}/market_chart/range");
    assert_eq!(charts, 1 + 2);
    assert_eq!(world.vendor.counts().total, asked);
    let metrics = ["MARKET_CAP", "PRICE", "VOLUME_24H"];
    assert_hours(&world, &metrics, "2025-01-01", KNOWN).await;
    fill(&collector).await;
    assert_eq!(larger.counts().of("/coins/{id}/market_chart/range"), charts);
}

#[tokio::test]
async fn the_time_in_which_a_row_was_disabled_is_not_asked_for() {
    let world = World::new(demo()).await;
    let csv = |enabled| row("PRICE", "2026-05-01", enabled);
    fill(&world.collector(&csv(true)).await).await;
    world.set_now("2026-05-19T10:20:00Z");
    let off = world.collector(&csv(false)).await;
    assert_eq!(off.series_count(), 0);
    let before = world.vendor.requests().len();
    fill(&off).await;
    assert_eq!(world.vendor.requests().len(), before);
    // Longer than one request is wide: less would come for nothing, and is taken.
    world.set_now("2026-09-20T09:40:00Z");
    let on = world.collector(&csv(true)).await;
    world.set_now("2026-09-21T12:50:00Z");
    fill(&on).await;
    let requests = world.vendor.requests().split_off(before);
    let hourly = requests
        .iter()
        .map(asked)
        .filter(|range| range.secs() < 90 * 86_400);
    let off = TimeRange::new(at("2026-05-20"), at("2026-09-20"));
    let asked: Vec<TimeRange> = hourly.collect();
    // What was still to be had when it was switched off, and all since it is on again; the vendor
    // gives hours only of windows wider than a day.
    assert_eq!(asked.len(), 2);
    let padded = TimeRange::new(off.start, off.end.plus_days(-1));
    assert!(
        asked.iter().all(|range| range.intersect(padded).is_empty()),
        "{asked:?}"
    );
    let hours = &world.rows().await["bitcoin usd PRICE 1h"];
    let while_off = |ts: &i64| off.contains(Ts::from_millis(*ts));
    assert!(!hours.iter().any(|(ts, _)| while_off(ts)));
    assert!(hours.iter().any(|(ts, _)| *ts >= off.end.millis()));
}

#[tokio::test]
async fn an_earlier_since_asks_for_what_lies_before_alone() {
    let world = World::new(demo()).await;
    fill(&world.collector(&row("PRICE", "2026-04-01", true)).await).await;
    let asked = world.vendor.counts().total;
    let earlier = world.collector(&row("PRICE", "2026-03-01", true)).await;
    fill(&earlier).await;
    let expected = [
        labels(at("2026-04-01"), at(KNOWN)),
        labels(at("2026-03-01"), at("2026-04-01")),
    ];
    assert_eq!(hourly_windows(&world).await, expected);
    // The daily chart and one request by hour.
    assert_eq!(world.vendor.counts().total, asked + 2);
    assert_hours(&world, &["PRICE"], "2026-03-01", KNOWN).await;
}

#[tokio::test]
async fn a_new_row_costs_its_own_requests_and_a_row_taken_away_none() {
    let world = World::new(demo()).await;
    let one = csv_of(&["bitcoin"], "2026-04-01");
    let both = csv_of(&["bitcoin", "ethereum"], "2026-04-01");
    fill(&world.collector(&one).await).await;
    let asked = world.vendor.counts().total;
    for csv in [&both, &both, &one] {
        fill(&world.collector(csv).await).await;
    }
    let requests = world.vendor.requests();
    let paths: Vec<_> = requests.iter().map(|one| one.path.as_str()).collect();
    // By day and by hour, once.
    let new = usize::try_from(asked).unwrap();
    assert_eq!(paths[new..], ["/coins/ethereum/market_chart/range"; 2]);
    let coins = ["bitcoin", "ethereum"];
    let truth = world.truth(&coins, "2026-04-01", KNOWN);
    let mut rows = world.rows().await;
    for (series, points) in &mut rows {
        points.retain(|(ms, _)| *ms < at(KNOWN).millis());
        assert_eq!(truth.get(series), Some(&*points), "{series}");
    }
    assert_eq!(rows.len(), truth.len());
}

#[tokio::test]
async fn a_new_metric_costs_its_own_requests_and_touches_no_other() {
    let world = World::new(demo()).await;
    fill(&world.collector(&row("PRICE", "2026-04-01", true)).await).await;
    let rows = "SELECT md5(string_agg(concat_ws(' ', m, m.xmin, m.ctid), ',' ORDER BY m))
                FROM metrics m JOIN series s USING (series_id) WHERE s.metric = 'PRICE'";
    let (before, asked) = (world.text(rows).await, world.vendor.counts().total);
    let more = world
        .collector(&row("PRICE|MARKET_CAP", "2026-04-01", true))
        .await;
    let filled = more.fill_gaps("gaps").await.unwrap();
    assert_eq!(filled.status(), PullStatus::Complete);
    assert_eq!(world.vendor.counts().total, asked + 2);
    let received = filled.total(|pull| pull.received);
    assert_eq!(received, filled.total(|pull| pull.inserted));
    assert_eq!(world.text(rows).await, before);
    assert_hours(&world, &["MARKET_CAP", "PRICE"], "2026-04-01", KNOWN).await;
    fill(&more).await;
    assert_eq!(world.vendor.counts().total, asked + 2);
}

#[tokio::test]
async fn hours_of_the_present_are_missed_only_while_they_were_wanted() {
    let world = World::new(demo()).await;
    let csv = |enabled| row("FDV", "2026-01-01", enabled);
    // Whatever the row says: there is no past to be had.
    let collector = world.collector(&csv(true)).await;
    collector.live("first").await.unwrap();
    assert_eq!(world.missing().await, Vec::<String>::new());
    world.set_now("2026-05-18T15:20:00Z");
    world
        .collector(&csv(false))
        .await
        .live("off")
        .await
        .unwrap();
    world.set_now("2026-05-18T20:40:00Z");
    let on = world.collector(&csv(true)).await;
    world.set_now("2026-05-18T23:05:00Z");
    on.live("on").await.unwrap();
    let missed = |range: &str| format!("bitcoin FDV 1h unfillable {range}");
    let expected = [
        missed("[2026-05-18T12:00:00Z, 2026-05-18T15:00:00Z)"),
        missed("[2026-05-18T21:00:00Z, 2026-05-18T22:00:00Z)"),
    ];
    assert_eq!(world.missing().await, expected);
    // Nobody asks for them: not a single chart.
    fill(&on).await;
    assert_eq!(
        world.vendor.counts().total,
        world.vendor.counts().of("/coins/markets")
    );
}
