//! Puts the report together: from the configuration and from small tables.

use std::{collections::HashSet, sync::Arc};

use assembly::Looked;
use ingest::{Filter, GapReason, OutsidePlan, Survey};
use model::{SourceId, Subject};
use runtime::Env;
use store::{Store, World, read};
use tokio::task::JoinSet;

use super::{
    hands,
    report::{
        Details, Hand, Leader, LeftAlone, Newest, NotFreshReport, Outside, Report, SourceReport,
        Tick, WaitsSince,
    },
};
use crate::verbs::quota::QuotaReport;

/// What one look tells of all sources.
struct OfAll {
    freshness: Vec<read::FreshnessRow>,
    rereads: Vec<read::RereadsRow>,
}

/// Gathers everything.
pub(super) async fn gather(env: &Env, store: &Store, database: String) -> anyhow::Result<Report> {
    let now = runtime::clock(env).await?.now();
    let leader = store.leader().await?.map(|row| Leader {
        epoch: row.epoch,
        instance: row.instance,
        since: row.taken_at.to_string(),
        alive: row.alive,
    });
    let is_led = leader.as_ref().is_some_and(|leader| leader.alive);
    let mut waits_for_a_hand = hands::suspended(store).await?;
    waits_for_a_hand.extend(leader.as_ref().and_then(hands::gone));
    let of_all = Arc::new(OfAll {
        freshness: read::freshness(store).await?,
        rereads: read::rereads_waiting(store).await?,
    });
    let mut sources = Vec::new();
    let mut looks = JoinSet::new();
    for (source, looked) in crate::verbs::look(env, store, None).await? {
        match looked {
            Looked::At(survey) => {
                looks.spawn(set_up(*survey, store.clone(), Arc::clone(&of_all), is_led));
            }
            Looked::NotSetUp(what) => sources.push(bare(source, "not set up", what)),
            Looked::Wrong(what) => {
                waits_for_a_hand.push(Hand {
                    what: source.to_string(),
                    class: "configuration".to_owned(),
                    since: None,
                    why: what.clone(),
                    command: "ingestd --check-config".to_owned(),
                });
                sources.push(bare(source, "wrong", what));
            }
        }
    }
    for looked in looks.join_all().await {
        sources.push(looked?);
    }
    sources.sort_by_key(|one| {
        assembly::SOURCES
            .iter()
            .position(|name| name.as_str() == one.source)
    });
    let dead_letters = env.home.home.join("dead-letters");
    Ok(Report {
        now: now.to_string(),
        database,
        world: store
            .world()
            .await?
            .map(|world| World::as_str(world).to_owned()),
        leader,
        sources,
        waits_for_a_hand,
        refused_ticks: hands::refused(store).await?,
        dead_letters: std::fs::read_dir(&dead_letters).map_or(0, Iterator::count),
        dead_letters_in: dead_letters.display().to_string(),
    })
}

fn bare(source: SourceId, state: &'static str, why: String) -> SourceReport {
    SourceReport {
        source: source.as_str(),
        state,
        since: None,
        until: None,
        why,
        details: None,
    }
}

async fn set_up(
    survey: Survey,
    store: Store,
    of_all: Arc<OfAll>,
    is_led: bool,
) -> Result<SourceReport, store::Error> {
    let standing = survey.standing().await?;
    let state = match standing.state {
        ingest::State::Collecting if !is_led => "not led",
        state => state.as_str(),
    };
    let why = match state {
        "not led" => "no ingestd leads: nothing is asked for by schedule".to_owned(),
        _ => standing.why,
    };
    let quotas =
        (survey.quotas().iter()).map(|one| QuotaReport::of(survey.id(), one, survey.now()));
    Ok(SourceReport {
        source: survey.id().as_str(),
        state,
        since: standing.since.map(|at| at.to_string()),
        until: standing.until.map(|at| at.to_string()),
        why,
        details: Some(details(&survey, &store, &of_all, quotas.collect()).await?),
    })
}

