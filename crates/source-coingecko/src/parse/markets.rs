//! `/coins/markets`: the live values of many coins.
//!
//! The label of a row is the hour in which the vendor took it (`last_updated`); taken within a quarter
//! before the current hour it belongs to that, as in a chart. Taken later than a quarter past, it
//! counts only for metrics without history: the hour of the others belongs to the chart. A null of a
//! metric without history settles its hour as empty, because no other answer will ever tell more; a null
//! of the others settles nothing, because the chart will. A row older than two hours, or without a time,
//! is no answer at all. A coin that was asked for and is not there is `Absent`: the vendor leaves out
//! unknown and delisted ids without an error, and so does a lost row.

use std::collections::BTreeSet;

use model::{AssetId, DatasetId, Key, SeriesKey, Step, TimeRange, Ts};
use serde_json::value::RawValue;
use source::{
    Outcome, Parsed, Reject, Reply, ReplyError, RequestSpec, Role, Sink, Source as _,
    is_late_snapshot, lenient, snapshot_label,
};

use super::{STALE_SECS, asked};
use crate::{
    CoinGecko,
    datasets::SOURCE,
    metrics::{Live as Place, Metric, RowField, Verdict},
    recognise::quote,
    wire::{MarketRow, RowId},
};

pub(super) fn parse(
    source: &CoinGecko,
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let text = lenient::text(&reply.body);
    let rows: Vec<&RawValue> = lenient::read(&text)?;
    let quote = quote(&request.query).unwrap_or_default();
    let mut live = Live {
        source,
        request,
        metrics: asked(request, |metric| match metric.live {
            Place::Coin(field) => Some(field),
            _ => None,
        }),
        now: reply.received_at,
        out,
        seen: BTreeSet::new(),
    };
    let mut readable = rows.is_empty();
    for row in rows {
        readable |= live.take(row, &quote);
    }
    if !readable {
        return Err(ReplyError::Malformed(
            "not a single readable row".to_owned(),
        ));
    }
    live.missing();
    Ok(Parsed::default())
}

/// An answer under reading.
struct Live<'a> {
    source: &'a CoinGecko,
    request: &'a RequestSpec,
    /// What is asked for, with its field in a row.
    metrics: Vec<(&'static Metric, RowField)>,
    now: Ts,
    out: &'a mut dyn Sink,
    seen: BTreeSet<AssetId>,
}

impl Live<'_> {
    /// Takes a row; says whether it could be read.
    fn take(&mut self, raw: &RawValue, quote: &str) -> bool {
        let row = serde_json::from_str::<MarketRow>(raw.get());
        let id = match &row {
            Ok(row) => row.id.clone(),
            Err(_) => match serde_json::from_str::<RowId>(raw.get()) {
                Ok(row) => row.id,
                Err(_) => {
                    self.reject(AssetId::none(), None, "unreadable_row");
                    return false;
                }
            },
        };
        let key = Key::of_asset(id.as_str(), quote);
        if !self.seen.insert(key.asset.clone()) {
            self.reject(key.asset, None, "second_row_of_a_coin");
            return row.is_ok();
        }
        let Ok(row) = row else {
            self.outcomes(&key, Outcome::Failed);
            self.reject(key.asset, None, "unreadable_row");
            return false;
        };
        match self.taken_at(&row) {
            Ok(at) => self.values(&key, &row, at),
            Err((label, why)) => self.reject(key.asset, label, why),
        }
        true
    }

    /// Returns the moment of a row, if it is one that counts now.
    fn taken_at(&self, row: &MarketRow) -> Result<Ts, (Option<Ts>, &'static str)> {
        let text = row
            .last_updated
            .0
            .as_deref()
            .ok_or((None, "without_time"))?;
        let at = Ts::parse(text).map_err(|_| (None, "unreadable_time"))?;
        let label = snapshot_label(at, self.now);
        if at < self.now.plus_secs(-STALE_SECS) {
            Err((Some(label), "stale"))
        } else if label > self.now {
            Err((Some(label), "label_after_now"))
        } else {
            Ok(at)
        }
    }

    fn values(&mut self, key: &Key, row: &MarketRow, at: Ts) {
        let label = snapshot_label(at, self.now);
        let is_late = is_late_snapshot(at, label);
        for (metric, field) in self.metrics.clone() {
            let has_history = self.has_history(key, metric);
            if is_late && has_history {
                continue;
            }
            let Some(slot) = self.out.slot(key, metric.name, Step::Hour) else {
                continue;
            };
            let hour = self.kept(TimeRange::new(label, label.plus_secs(3_600)));
            match metric.valid.judge(field(row)) {
                Verdict::Value(value) => {
                    self.out.point(slot, label, value);
                    self.settle(slot, hour, Outcome::Answered);
                }
                Verdict::Missing if has_history => {}
                Verdict::Missing => self.settle(slot, hour, Outcome::Empty),
                Verdict::Unread(why) => {
                    self.out.outcome(slot, Outcome::Failed);
                    self.reject_value(key, metric, label, why);
                }
                Verdict::Wrong(why) => self.reject_value(key, metric, label, why),
            }
        }
    }

    fn settle(&mut self, slot: source::Slot, hour: TimeRange, how: fn(TimeRange) -> Outcome) {
        if !hour.is_empty() {
            self.out.outcome(slot, how(hour));
        }
    }

    /// The part of a range that the block keeps.
    fn kept(&self, range: TimeRange) -> TimeRange {
        let labels = self.request.block.labels;
        if labels.is_empty() {
            range
        } else {
            range.intersect(labels)
        }
    }

    /// Whether a series dataset of the configured plan can fill this hour later.
    fn has_history(&self, key: &Key, metric: &Metric) -> bool {
        let series = SeriesKey {
            source: SOURCE,
            key: key.clone(),
            metric: metric.name.into(),
            step: Step::Hour,
        };
        self.source
            .datasets()
            .iter()
            .filter(|dataset| dataset.role == Role::Series)
            .map(|dataset| dataset.id)
            .any(|dataset: DatasetId| self.source.serves(dataset, &series))
    }

    /// Says of every coin that was asked for and is not there that it is not there.
    fn missing(&mut self) {
        let request = self.request;
        for key in &request.block.keys {
            if !self.seen.contains(&key.asset) {
                self.outcomes(key, Outcome::Absent);
            }
        }
    }

    /// Says the same of everything that is asked of a coin.
    fn outcomes(&mut self, key: &Key, outcome: Outcome) {
        for (metric, _) in &self.metrics {
            if let Some(slot) = self.out.slot(key, metric.name, Step::Hour) {
                self.out.outcome(slot, outcome);
            }
        }
    }

    fn reject_value(&mut self, key: &Key, metric: &Metric, label: Ts, why: &'static str) {
        self.out.reject(Reject {
            asset: key.asset.clone(),
            metric: Some(metric.name.into()),
            label: Some(label),
            why,
        });
    }

    fn reject(&mut self, asset: AssetId, label: Option<Ts>, why: &'static str) {
        self.out.reject(Reject {
            asset,
            metric: None,
            label,
            why,
        });
    }
}
