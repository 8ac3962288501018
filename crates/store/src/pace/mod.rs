//! What all processes share about a vendor's limits: one pacing slot per host, and counts of units
//! per calendar window; and until when a vendor that said "spent" is left alone. Which limits a
//! vendor has is not known here.

mod parking;
mod quota;
mod slot;
mod spend;

pub use parking::ParkedRow;
pub use quota::{QuotaWindow, VendorCount};
pub use slot::{FURTHEST_AHEAD, Pace, SlotTaken};
pub use spend::Spend;
