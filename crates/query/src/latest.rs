//! "What is the newest value?"

use std::collections::BTreeMap;

use model::{MetricName, SourceId, Step, Ts};
use store::read::{self, NamedFilter, SeriesFilter};

use crate::answer::{Latest, LatestMeta, LatestRow, MissingAsset};
use crate::ask::{LatestAsk, LatestQuestion};
use crate::candidate::{Candidate, is_provisional};
use crate::choose::{Choice, choose, fold};
use crate::cursor::RowCursor;
use crate::filters::Filters;
use crate::names::{Asset, Names, suggest_metric};
use crate::steps::StepRule;
use crate::{Error, Problem, Reader};

/// More series than one metric has at all vendors together.
const MOST_SERIES: i64 = 200_000;
/// Series that are read for a row of the answer at first: an asset has some steps and sources.
const SERIES_A_ROW: usize = 4;
const METRICS_SUGGESTED: usize = 20;

/// Entity or vendor's id, then metric, then venue: one row each, in this order.
type RowKey = String;

/// Between the parts of a key; less than every character of a name.
const PART: char = '\u{1}';

/// What a page is made of.
struct Frame<'a> {
    names: &'a Names,
    ask: &'a LatestAsk,
    assets: &'a [Asset],
    metric: Option<&'a MetricName>,
    filters: &'a Filters,
    now: Ts,
}

impl Reader {
    /// Returns the newest values of a metric, of assets, or of both.
    ///
    /// # Errors
    /// [`Error::Problem`] where the question fits nothing; those of the database.
    pub async fn latest(&self, question: &LatestQuestion, now: Ts) -> Result<Latest, Error> {
        let ask = question.read()?;
        let names = self.names(now).await?;
        let source = ask
            .source
            .as_deref()
            .map(|text| names.source(text))
            .transpose()?;
        let (assets, mut missing) = self.assets_or_missing(&names, &ask, source).await?;
        let filter = stored_filter(&names, &ask, &assets, source);
        let metric = match &ask.metric {
            Some(text) => Some(self.metric_there(&names, text, source, &filter).await?),
            None => None,
        };
        let filters = Filters {
            source,
            venue: ask.venue.clone(),
            quote: ask.quote.clone(),
            step: ask.step,
        };
        let frame = Frame {
            names: &names,
            ask: &ask,
            assets: &assets,
            metric: metric.as_ref(),
            filters: &filters,
            now,
        };
        let rows = self.rows(&frame, filter).await?;
        missing.extend(without_rows(&assets, &rows));
        if rows.is_empty() && ask.cursor.is_none() {
            return Err(nothing(&ask, missing).into());
        }
        Ok(answer(ask, metric.as_ref(), rows, missing))
    }

    async fn assets_or_missing(
        &self,
        names: &Names,
        ask: &LatestAsk,
        source: Option<SourceId>,
    ) -> Result<(Vec<Asset>, Vec<MissingAsset>), Error> {
        let found = self.assets(names, &ask.assets, source).await?;
        let (mut assets, mut missing, mut first) = (Vec::new(), Vec::new(), None);
        for (text, one) in ask.assets.iter().zip(found) {
            match one {
                Ok(asset) => assets.push(asset),
                Err(problem) => {
                    missing.push(MissingAsset {
                        asset: text.clone(),
                        code: problem.code(),
                        suggestions: problem.suggestions().to_vec(),
                    });
                    first.get_or_insert(problem);
                }
            }
        }
        match first {
            Some(problem) if assets.is_empty() => Err(problem.into()),
            _ => Ok((assets, missing)),
        }
    }

    /// Reads as many names as the page takes. Of assets that were named all are read, so that those
    /// without a value can be told.
    async fn rows(
        &self,
        frame: &Frame<'_>,
        filter: SeriesFilter,
    ) -> Result<BTreeMap<RowKey, LatestRow>, Error> {
        let ask = frame.ask;
        let mut rows = BTreeMap::new();
        if !ask.assets.is_empty() && filter.assets.is_empty() {
            return Ok(rows);
        }
        let filter = narrowed(frame, filter);
        let after = ask.cursor.as_ref().map(|cursor| cursor.after.as_str());
        let (mut from, mut at_least) = if ask.assets.is_empty() {
            let name = after.and_then(|key| key.split(PART).next());
            let series = ask.limit.saturating_add(1).saturating_mul(SERIES_A_ROW);
            let series = i64::try_from(series).unwrap_or(MOST_SERIES);
            (name.unwrap_or_default().to_owned(), series)
        } else {
            (String::new(), MOST_SERIES)
        };
        loop {
            let read = read::latest_by_name(self.store(), &filter, &from, at_least).await?;
            let last = read.last().map(|one| one.name.clone());
            let all = i64::try_from(read.len()).is_ok_and(|count| count < at_least);
            let named = read.into_iter().filter_map(|one| {
                let candidate = frame.names.candidate(one.row)?;
                Some((one.name, candidate))
            });
            let new = frame.rows(named);
            rows.extend(new.filter(|(key, _)| {
                !ask.assets.is_empty() || after.is_none_or(|after| key.as_str() > after)
            }));
            match last {
                Some(last) if !all && rows.len() <= ask.limit => from = format!("{last}{PART}"),
                _ => return Ok(rows),
            }
            at_least = at_least.saturating_mul(2).min(MOST_SERIES);
        }
    }

