//! Bodies as the vendor writes them: JSON in which a message may stand at every level (section 2.3).
//! Each level is looked at by itself, so that what stands in one place costs its neighbours nothing
//! (trap 1).

use model::Ts;
use serde::Deserialize;
use serde_json::value::RawValue;
use source::{
    ReplyError,
    lenient::{self, Entries, Number, Text},
};

use crate::error::overloaded;

/// The words for "no value"; a ratio may well be infinite for good.
const NOTHING: &[&str] = &["", "NaN", "Infinity", "-Infinity"];
/// What of a date is looked at: the day.
const DAY_CHARS: usize = 10;

/// What stands in a place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    /// Nothing, or null.
    Nothing,
    /// The vendor's words instead of data.
    Message,
    /// A number, or a text that is one: a value without a date.
    Number,
    /// A list.
    List(&'a RawValue),
    /// An object.
    Object(&'a RawValue),
    /// Anything else.
    Odd,
}

impl<'a> Place<'a> {
    /// Looks at a place.
    pub(crate) fn of(raw: Option<&'a RawValue>) -> Self {
        let Some(raw) = raw else {
            return Self::Nothing;
        };
        match (raw.get().as_bytes().first(), Number::of_json(raw, &[])) {
            (_, Number::Null) => Self::Nothing,
            (_, Number::Value(_)) | (Some(b'-' | b'0'..=b'9'), _) => Self::Number,
            (Some(b'"'), _) => Self::Message,
            (Some(b'['), _) => Self::List(raw),
            (Some(b'{'), _) => Self::Object(raw),
            _ => Self::Odd,
        }
    }
}

/// What a dated answer says.
#[derive(Debug)]
pub(crate) enum Answer<'a> {
    /// One message about everything that was asked for.
    Message,
    /// What it says of each symbol.
    Symbols(Entries<'a>),
}

impl<'a> Answer<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// [`ReplyError::Transient`] where there are no data, [`ReplyError::Malformed`] where they have
    /// another shape.
    pub(crate) fn read(text: &'a str) -> Result<Self, ReplyError> {
        let body: Entries<'a> = lenient::read(text).map_err(|error| match error {
            ReplyError::Malformed(_) => overloaded("JSON without data"),
            other => other,
        })?;
        let shape = || ReplyError::Malformed("data of another shape".to_owned());
        let data = match Place::of(body.last("data")) {
            Place::Nothing => return Err(overloaded("JSON without data")),
            Place::Message => return Ok(Self::Message),
            Place::Object(raw) => Entries::of(raw).ok_or_else(shape)?,
            _ => return Err(shape()),
        };
        // Where the level is missing, the symbols stand a level higher.
        let Some(symbols) = data.last("symbols") else {
            return Ok(Self::Symbols(data));
        };
        match Place::of(Some(symbols)) {
            Place::Nothing => Err(overloaded("JSON without data")),
            Place::Message => Ok(Self::Message),
            Place::Object(raw) => Entries::of(raw).map(Self::Symbols).ok_or_else(shape),
            _ => Err(shape()),
        }
    }
}

/// A point of a series.
#[derive(Debug)]
pub(crate) struct Point {
    /// The day that it names; none where that is no day.
    pub(crate) day: Option<Ts>,
    /// What stands where the value is due.
    pub(crate) value: Number,
}

/// A point as it stands there. What else it holds does no harm.
#[derive(Debug, Deserialize)]
struct RawPoint<'a> {
    #[serde(default)]
    date: Text,
    #[serde(default, borrow)]
    val: Option<&'a RawValue>,
}

impl Point {
    /// Reads an element of a list; none where it is no object.
    pub(crate) fn of(raw: &RawValue) -> Option<Self> {
        let Place::Object(raw) = Place::of(Some(raw)) else {
            return None;
        };
        let point: RawPoint<'_> = serde_json::from_str(raw.get()).ok()?;
        Some(Self {
            day: point.date.0.as_deref().and_then(day),
            value: point
                .val
                .map_or(Number::Missing, |raw| Number::of_json(raw, NOTHING)),
        })
    }
}

/// Reads a UTC day: `2024-01-01`, and whatever of a time stands behind it.
pub(crate) fn day(text: &str) -> Option<Ts> {
    Ts::parse(text.trim().get(..DAY_CHARS)?).ok()
}

/// An entry of the catalogue.
#[derive(Debug, Deserialize)]
pub(crate) struct Asset {
    #[serde(default)]
    pub(crate) artemis_id: Text,
    #[serde(default)]
    pub(crate) symbol: Text,
    #[serde(default)]
    pub(crate) title: Text,
    #[serde(default)]
    pub(crate) coingecko_id: Text,
}
