//! Sorts answers: data, or which kind of failure. Contract section 4.
//!
//! The status comes first, then the words. What is no JSON at all (an HTML page, a body that was cut) is
//! `Transient`: the same request may well succeed. JSON of another shape than the contract's is
//! `Malformed`, which the parser says.
//!
//! One refusal is an answer: a protocol without fees, volumes or another dimension, a chain without
//! stablecoins. It is handed to the parser, which says `Unsupported` of that metric; `NotFound` would leave
//! the whole protocol alone.
//!
//! No text of the vendor gets into an error but a short excerpt without addresses and keys.

mod words;

use std::time::Duration;

use source::{Reply, ReplyError, RequestSpec, lenient, recognise::query_value, retry_after};

use self::words::{Body, Words, look};
use crate::route::{Of, Route, route};

/// The shortest wait that is believed; without one the executor knows how long.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

pub(crate) fn check(request: &RequestSpec, reply: &Reply) -> Result<(), ReplyError> {
    let status = reply.status.as_u16();
    let text = lenient::text(&reply.body);
    let failure = Failure {
        route: route(&request.path),
        request,
        reply,
        body: look(&text),
    };
    match (&failure.body, status) {
        // An error in the envelope of the vendor's cloud, sent as if it were data (trap 7).
        (Body::Wrapped(status, _), 200..=299) => failure.of_status(*status),
        (Body::Words(words), 200..=299) if words.say_not_found() => failure.of_status(404),
        (Body::EmptyYields, 200..=299) if matches!(failure.route, Some(Route::PoolChart(_))) => {
            Err(ReplyError::NotFound("no pool with this id".to_owned()))
        }
        // Whether it is what was asked for, and JSON at all, is for the parser to say.
        (_, 200..=299) => Ok(()),
        _ => failure.of_status(status),
    }
}

/// Whether a checked answer says that the vendor does not have what was asked for.
pub(crate) fn is_unsupported(reply: &Reply) -> bool {
    !reply.status.is_success()
}

/// An answer that is none.
struct Failure<'a> {
    route: Option<Route<'a>>,
    request: &'a RequestSpec,
    reply: &'a Reply,
    body: Body,
}

impl Failure<'_> {
    /// The table of section 4, by the status that counts.
    fn of_status(&self, status: u16) -> Result<(), ReplyError> {
        let what = self.describe(status);
        let is_page = matches!(self.body, Body::Page);
        Err(match status {
            // Neither status nor words of spent credits are established.
            402 | 429 if self.words().is_some_and(Words::speak_of_credits) => {
                ReplyError::QuotaExhausted { what, until: None }
            }
            402 => ReplyError::NotEntitled(what),
            429 => ReplyError::Throttled {
                what,
                retry_after: retry_after(self.reply).map(|wait| wait.max(SHORTEST_WAIT)),
            },
            // Servers in front of the vendor say this in a page of their own, and would say it again.
            413 | 414 => ReplyError::TooMuch(what),
            400 | 404 => return self.of_missing(status, what),
            400..=499 if is_page => ReplyError::Transient(what),
            401 | 403 => ReplyError::Unauthorized(what),
            408 | 409 | 425 => ReplyError::Transient(what),
            400..=499 => ReplyError::Rejected(what),
            500 if self.is_refused_parameter() => ReplyError::Rejected(what),
            _ => ReplyError::Transient(what),
        })
    }

    /// What the vendor does not have, or does not understand.
    fn of_missing(&self, status: u16, what: String) -> Result<(), ReplyError> {
        if self.lacks_metric(status) {
            // Seen from outside, without a key, there is nothing to say it of.
            return match self.request.block.keys.is_empty() {
                true => Err(ReplyError::NotFound(what)),
                false => Ok(()),
            };
        }
        let (is_page, words) = (matches!(self.body, Body::Page), self.words());
        let of_dimension = matches!(self.route, Some(Route::Summary(..) | Route::Chart(..)));
        Err(match (status, self.route) {
            _ if words.is_some_and(Words::say_not_found) => ReplyError::NotFound(what),
            // In words of its own, or in a page of the server in front.
            (404, Some(Route::StablecoinChart(None))) if self.asks("stablecoin") => {
                ReplyError::NotFound(what)
            }
            (404, Some(Route::StablecoinChart(Some(_)))) => ReplyError::Rejected(what),
            _ if is_page => ReplyError::Transient(what),
            (404, Some(route)) if is_of_one(route) => ReplyError::NotFound(what),
            // A wrong base address, above all: it must not shut out anything.
            (404, _) if !of_dimension => ReplyError::Transient(what),
            _ => ReplyError::Rejected(what),
        })
    }

    /// Whether the thing is known and this metric of it is not: a protocol without fees or without
    /// borrowing, a chain without stablecoins.
    fn lacks_metric(&self, status: u16) -> bool {
        let says_so = || self.words().is_some_and(Words::say_no_such_data);
        match self.route {
            Some(Route::Summary(..) | Route::Chart(..)) => says_so(),
            Some(Route::TvlChart(_)) => self.asks("key") && says_so(),
            Some(Route::StablecoinChart(Some(_))) => {
                status == 404
                    && self
                        .words()
                        .is_some_and(|words| words.are("invalid request"))
            }
            _ => false,
        }
    }

    /// Whether the query says something of a name.
    fn asks(&self, name: &str) -> bool {
        query_value(&self.request.query, name).is_some_and(|value| !value.is_empty())
    }

    /// Whether a 500 means the request: an unknown chain in an overview, an unknown type or data type.
    /// By now it has been asked more than once; the pull must not end over one name that is wrong.
    fn is_refused_parameter(&self) -> bool {
        let Some(words) = self.words() else {
            return false;
        };
        match self.route {
            Some(Route::Overview(_, Some(_)) | Route::Chart(_, Of::Chain(_))) => {
                words.are("internal server error") || words.are("internal error")
            }
            Some(Route::Overview(..) | Route::Summary(..) | Route::Chart(..)) => {
                words.are("internal error")
            }
            _ => false,
        }
    }

    fn words(&self) -> Option<&Words> {
        match &self.body {
            Body::Words(words) | Body::Wrapped(_, words) => Some(words),
            _ => None,
        }
    }

    fn describe(&self, status: u16) -> String {
        match &self.body {
            Body::Words(words) | Body::Wrapped(_, words) => words.describe(status),
            Body::Page => format!("status {status}, a page"),
            _ => format!("status {status}"),
        }
    }
}

/// Whether the route is about one thing, all of whose data come from it.
fn is_of_one(route: Route<'_>) -> bool {
    matches!(
        route,
        Route::Protocol(_) | Route::TvlChart(_) | Route::ChainTvl(Some(_)) | Route::PoolChart(_)
    )
}
