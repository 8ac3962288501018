//! Lasting ids: an answer may name an asset by its own, and a name may change hands (section 5).

use source::{Record, Source as _};
use source_artemis::{Artemis, COLUMNS, METRICS_DAILY};

use crate::{ask, key, plan, range, reply, vendor, want};

const NOW: &str = "2026-05-18T06:05:00Z";
const CELL: &str = r#"{"PRICE":[{"date":"2026-05-10","val":1}]}"#;

/// A vendor that has read these rows.
fn configured(rows: &[&str]) -> Artemis {
    let vendor = vendor();
    let csv = format!("{}\n{}\n", COLUMNS.join(","), rows.join("\n"));
    vendor.read_config("artemis.csv", csv.as_bytes()).unwrap();
    vendor
}

fn read(vendor: &Artemis, symbols: &[&str], answer: &str) -> Record {
    let want = |symbol: &&str| want(symbol, &["PRICE"], range("2026-05-10", "2026-05-12"));
    let wants = symbols.iter().map(want).collect();
    let request = plan(&ask(METRICS_DAILY, NOW, wants)).swap_remove(0);
    let text = format!(r#"{{"data":{{"symbols":{answer}}}}}"#);
    let reply = reply(text.as_bytes(), NOW);
    source::conformance::stage::read(vendor, &request, &reply)
        .unwrap()
        .0
}

#[test]
fn an_answer_is_found_by_the_assets_id_where_the_symbol_is_absent() {
    let rows = [
        "lunc,terra,chain,PRICE,,,true,",
        "luna,terra2,chain,PRICE,,,true,",
        "usdc-eth,,stablecoin,STABLECOIN_SUPPLY,,,true,",
    ];
    let vendor = configured(&rows);
    for name in ["terra", "Terra"] {
        let record = read(
            &vendor,
            &["luna", "lunc"],
            &format!(r#"{{"{name}":{CELL}}}"#),
        );
        let keys: Vec<_> = record.points.iter().map(|point| &point.key).collect();
        assert_eq!((keys, record.unasked), (vec![&key("lunc")], 0), "{name}");
    }
    // A symbol goes before an id: what else stands there is somebody else's.
    let both =
        format!(r#"{{"terra2":{CELL},"LUNA":{{"PRICE":[{{"date":"2026-05-10","val":7}}]}}}}"#);
    let record = read(&vendor, &["luna"], &both);
    assert_eq!((record.points[0].value, record.points.len()), (7.0, 1));
    assert_eq!(record.unasked, 1);
    // A vendor that has read no row knows no id.
    let record = read(
        &crate::vendor(),
        &["lunc"],
        &format!(r#"{{"terra":{CELL}}}"#),
    );
    assert_eq!((record.points.len(), record.unasked), (0, 1));
}

#[test]
fn days_and_quarters_of_a_share_are_of_one_asset() {
    let rows = |id: &str| {
        format!(
            "{}\neq-nvda,eq-nvda,equity,PRICE,DAY,,true,\neq-nvda,{id},equity,,QUARTER,,true,\n",
            COLUMNS.join(",")
        )
    };
    let read = |id: &str| vendor().read_config("artemis.csv", rows(id).as_bytes());
    assert!(read("eq-nvda").is_ok() && read("").is_ok());
    let problems = read("nvidia").unwrap_err().to_string();
    let told = "artemis.csv:3: column artemis_id: eq-nvda is eq-nvda in another row";
    assert_eq!(problems, told);
}

#[test]
fn the_id_of_a_row_is_what_its_symbol_means() {
    let vendor = configured(&["lunc,terra,chain,PRICE,,,true,", "btc,,chain,PRICE,,,true,"]);
    assert_eq!(vendor.lasting_id(&key("lunc")).as_deref(), Some("terra"));
    assert_eq!(vendor.lasting_id(&key("btc")), None);
}
