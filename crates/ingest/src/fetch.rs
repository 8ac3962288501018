//! One request: send, check, parse, write. Whether it is asked at all is [`crate::block`]'s, and what
//! follows a failure [`crate::failure`]'s.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use model::{Subject, Ts};
use source::{DatasetSpec, Parsed, QuotaUsed, Reply, ReplyError, RequestSpec, Role};
use store::{coverage::Settlement, facts::FactRow, series::SeriesId, write::Point};

use crate::{
    Error,
    attempt::{Attempt, Stopped, Time},
    collector::Collector,
    index::{Facts, SeriesIndex, fact_rows},
    pull::{Halt, Pull},
    sink::{BlockSink, Judge, series_of_block},
    telemetry::{self, Wait},
    told::{Asked, Read, Told},
    transport::{Answer, SendError, retried_by_transport},
    writer,
};

const MAX_THROTTLED: u32 = 8;
const MAX_TRANSIENT: u32 = 3;
/// How long to wait where the vendor said "too much" and nothing else.
const DEFAULT_THROTTLE: Duration = Duration::from_secs(60);
/// `Retry-After: 0` is not believed.
const SHORTEST_THROTTLE: Duration = Duration::from_secs(1);

/// What a checked and parsed answer holds.
#[derive(Debug, Default)]
pub(crate) struct ParsedBlock {
    points: Vec<Point>,
    settlements: Vec<Settlement>,
    pub(crate) rejected: u64,
    reject_kinds: Vec<(&'static str, u64)>,
    unasked: u64,
    pub(crate) listings: Vec<source::Listing>,
    facts: Vec<FactRow>,
    /// Assets that were thought unknown to the vendor, and are not.
    heard_of: Vec<Subject>,
    /// What the vendor counted of a quota.
    used: Option<QuotaUsed>,
}

/// Why a request brought nothing.
#[derive(Debug)]
pub(crate) enum Failed {
    Reply(ReplyError, Option<Reply>),
    Halted(Halt),
    /// Not worth another try of ours.
    Final(ReplyError),
    /// Something of ours, not the vendor's.
    Broken(Error),
}

/// Whether a 404 may be the path's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    MayHaveMoved,
    Stands,
}

impl Collector {
    /// Sends until there is an answer, or until it makes no more sense. Where the vendor has another path
    /// for it, a 404 is a reason to try that one.
    pub(crate) async fn fetch(
        &self,
        pull: &Pull<'_>,
        request: &RequestSpec,
    ) -> Result<ParsedBlock, Failed> {
        let Some(elsewhere) = self.source.elsewhere(request) else {
            return self.fetch_at(pull, request, Path::Stands).await;
        };
        let fetched = self.fetch_at(pull, request, Path::MayHaveMoved).await;
        if !matches!(&fetched, Err(Failed::Reply(_, reply)) if is_not_there(reply.as_ref())) {
            return fetched;
        }
        let found = self.fetch_at(pull, &elsewhere, Path::Stands).await;
        if found.is_ok() {
            let path = self.transport.redactor().clean(&elsewhere.path);
            tracing::info!(
                source = %pull.source, dataset = %pull.dataset.id, path,
                "answered at another path, which is asked from now on"
            );
            self.source.found_elsewhere(&elsewhere);
        }
        found
    }

    async fn fetch_at(
        &self,
        pull: &Pull<'_>,
        request: &RequestSpec,
        path: Path,
    ) -> Result<ParsedBlock, Failed> {
        let of = (pull.dataset.id, pull.kind, pull.id);
        let asked = Asked::new(request, of, self.transport.redactor());
        let told = Arc::new(Told::new(asked));
        let (mut throttled, mut transient) = (0, 0);
        loop {
            let (error, reply) = match self.try_once(pull, request, &told).await {
                Err(Failed::Reply(error, reply)) => (error, reply),
                other => return other,
            };
            let (reason, wait) = match &error {
                _ if path == Path::MayHaveMoved && is_not_there(reply.as_ref()) => {
                    return Err(Failed::Reply(error, reply));
                }
                ReplyError::Throttled { retry_after, .. } if throttled < MAX_THROTTLED => {
                    throttled += 1;
                    let wait = retry_after
                        .unwrap_or(DEFAULT_THROTTLE)
                        .max(SHORTEST_THROTTLE);
                    self.hold_host(request, wait).await;
                    (Wait::Throttled, wait)
                }
                ReplyError::Transient(_)
                    if transient < MAX_TRANSIENT && !had_its_tries(reply.as_ref()) =>
                {
                    transient += 1;
                    (Wait::Backoff, backoff(transient, request))
                }
                _ => return Err(Failed::Reply(error, reply)),
            };
            tracing::debug!(
                source = %pull.source, dataset = %pull.dataset.id, error_class = error.class(),
                wait_ms = wait.as_millis(), "asking again"
            );
            if pull.stop.or(self.clock.sleep(wait)).await.is_none() {
                return Err(Failed::Halted(Halt::Stopping));
            }
            telemetry::waited(pull.source, reason, wait);
            telemetry::repeated(pull.source);
        }
    }

