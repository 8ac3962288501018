//! A weekday that the bars of one share lack: settled without a claim about the exchange, and filled
//! where the vendor has it after all.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use ingest::Collector;
use model::Ts;
use source_alphavantage::{AlphaVantage, COLUMNS, Plan, Settings};

use crate::{
    canned::{Answer, Canned},
    world::{World, at, demo},
};

const ROW: &str = "equity,TIME_SERIES_DAILY,IBM,,1d,,CLOSE,free,2026-05-04,true,";
const FIRST: &str = "2026-05-04";
/// A Wednesday.
const LACKING: &str = "2026-05-13";

fn is_weekday(day: Ts) -> bool {
    day.date().weekday().number_from_monday() < 6
}

/// The closes that the vendor has at that moment: of weekdays before it, but one.
fn closes(now: Ts, lacking: Option<&str>) -> Vec<String> {
    let days = (0..).map(|n| at(FIRST).plus_days(n));
    days.take_while(|day| day.plus_days(1) <= now)
        .filter(|day| is_weekday(*day))
        .map(|day| day.date().to_string())
        .filter(|day| Some(day.as_str()) != lacking)
        .collect()
}

/// A vendor that lacks a day until it has it.
async fn vendor(state: Arc<Mutex<(Ts, Option<&'static str>)>>) -> Canned {
    Canned::start(move |_| {
        let (now, lacking) = *state.lock().unwrap();
        let mut rows = String::new();
        for day in closes(now, lacking) {
            let comma = if rows.is_empty() { "" } else { "," };
            write!(rows, r#"{comma}"{day}":{{"4. close":"10.5"}}"#).unwrap();
        }
        let body =
            format!(r#"{{"Meta Data":{{"2. Symbol":"IBM"}},"Time Series (Daily)":{{{rows}}}}}"#);
        Some(Answer::new(200, body))
    })
    .await
}

async fn collector(world: &World, base_url: String) -> Collector {
    let source = AlphaVantage::new(Settings {
        plan: Plan::Free,
        base_url: Some(base_url),
        rpm: None,
    });
    let csv = format!("{}\n{ROW}\n", COLUMNS.join(","));
    Collector::open(world.setup(source, &csv).await)
        .await
        .unwrap()
}

async fn stored(world: &World) -> Vec<String> {
    let sql = "SELECT to_char(ts AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM metrics ORDER BY ts";
    let rows = world.client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Returns the reasons on record of that day.
async fn told(world: &World, day: &str) -> Vec<String> {
    let missing = world.store.missing("alphavantage", 1_000).await.unwrap();
    let of_day = missing.iter().filter(|row| row.range.contains(at(day)));
    of_day.map(|row| row.reason.to_string()).collect()
}

#[tokio::test]
async fn a_day_that_one_share_lacks_is_no_closed_exchange_and_is_filled_where_its_row_comes() {
    let world = World::new(demo()).await;
    let state = Arc::new(Mutex::new((at("2026-05-14"), Some(LACKING))));
    let vendor = vendor(Arc::clone(&state)).await;
    let collector = collector(&world, vendor.base_url.clone()).await;
    let mut asked = 0;
    for (n, lacking) in (0..7).map(|n| (n, (n < 5).then_some(LACKING))) {
        // From Friday the 15th on: the first at which it lies between two rows.
        let now = at("2026-05-15").plus_days(n).plus_secs(6 * 3_600 + 180);
        world.set_now(&now.to_string());
        *state.lock().unwrap() = (now, lacking);
        collector.live("tick").await.unwrap();
        let filled = collector.fill_gaps("gaps").await.unwrap();
        assert_eq!(filled.holes, [], "{now}");
        assert_eq!(stored(&world).await, closes(now, lacking), "{now}");
        assert_eq!(told(&world, LACKING).await, [""; 0], "{now}");
        // No request for the day that lacks: one for each close.
        let day_before = at("2026-05-15").plus_days(n - 1);
        asked += usize::from(is_weekday(day_before));
        assert_eq!(vendor.targets().len(), asked, "{now}");
    }
    // The weekend is closed by rule.
    assert_eq!(told(&world, "2026-05-16").await, ["closed"]);
    assert!(stored(&world).await.contains(&LACKING.to_owned()));
}
