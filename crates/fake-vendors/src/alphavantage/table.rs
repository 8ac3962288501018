//! A series on its way out: `Meta Data`, the rows newest first, as JSON or as CSV.

use super::ask::Ask;
use super::bar::{AlphaVantageField, Bar, Style};
use super::errors::{CSV, JSON};
use crate::vendor::Reply;

/// One column: its key in JSON, its name in CSV, what it shows.
#[derive(Debug, Clone)]
pub(super) struct Column {
    json: String,
    csv: String,
    pub(super) field: AlphaVantageField,
    /// Whether the prices are converted to dollars.
    in_usd: bool,
}

impl Column {
    pub(super) fn new(json: &str, csv: &str, field: AlphaVantageField) -> Self {
        Self {
            json: json.to_owned(),
            csv: csv.to_owned(),
            field,
            in_usd: false,
        }
    }

    pub(super) fn in_usd(mut self) -> Self {
        self.in_usd = true;
        self
    }

    fn text(&self, bar: &Bar, style: Style) -> String {
        if self.in_usd {
            style.text(&bar.in_usd(), self.field)
        } else {
            style.text(bar, self.field)
        }
    }
}

/// The columns of prices, and the volume where there is one.
pub(super) fn plain_columns(with_volume: bool) -> Vec<Column> {
    use AlphaVantageField as F;
    let all = [
        Column::new("1. open", "open", F::Open),
        Column::new("2. high", "high", F::High),
        Column::new("3. low", "low", F::Low),
        Column::new("4. close", "close", F::Close),
        Column::new("5. volume", "volume", F::Volume),
    ];
    all.into_iter()
        .take(if with_volume { 5 } else { 4 })
        .collect()
}

/// A series.
#[derive(Debug)]
pub(super) struct Table {
    /// Names after the number, and values.
    pub(super) meta: Vec<(&'static str, String)>,
    pub(super) key: String,
    pub(super) columns: Vec<Column>,
    pub(super) style: Style,
    /// Oldest first.
    pub(super) rows: Vec<Bar>,
}

impl Table {
    pub(super) fn reply(&self, ask: &Ask<'_>) -> Reply {
        if self.rows.is_empty() {
            return self.nothing(ask);
        }
        if ask.wants_csv() {
            Reply::text(200, CSV, self.csv())
        } else {
            Reply::text(200, JSON, self.json())
        }
    }

    /// Writes what an unknown symbol gets: mostly an error, by one report `Meta Data` alone.
    fn nothing(&self, ask: &Ask<'_>) -> Reply {
        if !ask.plan.bare_unknown {
            return ask.invalid();
        }
        let mut body = String::from("{\n");
        self.write_meta(&mut body);
        body.push_str("\n}");
        Reply::text(200, JSON, body)
    }

    fn csv(&self) -> String {
        let mut body = String::from("timestamp");
        for column in &self.columns {
            body.push(',');
            body.push_str(&column.csv);
        }
        body.push_str("\r\n");
        for bar in self.rows.iter().rev() {
            body.push_str(&bar.label);
            for column in &self.columns {
                body.push(',');
                body.push_str(&column.text(bar, self.style));
            }
            body.push_str("\r\n");
        }
        body
    }

    fn json(&self) -> String {
        let mut body = String::with_capacity(self.rows.len() * 220 + 500);
        body.push_str("{\n");
        self.write_meta(&mut body);
        body.push_str(&format!(",\n    {}: {{\n", quoted(&self.key)));
        for (place, bar) in self.rows.iter().rev().enumerate() {
            body.push_str(if place == 0 {
                "        \""
            } else {
                ",\n        \""
            });
            body.push_str(&bar.label);
            body.push_str("\": {\n");
            self.write_cells(&mut body, bar);
            body.push_str("\n        }");
        }
        body.push_str("\n    }\n}");
        body
    }

    fn write_meta(&self, body: &mut String) {
        body.push_str("    \"Meta Data\": {\n");
        for (place, (name, value)) in self.meta.iter().enumerate() {
            let comma = if place == 0 { "" } else { ",\n" };
            let number = place + 1;
            body.push_str(&format!(
                "{comma}        \"{number}. {name}\": {}",
                quoted(value)
            ));
        }
        body.push_str("\n    }");
    }

    /// Every number is a string, but for the volume of `CRYPTO_INTRADAY`.
    fn write_cells(&self, body: &mut String, bar: &Bar) {
        for (place, column) in self.columns.iter().enumerate() {
            body.push_str(if place == 0 {
                "            \""
            } else {
                ",\n            \""
            });
            body.push_str(&column.json);
            let bare =
                self.style == Style::CryptoIntraday && column.field == AlphaVantageField::Volume;
            let quote = if bare { "" } else { "\"" };
            body.push_str("\": ");
            body.push_str(quote);
            body.push_str(&column.text(bar, self.style));
            body.push_str(quote);
        }
    }
}

/// Writes text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Writes a CSV field, quoted where it has to be.
pub(super) fn csv_field(text: &str) -> String {
    if text.contains([',', '"']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
