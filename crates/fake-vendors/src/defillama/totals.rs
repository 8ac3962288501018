//! The totals that overviews and summaries show beside the charts, and the charts of many protocols together.

use std::collections::BTreeMap;

use serde::Serialize;

use super::flows::Seen;
use super::numbers::{Fields, Num, change};
use super::roster::Roster;

/// The totals of one protocol, or of all in a list. What is not known is left out, the two newest of a protocol apart,
/// which are null.
#[derive(Debug, Default, Serialize)]
pub(super) struct Totals {
    pub(super) total24h: Option<Num>,
    #[serde(rename = "total48hto24h")]
    pub(super) total48h: Option<Num>,
    #[serde(flatten)]
    pub(super) longer: Longer,
}

/// See [`Totals`].
#[derive(Debug, Default, Serialize)]
pub(super) struct Longer {
    #[serde(skip_serializing_if = "Option::is_none")]
    total7d: Option<Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total14dto7d: Option<Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total30d: Option<Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total60dto30d: Option<Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total1y: Option<Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    average1y: Option<Num>,
    #[serde(rename = "monthlyAverage1y", skip_serializing_if = "Option::is_none")]
    monthly_average: Option<Num>,
    #[serde(rename = "total7DaysAgo", skip_serializing_if = "Option::is_none")]
    total7_days_ago: Option<Num>,
    #[serde(rename = "total30DaysAgo", skip_serializing_if = "Option::is_none")]
    total30_days_ago: Option<Num>,
    #[serde(rename = "totalAllTime", skip_serializing_if = "Option::is_none")]
    all_time: Option<Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_1d: Option<Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_7d: Option<Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_1m: Option<Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_7dover7d: Option<Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_30dover30d: Option<Num>,
}

impl Totals {
    /// Returns the totals of one protocol.
    pub(super) fn of(seen: &Seen<'_>) -> Self {
        let number = |value: Option<f64>| value.map(Num);
        let mut totals = Self {
            total24h: number(seen.rolling(0)),
            total48h: number(seen.rolling(1)),
            longer: Longer {
                total7d: number(seen.sum(0, 7)),
                total14dto7d: number(seen.sum(7, 7)),
                total30d: number(seen.sum(0, 30)),
                total60dto30d: number(seen.sum(30, 30)),
                total1y: number(seen.sum(0, 365)),
                total7_days_ago: number(seen.rolling(7)),
                total30_days_ago: number(seen.rolling(30)),
                all_time: Some(Num(seen.all_time())),
                ..Longer::default()
            },
        };
        totals.derive();
        totals
    }

    /// Returns a part of the totals.
    pub(super) fn times(mut self, part: f64) -> Self {
        for value in self.sums().into_iter().flatten() {
            value.0 = (value.0 * part).round();
        }
        self.derive();
        self
    }

    /// Returns the totals of many.
    pub(super) fn summed<'a>(all: impl Iterator<Item = &'a mut Self>) -> Self {
        let mut whole = Self::default();
        for one in all {
            for (sum, value) in whole.sums().into_iter().zip(one.sums()) {
                if let Some(value) = value {
                    let before = sum.map_or(0.0, |sum| sum.0);
                    *sum = Some(Num(before + value.0));
                }
            }
        }
        whole.derive();
        whole
    }

    fn sums(&mut self) -> [&mut Option<Num>; 10] {
        let longer = &mut self.longer;
        [
            &mut self.total24h,
            &mut self.total48h,
            &mut longer.total7d,
            &mut longer.total14dto7d,
            &mut longer.total30d,
            &mut longer.total60dto30d,
            &mut longer.total1y,
            &mut longer.total7_days_ago,
            &mut longer.total30_days_ago,
            &mut longer.all_time,
        ]
    }

    fn derive(&mut self) {
        let value = |number: Option<Num>| number.map(|number| number.0);
        let differs =
            |now: Option<Num>, before: Option<Num>| change(value(now), value(before)).map(Num);
        let longer = &mut self.longer;
        longer.average1y = longer.total1y.map(|sum| Num(sum.0 / 365.0));
        longer.monthly_average = longer.total1y.map(|sum| Num(sum.0 / 12.0));
        longer.change_1d = differs(self.total24h, self.total48h);
        longer.change_7d = differs(self.total24h, longer.total7_days_ago);
        longer.change_1m = differs(self.total24h, longer.total30_days_ago);
        longer.change_7dover7d = differs(longer.total7d, longer.total14dto7d);
        longer.change_30dover30d = differs(longer.total30d, longer.total60dto30d);
    }
}

