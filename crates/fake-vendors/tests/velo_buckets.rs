//! That wide buckets of the simulated Velo are what their minutes make of them, to the last digit, over real HTTP.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fake_vendors::{FakeVendor, VeloPlan};
use support::{DAY_MS, HOUR_MS, NOW_S, THIS_HOUR_MS, ask, velo, velo_with};

const NOW_MS: i64 = NOW_S * 1_000;
const MINUTE_MS: i64 = 60_000;
/// What stands in a cell, in units of 10^-14.
type Exact = Option<i128>;

const FUTURES: &str = "open_price,high_price,low_price,close_price,coin_volume,dollar_volume,buy_trades,sell_trades,total_trades,buy_coin_volume,sell_coin_volume,buy_dollar_volume,sell_dollar_volume,coin_open_interest_high,coin_open_interest_low,coin_open_interest_close,dollar_open_interest_high,dollar_open_interest_low,dollar_open_interest_close,funding_rate,funding_rate_avg,premium,buy_liquidations,sell_liquidations,buy_liquidations_coin_volume,sell_liquidations_coin_volume,liquidations_coin_volume,buy_liquidations_dollar_volume,sell_liquidations_dollar_volume,liquidations_dollar_volume";
const OPTIONS: &str = "iv_1w,iv_1m,iv_3m,iv_6m,skew_1w,skew_1m,skew_3m,skew_6m,vega_coins,vega_dollars,call_delta_coins,call_delta_dollars,put_delta_coins,put_delta_dollars,gamma_coins,gamma_dollars,call_volume,call_premium,call_notional,put_volume,put_premium,put_notional,dollar_volume,dvol_open,dvol_high,dvol_low,dvol_close,index_price";

fn exact(cell: &str) -> Exact {
    if matches!(cell, "" | "null") {
        return None;
    }
    let (number, exponent) = cell.split_once('e').unwrap_or((cell, "0"));
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{part}").parse().unwrap();
    let shift = 14 - i32::try_from(part.len()).unwrap() + exponent.parse::<i32>().unwrap();
    Some(digits * 10i128.pow(u32::try_from(shift).unwrap()))
}

/// Returns per time the cells of one product.
async fn read(
    vendor: &FakeVendor,
    product: &str,
    columns: &str,
    (begin, end): (i64, i64),
    resolution: &str,
) -> BTreeMap<i64, Vec<Exact>> {
    let path = format!(
        "/rows?{product}&columns={columns}&begin={begin}&end={end}&resolution={resolution}"
    );
    let lines = ask(vendor, &path).await.cells();
    let rows = lines.iter().skip(1).map(|line| {
        let cells = line[4..].iter().map(|cell| exact(cell)).collect();
        (line[3].parse().unwrap(), cells)
    });
    rows.collect()
}

/// Puts rows together by the contract's rule, without help from the simulator.
fn together(name: &str, cells: &[Exact]) -> Exact {
    let known = || cells.iter().flatten().copied();
    match name {
        "open_price" | "dvol_open" => known().next(),
        _ if name.ends_with("_high") || name == "high_price" => known().max(),
        _ if name.ends_with("_low") || name == "low_price" => known().min(),
        _ if name.contains("volume")
            || name.contains("_trades")
            || name.contains("liquidations")
            || name.contains("call_p")
            || name.contains("put_p")
            || name.contains("_notional") =>
        {
            known().next().map(|_| known().sum())
        }
        "funding_rate_avg" => {
            let count = i128::try_from(known().count()).unwrap();
            known().next().map(|_| known().sum::<i128>() / count)
        }
        _ => known().last(),
    }
}

