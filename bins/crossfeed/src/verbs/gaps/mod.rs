//! `crossfeed gaps`: what is wanted and has no value, each with its reason.

mod rows;
mod summary;

use std::{cmp::Reverse, collections::HashMap};

use argh::FromArgs;
use assembly::Looked;
use ingest::{Filter, Gap, GapReason, Survey, unknown_names};
use runtime::{Env, Exit};
use serde::Serialize;
use tokio::task::JoinSet;

use self::{
    rows::GapRow,
    summary::{Line, summed},
};
use crate::{out, table, words::grouped};

/// How many are listed for people.
const LISTED: usize = 20;

/// Tells what the configuration wants and has no value, and why; newest first. Asks no vendor and
/// changes nothing.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "gaps",
    note = "Reasons: unrequested (never asked), failed, vendor_empty, not_yet_published, unsupported,\n\
            outside_plan (today's plan does not give it), unfillable (nobody can ask for it any more),\n\
            closed (an exchange's, no gap: only where it is asked for).",
    error_code(0, "nothing is open"),
    error_code(3, "something is open: it will be asked for and may be filled")
)]
pub(crate) struct Gaps {
    /// only of this vendor
    #[argh(option)]
    source: Option<String>,

    /// only of this vendor's id, in any case; several times for several
    #[argh(option)]
    asset: Vec<String>,

    /// only of this stored metric, in any case; several times for several
    #[argh(option)]
    metric: Vec<String>,

    /// only of this dataset; several times for several
    #[argh(option)]
    dataset: Vec<String>,

    /// only for this reason; several times for several
    #[argh(option, from_str_fn(reason))]
    reason: Vec<GapReason>,

    /// how many are listed (20; with --csv all)
    #[argh(option)]
    limit: Option<usize>,

    /// list all of them
    #[argh(switch)]
    all: bool,

    /// as JSON
    #[argh(switch)]
    json: bool,

    /// the list alone, as CSV
    #[argh(switch)]
    csv: bool,
}

fn reason(text: &str) -> Result<GapReason, String> {
    let text = text.trim().to_lowercase().replace([' ', '-'], "_");
    let text = match text.as_str() {
        "never_asked" => GapReason::NeverAsked.as_str(),
        text => text,
    };
    let found = GapReason::ALL.into_iter().find(|one| one.as_str() == text);
    found.ok_or_else(|| {
        let known = GapReason::ALL.map(GapReason::as_str).join(", ");
        format!("there is no reason {text:?}; there is {known}")
    })
}

/// What a source lacks.
struct Lacks {
    survey: Survey,
    gaps: Vec<Gap>,
    /// The class of the newest failure of each dataset.
    classes: HashMap<String, String>,
}

/// The whole answer.
#[derive(Debug, Serialize)]
struct Answer {
    now: String,
    /// Buckets that will be asked for and may be filled.
    open_buckets: u64,
    summary: Vec<Line>,
    /// How many parts of series there are, listed or not.
    total: usize,
    gaps: Vec<GapRow>,
}

impl Gaps {
    #[expect(clippy::print_stderr, reason = "the command's own output")]
    pub(crate) async fn run(self, env: &Env) -> anyhow::Result<Exit> {
        if self.csv && self.json {
            eprintln!("crossfeed: --csv or --json, not both");
            return Ok(Exit::Usage);
        }
        let source = match self.source.as_deref().map(super::source).transpose() {
            Ok(source) => source,
            Err(exit) => return Ok(exit),
        };
        let (store, _server) = super::open_store(env).await?;
        let (mut surveys, mut exit) = (Vec::new(), None);
        for (name, looked) in super::look(env, &store, source).await? {
            match looked {
                Looked::At(survey) => surveys.push(survey),
                Looked::NotSetUp(what) if source.is_some() => {
                    eprintln!("crossfeed: {name} is not set up: {what}");
                    exit = Some(Exit::Error);
                }
                Looked::NotSetUp(_) => {}
                Looked::Wrong(what) => {
                    eprintln!("{what}");
                    exit = Some(Exit::Error);
                }
            }
        }
        let named: Vec<&Survey> = surveys.iter().map(AsRef::as_ref).collect();
        let unknown = unknown_names(&named, &self.filter());
        if !unknown.is_empty() && exit.is_none() {
            (unknown.iter()).for_each(|what| eprintln!("crossfeed: {what}"));
            return Ok(Exit::Usage);
        }
        let mut looks = JoinSet::new();
        for survey in surveys {
            looks.spawn(lacks(*survey, self.filter(), self.reason.clone()));
        }
        let all: Vec<Lacks> = looks
            .join_all()
            .await
            .into_iter()
            .collect::<Result<_, _>>()?;
        let answer = self.answer(env, &all).await?;
        self.tell(&answer)?;
        let by_holes = match answer.open_buckets {
            0 => Exit::Complete,
            _ => Exit::Partial,
        };
        Ok(exit.unwrap_or(by_holes))
    }

