//! Bodies as the vendor writes them: CSV with a header line, read by the names in it (trap 13), a row
//! at a time.

use csv::{Reader, ReaderBuilder, StringRecord};
use http::header::CONTENT_LENGTH;
use source::{Reply, ReplyError, lenient};

/// A CSV body under reading.
#[derive(Debug)]
pub(crate) struct Csv<'t> {
    header: Vec<String>,
    reader: Reader<&'t [u8]>,
    row: StringRecord,
    is_cut: bool,
}

/// The words for "no value": the vendor's own fixtures hold both (section 4.4).
const NOTHING: &[&str] = &["", "null"];

impl<'t> Csv<'t> {
    /// Opens a body, given as text as well; none where it is empty, which is the vendor's way to say
    /// that there is nothing.
    ///
    /// # Errors
    /// [`ReplyError::Malformed`] where the first line does not name all of `columns`;
    /// [`ReplyError::Transient`] where it may be such a line, cut off.
    pub(crate) fn open(
        reply: &Reply,
        text: &'t str,
        columns: &[&str],
    ) -> Result<Option<Self>, ReplyError> {
        if text.is_empty() {
            return Ok(None);
        }
        let is_ended = is_ended(reply);
        // A header alone may come without an end of line, a row that was cut must not pass.
        let (text, is_cut) = match text.rsplit_once('\n') {
            Some((lines, _)) if !is_ended => (lines, true),
            _ => (text, false),
        };
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .from_reader(text.as_bytes());
        let header = reader.headers().map_err(|_| malformed("no CSV"))?;
        let header: Vec<String> = header
            .iter()
            .map(|name| name.trim().to_ascii_lowercase())
            .collect();
        let is_known = |name: &&str| header.iter().any(|column| column == name);
        if columns.iter().all(is_known) {
            return Ok(Some(Self {
                header,
                reader,
                row: StringRecord::new(),
                is_cut,
            }));
        }
        let is_like_it = header
            .first()
            .is_some_and(|name| columns.contains(&&**name));
        Err(match is_ended || text.contains('\n') || !is_like_it {
            true => malformed("the first line is not the header that was asked for"),
            false => ReplyError::Transient("the header is cut off".to_owned()),
        })
    }

    /// Returns the place of a column.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    /// Whether the last line did not end. It is not among the rows, and more may have followed.
    pub(crate) const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Returns the next row that is not blank.
    ///
    /// # Errors
    /// [`ReplyError::Malformed`] where there is no CSV from here on.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row<'_>>, ReplyError> {
        loop {
            let read = self.reader.read_record(&mut self.row);
            if !read.map_err(|_| malformed("no CSV from some row on"))? {
                return Ok(None);
            }
            let is_blank =
                self.row.len() == 1 && self.row.iter().all(|cell| cell.trim().is_empty());
            if !is_blank {
                return Ok(Some(Row(&self.row)));
            }
        }
    }
}

/// Whether the body ends with an end of line, or is as long as the vendor said: then nothing is
/// missing, however it ends.
fn is_ended(reply: &Reply) -> bool {
    let (_, end) = reply.body.split_at(reply.body.trim_ascii_end().len());
    let told = reply.headers.get(CONTENT_LENGTH);
    let told = told.and_then(|length| length.to_str().ok()?.trim().parse().ok());
    end.contains(&b'\n') || told == Some(reply.body.len())
}

fn malformed(what: &str) -> ReplyError {
    ReplyError::Malformed(what.to_owned())
}

/// One line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a>(&'a StringRecord);

impl<'a> Row<'a> {
    /// Returns a text; none where the cell is missing or empty.
    pub(crate) fn text(self, place: Option<usize>) -> Option<&'a str> {
        let text = self.0.get(place?)?.trim();
        (!text.is_empty()).then_some(text)
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
