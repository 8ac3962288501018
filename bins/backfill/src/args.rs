//! The command line.

use argh::FromArgs;
use ingest::{Filter, PastAsk};
use model::{SourceId, Step, Ts};

/// Collects a past range of one source. Run it again and it carries on: what is settled is not asked for again.
#[derive(Debug, FromArgs)]
#[argh(
    example = "A range, up to now and then the present:\n  {command_name} --source coingecko --from 2024-01-01\nTwo coins, one year, counted only:\n  {command_name} --source coingecko --from 2024-01-01 --to 2025-01-01 --assets bitcoin,ethereum --dry-run",
    note = "Times are UTC: 2024-01-31 or 2024-01-31T13:00:00Z. Ranges include --from and end before --to.",
    error_code(0, "nothing of the range is open"),
    error_code(1, "failed, or the configuration is wrong"),
    error_code(2, "wrong arguments"),
    error_code(3, "done with holes, which are listed; run it again"),
    error_code(
        5,
        "suspended until `crossfeed resume`, or the quota is spent until its window turns"
    ),
    error_code(
        130,
        "ended by a signal, or the answer was no; run it again and it carries on"
    )
)]
pub(crate) struct Args {
    /// the vendor, e.g. coingecko
    #[argh(option)]
    pub(crate) source: Option<String>,

    /// first day or instant, e.g. 2024-01-01; without it as far back as each series is wanted
    #[argh(option)]
    pub(crate) from: Option<String>,

    /// first day or instant that is no longer asked for; without it up to now, then one live pass, unless there is --datasets
    #[argh(option)]
    pub(crate) to: Option<String>,

    /// the last so many days, instead of --from
    #[argh(option)]
    pub(crate) days: Option<u32>,

    /// vendor ids, joined by commas, of the past and of the present; without it all that are enabled
    #[argh(option)]
    pub(crate) assets: Option<String>,

    /// stored metric names, joined by commas
    #[argh(option)]
    pub(crate) metrics: Option<String>,

    /// datasets, joined by commas; --dry-run names them
    #[argh(option)]
    pub(crate) datasets: Option<String>,

    /// tell what would be asked and what it costs, and ask nothing
    #[argh(switch)]
    pub(crate) dry_run: bool,

    /// ask for everything again, settled or not, and take what differs (old values are kept as revisions)
    #[argh(switch)]
    pub(crate) force: bool,

    /// do not ask before starting; where there is no terminal nobody is asked anyway
    #[argh(switch)]
    pub(crate) yes: bool,

    /// check configuration and environment and say what is wrong
    #[argh(switch)]
    pub(crate) check_config: bool,
}

impl Args {
    /// Returns the source, the range and the filter asked for.
    pub(crate) fn job(&self, now: Ts) -> Result<(SourceId, PastAsk), String> {
        let Some(source) = &self.source else {
            let known = assembly::SOURCES.map(SourceId::as_str).join(", ");
            return Err(format!("--source is missing; there is {known}"));
        };
        let source = assembly::source_named(source).map_err(|error| error.to_string())?;
        Ok((source, self.past_ask(now)?))
    }

    fn past_ask(&self, now: Ts) -> Result<PastAsk, String> {
        let read = |name: &str, text: &Option<String>| match text {
            Some(text) => Ts::parse(text)
                .map(Some)
                .map_err(|error| format!("--{name}: {error}")),
            None => Ok(None),
        };
        let (mut from, to) = (read("from", &self.from)?, read("to", &self.to)?);
        if let Some(days) = self.days {
            if from.is_some() {
                return Err("--from and --days say the same thing: use one".to_owned());
            }
            let end = to.unwrap_or_else(|| Step::Day.ceil(now));
            from = Some(end.plus_days(-i64::from(days)));
        }
        if let (Some(from), Some(to)) = (from, to)
            && from >= to
        {
            return Err(format!("--from {from} is not before --to {to}"));
        }
        if from.is_some_and(|from| from > now) {
            return Err("--from lies ahead of now".to_owned());
        }
        let filter = Filter {
            assets: list(self.assets.as_deref()),
            metrics: list(self.metrics.as_deref()),
            datasets: list(self.datasets.as_deref()),
        };
        Ok(PastAsk {
            from,
            to,
            filter,
            force: self.force,
        })
    }
}

fn list(text: Option<&str>) -> Vec<String> {
    let parts = text.into_iter().flat_map(|text| text.split(','));
    parts
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(args: &[&str]) -> Result<PastAsk, String> {
        let now = Ts::parse("2026-11-22T13:30:00Z").unwrap();
        Args::from_args(&["backfill"], args).unwrap().past_ask(now)
    }

    #[test]
    fn reads_ranges() {
        let asked = ask(&[
            "--from",
            "2024-01-01",
            "--to",
            "2024-02-01",
            "--assets",
            "bitcoin, ethereum",
        ])
        .unwrap();
        assert_eq!(asked.from, Some(Ts::parse("2024-01-01").unwrap()));
        assert_eq!(asked.filter.assets, ["bitcoin", "ethereum"]);
        let asked = ask(&["--days", "2"]).unwrap();
        assert_eq!(asked.from, Some(Ts::parse("2026-11-21").unwrap()));
        assert_eq!(asked.to, None);
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        for (args, part) in [
            (&["--from", "01/02/2024"][..], "--from: \"01/02/2024\""),
            (
                &["--from", "2024-02-01", "--to", "2024-01-01"],
                "not before",
            ),
            (&["--from", "2024-01-01", "--days", "3"], "use one"),
            (&["--from", "2030-01-01"], "ahead of now"),
        ] {
            let problem = ask(args).unwrap_err();
            assert!(problem.contains(part), "{problem}");
        }
    }
}
