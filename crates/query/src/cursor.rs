//! Where the next page begins: a keyset, never an offset. Opaque to those who pass it back.

use std::fmt;
use std::str::FromStr;

use model::{TimeRange, Ts};
use store::series::SeriesId;

/// The place after the last point of a page, with everything that the next page must not choose
/// anew: the range (`-30d` moves on with the clock) and the series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Fingerprint of the question as it was asked.
    pub(crate) question: u32,
    pub(crate) range: TimeRange,
    /// The last point.
    pub(crate) ts: Ts,
    /// Which of `series` it belongs to.
    pub(crate) place: usize,
    pub(crate) series: Vec<SeriesId>,
}

/// Raised when the meaning of the parts changes.
const VERSION: &str = "1";

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{VERSION}.{:x}.{:x}.{:x}.{:x}.{:x}",
            self.question,
            self.range.start.millis(),
            self.range.end.millis(),
            self.ts.millis(),
            self.place,
        )?;
        for series in &self.series {
            write!(f, ".{:x}", series.0)?;
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.');
        if parts.next() != Some(VERSION) {
            return Err(());
        }
        let mut next = || parts.next().ok_or(());
        let question = u32::from_str_radix(next()?, 16).map_err(|_| ())?;
        let (start, end, ts) = (instant(next()?)?, instant(next()?)?, instant(next()?)?);
        let place = usize::from_str_radix(next()?, 16).map_err(|_| ())?;
        let series = parts
            .map(|part| u32::from_str_radix(part, 16).map(|id| SeriesId(id.cast_signed())))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| ())?;
        if start > end || place >= series.len() {
            return Err(());
        }
        Ok(Self {
            question,
            range: TimeRange::new(start, end),
            ts,
            place,
            series,
        })
    }
}

/// The place after the last row of a page of newest values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowCursor {
    /// Fingerprint of the question as it was asked.
    pub(crate) question: u32,
    /// Sort key of the last row.
    pub(crate) after: String,
}

impl fmt::Display for RowCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}.{:x}.", self.question)?;
        self.after
            .bytes()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for RowCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.');
        let (Some(VERSION), Some(question), Some(hex), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(());
        };
        let digit = |byte: &u8| {
            char::from(*byte)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        let bytes = hex
            .as_bytes()
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Some(digit(high)? << 4 | digit(low)?),
                _ => None,
            })
            .collect::<Option<Vec<u8>>>()
            .ok_or(())?;
        Ok(Self {
            question: u32::from_str_radix(question, 16).map_err(|_| ())?,
            after: String::from_utf8(bytes).map_err(|_| ())?,
        })
    }
}

fn instant(hex: &str) -> Result<Ts, ()> {
    let ms = u64::from_str_radix(hex, 16).map_err(|_| ())?;
    Ok(Ts::from_millis(ms.cast_signed()))
}

/// Returns a number that differs where the parts do, the same in every process (FNV-1a).
pub(crate) fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a str>) -> u32 {
    let mut hash: u32 = 0x811c_9dc5;
    let mut take = |byte: u8| hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    for part in parts {
        part.bytes().for_each(&mut take);
        // No byte of UTF-8: ends a part.
        take(0xFF);
    }
    hash
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn reads_what_it_writes(
            question: u32,
            start in -5_000_000_000_000_i64..5_000_000_000_000,
            len in 0_i64..5_000_000_000_000,
            ts in -5_000_000_000_000_i64..5_000_000_000_000,
            ids in prop::collection::vec(0_i32.., 1..5),
        ) {
            let range = TimeRange::new(Ts::from_millis(start), Ts::from_millis(start + len));
            let place = ids.len() - 1;
            let series = ids.into_iter().map(SeriesId).collect();
            let cursor = Cursor { question, range, ts: Ts::from_millis(ts), place, series };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn reads_what_it_writes_for_rows(question: u32, after in ".{0,20}") {
            let cursor = RowCursor { question, after };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            prop_assert!(text.parse::<Cursor>().is_err() || text.starts_with("1."));
            prop_assert!(text.parse::<RowCursor>().is_err() || text.starts_with("1."));
        }
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(fingerprint(["ab", "c"]), fingerprint(["a", "bc"]));
        assert_ne!(fingerprint(["a", ""]), fingerprint(["a"]));
    }
}
