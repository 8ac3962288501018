//! `/data/api/{metricNames}/`: the question, and what each cell of the answer holds.

use std::collections::HashSet;

use super::assets::{Assets, Holding, Subject, dropped_ms};
use super::calendar::day_of;
use super::errors::{self, METRIC_NOT_FOUND, NO_LATEST, NO_MARKET, NOT_FOR_ASSET};
use super::latest::{Latest, change};
use super::metrics::{Definition, Group, Recipe, Rhythm, Table};
use super::pair::Pair;
use super::series::Point;
use super::write::Writer;
use super::{ArtemisPlan, ArtemisStep, ArtemisSwitch};
use crate::instant::parse_day;
use crate::vendor::{Call, Reply};
use crate::world::WorldState;

/// Most symbols in one question.
const MOST_SYMBOLS: usize = 250;
/// A question that may have more points than this overloads the vendor: the answer is 200 without a body. Where the
/// edge lies is not established; this many are some 70 MB.
const MOST_POINTS: i64 = 2_000_000;
/// Points that a cut series keeps.
const CUT: usize = 1_000;

/// What is asked, read and found well-formed.
struct Question<'a> {
    metrics: Vec<&'a str>,
    symbols: Vec<&'a str>,
    /// First and last day; `None` asks for the latest values.
    days: Option<(i64, i64)>,
    step: ArtemisStep,
    /// Most points of a series. Whether the vendor counts per series, and which end it cuts, is not established: here
    /// the newest of each stay.
    limit: usize,
    summarize: bool,
}

/// One metric of one symbol, with the number that sets its oddities.
pub(super) enum Cell {
    Sentence(&'static str),
    Points(u64, Vec<Point>),
    Latest(u64, Latest),
    Change(serde_json::Value),
}

impl Cell {
    /// Tells whether the cell has nothing to say about any day.
    fn is_silent(&self) -> bool {
        match self {
            Self::Sentence(_) => true,
            Self::Points(_, points) => points.is_empty(),
            Self::Latest(_, latest) => matches!(latest, Latest::Null | Latest::Sentence(_)),
            Self::Change(change) => change.is_null(),
        }
    }
}

/// What an answer is made from.
pub(super) struct Answerer<'a> {
    pub(super) world: &'a WorldState,
    pub(super) table: &'a Table,
    pub(super) plan: ArtemisPlan,
    pub(super) call: &'a Call,
}

