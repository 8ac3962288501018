//! A vendor as the rest of the house sees it: a planner and a parser, both pure.
//!
//! Nothing here does IO, knows the time, holds a key or touches the database. "Now" comes in with
//! the [`Ask`]; the executor in `ingest` sends what [`Source::plan`] asks for, adds the key, and
//! hands the answer back to [`Source::check`] and [`Source::parse`].
//!
//! All time in this crate and in the source crates is the vendor's **label** time. Only the
//! collector moves labels to bucket starts ([`model::Stamp`]).

mod ask;
mod block;
pub mod config;
pub mod conformance;
mod kept;
pub mod lenient;
mod outcome;
mod plan_name;
pub mod recognise;
mod record;
mod reply;
mod request;
mod retry_after;
mod snapshot;
mod spec;

pub use ask::{Ask, Plan, PlanError, Want};
pub use block::{Block, cut_newest_first, pack_newest_first};
pub use kept::Kept;
pub use outcome::{Fact, Listing, Outcome, Parsed, QuotaUsed, Reject, Sink, Slot};
pub use plan_name::{UnknownPlan, plan_named};
pub use record::{Record, RecordedPoint, refuse_point};
pub use reply::{Reply, ReplyError, check_status};
pub use request::{Cost, RequestSpec, sorted_query, split_path_and_query};
pub use retry_after::{LONGEST_WAIT, retry_after, wait_until};
pub use snapshot::{SNAPSHOT_TOLERANCE_SECS, is_late_snapshot, snapshot_label};
pub use spec::{
    Absence, Auth, Calendar, DatasetSpec, History, Host, HostId, Limit, Live, Reread, Role, Unit,
    Window,
};

use model::{DatasetId, Key, SeriesKey, SeriesSpec, SourceId, Stamp, Ts};

/// One vendor.
pub trait Source: Send + Sync + std::fmt::Debug {
    /// Returns the vendor's name.
    fn id(&self) -> SourceId;

    /// Returns what the vendor serves on the configured plan. Order is the order of work: a dataset
    /// whose answers teach facts (first available) stands before those that profit.
    fn datasets(&self) -> &[DatasetSpec];

    /// Returns where requests go and how the key is added there.
    fn hosts(&self) -> &[Host];

    /// Returns what the vendor enforces on the configured plan.
    fn limits(&self) -> &[Limit];

    /// Returns for how long after the wait that a 429 asked for the vendor is asked at half pace, in
    /// seconds, by all processes; zero where it is asked at full pace at once.
    fn half_pace_secs(&self) -> u32 {
        0
    }

    /// Returns how many requests one process may have in flight.
    fn concurrency(&self) -> usize;

    /// Returns how long after the beginning of its stretch ([`Self::tick_every_secs`]), by default the
    /// full hour, a live tick finds fresh values, in seconds.
    fn tick_offset_secs(&self) -> i64 {
        180
    }

    /// Returns how often there is a live tick, in seconds: once in each such stretch of UTC time. A
    /// whole number of hours, a day at most.
    fn tick_every_secs(&self) -> i64 {
        3_600
    }

    /// Returns how much later than that a tick may start, in seconds: so that not every installation
    /// asks in the same second.
    fn tick_jitter_secs(&self) -> i64 {
        60
    }

    /// Reads the source's CSV into the series it asks for. `file` is for messages only.
    ///
    /// # Errors
    /// Every problem of the file at once.
    fn read_config(&self, file: &str, csv: &[u8]) -> Result<Vec<SeriesSpec>, config::Problems>;

    /// Returns what looks wrong in the CSV that [`Self::read_config`] read last without a problem, and may
    /// be right: told, and taken as it is.
    fn config_warnings(&self) -> Vec<config::Problem> {
        Vec::new()
    }

    /// Whether a configured series names no product and stands for all that the catalogues list for
    /// it. Such a series has no points of its own.
    fn is_selector(&self, series: &SeriesKey) -> bool {
        let _ = series;
        false
    }

    /// Returns the series that a selector stands for, from what the catalogues have ever listed.
    fn select(&self, selector: &SeriesSpec, listed: &[Listing]) -> Vec<SeriesSpec> {
        let _ = (selector, listed);
        Vec::new()
    }

