//! Whatever comes, a typed error or an answer: never a panic.

use bytes::Bytes;
use http::StatusCode;
use proptest::prelude::*;
use source::{RequestSpec, Source as _};
use source_velo::{COLUMNS, Plan};

use crate::{body, read, reply, vendor};

const ROWS_PATH: &str = "/api/v1/rows?type=futures&exchanges=bybit&products=888USDT,BTCUSDT&columns=close_price,funding_rate&begin=1779055200000&end=1779069600000&resolution=60";

const SAMPLES: [(&str, &[u8]); 6] = [
    ("/api/v1/futures?delisted=0", body!("catalogue/ugly.csv")),
    (
        "/api/v1/futures?delisted=1",
        body!("catalogue/futures_delisted.csv"),
    ),
    ("/api/v1/spot?delisted=0", body!("catalogue/spot.csv")),
    (ROWS_PATH, body!("rows/ugly.csv")),
    (ROWS_PATH, body!("rows/nulls.csv")),
    ("/api/v1/caps?coins=888,BTC,ETH", body!("caps/ugly.csv")),
];

fn requests() -> Vec<(RequestSpec, &'static [u8])> {
    let vendor = vendor(Plan::Annual);
    let known =
        |(path, body): &(&str, &'static [u8])| (vendor.recognise(None, path, &[]).unwrap(), *body);
    SAMPLES.iter().map(known).collect()
}

fn take(request: &RequestSpec, status: u16, body: Vec<u8>) {
    let mut answer = reply(&[], "2026-05-18T12:10:00Z");
    answer.status = StatusCode::from_u16(status).unwrap();
    answer.body = Bytes::from(body);
    // Whether it is an error or an answer is for other tests to say.
    if let Ok((record, _)) = read(&vendor(Plan::Annual), request, &answer) {
        assert!(record.points.iter().all(|point| point.value.is_finite()));
    }
}

/// Spoils a sample.
fn spoilt(which: usize, edits: &[(prop::sample::Index, u8)]) {
    let (request, sample) = requests().swap_remove(which);
    let mut body = sample.to_vec();
    for (at, byte) in edits {
        let at = at.index(body.len());
        body[at] = *byte;
    }
    take(&request, 200, body);
}

/// Puts something odd into a cell.
fn odd_cell(which: usize, at: prop::sample::Index, odd: &str) {
    let (request, sample) = requests().swap_remove(which);
    let text = String::from_utf8(sample.to_vec()).unwrap();
    let mut cells: Vec<&str> = text.split_inclusive([',', '\n']).collect();
    let at = at.index(cells.len());
    let odd = format!("{odd}{}", cells[at].chars().last().unwrap());
    cells[at] = &odd;
    take(&request, 200, cells.concat().into_bytes());
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
        which in 0..SAMPLES.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        spoilt(which, &edits);
    }

    #[test]
    fn cells_swapped_for_odd_ones(
        which in 0..SAMPLES.len(), at in any::<prop::sample::Index>(), odd in odd_cells(),
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
        let mut whole = format!("{}\n", COLUMNS.join(",")).into_bytes();
        whole.extend(csv);
        if let Ok(series) = vendor(Plan::Annual).read_config("x.csv", &whole) {
            assert!(series.iter().all(|spec| !spec.series.key.asset.is_none()));
        }
    }

    /// Half a million inputs a test: `cargo test -p source-velo -- --ignored`.
    #[test]
    #[ignore = "minutes long"]
    fn for_long(
        which in 0..SAMPLES.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        at in any::<prop::sample::Index>(),
        odd in odd_cells(),
    ) {
        spoilt(which, &edits);
        odd_cell(which, at, odd);
    }
}
