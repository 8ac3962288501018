//! The contract's arithmetic: section 7.

use source::{RequestSpec, Source as _};
use source_alphavantage::{
    BULK_QUOTES, CRYPTO_DAILY, CRYPTO_INTRADAY, EQUITIES_ADJUSTED, EQUITIES_DAILY,
    EQUITIES_INTRADAY, EQUITIES_WEEKLY, FX_DAILY, LISTING, MACRO_DAILY, Plan,
};

use crate::{BARS, CLOSE, PAID, ask, at, plan, range, vendor, want};

const NOW: &str = "2026-08-13T06:03:00Z";

fn shares(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("equity:S{n:03}")).collect()
}

fn size(request: &RequestSpec) -> &str {
    let mut query = request.query.iter();
    let found = query.find(|(name, _)| name == "outputsize");
    found.map_or("-", |(_, size)| size.as_str())
}

#[test]
fn metrics_never_multiply_requests() {
    for metrics in [CLOSE, BARS] {
        let wants = vec![want(
            "equity:IBM",
            metrics,
            range("2026-08-12", "2026-08-13"),
        )];
        let ask = ask(EQUITIES_DAILY, NOW, wants);
        assert_eq!(plan(&vendor(Plan::Free), &ask).len(), 1);
    }
}

#[test]
fn an_outage_of_a_hundred_trading_days_heals_with_one_request() {
    for (plan_of, since, expected) in [
        (Plan::Free, "2026-03-30", "compact"),
        (Plan::Free, "2023-01-01", "compact"),
        (PAID, "2026-03-30", "compact"),
        (PAID, "2026-03-01", "full"),
        (PAID, "1999-11-01", "full"),
    ] {
        let wants = vec![want("equity:IBM", BARS, range(since, "2026-08-13"))];
        let requests = plan(&vendor(plan_of), &ask(EQUITIES_DAILY, NOW, wants));
        assert_eq!(requests.len(), 1);
        assert_eq!(size(&requests[0]), expected, "{plan_of} {since}");
        let first = requests[0].block.labels.start;
        let horizon = vendor(plan_of).horizon(EQUITIES_DAILY, at(NOW));
        assert!(horizon.is_none_or(|horizon| horizon <= first));
    }
}

#[test]
fn daily_history_of_a_hundred_shares_takes_a_hundred_requests() {
    let labels = range("2006-01-01", "2026-08-13");
    for dataset in [EQUITIES_DAILY, EQUITIES_ADJUSTED] {
        let metrics = if dataset == EQUITIES_DAILY {
            CLOSE
        } else {
            &["PRICE_ADJ"]
        };
        let wants = shares(100)
            .iter()
            .map(|share| want(share, metrics, labels))
            .collect();
        assert_eq!(plan(&vendor(PAID), &ask(dataset, NOW, wants)).len(), 100);
    }
    let wants = vec![want("equity:IBM", CLOSE, range("2006-01-02", "2026-08-10"))];
    assert_eq!(
        plan(&vendor(Plan::Free), &ask(EQUITIES_WEEKLY, NOW, wants)).len(),
        1
    );
}

#[test]
fn twenty_years_of_hours_take_twelve_requests_a_year() {
    let year = |from: &str, to: &str| {
        let wants = vec![want("equity:IBM", BARS, range(from, to))];
        plan(&vendor(PAID), &ask(EQUITIES_INTRADAY, NOW, wants)).len()
    };
    assert_eq!(year("2025-01-01T05:00:00Z", "2026-01-01T05:00:00Z"), 12);
    assert_eq!(year("2005-01-01T05:00:00Z", "2025-01-01T05:00:00Z"), 240);
    // What the newest hundred bars hold for sure is one, whatever it spans.
    assert_eq!(year("2026-08-06T07:00:00Z", "2026-08-13T06:00:00Z"), 1);
    // Nothing is had from before 2000.
    assert_eq!(year("1998-01-01T00:00:00Z", "1999-12-31T00:00:00Z"), 0);
}

#[test]
fn bulk_quotes_take_a_request_for_a_hundred_shares() {
    let hour = range("2026-08-13T14:00:00Z", "2026-08-13T15:00:00Z");
    for (count, expected) in [(1, 1), (100, 1), (101, 2), (450, 5)] {
        let wants = shares(count)
            .iter()
            .map(|share| want(share, &["PRICE"], hour))
            .collect();
        let requests = plan(
            &vendor(PAID),
            &ask(BULK_QUOTES, "2026-08-13T14:03:00Z", wants),
        );
        assert_eq!(requests.len(), expected);
        for request in requests {
            let (_, symbols) = &request.query[1];
            assert!(symbols.split(',').count() == request.block.keys.len());
            assert!(request.block.keys.len() <= 100);
        }
    }
}

#[test]
fn four_days_of_hours_of_a_coin_are_compact() {
    for (from, expected) in [
        ("2026-08-09T06:00:00Z", "compact"),
        ("2026-08-09T05:00:00Z", "full"),
    ] {
        let wants = vec![want(
            "crypto:ETH",
            CLOSE,
            range(from, "2026-08-13T06:00:00Z"),
        )];
        let requests = plan(&vendor(PAID), &ask(CRYPTO_INTRADAY, NOW, wants));
        assert_eq!((requests.len(), size(&requests[0])), (1, expected));
    }
}

#[test]
fn each_coin_currency_and_series_of_the_economy_is_a_request_of_its_own() {
    let free = vendor(Plan::Free);
    let day = range("2026-08-12", "2026-08-13");
    let ohlc = &["CLOSE", "HIGH", "LOW", "OPEN"];
    let asks = [
        ask(
            CRYPTO_DAILY,
            NOW,
            vec![
                want("crypto:BTC", CLOSE, day),
                want("crypto:ETH", CLOSE, day),
            ],
        ),
        ask(FX_DAILY, NOW, vec![want("fx:EUR", ohlc, day)]),
        ask(
            MACRO_DAILY,
            NOW,
            vec![
                want("commodity:WTI", &["PRICE"], day),
                want("macro:TREASURY_YIELD:10year", &["YIELD"], day),
            ],
        ),
    ];
    let requests: usize = asks.iter().map(|ask| plan(&free, ask).len()).sum();
    assert_eq!(requests, 5);
    assert_eq!(plan(&free, &ask(LISTING, NOW, vec![])).len(), 1);
}
