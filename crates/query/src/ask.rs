//! Questions as they come in, all words still text, and the part of them that can be read without
//! a database. Everything unreadable is reported at once.

use model::{Step, TimeRange, Ts};

use crate::cursor::{Cursor, RowCursor, fingerprint};
use crate::reading::{Reading, given, owned};
use crate::{Problem, times};

/// Points in an answer where none are asked for.
pub const SERIES_LIMIT: usize = 1_000;
/// Rows of newest values where none are asked for.
pub const LATEST_LIMIT: usize = 100;
/// Points or rows at most.
pub const MAX_LIMIT: usize = 10_000;
const MAX_ASSETS: usize = 500;

/// "How did this metric of this asset move?" Blank texts count as not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeriesQuestion {
    /// Canonical id, vendor id, ticker, name, or `BTC_binance-futures`.
    pub asset: Option<String>,
    /// Canonical, stored or predecessor's name.
    pub metric: Option<String>,
    /// Vendor; the metric's preferred one where not given.
    pub source: Option<String>,
    /// Venue.
    pub venue: Option<String>,
    /// Currency of money; `usd` where not given.
    pub quote: Option<String>,
    /// Bucket width; the finest that gives at most 1,000 points where not given.
    pub step: Option<String>,
    /// First instant; the first that is stored or wanted where not given.
    pub from: Option<String>,
    /// First instant after.
    pub to: Option<String>,
    /// Last instant, itself inside; a date takes the whole day.
    pub through: Option<String>,
    /// Length of the range in days, counted back from its end.
    pub days: Option<String>,
    /// Points at most.
    pub limit: Option<String>,
    /// `desc` (newest first) or `asc`.
    pub order: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// "What is the newest value?" Blank texts count as not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatestQuestion {
    /// Metric; all of them where not given, which needs `assets`.
    pub metric: Option<String>,
    /// Assets, separated by commas; all of them where not given, which needs `metric`.
    pub assets: Option<String>,
    /// Vendor; the metric's preferred one where not given.
    pub source: Option<String>,
    /// Venue.
    pub venue: Option<String>,
    /// Currency of money; `usd` where not given.
    pub quote: Option<String>,
    /// Bucket width; the finest that is up to date where not given.
    pub step: Option<String>,
    /// Rows at most.
    pub limit: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// In which order points come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    #[default]
    Descending,
    /// Oldest first.
    Ascending,
}

impl Order {
    /// Returns the spelling used in questions and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Descending => "desc",
            Self::Ascending => "asc",
        }
    }
}

/// A question about a series, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeriesAsk {
    pub(crate) asset: String,
    pub(crate) metric: String,
    pub(crate) source: Option<String>,
    pub(crate) venue: Option<String>,
    pub(crate) quote: Option<String>,
    pub(crate) step: Option<Step>,
    pub(crate) from: Option<Ts>,
    pub(crate) to: Option<Ts>,
    pub(crate) limit: usize,
    pub(crate) order: Order,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) fingerprint: u32,
}

/// A question about newest values, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LatestAsk {
    pub(crate) metric: Option<String>,
    pub(crate) assets: Vec<String>,
    pub(crate) source: Option<String>,
    pub(crate) venue: Option<String>,
    pub(crate) quote: Option<String>,
    pub(crate) step: Option<Step>,
    pub(crate) limit: usize,
    pub(crate) cursor: Option<RowCursor>,
    pub(crate) fingerprint: u32,
}

impl SeriesQuestion {
    pub(crate) fn read(&self, now: Ts) -> Result<SeriesAsk, Problem> {
        let mut reading = Reading::default();
        reading.plain(&self.texts());
        let asset = reading.required("asset", self.asset.as_ref());
        let metric = reading.required("metric", self.metric.as_ref());
        let step = reading.step(self.step.as_ref());
        let (from, to) = self.range(&mut reading, now);
        let limit = reading.limit(self.limit.as_ref(), SERIES_LIMIT);
        let order = reading.order(self.order.as_ref());
        let fingerprint = self.fingerprint();
        let cursor = reading.cursor(self.cursor.as_ref(), |cursor: &Cursor| {
            cursor.question == fingerprint
        });
        reading.done()?;
        Ok(SeriesAsk {
            asset,
            metric,
            source: owned(self.source.as_ref()),
            venue: owned(self.venue.as_ref()),
            quote: owned(self.quote.as_ref()).map(|quote| quote.to_lowercase()),
            step,
            from,
            to,
            limit,
            order,
            cursor,
            fingerprint,
        })
    }

