//! The collector: plans in rounds, claims, paces, fetches, checks, parses and writes.
//!
//! The only outbound HTTP of the project. One [`Collector`] is one source in one process; live tick,
//! backfill, gap filler and re-read are the same way with another [`source::Ask`] and another write
//! mode. What goes wrong with one request is an outcome that the [`Summary`] tells; only what makes
//! the whole job impossible is an [`Error`].

mod account;
mod attempt;
mod barred;
mod block;
mod calendar;
mod catalogue;
mod claims;
mod collector;
mod deadletter;
mod deeper;
mod error;
mod estimate;
mod failure;
mod fetch;
mod identity;
mod index;
#[cfg(test)]
mod lines;
mod listed;
mod live;
mod missed;
mod night;
mod night_bill;
mod outage;
mod past;
mod precedence;
mod progress;
mod pull;
mod quota;
mod reach;
mod redact;
mod redirect;
mod refusals;
mod reign;
mod rereads;
pub mod schedule;
mod sink;
mod stop;
mod summary;
mod survey;
pub mod telemetry;
mod timetable;
mod told;
mod transport;
mod wants;
mod writer;
mod writing;

pub use catalogue::Unnamed;
pub use collector::{Collector, Setup};
pub use error::Error;
pub use estimate::{DatasetEstimate, Estimate, Wanted};
pub use night_bill::{Again, NightBill, PassBill};
pub use past::PastAsk;
pub use progress::{Counts, Progress};
pub use quota::{Forecast, QuotaStanding, QuotaTime, Recent};
pub use redact::Redactor;
pub use reign::keep_leading;
pub use stop::{Stop, Stopper};
pub use summary::{Hole, PullEnd, Summary, Waiting};
pub use survey::{
    Gap, GapReason, NotFresh, OutsidePlan, Parking, REFUSED_TICKS_SUSPEND, Standing, State, Survey,
    unknown_names,
};
pub use timetable::Timetable;
pub use wants::Filter;
