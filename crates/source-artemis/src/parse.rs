//! Reads checked answers: points, and per (key, metric) what the answer settles.

mod series;
mod symbols;

use source::{Parsed, Reply, ReplyError, RequestSpec, Sink};

use crate::{datasets::SYMBOLS, kept::Ids};

pub(crate) fn parse(
    ids: &Ids,
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    match request.dataset {
        SYMBOLS => symbols::parse(reply, out),
        _ => series::parse(ids, request, reply, out),
    }
}
