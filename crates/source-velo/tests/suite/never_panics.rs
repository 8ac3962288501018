//! Whatever comes, a typed error or an answer: never a panic.

use model::{Spans, TimeRange};
use proptest::prelude::*;
use source::{
    Outcome, Record, RecordedPoint, RequestSpec, Source as _,
    conformance::mangle::{recognised, survives, survives_rows, with_bytes, with_part},
};
use source_velo::{COLUMNS, Plan, ROWS};

use crate::{ask, body, plan, range, vendor, want};

const ROWS_PATH: &str = "/api/v1/rows?type=futures&exchanges=bybit&products=888USDT,BTCUSDT&columns=close_price,funding_rate&begin=1779055200000&end=1779069600000&resolution=60";
const TWO_PATH: &str = "/api/v1/rows?type=futures&exchanges=binance-futures&products=BTCUSDT,ETHUSDT&columns=close_price&begin=1767225600000&end=1767229200000&resolution=60";

const SAMPLES: [(&str, &[u8]); 6] = [
    ("/api/v1/futures?delisted=0", body!("catalogue/ugly.csv")),
    (
        "/api/v1/futures?delisted=1",
        body!("catalogue/futures_delisted.csv"),
    ),
    ("/api/v1/spot?delisted=0", body!("catalogue/spot.csv")),
    (ROWS_PATH, body!("rows/ugly.csv")),
    (TWO_PATH, body!("rows/two_products.csv")),
    ("/api/v1/caps?coins=888,BTC,ETH", body!("caps/ugly.csv")),
];
const BASIS: &[u8] = b"exchange,coin,product,time,3m_basis_ann\n,BTC,,1779058800000,0.04\n,ETH,,1779058800000,0.05\n";
/// Those from outside, and two that the planner made: it says whose rows are due.
const REQUESTS: usize = SAMPLES.len() + 2;

fn requests() -> Vec<(RequestSpec, &'static [u8])> {
    let vendor = vendor(Plan::Annual);
    let hours = range("2026-05-17T22:00:00Z", "2026-05-18T02:00:00Z");
    let planned = |of: [&str; 2], metrics: &[&str]| {
        let wants = of.map(|of| want(of, metrics, hours)).to_vec();
        plan(&vendor, &ask(ROWS, "2026-05-18T12:10:00Z", wants)).swap_remove(0)
    };
    let products = ["888 888USDT bybit", "BTC BTCUSDT bybit"];
    let mut requests = recognised(&vendor, &SAMPLES);
    let bars = planned(products, &["CLOSE_PRICE", "FUNDING_RATE"]);
    requests.push((bars, body!("rows/ugly.csv")));
    requests.push((planned(["BTC", "ETH"], &["BASIS_3M_ANN"]), BASIS));
    requests
}

fn take(request: &RequestSpec, status: u16, body: Vec<u8>) {
    let vendor = vendor(Plan::Annual);
    if let Some(record) = survives(&vendor, request, status, body, "2026-05-18T12:10:00Z") {
        is_of_one_mind(request, &record);
    }
}

/// What has a value is answered, nothing is answered and empty, and nothing outside of the block.
fn is_of_one_mind(request: &RequestSpec, record: &Record) {
    let labels = request.block.labels;
    for (key, metric, _) in &record.outcomes {
        let own = record
            .outcomes
            .iter()
            .filter(|one| (&one.0, &one.1) == (key, metric));
        let (mut answered, mut empty) = (Spans::new(), Spans::new());
        for (_, _, outcome) in own {
            match outcome {
                Outcome::Answered(range) => answered.insert(*range),
                Outcome::Empty(range) => empty.insert(*range),
                _ => {}
            }
        }
        assert_eq!(empty.minus(&answered), empty);
        let hulls = [answered.hull(), empty.hull()].into_iter().flatten();
        assert!(labels.is_empty() || hulls.into_iter().all(|hull| labels.covers(hull)));
        let mut points = record
            .points
            .iter()
            .filter(|one| (&one.key, &one.metric) == (key, metric));
        assert!(points.all(|one| answered.clip(labels_of(one)).hull() == Some(labels_of(one))));
    }
}

fn labels_of(point: &RecordedPoint) -> TimeRange {
    TimeRange::new(point.label, point.step.next(point.label))
}

/// Spoils a sample.
fn spoilt(which: usize, edits: &[(usize, u8)]) {
    let (request, sample) = requests().swap_remove(which);
    take(&request, 200, with_bytes(sample, edits));
}

/// Puts something odd into a cell.
fn odd_cell(which: usize, at: usize, odd: &str) {
    let (request, sample) = requests().swap_remove(which);
    take(&request, 200, with_part(sample, &[',', '\n'], at, odd));
}

fn odd_cells() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "null",
        "NULL",
        "NaN",
        "Infinity",
        "-0",
        "1e308",
        "1e999",
        "-9223372036854775808",
        "99999999999999999999",
        "\"1,2\"",
        "\"",
        "1779062400000.0",
        "9007199254740993",
        "\u{fffd}",
        "253402300800000",
        "-1",
        "a b",
        "\r",
        "true",
    ])
}

proptest! {
    #[test]
    fn bytes(status in 200_u16..600, body in prop::collection::vec(any::<u8>(), 0..300)) {
        for (request, _) in requests() {
            take(&request, status, body.clone());
        }
    }

    #[test]
    fn spoilt_samples(
        which in 0..REQUESTS,
        edits in prop::collection::vec((any::<usize>(), any::<u8>()), 1..6),
    ) {
        spoilt(which, &edits);
    }

    #[test]
    fn cells_swapped_for_odd_ones(
        which in 0..REQUESTS, at in any::<usize>(), odd in odd_cells(),
    ) {
        odd_cell(which, at, odd);
    }

    #[test]
    fn paths(path in "(/api/v1)?/(rows|caps|futures|spot)(\\?[a-z_=&0-9%.,-]{0,80})?") {
        if let Ok(request) = vendor(Plan::Annual).recognise(None, &path, &[]) {
            take(&request, 200, body!("rows/ugly.csv").to_vec());
        }
    }

    #[test]
    fn windows(begin in any::<i64>(), end in any::<i64>()) {
        let path = format!("/api/v1/rows?type=spot&columns=close_price&resolution=60&begin={begin}&end={end}");
        if let Ok(request) = vendor(Plan::Annual).recognise(None, &path, &[]) {
            take(&request, 200, body!("rows/spot.csv").to_vec());
        }
    }

    #[test]
    fn tables(csv in prop::collection::vec(any::<u8>(), 0..200)) {
        survives_rows(&vendor(Plan::Annual), &COLUMNS, &csv);
    }

    /// `PROPTEST_CASES=300000 cargo test --release -p source-velo --test suite never_panics --
    /// --include-ignored` takes 4.5 million inputs in all.
    #[test]
    #[ignore = "minutes long"]
    fn for_long(
        which in 0..REQUESTS,
        edits in prop::collection::vec((any::<usize>(), any::<u8>()), 1..12),
        at in any::<usize>(),
        odd in odd_cells(),
    ) {
        spoilt(which, &edits);
        odd_cell(which, at, odd);
    }
}
