//! Whatever comes, a typed error or an answer: never a panic.

use bytes::Bytes;
use http::StatusCode;
use proptest::prelude::*;
use source::{RequestSpec, Source as _};
use source_coingecko::Plan;

use crate::{body, read, reply, vendor};

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
    let vendor = vendor(Plan::Demo);
    SAMPLES
        .iter()
        .map(|(path, body)| (vendor.recognise(None, path, &[]).unwrap(), *body))
        .collect()
}

fn take(request: &RequestSpec, status: u16, body: Vec<u8>) {
    let mut answer = reply(&[], "2026-05-18T13:05:00Z");
    answer.status = StatusCode::from_u16(status).unwrap();
    answer.body = Bytes::from(body);
    // Whether it is an error or an answer is for other tests to say.
    if let Ok((record, _)) = read(&vendor(Plan::Demo), request, &answer) {
        assert!(record.points.iter().all(|point| point.value.is_finite()));
    }
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
        let (request, sample) = requests().swap_remove(which);
        let mut body = sample.to_vec();
        for (at, byte) in edits {
            let at = at.index(body.len());
            body[at] = byte;
        }
        take(&request, 200, body);
    }

    #[test]
    fn numbers_swapped_for_odd_ones(
        which in 0..SAMPLES.len(),
        at in any::<prop::sample::Index>(),
        odd in prop::sample::select(vec![
            "0", "-1", "null", "1e308", "1e999", "-9223372036854775808", "9223372036854775807",
            "99999999999999999999", "\"1\"", "[]", "{}", "true", "0.1e-400",
        ]),
    ) {
        let (request, sample) = requests().swap_remove(which);
        let text = String::from_utf8(sample.to_vec()).unwrap();
        let numbers: Vec<(usize, &str)> = text
            .match_indices(|c: char| c.is_ascii_digit())
            .filter(|(at, _)| !text.as_bytes()[at - 1].is_ascii_alphanumeric())
            .collect();
        let (begin, _) = *at.get(&numbers);
        let rest: String = text.chars().skip(begin).collect();
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap();
        let body = [&text.as_bytes()[..begin], odd.as_bytes(), &text.as_bytes()[begin + end..]];
        take(&request, 200, body.concat());
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
        let mut whole = b"coin_id,symbol,vs_currency,metrics,since,hourly_since,ohlc,enabled,note\n".to_vec();
        whole.extend(csv);
        if let Ok(series) = vendor(Plan::Demo).read_config("x.csv", &whole) {
            assert!(series.iter().all(|spec| !spec.series.key.asset.is_none()));
        }
    }
}
