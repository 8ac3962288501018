//! What follows a failure that stays: for the block, the asset, the dataset or the source. What a
//! plan does not reach is [`crate::reach`]'s.
//!
//! Only what an answer says about a block is written down for it. That a vendor is away says nothing
//! about its data: such a block stays open, however long the outage.

use std::sync::PoisonError;

use model::{MissingReason, Step, Ts};
use source::{Reply, ReplyError, RequestSpec, Role};
use store::{
    coverage::{Settlement, Verdict},
    facts::FactRow,
};

use crate::{
    Error,
    collector::Collector,
    pull::{Halt, Pull},
    refusals::is_refusal,
    sink::series_of_block,
    wants::Patience,
    writer,
};

/// How long to park where the vendor did not say when the quota turns.
const DEFAULT_PARK_SECS: i64 = 6 * 3_600;
/// How long an asset that the vendor does not know is left alone, in days.
const UNKNOWN_ASSET_DAYS: i64 = 7;

impl Collector {
    /// Decides what a failure that stays means. Returns the requests to make instead; `None` where the
    /// block is not read.
    pub(crate) async fn give_up(
        &self,
        pull: &Pull<'_>,
        request: &RequestSpec,
        error: ReplyError,
        reply: Option<Reply>,
    ) -> Result<Option<Vec<RequestSpec>>, Error> {
        if is_refusal(&error) {
            pull.tally.refused_once();
        }
        if let Some(halves) = self.halves(pull, request, &error, reply.as_ref()) {
            return Ok(Some(halves.into()));
        }
        let text = self.note_failure(pull, request, &error);
        match &error {
            ReplyError::Throttled { .. } | ReplyError::Transient(_) => {
                pull.passing_failure();
                return Ok(None);
            }
            _ => pull.tally.heard(),
        }
        let now = self.clock.now();
        match &error {
            ReplyError::Unauthorized(_) => self.suspend(pull, "", error.class(), &text).await?,
            ReplyError::NotEntitled(_) => {
                let dataset = pull.dataset.id.as_str();
                self.suspend(pull, dataset, error.class(), &text).await?;
            }
            ReplyError::QuotaExhausted { until, .. } => {
                self.park(pull, request, *until, &text, now).await?;
            }
            ReplyError::NotFound(_) => {
                self.mark_absent(pull, request, now).await?;
                return Ok(Some(Vec::new()));
            }
            ReplyError::OutsidePlan { reach_days, .. } => {
                let instead = self.outside_plan(pull, request, *reach_days).await?;
                return Ok((!pull.stop.is_said()).then_some(instead));
            }
            ReplyError::Malformed(_) => {
                self.keep_dead_letter(request, reply, text).await;
                self.settle_failed(pull, request).await?;
            }
            _ => self.settle_failed(pull, request).await?,
        }
        Ok(None)
    }

    /// Splits what was too much for the vendor, in its own words or in that it broke down over it time
    /// after time. A vendor that breaks down over the halves as well counts as away before long; one that
    /// refuses them as well, down to the smallest, is asked for the rest as it stands.
    fn halves(
        &self,
        pull: &Pull<'_>,
        request: &RequestSpec,
        error: &ReplyError,
        reply: Option<&Reply>,
    ) -> Option<[RequestSpec; 2]> {
        match error {
            ReplyError::TooMuch(_) if pull.refuses_all() => return None,
            ReplyError::TooMuch(_) => {}
            // What did not answer at all is away, not overloaded.
            ReplyError::Transient(_) if reply.is_some() && self.source.halves_overload() => {}
            _ => return None,
        }
        let halves = self.source.halves(request)?;
        match error {
            ReplyError::Transient(_) => pull.passing_failure(),
            _ => pull.tally.heard(),
        }
        pull.halted().is_none().then_some(halves)
    }

    /// Counts it and says it once. Returns the words, without any key.
    fn note_failure(&self, pull: &Pull<'_>, request: &RequestSpec, error: &ReplyError) -> String {
        let redactor = self.transport.redactor();
        let text = redactor.clean(&format!("{}{error}", whose(request)));
        // What suspends is told with that.
        if !matches!(
            error,
            ReplyError::Unauthorized(_) | ReplyError::NotEntitled(_)
        ) {
            tracing::warn!(
                source = %pull.source, dataset = %pull.dataset.id, error_class = error.class(),
                request = %redactor.clean(&request.path_and_query()), "{text}"
            );
        }
        pull.tally.failed(error.class(), &text);
        if is_refusal(error) {
            pull.tally.refused();
        }
        text
    }

