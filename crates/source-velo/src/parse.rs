//! Reads checked answers: points, and per (key, metric) what the answer settles.

mod caps;
mod catalogue;
mod rows;

use source::{Parsed, Reply, ReplyError, RequestSpec, Sink};

use crate::datasets::{CAPS, ROWS, ROWS_DAILY};

pub(crate) fn parse(
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    match request.dataset {
        ROWS | ROWS_DAILY => rows::parse(request, reply, out),
        CAPS => caps::parse(request, reply, out),
        _ => catalogue::parse(request, reply, out),
    }
}

/// Whether a request asks for a metric; one that names none asks for all.
fn is_asked(request: &RequestSpec, name: &str) -> bool {
    let metrics = &request.block.metrics;
    metrics.is_empty() || metrics.iter().any(|asked| asked.as_str() == name)
}
