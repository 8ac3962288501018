//! `cargo xtask parse`: a source's own check and parse over a body from outside.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use argh::FromArgs;
use assembly::{SOURCES, source_named};
use model::{DatasetId, SeriesKey, SourceId, Ts};
use runtime::{Exit, VendorEnv};
use source::{Fact, Outcome, Parsed, Record, Reply, ReplyError, RequestSpec, Role, Source};

/// Runs a source's check and parse over a body, without a configuration, and prints the points as CSV;
/// outcomes and refused values go to stderr. A failed check prints its class and exits with 4.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "parse")]
pub(crate) struct Parse {
    /// the vendor, e.g. coingecko
    #[argh(option)]
    source: Option<String>,

    /// the dataset, where the request alone does not tell
    #[argh(option)]
    dataset: Option<String>,

    /// path and query as they were asked
    #[argh(option)]
    request: Option<String>,

    /// when the answer came, e.g. 2026-05-18T12:50:00Z
    #[argh(option)]
    now: Option<String>,

    /// the HTTP status (200)
    #[argh(option, default = "200")]
    status: u16,

    /// a header of the answer, 'Name: value'; may be given several times
    #[argh(option)]
    header: Vec<String>,

    /// keys the request does not name, joined by commas
    #[argh(option)]
    keys: Option<String>,

    /// the plan, where it changes how an answer reads
    #[argh(option)]
    plan: Option<String>,

    /// print the datasets with the request paths they use
    #[argh(switch)]
    list: bool,

    /// the body
    #[argh(positional)]
    file: Option<PathBuf>,
}

impl Parse {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        if self.list {
            return self.print_datasets();
        }
        let name = self
            .source
            .as_deref()
            .context("--source is missing, e.g. --source coingecko")?;
        let source = self.build(source_named(name)?)?;
        let request = self.recognise(&*source)?;
        let reply = self.reply()?;
        // Open: every key that the body holds, named by the request or not.
        let mut block = request.block.clone();
        block.keys.clear();
        let mut record = Record::new(block, reply.received_at);
        let read = source
            .check(&request, &reply)
            .and_then(|()| source.parse(&request, &reply, &mut record));
        let parsed = match read {
            Ok(parsed) => parsed,
            Err(error) => return Ok(failed(&error)),
        };
        let catalogue = source
            .dataset(request.dataset)
            .is_some_and(|one| one.role == Role::Catalogue);
        match catalogue {
            true => print_listings(&record)?,
            false => print_points(&*source, &record)?,
        }
        print_outcomes(&record, &parsed);
        Ok(Exit::Complete)
    }

    fn build(&self, name: SourceId) -> anyhow::Result<Arc<dyn Source>> {
        // Enough of an environment to build the source; nothing is sent anywhere.
        let mut env = VendorEnv::default();
        env.plan.clone_from(&self.plan);
        env.api_key = Some(String::from("no-key-is-needed-to-read").into());
        Ok(assembly::build(name, &env)?)
    }

    fn recognise(&self, source: &dyn Source) -> anyhow::Result<RequestSpec> {
        let request = self
            .request
            .as_deref()
            .context("--request 'PATH?QUERY' is missing")?;
        let dataset = self
            .dataset
            .as_deref()
            .map(|name| known_dataset(source, name))
            .transpose()?;
        let keys: Vec<String> = (self.keys.as_deref().unwrap_or_default().split(','))
            .map(str::trim)
            .filter(|key| !key.is_empty())
            .map(str::to_owned)
            .collect();
        Ok(source.recognise(dataset, request, &keys)?)
    }

    fn reply(&self) -> anyhow::Result<Reply> {
        let now = self
            .now
            .as_deref()
            .context("--now is missing, e.g. --now 2026-05-18T12:50:00Z")?;
        let file = self
            .file
            .as_deref()
            .context("the file with the body is missing")?;
        let body =
            std::fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
        let mut headers = http::HeaderMap::new();
        for header in &self.header {
            let (name, value) = header
                .split_once(':')
                .with_context(|| format!("--header {header:?} is not 'Name: value'"))?;
            let name = http::HeaderName::try_from(name.trim())?;
            headers.append(name, http::HeaderValue::try_from(value.trim())?);
        }
        Ok(Reply {
            status: http::StatusCode::from_u16(self.status)?,
            headers,
            body: body.into(),
            received_at: Ts::parse(now).context("--now")?,
        })
    }

    fn print_datasets(&self) -> anyhow::Result<Exit> {
        let wanted = self.source.as_deref().map(source_named).transpose()?;
        println!("source,dataset,step,path");
        for name in SOURCES
            .into_iter()
            .filter(|name| wanted.is_none_or(|wanted| wanted == *name))
        {
            for dataset in self.build(name)?.datasets() {
                for path in dataset.paths {
                    println!("{name},{},{},{path}", dataset.id, dataset.step);
                }
            }
        }
        Ok(Exit::Complete)
    }
}

