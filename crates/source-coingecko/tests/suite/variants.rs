//! Whatever a writer of JSON may choose changes nothing: the same answer in another dress gives the
//! same points.

use proptest::prelude::*;
use serde_json::{Number, Value};
use source::conformance::stage;
use source_coingecko::Plan;

use crate::{body, told, vendor};

/// Requests, answers, and when these came.
const SAMPLES: [(&str, &[u8], &str); 10] = [
    (
        "/coins/list",
        body!("coins_list/eight_coins.json"),
        "2026-05-18T13:00:00Z",
    ),
    (
        "/coins/markets?vs_currency=usd&ids=bitcoin,ethereum,shiba-inu",
        body!("markets/three_coins.json"),
        "2026-05-18T12:50:00Z",
    ),
    (
        "/coins/x/market_chart/range?vs_currency=usd&from=1778889600&to=1779062340",
        body!("chart_hourly/two_days.json"),
        "2026-05-20T12:00:00Z",
    ),
    (
        "/coins/x/market_chart/range?vs_currency=usd&from=1778886000&to=1779062400",
        body!("chart_hourly/ugly.json"),
        "2026-05-18T12:00:00Z",
    ),
    (
        "/coins/x/market_chart?vs_currency=usd&days=14&interval=daily",
        body!("chart_daily/fourteen_days_and_live.json"),
        "2026-05-18T12:49:21Z",
    ),
    (
        "/coins/x/ohlc/range?vs_currency=usd&from=1778284800&to=1779065400&interval=daily",
        body!("ohlc_daily/ugly.json"),
        "2026-05-18T00:20:00Z",
    ),
    (
        "/global",
        body!("global/market.json"),
        "2026-05-27T10:40:00Z",
    ),
    (
        "/global/market_cap_chart?days=7",
        body!("global_daily/seven_days_and_live.json"),
        "2026-05-18T12:49:21Z",
    ),
    (
        "/coins/x/total_supply_chart/range?from=2026-05-09&to=2026-05-16",
        body!("supply_daily/ugly.json"),
        "2026-05-18T13:02:00Z",
    ),
    ("/key", body!("key/account.json"), "2026-05-18T13:02:00Z"),
];

/// Writes JSON as chance has it.
struct Writer<'a> {
    choices: std::iter::Cycle<std::slice::Iter<'a, u8>>,
    text: String,
}

impl Writer<'_> {
    fn choose(&mut self, of: u8) -> u8 {
        self.choices.next().unwrap() % of
    }

    fn space(&mut self) {
        let space = ["", "", "", " ", "\n", "\t ", "\r\n"];
        let which = usize::from(self.choose(7));
        self.text.push_str(space[which]);
    }

    fn value(&mut self, value: &Value) {
        self.space();
        match value {
            Value::Array(items) => self.array(items),
            Value::Object(fields) => {
                let fields: Vec<_> = fields.iter().collect();
                self.object(&fields);
            }
            Value::Number(number) => self.number(number),
            other => self.text.push_str(&other.to_string()),
        }
        self.space();
    }

    /// `17`, `17.0`, `1.7e1` or `"17"`.
    fn number(&mut self, number: &Number) {
        let value = number.as_f64().unwrap();
        let text = match self.choose(4) {
            0 => number.to_string(),
            1 => format!("{value:?}"),
            2 => format!("{value:e}"),
            _ => format!("\"{number}\""),
        };
        self.text.push_str(&text);
    }

    /// Samples grow at their end; lists of samples and of rows do not.
    fn array(&mut self, items: &[Value]) {
        self.text.push('[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            self.value(item);
        }
        let is_sample = items.first().is_some_and(Value::is_number);
        if is_sample && self.choose(3) == 0 {
            let more = [",null", ",\"more\"", ",[1,2]", ",0,{\"a\":1e400}"];
            let which = usize::from(self.choose(4));
            self.text.push_str(more[which]);
        }
        self.text.push(']');
    }

    /// From any field on, forwards or backwards, with others that nobody knows.
    fn object(&mut self, fields: &[(&String, &Value)]) {
        let mut fields = fields.to_vec();
        if !fields.is_empty() {
            let by = usize::from(self.choose(u8::MAX)) % fields.len();
            fields.rotate_left(by);
        }
        if self.choose(2) == 0 {
            fields.reverse();
        }
        self.text.push('{');
        for (at, (name, value)) in fields.iter().enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            if self.choose(5) == 0 {
                let news = ["null", "[[1,2],[3,4]]", "{\"id\":\"bitcoin\"}", "-1e400"];
                let which = usize::from(self.choose(4));
                let number = self.choose(u8::MAX);
                let new = format!("\"new_{at}_{number}\":{},", news[which]);
                self.text.push_str(&new);
            }
            self.space();
            self.text.push_str(&Value::from(name.as_str()).to_string());
            self.space();
            self.text.push(':');
            self.value(value);
        }
        self.text.push('}');
    }
}

fn dress(body: &Value, choices: &[u8]) -> String {
    let mut writer = Writer {
        choices: choices.iter().cycle(),
        text: String::new(),
    };
    writer.value(body);
    writer.text
}

fn points(path: &str, body: &[u8], now: &str) -> String {
    let (record, parsed) = stage::look(&vendor(Plan::Demo), path, body, now).unwrap();
    format!("{}{parsed:?}", told(&record))
}

proptest! {
    #[test]
    fn of_samples_give_the_same_points(choices in prop::collection::vec(any::<u8>(), 50..400)) {
        for (path, body, now) in SAMPLES {
            let value: Value = serde_json::from_slice(body).unwrap();
            let dressed = dress(&value, &choices);
            prop_assert_eq!(
                points(path, dressed.as_bytes(), now),
                points(path, body, now),
                "{}: {}",
                path,
                dressed
            );
        }
    }
}