    /// Returns the catalogue that lists the key if the vendor has it; `None` where no catalogue says.
    fn catalogue_of(&self, key: &Key) -> Option<DatasetId> {
        // What begins with `_` is a name of ours.
        let is_ours = key.asset.as_str().starts_with('_');
        let catalogue = |dataset: &&DatasetSpec| dataset.role == Role::Catalogue;
        let first = self.datasets().iter().find(catalogue)?;
        (!is_ours).then_some(first.id)
    }

    /// Returns the lasting id of the asset that the configuration means by a key; `None` where it says
    /// none, or where the key itself is all there is. A catalogue has it among the links of an entry,
    /// under the vendor's own name; a key that is the name of no entry is found by these.
    fn lasting_id(&self, key: &Key) -> Option<String> {
        let _ = key;
        None
    }

    /// Returns what a label of this series names.
    fn stamp(&self, series: &SeriesKey) -> Stamp;

    /// Whether the dataset holds this series.
    fn serves(&self, dataset: DatasetId, series: &SeriesKey) -> bool;

    /// Returns the oldest label that the plan gives; `None` where there is no such bound.
    fn horizon(&self, dataset: DatasetId, now: Ts) -> Option<Ts>;

    /// Cuts the ask into requests, newest first. Lazy; equal asks give equal plans.
    ///
    /// # Errors
    /// [`PlanError`] where the ask names what this source does not have.
    fn plan<'a>(&'a self, ask: &'a Ask) -> Result<Plan<'a>, PlanError>;

    /// Rebuilds the request behind a path and query, for looking at an answer from outside. Keys
    /// that the request does not name are taken from `keys`; with none, the block is open and takes
    /// every key that the body holds.
    ///
    /// # Errors
    /// [`PlanError`] where no dataset has such a path, or the dataset named has another one.
    fn recognise(
        &self,
        dataset: Option<DatasetId>,
        path_and_query: &str,
        keys: &[String],
    ) -> Result<RequestSpec, PlanError>;

    /// Sorts an answer: data, or which kind of failure. A 200 can be a failure.
    ///
    /// # Errors
    /// [`ReplyError`], by what the executor does next.
    fn check(&self, request: &RequestSpec, reply: &Reply) -> Result<(), ReplyError> {
        let _ = request;
        check_status(reply)
    }

    /// Returns the same request at another path, to be tried once where the vendor answers 404 at this
    /// one: some of its paths are moving. `None` where there is no other.
    fn elsewhere(&self, request: &RequestSpec) -> Option<RequestSpec> {
        let _ = request;
        None
    }

    /// Notes that a request of [`Self::elsewhere`] was answered: from now on plans ask there.
    fn found_elsewhere(&self, request: &RequestSpec) {
        let _ = request;
    }

    /// Splits a request that was too much for the vendor ([`ReplyError::TooMuch`]); `None` where it
    /// cannot be split.
    fn halves(&self, request: &RequestSpec) -> Option<[RequestSpec; 2]> {
        let _ = request;
        None
    }

    /// Whether a request is split as well where the vendor answers it with [`ReplyError::Transient`]
    /// time after time: its way to say that it is too much.
    fn halves_overload(&self) -> bool {
        false
    }

    /// Reads a checked answer: points, listings and, per (key, metric), what the answer settles.
    ///
    /// # Errors
    /// [`ReplyError::Malformed`] or [`ReplyError::Transient`] where the body is not what the
    /// contract says.
    fn parse(
        &self,
        request: &RequestSpec,
        reply: &Reply,
        out: &mut dyn Sink,
    ) -> Result<Parsed, ReplyError>;

    /// Returns the dataset's description.
    fn dataset(&self, id: DatasetId) -> Option<&DatasetSpec> {
        self.datasets().iter().find(|dataset| dataset.id == id)
    }

    /// Returns the description of a dataset that is asked for.
    ///
    /// # Errors
    /// [`PlanError::UnknownDataset`], which tells what there is.
    fn known_dataset(&self, id: DatasetId) -> Result<&DatasetSpec, PlanError> {
        self.dataset(id)
            .ok_or_else(|| PlanError::unknown_dataset(self.id(), self.datasets(), id))
    }
}
