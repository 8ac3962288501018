//! Values in the rows of the simulated Velo, over real HTTP: that they hang together, what is missing, truth, revisions.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use fake_vendors::{Faults, Metric, Revision, VeloPlan};
use support::{DAY_MS, HOUR_MS, NOW_S, THIS_HOUR_MS, control, hours, revised, velo, velo_with};

const NOW_MS: i64 = NOW_S * 1_000;

#[tokio::test]
async fn buys_and_sells_make_the_total_and_candles_hold() {
    let vendor = velo(VeloPlan::annual()).await;
    let columns = "open_price,high_price,low_price,close_price,coin_volume,buy_coin_volume,sell_coin_volume,dollar_volume,total_trades,buy_trades,sell_trades,coin_open_interest_high,coin_open_interest_low,coin_open_interest_close,dollar_open_interest_close,funding_rate";
    let query = format!(
        "type=futures&exchanges=binance-futures&products=BTCUSDT,1000PEPEUSDT&columns={columns}"
    );
    let reply = hours(&vendor, &query, THIS_HOUR_MS - 20 * DAY_MS, THIS_HOUR_MS).await;
    let (mut last_close, mut checked) = (None, 0);
    for line in reply
        .cells()
        .into_iter()
        .skip(1)
        .filter(|line| line[2] == "BTCUSDT")
    {
        let cells: Vec<Option<f64>> = line[4..].iter().map(|cell| cell.parse().ok()).collect();
        let Some(cells) = cells.into_iter().collect::<Option<Vec<f64>>>() else {
            last_close = None;
            continue;
        };
        let [open, high, low, close] = cells[..4] else {
            unreachable!()
        };
        assert!(low <= open.min(close) && high >= open.max(close) && high > low);
        assert!((cells[4] - cells[5] - cells[6]).abs() < 1e-6);
        assert!(
            (low..=high).contains(&(cells[7] / cells[4])),
            "dollars over coins is a price"
        );
        assert_eq!(cells[8].to_bits(), (cells[9] + cells[10]).to_bits());
        assert!(cells[12] <= cells[13] && cells[13] <= cells[11]);
        assert!((cells[14] / cells[13] / close - 1.0).abs() < 1e-6);
        assert!(
            (-3e-4..6e-4).contains(&cells[15]),
            "per 8 hours, a fraction"
        );
        let time: i64 = line[3].parse().unwrap();
        if let Some((before, price)) = last_close
            && before + HOUR_MS == time
        {
            let opens = open.to_bits();
            assert_eq!(opens, price, "an hour opens where the last one closed");
            checked += 1;
        }
        last_close = Some((time, close.to_bits()));
    }
    assert!(checked > 300, "{checked}");
    vendor.stop().await;
}

#[tokio::test]
async fn missing_values_are_null_and_empty_and_small_ones_have_exponents() {
    let vendor = velo_with(VeloPlan::annual(), &["bybit:SHIB:"]).await;
    let query = "type=futures&exchanges=bybit&products=ETHUSDT&columns=open_price,close_price,coin_open_interest_close,funding_rate,total_trades";
    let lines = hours(&vendor, query, THIS_HOUR_MS - 180 * DAY_MS, THIS_HOUR_MS)
        .await
        .cells();
    let cells = || lines[1..].iter().flat_map(|line| &line[4..]);
    for spelling in ["", "null", "0"] {
        assert!(cells().any(|cell| cell == spelling), "`{spelling}`");
    }
    let mixed = |line: &&Vec<String>| line[4..].iter().any(|cell| cell.parse::<f64>().is_ok());
    let some = lines[1..]
        .iter()
        .filter(|line| line[7].parse::<f64>().is_err());
    assert!(
        some.filter(mixed).count() > 0,
        "one cell is missing, the others are there"
    );
    let missing = 180 * 24 - (lines.len() - 1);
    assert!((1..30).contains(&missing), "{missing} buckets are missing");
    let small = "type=futures&exchanges=bybit&products=ETHUSDT,BTCUSDT,SOLUSDT,XRPUSDT,ADAUSDT&columns=funding_rate";
    let mut exponents = 0;
    for month in 0..12 {
        let begin = THIS_HOUR_MS - (month + 1) * 30 * DAY_MS;
        let text = hours(&vendor, small, begin, begin + 30 * DAY_MS)
            .await
            .text();
        exponents +=
            text.matches("e-").count() - text.lines().next().unwrap().matches("e-").count();
    }
    assert!(exponents > 0);
    vendor.stop().await;
}

