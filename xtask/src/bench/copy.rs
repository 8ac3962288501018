//! The rival: COPY in the binary format, encoded whole and sent whole, one transaction a batch. As
//! fast as this client can do it, with nothing beside it.

use std::pin::pin;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::SinkExt;
use store::write::Point;
use tokio_postgres::Client;

/// From the epoch of Unix to PostgreSQL's.
const EPOCH_MS: i64 = 946_684_800_000;

/// Writes one batch into `table`.
pub(crate) async fn copy(client: &mut Client, table: &str, points: &[Point]) -> anyhow::Result<()> {
    let tx = client.transaction().await?;
    let statement =
        format!("COPY {table} (series_id, write_id, ts, value) FROM STDIN (FORMAT binary)");
    let mut sink = pin!(tx.copy_in(&statement).await?);
    sink.send(encode(points)).await?;
    let rows = sink.as_mut().finish().await?;
    anyhow::ensure!(
        usize::try_from(rows)? == points.len(),
        "COPY took {rows} rows"
    );
    tx.commit().await?;
    Ok(())
}

fn encode(points: &[Point]) -> Bytes {
    let mut out = BytesMut::with_capacity(points.len() * 42 + 21);
    out.put_slice(b"PGCOPY\n\xff\r\n\0");
    out.put_i64(0);
    for point in points {
        out.put_i16(4);
        out.put_i32(4);
        out.put_i32(point.series.0);
        out.put_i32(4);
        out.put_i32(1);
        out.put_i32(8);
        out.put_i64((point.ts.millis() - EPOCH_MS) * 1_000);
        out.put_i32(8);
        out.put_f64(point.value);
    }
    out.put_i16(-1);
    out.freeze()
}
