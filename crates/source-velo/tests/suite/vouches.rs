//! What an answer vouches for, and what it does not.

use source::{Outcome, Record};
use source_velo::{CAPS, Plan, ROWS};

use crate::{
    CLOSE, answered, ask, at, body, key, live, look, plan, range, read, reply, vendor, want,
};

const NOW: &str = "2026-05-18T12:05:00Z";
const HEADER: &str = "exchange,coin,product,time,close_price\n";
const BTC: &str = "BTC BTCUSDT bybit";
const ETH: &str = "ETH ETHUSDT bybit";

/// The closes of some products over the first three hours of a day.
fn three_hours(of: &[&str]) -> source::Ask {
    let hours = range("2026-05-18T00:00:00Z", "2026-05-18T03:00:00Z");
    let wants = of.iter().map(|of| want(of, CLOSE, hours)).collect();
    ask(ROWS, NOW, wants)
}

/// A row of an hour of that day.
fn row(of: &str, hour: &str, close: &str) -> String {
    let time = at(&format!("2026-05-18T{hour}:00:00Z")).millis();
    let key = key(of);
    format!(
        "{},{},{},{time},{close}\n",
        key.venue, key.asset, key.instrument
    )
}

fn taken(ask: &source::Ask, rows: &[String]) -> Record {
    answered(ask, format!("{HEADER}{}", rows.concat()).as_bytes(), NOW).unwrap()
}

/// What is settled of a key, in words: hours that have a value, hours that have none.
fn settled(record: &Record, of: &str) -> String {
    let outcomes = record
        .outcomes
        .iter()
        .filter(|(known, ..)| *known == key(of));
    let hour = |at: model::Ts| format!("{:02}", at.datetime().hour());
    let told = outcomes.map(|(_, _, outcome)| match outcome {
        Outcome::Answered(range) => format!("{}-{} answered", hour(range.start), hour(range.end)),
        Outcome::Empty(range) => format!("{}-{} empty", hour(range.start), hour(range.end)),
        other => format!("{other:?}").to_lowercase(),
    });
    told.collect::<Vec<_>>().join(", ")
}

fn class(ask: &source::Ask, body: &str) -> &'static str {
    match answered(ask, body.as_bytes(), NOW) {
        Ok(_) => "data",
        Err(error) => error.class(),
    }
}

#[test]
fn a_row_that_tells_no_bucket_leaves_its_product_open() {
    let both = three_hours(&[BTC, ETH]);
    let mut rows = vec![row(BTC, "00", "1"), row(ETH, "00", "2")];
    rows.push("bybit,ETH,ETHUSDT,soon,3\n".to_owned());
    let record = taken(&both, &rows);
    assert_eq!(settled(&record, BTC), "00-01 answered, 01-03 empty");
    assert_eq!(settled(&record, ETH), "00-01 answered");
    // Whose it is cannot be read, or is nobody's that was asked for: it may be any.
    for odd in [
        "bybit,ETH\n",
        "bybit,ETH,,1779062400000,3\n",
        "bybit,ETH,\"ETHUSDT,1\n",
    ] {
        rows[2] = odd.to_owned();
        let record = taken(&both, &rows);
        assert_eq!(settled(&record, BTC), "00-01 answered", "{odd}");
        assert_eq!(settled(&record, ETH), "00-01 answered", "{odd}");
        assert_eq!(record.rejects.len(), 1, "{odd}");
    }
}

#[test]
fn an_answer_with_rows_says_nothing_of_a_product_that_it_does_not_name() {
    let alone = three_hours(&[BTC]);
    for other in [row(ETH, "00", "1"), "bybit,BTC,BTCUSDT,soon,1\n".to_owned()] {
        assert_eq!(settled(&taken(&alone, &[other]), BTC), "absent");
    }
    let both = three_hours(&[BTC, ETH]);
    assert_eq!(
        settled(&taken(&both, &[row(BTC, "00", "1")]), ETH),
        "absent"
    );
}

#[test]
fn an_answer_to_another_request_is_none() {
    let alone = three_hours(&[BTC]);
    // Another column, another time.
    let other = "exchange,coin,product,time,open_price\n";
    assert_eq!(class(&alone, other), "malformed");
    assert_eq!(
        class(&alone, &format!("{HEADER}{}", row(BTC, "03", "1"))),
        "malformed"
    );
    let rows = [row(BTC, "00", "1"), row(BTC, "02", "1")];
    assert_eq!(class(&alone, &format!("{HEADER}{}", rows.concat())), "data");
    // A header that may have been cut comes whole the next time.
    assert_eq!(class(&alone, "exchange,coin,product,time,clo"), "transient");
    assert_eq!(class(&alone, "exchange,coi"), "transient");
}