#[tokio::test]
async fn multiples_cost_the_multiple_and_venues_differ_a_little() {
    let vendor = velo_with(
        VeloPlan::annual(),
        &["bybit:PEPE:", "hyperliquid:1000PEPE:"],
    )
    .await;
    let query = "type=futures&exchanges=binance-futures,bybit,hyperliquid&coins=PEPE,1000PEPE&columns=close_price";
    let lines = hours(&vendor, query, THIS_HOUR_MS - DAY_MS, THIS_HOUR_MS)
        .await
        .cells();
    let of = |product: &str| {
        let found = lines.iter().find(|line| line[2] == product).unwrap();
        (found[1].clone(), found[4].parse::<f64>().unwrap())
    };
    let (thousand, one, kilo) = (of("1000PEPEUSDT"), of("PEPEUSDT"), of("kPEPE-USD"));
    assert_eq!(
        (thousand.0.as_str(), one.0.as_str(), kilo.0.as_str()),
        ("1000PEPE", "PEPE", "1000PEPE")
    );
    assert!((thousand.1 / one.1 / 1_000.0 - 1.0).abs() < 1e-3);
    assert!((thousand.1 / kilo.1 - 1.0).abs() < 1e-3 && thousand.1.to_bits() != kilo.1.to_bits());
    let time: i64 = lines[1][3].parse().unwrap();
    let world = vendor
        .truth()
        .value("pepe", Metric::Price, time + HOUR_MS)
        .unwrap();
    assert!(
        (one.1 / world - 1.0).abs() < 1e-3,
        "all vendors show one world"
    );
    vendor.stop().await;
}

#[tokio::test]
async fn truth_is_what_the_rows_say_and_a_restart_changes_nothing() {
    let columns = [
        "close_price",
        "dollar_volume",
        "funding_rate",
        "premium",
        "dollar_open_interest_close",
    ];
    let query = format!(
        "type=futures&exchanges=bybit&products=ETHUSDT&columns={}",
        columns.join(",")
    );
    let (begin, end) = (THIS_HOUR_MS - 60 * DAY_MS, THIS_HOUR_MS + HOUR_MS);
    let vendor = velo(VeloPlan::annual()).await;
    let lines = hours(&vendor, &query, begin, end).await.cells();
    for (place, column) in columns.iter().enumerate() {
        let values = lines[1..].iter().filter_map(|line| {
            let time: i64 = line[3].parse().unwrap();
            Some((time, line[4 + place].parse::<f64>().ok()?))
        });
        let closed: Vec<_> = values
            .filter(|(time, _)| time + HOUR_MS + 120_000 <= NOW_MS)
            .collect();
        let held = vendor
            .truth()
            .velo_series("futures", "bybit", "ETHUSDT", column, 60, begin, end);
        assert!(held.len() > 1_400);
        assert_eq!(held, closed, "{column}");
    }
    let path = "/truth?type=futures&exchange=bybit&product=ETHUSDT&column=close_price&from=2026-05-01&to=2026-05-03";
    let shown = control(&vendor, "GET", path, "").await;
    assert!(shown.json().as_array().unwrap().len() > 40);
    for wrong in ["&metric=x", "&resolution=hour"] {
        let reply = control(&vendor, "GET", &format!("{path}{wrong}"), "").await;
        assert_eq!(reply.status, 400, "{wrong}");
    }
    let text = hours(&vendor, &query, begin, begin + 40 * DAY_MS)
        .await
        .text();
    vendor.stop().await;
    let again = velo(VeloPlan::annual()).await;
    assert_eq!(
        hours(&again, &query, begin, begin + 40 * DAY_MS)
            .await
            .text(),
        text
    );
    again.stop().await;
}

#[tokio::test]
async fn a_revision_changes_its_hours_and_no_others() {
    let vendor = velo(VeloPlan::annual()).await;
    let query = "type=spot&exchanges=coinbase&products=BTC-USD&columns=open_price,close_price,dollar_volume";
    let (begin, end) = (THIS_HOUR_MS - DAY_MS, THIS_HOUR_MS);
    let before = hours(&vendor, query, begin, end).await.cells();
    let change = |metric| {
        revised(Revision {
            entity: Some("BTC".into()),
            metric,
            from_ms: THIS_HOUR_MS - 9 * HOUR_MS,
            to_ms: THIS_HOUR_MS - 6 * HOUR_MS,
            factor: 1.01,
        })
    };
    for (metric, changed) in [
        (Some(Metric::Price), [true, true, false]),
        (Some(Metric::Volume24h), [false, false, true]),
        (None, [true; 3]),
    ] {
        vendor.set_faults(change(metric));
        let after = hours(&vendor, query, begin, end).await.cells();
        assert_eq!(before.len(), after.len());
        for (one, other) in before.iter().zip(&after).skip(1) {
            let time: i64 = one[3].parse().unwrap();
            let inside = (THIS_HOUR_MS - 9 * HOUR_MS..THIS_HOUR_MS - 6 * HOUR_MS).contains(&time);
            for (place, changed) in changed.into_iter().enumerate() {
                let moved = one[4 + place] != other[4 + place];
                // Dollars follow from coins and price, and coins from dollars: a dearer hour trades fewer coins.
                let may = metric == Some(Metric::Price) && place == 2;
                assert!(
                    may || moved == (inside && changed),
                    "{metric:?} {place} {time}"
                );
            }
        }
    }
    vendor.set_faults(Faults::default());
    assert_eq!(hours(&vendor, query, begin, end).await.cells(), before);
    vendor.stop().await;
}