    /// Suspends the source, or one dataset of it, until an operator resumes it.
    pub(crate) async fn suspend(
        &self,
        pull: &Pull<'_>,
        dataset: &str,
        class: &str,
        text: &str,
    ) -> Result<(), Error> {
        // First, so that what waits for its turn does not leave while this is written.
        pull.halt(Halt::Suspended);
        self.reign.check().await?;
        let now = self.clock.now();
        let suspend = || (self.store).suspend(pull.source, dataset, "", class, text, now);
        self.outage.through(suspend).await?;
        let named = match dataset {
            "" => String::new(),
            dataset => format!(" {dataset}"),
        };
        tracing::error!(
            source = %pull.source, dataset, error_class = class,
            "suspended until `crossfeed resume {}{named}`: {text}", pull.source
        );
        Ok(())
    }

    /// Leaves the source alone until the time that the vendor named, in all processes.
    async fn park(
        &self,
        pull: &Pull<'_>,
        request: &RequestSpec,
        named: Option<Ts>,
        text: &str,
        now: Ts,
    ) -> Result<(), Error> {
        let until = named
            .filter(|until| *until > now)
            .unwrap_or(now.plus_secs(DEFAULT_PARK_SECS));
        pull.halt(Halt::Parked { until });
        self.reign.check().await?;
        let park = || (self.store).park(pull.source, request.host, until, text, now);
        self.outage.through(park).await?;
        Ok(())
    }

    async fn mark_absent(
        &self,
        pull: &Pull<'_>,
        request: &RequestSpec,
        now: Ts,
    ) -> Result<(), Error> {
        let rows: Vec<_> = request
            .block
            .keys
            .iter()
            .map(|key| FactRow {
                unsupported_until: Some(now.plus_days(UNKNOWN_ASSET_DAYS)),
                known_from: pull.dataset.id.as_str().to_owned(),
                ..FactRow::unknown(key.subject())
            })
            .collect();
        self.reign.check().await?;
        let learn = || self.store.learn(pull.source, &rows, now);
        self.outage.through(learn).await?;
        self.facts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .mark_absent(&rows);
        Ok(())
    }

    /// Whether the vendor said, since this process started, that it knows none of the block's assets.
    pub(crate) fn is_absent(&self, request: &RequestSpec) -> bool {
        let now = self.clock.now();
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = &request.block.keys;
        !keys.is_empty() && keys.iter().all(|key| facts.said_absent(key, now))
    }

    /// Notes that a block was asked for in vain. A live tick's block is found by the gap filler; a
    /// snapshot of an hour is asked for at the next tick anyway, a wider one in its time.
    pub(crate) async fn settle_failed(
        &self,
        pull: &Pull<'_>,
        request: &RequestSpec,
    ) -> Result<(), Error> {
        match pull.dataset.role {
            Role::Series => {}
            Role::Snapshot if pull.dataset.step != Step::Hour => {}
            _ => return Ok(()),
        }
        let verdict = Verdict::Missing {
            reason: MissingReason::Failed,
            recheck_after_secs: Some(pull.dataset.recheck_secs),
        };
        let wanted = series_of_block(&request.block, &self.index());
        let open = self
            .planner()
            .open(&wanted, Patience::RetryFailed, self.clock.now())
            .await?;
        let mut batch = writer::batch(pull.id, pull.mode, self.reign.epoch());
        for (series, spans) in open {
            let ranges = spans.iter();
            batch.settlements.extend(ranges.map(|range| Settlement {
                series,
                range,
                verdict,
            }));
        }
        self.writer.write(batch).await.map(|_| ())
    }

    async fn keep_dead_letter(&self, request: &RequestSpec, reply: Option<Reply>, why: String) {
        let (Some(letters), Some(reply)) = (self.dead_letters.clone(), reply) else {
            return;
        };
        let (source, redactor) = (request.source, self.transport.redactor().clone());
        let request = request.clone();
        let kept =
            tokio::task::spawn_blocking(move || letters.keep(&request, &reply, &why, &redactor))
                .await
                .unwrap_or_else(|error| Err(std::io::Error::other(error)));
        match kept {
            Ok(path) => tracing::warn!(%source, file = %path.display(), "answer kept"),
            Err(error) => tracing::warn!(%source, %error, "answer could not be kept"),
        }
    }
}

/// Names the few keys of a request, so that whoever reads the failure knows whose it is.
fn whose(request: &RequestSpec) -> String {
    const FEW: usize = 3;
    match request.block.keys.as_slice() {
        [] => String::new(),
        keys if keys.len() > FEW => format!("{} keys: ", keys.len()),
        keys => {
            let names: Vec<String> = keys.iter().map(ToString::to_string).collect();
            format!("{}: ", names.join(", "))
        }
    }
}
