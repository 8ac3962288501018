//! Points in PostgreSQL's binary COPY format, encoded whole before anything is sent: a COPY that
//! waits for its client holds its locks for as long as the client likes.

use std::pin::pin;

use bytes::{BufMut, Bytes, BytesMut};
use deadpool_postgres::Transaction;
use futures_util::SinkExt;
use tokio_postgres::Statement;

use super::Point;
use crate::ranges::micros;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Signature, flags, length of the header's extension.
const HEADER_BYTES: usize = 11 + 4 + 4;
/// Count of the columns, then each after its length.
const ROW_BYTES: usize = 2 + 4 * 4 + 4 + 4 + 8 + 8;

/// Encodes rows `(series_id, write_id, ts, value)`.
pub(super) fn encode(points: &[Point], write_id: i32) -> Bytes {
    let mut out = BytesMut::with_capacity(HEADER_BYTES + points.len() * ROW_BYTES + 2);
    out.put_slice(SIGNATURE);
    out.put_i32(0);
    out.put_i32(0);
    for point in points {
        out.put_i16(4);
        out.put_i32(4);
        out.put_i32(point.series.0);
        out.put_i32(4);
        out.put_i32(write_id);
        out.put_i32(8);
        out.put_i64(micros(point.ts));
        out.put_i32(8);
        out.put_f64(point.value);
    }
    out.put_i16(-1);
    out.freeze()
}

/// Sends what was encoded, in one piece.
pub(super) async fn send(
    tx: &Transaction<'_>,
    statement: &Statement,
    encoded: Bytes,
) -> Result<(), tokio_postgres::Error> {
    let mut sink = pin!(tx.copy_in(statement).await?);
    sink.send(encoded).await?;
    sink.as_mut().finish().await?;
    Ok(())
}
