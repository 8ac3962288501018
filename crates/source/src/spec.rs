//! What a vendor serves, where, and within which limits.

use model::{DatasetId, Step};

/// One kind of answer of a vendor and what "complete" means for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatasetSpec {
    /// Its name.
    pub id: DatasetId,
    /// What it is for.
    pub role: Role,
    /// The width of its buckets.
    pub step: Step,
    /// How often new data come, in seconds: how often a live tick or a refresh makes sense.
    pub cadence_secs: i64,
    /// How long after the end of a bucket its value is there, in seconds.
    pub lag_secs: i64,
    /// How far back values may still move, in seconds. Who reads them again is said by `whole`,
    /// `live` or `rereads`.
    pub provisional_secs: i64,
    /// When there are buckets at all.
    pub calendar: Calendar,
    /// How much of the past it serves.
    pub history: History,
    /// What a key's absence from a good answer means.
    pub absence: Absence,
    /// Seconds after which an answer "nothing there" inside a series' life is asked again; doubles.
    pub recheck_secs: i64,
    /// For how long after its end a bucket without a value is still expected, in seconds: it is asked
    /// for once a cadence, and none of that makes it silent. Zero: what ended less than six buckets ago
    /// may be late, and is asked for less and less often. For what is published weeks after its end,
    /// on a day that nobody names beforehand.
    pub late_secs: i64,
    /// What a live tick asks of a series dataset.
    pub live: Live,
    /// Whether every answer brings the whole history of its keys. It is compared whole then, and the
    /// gap filler, which asks once a cadence, takes what differs: no other re-read is needed.
    pub whole: bool,
    /// The passes that read old values again.
    pub rereads: &'static [Reread],
    /// The widest stretch of labels of one key that one request brings, in seconds: holes of a key
    /// within such a stretch are worth one want ([`crate::pack_newest_first`]). Zero where joining
    /// them gains nothing.
    pub joins_secs: i64,
    /// The largest body that is read, in bytes.
    pub max_body_bytes: usize,
    /// The request paths it uses, as the contract writes them (`/coins/{id}/market_chart/range`).
    pub paths: &'static [&'static str],
}

impl DatasetSpec {
    /// Returns what a dataset is unless its source says otherwise: a catalogue, read once a day, of 16
    /// MiB at most. The paths are left to say, and of a series nearly all.
    pub const fn catalogue(id: DatasetId) -> Self {
        const DAY_SECS: i64 = 86_400;
        Self {
            id,
            role: Role::Catalogue,
            step: Step::Day,
            cadence_secs: DAY_SECS,
            lag_secs: 0,
            provisional_secs: 0,
            calendar: Calendar::Always,
            history: History::None,
            absence: Absence::Unknown,
            recheck_secs: DAY_SECS,
            late_secs: 0,
            live: Live::No,
            whole: false,
            rereads: &[],
            joins_secs: 0,
            max_body_bytes: 16 << 20,
            paths: &[],
        }
    }
}

/// What a dataset is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// What the vendor has: ids and names, no series.
    Catalogue,
    /// What the vendor counts of the key's use ([`crate::QuotaUsed`]), no series.
    Account,
    /// The live tick's answer: values of this moment, stamped with the hour they were taken in.
    Snapshot,
    /// Values by time.
    Series,
}

/// What a live tick asks of a series dataset. Of a snapshot wider than an hour it asks what the bucket
/// of now still lacks, of one of an hour everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Live {
    /// Nothing: the gap filler asks, with less of the quota.
    No,
    /// What is published of the last seconds, settled or not.
    Newest {
        /// How far back, in seconds.
        secs: i64,
    },
    /// What is published of the last seconds, of the series that have anything open and due there. For
    /// what comes less often than ticks do, in answers that bring so much at any rate.
    Open {
        /// How far back, in seconds.
        secs: i64,
    },
}

impl Live {
    /// Returns how far back a tick reads again, in seconds; zero where it does not ask.
    pub const fn secs(self) -> i64 {
        match self {
            Self::No => 0,
            Self::Newest { secs } | Self::Open { secs } => secs,
        }
    }
}

/// When a series has buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Calendar {
    /// Always.
    Always,
    /// When its exchange was open. By rule it is not on Saturday and Sunday: a weekend by itself is
    /// not asked for, and one without values is closed, not missing. Values that come are stored.
    Exchange,
    /// Events: no bucket is expected. Time is asked for once, in whole cadences; that nothing came of it
    /// is final.
    None,
}

/// How much of the past a dataset serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum History {
    /// All.
    Full,
    /// As far as the plan reaches ([`crate::Source::horizon`]).
    PlanLimited,
    /// Only the present: a missed moment cannot be filled by anybody.
    None,
}

/// What a key's absence from a good answer means: one of which the parser said nothing, neither a
/// point nor an outcome. Where an answer may have been cut, the parser says [`crate::Outcome::Absent`]
/// of the keys that it may have held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Absence {
    /// Nothing is known: ask again.
    Unknown,
    /// The vendor has nothing of it in the block's labels.
    Empty,
}

/// A pass that reads old values again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reread {
    /// How far back, in days.
    pub window_days: i64,
    /// How often, in days.
    pub every_days: i64,
}

/// Names a host of a vendor.
pub type HostId = &'static str;

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name within the source.
    pub id: HostId,
    /// The base address without a slash at its end.
    pub base_url: String,
    /// How the key is added.
    pub auth: Auth,
}

/// How the key is added to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Not at all.
    None,
    /// As a header of this name.
    Header(&'static str),
    /// As a query parameter of this name.
    Query(&'static str),
    /// As the first segment of the path.
    PathSegment,
    /// As the last segment of the path.
    LastPathSegment,
    /// HTTP Basic with this user; the key is the password.
    Basic(&'static str),
}

/// What a vendor enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// For which host; limits of one account over several hosts repeat.
    pub host: HostId,
    /// What is counted.
    pub unit: Unit,
    /// At most so many.
    pub amount: u32,
    /// In this window.
    pub window: Window,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Every request, failed ones included.
    Requests,
    /// What the vendor charges ([`crate::Cost`]).
    Credits,
}

impl Unit {
    /// Returns the spelling used in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Credits => "credits",
        }
    }
}

/// The window of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// Any stretch of so many seconds, at most an hour: kept by the pace.
    RollingSecs(u32),
    /// Any 24 hours: a vendor's day that turns nobody knows when.
    RollingDay,
    /// A UTC day.
    Day,
    /// A UTC month.
    Month,
}

impl Window {
    /// Returns how the ledger cuts time for it; `None` where the pace alone keeps the limit.
    pub const fn span(self) -> Option<&'static str> {
        match self {
            Self::RollingSecs(_) => None,
            Self::RollingDay => Some("hour"),
            Self::Day => Some("day"),
            Self::Month => Some("month"),
        }
    }

    /// Returns how many spans before the current one count as well.
    pub const fn spans_before(self) -> i32 {
        match self {
            Self::RollingDay => 24,
            Self::RollingSecs(_) | Self::Day | Self::Month => 0,
        }
    }
}
