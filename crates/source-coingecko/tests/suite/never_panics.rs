//! Whatever comes, a typed error or an answer: never a panic.

use proptest::prelude::*;
use source::{
    RequestSpec, Source as _,
    conformance::mangle::{
        ODD_NUMBERS, recognised, survives, survives_rows, with_bytes, with_number,
    },
};
use source_coingecko::{COLUMNS, Plan};

use crate::{body, vendor};

const SAMPLES: [(&str, &[u8]); 11] = [
    ("/coins/list", body!("coins_list/eight_coins.json")),
    (
        "/coins/markets?vs_currency=usd&ids=bitcoin,late",
        body!("markets/ugly.json"),
    ),
    (
        "/coins/x/market_chart/range?vs_currency=usd&from=1778889600&to=1779062340",
        body!("chart_hourly/ugly.json"),
    ),
    (
        "/coins/x/market_chart?vs_currency=usd&days=14&interval=daily",
        body!("chart_daily/fourteen_days_and_live.json"),
    ),
    (
        "/coins/x/market_chart?vs_currency=usd&days=max",
        body!("chart_hourly/five_minutes.json"),
    ),
    (
        "/coins/x/ohlc/range?vs_currency=usd&from=1778284800&to=1779064500&interval=daily",
        body!("ohlc_daily/ugly.json"),
    ),
    (
        "/coins/x/ohlc?vs_currency=usd&days=7&interval=hourly",
        body!("ohlc_hourly/two_days.json"),
    ),
    ("/global", body!("global/ugly.json")),
    (
        "/global/market_cap_chart?days=7",
        body!("global_daily/seven_days_and_live.json"),
    ),
    (
        "/coins/x/total_supply_chart/range?from=2026-05-09&to=2026-05-16",
        body!("supply_daily/ugly.json"),
    ),
    ("/key", body!("key/account.json")),
];

fn requests() -> Vec<(RequestSpec, &'static [u8])> {
    recognised(&vendor(Plan::Demo), &SAMPLES)
}

fn take(request: &RequestSpec, status: u16, body: Vec<u8>) {
    survives(
        &vendor(Plan::Demo),
        request,
        status,
        body,
        "2026-05-18T13:05:00Z",
    );
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
        edits in prop::collection::vec((any::<usize>(), any::<u8>()), 1..6),
    ) {
        let (request, sample) = requests().swap_remove(which);
        take(&request, 200, with_bytes(sample, &edits));
    }

    #[test]
    fn numbers_swapped_for_odd_ones(
        which in 0..SAMPLES.len(),
        at in any::<usize>(),
        odd in prop::sample::select(&ODD_NUMBERS[..]),
    ) {
        let (request, sample) = requests().swap_remove(which);
        take(&request, 200, with_number(sample, at, odd));
    }

    #[test]
    fn paths(path in "(/api/v3)?/(coins|global|key)/[a-z%/]{0,20}(\\?[a-z_=&0-9%.-]{0,60})?") {
        let asked = vendor(Plan::Demo).recognise(None, &path, &[]);
        if let Ok(request) = asked {
            take(&request, 200, body!("chart_hourly/ugly.json").to_vec());
        }
    }

    #[test]
    fn windows(from in any::<i64>(), to in any::<i64>(), days in any::<i64>()) {
        for path in [
            format!("/coins/x/market_chart/range?vs_currency=usd&from={from}&to={to}"),
            format!("/coins/x/market_chart?vs_currency=usd&days={days}"),
            format!("/coins/x/ohlc/range?vs_currency=usd&from={from}&to={to}&interval=daily"),
            format!("/coins/x/total_supply_chart?days={days}"),
            format!("/global/market_cap_chart?days={days}"),
        ] {
            if let Ok(request) = vendor(Plan::Demo).recognise(None, &path, &[]) {
                take(&request, 200, body!("chart_hourly/two_days.json").to_vec());
            }
        }
    }

    #[test]
    fn tables(csv in prop::collection::vec(any::<u8>(), 0..200)) {
        survives_rows(&vendor(Plan::Demo), &COLUMNS, &csv);
    }
}
