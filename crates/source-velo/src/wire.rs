//! Bodies as the vendor writes them: CSV with a header line, read by the names in it (trap 13).

use csv::{ReaderBuilder, StringRecord};
use source::{ReplyError, lenient};

/// A CSV body.
#[derive(Debug)]
pub(crate) struct Csv {
    header: Vec<String>,
    rows: Vec<StringRecord>,
}

/// The words for "no value": the vendor's own fixtures hold both (section 4.4).
const NOTHING: &[&str] = &["", "null"];

impl Csv {
    /// Reads a body; none where it is empty, which is the vendor's way to say that there is nothing.
    ///
    /// # Errors
    /// [`ReplyError::Malformed`] where the first line does not begin with these columns;
    /// [`ReplyError::Transient`] where the last line does not end: it was cut.
    pub(crate) fn read(body: &[u8], begins: &[&str]) -> Result<Option<Self>, ReplyError> {
        let text = lenient::text(body);
        if text.is_empty() {
            return Ok(None);
        }
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let wrong = |what: &str| ReplyError::Malformed(what.to_owned());
        let header = reader.headers().map_err(|_| wrong("no CSV"))?;
        let header: Vec<String> = header.iter().map(str::to_ascii_lowercase).collect();
        if !begins
            .iter()
            .all(|name| header.iter().any(|column| column == name))
        {
            return Err(wrong("the first line is not the header that was asked for"));
        }
        // A header alone may come without an end of line, a row that was cut must not pass.
        let rows: Vec<StringRecord> = (reader.records().collect::<Result<_, _>>())
            .map_err(|_| wrong("no CSV from some row on"))?;
        if !rows.is_empty() && !body.ends_with(b"\n") {
            return Err(ReplyError::Transient(
                "the last line does not end".to_owned(),
            ));
        }
        Ok(Some(Self { header, rows }))
    }

    /// Returns the place of a column.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    /// Returns the rows.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(Row)
    }
}

/// One line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a>(&'a StringRecord);

impl<'a> Row<'a> {
    /// Returns a text; none where the cell is missing or empty.
    pub(crate) fn text(self, place: Option<usize>) -> Option<&'a str> {
        self.0.get(place?).filter(|text| !text.is_empty())
    }

    /// Returns what stands in a cell. A line may end early: what is not there is nothing.
    pub(crate) fn number(self, place: usize) -> lenient::Number {
        match self.0.get(place) {
            Some(cell) => lenient::Number::of_text(cell, NOTHING),
            None => lenient::Number::Null,
        }
    }

    /// Returns milliseconds.
    pub(crate) fn millis(self, place: Option<usize>) -> Option<i64> {
        self.number(place?).integer()
    }
}