    /// Returns the metric that is meant; where it has no value here, says which have.
    async fn metric_there(
        &self,
        names: &Names,
        text: &str,
        source: Option<SourceId>,
        filter: &SeriesFilter,
    ) -> Result<MetricName, Error> {
        let there = read::metrics_there(self.store(), filter).await?;
        let there: Vec<(MetricName, MetricName)> = there
            .iter()
            .map(|row| {
                let meant = names.canonical_of(&row.source, &row.metric, &row.step);
                (MetricName::new(row.metric.as_str()), meant)
            })
            .collect();
        let there: Vec<_> = there
            .iter()
            .map(|(stored, meant)| (stored, meant))
            .collect();
        let metric = names.metric(text, source, &there)?;
        if there.iter().any(|(_, meant)| **meant == metric) {
            return Ok(metric);
        }
        let counts = read::metric_counts(self.store(), source.map(SourceId::as_str), None).await?;
        let mut stored: BTreeMap<MetricName, i64> = BTreeMap::new();
        for row in counts {
            let meant = names.canonical_of(&row.source, &row.metric, &row.step);
            *stored.entry(meant).or_default() += row.points;
        }
        let mut offers: Vec<(MetricName, i64)> = stored.into_iter().collect();
        offers.sort_by_key(|(_, points)| -points);
        let offers = offers.iter().filter_map(|(name, _)| names.canonical(name));
        Err(Problem::NoSuchSeries {
            detail: format!("there is no value of {metric} here"),
            suggestions: offers.take(METRICS_SUGGESTED).map(suggest_metric).collect(),
        }
        .into())
    }
}

/// The names as stored that the words of the question may mean.
fn stored_filter(
    names: &Names,
    ask: &LatestAsk,
    assets: &[Asset],
    source: Option<SourceId>,
) -> SeriesFilter {
    let metrics = ask.metric.as_deref();
    SeriesFilter {
        sources: source.iter().map(ToString::to_string).collect(),
        assets: assets.iter().flat_map(Asset::id_list).collect(),
        metrics: metrics.map_or_else(Vec::new, |text| names.stored_names(text, None)),
        ..SeriesFilter::default()
    }
}

/// What of the filters the database can see to. They are held against each series again: what a
/// quote means for a metric is known here.
fn narrowed(frame: &Frame<'_>, filter: SeriesFilter) -> NamedFilter {
    let filters = frame.filters;
    NamedFilter {
        series: SeriesFilter {
            quotes: vec![filters.quote().to_owned(), String::new()],
            steps: filters.step.iter().map(ToString::to_string).collect(),
            ..filter
        },
        any_quote: frame.names.free_of_quote(),
        venue: filters.venue.as_deref().map(fold),
    }
}

/// A venue that was part of an asset's text holds for that asset.
fn fits_asset(one: &Candidate, assets: &[Asset]) -> bool {
    assets.is_empty()
        || assets.iter().any(|asset| {
            asset.is(one.source, &one.asset)
                && asset
                    .venue
                    .as_deref()
                    .is_none_or(|venue| crate::choose::same(&one.venue, venue))
        })
}

