//! Names and words of what is looked at: figures that go up and down.

use prometheus_client::registry::Registry;

use super::metrics::Metrics;

impl Metrics {
    pub(super) fn register_gauges(&self, registry: &mut Registry) {
        for (name, help, gauges) in [
            (
                "crossfeed_tick_start_timestamp_seconds",
                "When the newest live tick began, as Unix time",
                &self.tick_began,
            ),
            (
                "crossfeed_tick_end_timestamp_seconds",
                "When the newest live tick that has ended did, as Unix time",
                &self.tick_ended,
            ),
            (
                "crossfeed_tick_duration_seconds",
                "How long that tick took",
                &self.tick_seconds,
            ),
            (
                "crossfeed_tick_due_timestamp_seconds",
                "When the next live tick is due, as Unix time",
                &self.tick_due,
            ),
            (
                "crossfeed_source_open",
                "1 while the source is at work, 0 where it is configured and could not be opened",
                &self.source_open,
            ),
            (
                "crossfeed_cadence_seconds",
                "Time within which there is something new where all is well",
                &self.cadence,
            ),
            (
                "crossfeed_degraded",
                "1 while the newest live pulls of a dataset failed for a reason that passes",
                &self.degraded,
            ),
            (
                "crossfeed_suspended",
                "1 while the source waits for an operator to resume it",
                &self.suspended,
            ),
            (
                "crossfeed_suspended_datasets",
                "Datasets that wait for an operator by themselves, whether or not the whole source does",
                &self.suspended_datasets,
            ),
            (
                "crossfeed_parked_until_timestamp_seconds",
                "Until when its quota lets nothing of the source be asked, as Unix time; 0 where it lets it, +Inf where nobody knows when",
                &self.parked_until,
            ),
            (
                "crossfeed_staleness_seconds",
                "Time since the end of the newest bucket, 0 while it is open; +Inf where there is none",
                &self.staleness,
            ),
            (
                "crossfeed_gap_buckets",
                "Buckets that will be asked for and may be filled",
                &self.gap_buckets,
            ),
            (
                "crossfeed_reread_queue_ranges",
                "Ranges of series that wait to be read again",
                &self.rereads,
            ),
        ] {
            registry.register(name, help, gauges.clone());
        }
        for (name, help, quotas) in [
            (
                "crossfeed_quota_used_units",
                "Units of the vendor's quota that are used in the window",
                &self.quota_used,
            ),
            (
                "crossfeed_quota_limit_units",
                "Units that the plan gives in the window",
                &self.quota_limit,
            ),
            (
                "crossfeed_quota_left_units",
                "Units of them that a live tick may still use",
                &self.quota_left,
            ),
            (
                "crossfeed_quota_ends_timestamp_seconds",
                "When they end at this rate, before the window turns, as Unix time; 0 where they last",
                &self.quota_ends,
            ),
        ] {
            registry.register(name, help, quotas.clone());
        }
        registry.register(
            "crossfeed_writer_queue_batches",
            "Batches that wait for the writer",
            self.queued.clone(),
        );
        registry.register(
            "crossfeed_figures_timestamp_seconds",
            "When the figures of the database were read, as Unix time",
            self.looked_at.clone(),
        );
        registry.register(
            "crossfeed_leading",
            "1 while this process runs the schedule",
            self.leading.clone(),
        );
        registry.register(
            "crossfeed_leadership_epoch",
            "How many times the leadership has been taken, up to this process",
            self.epoch.clone(),
        );
    }
}
