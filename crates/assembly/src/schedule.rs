//! `schedule.csv`: when each source is asked and how its quota is shared, where that is not the vendor's
//! own. The file may be absent, a row too, and a cell empty.

use std::collections::BTreeMap;

use ingest::Timetable;
use model::SourceId;
use runtime::{ConfigError, Env, read_sources_config};
use serde::Deserialize;
use source::{
    Source,
    config::{Problems, RowReport, Table, nearest, read_rows},
};

use crate::vendors::{SOURCES, likeness, source_named};

/// The file's name.
pub(crate) const SCHEDULE: &str = "schedule.csv";
const COLUMNS: [&str; 7] = [
    "source",
    "every",
    "at",
    "jitter_secs",
    "live_reserve_percent",
    "reread_requests",
    "note",
];
const HOUR_SECS: i64 = 3_600;
const DAY_SECS: i64 = 24 * HOUR_SECS;
/// More is no jitter but another time.
const MOST_JITTER_SECS: u32 = 600;
/// A backfill leaves five more.
const MOST_RESERVE_PERCENT: u8 = 95;

/// When each source is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    timetables: BTreeMap<SourceId, Timetable>,
    /// How many rows there are; none where there is no file.
    pub(crate) rows: Option<usize>,
}

#[derive(Debug, Deserialize)]
struct Row {
    source: String,
    every: String,
    at: String,
    jitter_secs: String,
    live_reserve_percent: String,
    reread_requests: String,
    #[serde(rename = "note")]
    _note: String,
}

impl Schedule {
    /// Reads the file.
    ///
    /// # Errors
    /// Every problem of it at once.
    pub fn read(env: &Env) -> anyhow::Result<Self> {
        let own = SOURCES.map(|source| (source, likeness(source, &env.vendor(source.as_str()))));
        let own: BTreeMap<_, _> = (own.into_iter())
            .filter_map(|(source, built)| Some((source, Timetable::of(&*built?))))
            .collect();
        match read_sources_config(env.sources_config.as_deref(), SCHEDULE) {
            Ok(csv) => Ok(parse(&csv, own)?),
            Err(ConfigError::Missing { .. }) => Ok(Self {
                timetables: own,
                rows: None,
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns when a source is asked.
    pub fn timetable(&self, source: &dyn Source) -> Timetable {
        let known = self.timetables.get(&source.id()).copied();
        known.unwrap_or_else(|| Timetable::of(source))
    }

    #[cfg(test)]
    fn of(&self, source: SourceId) -> Option<Timetable> {
        self.timetables.get(&source).copied()
    }
}

fn parse(csv: &[u8], own: BTreeMap<SourceId, Timetable>) -> Result<Schedule, Problems> {
    let mut table: Table<Row> = Table::read(SCHEDULE, csv, &COLUMNS);
    table.refuse_duplicates("source", |row| row.source.to_lowercase());
    let rows = read_rows(&mut table, |row, report| {
        let source = report.check("source", named(&row.source))?;
        let timetable = changed(source, *own.get(&source)?, row, report);
        Some((source, timetable))
    });
    let count = rows.len();
    let mut timetables = own;
    timetables.extend(rows);
    table.finish(Schedule {
        timetables,
        rows: Some(count),
    })
}

fn named(text: &str) -> Result<SourceId, String> {
    source_named(text).map_err(|error| {
        let known = SOURCES.iter().map(|source| source.as_str());
        match nearest(text, known) {
            Some(near) => format!("{text:?} is no source: did you mean {near}?"),
            None => error.to_string(),
        }
    })
}

/// Returns the vendor's own times with what a row says instead. What is wrong is noted.
fn changed(source: SourceId, own: Timetable, row: &Row, report: &mut RowReport<'_>) -> Timetable {
    let every_secs = match row.every.as_str() {
        "" => own.every_secs,
        "hour" if own.every_secs > HOUR_SECS => {
            report.wrong(
                "every",
                format!("{source} has nothing newer than a day: day, or empty"),
            );
            own.every_secs
        }
        "hour" => HOUR_SECS,
        "day" => DAY_SECS,
        other => {
            report.wrong("every", format!("{other:?} is none of hour, day"));
            own.every_secs
        }
    };
    let offset_secs = match row.at.as_str() {
        "" if every_secs == own.every_secs => Some(own.offset_secs),
        "" => {
            let what = format!("is needed: {source} has no time of its own by the day");
            report.wrong("at", what);
            None
        }
        at => report.check("at", time_of(at, every_secs)),
    };
    let jitter = up_to(&row.jitter_secs, own.jitter_secs, MOST_JITTER_SECS);
    let jitter = report.check("jitter_secs", jitter);
    let (own_reserve, most) = (own.live_reserve_percent, MOST_RESERVE_PERCENT);
    let reserve = up_to(&row.live_reserve_percent, own_reserve, most);
    let reserve = report.check("live_reserve_percent", reserve);
    let rereads = match row.reread_requests.as_str() {
        "" => Some(own.reread_requests),
        text => {
            let number = (text.parse()).map_err(|_| format!("{text:?} is no whole number"));
            report.check("reread_requests", number).map(Some)
        }
    };
    let timetable = Timetable {
        every_secs,
        offset_secs: offset_secs.unwrap_or(own.offset_secs),
        jitter_secs: jitter.unwrap_or(own.jitter_secs),
        live_reserve_percent: reserve.unwrap_or(own_reserve),
        reread_requests: rereads.unwrap_or(own.reread_requests),
    };
    if offset_secs.is_some()
        && jitter.is_some()
        && timetable.offset_secs + i64::from(timetable.jitter_secs) >= every_secs
    {
        let what = "with at it may be the next hour or day";
        report.wrong("jitter_secs", what);
    }
    timetable
}

/// Reads a time after the beginning of an hour or a day, into seconds.
fn time_of(text: &str, every_secs: i64) -> Result<i64, String> {
    let parts: Option<Vec<i64>> = text.split(':').map(two_digits).collect();
    let secs = match (every_secs, parts.as_deref()) {
        (HOUR_SECS, Some([minutes, secs])) => Some((0, *minutes, *secs)),
        (DAY_SECS, Some([hours, minutes])) => Some((*hours, *minutes, 0)),
        (DAY_SECS, Some([hours, minutes, secs])) => Some((*hours, *minutes, *secs)),
        _ => None,
    };
    let secs = secs.filter(|(hours, minutes, secs)| *hours < 24 && *minutes < 60 && *secs < 60);
    let form = match every_secs {
        HOUR_SECS => "minutes and seconds after the hour: 03:00",
        _ => "a time of the day in UTC: 06:05 or 06:05:00",
    };
    secs.map(|(hours, minutes, secs)| hours * HOUR_SECS + minutes * 60 + secs)
        .ok_or_else(|| format!("{text:?} is not {form}"))
}

fn two_digits(text: &str) -> Option<i64> {
    let are_two = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    are_two.then(|| text.parse().ok())?
}

fn up_to<N>(text: &str, own: N, most: N) -> Result<N, String>
where
    N: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    match text {
        "" => Ok(own),
        text => (text.parse().ok())
            .filter(|number| *number <= most)
            .ok_or_else(|| not_up_to(text, most)),
    }
}

fn not_up_to(text: &str, most: impl std::fmt::Display) -> String {
    format!("{text:?} is no whole number from 0 to {most}")
}

#[cfg(test)]
mod tests;
