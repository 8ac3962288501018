//! `ingestd` and `backfill` as processes on one simulated clock, with the vendor: two days in seconds.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use fake_vendors::{Metric, Options, Plan, Step, Truth};
use simclock::Server;
use testkit::stage::{Running, Stage};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::process::Command;

use crate::PROGRAM;

/// A wait this long has failed.
const TOO_LONG: Duration = Duration::from_secs(100);
const START: &str = "2026-05-18T12:50:00Z";
/// A tick of the first night, which the backfill begins at.
const MIDNIGHT: &str = "2026-05-19T00:03:00Z";
const END: &str = "2026-05-20T13:03:00Z";
const COINS: [&str; 2] = ["bitcoin", "ethereum"];
/// Before the daemon's own beginning, which is later.
const BACKFILLED_FROM: &str = "2026-04-01T00:00:00Z";
/// What is published for certain by the end.
const COMPARED_TO: &str = "2026-05-20T00:00:00Z";

/// A value by series, in words, and start of its bucket in ms.
type Points = BTreeMap<(String, i64), u64>;

#[tokio::test]
async fn two_days_have_no_gap_and_no_double() {
    let options = Options {
        now: Some(at(START)),
        rpm: Some(600),
        ..Options::default()
    };
    let stage = Stage::with_vendor(PROGRAM, Plan::Demo, options).await;
    stage.configure(&COINS.map(|coin| format!("{coin},,usd,,2026-05-10,2026-05-10,false,true,")));
    let socket = stage.folder.path().join("clock");
    let server = Server::bind(&socket, ms(START)).unwrap();
    let _follows = stage.vendor.follow(&socket).await.unwrap();

    server.hold_at(Some(ms(MIDNIGHT))).await;
    let daemon = Running::start(on_clock(stage.command(&[]), &socket));
    until(&server, MIDNIGHT).await;
    let args = ["--source", "coingecko", "--from", BACKFILLED_FROM, "--yes"];
    let backfill = Running::start(on_clock(stage.command_of("backfill", &args), &socket));
    // It works, so time waits for it.
    backfill.until_said("in all ").await;
    server.hold_at(Some(ms(END))).await;
    backfill.end().await.must(0, &["complete: "]);
    until(&server, END).await;
    daemon.stop().await.must(0, &["ended"]);

    ticks_came_when_due(&stage);
    assert_eq!(
        stage.vendor.counts().per_status.keys().collect::<Vec<_>>(),
        [&200]
    );
    let pulls = "SELECT bool_and(status = 'complete' OR status = 'interrupted'
                        AND started_at >= '2026-05-20 13:03Z') FROM pulls";
    assert_eq!(stage.ask(pulls).await, "true");
    let both = "SELECT count(DISTINCT instance) FROM pulls WHERE requests > 0";
    assert_eq!(stage.ask(both).await, "2");

    let (stored, live) = stored(&stage).await;
    let truth = truth(&stage);
    assert!(truth.len() > 2 * 3 * (48 + 48 * 23), "{}", truth.len());
    let lacking: Vec<_> = truth
        .keys()
        .filter(|key| !stored.contains_key(*key))
        .collect();
    assert!(lacking.is_empty(), "{lacking:?}");
    for (key, value) in &stored {
        // Where the chart has a hole, the live value stays.
        let right = truth.get(key) == Some(value) || !truth.contains_key(key) && live.contains(key);
        assert!(right, "{key:?}");
    }
}

pub(crate) fn on_clock(mut command: Command, socket: &Path) -> Command {
    command.env("CROSSFEED_CLOCK", socket);
    command
}

