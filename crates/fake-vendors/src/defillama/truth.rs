//! What a correct collector holds of the histories and reads off the live lists, for the control route and for tests.

use std::collections::BTreeMap;

use super::dims::DimId;
use super::flows::Seen;
use super::numbers::rounded;
use super::records::{Coin, LEAST_CONFIDENCE};
use super::roster::{Roster, Who};
use super::stablecoins;
use super::tvl;
use crate::held::{Names, Points, Span};
use crate::instant::{DAY_MS, HOUR_MS, ceil_to, floor_to};
use crate::{Step, Truth};

/// One series of a history.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Series<'a> {
    /// `global`, `chain`, `protocol`, `coin`, `stablecoin` or `pool`.
    kind: &'a str,
    /// Slug, chain name, coin key, number or UUID.
    id: &'a str,
    /// See [`Truth::defillama_series`].
    metric: &'a str,
    /// What the live lists show where absent.
    step: Option<Step>,
}

impl<'a> Series<'a> {
    /// Reads `kind`, `id`, `metric` and `step`: `hour`, `day` (where absent) or `live`.
    pub(crate) fn named(ask: &'a BTreeMap<String, String>) -> Result<Self, String> {
        let names = Names::among(ask, &["kind", "id", "metric", "step"])?;
        Ok(Self {
            kind: names.given("kind")?,
            id: names.get("id").unwrap_or_default(),
            metric: names.given("metric")?,
            step: match names.get("step") {
                None => Some(Step::Day),
                Some("live") => None,
                Some(_) => Some(names.word("step")?),
            },
        })
    }

    /// Returns the values per label, or what the live lists show at the range's beginning; nothing for what is not
    /// known.
    pub(super) fn held(&self, roster: &Roster, span: Span) -> Points {
        match (self.kind, self.step) {
            (_, None) => self
                .live(roster, span.from_ms)
                .map(|value| (span.from_ms, value))
                .into_iter()
                .collect(),
            ("coin", Some(Step::Hour)) => self.prices(roster, HOUR_MS, span),
            ("coin", Some(Step::Day)) => self.prices(roster, DAY_MS, span),
            (_, Some(Step::Hour)) => Vec::new(),
            (_, Some(Step::Day)) => {
                let mut days = self.days(roster, span.now_ms).unwrap_or_default();
                days.retain(|(ms, _)| span.contains(*ms));
                days
            }
        }
    }

    fn prices(&self, roster: &Roster, step_ms: i64, span: Span) -> Points {
        let now_ms = span.now_ms;
        let coin =
            Coin::named(&roster.world, self.id, roster.plan).filter(|_| self.metric == "price");
        let Some(coin) = coin else {
            return Vec::new();
        };
        let sure = coin
            .confidence()
            .is_none_or(|confidence| confidence >= LEAST_CONFIDENCE);
        let mut held = Vec::new();
        let mut label_ms = ceil_to(span.from_ms.max(coin.entity.listed_ms - step_ms), step_ms);
        while sure && label_ms < span.to_ms && label_ms <= now_ms {
            let found = coin.nearest(&roster.world, label_ms, step_ms / 10, now_ms);
            let priced = found.filter(|record| record.price > 0.0);
            held.extend(priced.map(|record| (label_ms, record.price)));
            label_ms += step_ms;
        }
        held
    }

    fn days(&self, roster: &Roster, now_ms: i64) -> Option<Vec<(i64, f64)>> {
        let closed_ms = floor_to(now_ms, DAY_MS) - DAY_MS;
        if let Some((kind, data)) = self.metric.split_once('/') {
            let id = DimId::find(kind, Some(data), false)?;
            let (all, chain) = self.flows(roster, id, now_ms)?;
            let mut days = roster.total_days(&all, chain, false);
            days.retain(|(day_ms, _)| *day_ms <= closed_ms);
            return Some(days);
        }
        match (self.kind, self.metric) {
            ("global" | "chain", "tvl") => {
                let chain = self.chain(roster, now_ms)?;
                let mut rows = roster.chain_rows(chain, now_ms);
                rows.retain(|(day_ms, _)| *day_ms <= now_ms);
                Some(rows)
            }
            ("protocol", section) => self.locked(roster, section, now_ms),
            ("global" | "chain" | "stablecoin", "circulating" | "circulatingUsd") => {
                let mut days = self.circulating(roster, now_ms)?;
                days.retain(|(day_ms, _)| *day_ms <= closed_ms);
                Some(days)
            }
            ("pool", _) => {
                let pool = roster.pools.iter().find(|pool| pool.uuid == self.id)?;
                let stamps = roster.pool_stamps(pool, now_ms).into_iter();
                let known = stamps
                    .filter(|(day_ms, _)| *day_ms <= closed_ms)
                    .filter_map(|(day_ms, at_ms)| {
                        let one = roster.yield_at(pool, at_ms)?;
                        Some((day_ms, self.of_pool(&one)?))
                    });
                Some(known.collect())
            }
            _ => None,
        }
    }

