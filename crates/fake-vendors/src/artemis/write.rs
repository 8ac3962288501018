//! The text of an answer: keys as the request spelled them, dates, numbers, and the switches that change their looks.

use serde_json::Value;

use super::calendar::date;
use super::data::Cell;
use super::latest::Latest;
use super::series::{Point, Val};
use super::{ArtemisPlan, ArtemisSwitch};
use crate::chance;

/// Writes `{"data":{"symbols":{…}}}` piece by piece.
pub(super) struct Writer {
    plan: ArtemisPlan,
    text: String,
}

impl Writer {
    pub(super) fn new(plan: ArtemisPlan) -> Self {
        let head = if plan.has(ArtemisSwitch::Bare) {
            r#"{"data":{"#
        } else {
            r#"{"data":{"symbols":{"#
        };
        Self {
            plan,
            text: head.to_owned(),
        }
    }

    /// Begins the metrics of a symbol.
    pub(super) fn open(&mut self, symbol: &str) {
        self.symbol(symbol);
        self.text.push('{');
    }

    /// Ends them.
    pub(super) fn close(&mut self) {
        self.text.push('}');
    }

    /// Writes a symbol that nobody knows.
    pub(super) fn unknown(&mut self, symbol: &str, sentence: &str) {
        self.symbol(symbol);
        self.quoted(sentence);
    }

    /// Writes one metric of the symbol begun last.
    pub(super) fn cell(&mut self, metric: &str, cell: &Cell) {
        if self.plan.has(ArtemisSwitch::Recased) {
            self.key(&metric.to_lowercase());
        } else {
            self.key(metric);
        }
        match cell {
            Cell::Sentence(sentence) | Cell::Latest(_, Latest::Sentence(sentence)) => {
                self.quoted(sentence);
            }
            Cell::Points(key, points) => self.points(*key, points),
            Cell::Latest(key, Latest::Number(value)) => self.number(*key, 0, *value),
            Cell::Latest(_, Latest::Null) => self.text.push_str("null"),
            Cell::Latest(_, Latest::Day(day)) => self.quoted(day),
            Cell::Change(change) => self.text.push_str(&change.to_string()),
        }
    }

    /// Returns the whole.
    pub(super) fn finish(mut self) -> String {
        let tail = if self.plan.has(ArtemisSwitch::Bare) {
            "}}"
        } else {
            "}}}"
        };
        self.text.push_str(tail);
        self.text
    }

    fn symbol(&mut self, symbol: &str) {
        if self.plan.has(ArtemisSwitch::Recased) {
            self.key(&symbol.to_uppercase());
        } else {
            self.key(symbol);
        }
    }

    fn key(&mut self, name: &str) {
        if !self.text.ends_with('{') {
            self.text.push(',');
        }
        self.quoted(name);
        self.text.push(':');
    }

    fn quoted(&mut self, text: &str) {
        self.text.push_str(&Value::from(text).to_string());
    }

    fn points(&mut self, key: u64, points: &[Point]) {
        self.text.push('[');
        for (place, point) in points.iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            self.text.push_str(r#"{"date":""#);
            self.date(point.day);
            self.text.push('"');
            match point.val {
                Val::Number(value) => {
                    self.text.push_str(r#","val":"#);
                    self.number(key, point.day, value);
                }
                Val::Null => self.text.push_str(r#","val":null"#),
                Val::Missing => {}
            }
            self.text.push('}');
        }
        self.text.push(']');
    }

    fn date(&mut self, day: i64) {
        let at = date(day);
        let (year, month, dom) = (at.year(), u8::from(at.month()), at.day());
        self.text
            .push_str(&format!("{year:04}-{month:02}-{dom:02}"));
        if self.plan.has(ArtemisSwitch::Stamps) {
            let stamp = if day % 2 == 0 {
                "T00:00:00Z"
            } else {
                " 00:00:00"
            };
            self.text.push_str(stamp);
        }
    }

    /// Writes a number with all its digits, the very small and very large with an exponent; one in three is a string
    /// where that is switched on.
    fn number(&mut self, key: u64, day: i64, value: f64) {
        let size = value.abs();
        let text = if !value.is_finite() {
            "null".to_owned()
        } else if size > 0.0 && !(1e-4..1e16).contains(&size) {
            format!("{value:e}")
        } else {
            format!("{value}")
        };
        let strings = self.plan.has(ArtemisSwitch::Strings);
        if strings && chance::at(key, day).is_multiple_of(3) {
            self.quoted(&text);
        } else {
            self.text.push_str(&text);
        }
    }
}