#[test]
fn bars_of_a_coarser_resolution_are_no_hours() {
    let day = range("2026-05-18T00:00:00Z", "2026-05-18T12:00:00Z");
    let ask = ask(
        ROWS,
        NOW,
        vec![want(BTC, CLOSE, day), want(ETH, CLOSE, day)],
    );
    let body = |hours: &[&str]| {
        let rows: String = hours.iter().map(|hour| row(BTC, hour, "1")).collect();
        format!("{HEADER}{rows}")
    };
    assert_eq!(class(&ask, &body(&["00", "03", "06", "09"])), "malformed");
    assert_eq!(
        class(&ask, &body(&["00", "02", "04", "06", "10"])),
        "malformed"
    );
    // Few, or not evenly apart: it hardly traded.
    assert_eq!(class(&ask, &body(&["00", "03", "06"])), "data");
    assert_eq!(class(&ask, &body(&["00", "03", "06", "07"])), "data");
    let beside = body(&["00", "03", "06", "09"]) + &row(ETH, "10", "1");
    assert_eq!(class(&ask, &beside), "data");
}

#[test]
fn of_a_body_whose_last_line_does_not_end_the_lines_before_count() {
    let both = three_hours(&[BTC, ETH]);
    let rows = [
        row(BTC, "00", "1"),
        row(ETH, "01", "2"),
        row(BTC, "02", "77000"),
    ];
    let whole = format!("{HEADER}{}", rows.concat());
    for cut in [1, 2, 20] {
        let record = answered(&both, &whole.as_bytes()[..whole.len() - cut], NOW).unwrap();
        assert_eq!(settled(&record, BTC), "00-01 answered", "{cut}");
        assert_eq!(
            settled(&record, ETH),
            "01-02 answered, 00-01 empty",
            "{cut}"
        );
    }
    // Nothing but a header and the beginning of a row.
    let begun = &whole.as_bytes()[..HEADER.len() + 9];
    assert_eq!(
        settled(&answered(&both, begun, NOW).unwrap(), ETH),
        "absent"
    );
    // As long as the vendor said: nothing is missing.
    let vendor = vendor(Plan::Annual);
    let request = plan(&vendor, &both).swap_remove(0);
    let mut reply = reply(whole.trim_end().as_bytes(), NOW);
    reply
        .headers
        .insert("content-length", reply.body.len().into());
    let (record, _) = read(&vendor, &request, &reply).unwrap();
    assert_eq!(
        settled(&record, BTC),
        "00-01 answered, 02-03 answered, 01-02 empty"
    );
    // Space behind the last line is no line.
    let spaced = format!("{whole} \n ");
    assert_eq!(
        taken(&both, &rows).points,
        answered(&both, spaced.as_bytes(), NOW).unwrap().points
    );
}

#[test]
fn a_catalogue_and_caps_lose_a_line_that_does_not_end() {
    let body = body!("catalogue/spot.csv");
    let (record, _) = look("/api/v1/spot?delisted=0", &body[..body.len() - 3], NOW).unwrap();
    assert_eq!(record.listings.len(), 1);
    let hour = range("2026-07-08T12:00:00Z", "2026-07-08T13:00:00Z");
    let now = "2026-07-08T12:26:00Z";
    let ask = live(
        CAPS,
        now,
        ["BTC", "ETH"]
            .map(|coin| want(coin, &["FDV"], hour))
            .to_vec(),
    );
    let body = body!("caps/two_coins.csv");
    let record = answered(&ask, &body[..body.len() - 3], now).unwrap();
    assert_eq!(settled(&record, "BTC"), "12-13 answered");
    assert_eq!(settled(&record, "ETH"), "absent");
}

