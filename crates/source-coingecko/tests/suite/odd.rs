//! One odd thing in an answer costs itself and nothing else.

use model::{Step, TimeRange};
use source::{Outcome, Record, Reject};
use source_coingecko::{CHART_DAILY, Plan};

use crate::{ask, at, body, look, plan, range, read, reply, told, vendor, want};

const NOW: &str = "2026-05-20T00:00:00Z";
/// Ten hours from 2026-05-16 on, and a day around them.
const WINDOW: &str = "/coins/x/market_chart/range?vs_currency=usd&from=1778803200&to=1778976000";

/// The n-th hour of 2026-05-16, in milliseconds.
fn ms(hour: i64) -> i64 {
    at("2026-05-16").plus_secs(hour * 3_600).millis()
}

fn hours(start: i64, end: i64) -> TimeRange {
    let hour = |n: i64| at("2026-05-16").plus_secs(n * 3_600);
    TimeRange::new(hour(start), hour(end))
}

/// A chart of ten hours of which one sample is replaced.
fn chart(third: &str) -> String {
    let samples: Vec<String> = (0..10)
        .map(|hour| match hour {
            3 => third.to_owned(),
            _ => format!("[{},{}]", ms(hour), hour + 1),
        })
        .collect();
    let samples = samples.join(",");
    format!(r#"{{"prices":[{samples}],"market_caps":[],"total_volumes":[]}}"#)
}

fn prices(third: &str) -> Record {
    look(WINDOW, chart(third).as_bytes(), NOW).unwrap()
}

fn outcomes(record: &Record) -> Vec<Outcome> {
    crate::outcomes(record, "PRICE")
}

fn refused(record: &Record) -> Vec<(Option<TimeRange>, &'static str)> {
    let bucket = |reject: &Reject| {
        let label = reject.label?;
        Some(TimeRange::new(label, Step::Hour.next(label)))
    };
    let rejects = record.rejects.iter();
    rejects.map(|reject| (bucket(reject), reject.why)).collect()
}

#[test]
fn a_sample_is_read_in_every_dress() {
    let plain = told(&prices(&format!("[{},4]", ms(3))));
    for dress in [
        format!("[{}.0,4.0]", ms(3)),
        format!("[{:e},4e0]", ms(3) as f64),
        format!("[\"{}\",\"4\"]", ms(3)),
        format!("[{},4,5,\"more\",null]", ms(3)),
    ] {
        assert_eq!(told(&prices(&dress)), plain, "{dress}");
    }
}

#[test]
fn an_odd_value_leaves_its_own_label_open() {
    for (odd, why) in [
        ("[_]", "no_value"),
        ("[_,\"n/a\"]", "no_number"),
        ("[_,1e999]", "no_number"),
        ("[_,[4]]", "no_number"),
        ("[_,true]", "no_number"),
        ("[_,0]", "not_positive"),
        ("[_,-4]", "not_positive"),
    ] {
        let record = prices(&odd.replace('_', &ms(3).to_string()));
        assert_eq!(record.points.len(), 9, "{odd}");
        assert_eq!(refused(&record), [(Some(hours(3, 4)), why)], "{odd}");
        let settled = [
            Outcome::Empty(hours(-23, 0)),
            Outcome::Answered(hours(0, 3)),
            Outcome::Answered(hours(4, 10)),
            Outcome::Empty(hours(10, 24)),
        ];
        assert_eq!(outcomes(&record), settled, "{odd}");
    }
    // Null is the vendor's word.
    let record = prices(&format!("[{},null]", ms(3)));
    assert_eq!(refused(&record), []);
    assert!(outcomes(&record).contains(&Outcome::Empty(hours(3, 4))));
}

#[test]
fn a_sample_without_a_stamp_leaves_the_labels_between_its_neighbours_open() {
    for odd in [
        "null",
        "17",
        "[]",
        "[null,4]",
        "[\"\",4]",
        "[9223372036854775808,4]",
        "[1778900400000.5,4]",
        "{\"0\":1}",
    ] {
        let record = prices(odd);
        assert_eq!(record.points.len(), 9, "{odd}");
        assert_eq!(refused(&record), [(None, "unreadable_stamp")], "{odd}");
        let settled = [
            Outcome::Empty(hours(-23, 0)),
            Outcome::Answered(hours(0, 3)),
            Outcome::Answered(hours(4, 10)),
            Outcome::Empty(hours(10, 24)),
        ];
        assert_eq!(outcomes(&record), settled, "{odd}");
    }
    // At the end it may have been any of those that are missing there.
    let body = chart("null").replace("]],\"market_caps\"", "],null],\"market_caps\"");
    let record = look(WINDOW, body.as_bytes(), NOW).unwrap();
    assert_eq!(
        outcomes(&record).last(),
        Some(&Outcome::Answered(hours(4, 10)))
    );
}

#[test]
fn samples_of_which_none_can_be_read_are_malformed() {
    let class = |samples: &str| {
        let body = format!(r#"{{"prices":[{samples}],"market_caps":[],"total_volumes":[]}}"#);
        look(WINDOW, body.as_bytes(), NOW)
            .map(|_| ())
            .map_err(|error| error.class())
    };
    for odd in [
        "null",
        "[]",
        "[1778889603120]",
        "[1778889603120,{}]",
        "[null,1],[\"x\",2]",
    ] {
        assert_eq!(class(odd), Err("malformed"), "{odd}");
    }
    assert_eq!(class(""), Ok(()));
    assert_eq!(class("[1778889603120,null]"), Ok(()));
}

#[test]
fn one_odd_candle_costs_itself() {
    let path = "/coins/x/ohlc/range?vs_currency=usd&from=1778889600&to=1778932800&interval=hourly";
    let candles = |third: &str| {
        let candles: Vec<String> = (1..8)
            .map(|hour| match hour {
                3 => third.to_owned(),
                _ => format!("[{},1,2,0.5,1.5]", ms(hour)),
            })
            .collect();
        look(path, format!("[{}]", candles.join(",")).as_bytes(), NOW).unwrap()
    };
    let plain = told(&candles(&format!("[{},1,2,0.5,1.5]", ms(3))));
    let dressed = format!("[{:e},\"1\",2.0,5e-1,1.5,\"volume\"]", ms(3) as f64);
    assert_eq!(told(&candles(&dressed)), plain);
    let record = candles("null");
    assert_eq!((record.points.len(), record.rejects.len()), (6 * 4, 4));
    // A candle that is half there: its other half counts.
    let record = candles(&format!("[{},1,2]", ms(3)));
    assert_eq!((record.points.len(), record.rejects.len()), (6 * 4 + 2, 2));
    assert!(record.rejects.iter().all(|reject| reject.why == "no_value"));
}

#[test]
fn a_value_that_was_refused_is_no_sign_that_there_was_none() {
    let vendor = vendor(Plan::Analyst);
    let facts = |first: &str| {
        let labels = range("2026-01-01", "2026-05-19");
        let wants = vec![want("x", "usd", &["PRICE"], labels)];
        let request = plan(&vendor, &ask(CHART_DAILY, NOW, wants)).remove(0);
        let day = |n: i64| at("2026-03-01").plus_days(n).millis();
        let body = format!(
            r#"{{"prices":[[{},{first}],[{},2],[{},3]],"market_caps":[],"total_volumes":[]}}"#,
            day(0),
            day(1),
            day(2)
        );
        let (_, parsed) = read(&vendor, &request, &reply(body.as_bytes(), NOW)).unwrap();
        let fact = parsed.facts.into_iter().next();
        fact.map(|fact| match fact {
            source::Fact::FirstAvailable { label, .. } => label,
            source::Fact::EndedAt { label, .. } => label,
        })
    };
    assert_eq!(facts("1"), Some(at("2026-03-01")));
    assert_eq!(facts("0"), Some(at("2026-03-01")));
    assert_eq!(facts("null"), Some(at("2026-03-02")));
}

#[test]
fn few_hours_for_more_than_a_day_vouch_for_nothing() {
    let empty = |samples: &str, now: &str| {
        let body = format!(r#"{{"prices":[{samples}],"market_caps":[],"total_volumes":[]}}"#);
        let record = look(WINDOW, body.as_bytes(), now).unwrap();
        let outcomes = outcomes(&record);
        let empty = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Outcome::Empty(_)));
        (record.points.len(), empty.count())
    };
    let now = "2026-05-17T00:07:00Z";
    // An answer by day: one midnight and a live sample.
    let midnight = format!("[{},1],[{},2]", ms(0), ms(24) + 400_000);
    assert_eq!(empty(&midnight, now), (1, 0));
    // The beginning of one by the minute.
    let minutes = format!(
        "[{},1],[{},2],[{},3]",
        ms(3) - 300_000,
        ms(3),
        ms(3) + 300_000
    );
    assert_eq!(empty(&minutes, NOW), (1, 0));
    // A live sample alone.
    assert_eq!(empty(&format!("[{},2]", ms(24) + 400_000), now), (0, 0));
    // Three hours are an answer, and so is nothing.
    let three = format!("[{},1],[{},2],[{},3]", ms(3), ms(4), ms(5));
    assert_eq!(empty(&three, NOW), (3, 2));
    assert_eq!(empty("", NOW), (0, 1));
    // In a window of up to a day few hours are to be expected.
    let short = "/coins/x/market_chart/range?vs_currency=usd&from=1778889600&to=1778932800";
    let body = format!(
        r#"{{"prices":[[{},1]],"market_caps":[],"total_volumes":[]}}"#,
        ms(3)
    );
    let record = look(short, body.as_bytes(), NOW).unwrap();
    assert_eq!(outcomes(&record).len(), 3);
}

#[test]
fn a_stamp_of_another_age_makes_no_copy_fresh() {
    let now = "2026-05-16T10:45:00Z";
    let settled = |last: &str| {
        let body = chart(&format!("[{},4]", ms(3)))
            .replace("]],\"market_caps\"", &format!("]{last}],\"market_caps\""));
        outcomes(&look(WINDOW, body.as_bytes(), now).unwrap())
    };
    // 10:00 is due, and is not there: the answer may be a copy of 10:15.
    let known = [
        Outcome::Empty(hours(-23, 0)),
        Outcome::Answered(hours(0, 10)),
    ];
    assert_eq!(settled(""), known);
    assert_eq!(settled(",[4102444800000,9]"), known);
    // A live sample of now shows that it is none.
    let live = settled(&format!(",[{},9]", ms(10) + 44 * 60_000));
    assert_eq!(live.last(), Some(&Outcome::Empty(hours(10, 11))));
}

#[test]
fn a_byte_order_mark_is_no_part_of_an_answer() {
    let marked = |body: &[u8]| [b"\xef\xbb\xbf", body].concat();
    for (path, body) in [
        (WINDOW, body!("chart_hourly/ugly.json")),
        ("/coins/list", body!("coins_list/eight_coins.json")),
        ("/coins/markets?vs_currency=usd", body!("markets/ugly.json")),
        ("/global", body!("global/market.json")),
        ("/key", body!("key/account.json")),
    ] {
        let record = |body: &[u8]| told(&look(path, body, "2026-05-27T10:40:00Z").unwrap());
        assert_eq!(record(&marked(body)), record(body), "{path}");
    }
}

#[test]
fn json_of_another_shape_is_not_asked_for_again() {
    for path in [
        WINDOW,
        "/coins/list",
        "/coins/markets?vs_currency=usd",
        "/coins/x/ohlc?vs_currency=usd&days=7&interval=daily",
        "/coins/x/total_supply_chart?days=30",
        "/global",
        "/global/market_cap_chart?days=7",
        "/key",
    ] {
        let class = |body: &str| look(path, body.as_bytes(), NOW).unwrap_err().class();
        for whole in [
            "null", "17", "\"x\"", "true", "1e400", "{}", "[1e400]", "[[]]",
        ] {
            assert_eq!(class(whole), "malformed", "{path} {whole}");
        }
        for cut in ["nul", "\"x", "[", "{\"data\":", ""] {
            assert_eq!(class(cut), "transient", "{path} {cut}");
        }
    }
}

#[test]
fn bytes_that_are_no_text_cost_a_letter_and_an_id_its_row() {
    let spoilt = |word: &[u8]| {
        let mut body = body!("coins_list/eight_coins.json").to_vec();
        let at = body.windows(word.len()).position(|part| part == word);
        body[at.unwrap() + 3] = 0xff;
        look("/coins/list", &body, NOW).unwrap()
    };
    let whole = look("/coins/list", body!("coins_list/eight_coins.json"), NOW).unwrap();
    let name = spoilt(b"\"Ethereum\"");
    let coins = |record: &Record| -> Vec<String> {
        let listings = record.listings.iter();
        listings
            .map(|coin| coin.subject.asset.to_string())
            .collect()
    };
    assert_eq!(coins(&name), coins(&whole));
    assert_ne!(name.listings, whole.listings);
    let id = spoilt(b"\"ethereum\"");
    assert_eq!(id.listings.len(), whole.listings.len() - 1);
    assert_eq!(id.rejects[0].why, "unreadable_row");
}
