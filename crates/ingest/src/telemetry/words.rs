//! Names and words of what is counted.

use prometheus_client::registry::Registry;

use super::metrics::Metrics;

impl Metrics {
    /// Shows everything that is counted or looked at.
    pub(super) fn register(&self, registry: &mut Registry) {
        self.register_gauges(registry);
        registry.register(
            "crossfeed_requests",
            "Attempts that were sent to a vendor, by what came of them",
            self.requests.clone(),
        );
        registry.register(
            "crossfeed_request_duration_seconds",
            "Time from the sending of an attempt to the end of its answer",
            self.request_seconds.clone(),
        );
        registry.register(
            "crossfeed_wait_seconds",
            "Time that requests waited before they were sent, or sent again",
            self.waits.clone(),
        );
        registry.register(
            "crossfeed_pulls",
            "Pulls that ended, by how",
            self.pulls.clone(),
        );
        for (name, help, counters) in [
            (
                "crossfeed_retries",
                "Attempts that repeated another",
                &self.retries,
            ),
            (
                "crossfeed_received_bytes",
                "Bodies of answers, decompressed",
                &self.bytes,
            ),
            (
                "crossfeed_points_received",
                "Points that answers held",
                &self.received,
            ),
            (
                "crossfeed_points_inserted",
                "Points that were new",
                &self.inserted,
            ),
            (
                "crossfeed_points_updated",
                "Points that replaced a stored value",
                &self.updated,
            ),
            (
                "crossfeed_points_differing",
                "Points that differ from what is stored and were not taken",
                &self.differing,
            ),
            (
                "crossfeed_points_rejected",
                "Values that no vendor may say, and were refused",
                &self.rejected,
            ),
        ] {
            registry.register(name, help, counters.clone());
        }
    }
}
