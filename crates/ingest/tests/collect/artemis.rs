//! Artemis through the collector: days by tick and by backfill, messages, overload, quarters.

use std::collections::BTreeMap;

use fake_vendors::{ArtemisPlan, ArtemisStep, ArtemisSwitch, Fault, Faults, Options, Rule, Vendor};
use ingest::{Collector, PastAsk};
use source_artemis::{Artemis, COLUMNS, Plan, SOURCE, Settings};
use store::pulls::PullStatus;

use crate::{
    secrets::Log,
    world::{KEY, World, at, past},
};

type Rows = BTreeMap<String, Vec<(i64, u64)>>;

/// Six o'clock and the vendor's night is over.
const NOW: &str = "2026-05-18T06:05:00Z";
const RPM: u32 = 60_000;
const DAY_MS: i64 = 86_400_000;

async fn world(plan: ArtemisPlan) -> World {
    World::new(Options {
        vendor: Vendor::Artemis(plan),
        key: KEY.to_owned(),
        now: Some(at(NOW).datetime()),
        rpm: Some(RPM),
        ..Options::default()
    })
    .await
}

async fn collector(world: &World, rows: &[&str]) -> Collector {
    let source = Artemis::new(Settings {
        plan: Plan::Enterprise,
        base_url: Some(world.vendor.base_url()),
        rpm: Some(RPM),
    });
    let rows: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let csv = format!("{}\n{rows}", COLUMNS.join(","));
    let setup = world.setup(source, &csv).await;
    Collector::open(setup).await.unwrap()
}

/// What the vendor holds for buckets `[from, to)`, in the shape of [`World::rows`].
fn truth(world: &World, pairs: &[(&str, &str)], from: &str, to: &str) -> Rows {
    let mut rows = BTreeMap::new();
    for (symbol, metric) in pairs {
        // As of midnight: the label closes its bucket.
        let at_midnight = matches!(*metric, "PRICE" | "MC" | "FDMC") && !symbol.starts_with("eq-");
        let shift = if at_midnight { DAY_MS } else { 0 };
        let (from, to) = (at(from).millis() + shift, at(to).millis() + shift);
        let day = ArtemisStep::Day;
        let truth = world.vendor.truth();
        let points = truth.artemis_series(symbol, metric, day, from, to);
        let points: Vec<_> = points
            .into_iter()
            .map(|(label, value)| (label - shift, value.to_bits()))
            .collect();
        if !points.is_empty() {
            rows.insert(format!("{symbol} usd {metric} 1d"), points);
        }
    }
    rows
}

/// Says where two tables differ, in few words. What is stored of the day that runs is not looked at, nor
/// what an answer brought of the day before the first that is wanted.
async fn assert_stored(world: &World, truth: &Rows, until: &str) {
    let mut rows = world.rows().await;
    for (name, points) in &mut rows {
        let first = truth
            .get(name)
            .and_then(|points| points.first())
            .map(|point| point.0);
        points.retain(|(ts, _)| Some(*ts) >= first && *ts < at(until).millis());
    }
    rows.retain(|_, points| !points.is_empty());
    let names: Vec<&String> = rows.keys().collect();
    assert_eq!(names, truth.keys().collect::<Vec<_>>());
    for (name, points) in truth {
        let differs = rows[name].iter().zip(points).find(|(a, b)| a != b);
        assert_eq!((differs, rows[name].len()), (None, points.len()), "{name}");
    }
}

/// Returns why buckets are missing: `symbol metric reason [start,end)`.
async fn missing(world: &World) -> Vec<String> {
    let rows = world.store.missing(SOURCE.as_str(), 1_000).await.unwrap();
    let line = |row: store::coverage::MissingRow| {
        let waits = if row.recheck_at.is_some() {
            " waits"
        } else {
            ""
        };
        format!(
            "{} {} {}{waits} {}",
            row.asset, row.metric, row.reason, row.range
        )
    };
    let mut lines: Vec<String> = rows.into_iter().map(line).collect();
    lines.sort();
    lines
}

const ROWS: [&str; 4] = [
    "btc,bitcoin,chain,PRICE|MC|FEES|DAU,,2025-03-01,true,",
    "eth,ethereum,chain,PRICE|FEES|TVL,,2025-06-01,true,",
    "usdc-eth,,stablecoin,STABLECOIN_SUPPLY,,2025-03-01,true,",
    "eq-coin,eq-coin,equity,PRICE,,2025-03-01,true,",
];
const PAIRS: [(&str, &str); 9] = [
    ("btc", "PRICE"),
    ("btc", "MC"),
    ("btc", "FEES"),
    ("btc", "DAU"),
    ("eth", "PRICE"),
    ("eth", "FEES"),
    ("eth", "TVL"),
    ("usdc-eth", "STABLECOIN_SUPPLY"),
    ("eq-coin", "PRICE"),
];

