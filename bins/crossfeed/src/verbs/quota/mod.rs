//! `crossfeed quota`: what is used and left of the vendors' quotas, and how long that lasts.

mod report;

use argh::FromArgs;
use assembly::Looked;
use runtime::{Env, Exit};

pub(crate) use self::report::QuotaReport;
use crate::{out, table};

/// Tells of each vendor what is used and left of its quotas, for whom, and how long it lasts at the rate
/// of the last day.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "quota")]
pub(crate) struct Quota {
    /// only of this vendor
    #[argh(option)]
    source: Option<String>,

    /// as JSON
    #[argh(switch)]
    json: bool,
}

impl Quota {
    #[expect(clippy::print_stderr, reason = "the command's own output")]
    pub(crate) async fn run(self, env: &Env) -> anyhow::Result<Exit> {
        let source = match self.source.as_deref().map(super::source).transpose() {
            Ok(source) => source,
            Err(exit) => return Ok(exit),
        };
        let (store, _server) = super::open_store(env).await?;
        let (mut quotas, mut without, mut exit) = (Vec::new(), Vec::new(), Exit::Complete);
        for (source, looked) in super::look(env, &store, source).await? {
            match looked {
                Looked::At(survey) => {
                    let standings = survey.quotas();
                    if standings.is_empty() {
                        without.push(source.as_str());
                    }
                    let of = |one| QuotaReport::of(source, one, survey.now());
                    quotas.extend(standings.iter().map(of));
                }
                Looked::NotSetUp(_) => {}
                Looked::Wrong(what) => {
                    eprintln!("{what}");
                    exit = Exit::Error;
                }
            }
        }
        if self.json {
            out::line(serde_json::to_string_pretty(&quotas)?)?;
            return Ok(exit);
        }
        show(&quotas, &without)?;
        Ok(exit)
    }
}

fn show(quotas: &[QuotaReport], without: &[&str]) -> std::io::Result<()> {
    let rows: Vec<_> = quotas.iter().map(QuotaReport::cells).collect();
    let header = [
        "source",
        "host",
        "quota",
        "used",
        "usable by ticks / gaps / backfill",
        "left",
        "turns",
        "a day now",
        "a day so far",
    ];
    if !rows.is_empty() {
        table::print(&header, &rows)?;
    }
    for quota in quotas {
        quota.remarks().into_iter().try_for_each(out::line)?;
    }
    for source in without {
        out::line(format_args!(
            "{source}: no quota, its pace alone is limited"
        ))?;
    }
    let warnings = quotas.iter().filter_map(QuotaReport::warning);
    warnings
        .into_iter()
        .try_for_each(|warning| out::line(format_args!("WARNING: {warning}")))
}