    fn filter(&self) -> Filter {
        Filter {
            assets: self.asset.clone(),
            metrics: self.metric.clone(),
            datasets: self.dataset.clone(),
        }
    }

    async fn answer(&self, env: &Env, all: &[Lacks]) -> anyhow::Result<Answer> {
        let mut gaps: Vec<(&Lacks, &Gap)> = Vec::new();
        for lacks in all {
            gaps.extend(lacks.gaps.iter().map(|gap| (lacks, gap)));
        }
        gaps.sort_by_key(|(lacks, gap)| (Reverse(gap.range.end), lacks.survey.id().as_str()));
        let open = gaps.iter().filter(|(_, gap)| gap.is_open());
        let limit = match self.limit {
            Some(limit) if !self.all => limit,
            None if !self.all && !self.csv => LISTED,
            _ => usize::MAX,
        };
        let listed = gaps.iter().take(limit);
        Ok(Answer {
            now: runtime::clock(env).await?.now().to_string(),
            open_buckets: open.map(|(_, gap)| gap.buckets).sum(),
            summary: summed(&gaps),
            total: gaps.len(),
            gaps: listed
                .filter_map(|(lacks, gap)| GapRow::of(lacks, gap))
                .collect(),
        })
    }

    fn tell(&self, answer: &Answer) -> anyhow::Result<()> {
        if self.json {
            return Ok(out::line(serde_json::to_string_pretty(answer)?)?);
        }
        if self.csv {
            return rows::csv(&answer.gaps);
        }
        if answer.summary.is_empty() {
            return Ok(out::line("nothing is missing")?);
        }
        summary::show(&answer.summary)?;
        out::line(format_args!(
            "{} buckets are open",
            grouped(answer.open_buckets)
        ))?;
        if !answer.gaps.is_empty() {
            out::line("")?;
            let cells: Vec<_> = answer.gaps.iter().map(GapRow::cells).collect();
            table::print(&GapRow::HEADER, &cells)?;
        }
        let left = answer.total - answer.gaps.len();
        if left > 0 {
            let left = grouped(u64::try_from(left).unwrap_or(u64::MAX));
            out::line(format_args!("and {left} older: --all lists them"))?;
        }
        Ok(())
    }
}

async fn lacks(
    survey: Survey,
    filter: Filter,
    reasons: Vec<GapReason>,
) -> Result<Lacks, store::Error> {
    let with_closed = reasons.contains(&GapReason::Closed);
    let mut gaps = survey.gaps(&filter, with_closed).await?;
    if !reasons.is_empty() {
        gaps.retain(|gap| reasons.contains(&gap.reason));
    }
    let failed = gaps.iter().any(|gap| gap.reason == GapReason::Failed);
    let classes = match failed {
        true => survey.failure_classes().await?,
        false => Vec::new(),
    };
    Ok(Lacks {
        survey,
        gaps,
        classes: classes.into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_may_be_written_as_it_is_said() {
        for text in ["unrequested", "never asked", "Never-Asked"] {
            assert_eq!(reason(text), Ok(GapReason::NeverAsked));
        }
        assert_eq!(reason("vendor_empty"), Ok(GapReason::VendorEmpty));
        let error = reason("empty").unwrap_err();
        assert!(error.contains("vendor_empty, not_yet_published"), "{error}");
    }
}