/// What is held of [`PAIRS`] of the time since when each is wanted.
fn wanted(world: &World, to: &str) -> Rows {
    let (eth, others): (Vec<_>, Vec<_>) = PAIRS.into_iter().partition(|pair| pair.0 == "eth");
    let mut rows = truth(world, &others, "2025-03-01", to);
    rows.extend(truth(world, &eth, "2025-06-01", to));
    rows
}

#[tokio::test]
async fn a_year_and_more_is_whole_and_costs_what_the_bill_said() {
    let world = world(ArtemisPlan::enterprise()).await;
    let collector = collector(&world, &ROWS).await;
    let ask = past("2025-03-01", "2026-05-18");
    let bill = collector.estimate(&ask, true).await.unwrap();
    let summary = collector.backfill("run", &ask).await.unwrap();
    assert_eq!(summary.holes, []);
    // What is dated today is left to the tick.
    assert_stored(&world, &wanted(&world, "2026-05-17"), "2026-05-17").await;
    collector.live("tick").await.unwrap();
    assert_eq!(world.vendor.counts().total, bill.requests());
    // Two windows and a tick, whatever each symbol wants since when.
    assert_eq!(bill.requests(), 3);
    assert_stored(&world, &wanted(&world, "2026-05-18"), "2026-05-18").await;
    collector.backfill("again", &ask).await.unwrap();
    assert_eq!(world.vendor.counts().total, bill.requests());
}

#[tokio::test]
async fn it_is_whole_whatever_the_contract_leaves_open() {
    for switches in [
        vec![
            ArtemisSwitch::Strings,
            ArtemisSwitch::Recased,
            ArtemisSwitch::Unsorted,
            ArtemisSwitch::Stamps,
        ],
        vec![ArtemisSwitch::Bare, ArtemisSwitch::Holes],
        vec![ArtemisSwitch::Messages, ArtemisSwitch::NamedUnknowns],
        vec![ArtemisSwitch::HalfOpen],
    ] {
        let plan = switches
            .iter()
            .fold(ArtemisPlan::enterprise(), |plan, switch| plan.with(*switch));
        let world = world(plan).await;
        let collector = collector(&world, &ROWS).await;
        let ask = past("2025-03-01", "2026-05-18");
        collector.backfill("run", &ask).await.unwrap();
        // What the end of a window hid is asked for again.
        world.set_now("2026-05-20T06:06:00Z");
        collector.fill_gaps("gaps").await.unwrap();
        collector.live("tick").await.unwrap();
        assert_stored(&world, &wanted(&world, "2026-05-19"), "2026-05-19").await;
    }
}

#[tokio::test]
async fn a_tick_reads_eight_days_and_today_which_is_replaced_tomorrow() {
    let world = world(ArtemisPlan::enterprise()).await;
    let collector = collector(&world, &ROWS).await;
    let summary = collector.live("tick").await.unwrap();
    assert_eq!(summary.status(), PullStatus::Complete);
    assert_eq!(world.vendor.counts().total, 1);
    let today = |rows: &Rows| {
        let fees = rows["btc usd FEES 1d"].last().copied();
        fees.filter(|(ts, _)| *ts == at("2026-05-18").millis())
    };
    let partial = today(&world.rows().await);
    let settled = "SELECT bool_or(settled @> '2026-05-18'::timestamptz)::text FROM coverage";
    assert_eq!(world.text(settled).await, "false");

    world.set_now("2026-05-19T06:05:00Z");
    collector.live("next").await.unwrap();
    assert_eq!(world.vendor.counts().total, 2);
    // The price of the 10th is the value at 00:00 of the 11th; sums go a day further back.
    let from = "2026-05-10";
    let held = truth(&world, &PAIRS, from, "2026-05-19");
    let mut rows = world.rows().await;
    for points in rows.values_mut() {
        points.retain(|(ts, _)| (at(from).millis()..at("2026-05-19").millis()).contains(ts));
    }
    assert_eq!(rows, held);
    assert_ne!(today(&rows), partial);
    // A partial value is no value that was revised; a price of midnight that moved after it is.
    let revised = "SELECT string_agg(DISTINCT metric, ' ' ORDER BY metric)
                   FROM metric_revisions JOIN series USING (series_id)";
    assert_eq!(world.text(revised).await, "MC PRICE");
}

