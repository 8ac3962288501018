//! What a parser says: points, and what the answer settles.

use model::{AssetId, Key, MetricName, Step, Subject, TimeRange, Ts};

use crate::{HostId, Unit, Window};

/// A handle to one (key, metric, step) of a block, given out by the [`Sink`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u32);

/// What an answer says of one (key, metric). A pair without an outcome is never settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer vouches for these labels: points where there are points.
    Answered(TimeRange),
    /// The answer vouches that it has nothing for these labels.
    Empty(TimeRange),
    /// The answer shows that the exchange was closed on these labels: there is no value, and nothing to
    /// ask.
    Closed(TimeRange),
    /// The key is missing from a good answer that should name it.
    Absent,
    /// The vendor does not have this pair, today. Asked again every week, never settled.
    Unsupported,
    /// The plan does not reach these labels.
    OutsidePlan(TimeRange),
    /// Something there could not be read.
    Failed,
}

/// A value that was not taken, and why. Counted and shown, never stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Whose value.
    pub asset: AssetId,
    /// Which metric, where known.
    pub metric: Option<MetricName>,
    /// The label, where it could be read.
    pub label: Option<Ts>,
    /// Why, a short fixed text: it becomes a counter's name.
    pub why: &'static str,
}

/// An entry of a vendor's catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// What is listed.
    pub subject: Subject,
    /// Its ticker, as the vendor writes it.
    pub symbol: Option<String>,
    /// Its name. Untrusted text.
    pub name: Option<String>,
    /// Ids of the same thing elsewhere: `(namespace, id)`, e.g. `(ethereum, 0xa0b8…)`.
    pub links: Vec<(String, String)>,
    /// Whether the vendor lists it now.
    pub active: bool,
}

/// What an answer teaches about a key for later plans, in label time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The vendor has nothing before this label.
    FirstAvailable {
        /// Whose.
        key: Key,
        /// The first label there is.
        label: Ts,
    },
    /// The vendor has nothing from this label on.
    EndedAt {
        /// Whose.
        key: Key,
        /// The first label there is not.
        label: Ts,
    },
}

/// What a parse yields beside what went into the sink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Facts for later plans.
    pub facts: Vec<Fact>,
    /// What the vendor counted, where the answer says so.
    pub used: Option<QuotaUsed>,
}

/// What the vendor itself counted of a quota. Where it is more than our own count, it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaUsed {
    /// On which host.
    pub host: HostId,
    /// What is counted.
    pub unit: Unit,
    /// In which window; the answer speaks of the one it was given in.
    pub window: Window,
    /// How many are used.
    pub used: u64,
    /// How many there are, where the vendor says so.
    pub limit: Option<u64>,
}

/// Where a parser puts what it reads. The sink clips points to the block and refuses what is not
/// finite, not yet due or older than 1900, so that no parser has to.
pub trait Sink {
    /// Returns the handle of a pair; `None` where nobody asked for it (counted by the sink).
    fn slot(&mut self, key: &Key, metric: &str, step: Step) -> Option<Slot>;

    /// Takes a point by its vendor label.
    fn point(&mut self, slot: Slot, label: Ts, value: f64);

    /// Takes what the answer settles for a pair.
    fn outcome(&mut self, slot: Slot, outcome: Outcome);

    /// Takes a value that is not stored.
    fn reject(&mut self, reject: Reject);

    /// Takes an entry of a catalogue.
    fn listing(&mut self, listing: Listing);
}