pub(crate) async fn until(server: &Server, instant: &str) {
    let reached = async {
        while server.now_ms() < ms(instant) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let in_time = tokio::time::timeout(TOO_LONG, reached).await;
    assert!(in_time.is_ok(), "it is only {}", server.now_ms());
}

/// At once, then at each hour's third minute, to the second; and the backfill's live pass.
fn ticks_came_when_due(stage: &Stage) {
    let requests = stage.vendor.requests();
    let markets = requests.iter().filter(|one| one.path == "/coins/markets");
    let mut came: Vec<i64> = markets.map(|one| at(&one.at).unix_timestamp()).collect();
    let first = at("2026-05-18T13:03:00Z").unix_timestamp();
    let end = at(END).unix_timestamp();
    let due = (first..end).step_by(3_600);
    for due in std::iter::once(at(START).unix_timestamp()).chain(due) {
        let found = came.iter().position(|came| *came == due);
        came.remove(found.unwrap_or_else(|| panic!("no tick at {due}: {came:?}")));
    }
    // The last may have begun when it was told to end.
    came.retain(|came| *came != end);
    assert_eq!(came.len(), 1, "{came:?}");
    assert!(came[0] >= at(MIDNIGHT).unix_timestamp(), "{came:?}");
}

/// Returns what is stored of the compared days, and which of it ticks and live passes wrote.
async fn stored(stage: &Stage) -> (Points, BTreeSet<(String, i64)>) {
    let sql = format!(
        "SELECT concat_ws(' ', s.asset, s.quote, s.metric, s.step),
                (extract(epoch FROM m.ts) * 1000)::int8, m.value, p.kind = 'live'
         FROM metrics m JOIN series s USING (series_id)
         JOIN writes w USING (write_id) JOIN pulls p USING (pull_id)
         WHERE m.ts >= '{BACKFILLED_FROM}' AND m.ts < '{COMPARED_TO}'
           AND s.metric IN ('PRICE', 'MARKET_CAP', 'VOLUME_24H')"
    );
    let (mut points, mut live) = (Points::new(), BTreeSet::new());
    for row in stage.client().await.query(&sql, &[]).await.unwrap() {
        let key: (String, i64) = (row.get(0), row.get(1));
        if row.get(3) {
            live.insert(key.clone());
        }
        let double = points.insert(key, row.get::<_, f64>(2).to_bits());
        assert_eq!(double, None);
    }
    (points, live)
}

/// Returns what the vendor's charts hold of the same days.
fn truth(stage: &Stage) -> Points {
    let mut points = Points::new();
    let to = [COMPARED_TO; 2];
    for chart in charts(&stage.vendor.truth(), &COINS, BACKFILLED_FROM, to) {
        let series = format!("{} usd {}", chart.coin, chart.metric_and_step);
        let held = chart.points.into_iter();
        points.extend(held.map(|(ts, value)| ((series.clone(), ts), value.to_bits())));
    }
    points
}

/// What a chart of CoinGecko's holds.
pub(crate) struct Chart {
    pub(crate) coin: &'static str,
    /// `PRICE 1h`.
    pub(crate) metric_and_step: String,
    /// Start of the bucket in ms, and value.
    pub(crate) points: Vec<(i64, f64)>,
}

/// Returns the charts of these coins since `from`, the hours to the one end and the days to the other.
pub(crate) fn charts(
    truth: &Truth,
    coins: &[&'static str],
    from: &str,
    [hours_to, days_to]: [&str; 2],
) -> Vec<Chart> {
    let metrics = [
        ("PRICE", Metric::Price),
        ("MARKET_CAP", Metric::MarketCap),
        ("VOLUME_24H", Metric::Volume24h),
    ];
    let steps = [
        ("1h", Step::Hour, 3_600_000, hours_to),
        ("1d", Step::Day, 86_400_000, days_to),
    ];
    let mut charts = Vec::new();
    for coin in coins {
        for (name, metric) in metrics {
            for (step_name, step, step_ms, to) in steps {
                // A label is the end of its bucket.
                let (from, to) = (ms(from) + step_ms, ms(to) + step_ms);
                let held = truth.coingecko_series(coin, "usd", metric, step, from, to);
                assert!(!held.is_empty(), "{coin} {name} {step_name}");
                let points = held.into_iter().map(|(label, v)| (label - step_ms, v));
                charts.push(Chart {
                    coin,
                    metric_and_step: format!("{name} {step_name}"),
                    points: points.collect(),
                });
            }
        }
    }
    charts
}

pub(crate) fn at(instant: &str) -> OffsetDateTime {
    OffsetDateTime::parse(instant, &Rfc3339).unwrap()
}

pub(crate) fn ms(instant: &str) -> i64 {
    at(instant).unix_timestamp() * 1_000
}