#[test]
fn what_no_column_can_be_is_refused_and_stays_open() {
    let hours = range("2026-05-18T00:00:00Z", "2026-05-18T03:00:00Z");
    let metrics = ["CLOSE_PRICE", "DOLLAR_VOLUME", "PREMIUM"];
    let ask = ask(ROWS, NOW, vec![want(BTC, &metrics, hours)]);
    let rows = [
        row(BTC, "00", "0,-1,-44.588"),
        row(BTC, "01", "-5,0,0"),
        row(BTC, "02", "7,7,7"),
    ];
    let header = "exchange,coin,product,time,close_price,dollar_volume,premium\n";
    let record = answered(&ask, format!("{header}{}", rows.concat()).as_bytes(), NOW).unwrap();
    let values: Vec<_> = (record.points.iter())
        .map(|point| (point.metric.as_str(), point.value))
        .collect();
    let expected = [
        ("CLOSE_PRICE", 7.0),
        ("DOLLAR_VOLUME", 0.0),
        ("DOLLAR_VOLUME", 7.0),
        ("PREMIUM", -44.588),
        ("PREMIUM", 0.0),
        ("PREMIUM", 7.0),
    ];
    assert_eq!(values, expected);
    assert_eq!(
        settled(&record, BTC),
        "02-03 answered, 01-03 answered, 00-03 answered"
    );
    let why: Vec<_> = record.rejects.iter().map(|reject| reject.why).collect();
    assert_eq!(why, ["not_positive", "negative", "not_positive"]);
}

#[test]
fn a_basis_needs_neither_exchange_nor_product() {
    let hours = range("2026-05-18T00:00:00Z", "2026-05-18T02:00:00Z");
    let ask = ask(ROWS, NOW, vec![want("BTC", &["BASIS_3M_ANN"], hours)]);
    let body = "coin,time,3m_basis_ann\nBTC,1779062400000,-0.01\n";
    let record = answered(&ask, body.as_bytes(), NOW).unwrap();
    assert_eq!(settled(&record, "BTC"), "00-01 answered, 01-02 empty");
}

#[test]
fn of_several_bases_of_a_bucket_none_is_taken() {
    let hours = range("2026-05-17T23:00:00Z", "2026-05-18T01:00:00Z");
    let ask = ask(
        ROWS,
        "2026-05-18T12:05:00Z",
        vec![want("BTC", &["BASIS_3M_ANN"], hours)],
    );
    let body = "exchange,coin,product,time,3m_basis_ann\n\
                deribit,BTC,BTC,1779058800000,0.04\n\
                ,BTC,,1779062400000,0.05\n\
                okex-coin-margin,BTC,BTC,1779058800000,0.03\n";
    let record = answered(&ask, body.as_bytes(), "2026-05-18T12:05:00Z").unwrap();
    let values: Vec<f64> = record.points.iter().map(|point| point.value).collect();
    assert_eq!(values, [0.05]);
    assert_eq!(record.rejects.len(), 1);
    let second = range("2026-05-18T00:00:00Z", "2026-05-18T01:00:00Z");
    let outcomes: Vec<_> = record
        .outcomes
        .iter()
        .map(|(_, _, outcome)| *outcome)
        .collect();
    assert_eq!(outcomes, [Outcome::Answered(second)]);
}

#[test]
fn a_coin_that_is_missing_from_caps_is_not_settled() {
    let hour = range("2026-07-08T12:00:00Z", "2026-07-08T13:00:00Z");
    let wants = ["BTC", "ETH", "SOL"]
        .map(|coin| want(coin, &["FDV"], hour))
        .to_vec();
    let ask = live(CAPS, "2026-07-08T12:26:00Z", wants);
    let record = answered(&ask, body!("caps/two_coins.csv"), "2026-07-08T12:26:00Z").unwrap();
    let sol: Vec<_> = record
        .outcomes
        .iter()
        .filter(|(of, ..)| *of == key("SOL"))
        .collect();
    assert_eq!(sol, [&(key("SOL"), "FDV".into(), Outcome::Absent)]);
}

#[test]
fn of_two_rows_of_a_coin_the_one_taken_last_counts() {
    let hour = range("2026-07-08T12:00:00Z", "2026-07-08T13:00:00Z");
    let now = "2026-07-08T12:26:00Z";
    let ask = live(CAPS, now, vec![want("BTC", &["MARKET_CAP"], hour)]);
    let row = |time: &str, cap: u64| format!("BTC,{time},{cap}\n");
    let taken = |time: &str| at(&format!("2026-07-08T12:{time}Z")).millis().to_string();
    for rows in [
        [row(&taken("05:00"), 1), row(&taken("20:00"), 2)],
        [row(&taken("20:00"), 2), row(&taken("05:00"), 1)],
        [row("null", 1), row(&taken("20:00"), 2)],
        [row("1779098399000", 1), row(&taken("20:00"), 2)],
    ] {
        let body = format!("coin,time,circ_dollars\n{}", rows.concat());
        let record = answered(&ask, body.as_bytes(), now).unwrap();
        let values: Vec<f64> = record.points.iter().map(|point| point.value).collect();
        assert_eq!((values, record.rejects.len()), (vec![2.0], 1), "{body}");
    }
}
