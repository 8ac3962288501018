//! When a source is asked, and how its quota is shared: the vendor's own, unless an operator says
//! otherwise (`schedule.csv`).

use source::Source;

/// What a live tick has of a quota for itself, in percent.
const LIVE_RESERVE_PERCENT: u8 = 20;

/// When a source is asked, and how its quota is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timetable {
    /// How often there is a live tick, in seconds: once in each such stretch of UTC time. An hour or a
    /// day.
    pub every_secs: i64,
    /// How long after the beginning of the stretch, in seconds.
    pub offset_secs: i64,
    /// How much later than that a tick may start, in seconds; drawn anew for each.
    pub jitter_secs: u32,
    /// Share of each quota that live ticks alone may use, in percent.
    pub live_reserve_percent: u8,
    /// How many requests the re-reads by schedule may cost a night, all together; none where only the
    /// quota bounds them.
    pub reread_requests: Option<u64>,
}

impl Timetable {
    /// Returns the vendor's own.
    pub fn of(source: &dyn Source) -> Self {
        Self {
            every_secs: source.tick_every_secs(),
            offset_secs: source.tick_offset_secs(),
            jitter_secs: u32::try_from(source.tick_jitter_secs()).unwrap_or(0),
            live_reserve_percent: LIVE_RESERVE_PERCENT,
            reread_requests: None,
        }
    }
}