    fn fingerprint(&self) -> u32 {
        fingerprint(
            self.texts()
                .map(|(_, text)| given(text).unwrap_or_default()),
        )
    }

    /// Everything but the page.
    fn texts(&self) -> [(&'static str, Option<&String>); 11] {
        [
            ("asset", self.asset.as_ref()),
            ("metric", self.metric.as_ref()),
            ("source", self.source.as_ref()),
            ("venue", self.venue.as_ref()),
            ("quote", self.quote.as_ref()),
            ("step", self.step.as_ref()),
            ("from", self.from.as_ref()),
            ("to", self.to.as_ref()),
            ("through", self.through.as_ref()),
            ("days", self.days.as_ref()),
            ("order", self.order.as_ref()),
        ]
    }

    fn range(&self, reading: &mut Reading, now: Ts) -> (Option<Ts>, Option<Ts>) {
        let from = reading.time("from", self.from.as_ref(), |text| times::parse(text, now));
        let to = reading.time("to", self.to.as_ref(), |text| times::parse(text, now));
        let through = reading.time("through", self.through.as_ref(), |text| {
            times::parse_through(text, now)
        });
        if to.is_some() && through.is_some() {
            reading.bad("to", "give it or an inclusive end, not both");
        }
        let to = to.or(through);
        let days = reading.days(self.days.as_ref());
        if from.is_some() && days.is_some() {
            reading.bad("days", "give it or a start, not both");
        }
        let from = from.or_else(|| days.map(|days| to.unwrap_or(now).plus_days(-days)));
        if let (Some(from), Some(to)) = (from, to)
            && from >= to
        {
            reading.bad("from", format!("{from} is not before {to}"));
        }
        (from, to)
    }
}

impl LatestQuestion {
    pub(crate) fn read(&self) -> Result<LatestAsk, Problem> {
        let mut reading = Reading::default();
        let assets: Vec<String> = given(self.assets.as_ref())
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|asset| !asset.is_empty())
            .map(str::to_owned)
            .collect();
        reading.plain(&self.texts());
        if assets.len() > MAX_ASSETS {
            reading.bad(
                "assets",
                format!("more than {MAX_ASSETS}: ask for fewer at a time"),
            );
        }
        let metric = owned(self.metric.as_ref());
        if metric.is_none() && assets.is_empty() {
            reading.bad("metric", "give a metric, or assets, or both");
        }
        let step = reading.step(self.step.as_ref());
        let limit = reading.limit(self.limit.as_ref(), LATEST_LIMIT);
        let fingerprint = self.fingerprint();
        let cursor = reading.cursor(self.cursor.as_ref(), |cursor: &RowCursor| {
            cursor.question == fingerprint
        });
        reading.done()?;
        Ok(LatestAsk {
            metric,
            assets,
            source: owned(self.source.as_ref()),
            venue: owned(self.venue.as_ref()),
            quote: owned(self.quote.as_ref()).map(|quote| quote.to_lowercase()),
            step,
            limit,
            cursor,
            fingerprint,
        })
    }

    fn fingerprint(&self) -> u32 {
        fingerprint(
            self.texts()
                .map(|(_, text)| given(text).unwrap_or_default()),
        )
    }

