//! Reading the texts of a question. Collects everything unreadable instead of stopping at the first.

use std::str::FromStr;

use model::{Step, Ts};

use crate::ask::{MAX_LIMIT, Order};
use crate::problem::BadParameter;
use crate::{Problem, times};

const MAX_DAYS: i64 = 36_500;

pub(crate) fn given(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

pub(crate) fn owned(text: Option<&String>) -> Option<String> {
    given(text).map(str::to_owned)
}

/// Collects what cannot be read.
#[derive(Debug, Default)]
pub(crate) struct Reading(Vec<BadParameter>);

impl Reading {
    pub(crate) fn bad(&mut self, parameter: &str, detail: impl Into<String>) {
        self.0.push(BadParameter::new(parameter, detail));
    }

    pub(crate) fn done(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Problem::BadParameters(self.0))
        }
    }

    /// No name holds control characters, and PostgreSQL's texts do not even hold NUL.
    pub(crate) fn plain(&mut self, texts: &[(&'static str, Option<&String>)]) {
        for (parameter, text) in texts {
            if given(*text).is_some_and(|text| text.contains(char::is_control)) {
                self.bad(parameter, "holds a control character");
            }
        }
    }

    pub(crate) fn required(&mut self, parameter: &str, text: Option<&String>) -> String {
        let text = given(text).unwrap_or_default();
        if text.is_empty() {
            self.bad(parameter, "is required");
        }
        text.to_owned()
    }

    pub(crate) fn cursor<C: FromStr>(
        &mut self,
        text: Option<&String>,
        fits: impl FnOnce(&C) -> bool,
    ) -> Option<C> {
        let cursor = given(text)?.parse().ok().filter(fits);
        if cursor.is_none() {
            self.bad(
                "cursor",
                "does not belong to this question: follow `next` as it is, or start again without it",
            );
        }
        cursor
    }

    pub(crate) fn step(&mut self, text: Option<&String>) -> Option<Step> {
        let text = given(text)?;
        let step = text.parse().ok().or_else(|| spelled_out(text));
        if step.is_none() {
            self.0.push(BadParameter {
                allowed: Step::ALL
                    .iter()
                    .map(|step| step.as_str().to_owned())
                    .collect(),
                ..BadParameter::new("step", format!("{text:?} is no bucket width"))
            });
        }
        step
    }

    pub(crate) fn order(&mut self, text: Option<&String>) -> Order {
        let Some(text) = given(text) else {
            return Order::default();
        };
        match text.to_lowercase().as_str() {
            "desc" | "descending" | "newest" => return Order::Descending,
            "asc" | "ascending" | "oldest" => return Order::Ascending,
            _ => {}
        }
        self.0.push(BadParameter {
            allowed: vec!["desc".to_owned(), "asc".to_owned()],
            ..BadParameter::new("order", format!("{text:?} is no order"))
        });
        Order::default()
    }

    pub(crate) fn limit(&mut self, text: Option<&String>, default: usize) -> usize {
        let Some(text) = given(text) else {
            return default;
        };
        match text.parse() {
            Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => limit,
            _ => {
                self.bad(
                    "limit",
                    format!("{text:?} is not a whole number from 1 to {MAX_LIMIT}"),
                );
                default
            }
        }
    }

    pub(crate) fn days(&mut self, text: Option<&String>) -> Option<i64> {
        let text = given(text)?;
        let days = text
            .parse()
            .ok()
            .filter(|days| (1..=MAX_DAYS).contains(days));
        if days.is_none() {
            self.bad(
                "days",
                format!("{text:?} is not a whole number from 1 to {MAX_DAYS}"),
            );
        }
        days
    }

    pub(crate) fn time(
        &mut self,
        parameter: &str,
        text: Option<&String>,
        read: impl FnOnce(&str) -> Option<Ts>,
    ) -> Option<Ts> {
        let text = given(text)?;
        let at = read(text).filter(|at| *at >= Ts::OLDEST);
        if at.is_none() {
            let detail = format!("{text:?} is no time since 1900: write {}", times::FORMS);
            self.bad(parameter, detail);
        }
        at
    }
}

/// The predecessor's granularities and what else is written for a step.
fn spelled_out(text: &str) -> Option<Step> {
    match text.to_lowercase().as_str() {
        "hour" | "hourly" | "60m" | "60min" => Some(Step::Hour),
        "day" | "daily" | "24h" => Some(Step::Day),
        "week" | "weekly" | "7d" => Some(Step::Week),
        "month" | "monthly" | "1m" => Some(Step::Month),
        "quarter" | "quarterly" | "3mo" => Some(Step::Quarter),
        _ => None,
    }
}