    /// Returns which chain the series is of; `None` within is every one.
    fn chain(&self, roster: &Roster, now_ms: i64) -> Option<Option<usize>> {
        match self.kind {
            "chain" => roster.chain(self.id, false, now_ms).map(Some),
            _ => Some(None),
        }
    }

    fn flows<'r>(
        &self,
        roster: &'r Roster,
        id: DimId,
        now_ms: i64,
    ) -> Option<(Vec<Seen<'r>>, Option<usize>)> {
        if self.kind == "protocol" {
            let leaves = roster.leaves_of(roster.who(self.id, now_ms)?).into_iter();
            let all = leaves.filter_map(|leaf| roster.seen(leaf, id, now_ms));
            return Some((all.collect(), None));
        }
        Some((roster.all_seen(id, now_ms), self.chain(roster, now_ms)?))
    }

    fn locked(&self, roster: &Roster, section: &str, now_ms: i64) -> Option<Vec<(i64, f64)>> {
        let who = roster.who(self.id, now_ms)?;
        let stamps = roster.clockwork(who).stamps(now_ms).into_iter();
        let midnights = stamps.filter(|ms| ms.rem_euclid(DAY_MS) == 0);
        let known =
            midnights.filter_map(|ms| Some((ms, self.locked_at(roster, who, section, ms)?)));
        Some(known.collect())
    }

    /// Returns the base value, or a section's, as the vendor rounds it: a section is a sum of rounded parts.
    fn locked_at(&self, roster: &Roster, who: Who, section: &str, ms: i64) -> Option<f64> {
        if section == "tvl" {
            return Some(rounded(roster.tvl_of(who, ms)?, 1e5));
        }
        let leaves = roster.leaves_of(who).into_iter();
        let parts = leaves.filter_map(|leaf| {
            let (_, part) = tvl::sections(leaf)
                .into_iter()
                .find(|(name, _)| *name == section)?;
            Some(rounded(roster.tvl(leaf, ms)? * part, 1e5))
        });
        let sum = parts.fold(None, |sum: Option<f64>, part| {
            Some(sum.unwrap_or(0.0) + part)
        });
        sum.map(|sum| rounded(sum, 1e5))
    }

    fn circulating(&self, roster: &Roster, now_ms: i64) -> Option<Vec<(i64, f64)>> {
        let stables = match self.kind {
            "stablecoin" => vec![roster.stable(self.id, now_ms)?],
            _ => roster.stables.iter().collect(),
        };
        let chain = self.chain(roster, now_ms)?;
        let days = stablecoins::totals(roster, &stables, chain, now_ms).into_iter();
        let sums = days.map(|(day_ms, amounts)| {
            let of = |amount: &super::supply::Amount| match self.metric {
                "circulating" => amount.native,
                _ => amount.usd,
            };
            (
                day_ms,
                rounded(amounts.iter().map(|(_, amount)| of(amount)).sum(), 1e2),
            )
        });
        Some(sums.collect())
    }

    fn of_pool(&self, one: &super::yields::Yield) -> Option<f64> {
        match self.metric {
            "apy" => one.apy,
            "apyBase" => one.base,
            "apyReward" => one.reward,
            "tvlUsd" => Some(one.tvl_usd),
            _ => None,
        }
    }

    /// Returns what the live lists show at an instant.
    fn live(&self, roster: &Roster, now_ms: i64) -> Option<f64> {
        if let Some((kind, data)) = self.metric.split_once('/') {
            let (all, chain) = self.flows(roster, DimId::find(kind, Some(data), false)?, now_ms)?;
            let values = all.iter().filter_map(|seen| {
                let part =
                    chain.map_or(Some(1.0), |chain| roster.part_on(seen.leaf, chain, now_ms));
                Some((seen.rolling(0)? * part?).round())
            });
            return values.fold(None, |sum: Option<f64>, value| {
                Some(sum.unwrap_or(0.0) + value)
            });
        }
        match (self.kind, self.metric) {
            ("protocol", "tvl") => {
                let who = roster.who(self.id, now_ms)?;
                roster.tvl_of(who, tvl::live_ms(now_ms, roster.clockwork(who).phase_ms))
            }
            ("chain", "tvl") => {
                let chain = roster.chains.get(self.chain(roster, now_ms)??)?;
                let now = roster.chains_now(now_ms);
                let found = now.into_iter().find(|(one, _)| one.name == chain.name);
                found.map(|(_, usd)| usd)
            }
            ("coin", "price") => {
                let coin = Coin::named(&roster.world, self.id, roster.plan)?;
                let record = coin.nearest(&roster.world, now_ms, 12 * HOUR_MS, now_ms)?;
                let sure = record
                    .confidence
                    .is_none_or(|one| (LEAST_CONFIDENCE..=1.0).contains(&one));
                (sure && record.price > 0.0).then_some(record.price)
            }
            ("stablecoin", "circulatingUsd") => {
                let stable = roster.stable(self.id, now_ms)?;
                Some(roster.amount(stable, floor_to(now_ms, HOUR_MS))?.usd)
            }
            ("pool", _) => {
                let pool = roster.pools.iter().find(|pool| pool.uuid == self.id)?;
                self.of_pool(&roster.yield_at(pool, floor_to(now_ms, HOUR_MS))?)
            }
            _ => None,
        }
    }
}

