//! `/api/v1/caps`: supplies and market caps of now. Contract section 6.
//!
//! Nothing else ever tells of the same hour, so a null settles it as empty. A coin that was asked for
//! and is not there is `Absent`.

use std::collections::BTreeSet;

use model::{AssetId, Key, Step, TimeRange, Ts};
use source::{
    Outcome, Parsed, Reject, Reply, ReplyError, RequestSpec, Sink, lenient::Number, snapshot_label,
};

use super::is_asked;
use crate::{
    config::QUOTE,
    metrics::{CAPS_METRICS, CapsMetric},
    wire::{Csv, Row},
};

const COLUMNS: [&str; 2] = ["coin", "time"];
/// A value taken longer ago than this is not a value of now.
const STALE_SECS: i64 = 2 * 3_600;

/// A column with its place.
type Column = (&'static CapsMetric, usize);

pub(super) fn parse(
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let mut seen: BTreeSet<AssetId> = BTreeSet::new();
    if let Some(csv) = Csv::read(&reply.body, &COLUMNS)? {
        let columns: Vec<Column> = (CAPS_METRICS.iter())
            .filter(|metric| is_asked(request, metric.name))
            .filter_map(|metric| Some((metric, csv.place(metric.column)?)))
            .collect();
        for row in csv.rows() {
            let Some(coin) = row.text(csv.place("coin")) else {
                out.reject(reject(AssetId::none(), None, "unreadable_row"));
                continue;
            };
            let key = key_of(request, coin);
            if !seen.insert(key.asset.clone()) {
                out.reject(reject(key.asset, None, "second_row_of_a_coin"));
                continue;
            }
            match taken_at(row.millis(csv.place("time")), reply.received_at) {
                Ok(at) => values(request, reply.received_at, &key, (row, at), &columns, out),
                Err(why) => out.reject(reject(key.asset, None, why)),
            }
        }
    }
    for key in request
        .block
        .keys
        .iter()
        .filter(|key| !seen.contains(&key.asset))
    {
        for metric in CAPS_METRICS
            .iter()
            .filter(|one| is_asked(request, one.name))
        {
            if let Some(slot) = out.slot(key, metric.name, Step::Hour) {
                out.outcome(slot, Outcome::Absent);
            }
        }
    }
    Ok(Parsed::default())
}

/// The key that was asked for under this name, in whatever case it comes back.
fn key_of(request: &RequestSpec, coin: &str) -> Key {
    let mut asked = request.block.keys.iter();
    let same = asked.find(|key| key.asset.as_str().eq_ignore_ascii_case(coin));
    same.cloned().unwrap_or_else(|| Key::of_asset(coin, QUOTE))
}

fn taken_at(millis: Option<i64>, now: Ts) -> Result<Ts, &'static str> {
    let at = Ts::from_millis(millis.ok_or("without_time")?);
    if at < now.plus_secs(-STALE_SECS) {
        Err("stale")
    } else if snapshot_label(at, now) > now {
        Err("label_after_now")
    } else {
        Ok(at)
    }
}

fn values(
    request: &RequestSpec,
    now: Ts,
    key: &Key,
    (row, at): (Row<'_>, Ts),
    columns: &[Column],
    out: &mut dyn Sink,
) {
    let label = snapshot_label(at, now);
    let hour = TimeRange::new(label, Step::Hour.next(label));
    let hour = match request.block.labels.is_empty() {
        true => hour,
        false => hour.intersect(request.block.labels),
    };
    for (metric, place) in columns {
        let Some(slot) = out.slot(key, metric.name, Step::Hour) else {
            continue;
        };
        let settled = match row.number(*place) {
            Number::Value(value) => {
                out.point(slot, label, value);
                Outcome::Answered(hour)
            }
            Number::Null | Number::Missing => Outcome::Empty(hour),
            Number::Odd => {
                let asset = key.asset.clone();
                let metric = Some(metric.name.into());
                out.reject(Reject {
                    metric,
                    ..reject(asset, Some(label), "not_a_number")
                });
                continue;
            }
        };
        if !hour.is_empty() {
            out.outcome(slot, settled);
        }
    }
}

fn reject(asset: AssetId, label: Option<Ts>, why: &'static str) -> Reject {
    Reject {
        asset,
        metric: None,
        label,
        why,
    }
}
