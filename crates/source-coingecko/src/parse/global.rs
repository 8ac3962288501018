//! `/global`: the whole market as of now.
//!
//! The answer holds every quote currency at once. The label is the hour in which the vendor counted
//! (`updated_at`), at whatever minute: nothing else will ever fill it. The vendor counts every ten
//! minutes: of a count made so shortly before the hour we are in, there is no newer one, and it is that
//! hour's. What the answer does not name, or names in an odd way, settles nothing.

use model::{Key, Step, TimeRange, Ts};
use source::{Outcome, Parsed, Reject, Reply, ReplyError, RequestSpec, Sink, lenient};

use super::{STALE_SECS, asked};
use crate::{
    metrics::{GLOBAL_ASSET, Live, Verdict},
    recognise::DEFAULT_QUOTE,
    wire::{Global, GlobalData},
};

/// How long the vendor repeats a count (contract section 3, E13).
const CACHE_SECS: i64 = 10 * 60;

pub(super) fn parse(
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let Global { data } = lenient::read(&lenient::text(&reply.body))?;
    let at = counted_at(&data)?;
    let now = reply.received_at;
    let hour = Step::Hour.floor(now);
    let newest = TimeRange::new(hour.plus_secs(-CACHE_SECS), now);
    let label = if newest.contains(at) {
        hour
    } else {
        Step::Hour.floor(at)
    };
    let refused = if at < now.plus_secs(-STALE_SECS) {
        Some("stale")
    } else if label > now {
        Some("label_after_now")
    } else {
        None
    };
    if let Some(why) = refused {
        out.reject(reject(None, label, why));
        return Ok(Parsed::default());
    }
    let keys = match request.block.keys.as_slice() {
        [] => &[Key::of_asset(GLOBAL_ASSET, DEFAULT_QUOTE)],
        keys => keys,
    };
    for key in keys {
        values(request, key, &data, label, out);
    }
    Ok(Parsed::default())
}

/// Returns when the vendor counted; refuses what has no values to go with it.
fn counted_at(data: &GlobalData) -> Result<Ts, ReplyError> {
    let malformed = |what: &str| ReplyError::Malformed(what.to_owned());
    let maps = [
        &data.total_market_cap,
        &data.total_volume,
        &data.market_cap_percentage,
    ];
    if maps.iter().all(|map| map.is_empty()) {
        return Err(malformed("not a single value"));
    }
    let secs = data.updated_at.integer();
    secs.map(Ts::from_secs)
        .ok_or_else(|| malformed("no time of the count"))
}

fn values(request: &RequestSpec, key: &Key, data: &GlobalData, label: Ts, out: &mut dyn Sink) {
    let hour = TimeRange::new(label, Step::Hour.next(label));
    let kept = request.block.labels;
    let hour = if kept.is_empty() {
        hour
    } else {
        hour.intersect(kept)
    };
    let places = asked(request, |metric| match metric.live {
        Live::Global(value) => Some(value),
        _ => None,
    });
    for (metric, value) in places {
        let Some(slot) = out.slot(key, metric.name, Step::Hour) else {
            continue;
        };
        match metric.valid.judge(value(data, key.quote.as_str())) {
            Verdict::Value(value) => {
                out.point(slot, label, value);
                if !hour.is_empty() {
                    out.outcome(slot, Outcome::Answered(hour));
                }
            }
            Verdict::Missing => out.outcome(slot, Outcome::Failed),
            Verdict::Unread(why) => {
                out.outcome(slot, Outcome::Failed);
                out.reject(reject(Some(metric.name), label, why));
            }
            Verdict::Wrong(why) => out.reject(reject(Some(metric.name), label, why)),
        }
    }
}

fn reject(metric: Option<&str>, label: Ts, why: &'static str) -> Reject {
    Reject {
        asset: GLOBAL_ASSET.into(),
        metric: metric.map(Into::into),
        label: Some(label),
        why,
    }
}
