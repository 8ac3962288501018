//! Good bodies, spoilt, and what a source must do with whatever comes: give a typed error or an
//! answer that holds water, never a panic. What is spoilt, and how often, is for the tests of each
//! source to say, with proptest: a place here is any number, taken round and round.
//!
//! For tests alone: what does not hold stops the test with a panic.
#![expect(
    clippy::unwrap_used,
    reason = "a slip in a test's own input has to stop that test"
)]

use bytes::Bytes;
use http::StatusCode;

use super::{
    answer, is_on_grid,
    stage::{at, read},
};
use crate::{Record, RequestSpec, Source};

/// What is odd in the place of a number in JSON.
pub const ODD_NUMBERS: [&str; 14] = [
    "0",
    "-1",
    "null",
    "1e308",
    "1e999",
    "-9223372036854775808",
    "9223372036854775807",
    "99999999999999999999",
    "\"1\"",
    "[]",
    "{}",
    "true",
    "0.1e-400",
    "\"\\ud800\"",
];

/// Returns the requests behind paths and queries, each beside its sample.
pub fn recognised<'a>(
    source: &dyn Source,
    samples: &[(&str, &'a [u8])],
) -> Vec<(RequestSpec, &'a [u8])> {
    let known =
        |(path, body): &(&str, &'a [u8])| (source.recognise(None, path, &[]).unwrap(), *body);
    samples.iter().map(known).collect()
}

/// Reads any answer. Whether it should be an error is for other tests to say; what is none holds
/// finite values alone, with labels on the grid of their step. Returns the record of what is none.
pub fn survives(
    source: &dyn Source,
    request: &RequestSpec,
    status: u16,
    body: impl Into<Bytes>,
    now: &str,
) -> Option<Record> {
    let reply = answer(StatusCode::from_u16(status).unwrap(), body, at(now));
    let (record, _) = read(source, request, &reply).ok()?;
    for point in &record.points {
        assert!(point.value.is_finite(), "{point:?}");
        assert!(is_on_grid(point.step, point.label), "{point:?}");
    }
    Some(record)
}

/// Reads any rows under the columns of a config CSV: problems, or series that name an asset.
pub fn survives_rows(source: &dyn Source, columns: &[&str], rows: &[u8]) {
    let csv = [columns.join(",").as_bytes(), b"\n", rows].concat();
    if let Ok(series) = source.read_config("x.csv", &csv) {
        assert!(series.iter().all(|spec| !spec.series.key.asset.is_none()));
    }
}

/// Overwrites bytes, one per edit.
pub fn with_bytes(sample: &[u8], edits: &[(usize, u8)]) -> Vec<u8> {
    let mut body = sample.to_vec();
    for (place, byte) in edits {
        let place = place % body.len();
        body[place] = *byte;
    }
    body
}

/// Puts something odd in the place of one of the parts that these separators end.
pub fn with_part(sample: &[u8], separators: &[char], place: usize, odd: &str) -> Vec<u8> {
    let text = std::str::from_utf8(sample).unwrap();
    let mut parts: Vec<&str> = text.split_inclusive(separators).collect();
    let place = place % parts.len();
    let end = parts[place].trim_start_matches(|c| !separators.contains(&c));
    let odd = format!("{odd}{end}");
    parts[place] = &odd;
    parts.concat().into_bytes()
}

/// Puts something odd in the place of one of the numbers, or of a fraction alone.
pub fn with_number(sample: &[u8], place: usize, odd: &str) -> Vec<u8> {
    let begins = |at: &usize| {
        sample[*at].is_ascii_digit() && !(*at > 0 && sample[at - 1].is_ascii_alphanumeric())
    };
    let numbers: Vec<usize> = (0..sample.len()).filter(begins).collect();
    let begin = numbers[place % numbers.len()];
    let is_number = |byte: &&u8| byte.is_ascii_digit() || **byte == b'.';
    let end = begin + sample[begin..].iter().take_while(is_number).count();
    [&sample[..begin], odd.as_bytes(), &sample[end..]].concat()
}

#[cfg(test)]
mod tests {
    use super::{with_bytes, with_number, with_part};

    #[test]
    fn bytes_are_overwritten_round_and_round() {
        assert_eq!(with_bytes(b"abc", &[(1, b'x'), (5, b'y')]), b"axy");
    }

    #[test]
    fn a_part_is_replaced_and_its_end_is_kept() {
        let odd = |place| with_part("a,\u{e9}\nlast".as_bytes(), &[',', '\n'], place, "odd");
        assert_eq!(odd(0), "odd,\u{e9}\nlast".as_bytes());
        assert_eq!(odd(1), b"a,odd\nlast");
        assert_eq!(odd(2), "a,\u{e9}\nodd".as_bytes());
        assert_eq!(odd(3), odd(0));
    }

    #[test]
    fn a_number_is_replaced_whole_and_no_digit_of_a_name() {
        let odd = |place| with_number("{\"\u{e9}1a2\":-3.5,\"b\":7".as_bytes(), place, "null");
        assert_eq!(odd(0), "{\"\u{e9}nulla2\":-3.5,\"b\":7".as_bytes());
        assert_eq!(odd(1), "{\"\u{e9}1a2\":-null,\"b\":7".as_bytes());
        assert_eq!(odd(2), "{\"\u{e9}1a2\":-3.null,\"b\":7".as_bytes());
        assert_eq!(odd(3), "{\"\u{e9}1a2\":-3.5,\"b\":null".as_bytes());
        assert_eq!(odd(4), odd(0));
    }
}