fn compare(
    columns: &str,
    wide: &BTreeMap<i64, Vec<Exact>>,
    fine: &BTreeMap<i64, Vec<Exact>>,
    step_ms: i64,
) {
    let mut seen = 0;
    for (time, cells) in wide {
        let parts: Vec<_> = fine
            .range(time..&(time + step_ms))
            .map(|(_, cells)| cells)
            .collect();
        for (place, name) in columns.split(',').enumerate() {
            let parts: Vec<Exact> = parts.iter().map(|cells| cells[place]).collect();
            let (here, there) = (cells[place], together(name, &parts));
            // The mean of rounded means may miss the rounded mean by a digit.
            let digit = if name == "funding_rate_avg" {
                1_000_000
            } else {
                0
            };
            let off = here
                .zip(there)
                .map_or(0, |(here, there)| (here - there).abs());
            assert!(off <= digit, "{name} {time}: {here:?} {there:?}");
            assert_eq!(here.is_some(), there.is_some(), "{name} {time}");
            seen += usize::from(here.is_some());
        }
    }
    let all = wide.len() * columns.split(',').count();
    assert!(seen * 10 > all * 7 && seen > 0, "{seen} of {all} known");
    let times = fine.keys().map(|time| time - time.rem_euclid(step_ms));
    let kept: std::collections::BTreeSet<i64> = times.collect();
    assert!(
        kept.iter().all(|time| wide.contains_key(time)),
        "no part is lost"
    );
}

#[tokio::test]
async fn an_hour_is_the_sum_of_its_minutes_in_all_columns() {
    // A busy product, a thin one with minutes without trades, a coin with the multiple in front, a second market.
    let vendor = velo_with(VeloPlan::annual(), &["hyperliquid:1000LUNC:"]).await;
    let hour = THIS_HOUR_MS;
    for (product, columns, hours) in [
        (
            "type=futures&exchanges=binance-futures&products=BTCUSDT",
            FUTURES,
            12,
        ),
        (
            "type=futures&exchanges=hyperliquid&products=kLUNC-USD",
            FUTURES,
            24,
        ),
        (
            "type=futures&exchanges=binance-futures&products=1000PEPEUSDT",
            FUTURES,
            12,
        ),
        (
            "type=spot&exchanges=binance&products=BTCUSDT",
            FUTURES.split_once(",coin_open").unwrap().0,
            12,
        ),
        ("type=options&exchanges=deribit&products=BTC", OPTIONS, 12),
    ] {
        let range = (hour - hours * HOUR_MS, hour);
        let mut minutes = BTreeMap::new();
        for start in (range.0..range.1).step_by(usize::try_from(6 * HOUR_MS).unwrap()) {
            minutes.append(
                &mut read(&vendor, product, columns, (start, start + 6 * HOUR_MS), "1").await,
            );
        }
        if columns == FUTURES {
            let even = |cells: &Vec<Exact>| cells[19] == cells[20];
            assert!(minutes.values().all(even), "a minute has one rate");
        }
        let wide = read(&vendor, product, columns, range, "60").await;
        assert!(wide.len() > 10, "{product}");
        compare(columns, &wide, &minutes, HOUR_MS);
        let thirty = read(&vendor, product, columns, range, "30").await;
        compare(columns, &thirty, &minutes, 30 * MINUTE_MS);
    }
    vendor.stop().await;
}

#[tokio::test]
async fn days_are_the_sum_of_their_hours_through_gaps_and_quiet() {
    let vendor = velo(VeloPlan::annual()).await;
    let day = NOW_MS - NOW_MS % DAY_MS;
    let product = "type=futures&exchanges=bybit&products=ETHUSDT";
    let mut hours = BTreeMap::new();
    for chunk in (0..180).step_by(30) {
        let begin = day - (180 - chunk) * DAY_MS;
        hours.append(
            &mut read(
                &vendor,
                product,
                FUTURES,
                (begin, begin + 30 * DAY_MS),
                "60",
            )
            .await,
        );
    }
    assert!(hours.len() < 180 * 24, "some hours are missing");
    let quiet = hours.values().filter(|cells| cells[0].is_none());
    assert!(quiet.clone().count() > 0, "and some are quiet");
    assert!(
        quiet
            .clone()
            .all(|cells| cells[3].is_none() && cells[5] == Some(0))
    );
    let gaps = |place: usize| {
        hours
            .values()
            .filter(|cells| cells[place].is_none())
            .count()
    };
    assert!(
        gaps(15) > 0 && gaps(19) > 0,
        "open interest and funding have gaps of their own"
    );
    let days = read(&vendor, product, FUTURES, (day - 180 * DAY_MS, day), "1440").await;
    assert_eq!(days.len(), 180);
    compare(FUTURES, &days, &hours, DAY_MS);
    vendor.stop().await;
}

