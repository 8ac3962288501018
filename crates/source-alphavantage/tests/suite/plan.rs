//! An ask into requests.

use model::PullKind;
use source::{PlanError, Source as _};
use source_alphavantage::{
    BULK_QUOTES, CRYPTO_DAILY, CRYPTO_INTRADAY, CRYPTO_MONTHLY, EQUITIES_ADJUSTED, EQUITIES_DAILY,
    EQUITIES_INTRADAY, EQUITIES_WEEKLY_ADJUSTED, EXCHANGE_RATE, FX_DAILY, FX_INTRADAY, LISTING,
    MACRO_DAILY, MACRO_MONTHLY, MACRO_QUARTERLY, OVERVIEW, OVERVIEW_WEEKLY, Plan, QUOTE,
};

use crate::{CLOSE, PAID, ask, at, lines, plan, range, vendor, want};

const NOW: &str = "2026-08-13T06:03:00Z";

#[test]
fn the_requests_are_written_as_the_vendor_reads_them() {
    let paid = vendor(PAID);
    let (day, years) = (
        range("2026-08-12", "2026-08-13"),
        range("2023-08-13", "2026-08-13"),
    );
    let hours = range("2026-08-13T00:00:00Z", "2026-08-13T06:00:00Z");
    let months = range("2026-05-30T00:00:00Z", "2026-07-01T10:00:00Z");
    let price: &[&str] = &["PRICE"];
    let asks = [
        (LISTING, vec![]),
        (
            EQUITIES_DAILY,
            vec![
                want("equity:TSCO.LON gbx", CLOSE, day),
                want("equity:IBM", CLOSE, years),
            ],
        ),
        (
            EQUITIES_ADJUSTED,
            vec![want("equity:AAPL", &["PRICE_ADJ"], day)],
        ),
        (
            EQUITIES_WEEKLY_ADJUSTED,
            vec![want(
                "equity:AAPL",
                &["PRICE_ADJ"],
                range("2026-08-03", "2026-08-10"),
            )],
        ),
        (
            EQUITIES_INTRADAY,
            vec![
                want("equity:BTC", CLOSE, hours),
                want("equity:SPY", CLOSE, months),
            ],
        ),
        (QUOTE, vec![want("equity:IBM", price, day)]),
        (
            BULK_QUOTES,
            vec![
                want("equity:AAPL", price, hours),
                want("equity:BAC-P-M", price, hours),
            ],
        ),
        (CRYPTO_DAILY, vec![want("crypto:BTC eur", CLOSE, years)]),
        (
            CRYPTO_MONTHLY,
            vec![want("crypto:BTC", CLOSE, range("2024-01-01", "2026-08-01"))],
        ),
        (CRYPTO_INTRADAY, vec![want("crypto:ETH", CLOSE, hours)]),
        (
            FX_DAILY,
            vec![want("fx:EUR", CLOSE, day), want("fx:JPY", CLOSE, years)],
        ),
        (FX_INTRADAY, vec![want("fx:EUR", CLOSE, hours)]),
        (
            EXCHANGE_RATE,
            vec![
                want("crypto:BTC", price, hours),
                want("fx:EUR", price, hours),
            ],
        ),
        (
            MACRO_DAILY,
            vec![
                want("commodity:WTI", price, day),
                want("macro:TREASURY_YIELD:10year", &["YIELD"], day),
            ],
        ),
        (
            MACRO_MONTHLY,
            vec![want(
                "macro:NONFARM_PAYROLL",
                &["NONFARM_PAYROLL"],
                range("2026-06-01", "2026-08-01"),
            )],
        ),
        (
            MACRO_QUARTERLY,
            vec![want("macro:REAL_GDP", &["REAL_GDP"], years)],
        ),
        (
            OVERVIEW,
            vec![want(
                "equity:IBM",
                &["MARKET_CAP"],
                range("2026-08-13", "2026-08-14"),
            )],
        ),
        (
            OVERVIEW_WEEKLY,
            vec![want(
                "equity:IBM",
                &["MARKET_CAP"],
                range("2026-08-10", "2026-08-17"),
            )],
        ),
    ];
    let mut text = String::new();
    for (dataset, wants) in asks {
        text += &lines(&plan(&paid, &ask(dataset, NOW, wants)));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn who_waits_longest_comes_first() {
    let labels = range("2026-04-01", "2026-08-13");
    // As the frame orders an ask that brings more than is open.
    let wants =
        ["equity:IBM", "equity:AAPL", "equity:COIN"].map(|share| want(share, CLOSE, labels));
    let requests = plan(
        &vendor(Plan::Free),
        &ask(EQUITIES_DAILY, NOW, wants.to_vec()),
    );
    let order: Vec<_> = requests
        .iter()
        .map(|one| one.block.keys[0].asset.to_string())
        .collect();
    assert_eq!(order, ["equity:IBM", "equity:AAPL", "equity:COIN"]);
}

#[test]
fn a_block_is_what_was_asked_within_what_the_plan_gives() {
    let wants = vec![want("equity:IBM", CLOSE, range("2020-01-01", "2026-08-13"))];
    let mut asked = ask(EQUITIES_DAILY, NOW, wants);
    let free = plan(&vendor(Plan::Free), &asked);
    assert_eq!(free[0].block.labels, range("2026-03-28", "2026-08-13"));
    // Refused all, the newest rows are asked for.
    asked.oldest = Some(at("2026-03-28T13:00:00Z"));
    let clamped = plan(&vendor(PAID), &asked);
    assert_eq!(clamped[0].block.labels, range("2026-03-29", "2026-08-13"));
    assert!(clamped[0].path_and_query().contains("outputsize=compact"));
    asked.wants = vec![want("equity:IBM", CLOSE, range("2020-01-01", "2020-02-01"))];
    assert_eq!(plan(&vendor(Plan::Free), &asked), []);
}

#[test]
fn keys_of_another_class_are_no_ones() {
    for (dataset, of) in [
        (EQUITIES_DAILY, "crypto:BTC"),
        (CRYPTO_DAILY, "equity:BTC"),
        (MACRO_DAILY, "commodity:TREASURY_YIELD"),
        (MACRO_DAILY, "macro:NOTHING"),
        (FX_DAILY, "fx:"),
        (QUOTE, "IBM"),
    ] {
        let wants = vec![want(of, CLOSE, range("2026-08-12", "2026-08-13"))];
        assert_eq!(plan(&vendor(PAID), &ask(dataset, NOW, wants)), [], "{of}");
    }
}

#[test]
fn a_refused_batch_is_halved_down_to_one_share() {
    let hour = range("2026-08-13T14:00:00Z", "2026-08-13T15:00:00Z");
    let shares = ["equity:A", "equity:B", "equity:C"].map(|share| want(share, &["PRICE"], hour));
    let paid = vendor(PAID);
    let batch = plan(&paid, &ask(BULK_QUOTES, NOW, shares.to_vec())).swap_remove(0);
    let [front, back] = paid.halves(&batch).unwrap();
    assert_eq!(
        front.path_and_query(),
        "/query?function=REALTIME_BULK_QUOTES&symbol=A"
    );
    assert_eq!(
        back.path_and_query(),
        "/query?function=REALTIME_BULK_QUOTES&symbol=B,C"
    );
    assert!(paid.halves(&front).is_none());
}

#[test]
fn what_there_is_not_is_no_plan() {
    let unknown = ask(model::DatasetId::new("index_data"), NOW, vec![]);
    let error = vendor(PAID).plan(&unknown).err().unwrap();
    assert!(matches!(error, PlanError::UnknownDataset { .. }));
    let mut live = ask(EQUITIES_DAILY, NOW, vec![]);
    live.kind = PullKind::Live;
    assert_eq!(plan(&vendor(PAID), &live), []);
}