    /// Everything but the page.
    fn texts(&self) -> [(&'static str, Option<&String>); 6] {
        [
            ("metric", self.metric.as_ref()),
            ("assets", self.assets.as_ref()),
            ("source", self.source.as_ref()),
            ("venue", self.venue.as_ref()),
            ("quote", self.quote.as_ref()),
            ("step", self.step.as_ref()),
        ]
    }
}

/// The range of a question once it is known what there is; `first` is the first bucket that is
/// stored or wanted.
pub(crate) fn range_or(ask: &SeriesAsk, first: Option<Ts>, now: Ts) -> TimeRange {
    let end = ask.to.unwrap_or(now);
    let start = ask.from.or(first).unwrap_or(end);
    TimeRange::new(start.min(end), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Ts {
        Ts::parse("2026-03-31T12:30:00Z").unwrap()
    }

    fn question(fields: &[(&str, &str)]) -> SeriesQuestion {
        let mut question = SeriesQuestion {
            asset: Some("btc".to_owned()),
            metric: Some("price".to_owned()),
            ..SeriesQuestion::default()
        };
        for (name, value) in fields {
            let field = match *name {
                "asset" => &mut question.asset,
                "metric" => &mut question.metric,
                "quote" => &mut question.quote,
                "step" => &mut question.step,
                "from" => &mut question.from,
                "to" => &mut question.to,
                "through" => &mut question.through,
                "days" => &mut question.days,
                "limit" => &mut question.limit,
                "order" => &mut question.order,
                "cursor" => &mut question.cursor,
                other => panic!("{other}"),
            };
            *field = Some((*value).to_owned());
        }
        question
    }

    fn bad(fields: &[(&str, &str)]) -> Vec<String> {
        let problem = question(fields).read(now()).unwrap_err();
        problem
            .bad_parameters()
            .iter()
            .map(|bad| bad.parameter.clone())
            .collect()
    }

    #[test]
    fn defaults_and_blanks() {
        let ask = question(&[("quote", " EUR "), ("limit", " "), ("step", "Daily")])
            .read(now())
            .unwrap();
        assert_eq!(ask.quote.as_deref(), Some("eur"));
        assert_eq!(
            (ask.limit, ask.order, ask.step),
            (1_000, Order::Descending, Some(Step::Day))
        );
        assert_eq!((ask.from, ask.to), (None, None));
    }

    #[test]
    fn everything_unreadable_comes_at_once() {
        let fields = [
            ("asset", " "),
            ("step", "2h"),
            ("from", "soon"),
            ("to", "1800-01-01"),
            ("days", "0"),
            ("limit", "10001"),
            ("order", "random"),
            ("cursor", "x"),
        ];
        assert_eq!(
            bad(&fields),
            [
                "asset", "step", "from", "to", "days", "limit", "order", "cursor"
            ]
        );
    }

    #[test]
    fn ranges_are_given_in_one_way() {
        let range = |fields: &[(&str, &str)]| {
            let ask = question(fields).read(now()).unwrap();
            (
                ask.from.map(|at| at.to_string()),
                ask.to.map(|at| at.to_string()),
            )
        };
        let at = |text: &str| Some(text.to_owned());
        assert_eq!(range(&[("days", "1")]), (at("2026-03-30T12:30:00Z"), None));
        assert_eq!(
            range(&[("days", "2"), ("through", "2024-01-31")]),
            (at("2024-01-30T00:00:00Z"), at("2024-02-01T00:00:00Z"))
        );
        assert_eq!(
            bad(&[("to", "2024-01-31"), ("through", "2024-01-31")]),
            ["to"]
        );
        assert_eq!(bad(&[("from", "2024-01-31"), ("days", "3")]), ["days"]);
        assert_eq!(
            bad(&[("from", "2024-01-31"), ("to", "2024-01-31")]),
            ["from"]
        );
    }

    #[test]
    fn cursor_of_another_question_is_refused() {
        let asked = question(&[("days", "3")]).read(now()).unwrap();
        let cursor = Cursor {
            question: asked.fingerprint,
            range: TimeRange::new(now().plus_days(-3), now()),
            ts: now().plus_days(-1),
            place: 0,
            series: vec![store::series::SeriesId(7)],
        };
        let text = cursor.to_string();
        let again = question(&[("days", "3"), ("limit", "5"), ("cursor", &text)]).read(now());
        assert_eq!(again.unwrap().cursor, Some(cursor));
        assert_eq!(bad(&[("days", "4"), ("cursor", &text)]), ["cursor"]);
    }

    #[test]
    fn control_characters_are_refused() {
        assert_eq!(
            bad(&[("asset", "b\0tc"), ("metric", "pri\u{7}ce")]),
            ["asset", "metric"]
        );
    }

    #[test]
    fn latest_needs_a_metric_or_assets() {
        let problem = LatestQuestion::default().read().unwrap_err();
        assert_eq!(problem.bad_parameters()[0].parameter, "metric");
        let assets = Some(" btc,, eth ,".to_owned());
        let ask = LatestQuestion {
            assets,
            ..LatestQuestion::default()
        }
        .read()
        .unwrap();
        assert_eq!(
            (ask.assets, ask.limit),
            (vec!["btc".to_owned(), "eth".to_owned()], 100)
        );
    }
}
