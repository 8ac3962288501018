//! What `crossfeed status` tells: the same in text and JSON. Times are RFC 3339, UTC.

use serde::Serialize;

use crate::verbs::quota::QuotaReport;

/// How everything stands.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) now: String,
    pub(super) database: String,
    /// `simulated` or `live`; none before anything was collected.
    pub(super) world: Option<String>,
    /// Who leads, or led last.
    pub(super) leader: Option<Leader>,
    pub(super) sources: Vec<SourceReport>,
    pub(super) waits_for_a_hand: Vec<Hand>,
    pub(super) refused_ticks: Vec<Refused>,
    /// Answers that made no sense and are kept on this machine.
    pub(super) dead_letters: usize,
    pub(super) dead_letters_in: String,
}

/// Who runs the schedule.
#[derive(Debug, Serialize)]
pub(super) struct Leader {
    pub(super) epoch: i64,
    pub(super) instance: String,
    pub(super) since: String,
    /// Whether it still does.
    pub(super) alive: bool,
}

/// How a source stands.
#[derive(Debug, Serialize)]
pub(super) struct SourceReport {
    pub(super) source: &'static str,
    /// `collecting`, `suspended`, `suspended in part`, `degraded`, `parked`, `not led` (it would be
    /// collected if any `ingestd` ran), `not set up` or `wrong`.
    pub(super) state: &'static str,
    pub(super) since: Option<String>,
    pub(super) until: Option<String>,
    pub(super) why: String,
    pub(super) details: Option<Details>,
}

/// What there is to tell of a source that is set up.
#[derive(Debug, Serialize)]
pub(super) struct Details {
    pub(super) series_on: usize,
    pub(super) series_off: usize,
    /// The newest tick that had anything to ask.
    pub(super) last_tick: Option<Tick>,
    pub(super) next_tick: String,
    /// The newest value, by step.
    pub(super) newest: Vec<Newest>,
    pub(super) open_buckets: u64,
    pub(super) open_series: usize,
    pub(super) quotas: Vec<QuotaReport>,
    pub(super) outside_plan: Vec<Outside>,
    pub(super) not_fresh: Vec<NotFreshReport>,
    /// What the vendor said not to know, and until when it is left alone.
    pub(super) left_alone: Vec<LeftAlone>,
    /// Pairs of an asset and a metric that the vendor does not have.
    pub(super) unsupported_series: usize,
    /// Ranges that wait to be read again.
    pub(super) rereads_waiting: i64,
    pub(super) rereads_since: Option<String>,
}

/// A tick.
#[derive(Debug, Serialize)]
pub(super) struct Tick {
    pub(super) started_at: String,
    pub(super) ago_secs: i64,
    /// How long it took; none while it runs.
    pub(super) took_secs: Option<i64>,
    /// How its pulls ended, each once.
    pub(super) statuses: Vec<&'static str>,
    pub(super) requests: i64,
    pub(super) points: i64,
}

/// The newest value of a step.
#[derive(Debug, Serialize)]
pub(super) struct Newest {
    pub(super) step: &'static str,
    /// Start of its bucket.
    pub(super) ts: String,
    /// How long ago that closed.
    pub(super) stale_secs: i64,
}

/// What today's plan does not give of what is wanted.
#[derive(Debug, Serialize)]
pub(super) struct Outside {
    /// Empty where the plan has no dataset for these series at all.
    pub(super) dataset: &'static str,
    pub(super) series: u64,
    pub(super) buckets: u64,
    /// What lies before this is outside.
    pub(super) before: String,
}

/// Who waits for the present.
#[derive(Debug, Serialize)]
pub(super) struct NotFreshReport {
    pub(super) dataset: &'static str,
    pub(super) wanted: usize,
    /// Who waits longest comes first.
    pub(super) waiting: Vec<WaitsSince>,
}

/// Somebody who waits.
#[derive(Debug, Serialize)]
pub(super) struct WaitsSince {
    pub(super) key: String,
    pub(super) since: String,
}

/// An asset that is left alone.
#[derive(Debug, Serialize)]
pub(super) struct LeftAlone {
    pub(super) asset: String,
    pub(super) until: String,
}

/// What waits for an operator.
#[derive(Debug, Serialize)]
pub(super) struct Hand {
    /// `coingecko`, `coingecko markets`.
    pub(super) what: String,
    /// Class of the answer that led here, `operator`, `configuration`, or `ended`.
    pub(super) class: String,
    pub(super) since: Option<String>,
    pub(super) why: String,
    /// What to type once the cause is mended.
    pub(super) command: String,
}

/// Live ticks in a row that brought nothing but refusals.
#[derive(Debug, Serialize)]
pub(super) struct Refused {
    pub(super) source: String,
    pub(super) dataset: String,
    pub(super) ticks: i32,
    /// So many suspend the dataset.
    pub(super) of: i32,
    pub(super) since: String,
}
