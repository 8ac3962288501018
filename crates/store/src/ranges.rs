//! How instants, ranges and sets of time travel to and from PostgreSQL.
//!
//! `model` knows no database, and `postgres-types` carries neither ranges nor `infinity`; these
//! wrappers do, in the binary format. The least and the greatest [`Ts`] stand for `-infinity` and
//! `infinity`, and as ends of a range for "no bound". No SQL in here.

use std::error::Error as StdError;

use bytes::{BufMut, BytesMut};
use model::{Spans, TimeRange, Ts};
use postgres_protocol::types::{
    Range, RangeBound, range_from_sql, range_to_sql, timestamp_from_sql, timestamp_to_sql,
};
use postgres_types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

type BoxError = Box<dyn StdError + Sync + Send>;

/// Milliseconds between the epoch of Unix and PostgreSQL's, 2000-01-01.
const EPOCH_MS: i64 = 946_684_800_000;

/// The instant before all others: no lower bound.
pub(crate) const FOREVER_AGO: Ts = Ts::from_millis(i64::MIN);
/// The instant after all others: no upper bound.
pub(crate) const FOREVER: Ts = Ts::from_millis(i64::MAX);

/// A `timestamptz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PgTs(pub(crate) Ts);

/// A `tstzrange`, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PgRange(pub(crate) TimeRange);

/// A `tstzmultirange`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PgSpans(pub(crate) Spans);

/// Returns PostgreSQL's microseconds; what it cannot hold becomes an infinity.
pub(crate) fn micros(at: Ts) -> i64 {
    at.millis().saturating_sub(EPOCH_MS).saturating_mul(1_000)
}

/// Rounds down to milliseconds.
fn instant(micros: i64) -> Ts {
    match micros {
        i64::MIN => FOREVER_AGO,
        i64::MAX => FOREVER,
        finite => Ts::from_millis(finite.div_euclid(1_000).saturating_add(EPOCH_MS)),
    }
}

impl ToSql for PgTs {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        timestamp_to_sql(micros(self.0), out);
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for PgTs {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        Ok(Self(instant(timestamp_from_sql(raw)?)))
    }

    accepts!(TIMESTAMPTZ);
}

fn write_range(range: TimeRange, out: &mut BytesMut) -> Result<(), BoxError> {
    if range.is_empty() {
        postgres_protocol::types::empty_range_to_sql(out);
        return Ok(());
    }
    range_to_sql(
        |out| {
            if range.start == FOREVER_AGO {
                return Ok(RangeBound::Unbounded);
            }
            timestamp_to_sql(micros(range.start), out);
            Ok(RangeBound::Inclusive(postgres_protocol::IsNull::No))
        },
        |out| {
            if range.end == FOREVER {
                return Ok(RangeBound::Unbounded);
            }
            timestamp_to_sql(micros(range.end), out);
            Ok(RangeBound::Exclusive(postgres_protocol::IsNull::No))
        },
        out,
    )
}

fn read_range(raw: &[u8]) -> Result<TimeRange, BoxError> {
    let not_half_open = || BoxError::from("a range that is not half-open");
    let (lower, upper) = match range_from_sql(raw)? {
        Range::Empty => return Ok(TimeRange::new(Ts::from_millis(0), Ts::from_millis(0))),
        Range::Nonempty(lower, upper) => (lower, upper),
    };
    let start = match lower {
        RangeBound::Unbounded => FOREVER_AGO,
        RangeBound::Inclusive(Some(raw)) => instant(timestamp_from_sql(raw)?),
        RangeBound::Inclusive(None) | RangeBound::Exclusive(_) => return Err(not_half_open()),
    };
    let end = match upper {
        RangeBound::Unbounded => FOREVER,
        RangeBound::Exclusive(Some(raw)) => instant(timestamp_from_sql(raw)?),
        RangeBound::Exclusive(None) | RangeBound::Inclusive(_) => return Err(not_half_open()),
    };
    Ok(TimeRange::new(start, end))
}

impl ToSql for PgRange {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        write_range(self.0, out)?;
        Ok(IsNull::No)
    }

    accepts!(TSTZ_RANGE);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for PgRange {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        read_range(raw).map(Self)
    }

    accepts!(TSTZ_RANGE);
}

impl ToSql for PgSpans {
    /// Writes a count, then each range after its length.
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        out.put_u32(u32::try_from(self.0.iter().count())?);
        for range in self.0.iter() {
            let mut one = BytesMut::with_capacity(32);
            write_range(range, &mut one)?;
            out.put_u32(u32::try_from(one.len())?);
            out.extend_from_slice(&one);
        }
        Ok(IsNull::No)
    }

    accepts!(TSTZMULTI_RANGE);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for PgSpans {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        let (count, mut rest) = split_u32(raw)?;
        let mut spans = Spans::new();
        for _ in 0..count {
            let (len, after) = split_u32(rest)?;
            let (one, after) = after
                .split_at_checked(usize::try_from(len)?)
                .ok_or("a multirange that is cut off")?;
            spans.insert(read_range(one)?);
            rest = after;
        }
        Ok(Self(spans))
    }

    accepts!(TSTZMULTI_RANGE);
}

fn split_u32(raw: &[u8]) -> Result<(u32, &[u8]), BoxError> {
    let (head, rest) = raw
        .split_first_chunk::<4>()
        .ok_or("a multirange that is cut off")?;
    Ok((u32::from_be_bytes(*head), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn there_and_back<T: ToSql + for<'a> FromSql<'a>>(value: &T, kind: &Type) -> T {
        let mut raw = BytesMut::new();
        value.to_sql(kind, &mut raw).unwrap();
        T::from_sql(kind, &raw).unwrap()
    }

    fn instants() -> impl Strategy<Value = Ts> {
        prop_oneof![
            1 => Just(FOREVER_AGO),
            1 => Just(FOREVER),
            8 => (-2_208_988_800_000_i64..4_102_444_800_000).prop_map(Ts::from_millis),
        ]
    }

    proptest! {
        #[test]
        fn instants_ranges_and_sets_survive(parts in prop::collection::vec((instants(), instants()), 0..6)) {
            let ranges: Vec<_> = parts.iter().map(|(a, b)| TimeRange::new(*a, *b)).collect();
            for range in &ranges {
                prop_assert_eq!(there_and_back(&PgTs(range.start), &Type::TIMESTAMPTZ).0, range.start);
                let back = there_and_back(&PgRange(*range), &Type::TSTZ_RANGE).0;
                prop_assert!(back == *range || (back.is_empty() && range.is_empty()));
            }
            let spans = PgSpans(ranges.into_iter().collect());
            prop_assert_eq!(there_and_back(&spans, &Type::TSTZMULTI_RANGE), spans);
        }
    }

    #[test]
    fn a_cut_off_multirange_is_an_error() {
        let mut raw = BytesMut::new();
        let hour = TimeRange::new(Ts::from_secs(0), Ts::from_secs(3_600));
        PgSpans([hour].into_iter().collect())
            .to_sql(&Type::TSTZMULTI_RANGE, &mut raw)
            .unwrap();
        for len in 0..raw.len() {
            let cut = raw.get(..len).unwrap();
            assert!(
                PgSpans::from_sql(&Type::TSTZMULTI_RANGE, cut).is_err(),
                "{len}"
            );
        }
    }
}
