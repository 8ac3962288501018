//! How long the database has been away: one database, whoever of the process waits for it.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};
use tokio::time::Instant;

static OUTAGE: Mutex<Outage> = Mutex::new(Outage {
    before: Duration::ZERO,
    since: None,
});

#[derive(Clone, Copy, Debug)]
struct Outage {
    /// All that are over.
    before: Duration,
    /// When the one that lasts began.
    since: Option<Instant>,
}

impl Outage {
    fn begin(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    fn end(&mut self, now: Instant) {
        self.before = self.so_far(now);
        self.since = None;
    }

    fn so_far(&self, now: Instant) -> Duration {
        let lasts = self.since.map(|since| now.duration_since(since));
        self.before + lasts.unwrap_or_default()
    }
}

fn change(change: impl FnOnce(&mut Outage, Instant)) {
    let mut outage = OUTAGE.lock().unwrap_or_else(PoisonError::into_inner);
    change(&mut outage, Instant::now());
}

/// Notes that somebody waits for the database.
pub(crate) fn database_is_away() {
    change(Outage::begin);
}

/// Notes that it has answered whoever waited.
pub(crate) fn database_answers() {
    change(Outage::end);
}

pub(super) fn register(registry: &mut Registry) {
    registry.register_collector(Box::new(Shown));
}

#[derive(Debug)]
struct Shown;

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let outage = *OUTAGE.lock().unwrap_or_else(PoisonError::into_inner);
        let up = ConstGauge::new(i64::from(outage.since.is_none()));
        let help = "0 while somebody of this process waits for the database";
        let kind = MetricType::Gauge;
        up.encode(encoder.encode_descriptor("crossfeed_database_up", help, None, kind)?)?;
        let away = ConstCounter::new(outage.so_far(Instant::now()).as_secs_f64());
        let help = "Time that this process has waited for the database";
        let name = "crossfeed_database_outage_seconds";
        away.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn outages_add_up_and_the_one_that_lasts_grows() {
        let mut outage = Outage {
            before: Duration::ZERO,
            since: None,
        };
        let second = Duration::from_secs(1);
        let begun = Instant::now();
        outage.end(begun);
        assert_eq!(outage.so_far(begun + second), Duration::ZERO);
        outage.begin(begun);
        // Who waits as well changes nothing.
        outage.begin(begun + second);
        assert_eq!(outage.so_far(begun + 3 * second), 3 * second);
        outage.end(begun + 4 * second);
        assert_eq!(outage.so_far(begun + 9 * second), 4 * second);
        outage.begin(begun + 10 * second);
        assert_eq!(outage.so_far(begun + 12 * second), 6 * second);
    }
}
