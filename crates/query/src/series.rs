//! "How did this metric of this asset move?"

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use model::{MetricName, TimeRange, Ts};
use store::read::{self, PointRow};
use store::series::SeriesId;

use crate::answer::{AlternativeRef, Freshness, Gap, Point, SeriesMeta, SeriesRef, TimeSeries};
use crate::ask::{Order, SeriesAsk, SeriesQuestion, range_or};
use crate::candidate::{Candidate, is_provisional};
use crate::choose::{Choice, Chosen, choose};
use crate::cursor::Cursor;
use crate::filters::Filters;
use crate::gaps::{self, Known, Wanted};
use crate::names::{Asset, Names};
use crate::problem::{BadParameter, Suggestion};
use crate::steps::StepRule;
use crate::{Error, Problem, Reader};

const GAPS_SHOWN: usize = 50;
const ALTERNATIVES_SHOWN: usize = 20;

/// What was found out before any point is read.
struct Plan {
    ask: SeriesAsk,
    asset: Asset,
    metric: MetricName,
    chosen: Chosen,
    wanted: HashMap<SeriesId, Wanted>,
    step_asked: bool,
    only_step: bool,
    range: TimeRange,
}

/// A point and the place of its series in the plan.
type Placed = (usize, PointRow);

impl Reader {
    /// Returns the points of one metric of one asset, with all that is needed to read them right.
    ///
    /// # Errors
    /// [`Error::Problem`] where the question fits nothing; those of the database.
    pub async fn time_series(
        &self,
        question: &SeriesQuestion,
        now: Ts,
    ) -> Result<TimeSeries, Error> {
        let ask = question.read(now)?;
        let names = self.names(now).await?;
        let plan = self.plan(&names, ask, now).await?;
        let (page, truncated) = self.page(&plan).await?;
        let gaps = self.gaps(&plan, now).await?;
        Ok(plan.answer(&names, &page, truncated, gaps, now))
    }

    async fn plan(&self, names: &Names, ask: SeriesAsk, now: Ts) -> Result<Plan, Error> {
        let source = ask
            .source
            .as_deref()
            .map(|text| names.source(text))
            .transpose()?;
        let asset = self.asset(names, &ask.asset, source).await?;
        let there = self.series_of(names, &asset).await?;
        let stored: Vec<_> = there.iter().map(|one| (&one.stored, &one.metric)).collect();
        let metric = names.metric(&ask.metric, source, &stored)?;
        let what = format!("{metric} of {}", asset.name());
        let with_metric = of_metric(names, &what, &metric, there)?;
        let filters = Filters {
            source,
            venue: ask.venue.clone().or_else(|| asset.venue.clone()),
            quote: ask.quote.clone(),
            step: ask.step,
        };
        let fitting = filters.narrow(&what, with_metric)?;
        let steps = |series: &[Candidate]| {
            let mut steps: Vec<_> = series.iter().map(|one| one.step).collect();
            steps.sort();
            steps.dedup();
            steps.len()
        };
        let only_step = steps(&fitting) == 1;
        let chosen = match &ask.cursor {
            Some(cursor) => pinned(cursor, fitting)?,
            None => choose(
                fitting,
                Choice {
                    preferred: names.preferred(&metric),
                    asset_text: &ask.asset,
                    metric_text: &ask.metric,
                    quote: ask.quote.as_deref(),
                    step: StepRule::FinestWithin(ask.from, ask.to),
                },
            ),
        };
        let wanted = self.wanted(&chosen.series).await?;
        let points = chosen.series.iter().filter_map(|one| Some(one.ends?.0));
        let first = points
            .chain(wanted.values().filter_map(Wanted::start))
            .min();
        let range = match &ask.cursor {
            Some(cursor) => cursor.range,
            None => range_or(&ask, first, now),
        };
        let step_asked = ask.step.is_some();
        Ok(Plan {
            ask,
            asset,
            metric,
            chosen,
            wanted,
            step_asked,
            only_step,
            range,
        })
    }

    /// Reads one point more than asked for from each series, so that the end shows.
    async fn page(&self, plan: &Plan) -> Result<(Vec<Placed>, bool), Error> {
        let limit = plan.ask.limit;
        let order = match plan.ask.order {
            Order::Ascending => read::Order::Ascending,
            Order::Descending => read::Order::Descending,
        };
        let mut page: Vec<Placed> = Vec::new();
        for (place, one) in plan.chosen.series.iter().enumerate() {
            let range = plan.rest_of(place);
            if range.is_empty() {
                continue;
            }
            let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
            let rows = read::points(self.store(), one.id, range, order, most).await?;
            page.extend(rows.into_iter().map(|row| (place, row)));
        }
        page.sort_by(|a, b| plan.compare((a.1.ts, a.0), (b.1.ts, b.0)));
        let truncated = page.len() > limit;
        page.truncate(limit);
        Ok((page, truncated))
    }