/// A chart: a day in seconds and a value.
pub(super) type Chart<V> = Vec<(i64, V)>;

impl Roster {
    /// Returns what is seen of a protocol, or of its part on a chain, per day.
    pub(super) fn days_on(&self, seen: &Seen<'_>, chain: Option<usize>) -> Vec<(i64, f64)> {
        let all = seen.chart().into_iter();
        let part = |day_ms: i64, value: f64| match chain {
            None => Some(value),
            Some(chain) => Some((value * self.part_on(seen.leaf, chain, day_ms)?).round()),
        };
        all.filter_map(|(day_ms, value)| Some((day_ms, part(day_ms, value)?)))
            .collect()
    }

    /// Returns the sum of many per day, in milliseconds. Today is padded with what those without a value had last, if
    /// `padded`; a day on which nobody has anything is left out.
    pub(super) fn total_days(
        &self,
        all: &[Seen<'_>],
        chain: Option<usize>,
        padded: bool,
    ) -> Vec<(i64, f64)> {
        let mut sums: BTreeMap<i64, f64> = BTreeMap::new();
        for seen in all {
            let today_ms = seen.today_ms();
            for (day_ms, value) in self.days_on(seen, chain) {
                *sums.entry(day_ms).or_insert(0.0) += value;
            }
            if padded && seen.on(today_ms).is_none() {
                let part =
                    chain.map_or(Some(1.0), |chain| self.part_on(seen.leaf, chain, today_ms));
                if let Some((value, part)) = seen.padded_today().zip(part) {
                    *sums.entry(today_ms).or_insert(0.0) += (value * part).round();
                }
            }
        }
        sums.into_iter().collect()
    }

    /// Returns, per day, the value of each of many by the name that `named` gives it; those of one name are added.
    pub(super) fn breakdown<'a>(
        &self,
        all: &'a [Seen<'_>],
        chain: Option<usize>,
        named: impl Fn(&'a Seen<'_>) -> &'a str,
    ) -> Chart<Fields<&'a str, Num>> {
        let mut days: BTreeMap<i64, Vec<(&'a str, Num)>> = BTreeMap::new();
        for seen in all {
            for (day_ms, value) in self.days_on(seen, chain) {
                days.entry(day_ms)
                    .or_default()
                    .push((named(seen), Num(value)));
            }
        }
        let charted = days
            .into_iter()
            .map(|(ms, fields)| (super::numbers::seconds(ms), Fields(fields)));
        charted.collect()
    }

    /// Returns, per day, what is on each chain.
    pub(super) fn by_chain(&self, all: &[Seen<'_>]) -> Chart<BTreeMap<&str, Num>> {
        let mut days: BTreeMap<i64, BTreeMap<&str, Num>> = BTreeMap::new();
        for seen in all {
            for (day_ms, value) in seen.chart() {
                let day = days.entry(day_ms).or_default();
                for (index, part) in self.parts(seen.leaf, day_ms) {
                    if let Some(chain) = self.chains.get(index) {
                        let sum = day.entry(&chain.name).or_insert(Num(0.0));
                        sum.0 += (value * part).round();
                    }
                }
            }
        }
        days.into_iter()
            .map(|(ms, chains)| (super::numbers::seconds(ms), chains))
            .collect()
    }

    /// Returns the new names of all chains that any of these is on.
    pub(super) fn chains_of(&self, all: &[Seen<'_>]) -> Vec<&str> {
        let mut used: Vec<usize> = all
            .iter()
            .flat_map(|seen| seen.leaf.chains.iter().map(|(index, _)| *index))
            .collect();
        used.sort_unstable();
        used.dedup();
        used.into_iter()
            .filter_map(|index| Some(self.chains.get(index)?.name.as_str()))
            .collect()
    }
}

/// Writes days in seconds.
pub(super) fn charted(days: Vec<(i64, f64)>) -> Chart<Num> {
    let days = days.into_iter();
    days.map(|(ms, value)| (super::numbers::seconds(ms), Num(value)))
        .collect()
}
