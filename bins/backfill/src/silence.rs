//! For what the vendor had nothing, and when it is asked again: all ranges of a series in one line,
//! because a chart of years has hundreds of holes, and metrics with the same holes share it. Prints
//! nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use assembly::counted;
use ingest::Waiting;
use model::{Key, SeriesKey, Spans, Step, Ts};

/// Lines told in full; the rest is counted.
const SHOWN: usize = 10;

/// Where a vendor has nothing for metrics of one key and step that have the same holes.
struct Silence<'a> {
    series: &'a SeriesKey,
    metrics: BTreeSet<&'a str>,
    ranges: Spans,
    again_at: Ts,
}

impl Silence<'_> {
    fn of(one: &Waiting) -> Silence<'_> {
        Silence {
            series: &one.series,
            metrics: BTreeSet::new(),
            ranges: Spans::new(),
            again_at: one.again_at,
        }
    }
}

impl fmt::Display for Silence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hull = self.ranges.hull();
        let hull = hull.map_or_else(String::new, |hull| hull.to_string());
        write!(f, "{} {} ", self.series.key, self.series.step)?;
        match self.ranges.iter().count() {
            1 => write!(f, "{hull}")?,
            more => write!(f, "{more} ranges in {hull}")?,
        }
        let metrics: Vec<&str> = self.metrics.iter().copied().collect();
        write!(
            f,
            ": {}, asked again from {}",
            metrics.join(", "),
            self.again_at
        )
    }
}

fn many(number: usize, what: &str) -> String {
    counted(u64::try_from(number).unwrap_or(u64::MAX), what)
}

/// Returns what is told, a line each; nothing where the vendor had something for everything.
pub(crate) fn silences(waiting: &[Waiting]) -> Vec<String> {
    let mut by_series: BTreeMap<&SeriesKey, Silence<'_>> = BTreeMap::new();
    let (mut early, mut early_again) = (BTreeSet::new(), None);
    for one in waiting {
        if one.before_first {
            early.insert(&one.series.key);
            early_again = Some(early_again.map_or(one.again_at, |at: Ts| at.min(one.again_at)));
            continue;
        }
        let silence = by_series
            .entry(&one.series)
            .or_insert_with(|| Silence::of(one));
        silence.metrics.insert(one.series.metric.as_str());
        silence.ranges.insert(one.range);
        silence.again_at = one.again_at.min(silence.again_at);
    }
    let told = shared(by_series.into_values());
    let mut lines = Vec::new();
    if !told.is_empty() {
        lines.push("the vendor has nothing there, for now:".to_owned());
        lines.extend(
            told.iter()
                .take(SHOWN)
                .map(|silence| format!("  {silence}")),
        );
    }
    if let Some(more @ 1..) = told.len().checked_sub(SHOWN) {
        lines.push(format!("  … and {} more", many(more, "line")));
    }
    if let Some(again_at) = early_again {
        let assets = many(early.len(), "asset");
        lines.push(format!(
            "before the first value of {assets} the vendor has nothing, asked again from {again_at}"
        ));
    }
    lines
}

/// Joins the metrics of one key and step whose holes are the same, in the order of keys and steps.
fn shared<'a>(silences: impl Iterator<Item = Silence<'a>>) -> Vec<Silence<'a>> {
    let mut told: BTreeMap<(&Key, Step), Vec<Silence<'a>>> = BTreeMap::new();
    for silence in silences {
        let beside = told
            .entry((&silence.series.key, silence.series.step))
            .or_default();
        match beside
            .iter_mut()
            .find(|other| other.ranges == silence.ranges)
        {
            Some(other) => {
                other.metrics.extend(silence.metrics);
                other.again_at = other.again_at.min(silence.again_at);
            }
            None => beside.push(silence),
        }
    }
    told.into_values().flatten().collect()
}

#[cfg(test)]
mod tests {
    use model::{DatasetId, SourceId, TimeRange};

    use super::*;

    fn day(at: i64) -> Ts {
        Ts::from_secs(at * 86_400)
    }

    fn silent(coin: &str, metric: &str, days: (i64, i64), before_first: bool) -> Waiting {
        Waiting {
            dataset: DatasetId::new("chart"),
            series: SeriesKey {
                source: SourceId::new("acme"),
                key: Key::of_asset(coin, "usd"),
                metric: metric.into(),
                step: Step::Day,
            },
            range: TimeRange::new(day(days.0), day(days.1)),
            again_at: day(days.1 + 100),
            before_first,
        }
    }

    #[test]
    fn silence_is_told_once_a_key_and_in_few_lines() {
        assert_eq!(silences(&[]), Vec::<String>::new());
        let told = silences(&[
            silent("a", "PRICE", (3, 4), false),
            silent("a", "CAP", (3, 4), false),
            silent("a", "CAP", (7, 9), false),
            silent("a", "VOLUME", (3, 4), false),
            silent("a", "VOLUME", (7, 9), false),
            silent("b", "CAP", (5, 6), false),
            silent("b", "CAP", (0, 2), true),
            silent("c", "CAP", (0, 3), true),
        ]);
        let expected = [
            "the vendor has nothing there, for now:",
            "  a/usd 1d 2 ranges in [1970-01-04T00:00:00Z, 1970-01-10T00:00:00Z): CAP, VOLUME, \
             asked again from 1970-04-15T00:00:00Z",
            "  a/usd 1d [1970-01-04T00:00:00Z, 1970-01-05T00:00:00Z): PRICE, \
             asked again from 1970-04-15T00:00:00Z",
            "  b/usd 1d [1970-01-06T00:00:00Z, 1970-01-07T00:00:00Z): CAP, \
             asked again from 1970-04-17T00:00:00Z",
            "before the first value of 2 assets the vendor has nothing, asked again from \
             1970-04-13T00:00:00Z",
        ];
        assert_eq!(told, expected);
        let many: Vec<Waiting> = (0..25)
            .map(|n| silent(&format!("coin-{n}"), "CAP", (1, 2), false))
            .collect();
        let told = silences(&many);
        assert_eq!(told.len(), 1 + SHOWN + 1);
        assert_eq!(
            told.last().map(String::as_str),
            Some("  … and 15 lines more")
        );
    }
}
