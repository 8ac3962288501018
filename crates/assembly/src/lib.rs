//! Puts a collecting program together: the vendors by name, their configuration, the database, the
//! collectors. What `ingestd`, `backfill` and `crossfeed pull` would otherwise each do again.
//!
//! Holds no schedule and asks no vendor anything.

mod config;
mod ending;
mod look;
mod nights;
mod observe;
mod prepared;
mod quota;
mod schedule;
mod vendors;
mod words;
mod workshop;

pub use config::{ConfigCheck, check_config, check_config_of, dictionary, series};
pub use ending::{exit_of, or_give_up, stop_on_signal};
pub use look::{Looked, datasets_of, look_at};
pub use nights::{night_bill, planned_nights};
pub use observe::observe;
pub use prepared::{Prepared, set_up_sources};
pub use quota::{Quota, QuotaWatch};
pub use schedule::Schedule;
pub use vendors::{SOURCES, VendorError, build, is_set_up, source_named};
pub use words::{
    counted, failures, lasting, left_alone, nothing_to_ask, parking, resuming, suspension,
};
pub use workshop::{Purpose, Workshop, world_of};
