//! Live ticks come first: gap filler and re-reads begin, and go on to their next dataset, only while no
//! tick of their source is under way in this process. A small quota would be spent on old weeks before
//! the tick comes to today's closes.
//!
//! Other processes are not asked: of pace and quota the database gives each its share.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use model::PullKind;

use crate::collector::Collector;

/// How often whoever waits looks whether the tick has ended.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The live ticks under way.
#[derive(Debug, Default)]
pub(crate) struct Ticks(AtomicU32);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Tick<'a>(&'a AtomicU32);

impl Ticks {
    /// Begins one.
    pub(crate) fn begin(&self) -> Tick<'_> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Tick(&self.0)
    }

    fn any(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }
}

impl Drop for Tick<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Collector {
    /// Lets the ticks under way end where this kind of work comes after them; `None` where stop was
    /// said first.
    pub(crate) async fn let_ticks_pass(&self, kind: PullKind) -> Option<()> {
        if !matches!(kind, PullKind::Gap | PullKind::Reread) {
            return Some(());
        }
        while self.ticks.any() {
            self.stop.or(self.clock.sleep(LOOK_AGAIN)).await?;
        }
        Some(())
    }
}