    /// Returns when each of the series is wanted.
    async fn wanted(&self, series: &[Candidate]) -> Result<HashMap<SeriesId, Wanted>, Error> {
        let ids: Vec<SeriesId> = series.iter().map(|one| one.id).collect();
        let rows = read::wanted(self.store(), &ids).await?;
        let wanted = rows.iter().filter_map(|row| {
            let one = series.iter().find(|one| one.id == row.series)?;
            Some((one.id, Wanted::of(row, one.step)))
        });
        Ok(wanted.collect())
    }

    /// Returns the closed buckets of the range that have no value, and why.
    async fn gaps(&self, plan: &Plan, now: Ts) -> Result<Vec<Gap>, Error> {
        let several = plan.chosen.series.len() > 1;
        let asked = plan.ask.from.is_some() || plan.ask.to.is_some();
        let mut all = Vec::new();
        for one in &plan.chosen.series {
            let closed = gaps::closed(one.step, plan.range, now);
            let Some(wanted) = plan.wanted.get(&one.id).filter(|_| !closed.is_empty()) else {
                continue;
            };
            let rows = read::gaps_inside(self.store(), one.id, closed).await?;
            let known = Known {
                wanted,
                step: one.step,
                life: one.life(),
                rows: &rows,
            };
            let gaps = gaps::gaps(known, closed, asked, now).into_iter();
            all.extend(gaps.map(|gap| Gap {
                venue: if several {
                    one.venue.clone()
                } else {
                    String::new()
                },
                ..gap
            }));
        }
        all.sort_by(|a, b| (a.from, &a.venue).cmp(&(b.from, &b.venue)));
        Ok(all)
    }
}

/// Keeps the series of the metric; where there are none, says which metrics there are.
fn of_metric(
    names: &Names,
    what: &str,
    metric: &MetricName,
    there: Vec<Candidate>,
) -> Result<Vec<Candidate>, Problem> {
    let (with_metric, others): (Vec<_>, Vec<_>) =
        there.into_iter().partition(|one| one.metric == *metric);
    if !with_metric.is_empty() {
        return Ok(with_metric);
    }
    let mut offers: BTreeMap<MetricName, Vec<&str>> = BTreeMap::new();
    for one in others.iter().filter(|one| one.points > 0) {
        let sources = offers.entry(one.metric.clone()).or_default();
        if !sources.contains(&one.source.as_str()) {
            sources.push(one.source.as_str());
        }
    }
    let detail = if offers.is_empty() {
        format!("{what} is not stored, nor is anything else of it")
    } else {
        let list: Vec<&str> = offers.keys().map(MetricName::as_str).collect();
        format!("{what} is not stored; there is {}", list.join(", "))
    };
    let suggestions = offers.into_iter().map(|(name, sources)| {
        let about = names
            .canonical(&name)
            .map_or("", |metric| metric.description.as_str());
        Suggestion::new(
            "metric",
            name.as_str(),
            format!("{about} ({})", sources.join(", ")),
        )
    });
    Err(Problem::NoSuchSeries {
        detail,
        suggestions: suggestions.collect(),
    })
}

/// Returns the series of the page before, in its order.
fn pinned(cursor: &Cursor, fitting: Vec<Candidate>) -> Result<Chosen, Problem> {
    let (mut series, alternatives): (Vec<_>, Vec<_>) = fitting
        .into_iter()
        .partition(|one| cursor.series.contains(&one.id));
    if series.len() != cursor.series.len() {
        let bad = BadParameter::new("cursor", "its series are gone: start again without it");
        return Err(Problem::BadParameters(vec![bad]));
    }
    series.sort_by_key(|one| cursor.series.iter().position(|id| *id == one.id));
    Ok(Chosen {
        series,
        alternatives,
    })
}

impl Plan {
    fn compare(&self, a: (Ts, usize), b: (Ts, usize)) -> Ordering {
        let by_time = match self.ask.order {
            Order::Ascending => a.0.cmp(&b.0),
            Order::Descending => b.0.cmp(&a.0),
        };
        by_time.then(a.1.cmp(&b.1))
    }

