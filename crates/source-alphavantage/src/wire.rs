//! Bodies as the vendor writes them: contract sections 3 and 9.
//!
//! Names carry numbers that shift from function to function (`5.` is the volume here and the adjusted
//! close there), currencies (`1a. open (EUR)`) and suffixes, so nothing is a struct: an object is its
//! names in their order, values as they stand. Nothing is copied.

use csv::{ReaderBuilder, StringRecord};
use serde::Deserialize;
use serde_json::value::RawValue;
use source::{
    ReplyError,
    lenient::{self, Entries, Number},
};
use time::{Date, PrimitiveDateTime, Time, macros::format_description};

/// The vendor's words for "no value".
const NOTHING: &[&str] = &["", "None", "none", "null", "-", "."];

/// An object: names and values, as they stand.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Object<'a>(#[serde(borrow)] Entries<'a>);

impl<'a> Object<'a> {
    /// Reads a value that should be an object.
    pub(crate) fn of(raw: &'a RawValue) -> Option<Self> {
        Entries::of(raw).map(Self)
    }

    /// Returns the names and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value of that name, in any case, with or without a number before it.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let mut all = self.iter();
        let found = all.find(|(known, _)| plain(known).eq_ignore_ascii_case(name));
        found.map(|(_, raw)| raw)
    }

    /// Returns the text of that name.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// Returns the number of that name in the currency of `quote`: old answers have two of each, with
    /// the currency behind the name.
    pub(crate) fn number(&self, name: &str, quote: &str) -> Number {
        let is_it = |known: &str| {
            let (known, currency) = currency(plain(known));
            known.eq_ignore_ascii_case(name)
                && currency.is_none_or(|currency| currency.eq_ignore_ascii_case(quote))
        };
        let found = self.iter().find(|(known, _)| is_it(known));
        found.map_or(Number::Missing, |(_, raw)| number(raw))
    }
}

/// Returns a name without the number before it: `close` of `4a. close`.
fn plain(name: &str) -> &str {
    match name.trim().split_once('.') {
        Some((number, rest)) if is_number(number) => rest.trim(),
        _ => name.trim(),
    }
}

/// `1`, `07`, `4a`.
fn is_number(text: &str) -> bool {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    !digits.is_empty()
        && digits.len() + 1 >= text.len()
        && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Takes `open (EUR)` apart.
fn currency(name: &str) -> (&str, Option<&str>) {
    let inner = name
        .strip_suffix(')')
        .and_then(|name| name.rsplit_once('('));
    match inner {
        Some((name, currency)) => (name.trim(), Some(currency.trim())),
        None => (name, None),
    }
}

/// Reads a number: the vendor writes texts, and percents with their sign.
pub(crate) fn number(raw: &RawValue) -> Number {
    match Number::of_json(raw, NOTHING) {
        Number::Odd => serde_json::from_str::<String>(raw.get()).map_or(Number::Odd, |text| {
            match text.trim().strip_suffix('%') {
                Some(percent) => Number::of_text(percent, NOTHING),
                None => Number::Odd,
            }
        }),
        number => number,
    }
}

/// Reads a label or stamp: a day, or a day and a time of day.
pub(crate) fn local(text: &str) -> Option<PrimitiveDateTime> {
    let text = text.trim();
    let day = Date::parse(text.get(..10)?, format_description!("[year]-[month]-[day]")).ok()?;
    let rest = text.get(10..)?.trim_start_matches('T').trim();
    let time = match rest.get(..8) {
        Some(time) => Time::parse(time, format_description!("[hour]:[minute]:[second]")).ok()?,
        None if rest.is_empty() => Time::MIDNIGHT,
        None => Time::parse(rest, format_description!("[hour]:[minute]")).ok()?,
    };
    Some(PrimitiveDateTime::new(day, time))
}

/// Reads the day at the front of a text, whatever follows: `2017-11-08 (end of day)`.
pub(crate) fn day(text: &str) -> Option<Date> {
    let format = format_description!("[year]-[month]-[day]");
    Date::parse(text.trim().get(..10)?, format).ok()
}

/// A CSV body, read by the names in its first line.
#[derive(Debug)]
pub(crate) struct Csv {
    header: Vec<String>,
    pub(crate) rows: Vec<StringRecord>,
}

impl Csv {
    /// Reads a body whose first line names these columns.
    ///
    /// # Errors
    /// [`ReplyError::Transient`] where the first line is no such header, or the last row was cut.
    pub(crate) fn read(body: &[u8], columns: &[&str]) -> Result<Self, ReplyError> {
        let text = lenient::text(body);
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let passing = |what: &str| ReplyError::Transient(what.to_owned());
        let header = reader.headers().map_err(|_| passing("no CSV"))?;
        let header: Vec<String> = header.iter().map(str::to_ascii_lowercase).collect();
        let has = |name: &&str| header.iter().any(|column| column == *name);
        if !columns.iter().all(has) {
            return Err(passing("the first line is not the header of a catalogue"));
        }
        let rows: Vec<StringRecord> = (reader.records().collect::<Result<_, _>>())
            .map_err(|_| passing("no CSV from some row on"))?;
        let is_cut = |row: &StringRecord| row.len() < header.len() && !body.ends_with(b"\n");
        if rows.last().is_some_and(is_cut) {
            return Err(passing("the last line is cut off"));
        }
        Ok(Self { header, rows })
    }

    /// Returns a cell; none where it is missing, empty or the word `null`.
    pub(crate) fn cell<'r>(&self, row: &'r StringRecord, name: &str) -> Option<&'r str> {
        let place = self.header.iter().position(|column| column == name)?;
        row.get(place)
            .filter(|cell| !cell.is_empty() && !cell.eq_ignore_ascii_case("null"))
    }
}
