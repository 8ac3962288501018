//! What re-reads may cost a night, in words.

use ingest::{Again, NightBill, PassBill};
use model::Ts;
use runtime::Env;

use crate::{
    Schedule, counted, series,
    vendors::{SOURCES, build, is_set_up},
};

/// Says what re-reads may cost a night by the configuration alone, of every source that is set up; the
/// queue, which is in the database, is not counted.
///
/// # Errors
/// What is wrong with the configuration.
pub fn planned_nights(env: &Env, now: Ts) -> anyhow::Result<Vec<String>> {
    let schedule = Schedule::read(env)?;
    let mut lines = Vec::new();
    for name in SOURCES.into_iter().filter(|name| is_set_up(*name, env)) {
        let source = build(name, &env.vendor(name.as_str()))?;
        let configured = series(env, &source)?;
        let timetable = schedule.timetable(&*source);
        let bill = NightBill::of_config(&*source, &configured, &timetable, now)?;
        lines.extend(night_bill(&bill));
    }
    Ok(lines)
}

/// Says what re-reads of a source may cost a night, a line each. Nothing where there are none.
pub fn night_bill(bill: &NightBill) -> Vec<String> {
    if bill.passes.is_empty() {
        return Vec::new();
    }
    let source = bill.source;
    let pass = |pass: &PassBill| {
        let deeper = match pass.deeper {
            0 => String::new(),
            requests => format!(", and up to {requests} more where old values differ"),
        };
        let (dataset, requests) = (pass.dataset, counted(pass.requests, "request"));
        let what = match pass.what {
            Again::Window(window) => format!(
                "{dataset}, {} back, every {}",
                counted(days(window.window_days), "day"),
                match window.every_days {
                    1 => "night".to_owned(),
                    nights => counted(days(nights), "night"),
                }
            ),
            Again::Queue => format!("{dataset}, what is queued"),
        };
        format!("{source}: re-read of {what}: {requests}{deeper}")
    };
    let mut lines: Vec<String> = bill.passes.iter().map(pass).collect();
    let unnamed = match bill.unnamed {
        0 => String::new(),
        rows => format!(
            "; without {} whose products the catalogue names",
            counted(rows, "row")
        ),
    };
    lines.push(match bill.at_most {
        Some(requests) => format!(
            "{source}: re-reads together: {} a night at most (schedule.csv){unnamed}",
            counted(requests, "request")
        ),
        None => format!(
            "{source}: re-reads together: {} a night at most, and {} of what was queued, as far as the \
             quota goes{unnamed}",
            counted(bill.windows(), "request"),
            bill.queues
        ),
    });
    lines
}

fn days(days: i64) -> u64 {
    u64::try_from(days).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use model::{DatasetId, SourceId};
    use source::Reread;

    use super::*;

    #[test]
    fn a_bill_names_windows_queue_and_bound() {
        let window = |window_days, every_days, requests, deeper| PassBill {
            dataset: DatasetId::new("rows"),
            what: Again::Window(Reread {
                window_days,
                every_days,
            }),
            requests,
            deeper,
        };
        let queue = PassBill {
            what: Again::Queue,
            ..window(0, 0, 1, 0)
        };
        let mut bill = NightBill {
            source: SourceId::new("acme"),
            passes: vec![window(2, 1, 3, 12), window(30, 7, 1, 0), queue],
            queues: 500,
            at_most: Some(10),
            unnamed: 0,
        };
        let passes = [
            "acme: re-read of rows, 2 days back, every night: 3 requests, and up to 12 more where old \
             values differ",
            "acme: re-read of rows, 30 days back, every 7 nights: 1 request",
            "acme: re-read of rows, what is queued: 1 request",
        ];
        let bound = "acme: re-reads together: 10 requests a night at most (schedule.csv)";
        assert_eq!(night_bill(&bill), [&passes[..], &[bound]].concat());
        (bill.at_most, bill.unnamed) = (None, 2);
        // Of a dataset the widest window that is due runs alone.
        let bound = "acme: re-reads together: 15 requests a night at most, and 500 of what was queued, as \
                     far as the quota goes; without 2 rows whose products the catalogue names";
        assert_eq!(night_bill(&bill)[3], bound);
        bill.passes.clear();
        assert!(night_bill(&bill).is_empty());
    }
}
