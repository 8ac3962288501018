//! Which rows a request for bars brings: the newest hundred, all, or one month. Contract sections 3.1
//! and 7.

use model::{Step, TimeRange, Ts};
use source::{DatasetSpec, RequestSpec};

use crate::{
    access::compact_from,
    datasets::{
        COMPACT_HOURS, COMPACT_SHARES_HOURS, CRYPTO_INTRADAY, EQUITIES_DAILY, EQUITIES_INTRADAY,
        FX_DAILY, FX_INTRADAY,
    },
};

/// The first month that can be asked for by itself: January 2000.
pub(crate) const FIRST_MONTH: Ts = Ts::from_secs(946_684_800);
/// Months are those of New York: by night, when nothing trades, the one there has begun as well.
const NIGHT_SECS: i64 = 5 * 3_600;

/// What of the query chooses the rows.
type Window = Vec<(&'static str, String)>;

/// Returns the parts into which a range of labels is cut, newest first, each with what asks for it.
pub(super) fn parts(spec: &DatasetSpec, now: Ts, labels: TimeRange) -> Vec<(TimeRange, Window)> {
    let hours_back = |hours: i64| Step::Hour.floor(now).plus_secs(-hours * 3_600);
    let compact_from = match spec.id {
        EQUITIES_DAILY | FX_DAILY => compact_from(now.plus_secs(-spec.lag_secs)),
        CRYPTO_INTRADAY | FX_INTRADAY => hours_back(COMPACT_HOURS),
        EQUITIES_INTRADAY => hours_back(COMPACT_SHARES_HOURS),
        // Adjusted bars are asked for because all of them may have moved.
        crate::EQUITIES_ADJUSTED => return vec![(labels, vec![size("full")])],
        _ => return vec![(labels, Vec::new())],
    };
    let hourly = spec.step == Step::Hour;
    let base: Window = hourly
        .then(|| ("interval", "60min".to_owned()))
        .into_iter()
        .chain(shares(spec))
        .collect();
    let with = |more: Window| [base.clone(), more].concat();
    if labels.start >= compact_from {
        vec![(labels, with(vec![size("compact")]))]
    } else if spec.id == EQUITIES_INTRADAY {
        let months = months(labels).into_iter();
        months
            .map(|(labels, month)| (labels, with(vec![size("full"), ("month", month)])))
            .collect()
    } else {
        vec![(labels, with(vec![size("full")]))]
    }
}

fn size(size: &str) -> (&'static str, String) {
    ("outputsize", size.to_owned())
}

/// Prices as traded, never adjusted: the vendor's default would put a false jump between the hours and
/// the days (trap 8). Regular hours only.
fn shares(spec: &DatasetSpec) -> Window {
    if spec.id != EQUITIES_INTRADAY {
        return Vec::new();
    }
    ["adjusted", "extended_hours"]
        .map(|name| (name, "false".to_owned()))
        .to_vec()
}

/// Cuts labels into months, newest first.
fn months(labels: TimeRange) -> Vec<(TimeRange, String)> {
    let mut parts = Vec::new();
    let mut month = month_start(labels.start);
    while month_range(month).start < labels.end {
        let whole = month_range(month);
        let date = month.date();
        let name = format!("{:04}-{:02}", date.year(), u8::from(date.month()));
        parts.push((whole.intersect(labels), name));
        month = Step::Month.next(month);
    }
    parts.reverse();
    parts
}

/// Returns the first of the month that a label is asked for in.
fn month_start(label: Ts) -> Ts {
    Step::Month.floor(label.plus_secs(-NIGHT_SECS))
}

/// Returns the labels of a month by its first.
fn month_range(first: Ts) -> TimeRange {
    TimeRange::new(first, Step::Month.next(first)).shift(NIGHT_SECS)
}

/// Returns the labels of the month that a request asks for, if it asks for one.
pub(crate) fn month_of(request: &RequestSpec) -> Option<TimeRange> {
    let month = request.query.iter().find(|(name, _)| name == "month")?;
    let first = Ts::parse(&format!("{}-01", month.1)).ok()?;
    Some(month_range(first))
}

/// Whether a request asks for the newest rows only: the vendor's default where there is a choice.
pub(crate) fn is_compact(request: &RequestSpec) -> bool {
    let size = (request.query.iter()).find(|(name, _)| name == "outputsize");
    match size {
        Some((_, size)) => size != "full",
        None => matches!(
            request.dataset,
            EQUITIES_DAILY
                | crate::EQUITIES_ADJUSTED
                | FX_DAILY
                | CRYPTO_INTRADAY
                | FX_INTRADAY
                | EQUITIES_INTRADAY
        ),
    }
}
