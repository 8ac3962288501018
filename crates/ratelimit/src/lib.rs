//! Time and pace: the clock that can be replaced, the spacing of attempts inside a process, and the
//! arithmetic of a vendor's windows.
//!
//! What several processes share (the pacing slot, the quota ledger) lives in `store`; this crate
//! only says how wide the spacing is and when a window turns.

mod clock;
mod spacing;
mod window;

pub use clock::{Busy, Clock, SharedClock, SystemClock, Waiting};
pub use spacing::{Spacing, interval};
pub use window::Period;
