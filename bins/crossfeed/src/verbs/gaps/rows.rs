//! A gap as it is listed: in text, JSON and CSV.

use std::io;

use ingest::{Gap, GapReason};
use serde::Serialize;

use super::Lacks;
use crate::words::grouped;

/// A part of a series without a value.
#[derive(Debug, Serialize)]
pub(super) struct GapRow {
    source: &'static str,
    dataset: &'static str,
    asset: String,
    instrument: String,
    venue: String,
    quote: String,
    metric: String,
    step: &'static str,
    /// First bucket.
    from: String,
    /// First bucket after.
    to: String,
    buckets: u64,
    reason: &'static str,
    /// Of what failed, the class of the dataset's newest failure.
    error_class: Option<String>,
    /// Asked again from then on.
    again_at: Option<String>,
    tries: i16,
    /// Whether it will be asked for and may be filled.
    open: bool,
    /// Why nothing asks for it now: `suspended`, `parked` or `disabled`.
    held: Option<&'static str>,
}

impl GapRow {
    pub(super) const HEADER: [&'static str; 8] = [
        "source", "dataset", "series", "from", "to", "buckets", "why", "again",
    ];

    pub(super) fn of(lacks: &Lacks, gap: &Gap) -> Option<Self> {
        let series = lacks.survey.series(gap.series)?;
        let dataset = gap.dataset.map_or("", |dataset| dataset.as_str());
        let class = match gap.reason {
            GapReason::Failed => lacks.classes.get(dataset).cloned(),
            _ => None,
        };
        Some(Self {
            source: lacks.survey.id().as_str(),
            dataset,
            asset: series.key.asset.to_string(),
            instrument: series.key.instrument.to_string(),
            venue: series.key.venue.to_string(),
            quote: series.key.quote.to_string(),
            metric: series.metric.to_string(),
            step: series.step.as_str(),
            from: gap.range.start.to_string(),
            to: gap.range.end.to_string(),
            buckets: gap.buckets,
            reason: gap.reason.as_str(),
            error_class: class,
            again_at: gap.again_at.map(|at| at.to_string()),
            tries: gap.tries,
            open: gap.is_open(),
            held: held(lacks, gap),
        })
    }

    pub(super) fn cells(&self) -> Vec<String> {
        let parts = [&self.asset, &self.instrument, &self.venue, &self.quote];
        let named: Vec<&str> = parts
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        let series = format!("{} {} {}", named.join("/"), self.metric, self.step);
        vec![
            self.source.to_owned(),
            self.dataset.to_owned(),
            series,
            self.from.clone(),
            self.to.clone(),
            grouped(self.buckets),
            self.why(),
            self.again(),
        ]
    }

    fn why(&self) -> String {
        let reason = in_words(self.reason);
        match (&self.error_class, self.tries) {
            (Some(class), _) => format!("{reason}: {class}"),
            (None, tries @ 2..) => format!("{reason}, {tries} tries"),
            _ => reason.to_owned(),
        }
    }

    fn again(&self) -> String {
        match (self.held, &self.again_at) {
            (Some(held), _) => held.to_owned(),
            (None, Some(at)) => at.clone(),
            (None, None) if self.open => "as soon as there is room".to_owned(),
            (None, None) => "never".to_owned(),
        }
    }
}

/// Why nothing asks for a gap now that would be asked for.
pub(super) fn held(lacks: &Lacks, gap: &Gap) -> Option<&'static str> {
    if gap.disabled {
        return Some("disabled");
    }
    if gap.is_open() {
        return lacks.survey.held(gap.dataset);
    }
    None
}

/// Says a reason as people do.
pub(super) fn in_words(reason: &'static str) -> &'static str {
    match reason {
        "unrequested" => "never asked",
        "vendor_empty" => "vendor empty",
        "not_yet_published" => "not yet published",
        "outside_plan" => "outside the plan",
        other => other,
    }
}

/// Writes the list as CSV to standard output.
pub(super) fn csv(rows: &[GapRow]) -> anyhow::Result<()> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(io::stdout().lock());
    let written = (|| {
        writer.write_record([
            "source",
            "dataset",
            "asset",
            "instrument",
            "venue",
            "quote",
            "metric",
            "step",
            "from",
            "to",
            "buckets",
            "reason",
            "error_class",
            "again_at",
            "tries",
            "open",
            "held",
        ])?;
        for row in rows {
            writer.serialize(row)?;
        }
        Ok::<_, csv::Error>(writer.flush()?)
    })();
    match written.map_err(csv::Error::into_kind) {
        // Whoever reads it may have seen enough.
        Err(csv::ErrorKind::Io(error)) => Err(error.into()),
        Err(other) => anyhow::bail!("failed to write CSV: {other:?}"),
        Ok(()) => Ok(()),
    }
}