async fn details(
    survey: &Survey,
    store: &Store,
    of_all: &OfAll,
    quotas: Vec<QuotaReport>,
) -> Result<Details, store::Error> {
    let gaps = survey.gaps(&Filter::default(), false).await?;
    let open = gaps.iter().filter(|gap| gap.is_open());
    let unsupported = gaps
        .iter()
        .filter(|gap| gap.reason == GapReason::Unsupported && !gap.disabled);
    let source = survey.id().as_str();
    let rereads = of_all.rereads.iter().find(|row| row.source == source);
    Ok(Details {
        series_on: survey.series_on(),
        series_off: survey.series_off(),
        last_tick: last_tick(survey, store).await?,
        next_tick: survey.next_tick().to_string(),
        newest: newest(survey, &of_all.freshness),
        open_buckets: open.clone().map(|gap| gap.buckets).sum(),
        open_series: open.map(|gap| gap.series).collect::<HashSet<_>>().len(),
        quotas,
        outside_plan: OutsidePlan::of(&gaps).into_iter().map(outside).collect(),
        not_fresh: not_fresh(survey).await?,
        left_alone: left_alone(survey),
        unsupported_series: unsupported
            .map(|gap| gap.series)
            .collect::<HashSet<_>>()
            .len(),
        rereads_waiting: rereads.map_or(0, |row| row.ranges),
        rereads_since: rereads.map(|row| row.oldest.to_string()),
    })
}

fn outside(one: OutsidePlan) -> Outside {
    Outside {
        dataset: one.dataset.map_or("", |dataset| dataset.as_str()),
        series: one.series,
        buckets: one.buckets,
        before: one.before.to_string(),
    }
}

async fn not_fresh(survey: &Survey) -> Result<Vec<NotFreshReport>, store::Error> {
    let found = survey.not_fresh().await?.into_iter();
    Ok(found
        .map(|one| NotFreshReport {
            dataset: one.dataset.as_str(),
            wanted: one.wanted,
            waiting: (one.waiting.into_iter())
                .map(|(key, since)| WaitsSince {
                    key: key.to_string(),
                    since: since.to_string(),
                })
                .collect(),
        })
        .collect())
}

fn left_alone(survey: &Survey) -> Vec<LeftAlone> {
    (survey.left_alone().into_iter())
        .map(|(subject, until)| LeftAlone {
            asset: named(&subject),
            until: until.to_string(),
        })
        .collect()
}

fn named(subject: &Subject) -> String {
    let (asset, instrument) = (subject.asset.as_str(), subject.instrument.as_str());
    let parts = [asset, instrument, subject.venue.as_str()];
    let named: Vec<&str> = (parts.into_iter())
        .filter(|part| !part.is_empty())
        .collect();
    named.join("/")
}

async fn last_tick(survey: &Survey, store: &Store) -> Result<Option<Tick>, store::Error> {
    let tick = read::last_tick(store, survey.id()).await?;
    Ok(tick.map(|tick| Tick {
        started_at: tick.started_at.to_string(),
        ago_secs: survey.now().secs() - tick.started_at.secs(),
        took_secs: (tick.finished_at).map(|end| end.secs() - tick.started_at.secs()),
        statuses: tick.statuses.iter().map(|status| status.as_str()).collect(),
        requests: tick.requests,
        points: tick.received,
    }))
}

fn newest(survey: &Survey, rows: &[read::FreshnessRow]) -> Vec<Newest> {
    let of_source = rows.iter().filter(|row| row.source == survey.id().as_str());
    let mut rows: Vec<_> = of_source.collect();
    rows.sort_by_key(|row| row.step.max_secs());
    (rows.into_iter())
        .map(|row| Newest {
            step: row.step.as_str(),
            ts: row.newest_ts.to_string(),
            stale_secs: row.stale_secs(survey.now()),
        })
        .collect()
}