    async fn hold_host(&self, request: &RequestSpec, wait: Duration) {
        let (source, host) = (request.source, request.host);
        let held = self.outage.through(|| async {
            match self.time {
                Time::Real => self.store.hold(source, host, wait).await,
                Time::Simulated => {
                    let now = self.clock.now();
                    self.store.hold_at(source, host, wait, now).await
                }
            }
        });
        if let Err(error) = held.await {
            tracing::warn!(%source, %error, "other processes could not be told to wait");
        }
    }

    async fn try_once(
        &self,
        pull: &Pull<'_>,
        request: &RequestSpec,
        told: &Arc<Told>,
    ) -> Result<ParsedBlock, Failed> {
        let answer = match self.send(pull, request, told).await {
            Ok(answer) => answer,
            Err(failed) => {
                if let Failed::Reply(error, _) | Failed::Final(error) = &failed {
                    told.read(told.so_far(), Read::nothing(error.class()));
                }
                return Err(failed);
            }
        };
        let took = told.so_far();
        let reply = &answer.reply;
        let bytes = u64::try_from(reply.body.len()).unwrap_or(u64::MAX);
        self.progress.body(bytes);
        telemetry::body(pull.source, bytes);
        pull.tally.bytes(reply.body.len());
        let result = self.read_reply(pull, request, reply).await;
        let parsed = result.as_ref();
        told.read(
            took,
            Read {
                outcome: parsed.err().map_or(telemetry::OK, ReplyError::class),
                bytes: reply.body.len(),
                points: parsed.map_or(0, |parsed| parsed.points.len()),
                unasked: parsed.map_or(0, |parsed| parsed.unasked),
            },
        );
        result.map_err(|error| Failed::Reply(error, Some(answer.reply)))
    }

    async fn send(
        &self,
        pull: &Pull<'_>,
        request: &RequestSpec,
        told: &Arc<Told>,
    ) -> Result<Answer, Failed> {
        let _places = self
            .places(pull)
            .await
            .ok_or(Failed::Halted(Halt::Stopping))?;
        let attempt = Arc::new(Attempt::new(
            request.host,
            request.cost.credits,
            Some(pull.id),
            pull.kind,
            pull.stop.clone(),
            [pull.tally.sent(), self.progress.sent()],
            Arc::clone(told),
        ));
        let sent = tokio::select! {
            sent = self.transport.send(request, attempt, pull.dataset.max_body_bytes) => sent,
            () = self.stop.out_of_grace() => return Err(Failed::Halted(Halt::Stopping)),
        };
        sent.map_err(|error| match error {
            SendError::Stopped(Stopped::Stopping) => Failed::Halted(Halt::Stopping),
            SendError::Stopped(Stopped::Spent { span, until }) => {
                tracing::warn!(source = %pull.source, span, %until, "parked: our budget is spent");
                Failed::Halted(Halt::Parked { until })
            }
            SendError::Stopped(Stopped::Parked { until }) => {
                tracing::warn!(source = %pull.source, %until, "parked: the vendor's quota is spent");
                Failed::Halted(Halt::Parked { until })
            }
            SendError::Stopped(Stopped::LedgerAway(error)) => Failed::Broken(error.into()),
            SendError::GaveUp(why) => Failed::Final(ReplyError::Transient(why)),
            SendError::BrokeOff(_) => Failed::Reply(ReplyError::Transient(error.to_string()), None),
            SendError::TooLarge(_) => Failed::Final(ReplyError::Malformed(error.to_string())),
        })
    }

    /// Checks and parses off the async threads. Bodies are capped, and so are the requests in flight.
    async fn read_reply(
        &self,
        pull: &Pull<'_>,
        request: &RequestSpec,
        reply: &Reply,
    ) -> Result<ParsedBlock, ReplyError> {
        let (source, index, facts) = (
            Arc::clone(&self.source),
            self.index(),
            Arc::clone(&self.facts),
        );
        let (request, reply, dataset) = (request.clone(), reply.clone(), *pull.dataset);
        let work = tokio::task::spawn_blocking(move || {
            // One that could be followed has been; no vendor's answer is a redirect.
            if reply.status.is_redirection() {
                let what = format!("status {}, a redirect elsewhere", reply.status.as_u16());
                return Err(ReplyError::Rejected(what));
            }
            source.check(&request, &reply)?;
            let mut sink = BlockSink::new(&request.block, &index, dataset.role, reply.received_at);
            let parsed = source.parse(&request, &reply, &mut sink)?;
            let mut facts = facts.lock().unwrap_or_else(PoisonError::into_inner);
            let now = reply.received_at;
            Ok(judged(sink, &parsed, &dataset, &index, &mut facts, now))
        });
        // What a panic says may hold parts of the body.
        work.await.unwrap_or_else(|_| {
            let what = "the parser broke down over it";
            Err(ReplyError::Malformed(what.to_owned()))
        })
    }