impl Answerer<'_> {
    /// Answers, or refuses a malformed question.
    pub(super) fn answer(&self, metric_names: &str) -> Reply {
        let Some(question) = self.question(metric_names) else {
            return errors::bad_request(self.plan);
        };
        let assets = Assets::at(self.world, self.call.now_ms);
        let subjects: Vec<(&str, Option<Subject<'_>>)> = (question.symbols.iter())
            .map(|symbol| (*symbol, assets.subject(symbol)))
            .collect();
        if self.most_points(&question, &subjects) > MOST_POINTS {
            return errors::nothing();
        }
        let mut writer = Writer::new(self.plan);
        let (mut matched, mut silent) = (false, true);
        for (symbol, subject) in subjects {
            let Some(subject) = subject else {
                if self.plan.has(ArtemisSwitch::NamedUnknowns) {
                    writer.unknown(symbol, NO_LATEST);
                }
                continue;
            };
            matched = true;
            writer.open(symbol);
            for metric in &question.metrics {
                let cell = self.cell(&question, subject, metric);
                silent &= cell.is_silent();
                writer.cell(metric, &cell);
            }
            writer.close();
        }
        if matched && silent && self.plan.has(ArtemisSwitch::Messages) {
            return errors::no_symbols(NO_LATEST);
        }
        errors::json(writer.finish())
    }

    fn question<'a>(&'a self, metric_names: &'a str) -> Option<Question<'a>> {
        let call = self.call;
        let (start, end) = (day(call, "startDate")?, day(call, "endDate")?);
        let today = day_of(call.now_ms);
        let days = match (start, end) {
            (None, None) => None,
            // One date alone is not established: the range then is open on the other side.
            (start, end) => Some((start.unwrap_or(i64::MIN / 2), end.unwrap_or(today))),
        };
        let last = |end: i64| end - i64::from(self.plan.has(ArtemisSwitch::HalfOpen));
        let step = match call.param("granularity") {
            None => ArtemisStep::Day,
            Some(name) => ArtemisStep::named(name)?,
        };
        let cut = if self.plan.has(ArtemisSwitch::Cut) {
            CUT
        } else {
            usize::MAX
        };
        let limit = match call.param("limit") {
            None => cut,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=1_000).contains(limit))?,
        };
        let summarize = match call.param("summarize") {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return None,
        };
        let metrics = parts(metric_names);
        let fiscal = |name: &&str| {
            let known = self.table.named(name);
            known.is_some_and(|known| known.rhythm == Rhythm::Fiscal)
        };
        if step != ArtemisStep::Quarter && metrics.iter().any(fiscal) {
            return None;
        }
        let symbols = parts(call.param("symbols").unwrap_or_default());
        (symbols.len() <= MOST_SYMBOLS).then_some(Question {
            metrics,
            symbols,
            days: days.map(|(start, end)| (start, last(end))),
            step,
            limit,
            summarize,
        })
    }

    /// Returns how many points the answer has if every pair has one for every day.
    fn most_points(&self, question: &Question<'_>, asked: &[(&str, Option<Subject<'_>>)]) -> i64 {
        let Some((from, to)) = question.days else {
            return 0;
        };
        let to = to.min(day_of(self.call.now_ms));
        let subjects = asked.iter().filter_map(|(_, subject)| *subject);
        let days = subjects.map(|subject| {
            let from = from.max(day_of(subject.entity.listed_ms));
            (to - from + 1).max(0)
        });
        days.sum::<i64>() * i64::try_from(question.metrics.len()).unwrap_or(i64::MAX)
    }

    fn cell(&self, question: &Question<'_>, subject: Subject<'_>, metric: &str) -> Cell {
        let definition = match self.held(subject, metric, question.days.is_some()) {
            Ok(definition) => definition,
            Err(sentence) => return Cell::Sentence(sentence),
        };
        let pair = Pair::new(self.world, self.table, subject, definition, self.plan);
        let now_ms = self.call.now_ms;
        let Some((from, to)) = question.days else {
            let lists = self.plan.has(ArtemisSwitch::Lists);
            if lists && definition.group == Group::Stablecoin {
                return Cell::Points(pair.key, pair.last_point(now_ms).into_iter().collect());
            }
            return Cell::Latest(pair.key, pair.latest(now_ms));
        };
        let mut points = pair.points(question.step, from, to, now_ms);
        points.drain(..points.len().saturating_sub(question.limit));
        if question.summarize {
            return Cell::Change(change(&points));
        }
        if self.plan.has(ArtemisSwitch::Unsorted) {
            points.reverse();
        }
        Cell::Points(pair.key, points)
    }

    /// Returns the metric if the subject has it, else the sentence that stands in its place. That a metric has no
    /// history is said before anything about the asset.
    fn held(
        &self,
        subject: Subject<'_>,
        metric: &str,
        dated: bool,
    ) -> Result<&Definition, &'static str> {
        let now_ms = self.call.now_ms;
        let dropped = |one: &&Definition| one.group == Group::Dropped && now_ms >= dropped_ms();
        let known = self.table.named(metric).filter(|one| !dropped(one));
        let definition = known.ok_or(METRIC_NOT_FOUND)?;
        let undated_only = matches!(definition.recipe, Recipe::Latest(_) | Recipe::Nothing);
        if dated && undated_only {
            return Err(NOT_FOR_ASSET);
        }
        match subject.holds(self.table, definition, now_ms) {
            Holding::Held => Ok(definition),
            Holding::NoMarket => Err(NO_MARKET),
            Holding::Lacking => Err(NOT_FOR_ASSET),
        }
    }
}

/// Reads a day: `Some(None)` where it is not sent, `None` where it is no day.
fn day(call: &Call, name: &str) -> Option<Option<i64>> {
    match call.param(name) {
        None => Some(None),
        Some(text) => parse_day(text).map(day_of).map(Some),
    }
}

/// Returns the parts of a comma-separated list, each spelling once.
fn parts(list: &str) -> Vec<&str> {
    let mut seen = HashSet::new();
    let parts = list.split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty() && seen.insert(*part))
        .collect()
}
