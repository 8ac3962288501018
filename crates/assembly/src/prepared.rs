//! A vendor ready to be collected from: all that environment and files say of it, read once.

use std::sync::Arc;

use anyhow::Context as _;
use ingest::Timetable;
use model::{SeriesSpec, SourceId};
use runtime::{Env, VendorEnv, read_sources_config};
use source::Source;

use crate::{
    Schedule,
    config::file_of,
    vendors::{SOURCES, build, is_set_up},
};

/// The column that is for people.
const NOTE: &str = "note";

/// A vendor ready to be collected from.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) series: Vec<SeriesSpec>,
    pub(crate) timetable: Timetable,
    pub(crate) env: VendorEnv,
    /// The rows of its file without the notes: a source may keep more of them than series.
    rows: Vec<Vec<String>>,
}

impl Prepared {
    /// Reads what concerns each of the sources.
    ///
    /// # Errors
    /// Everything that is wrong with their variables and files.
    pub fn read(env: &Env, names: &[SourceId]) -> anyhow::Result<Vec<Self>> {
        let (mut ready, mut problems) = (Vec::new(), Vec::new());
        let schedule = match Schedule::read(env) {
            Ok(schedule) => Some(schedule),
            Err(error) => {
                problems.push(format!("{error:#}"));
                None
            }
        };
        for name in names {
            match Self::read_one(env, *name, schedule.as_ref()) {
                Ok(vendor) => ready.push(vendor),
                Err(error) => problems.push(format!("{error:#}")),
            }
        }
        anyhow::ensure!(problems.is_empty(), "{}", problems.join("\n"));
        Ok(ready)
    }

    fn read_one(env: &Env, name: SourceId, schedule: Option<&Schedule>) -> anyhow::Result<Self> {
        let vendor = env.vendor(name.as_str());
        let source = build(name, &vendor)?;
        let file = file_of(name);
        let csv = read_sources_config(env.sources_config.as_deref(), &file)?;
        let series = source.read_config(&file, &csv)?;
        Ok(Self {
            timetable: schedule.map_or_else(
                || Timetable::of(&*source),
                |schedule| schedule.timetable(&*source),
            ),
            rows: rows(&csv).with_context(|| format!("failed to read {file}"))?,
            source,
            series,
            env: vendor,
        })
    }

    /// Returns the vendor's name.
    pub fn id(&self) -> SourceId {
        self.source.id()
    }

    /// Whether the same is collected in the same way.
    pub fn is_like(&self, other: &Self) -> bool {
        self.id() == other.id()
            && self.env == other.env
            && self.timetable == other.timetable
            && self.series == other.series
            && self.rows == other.rows
    }

    /// Returns the vendor's addresses, each with its name.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = (&str, &str)> {
        let name = self.source.id().as_str();
        let hosts = self.source.hosts().iter();
        hosts.map(move |host| (name, host.base_url.as_str()))
    }
}

/// Returns the sources that the environment says enough about to collect from them.
pub fn set_up_sources(env: &Env) -> Vec<SourceId> {
    let is_set_up = |name: &SourceId| is_set_up(*name, env);
    SOURCES.into_iter().filter(is_set_up).collect()
}

fn rows(csv: &[u8]) -> Result<Vec<Vec<String>>, csv::Error> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(csv);
    let mut rows = Vec::new();
    let mut note = None;
    for record in reader.records() {
        let record = record?;
        if rows.is_empty() {
            note = record.iter().position(|column| column == NOTE);
        }
        let cells = record.iter().enumerate();
        let cells = cells.filter(|(at, _)| Some(*at) != note);
        rows.push(cells.map(|(_, cell)| cell.to_owned()).collect());
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "coin_id,symbol,vs_currency,metrics,since,hourly_since,ohlc,enabled,note";

    fn prepared(vars: &[(&str, &str)], row: &str, schedule: &str) -> Prepared {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("sources-config");
        std::fs::create_dir(&config).unwrap();
        std::fs::write(config.join("coingecko.csv"), format!("{HEADER}\n{row}\n")).unwrap();
        let schedule = format!(
            "source,every,at,jitter_secs,live_reserve_percent,reread_requests,note\n{schedule}"
        );
        std::fs::write(config.join("schedule.csv"), schedule).unwrap();
        let vars = vars.iter().map(|(name, value)| (name.into(), value.into()));
        let env = Env::from_parts(vars, folder.path()).unwrap();
        let mut prepared = Prepared::read(&env, &set_up_sources(&env)).unwrap();
        assert_eq!(prepared.len(), 1);
        prepared.remove(0)
    }

    #[test]
    fn settings_rows_and_times_make_a_difference_and_notes_do_not() {
        let (key, row) = (
            [("COINGECKO_API_KEY", "one")],
            "bitcoin,BTC,usd,,,,false,true,",
        );
        let old = prepared(&key, row, "");
        assert!(old.is_like(&prepared(&key, &format!("{row}from a page"), "")));
        assert!(old.is_like(&prepared(
            &key,
            row,
            "coingecko,,,,,,a note\nvelo,,09:00,,,,\n"
        )));
        for (vars, row, schedule) in [
            (&[("COINGECKO_API_KEY", "two")][..], row, ""),
            (
                &[("COINGECKO_API_KEY", "one"), ("COINGECKO_RPM", "7")],
                row,
                "",
            ),
            (&key, "bitcoin,BTC,usd,,,,false,false,", ""),
            (&key, "bitcoin,BTC,usd,PRICE,,,false,true,", ""),
            (&key, row, "coingecko,,04:00,,,,\n"),
            (&key, row, "coingecko,,,,30,,\n"),
        ] {
            assert!(
                !old.is_like(&prepared(vars, row, schedule)),
                "{row} {schedule}"
            );
        }
    }
}