#[tokio::test]
async fn weeks_begin_on_monday_and_months_on_the_first() {
    let vendor = velo(VeloPlan::annual()).await;
    let product = "type=spot&exchanges=coinbase&products=BTC-USD";
    let columns = "open_price,close_price,dollar_volume";
    // 2026-03-30 is a Monday.
    let monday = 1_774_828_800_000;
    let weeks = read(
        &vendor,
        product,
        columns,
        (monday - 1, monday + 21 * DAY_MS),
        "10080",
    )
    .await;
    let begins: Vec<i64> = weeks.keys().copied().collect();
    assert_eq!(begins, [monday, monday + 7 * DAY_MS, monday + 14 * DAY_MS]);
    let days = read(
        &vendor,
        product,
        columns,
        (monday, monday + 21 * DAY_MS),
        "1440",
    )
    .await;
    for (begin, cells) in &weeks {
        let of_week = days.range(begin..&(begin + 7 * DAY_MS));
        let volume: i128 = of_week.clone().map(|(_, day)| day[2].unwrap()).sum();
        assert_eq!(
            (cells[2], cells[1]),
            (Some(volume), of_week.last().unwrap().1[1])
        );
    }
    let (february, march) = (1_769_904_000_000, 1_772_323_200_000);
    let month = read(
        &vendor,
        product,
        columns,
        (february, march),
        "1&months=true",
    )
    .await;
    assert_eq!(month.keys().copied().collect::<Vec<_>>(), [february]);
    let days = read(&vendor, product, columns, (february, march), "1440").await;
    assert_eq!(days.len(), 28);
    let volume: i128 = days.values().map(|cells| cells[2].unwrap()).sum();
    assert_eq!(month[&february][2], Some(volume));
    vendor.stop().await;
}

#[tokio::test]
async fn the_bucket_that_holds_now_grows_and_then_stands() {
    let vendor = velo(VeloPlan::annual()).await;
    let hour = THIS_HOUR_MS;
    let product = "type=futures&exchanges=binance-futures&products=SOLUSDT";
    let columns = "open_price,high_price,low_price,close_price,dollar_volume,total_trades";
    let now = async |resolution: &str| {
        let range = (hour - HOUR_MS, hour + 2 * HOUR_MS);
        read(&vendor, product, columns, range, resolution).await
    };
    vendor.set_now(time::OffsetDateTime::from_unix_timestamp(hour / 1_000 + 3).unwrap());
    assert!(
        !now("60").await.contains_key(&hour),
        "not there yet just after the hour"
    );
    let mut last = vec![Some(0); 6];
    for seconds in [6, 7, 30, 61, 100, 900, 901, 2_000, 3_599, 3_604, 3_605] {
        vendor.set_now(time::OffsetDateTime::from_unix_timestamp(hour / 1_000 + seconds).unwrap());
        let here = now("60").await.remove(&hour).unwrap();
        assert!(here[4] > last[4] && here[5] >= last[5], "{seconds}");
        assert!(
            last[0] == Some(0) || (here[0] == last[0] && here[1] >= last[1] && here[2] <= last[2])
        );
        let minutes: Vec<_> = now("1")
            .await
            .into_iter()
            .filter(|(time, _)| *time >= hour)
            .collect();
        let volume: i128 = minutes.iter().filter_map(|(_, cells)| cells[4]).sum();
        assert_eq!(here[4], Some(volume), "{seconds}");
        last = here;
    }
    vendor.advance(Duration::from_secs(600));
    assert_eq!(now("60").await[&hour], last, "closed for good");
    vendor.stop().await;
}

#[tokio::test]
async fn the_largest_answer_is_quick() {
    let vendor = velo(VeloPlan::annual()).await;
    let ten = FUTURES.split(',').filter(|name| {
        name.ends_with("_price")
            || name.ends_with("interest_close")
            || matches!(
                *name,
                "dollar_volume" | "funding_rate" | "premium" | "liquidations_dollar_volume"
            )
    });
    let ten: Vec<&str> = ten.collect();
    assert_eq!(ten.len(), 10);
    let hour = THIS_HOUR_MS;
    let product = "type=futures&exchanges=binance-futures&products=BTCUSDT";
    let begun = Instant::now();
    let rows = read(
        &vendor,
        product,
        &ten.join(","),
        (hour - 2_250 * HOUR_MS, hour),
        "60",
    )
    .await;
    let took = begun.elapsed();
    assert!(rows.len() > 2_200);
    assert!(took < Duration::from_secs(3), "{took:?}");
    vendor.stop().await;
}
