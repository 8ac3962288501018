//! The statements of one commit, prepared before the lock is asked for and kept by the connection.
//!
//! None joins anything with `metrics`, none counts rows by a command tag, and whatever writes points
//! goes by `series_id`: they run unchanged where the tables are distributed (design, section 10).

use deadpool_postgres::Client;
use tokio_postgres::{Error, Statement};

use crate::coverage::rereads;

/// Waits for the source's turn. A statement of its own: the snapshots of the next ones must be
/// younger than the lock.
const LOCK: &str = "SELECT pg_advisory_xact_lock($1, hashtext($2))";

/// Today's epoch, and whether somebody waits for the lock just taken.
const STATE: &str = "\
    SELECT (SELECT epoch FROM leader), \
           EXISTS (SELECT 1 FROM pg_locks \
                   WHERE locktype = 'advisory' AND NOT granted AND objsubid = 2 \
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
                     AND classid = $1::int4::oid AND objid = hashtext($2)::oid)";

const ENDS: &str =
    "SELECT series_id, first_ts, last_ts FROM series_stats WHERE series_id = ANY ($1)";

const OVERLAP: &str = "\
    SELECT series_id, write_id, ts, value FROM metrics \
    WHERE series_id = ANY ($1) AND ts >= $2 AND ts <= $3";

/// Draws the number of this commit. Under the lock, so within a source numbers and times ascend
/// together in the order of the commits, even where a clock goes back.
const DRAW: &str = "\
    INSERT INTO writes (pull_id, source, seen_at) \
    SELECT $1, $2, greatest(crossfeed_now(), \
           (SELECT w.seen_at FROM writes w WHERE w.source = $2 ORDER BY w.write_id DESC LIMIT 1)) \
    RETURNING write_id";

const SEEN: &str = "SELECT write_id, seen_at FROM writes WHERE write_id = ANY ($1)";

const COUNT: &str = "\
    UPDATE pulls SET received = received + $2, inserted = inserted + $3, updated = updated + $4, \
           differing = differing + $5, unchanged = unchanged + $6, rejected = rejected + $7 \
    WHERE pull_id = $1";

const COPY: &str = "COPY metrics (series_id, write_id, ts, value) FROM STDIN (FORMAT binary)";

const REPLACE: &str = "\
    INSERT INTO metrics (series_id, write_id, ts, value) \
    SELECT u.series_id, $1, u.ts, u.value \
    FROM unnest($2::int4[], $3::timestamptz[], $4::float8[]) AS u (series_id, ts, value) \
    ON CONFLICT (series_id, ts) DO UPDATE SET write_id = excluded.write_id, value = excluded.value";

const REVISE: &str = "\
    INSERT INTO metric_revisions (series_id, old_write, new_write, ts, old_value) \
    SELECT u.series_id, u.old_write, $1, u.ts, u.old_value \
    FROM unnest($2::int4[], $3::int4[], $4::timestamptz[], $5::float8[]) \
         AS u (series_id, old_write, ts, old_value)";

/// The copies of names are read only where the series has no row yet: the others send empty ones.
const STATS: &str = "\
    INSERT INTO series_stats AS t (series_id, last_write, points, first_ts, last_ts, last_value, \
                                   label_shift, source, metric, asset, instrument, venue, \
                                   quote, step) \
    SELECT u.series_id, $1, u.points, u.first_ts, u.last_ts, u.last_value, \
           u.label_shift, $2, u.metric, u.asset, u.instrument, u.venue, u.quote, u.step \
    FROM unnest($3::int4[], $4::int8[], $5::timestamptz[], $6::timestamptz[], $7::float8[], \
                $8::int4[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], \
                $14::text[]) \
         AS u (series_id, points, first_ts, last_ts, last_value, \
               label_shift, metric, asset, instrument, venue, quote, step) \
    ON CONFLICT (series_id) DO UPDATE SET \
        last_write = excluded.last_write, \
        points = t.points + excluded.points, \
        first_ts = least(t.first_ts, excluded.first_ts), \
        last_ts = greatest(t.last_ts, excluded.last_ts), \
        last_value = CASE WHEN excluded.last_ts >= t.last_ts THEN excluded.last_value \
                          ELSE t.last_value END";

/// Every statement of a commit.
pub(super) struct Statements {
    pub(super) lock: Statement,
    pub(super) state: Statement,
    pub(super) ends: Statement,
    pub(super) overlap: Statement,
    pub(super) draw: Statement,
    pub(super) seen: Statement,
    pub(super) count: Statement,
    pub(super) copy: Statement,
    pub(super) replace: Statement,
    pub(super) revise: Statement,
    pub(super) stats: Statement,
    pub(super) queue: Statement,
}

impl Statements {
    /// Prepares them on this connection; costs nothing the second time.
    pub(super) async fn prepare(client: &Client) -> Result<Self, Error> {
        Ok(Self {
            lock: client.prepare_cached(LOCK).await?,
            state: client.prepare_cached(STATE).await?,
            ends: client.prepare_cached(ENDS).await?,
            overlap: client.prepare_cached(OVERLAP).await?,
            draw: client.prepare_cached(DRAW).await?,
            seen: client.prepare_cached(SEEN).await?,
            count: client.prepare_cached(COUNT).await?,
            copy: client.prepare_cached(COPY).await?,
            replace: client.prepare_cached(REPLACE).await?,
            revise: client.prepare_cached(REVISE).await?,
            stats: client.prepare_cached(STATS).await?,
            queue: client.prepare_cached(rereads::QUEUE).await?,
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::NoTls;

    use super::*;

    /// A generic plan is made once and kept while the table grows from nothing, so the plan of an
    /// empty table has to be the one that suits a large one.
    #[tokio::test]
    async fn what_overlaps_is_read_by_the_index_from_the_first_row_on() {
        let database = testkit::database().await;
        let (client, connection) = database.config().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
            .batch_execute(&format!(
                "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; \
                 PREPARE overlap (int4[], timestamptz, timestamptz) AS {OVERLAP}"
            ))
            .await
            .unwrap();
        for load in [
            "",
            "INSERT INTO metrics SELECT 1, 1, now() + n * interval '1 h', n \
                          FROM generate_series(1, 20000) AS n",
        ] {
            client.batch_execute(load).await.unwrap();
            let plan = client
                .query("EXPLAIN EXECUTE overlap ('{1,2}', now(), now())", &[])
                .await
                .unwrap();
            let plan: Vec<&str> = plan.iter().map(|row| row.get(0)).collect();
            let plan = plan.join("\n");
            assert!(plan.contains("metrics_pkey"), "{plan}");
            let condition = plan.lines().find(|line| line.contains("Index Cond"));
            let condition = condition.unwrap();
            assert!(condition.contains("series_id = ANY"), "{plan}");
            assert!(condition.contains("ts >="), "{plan}");
        }
    }
}
