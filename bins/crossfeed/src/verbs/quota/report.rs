//! A quota as commands tell it: the same figures in text and JSON.

use ingest::{Forecast, QuotaStanding};
use model::{SourceId, Ts};
use serde::Serialize;

use crate::words::grouped;

/// One limit of a vendor that is counted, as it stands.
#[derive(Debug, Serialize)]
pub(crate) struct QuotaReport {
    source: &'static str,
    host: &'static str,
    /// `requests` or `credits`.
    unit: &'static str,
    /// `month`, `day` or `24 hours`.
    window: &'static str,
    limit: u64,
    used: u64,
    /// What the vendor itself counted, where it was asked.
    vendor_used: Option<i64>,
    vendor_seen_at: Option<String>,
    usable: Shares,
    left: Shares,
    turns_at: Option<String>,
    /// Spent by schedule in a day, as projected from the last hours; none where that is too few.
    scheduled_a_day: Option<u64>,
    /// How many hours that is seen from.
    seen_hours: i64,
    /// Spent by operators in that time, which is not projected.
    by_operators: u64,
    /// Spent in a day of this window so far, by all.
    window_a_day: Option<u64>,
    /// `lasts`, `ends`, `spent` or `too_early`.
    forecast: &'static str,
    ends_at: Option<String>,
    #[serde(skip)]
    words: String,
}

/// Units for each kind of work.
#[derive(Debug, Serialize)]
struct Shares {
    live: u64,
    gap: u64,
    backfill: u64,
}

impl QuotaReport {
    pub(crate) fn of(source: SourceId, quota: &QuotaStanding, now: Ts) -> Self {
        let window = match quota.window.span() {
            Some("hour") => "24 hours",
            Some(span) => span,
            None => "",
        };
        let (forecast, ends_at) = match quota.forecast {
            Forecast::Lasts => ("lasts", None),
            Forecast::Spent => ("spent", None),
            Forecast::EndsAt(at) => ("ends", Some(at.to_string())),
            Forecast::TooEarly => ("too_early", None),
        };
        Self {
            source: source.as_str(),
            host: quota.host,
            unit: quota.unit.as_str(),
            window,
            limit: quota.limit,
            used: quota.used,
            vendor_used: quota.vendor.map(|count| count.used),
            vendor_seen_at: quota.vendor.map(|count| count.seen_at.to_string()),
            usable: Shares {
                live: quota.for_live,
                gap: quota.for_background,
                backfill: quota.for_backfill,
            },
            left: Shares {
                live: quota.left(),
                gap: quota.left_for_background(),
                backfill: quota.left_for_backfill(),
            },
            turns_at: quota.turns_at.map(|at| at.to_string()),
            scheduled_a_day: quota.recent.scheduled_a_day(),
            seen_hours: quota.recent.secs / 3_600,
            by_operators: quota.recent.operator,
            window_a_day: quota.window_a_day(now),
            forecast,
            ends_at,
            words: quota.window_words(),
        }
    }

    /// The cells of a row of the table.
    pub(super) fn cells(&self) -> Vec<String> {
        let shares = |of: &Shares| {
            let all = [of.live, of.gap, of.backfill].map(grouped);
            all.join(" / ")
        };
        let a_day = |rate: Option<u64>| rate.map_or("?".to_owned(), grouped);
        vec![
            self.source.to_owned(),
            self.host.to_owned(),
            format!("{} a {}", self.unit, self.window),
            format!("{} of {}", grouped(self.used), grouped(self.limit)),
            shares(&self.usable),
            shares(&self.left),
            self.turns_at.clone().unwrap_or_default(),
            a_day(self.scheduled_a_day),
            a_day(self.window_a_day),
        ]
    }

    /// In a few words, for one line beside others.
    pub(crate) fn brief(&self) -> String {
        format!(
            "{} of {} {} a {} used, {} left for ticks",
            grouped(self.used),
            grouped(self.limit),
            self.unit,
            self.window,
            grouped(self.left.live)
        )
    }

    /// What is to be heard: that it ends, or is spent.
    pub(crate) fn warning(&self) -> Option<String> {
        let (source, words) = (self.source, &self.words);
        match (self.forecast, &self.ends_at, &self.turns_at) {
            ("ends", Some(at), _) => Some(format!("at this rate {source}'s {words} end at {at}")),
            ("spent", _, Some(at)) => Some(format!("{source}'s {words} are spent until {at}")),
            ("spent", _, None) => Some(format!("{source}'s {words} are spent")),
            _ => None,
        }
    }

    /// What else is to be said of it, a line each.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if let (Some(used), Some(at)) = (self.vendor_used, &self.vendor_seen_at) {
            let used = grouped(u64::try_from(used).unwrap_or(0));
            remarks.push(format!("{} itself counted {used} at {at}", self.source));
        }
        if self.by_operators > 0 {
            remarks.push(format!(
                "{}: {} {} of the last {} hours were asked for by hand, and are not projected",
                self.source,
                grouped(self.by_operators),
                self.unit,
                self.seen_hours
            ));
        }
        if self.forecast == "too_early" {
            remarks.push(format!(
                "{}: seen for {} hours only, too early to say how long its {} last",
                self.source, self.seen_hours, self.words
            ));
        }
        remarks
    }
}
