//! What every source must hold, whatever the vendor. Called from each source crate's tests:
//!
//! ```text
//! source::conformance::check(&source, &cases).unwrap();
//! ```
//!
//! A case is an ask and good answers to the first of its requests. From them the suite also makes bad
//! answers: emptied, cut off, of another shape, with one key taken out. What only one vendor promises
//! (which requests, which values) is for that crate's own tests. [`check_plan`] takes asks alone, for
//! those that a source crate makes at random. For those tests [`stage`] has asks, replies and a reader,
//! [`mangle`] spoilt bodies.

pub mod mangle;
mod plans;
mod replies;
pub mod stage;

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use model::{Step, Ts};

use crate::{Ask, Reply, RequestSpec, Source};

/// A text that must not come out of a source, wherever it went in: put it where a key could be, for
/// example into a base address. The suite puts it into bodies.
pub const PLANTED_SECRET: &str = "CG-planted0secret0that0must0never0come0out";

/// An ask, and what the vendor answers to it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name, for messages.
    pub name: &'static str,
    /// What is asked.
    pub ask: Ask,
    /// How many requests that takes by the vendor's contract.
    pub requests: usize,
    /// Good answers to the first requests of the plan, in its order.
    pub answers: Vec<Reply>,
}

/// Makes a good answer.
pub fn good(body: impl Into<Bytes>, received_at: Ts) -> Reply {
    answer(StatusCode::OK, body, received_at)
}

fn answer(status: StatusCode, body: impl Into<Bytes>, received_at: Ts) -> Reply {
    Reply {
        status,
        headers: HeaderMap::new(),
        body: body.into(),
        received_at,
    }
}

/// Whether a label is one of its step. A quarter ends when the company's books say so.
fn is_on_grid(step: Step, label: Ts) -> bool {
    step == Step::Quarter || step.floor(label) == label
}

/// Everything that a source does not hold, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failures(pub Vec<String>);

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Failures {}

/// Runs the whole suite.
///
/// # Errors
/// Everything that does not hold, at once.
pub fn check(source: &dyn Source, cases: &[Case]) -> Result<(), Failures> {
    let mut report = Report::default();
    plans::declarations(source, &mut report);
    for case in cases {
        report.enter(case.name);
        let requests = plans::case(source, case, &mut report);
        for (request, answer) in requests.iter().zip(&case.answers) {
            replies::good(source, request, answer, &mut report);
            replies::without_a_key(source, request, answer, &mut report);
            replies::garbage(source, request, answer, &mut report);
        }
        report.expect(case.answers.len() <= requests.len(), || {
            format!(
                "{} answers to {} requests",
                case.answers.len(),
                requests.len()
            )
        });
    }
    report.finish()
}

/// Checks the plan of one ask, for asks that are made at random: equal asks give equal plans, blocks
/// tile the ask, requests are sound. Returns its requests.
///
/// # Errors
/// Everything that does not hold, at once.
pub fn check_plan(source: &dyn Source, ask: &Ask) -> Result<Vec<RequestSpec>, Failures> {
    let mut report = Report::default();
    let requests = plans::ask(source, ask, &mut report);
    report.finish().map(|()| requests)
}

/// Collects what does not hold.
#[derive(Debug, Default)]
struct Report {
    case: &'static str,
    failures: Vec<String>,
}

impl Report {
    fn enter(&mut self, case: &'static str) {
        self.case = case;
    }

    fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            let place = if self.case.is_empty() {
                String::new()
            } else {
                format!("{}: ", self.case)
            };
            let failure = format!("{place}{}", what());
            // One fault shows in many bodies.
            if !self.failures.contains(&failure) {
                self.failures.push(failure);
            }
        }
    }

    fn silent(&mut self, text: &str, place: &str) {
        self.expect(!text.contains(PLANTED_SECRET), || {
            format!("{place} holds the planted secret")
        });
    }

    fn finish(self) -> Result<(), Failures> {
        if self.failures.is_empty() {
            Ok(())
        } else {
            Err(Failures(self.failures))
        }
    }
}
