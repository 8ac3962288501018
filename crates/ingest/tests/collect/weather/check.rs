//! What is there in the end, against what is wanted.

use std::collections::BTreeSet;

use model::Ts;
use proptest::{prelude::*, test_runner::TestCaseError};

use super::{COINS, SINCE, START};
use crate::world::World;

/// What is younger at the end need not be published yet.
const YOUNG_SECS: i64 = 26 * 3_600;

/// What ticks wrote and no night has read again: no chart has exactly that.
async fn live_points(world: &World) -> BTreeSet<(String, i64)> {
    let sql = "SELECT concat_ws(' ', s.asset, s.quote, s.metric, s.step),
                      (extract(epoch FROM m.ts) * 1000)::int8
               FROM metrics m JOIN series s USING (series_id)
               JOIN writes w USING (write_id) JOIN pulls p USING (pull_id) WHERE p.kind = 'live'";
    let rows = world.client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Returns when each series was configured that still is, in milliseconds: nobody asks for the others.
async fn active(world: &World) -> Vec<(String, i64, i64)> {
    let sql = "SELECT concat_ws(' ', asset, quote, metric, step),
                      (extract(epoch FROM greatest(lower(a), '2026-01-01Z')) * 1000)::int8,
                      (extract(epoch FROM least(upper(a), '2027-01-01Z')) * 1000)::int8
               FROM series, unnest(active) AS a WHERE upper_inf(active)";
    let rows = world.client.query(sql, &[]).await.unwrap();
    (rows.iter())
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

/// Whatever is wanted of the past is stored, as it is true or as a tick saw it; each hour of what only the present has is
/// stored or known to be lost. What was not configured then is not wanted.
pub(super) async fn check(world: &World, end: Ts) -> Result<(), TestCaseError> {
    let old = model::Step::Day
        .floor(end.plus_secs(-YOUNG_SECS))
        .to_string();
    let (stored, live) = (world.rows().await, live_points(world).await);
    let active = active(world).await;
    let is_wanted = |series: &str, ms: i64| {
        let step_ms = match series.ends_with("1d") {
            true => 86_400_000,
            false => 3_600_000,
        };
        (active.iter()).any(|(name, from, to)| name == series && *from <= ms && ms + step_ms <= *to)
    };
    let truth = world.truth(&COINS, SINCE, &old);
    prop_assert_eq!(truth.len(), COINS.len() * 3 * 2);
    for (series, truth) in truth {
        let points = stored.get(&series).cloned().unwrap_or_default();
        let lacking: Vec<_> = (truth.iter())
            .filter(|(ms, _)| is_wanted(&series, *ms))
            .filter(|point| !points.contains(point))
            .filter(|(ms, _)| !live.contains(&(series.clone(), *ms)))
            .map(|(ms, _)| Ts::from_millis(*ms).to_string())
            .collect();
        prop_assert!(lacking.is_empty(), "{}: {:?}", series, lacking);
    }
    let present = "s.step = '1h' AND s.metric IN ('FDV', 'CIRCULATING_SUPPLY', 'TOTAL_SUPPLY')";
    // What only the present has is wanted since the hour in which the first life began.
    let wanted = format!(
        "SELECT count(*)::text FROM series s
         WHERE {present} AND wanted_since = date_trunc('hour', '{START}'::timestamptz, 'UTC')"
    );
    prop_assert_eq!(world.text(&wanted).await, (COINS.len() * 3).to_string());
    let unknown = format!(
        "SELECT coalesce(string_agg(s.asset || ' ' || s.metric || ' ' || h::text, ', '), '')
         FROM series s, generate_series(s.wanted_since, '{old}'::timestamptz, '1 hour') h
         WHERE {present}
           AND upper_inf(s.active) AND s.active @> tstzrange(h, h + interval '1 hour')
           AND NOT EXISTS (SELECT FROM metrics m WHERE m.series_id = s.series_id AND m.ts = h)
           AND NOT EXISTS (SELECT FROM slots_missing x WHERE x.series_id = s.series_id
                           AND x.reason = 'unfillable' AND x.during @> h)"
    );
    prop_assert_eq!(world.text(&unknown).await, "");
    Ok(())
}
