//! Re-reads in the ledger of pulls: when the last one was, and what a night has cost.

use model::{DatasetId, PullKind, SourceId, Ts};

use super::PullId;
use crate::{Error, Store, ranges::PgTs, series::SeriesId};

/// Kind by kind, as the index goes.
const KINDS: [PullKind; 4] = [
    PullKind::Live,
    PullKind::Backfill,
    PullKind::Gap,
    PullKind::Reread,
];

/// Asked every hour for every window, of a ledger that nothing prunes: newest first by the index, and of
/// the first pulls one a kind. One from the future was made while a clock was ahead, and says nothing.
const LAST_REREAD: &str = "\
SELECT coalesce(
     (SELECT started_at FROM pulls
      WHERE source = $1 AND dataset = $2 AND kind = 'reread'
        AND (status IN ('complete', 'no_data') OR left_queued)
        AND EXISTS (SELECT FROM unnest($3::text[]) AS name
                    WHERE starts_with(run_id, name || '-'))
        AND started_at <= $5
      ORDER BY started_at DESC LIMIT 1),
     (SELECT min(first.started_at)
      FROM unnest($4::text[]) AS kinds (kind), LATERAL (
          SELECT started_at FROM pulls p
          WHERE source = $1 AND dataset = $2 AND p.kind = kinds.kind
          ORDER BY started_at LIMIT 1) AS first))";

/// Of a pass and of those of its name before it that are to be repeated; of each series by its key, from
/// before all that these were about: a pull knows that by its labels, which may be a step later.
const REVISED: &str = "\
WITH this AS (
    SELECT started_at FROM pulls WHERE pull_id = $4
), passes AS (
    SELECT pull_id, during FROM pulls
    WHERE source = $1 AND dataset = $2 AND kind = 'reread' AND starts_with(run_id, $3 || '-')
      AND started_at > coalesce(
          (SELECT started_at FROM pulls
           WHERE source = $1 AND dataset = $2 AND kind = 'reread' AND pull_id <> $4
             AND (status IN ('complete', 'no_data') OR left_queued)
             AND starts_with(run_id, $3 || '-')
             AND started_at <= (SELECT started_at FROM this)
           ORDER BY started_at DESC LIMIT 1), '-infinity')
)
SELECT DISTINCT r.series_id
FROM metric_revisions r JOIN writes w ON w.write_id = r.new_write JOIN passes USING (pull_id)
WHERE r.series_id = ANY($5) AND r.ts >= (SELECT min(lower(during)) - interval '1 month' FROM passes)
  AND r.ts < $6
ORDER BY r.series_id";