    /// Returns what is left of the range for the series at `place` after the cursor. Of one
    /// instant, points come in the order of their series.
    fn rest_of(&self, place: usize) -> TimeRange {
        let Some(cursor) = &self.ask.cursor else {
            return self.range;
        };
        let just_after = cursor.ts.plus_millis(1);
        let seen = place <= cursor.place;
        let rest = match self.ask.order {
            Order::Ascending => {
                TimeRange::new(if seen { just_after } else { cursor.ts }, self.range.end)
            }
            Order::Descending => {
                TimeRange::new(self.range.start, if seen { cursor.ts } else { just_after })
            }
        };
        rest.intersect(self.range)
    }

    fn next_cursor(&self, page: &[Placed]) -> Option<String> {
        let (place, row) = page.last()?;
        let cursor = Cursor {
            question: self.ask.fingerprint,
            range: self.range,
            ts: row.ts,
            place: *place,
            series: self.chosen.series.iter().map(|one| one.id).collect(),
        };
        Some(cursor.to_string())
    }

    fn answer(
        self,
        names: &Names,
        page: &[Placed],
        truncated: bool,
        mut gaps: Vec<Gap>,
        now: Ts,
    ) -> TimeSeries {
        let data: Vec<Point> = page
            .iter()
            .filter_map(|(place, row)| Some(point(self.chosen.series.get(*place)?, *row, now)))
            .collect();
        let next_cursor = if truncated {
            self.next_cursor(page)
        } else {
            None
        };
        let gaps_total = (gaps.len() > GAPS_SHOWN).then_some(gaps.len());
        gaps.truncate(GAPS_SHOWN);
        // Narrowing and choosing never leave an empty list.
        let first = self.chosen.series.first();
        let canonical = names.canonical(&self.metric);
        let meta = SeriesMeta {
            resolved_asset: first.map(|one| one.asset.clone()).unwrap_or_default(),
            stored_metric: first.map(|one| one.stored.to_string()).unwrap_or_default(),
            description: canonical.map(|metric| metric.description.clone()),
            kind: first.and_then(Candidate::kind).map(|kind| kind.as_str()),
            resolved_source: first.map_or("", |one| one.source.as_str()),
            source_chosen: if self.ask.source.is_some() {
                "asked"
            } else {
                "preferred"
            },
            unit: first.and_then(|one| one.unit().map(str::to_owned)),
            step: first.map_or(model::Step::Day, |one| one.step),
            step_chosen: match (self.step_asked, self.only_step) {
                (true, _) => "asked",
                (_, true) => "only",
                _ => "finest",
            },
            from: self.range.start,
            to: self.range.end,
            order: self.ask.order.as_str(),
            limit: self.ask.limit,
            truncated,
            next_cursor,
            provisional_points: data.iter().filter(|point| point.provisional).count(),
            series: self
                .chosen
                .series
                .iter()
                .map(|one| series_ref(one, now))
                .collect(),
            gaps,
            gaps_total,
            alternatives: alternatives(&self.chosen.alternatives),
            entity: self.asset.entity.clone(),
            requested_asset: self.ask.asset,
            requested_metric: self.ask.metric,
        };
        TimeSeries {
            asset: self
                .asset
                .entity
                .map_or(meta.resolved_asset.clone(), |it| it.canonical_id),
            metric: self.metric.to_string(),
            count: data.len(),
            data,
            meta,
        }
    }
}

fn point(one: &Candidate, row: PointRow, now: Ts) -> Point {
    Point {
        timestamp: row.ts,
        value: one.value(row.value),
        source: one.source.as_str(),
        venue: one.venue.clone(),
        observed_at: one.observed_at(row.ts),
        provisional: is_provisional(one.step, row.ts, now),
    }
}

fn series_ref(one: &Candidate, now: Ts) -> SeriesRef {
    let until = one.life().map(|life| life.end.min(now));
    SeriesRef {
        venue: one.venue.clone(),
        instrument: one.instrument.clone(),
        quote: one.quote.clone(),
        freshness: Freshness {
            latest_timestamp: one.ends.map(|(_, last)| last),
            latest_known_until: until,
            age_seconds: until.map(|until| now.secs() - until.secs()),
        },
    }
}

/// Only what has points: the rest of them is no alternative.
fn alternatives(left: &[Candidate]) -> Vec<AlternativeRef> {
    let with_points = left.iter().filter(|one| one.points > 0);
    let shown = with_points
        .take(ALTERNATIVES_SHOWN)
        .map(|one| AlternativeRef {
            source: one.source.as_str(),
            asset: one.asset.clone(),
            venue: one.venue.clone(),
            stored_metric: one.stored.to_string(),
            step: one.step,
        });
    shown.collect()
}