fn known_dataset(source: &dyn Source, name: &str) -> anyhow::Result<DatasetId> {
    let found = source
        .datasets()
        .iter()
        .find(|dataset| dataset.id.as_str() == name);
    let known = || {
        source
            .datasets()
            .iter()
            .map(|one| one.id.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    found.map(|dataset| dataset.id).with_context(|| {
        format!(
            "{} has no dataset {name:?}; it has {}",
            source.id(),
            known()
        )
    })
}

fn failed(error: &ReplyError) -> Exit {
    println!("{}", error.class());
    eprintln!("{error}");
    if let ReplyError::Throttled {
        retry_after: Some(wait),
        ..
    } = error
    {
        eprintln!("retry after {} s", wait.as_secs_f64());
    }
    Exit::FailedCheck
}

fn print_points(source: &dyn Source, record: &Record) -> anyhow::Result<()> {
    let mut out = csv::Writer::from_writer(std::io::stdout().lock());
    out.write_record([
        "asset",
        "instrument",
        "venue",
        "quote",
        "metric",
        "step",
        "label",
        "ts",
        "value",
    ])?;
    for point in &record.points {
        let series = SeriesKey {
            source: source.id(),
            key: point.key.clone(),
            metric: point.metric.clone(),
            step: point.step,
        };
        let ts = point
            .label
            .plus_secs(source.stamp(&series).shift_secs(point.step));
        let key = &point.key;
        out.write_record([
            key.asset.as_str(),
            key.instrument.as_str(),
            key.venue.as_str(),
            key.quote.as_str(),
            point.metric.as_str(),
            point.step.as_str(),
            &point.label.to_string(),
            &ts.to_string(),
            &point.value.to_string(),
        ])?;
    }
    Ok(out.flush()?)
}

fn print_listings(record: &Record) -> anyhow::Result<()> {
    let mut out = csv::Writer::from_writer(std::io::stdout().lock());
    out.write_record([
        "asset",
        "instrument",
        "venue",
        "symbol",
        "name",
        "active",
        "links",
    ])?;
    for listing in &record.listings {
        let links: Vec<String> = listing
            .links
            .iter()
            .map(|(space, id)| format!("{space}:{id}"))
            .collect();
        out.write_record([
            listing.subject.asset.as_str(),
            listing.subject.instrument.as_str(),
            listing.subject.venue.as_str(),
            listing.symbol.as_deref().unwrap_or_default(),
            listing.name.as_deref().unwrap_or_default(),
            if listing.active { "true" } else { "false" },
            &links.join("|"),
        ])?;
    }
    Ok(out.flush()?)
}

fn print_outcomes(record: &Record, parsed: &Parsed) {
    for (key, metric, outcome) in &record.outcomes {
        let text = match outcome {
            Outcome::Answered(labels) => format!("answered {labels}"),
            Outcome::Empty(labels) => format!("empty {labels}"),
            Outcome::Closed(labels) => format!("closed {labels}"),
            Outcome::OutsidePlan(labels) => format!("outside_plan {labels}"),
            Outcome::Absent => "absent".to_owned(),
            Outcome::Unsupported => "unsupported".to_owned(),
            Outcome::Failed => "failed".to_owned(),
        };
        eprintln!("outcome {key} {metric} {text}");
    }
    for fact in &parsed.facts {
        match fact {
            Fact::FirstAvailable { key, label } => eprintln!("fact {key} first_available {label}"),
            Fact::EndedAt { key, label } => eprintln!("fact {key} ended_at {label}"),
        }
    }
    for reject in &record.rejects {
        let metric = reject.metric.as_ref().map_or("", |metric| metric.as_str());
        let label = reject
            .label
            .map_or_else(String::new, |label| label.to_string());
        eprintln!("reject {} {metric} {label} {}", reject.asset, reject.why);
    }
    if record.unasked > 0 {
        eprintln!("unasked pairs: {}", record.unasked);
    }
}