impl Truth {
    /// Returns exactly what a correct collector holds after reading DefiLlama's histories by the simulated now: labels
    /// in `[from, to)`, UNIX milliseconds, and values as sent.
    ///
    /// | `kind` | `id` | `metric` |
    /// |---|---|---|
    /// | `global` | – | `tvl`, `circulatingUsd`, `<type>/<dataType>` |
    /// | `chain` | name, old or new | the same: what is on the chain |
    /// | `protocol` | slug, also of a parent or a chain as earner | `tvl`, a section (`borrowed`, `staking`, …), `<type>/<dataType>` |
    /// | `coin` | key | `price`, by hour or by day: the nearest record within a tenth of the step |
    /// | `stablecoin` | number | `circulating`, `circulatingUsd` |
    /// | `pool` | UUID | `apy`, `apyBase`, `apyReward` in percent, `tvlUsd` |
    ///
    /// Values locked are instants, labelled by their midnight up to now; live points at odd times and rows dated
    /// tomorrow are none. Everything else per day is labelled by the start of the day and there once the day is over,
    /// as seen by now. Prices with a confidence below 0.9 and prices of 0 are no values.
    #[must_use]
    pub fn defillama_series(
        &self,
        kind: &str,
        id: &str,
        metric: &str,
        step: Step,
        from_ms: i64,
        to_ms: i64,
    ) -> Vec<(i64, f64)> {
        let step = match step {
            Step::Hour => "hour",
            Step::Day => "day",
        };
        self.ask(kind, id, metric, step, from_ms, to_ms)
    }

    /// Returns what the live lists show at an instant, as sent: `tvl` of `/protocols` and `/v2/chains`, `total24h` of
    /// overviews for `<type>/<dataType>`, the `price`, `circulatingUsd` of `/stablecoins`, a pool's numbers. The names
    /// are those of [`Truth::defillama_series`].
    #[must_use]
    pub fn defillama_live(
        &self,
        kind: &str,
        id: &str,
        metric: &str,
        asked_at_ms: i64,
    ) -> Option<f64> {
        let shown = self.ask(kind, id, metric, "live", asked_at_ms, asked_at_ms);
        shown.first().map(|(_, value)| *value)
    }

    /// Asks the vendor itself, which remembers who there is.
    fn ask(
        &self,
        kind: &str,
        id: &str,
        metric: &str,
        step: &str,
        from_ms: i64,
        to_ms: i64,
    ) -> Vec<(i64, f64)> {
        let ask = [
            ("kind", kind),
            ("id", id),
            ("metric", metric),
            ("step", step),
        ];
        let ask = ask.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let span = self.span(from_ms, to_ms);
        let known = self.shared.api.truth(&BTreeMap::from(ask), span);
        known.unwrap_or_default()
    }
}
