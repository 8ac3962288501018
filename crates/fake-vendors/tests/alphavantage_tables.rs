//! Quotes, lists, companies and economic series of the simulated Alpha Vantage, over real HTTP.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

#[path = "support/alphavantage.rs"]
mod alphavantage;

use alphavantage::{
    PREMIUM, REALTIME, ask, frozen, json, number, options, sample, sample_json, series, shape,
    vendor,
};
use fake_vendors::{AlphaVantagePlan, FakeVendor, Options};
use serde_json::Value;
use support::at;

const FREE: AlphaVantagePlan = AlphaVantagePlan::FREE;
const YIELDS: &str = "function=TREASURY_YIELD&interval=daily&maturity=10year";

fn rows(answer: &Value) -> &Vec<Value> {
    answer["data"].as_array().unwrap()
}

async fn lines(vendor: &FakeVendor, query: &str) -> Vec<String> {
    let reply = ask(vendor, query).await;
    assert_eq!(
        reply.header("content-type"),
        Some("application/x-download"),
        "{query}"
    );
    let text = reply.text();
    assert_eq!(
        text.matches('\n').count(),
        text.matches("\r\n").count(),
        "{query}"
    );
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_quote_is_the_newest_day_and_stays_at_weekends() {
    let vendor = vendor(FREE).await;
    let query = "function=GLOBAL_QUOTE&symbol=IBM";
    let quote = json(&vendor, query).await;
    let quote = &quote["Global Quote"];
    let days = json(&vendor, "function=TIME_SERIES_DAILY&symbol=IBM").await;
    let (newest, before) = (&series(&days)["2026-05-15"], &series(&days)["2026-05-14"]);
    assert_eq!(quote["07. latest trading day"], "2026-05-15");
    assert_eq!(quote["05. price"], newest["4. close"]);
    assert_eq!(quote["06. volume"], newest["5. volume"]);
    assert_eq!(quote["08. previous close"], before["4. close"]);
    assert!(quote["10. change percent"].as_str().unwrap().ends_with('%'));
    let csv = lines(&vendor, &format!("{query}&datatype=csv")).await;
    assert_eq!(
        csv[0],
        "symbol,open,high,low,price,volume,latestDay,previousClose,change,changePercent"
    );
    assert!(csv[1].starts_with("IBM,"));
    let nothing = lines(&vendor, "function=GLOBAL_QUOTE&symbol=NOBODY&datatype=csv").await;
    assert_eq!(nothing.len(), 1);
    vendor.set_now(at("2026-05-23T12:00:00Z"));
    let saturday = json(&vendor, query).await;
    vendor.set_now(at("2026-05-24T12:00:00Z"));
    assert_eq!(json(&vendor, query).await, saturday);
    vendor.stop().await;
}

#[tokio::test]
async fn bulk_quotes_drop_the_hundred_and_first_without_a_word() {
    let vendor = frozen(Options {
        extra_ids: (0..120).map(|n| format!("equity:B{n}")).collect(),
        ..options(REALTIME)
    })
    .await;
    vendor.set_now(at("2026-05-18T23:30:00Z"));
    let three = json(
        &vendor,
        "function=REALTIME_BULK_QUOTES&symbol=B1,B2%2CIBM,NOBODY,TSCO.LON",
    )
    .await;
    assert_eq!(
        shape(&three),
        shape(&sample_json("realtime_bulk_quotes.json"))
    );
    assert_eq!(three["message"], "success");
    let symbols: Vec<_> = rows(&three)
        .iter()
        .map(|row| row["symbol"].as_str().unwrap())
        .collect();
    assert_eq!(symbols, ["B1", "B2", "IBM"]);
    let row = &rows(&three)[2];
    assert!(
        row["timestamp"]
            .as_str()
            .unwrap()
            .starts_with("2026-05-18 19:29:5")
    );
    assert!(number(&row["extended_hours_quote"]) > 0.0);
    assert!(!row["change_percent"].as_str().unwrap().contains('%'));
    let many: Vec<String> = (0..101).map(|n| format!("B{n}")).collect();
    let many = json(
        &vendor,
        &format!("function=REALTIME_BULK_QUOTES&symbol={}", many.join(",")),
    )
    .await;
    assert_eq!(rows(&many).len(), 100);
    assert_eq!(rows(&many)[99]["symbol"], "B99");
    vendor.set_now(at("2026-05-18T15:00:00Z"));
    let session = json(&vendor, "function=REALTIME_BULK_QUOTES&symbol=IBM").await;
    assert_eq!(rows(&session)[0]["extended_hours_quote"], "");
    assert!(
        rows(&session)[0]["timestamp"]
            .as_str()
            .unwrap()
            .starts_with("2026-05-18 10:59:5")
    );
    vendor.stop().await;
    let artificial = frozen(options("free+sample-bulk".parse().unwrap())).await;
    let made_up = json(&artificial, "function=REALTIME_BULK_QUOTES&symbol=IBM,MSTR").await;
    assert_ne!(made_up["message"], "success");
    assert_eq!(rows(&made_up)[0]["close"], rows(&made_up)[1]["close"]);
    artificial.stop().await;
}

#[tokio::test]
async fn rates_go_between_any_two_currencies() {
    let vendor = frozen(Options {
        extra_ids: vec!["crypto:FLOW:USD".to_owned(), "fx:XYZ:USD".to_owned()],
        ..options(FREE)
    })
    .await;
    let rate = async |from: &str, to: &str| {
        let query =
            format!("function=CURRENCY_EXCHANGE_RATE&from_currency={from}&to_currency={to}");
        json(&vendor, &query).await["Realtime Currency Exchange Rate"].clone()
    };
    let bitcoin = rate("BTC", "USD").await;
    assert_eq!(bitcoin["6. Last Refreshed"], "2026-05-18 12:49:28");
    let value = |rate: &Value| number(&rate["5. Exchange Rate"]);
    assert!(number(&bitcoin["8. Bid Price"]) < value(&bitcoin));
    let (euro, in_euro) = (rate("EUR", "USD").await, rate("BTC", "EUR").await);
    assert!((value(&in_euro) * value(&euro) / value(&bitcoin) - 1.0).abs() < 1e-4);
    assert_eq!(euro["8. Bid Price"], "-");
    let nameless = rate("XYZ", "USD").await;
    assert!(nameless["2. From_Currency Name"].is_null() && nameless.get("8. Bid Price").is_none());
    assert!(value(&rate("BTC", "ETH").await) > 1.0);
    vendor.stop().await;
}

#[tokio::test]
async fn the_list_of_shares_is_a_csv_with_oddities() {
    let vendor = vendor(FREE).await;
    let all = lines(&vendor, "function=LISTING_STATUS").await;
    assert_eq!(
        Some(all[0].as_str()),
        sample("listing_status_active.csv").lines().next()
    );
    assert!(all.contains(
        &"BTC,Grayscale Bitcoin Mini Trust ETF,NYSE ARCA,ETF,2024-07-31,null,Active".to_owned()
    ));
    assert!(
        all.iter()
            .any(|line| line.starts_with("COIN,\"Coinbase Global, Inc.\","))
    );
    assert!(
        !all.iter().any(|line| line.starts_with("TSCO.LON")),
        "the United States alone"
    );
    let earlier = lines(
        &vendor,
        "function=LISTING_STATUS&date=2020-01-02&state=active",
    )
    .await;
    assert!(!earlier.iter().any(|line| line.starts_with("COIN,")));
    assert!(earlier.iter().any(|line| line.starts_with("IBM,")));
    for wrong in [
        "date=2009-12-31",
        "date=2010-01-01",
        "date=2027-01-01",
        "date=x",
        "state=gone",
    ] {
        let refused = json(&vendor, &format!("function=LISTING_STATUS&{wrong}")).await;
        assert!(refused["Error Message"].is_string(), "{wrong}");
    }
    let earnings = lines(&vendor, "function=EARNINGS_CALENDAR").await;
    assert!(earnings.len() > 3 && !earnings.iter().any(|line| line.starts_with("SPY,")));
    assert_eq!(lines(&vendor, "function=IPO_CALENDAR").await.len(), 1);
    vendor.stop().await;
    let whole = frozen(options("free+whole-market".parse().unwrap())).await;
    let (active, gone) = (
        lines(&whole, "function=LISTING_STATUS").await,
        lines(&whole, "function=LISTING_STATUS&state=delisted").await,
    );
    let bytes: usize = active.iter().map(|line| line.len() + 2).sum();
    assert!((600_000..1_500_000).contains(&bytes), "{bytes}");
    assert!(active.len() > 10_000 && gone.len() > 1_000);
    assert!(
        active.iter().any(|line| line.split(',').nth(1) == Some("")),
        "some have no name"
    );
    assert!(
        active.iter().any(|line| line.contains("\"\"")),
        "some have quotes in it"
    );
    let one = active[9_000].split(',').next().unwrap();
    let days = json(&whole, &format!("function=TIME_SERIES_DAILY&symbol={one}")).await;
    assert!(!series(&days).is_empty());
    whole.stop().await;
}

#[tokio::test]
async fn companies_have_every_field_of_the_sample_and_words_for_none() {
    let vendor = frozen(Options {
        extra_ids: (0..40).map(|n| format!("equity:CO{n}")).collect(),
        ..options(FREE)
    })
    .await;
    let sample = sample_json("overview_ibm.json");
    let overview = json(&vendor, "function=OVERVIEW&symbol=IBM").await;
    for (name, value) in sample.as_object().unwrap() {
        assert_eq!(shape(&overview[name]), shape(value), "{name}");
    }
    let mut odd = (0, 0, 0);
    for n in 0..40 {
        let fields = json(&vendor, &format!("function=OVERVIEW&symbol=CO{n}")).await;
        let price = json(&vendor, &format!("function=GLOBAL_QUOTE&symbol=CO{n}")).await;
        let price = number(&price["Global Quote"]["05. price"]);
        let shares = number(&fields["SharesOutstanding"]);
        let cap = number(&fields["MarketCapitalization"]);
        assert!((price * shares / cap - 1.0).abs() < 1e-3, "CO{n}");
        assert!(number(&fields["52WeekLow"]) <= price && price <= number(&fields["52WeekHigh"]));
        odd.0 += u32::from(fields["PERatio"] == "None");
        odd.1 += u32::from(fields["DividendYield"] == "None");
        odd.2 += u32::from(
            fields["SharesOutstanding"]
                .as_str()
                .unwrap()
                .ends_with(".0"),
        );
    }
    assert!(odd.0 > 0 && odd.1 > 5 && odd.2 > 5, "{odd:?}");
    let splits = lines(&vendor, "function=SPLITS&symbol=IBM&datatype=csv").await;
    assert_eq!(splits[0], "effective_date,split_factor");
    let dividends = json(&vendor, "function=DIVIDENDS&symbol=SPY").await;
    assert_eq!(dividends["symbol"], "SPY");
    let days: Vec<_> = rows(&dividends)
        .iter()
        .map(|row| row["ex_dividend_date"].as_str().unwrap())
        .collect();
    assert!(days.len() > 90 && days.is_sorted_by(|a, b| a > b));
    assert_eq!(rows(&dividends).last().unwrap()["payment_date"], "None");
    vendor.stop().await;
}

#[tokio::test]
async fn economic_series_are_whole_lag_and_are_revised() {
    let vendor = vendor(FREE).await;
    let yields = json(&vendor, YIELDS).await;
    assert_eq!(yields["name"], "10-Year Treasury Constant Maturity Rate");
    assert_eq!(
        (&yields["interval"], &yields["unit"]),
        (&"daily".into(), &"percent".into())
    );
    let of = |date: &str| {
        rows(&yields)
            .iter()
            .find(|row| row["date"] == date)
            .map(|row| row["value"].clone())
    };
    assert_eq!(
        of("2026-01-19"),
        Some(".".into()),
        "a holiday is there, without a value"
    );
    assert_eq!(of("2026-05-16"), None, "a weekend is not");
    assert!(rows(&yields).len() > 16_000);
    let csv = lines(&vendor, &format!("{YIELDS}&datatype=csv")).await;
    assert_eq!(
        (csv[0].as_str(), csv.len()),
        ("timestamp,value", rows(&yields).len() + 1)
    );
    let intervals = [
        ("WTI", "monthly"),
        ("COPPER", "monthly"),
        ("TREASURY_YIELD", "monthly"),
        ("FEDERAL_FUNDS_RATE", "monthly"),
        ("CPI", "monthly"),
        ("REAL_GDP", "annual"),
        ("REAL_GDP_PER_CAPITA", "quarterly"),
        ("INFLATION", "annual"),
        ("UNEMPLOYMENT", "monthly"),
        ("NONFARM_PAYROLL", "monthly"),
    ];
    for (function, interval) in intervals {
        let series = json(&vendor, &format!("function={function}")).await;
        assert_eq!(series["interval"], interval, "{function}");
        let dates: Vec<_> = rows(&series)
            .iter()
            .map(|row| row["date"].as_str().unwrap())
            .collect();
        assert!(
            dates.len() > 25 && dates.is_sorted_by(|a, b| a > b),
            "{function}"
        );
        assert!(rows(&series).iter().all(|row| row["value"].is_string()));
    }
    for (function, interval) in [
        ("COTTON", "quarterly"),
        ("SUGAR", "annual"),
        ("CPI", "semiannual"),
        ("BRENT", "weekly"),
    ] {
        let series = json(&vendor, &format!("function={function}&interval={interval}")).await;
        assert_eq!(series["interval"], interval);
    }
    let payrolls = "function=NONFARM_PAYROLL";
    let first_print = json(&vendor, payrolls).await;
    assert_eq!(rows(&first_print)[0]["date"], "2026-04-01");
    vendor.set_now(at("2026-08-01T00:00:00Z"));
    let later = json(&vendor, payrolls).await;
    let value = |answer: &Value, date: &str| {
        let row = rows(answer).iter().find(|row| row["date"] == date).unwrap();
        number(&row["value"])
    };
    assert!((value(&later, "2026-04-01") - value(&first_print, "2026-04-01")).abs() > 0.5);
    let same = (
        value(&later, "2025-04-01"),
        value(&first_print, "2025-04-01"),
    );
    assert!((same.0 - same.1).abs() < 0.5);
    vendor.stop().await;
}

#[tokio::test]
async fn indices_markets_and_search_are_served() {
    let vendor = vendor(PREMIUM).await;
    let index = json(&vendor, "function=INDEX_DATA&symbol=SPX&interval=weekly").await;
    assert_eq!(rows(&index)[0]["date"], "2026-05-15");
    assert!(rows(&index)[0]["close"].is_string());
    let catalogue = json(&vendor, "function=INDEX_CATALOG").await;
    assert!(rows(&catalogue).iter().any(|row| row["symbol"] == "SPX"));
    let status = async |now: &str, region: &str| {
        vendor.set_now(at(now));
        let answer = json(&vendor, "function=MARKET_STATUS").await;
        let markets = answer["markets"].as_array().unwrap().clone();
        let found = markets
            .into_iter()
            .find(|market| market["region"] == region);
        found.unwrap()["current_status"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        status("2026-05-18T13:29:59Z", "United States").await,
        "closed"
    );
    assert_eq!(
        status("2026-05-18T13:30:00Z", "United States").await,
        "open"
    );
    assert_eq!(
        status("2026-05-25T15:00:00Z", "United States").await,
        "closed"
    );
    assert_eq!(
        status("2026-05-26T10:00:00Z", "United Kingdom").await,
        "open"
    );
    vendor.set_now(at("2026-05-18T12:49:30Z"));
    let found = json(&vendor, "function=SYMBOL_SEARCH&keywords=coinbase").await;
    let best = &found["bestMatches"][0];
    assert_eq!(
        (&best["1. symbol"], &best["8. currency"]),
        (&"COIN".into(), &"USD".into())
    );
    assert_eq!(best["7. timezone"], "UTC-04");
    let exact = json(&vendor, "function=SYMBOL_SEARCH&keywords=ibm").await;
    assert_eq!(exact["bestMatches"][0]["9. matchScore"], "1.0000");
    let csv = lines(
        &vendor,
        "function=SYMBOL_SEARCH&keywords=coinbase&datatype=csv",
    )
    .await;
    assert_eq!(
        csv[0],
        "symbol,name,type,region,marketOpen,marketClose,timezone,currency,matchScore"
    );
    assert!(csv[1].starts_with("COIN,\"Coinbase Global, Inc.\",Equity,United States,09:30,16:00,"));
    vendor.stop().await;
}