impl Store {
    /// Returns which of these series have values before `before` that a pass of re-reads has replaced. What
    /// passes called `name` replaced that were cut off since one ended counts as well: this one goes on
    /// where they were, and saw no difference there any more.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn revised_by(
        &self,
        (source, dataset, name): (SourceId, DatasetId, &str),
        pass: PullId,
        series: &[SeriesId],
        before: Ts,
    ) -> Result<Vec<SeriesId>, Error> {
        let client = self.client().await?;
        let series: Vec<i32> = series.iter().map(|id| id.0).collect();
        let rows = client
            .query(
                REVISED,
                &[
                    &source.as_str(),
                    &dataset.as_str(),
                    &name,
                    &pass.0,
                    &series,
                    &PgTs(before),
                ],
            )
            .await?;
        Ok(rows.iter().map(|row| SeriesId(row.get(0))).collect())
    }

    /// Returns when the newest re-read of a dataset up to `now` that is not to be repeated was started,
    /// among the runs whose id begins with one of `names`; where there is none, when the dataset's first pull was.
    ///
    /// Not to be repeated is what read all that it was to read, or queued the rest
    /// ([`Self::queue_unread`]).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn last_reread(
        &self,
        source: SourceId,
        dataset: DatasetId,
        names: &[String],
        now: Ts,
    ) -> Result<Option<Ts>, Error> {
        let client = self.client().await?;
        let kinds: &[&str] = &KINDS.map(PullKind::as_str);
        let row = client
            .query_one(
                LAST_REREAD,
                &[
                    &source.as_str(),
                    &dataset.as_str(),
                    &names,
                    &kinds,
                    &PgTs(now),
                ],
            )
            .await?;
        Ok(row.get::<_, Option<PgTs>>(0).map(|at| at.0))
    }

    /// Returns how many requests re-reads have cost since `since`, of the runs whose id begins with one of
    /// `names`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn reread_requests(
        &self,
        source: SourceId,
        names: &[&str],
        since: Ts,
    ) -> Result<u64, Error> {
        let client = self.client().await?;
        let row = client
            .query_one(
                "SELECT coalesce(sum(requests), 0)::int8 FROM pulls
                 WHERE source = $1 AND kind = 'reread' AND started_at >= $3
                   AND EXISTS (SELECT FROM unnest($2::text[]) AS name
                               WHERE starts_with(run_id, name))",
                &[&source.as_str(), &names, &PgTs(since)],
            )
            .await?;
        Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::NoTls;

    use super::*;

    /// Pins the plan: years of pulls, and a pass that never ran.
    #[tokio::test]
    async fn the_last_re_read_is_found_by_its_index() {
        let database = testkit::database().await;
        let (client, connection) = database.config().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
            .batch_execute(
                "INSERT INTO pulls (run_id, source, dataset, kind, instance, started_at, status)
                 SELECT 'tick-' || n, 'acme', 'chart-' || d, 'live', 'test',
                        timestamptz '2024-01-01Z' + n * interval '1 hour', 'complete'
                 FROM generate_series(1, 8000) AS n, generate_series(1, 3) AS d;
                 INSERT INTO pulls (run_id, source, dataset, kind, instance, started_at, status)
                 SELECT 'reread-3d-' || n, 'acme', 'chart-1', 'reread', 'test',
                        timestamptz '2024-01-01Z' + n * interval '1 day', 'complete'
                 FROM generate_series(1, 300) AS n;
                 ANALYZE pulls",
            )
            .await
            .unwrap();
        let now = Ts::parse("2024-11-01").unwrap();
        let names = ["reread-queue".to_owned()];
        let kinds: &[&str] = &KINDS.map(PullKind::as_str);
        let rows = client
            .query(
                &format!("EXPLAIN {LAST_REREAD}"),
                &[&"acme", &"chart-1", &names.as_slice(), &kinds, &PgTs(now)],
            )
            .await
            .unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        assert_eq!(plan.matches("using pulls_by_dataset").count(), 2, "{plan}");
        assert!(!plan.contains("Seq Scan"), "{plan}");
        assert!(!plan.contains("Sort"), "{plan}");

        let options = crate::Options {
            application_name: "test".to_owned(),
            pool_size: 1,
        };
        let store = Store::connect(&database.config(), options).await.unwrap();
        let (source, dataset) = (SourceId::new("acme"), DatasetId::new("chart-1"));
        let last_at = async |name: &str, now| {
            let names = [name.to_owned()];
            let last = store.last_reread(source, dataset, &names, now);
            last.await.unwrap()
        };
        let last = async |name| last_at(name, now).await;
        assert_eq!(last("reread-3d").await, Ts::parse("2024-10-27").ok());
        // What was made while a clock was ahead says nothing.
        let early = Ts::parse("2024-06-01T12:00:00Z").unwrap();
        assert_eq!(
            last_at("reread-3d", early).await,
            Ts::parse("2024-06-01").ok()
        );
        // Where none ever ran, the first pull of any kind.
        let first = Ts::parse("2024-01-01T01:00:00Z").ok();
        assert_eq!(last("reread-queue").await, first);
    }

    /// Pins the plan: years of revisions, of which a pass is about few.
    #[tokio::test]
    async fn what_a_pass_replaced_is_found_by_series_and_time() {
        let database = testkit::database().await;
        let (client, connection) = database.config().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
            .batch_execute(
                "INSERT INTO pulls (run_id, source, dataset, kind, instance, started_at, during, status)
                 SELECT 'reread-3d-' || n, 'acme', 'chart', 'reread', 'test', at,
                        tstzrange(at - interval '3 days', at),
                        CASE WHEN n > 298 THEN 'interrupted' ELSE 'complete' END
                 FROM generate_series(1, 300) AS n,
                      LATERAL (SELECT timestamptz '2024-01-01Z' + n * interval '1 day') AS x (at);
                 INSERT INTO writes (pull_id, source, seen_at)
                 SELECT pull_id, source, started_at FROM pulls ORDER BY pull_id;
                 INSERT INTO metric_revisions
                 SELECT series, 1, write_id, seen_at - back * interval '1 hour', 1
                 FROM writes, generate_series(1, 20) AS series, generate_series(6, 66, 6) AS back
                 WHERE (series + write_id) % 3 = 0;
                 ANALYZE",
            )
            .await
            .unwrap();
        let series: Vec<i32> = (1..=20).collect();
        // The last three passes are one that goes on with two that were cut off.
        let (pass, quarter) = (PullId(300), Ts::parse("2024-10-25T18:00:00Z").unwrap());
        let rows = client
            .query(
                &format!("EXPLAIN {REVISED}"),
                &[
                    &"acme",
                    &"chart",
                    &"reread-3d",
                    &pass.0,
                    &series,
                    &PgTs(quarter),
                ],
            )
            .await
            .unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains("metric_revisions_pkey"), "{plan}");
        assert!(!plan.contains("Seq Scan on metric_revisions"), "{plan}");

        let options = crate::Options {
            application_name: "test".to_owned(),
            pool_size: 1,
        };
        let store = Store::connect(&database.config(), options).await.unwrap();
        let of = (SourceId::new("acme"), DatasetId::new("chart"), "reread-3d");
        let all: Vec<SeriesId> = series.iter().copied().map(SeriesId).collect();
        let revised = async |pass, series: &[SeriesId], before| {
            let revised = store.revised_by(of, PullId(pass), series, before).await;
            revised.unwrap().iter().map(|id| id.0).collect::<Vec<_>>()
        };
        // Write 299 is of series 1, 4, ...; write 300 of 3, 6, ...
        let expected: Vec<i32> = (1..=20).filter(|n| n % 3 != 2).collect();
        assert_eq!(revised(300, &all, quarter).await, expected);
        assert_eq!(revised(300, &all[..3], quarter).await, [1, 3]);
        // Before all that they were about there is nothing.
        let start = Ts::parse("2024-10-23T00:00:00Z").unwrap();
        assert!(revised(300, &all, start).await.is_empty());
    }
}