#[tokio::test]
async fn a_pair_that_is_not_there_is_asked_for_every_week_and_never_settled() {
    let world = world(ArtemisPlan::enterprise()).await;
    let rows = [
        "btc,bitcoin,chain,FEES|NO_SUCH_METRIC,,2026-05-01,true,",
        "nobody,nobody,token,PRICE,,2026-05-01,true,",
    ];
    let collector = collector(&world, &rows).await;
    let summary = collector.fill_gaps("gaps").await.unwrap();
    assert_eq!(summary.holes, []);
    let asked = world.vendor.counts().total;
    let unsupported = async || {
        let missing = missing(&world).await;
        let of = |name: &str| {
            let of = missing.iter().filter(|line| line.contains(name));
            of.filter(|line| line.contains("unsupported waits")).count()
        };
        (of("NO_SUCH_METRIC"), of("nobody"))
    };
    assert_eq!((asked, unsupported().await), (1, (1, 1)));
    collector.fill_gaps("an hour later").await.unwrap();
    assert_eq!(world.vendor.counts().total, asked);
    for week in 1..12_i64 {
        let now = at(NOW).plus_days(7 * week).plus_secs(60);
        world.set_now(&now.to_string());
        let before = world.vendor.counts().total;
        collector.fill_gaps("a week later").await.unwrap();
        assert_eq!(world.vendor.counts().total, before + 1, "{week}");
        assert_eq!(unsupported().await, (1, 1), "{week}");
    }
    let settled = "SELECT count(*)::text FROM coverage JOIN series USING (series_id)
                   WHERE asset = 'nobody' OR metric = 'NO_SUCH_METRIC'";
    assert_eq!(world.text(settled).await, "0");
}

#[tokio::test]
async fn nothing_at_all_is_asked_for_again_and_then_in_halves() {
    let world = world(ArtemisPlan::enterprise()).await;
    let collector = collector(&world, &ROWS).await;
    world.vendor.set_faults(Faults {
        rules: vec![Rule::times("/data/api/", 4, Fault::NoBody)],
        ..Faults::default()
    });
    let ask = past("2026-01-01", "2026-05-18");
    let summary = collector.backfill("run", &ask).await.unwrap();
    assert_eq!(summary.status(), PullStatus::Complete);
    assert_eq!(world.vendor.counts().total, 4 + 2);
    let held = truth(&world, &PAIRS, "2026-01-01", "2026-05-17");
    assert_stored(&world, &held, "2026-05-17").await;
}

#[tokio::test]
async fn a_host_that_is_gone_and_a_bad_key_stop_everything() {
    for plan in [
        ArtemisPlan::enterprise().with(ArtemisSwitch::Retired),
        ArtemisPlan::enterprise(),
    ] {
        let world = World::new(Options {
            vendor: Vendor::Artemis(plan),
            key: "another".to_owned(),
            now: Some(at(NOW).datetime()),
            rpm: Some(RPM),
            ..Options::default()
        })
        .await;
        let collector = collector(&world, &ROWS).await;
        let summary = collector.live("tick").await.unwrap();
        assert_eq!(summary.pulls[0].failures[0].0, "unauthorized");
        collector.live("next").await.unwrap();
        collector.fill_gaps("gaps").await.unwrap();
        assert_eq!(world.vendor.counts().total, 1);
    }
}

#[tokio::test]
async fn quarters_are_asked_for_once_a_week_and_compared_whole() {
    let world = world(ArtemisPlan::enterprise()).await;
    let row = "eq-nvda,eq-nvda,equity,,QUARTER,2023-05-18,true,";
    let collector = collector(&world, &[row]).await;
    let everything = PastAsk::default();
    let bill = collector.estimate(&everything, false).await.unwrap();
    assert_eq!(bill.requests(), 1);
    let mut asked = Vec::new();
    for day in 0..21_i64 {
        let now = at(NOW).plus_days(day).plus_secs(60);
        world.set_now(&now.to_string());
        let before = world.vendor.counts().total;
        collector.live("tick").await.unwrap();
        let filled = collector.fill_gaps("gaps").await.unwrap();
        assert_eq!(filled.holes, []);
        if world.vendor.counts().total > before {
            asked.push((day, world.vendor.counts().total - before));
        }
    }
    // Weeks begin on Thursday; the 18th is a Monday.
    assert_eq!(asked, [(0, 1), (3, 1), (10, 1), (17, 1)]);
    let quarter = ArtemisStep::Quarter;
    let (from, to) = (at("2023-05-18").millis(), at("2026-06-01").millis());
    let truth = world.vendor.truth();
    for (name, points) in world.rows().await {
        let metric = name.split(' ').nth(2).unwrap();
        let held = truth.artemis_series("eq-nvda", metric, quarter, from, to);
        let held: Vec<_> = held
            .into_iter()
            .map(|(ts, value)| (ts, value.to_bits()))
            .collect();
        assert!(held.len() > 8, "{name}");
        assert_eq!(points, held, "{name}");
    }
}