impl Frame<'_> {
    fn fits(&self, one: &Candidate) -> bool {
        self.metric.is_none_or(|metric| one.metric == *metric)
            && self.filters.fit(one)
            && fits_asset(one, self.assets)
    }

    /// Chooses for each name and metric what answers.
    fn rows(
        &self,
        named: impl Iterator<Item = (String, Candidate)>,
    ) -> impl Iterator<Item = (RowKey, LatestRow)> {
        let mut groups: BTreeMap<(String, MetricName), Vec<Candidate>> = BTreeMap::new();
        for (name, one) in named.filter(|(_, one)| self.fits(one)) {
            let group = groups.entry((name, one.metric.clone()));
            group.or_default().push(one);
        }
        groups
            .into_iter()
            .flat_map(move |((name, metric), series)| {
                let asked = self.assets.iter();
                let asked = asked
                    .filter(|asset| series.iter().any(|one| asset.is(one.source, &one.asset)))
                    .map(|asset| asset.text.as_str())
                    .next();
                let how = Choice {
                    preferred: self.names.preferred(&metric),
                    asset_text: asked.unwrap_or(&name),
                    metric_text: self.ask.metric.as_deref().unwrap_or_default(),
                    quote: self.ask.quote.as_deref(),
                    step: StepRule::Freshest,
                };
                let chosen = choose(series, how).series.into_iter();
                let rows = chosen.filter_map(|one| {
                    let key = format!("{name}{PART}{metric}{PART}{}", one.venue);
                    Some((key, row(&one, self.now)?))
                });
                rows.collect::<Vec<_>>()
            })
    }
}

fn row(one: &Candidate, now: Ts) -> Option<LatestRow> {
    let (_, last) = one.ends?;
    Some(LatestRow {
        asset: one.asset.clone(),
        canonical_id: one.entity.as_ref().map(|entity| entity.as_str().to_owned()),
        metric: one.metric.to_string(),
        value: one.value(one.last_value),
        unit: one.unit().map(str::to_owned),
        timestamp: last,
        observed_at: one.observed_at(last),
        source: one.source.as_str(),
        venue: one.venue.clone(),
        step: one.step,
        provisional: is_provisional(one.step, last, now),
    })
}

fn without_rows(assets: &[Asset], rows: &BTreeMap<RowKey, LatestRow>) -> Vec<MissingAsset> {
    let has_row = |asset: &Asset| match &asset.entity {
        Some(entity) => rows
            .values()
            .any(|row| row.canonical_id.as_ref() == Some(&entity.canonical_id)),
        None => rows
            .values()
            .any(|row| asset.ids.iter().any(|(_, id)| *id == row.asset)),
    };
    let missing = assets
        .iter()
        .filter(|asset| !has_row(asset))
        .map(|asset| MissingAsset {
            asset: asset.text.clone(),
            code: "no_such_series",
            suggestions: Vec::new(),
        });
    missing.collect()
}

fn nothing(ask: &LatestAsk, missing: Vec<MissingAsset>) -> Problem {
    let mut words = Vec::new();
    let parts = [
        ("metric", ask.metric.as_deref()),
        ("source", ask.source.as_deref()),
        ("venue", ask.venue.as_deref()),
        ("quote", ask.quote.as_deref()),
        ("step", ask.step.map(Step::as_str)),
    ];
    for (name, value) in parts {
        if let Some(value) = value {
            words.push(format!("{name} {value:?}"));
        }
    }
    if !ask.assets.is_empty() {
        words.push(format!("assets {:?}", ask.assets.join(",")));
    }
    Problem::NoSuchSeries {
        detail: format!("no value fits {} together: leave one out", words.join(", ")),
        suggestions: missing
            .into_iter()
            .flat_map(|asset| asset.suggestions)
            .collect(),
    }
}

fn answer(
    ask: LatestAsk,
    metric: Option<&MetricName>,
    rows: BTreeMap<RowKey, LatestRow>,
    missing: Vec<MissingAsset>,
) -> Latest {
    let after = ask.cursor.as_ref().map(|cursor| cursor.after.as_str());
    let mut page: Vec<(RowKey, LatestRow)> = rows
        .into_iter()
        .filter(|(key, _)| after.is_none_or(|after| key.as_str() > after))
        .take(ask.limit.saturating_add(1))
        .collect();
    let truncated = page.len() > ask.limit;
    page.truncate(ask.limit);
    let last = page.last().filter(|_| truncated);
    let next_cursor = last.map(|(key, _)| {
        RowCursor {
            question: ask.fingerprint,
            after: key.clone(),
        }
        .to_string()
    });
    let data: Vec<LatestRow> = page.into_iter().map(|(_, row)| row).collect();
    let unit = data.first().and_then(|row| row.unit.clone());
    Latest {
        metric: metric.map(ToString::to_string),
        count: data.len(),
        meta: LatestMeta {
            requested_metric: ask.metric,
            unit: unit.filter(|unit| data.iter().all(|row| row.unit.as_ref() == Some(unit))),
            source_chosen: if ask.source.is_some() {
                "asked"
            } else {
                "preferred"
            },
            limit: ask.limit,
            truncated,
            next_cursor,
            missing,
        },
        data,
    }
}