    /// Writes down what an answer taught of its assets.
    async fn remember(&self, pull: &Pull<'_>, parsed: &ParsedBlock) -> Result<(), Error> {
        if parsed.heard_of.is_empty() && parsed.facts.is_empty() {
            return Ok(());
        }
        self.reign.check().await?;
        if !parsed.heard_of.is_empty() {
            let forget = || (self.store).forget_unsupported(pull.source, &parsed.heard_of);
            self.outage.through(forget).await?;
        }
        if !parsed.facts.is_empty() {
            let now = self.clock.now();
            let learn = || self.store.learn(pull.source, &parsed.facts, now);
            let known = self.outage.through(learn).await?;
            let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
            facts.take_over(known);
        }
        Ok(())
    }

    pub(crate) async fn take_in(&self, pull: &Pull<'_>, parsed: ParsedBlock) -> Result<(), Error> {
        self.remember(pull, &parsed).await?;
        for (why, count) in &parsed.reject_kinds {
            tracing::warn!(source = %pull.source, dataset = %pull.dataset.id, reason = why, count, "values refused");
        }
        if let Some(used) = parsed.used {
            self.note_used(used).await?;
        }
        let is_catalogue = pull.dataset.role == Role::Catalogue;
        let has_points = matches!(pull.dataset.role, Role::Snapshot | Role::Series);
        let rejected = parsed.rejected;
        let read = pull.read_in(&parsed.settlements);
        let mut batch = writer::batch(pull.id, pull.mode, self.reign.epoch());
        batch.rejected = rejected;
        if is_catalogue {
            self.take_in_listings(pull, parsed).await?;
        } else if has_points {
            batch.points = parsed.points;
            batch.settlements = parsed.settlements;
        }
        if has_points || rejected > 0 {
            let report = self.writer.write(batch).await?;
            self.progress.wrote(report.received, report.inserted);
            telemetry::wrote(pull.source, &report, rejected);
            pull.wrote(&report);
            pull.tally.rejected(rejected);
            // Not before it is committed.
            pull.note_read(read);
        }
        // A catalogue is good where it was believed, which its taking in says.
        if !is_catalogue {
            pull.tally.good();
        }
        Ok(())
    }
}

/// Turns what the parser said into what is written.
fn judged(
    sink: BlockSink<'_>,
    parsed: &Parsed,
    dataset: &DatasetSpec,
    index: &SeriesIndex,
    facts: &mut Facts,
    now: Ts,
) -> ParsedBlock {
    let shift_secs = series_of_block(sink.block(), index)
        .first()
        .and_then(|(id, _)| index.get(*id))
        .map_or(0, |row| row.label_shift_secs);
    let known_from = match dataset.role {
        Role::Catalogue => format!("catalogue:{}", dataset.id),
        _ => dataset.id.to_string(),
    };
    let mut learnt = fact_rows(&parsed.facts, shift_secs, &known_from);
    learnt.extend(older_than_known(&sink.points, index, facts));
    let judge = Judge {
        facts,
        dataset,
        now,
    };
    ParsedBlock {
        settlements: sink.settlements(&judge),
        rejected: sink.rejected(),
        unasked: sink.unasked,
        heard_of: facts.heard_of(sink.answered().into_iter()),
        reject_kinds: sink.rejects.into_iter().collect(),
        points: sink.points,
        listings: sink.listings,
        facts: learnt,
        used: parsed.used,
    }
}

/// Corrects what was taught of the beginning of assets that have older points after all. Who taught
/// it stays: a point says nothing of the time before it.
fn older_than_known(points: &[Point], index: &SeriesIndex, facts: &Facts) -> Vec<FactRow> {
    let mut oldest: HashMap<SeriesId, Ts> = HashMap::new();
    for point in points {
        let ts = oldest.entry(point.series).or_insert(point.ts);
        *ts = point.ts.min(*ts);
    }
    let corrected = oldest.into_iter().filter_map(|(series, ts)| {
        let known = facts.of(&index.get(series)?.series.key)?;
        let wrong = known.first_available.is_some_and(|first| ts < first);
        wrong.then(|| FactRow {
            first_available: Some(ts),
            ..known.clone()
        })
    });
    corrected.collect()
}

fn is_not_there(reply: Option<&Reply>) -> bool {
    reply.is_some_and(|reply| reply.status == http::StatusCode::NOT_FOUND)
}

fn had_its_tries(reply: Option<&Reply>) -> bool {
    reply.is_some_and(|reply| retried_by_transport(reply.status))
}

/// 1, 2, 4 … seconds, and up to half a second by the request, so that a burst does not come back as one.
fn backoff(tries: u32, request: &RequestSpec) -> Duration {
    let jitter_ms = (request.claim_key().unsigned_abs() ^ u64::from(tries)) % 500;
    Duration::from_secs(1 << tries.saturating_sub(1).min(5)) + Duration::from_millis(jitter_ms)
}
