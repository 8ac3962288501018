//! When series are wanted, and when the vendor can have anything: what turns time without values
//! into gaps.

use model::{Spans, Ts};

use crate::{
    Error, Store,
    ranges::{PgSpans, PgTs},
    series::SeriesId,
};

/// What the configuration says of a series, and the facts of its asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedRow {
    /// The series.
    pub series: SeriesId,
    /// The first bucket that is wanted; none where the gap filler wants none.
    pub wanted_since: Option<Ts>,
    /// When the configuration wanted it.
    pub active: Spans,
    /// Start of the first bucket that the vendor has, where that is known.
    pub first_available: Option<Ts>,
    /// Start of the first bucket that the vendor no longer has, where there is one.
    pub ended_at: Option<Ts>,
    /// The vendor does not know the asset; not asked before this time.
    pub unsupported_until: Option<Ts>,
}

/// Returns what is known of each of `series`, by id.
///
/// # Errors
/// Those of the database.
pub async fn wanted(store: &Store, series: &[SeriesId]) -> Result<Vec<WantedRow>, Error> {
    let ids: Vec<i32> = series.iter().map(|id| id.0).collect();
    let client = store.client().await?;
    let statement = client
        .prepare_cached(
            "SELECT s.series_id, s.wanted_since, s.active,
                    f.first_available, f.ended_at, f.unsupported_until
             FROM series s
             LEFT JOIN facts f ON (f.source, f.asset, f.venue) = (s.source, s.asset, s.venue)
             WHERE s.series_id = ANY ($1) ORDER BY s.series_id",
        )
        .await?;
    let rows = client.query(&statement, &[&ids]).await?;
    Ok((rows.iter())
        .map(|row| {
            let at = |column: usize| row.get::<_, Option<PgTs>>(column).map(|at| at.0);
            WantedRow {
                series: SeriesId(row.get(0)),
                wanted_since: at(1),
                active: row.get::<_, PgSpans>(2).0,
                first_available: at(3),
                ended_at: at(4),
                unsupported_until: at(5),
            }
        })
        .collect())
}
