//! What reports say in the same words everywhere. Prints nothing.

use std::time::Duration;

use ingest::{Estimate, PullEnd, Summary, Wanted};
use model::PullKind;
use store::{pace::ParkedRow, suspend::SuspensionRow};

use crate::quota::window_in_words;

/// Says what waits for an operator, why, and how it goes on.
pub fn suspension(row: &SuspensionRow) -> String {
    let what = match (row.dataset.as_str(), row.parameter.as_str()) {
        ("", _) => row.source.clone(),
        (dataset, "") => format!("{} {dataset}", row.source),
        (dataset, parameter) => format!("{} {dataset} {parameter}", row.source),
    };
    let (since, reason, command) = (row.since, &row.reason, resuming(row));
    format!("suspended: {what}, since {since}: {reason}. Mend the cause, then type: {command}")
}

/// Returns the command that ends a suspension.
pub fn resuming(row: &SuspensionRow) -> String {
    match row.dataset.as_str() {
        "" => format!("crossfeed resume {}", row.source),
        dataset => format!("crossfeed resume {} {dataset}", row.source),
    }
}

/// Says until when a vendor is left alone, why, and how it goes on earlier.
pub fn parking(row: &ParkedRow) -> String {
    let ParkedRow {
        source, until, why, ..
    } = row;
    format!(
        "parked: {source}, until {until}: {why}. To ask earlier, type: crossfeed resume {source}"
    )
}

/// Says that a job asked nothing because the vendor had said before that its quota is spent.
pub fn left_alone(summary: &Summary) -> Option<String> {
    let (source, until) = (summary.source, summary.parked_until?);
    Some(format!(
        "parked: {source} said that its quota is spent; nobody asks before {until}, or before you \
         type: crossfeed resume {source}"
    ))
}

/// Returns the failures of a pull, a line each; equal ones once, with their number.
pub fn failures(pull: &PullEnd) -> Vec<String> {
    let mut told: Vec<(&str, u64)> = Vec::new();
    for (_, text) in &pull.failures {
        match told.iter_mut().find(|(known, _)| known == text) {
            Some((_, count)) => *count += 1,
            None => told.push((text, 1)),
        }
    }
    let mut lines: Vec<String> = told
        .into_iter()
        .map(|(text, count)| match count {
            1 => text.to_owned(),
            more => format!("{more} times: {text}"),
        })
        .collect();
    let kept = u64::try_from(pull.failures.len()).unwrap_or(u64::MAX);
    if pull.failed_blocks > kept {
        lines.push(format!("… and {} failures more", pull.failed_blocks - kept));
    }
    lines
}

/// Says why a job has nothing to ask.
pub fn nothing_to_ask(wanted: Wanted) -> String {
    match wanted {
        Wanted::Something => "the range is settled".to_owned(),
        Wanted::OnlySince(since) => {
            format!("nothing is wanted there: series are wanted since {since}; use --from")
        }
        Wanted::Nothing => {
            "nothing can be had there: the values begin later, have ended, or lie outside the plan"
                .to_owned()
        }
    }
}

/// Says how long a job lasts at least, and by what: the vendor's pace, or a quota that is slower.
/// Nothing where it is no time at all.
pub fn lasting(estimate: &Estimate) -> Option<String> {
    let Some(quota) = estimate.quota else {
        let told = no_less(estimate.at_least);
        return (estimate.at_least.as_secs() > 0)
            .then(|| format!("{told} or more at the vendor's pace"));
    };
    let (told, limit, unit) = (no_less(quota.at_least), quota.limit, quota.unit.as_str());
    let (window, usable) = (window_in_words(quota.window, "a"), quota.usable);
    let whom = match quota.kind {
        PullKind::Backfill => "a backfill",
        PullKind::Reread => "what is read again",
        PullKind::Gap => "the gap filler",
        PullKind::Live => "live ticks",
    };
    Some(format!(
        "{told} or more: {limit} {unit} of {window}, {usable} of them for {whom}"
    ))
}

/// Returns a time in its largest unit that makes two or more, never rounded up.
fn no_less(time: Duration) -> String {
    let secs = time.as_secs();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let unit = units.into_iter().find(|(unit, _)| secs >= 2 * unit);
    let (unit, name) = unit.unwrap_or((1, "second"));
    counted(secs / unit, name)
}

/// Returns a number with its noun: `1 request`, `3 requests`.
pub fn counted(number: u64, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(dataset: &str, parameter: &str) -> SuspensionRow {
        SuspensionRow {
            source: "coingecko".to_owned(),
            dataset: dataset.to_owned(),
            parameter: parameter.to_owned(),
            class: "unauthorized".to_owned(),
            reason: "not authorised: status 401".to_owned(),
            since: model::Ts::parse("2026-11-22T10:00:00Z").unwrap(),
        }
    }

    #[test]
    fn a_suspension_says_what_why_and_what_to_type() {
        assert_eq!(
            suspension(&row("", "")),
            "suspended: coingecko, since 2026-11-22T10:00:00Z: not authorised: status 401. \
             Mend the cause, then type: crossfeed resume coingecko"
        );
        let narrow = suspension(&row("markets", "price_change"));
        assert!(narrow.starts_with("suspended: coingecko markets price_change, since"));
        assert!(narrow.ends_with("type: crossfeed resume coingecko markets"));
    }

    #[test]
    fn a_parking_says_until_when_why_and_what_to_type() {
        let row = ParkedRow {
            source: "coingecko".to_owned(),
            host: "api".to_owned(),
            until: model::Ts::parse("2026-11-22T16:00:00Z").unwrap(),
            why: "quota spent: status 429, code 10006".to_owned(),
        };
        assert_eq!(
            parking(&row),
            "parked: coingecko, until 2026-11-22T16:00:00Z: quota spent: status 429, code 10006. \
             To ask earlier, type: crossfeed resume coingecko"
        );
    }

    #[test]
    fn a_time_is_never_rounded_up() {
        let told = |secs| no_less(Duration::from_secs(secs));
        for (secs, words) in [
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (7_199, "119 minutes"),
            (90_300, "25 hours"),
            (172_799, "47 hours"),
            (7 * 86_400 - 1, "6 days"),
        ] {
            assert_eq!(told(secs), words, "{secs}");
        }
    }

    #[test]
    fn a_job_lasts_as_long_as_its_slowest_limit() {
        let mut estimate = Estimate {
            wanted: Wanted::Something,
            datasets: Vec::new(),
            live_requests: 0,
            catalogue_requests: 0,
            unnamed: ingest::Unnamed::default(),
            at_least: Duration::ZERO,
            quota: None,
        };
        assert_eq!(lasting(&estimate), None);
        estimate.at_least = Duration::from_secs(163);
        let told = "2 minutes or more at the vendor's pace";
        assert_eq!(lasting(&estimate).as_deref(), Some(told));
        estimate.quota = Some(ingest::QuotaTime {
            unit: source::Unit::Credits,
            window: source::Window::Month,
            limit: 10_000,
            usable: 7_600,
            kind: PullKind::Reread,
            at_least: Duration::from_secs(40 * 86_400),
        });
        let told = "40 days or more: 10000 credits of a month, 7600 of them for what is read again";
        assert_eq!(lasting(&estimate).as_deref(), Some(told));
    }

    #[test]
    fn one_is_one() {
        assert_eq!(counted(1, "request"), "1 request");
        assert_eq!(counted(0, "request"), "0 requests");
    }
}