#[tokio::test]
async fn a_symbol_that_means_another_asset_now_is_told_at_every_reading_of_the_catalogue() {
    let world = world(ArtemisPlan::enterprise()).await;
    let rows = [
        "btc,bitcoin,chain,PRICE,,2026-05-01,true,",
        // The tickers of 2022, before they changed hands.
        "luna,terra,chain,PRICE,,2026-05-01,true,",
        "lunc,,chain,PRICE,,2026-05-01,true,",
    ];
    let collector = collector(&world, &rows).await;
    for day in 0..2 {
        let read = collector.refresh_catalogue("catalogue").await.unwrap();
        assert_eq!(read.status(), PullStatus::Partial, "{day}");
        let told = "luna was configured as terra, which is listed as lunc now; \
                    luna is terra2 now: mend or disable the row";
        let failures = [("another_asset".to_owned(), told.to_owned())];
        assert_eq!(read.pulls[0].failures, failures);
    }
    let mended = ["luna,terra2,chain,PRICE,,2026-05-01,true,", rows[0]];
    let collector = self::collector(&world, &mended).await;
    let read = collector.refresh_catalogue("catalogue").await.unwrap();
    assert_eq!(read.status(), PullStatus::Complete);
}

#[tokio::test]
async fn a_row_that_is_written_by_its_id_is_listed_and_compared_like_any_other() {
    let world = world(ArtemisPlan::enterprise()).await;
    let row = |symbol: &str, id: &str| format!("{symbol},{id},chain,PRICE,,2026-05-01,true,");
    // The catalogue lists terra as lunc and terra2 as luna.
    for (symbol, id, told) in [
        ("terra", "terra", None),
        (
            "terra2",
            "terra",
            Some(
                "terra2 was configured as terra, which is listed as lunc now; \
                 terra2 is terra2 now: mend or disable the row",
            ),
        ),
    ] {
        let rows = [row(symbol, id), row("no-such", ""), row("nosuch", "")];
        let collector = collector(&world, &rows.each_ref().map(String::as_str)).await;
        let log = Log::default();
        let listener = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        let listening = tracing::subscriber::set_default(listener);
        let read = collector.refresh_catalogue("catalogue").await.unwrap();
        drop(listening);
        let failures = read.pulls[0].failures.iter();
        let failures: Vec<_> = failures
            .map(|(class, what)| (class.as_str(), what.as_str()))
            .collect();
        let expected: Vec<_> = told
            .map(|told| ("another_asset", told))
            .into_iter()
            .collect();
        assert_eq!(failures, expected, "{symbol}");
        // What the catalogue does not have is still told, and nothing else.
        let log = log.text();
        let warned: Vec<&str> = log
            .lines()
            .filter(|line| line.contains("not in the"))
            .collect();
        let [warned] = warned.as_slice() else {
            panic!("{log}");
        };
        assert!(
            warned.contains("count=1") && warned.contains("nosuch"),
            "{warned}"
        );
    }
}

#[tokio::test]
async fn a_holiday_of_all_shares_is_closed_at_once_and_costs_no_request_more() {
    let row = |symbol: &str| format!("{symbol},{symbol},equity,PRICE,,2026-03-02,true,");
    // The 3rd of April was Good Friday, before a weekend.
    for (symbols, told) in [
        (
            &["eq-coin", "eq-nvda"][..],
            "closed [2026-04-03T00:00:00Z, 2026-04-06T00:00:00Z)",
        ),
        (
            &["eq-coin"],
            "vendor_empty waits [2026-04-03T00:00:00Z, 2026-04-04T00:00:00Z)",
        ),
    ] {
        let world = world(ArtemisPlan::enterprise()).await;
        let rows: Vec<String> = symbols.iter().map(|symbol| row(symbol)).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let collector = collector(&world, &rows).await;
        collector.fill_gaps("gaps").await.unwrap();
        let missing = missing(&world).await;
        for symbol in symbols {
            let line = format!("{symbol} PRICE {told}");
            assert!(missing.contains(&line), "{line}: {missing:#?}");
        }
        let asked = world.vendor.counts().total;
        assert_eq!(asked, 1);
        // Three days later it is due again where nobody knows.
        world.set_now("2026-05-21T06:06:00Z");
        let open = collector
            .estimate(&PastAsk::default(), false)
            .await
            .unwrap();
        let filled = collector.fill_gaps("gaps").await.unwrap();
        let from = filled.pulls.iter().map(|pull| pull.requests).sum::<u64>();
        assert_eq!((open.requests(), from), (1, 1));
        let query = world.vendor.requests().pop().unwrap().query;
        let asks_for_it = query.contains("startDate=2026-04-03");
        assert_eq!(asks_for_it, told.starts_with("vendor_empty"), "{query}");
    }
}
