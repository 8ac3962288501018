//! One ticker on its exchange: what it costs as quoted, when it splits and pays, which days are published.
//!
//! The world's price of an entity has no splits; the quoted price has. Both are equal at the start of 2026: splits
//! before it lift the older past, splits after it lower what follows. So a quoted price never changes afterwards, and
//! an adjusted one does with every event.

use std::sync::Arc;

use super::AlphaVantagePlan;
use super::currency::Money;
use super::venue::Venue;
use crate::chance;
use crate::days::{date, months_on, ymd};
use crate::entity::Entity;
use crate::instant::{DAY_MS, HOUR_MS, MINUTE_MS, floor_to};
use crate::truth::Metric;
use crate::world::WorldState;

/// 1999-11-01: daily rows begin.
pub(super) const BEGINS_MS: i64 = 10_896 * DAY_MS;
/// 2026-01-01: quoted and world's price are equal.
const ANCHOR_MS: i64 = 20_454 * DAY_MS;
/// Last year with splits of its own.
const LAST_YEAR: i32 = 2_045;
/// Ratios of splits; the last is a reverse one.
const RATIOS: [f64; 8] = [2.0, 2.0, 3.0, 4.0, 1.5, 5.0, 10.0, 0.1];

/// A dividend or a split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Event {
    /// The ex-day, local.
    pub(super) day_ms: i64,
    /// Currency per share; 0 for a split.
    pub(super) dividend: f64,
    /// New shares for an old one; 1 for a dividend.
    pub(super) split: f64,
    /// Quoted close of the trading day before.
    previous_close: f64,
}

impl Event {
    /// Returns what prices before the event are multiplied with.
    pub(super) fn factor(&self) -> f64 {
        (1.0 - self.dividend / self.previous_close) / self.split
    }
}

/// How far the caller sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// Only sessions whose evening has come.
    EndOfDay,
    /// Everything up to an instant.
    Until(i64),
}

/// A ticker on its exchange.
#[derive(Debug)]
pub(super) struct Share<'a> {
    world: &'a WorldState,
    pub(super) entity: Arc<Entity>,
    pub(super) symbol: String,
    pub(super) venue: &'static Venue,
    /// The quote currency and how many of the vendor's units it has: pence are 100.
    currency: Option<(Money, f64)>,
    splits: Vec<(i64, f64)>,
}

impl<'a> Share<'a> {
    pub(super) fn new(world: &'a WorldState, entity: Arc<Entity>) -> Self {
        let symbol = entity.alphavantage.clone().unwrap_or_default();
        let venue = Venue::of(&symbol);
        let (code, units) = match venue.currency {
            "GBX" => ("GBP", 100.0),
            other => (other, 1.0),
        };
        let splits = splits(&entity, venue);
        Self {
            world,
            symbol,
            venue,
            currency: (!venue.is_us())
                .then_some(Money::fiat(world, code).zip(Some(units)))
                .flatten(),
            splits,
            entity,
        }
    }

    /// Returns the price as quoted on a local day.
    pub(super) fn quoted(&self, day_ms: i64, at_ms: i64) -> Option<f64> {
        let usd = self.world.value(&self.entity, Metric::Price, at_ms)?;
        Some(usd * self.per_usd(at_ms) * self.split_level(day_ms))
    }

    /// Returns the units of the quote currency that one dollar buys.
    pub(super) fn per_usd(&self, at_ms: i64) -> f64 {
        let units = |(money, units): &(Money, f64)| units / money.usd_ever(self.world, at_ms);
        self.currency.as_ref().map_or(1.0, units)
    }

    /// Returns the quoted price for a world's price of 1.
    fn split_level(&self, day_ms: i64) -> f64 {
        let between = |from_ms: i64, to_ms: i64| -> f64 {
            let within = self
                .splits
                .iter()
                .filter(|(ex_ms, _)| from_ms < *ex_ms && *ex_ms <= to_ms);
            within.map(|(_, ratio)| ratio).product()
        };
        if day_ms < ANCHOR_MS {
            between(day_ms, ANCHOR_MS)
        } else {
            1.0 / between(ANCHOR_MS, day_ms)
        }
    }

    /// Returns the shares traded on a day.
    pub(super) fn volume(&self, day_ms: i64) -> f64 {
        let hash = self.entity.hash;
        let turnover = 0.001 + 0.01 * chance::unit(chance::pair(hash, 51));
        let luck = chance::unit(chance::at(chance::pair(hash ^ self.world.seed, 52), day_ms));
        let revised = self
            .world
            .revision_factor(&self.entity, Metric::Volume24h, day_ms);
        let shares = self.entity.supply.unwrap_or(1e7) / self.split_level(day_ms);
        shares * turnover * (1.4 * luck - 0.7).exp() * revised
    }

    /// Returns the last local day that is published, in whole or in part.
    pub(super) fn last_day(&self, sight: Sight, plan: AlphaVantagePlan, now_ms: i64) -> i64 {
        let (until_ms, from_hour) = match sight {
            Sight::EndOfDay => (now_ms, i64::from(plan.eod_hour) * HOUR_MS),
            Sight::Until(at_ms) => (at_ms, self.venue.opens_min * MINUTE_MS),
        };
        let last = floor_to(self.venue.zone.local_ms(until_ms) - from_hour, DAY_MS);
        self.venue.day_until(last)
    }

    /// Returns the trading days with data in `[from, to]`, both local days.
    pub(super) fn days(&self, from_ms: i64, to_ms: i64) -> Vec<i64> {
        let ends = self
            .entity
            .delisted_ms
            .map_or(to_ms, |end| to_ms.min(end - 1));
        let begins = from_ms.max(BEGINS_MS).max(self.entity.listed_ms);
        self.venue.days(begins, ends)
    }

    /// Returns the newest trading days with data until a local day.
    pub(super) fn newest_days(&self, count: usize, last: i64) -> Vec<i64> {
        let newest = self.entity.delisted_ms.map_or(last, |end| last.min(end));
        // No exchange here rests half of the year.
        let span = 2 * i64::try_from(count).unwrap_or(0) + 10;
        let mut days = self.days(newest - span * DAY_MS, last);
        days.drain(..days.len().saturating_sub(count));
        days
    }

    /// Returns the events with their ex-day in `[from, to]`, ascending.
    pub(super) fn events(&self, from_ms: i64, to_ms: i64) -> Vec<Event> {
        let within =
            |day_ms: &i64| (from_ms..=to_ms).contains(day_ms) && self.entity.active_at(*day_ms);
        let splits = self.splits.iter().filter(|(day_ms, _)| within(day_ms));
        let mut events: Vec<Event> = splits
            .filter_map(|(day_ms, ratio)| self.event(*day_ms, 0.0, *ratio))
            .collect();
        let pays = self
            .dividend_days(from_ms, to_ms)
            .into_iter()
            .filter(within);
        events.extend(pays.filter_map(|day_ms| {
            let is_split = self.splits.iter().any(|(ex_ms, _)| *ex_ms == day_ms);
            let rate = 0.002 + 0.01 * chance::unit(chance::pair(self.entity.hash, 53));
            let price = self.quoted(day_ms, self.venue.session(day_ms).0)?;
            let amount = (price * rate * 100.0).round() / 100.0;
            (!is_split && amount > 0.0)
                .then(|| self.event(day_ms, amount, 1.0))
                .flatten()
        }));
        events.sort_by_key(|event| event.day_ms);
        events
    }

    /// Tells whether the company pays dividends: funds and three in five companies do.
    pub(super) fn pays(&self) -> bool {
        self.entity.kind == "etf" || self.entity.hash % 5 < 3
    }

    fn event(&self, day_ms: i64, dividend: f64, split: f64) -> Option<Event> {
        let before = self.venue.day_until(day_ms - DAY_MS);
        let previous_close = self.quoted(before, self.venue.session(before).1)?;
        Some(Event {
            day_ms,
            dividend,
            split,
            previous_close,
        })
    }

    /// A payer goes ex once a quarter, always in the same month and about the same day of it.
    fn dividend_days(&self, from_ms: i64, to_ms: i64) -> Vec<i64> {
        let mut days = Vec::new();
        if !self.pays() {
            return days;
        }
        let phase = i32::try_from(self.entity.hash % 3).unwrap_or(0);
        let from_ms = from_ms.max(BEGINS_MS).max(self.entity.listed_ms);
        let mut month_ms = ymd(date(from_ms).year(), 1, 1);
        month_ms = months_on(month_ms, phase);
        while month_ms <= to_ms {
            let offset = 4 + chance::below(chance::at(self.entity.hash, month_ms), 16);
            days.push(self.venue.day_from(month_ms + offset * DAY_MS));
            month_ms = months_on(month_ms, 3);
        }
        days
    }
}

/// About one year in eleven of a company's life brings a split; funds never split.
fn splits(entity: &Entity, venue: &Venue) -> Vec<(i64, f64)> {
    let first = date(entity.listed_ms.max(BEGINS_MS)).year() + 1;
    let mut splits = Vec::new();
    if entity.kind == "etf" {
        return splits;
    }
    for year in first..=LAST_YEAR {
        let hash = chance::at(chance::pair(entity.hash, 54), i64::from(year));
        if !hash.is_multiple_of(11) {
            continue;
        }
        let day_ms = venue.day_from(ymd(year, 1, 5) + chance::below(hash, 350) * DAY_MS);
        let pick = usize::try_from(chance::below(chance::mix(hash), 8)).unwrap_or(0);
        splits.extend(RATIOS.get(pick).map(|ratio| (day_ms, *ratio)));
    }
    splits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alphavantage::{asset, enrol};
    use crate::instant::parse_day;
    use crate::world::World;

    fn with_share<T>(id: &str, check: impl FnOnce(Share<'_>) -> T) -> T {
        let world = World::new(1).unwrap();
        world.alter(|state| enrol(state, id));
        let state = world.snapshot();
        let symbol = id.split(':').nth(1).unwrap();
        let entity = asset::share(&state, symbol, false).unwrap();
        check(Share::new(&state, entity))
    }

    #[test]
    fn a_split_moves_the_quoted_price_by_its_ratio_and_nothing_after_it_does() {
        let splitting = (0..40).map(|n| format!("equity:CO{n}")).find(|id| {
            with_share(id, |share| {
                share.splits.iter().any(|(ex_ms, _)| *ex_ms > ANCHOR_MS)
            })
        });
        with_share(&splitting.unwrap(), |share| {
            for event in share.events(BEGINS_MS, parse_day("2045-12-31").unwrap()) {
                let day = event.day_ms;
                let opens = share.quoted(day, share.venue.session(day).0).unwrap();
                let ratio = event.previous_close / opens / event.split;
                assert!((ratio - 1.0).abs() < 0.25, "{event:?} {opens}");
                assert!(event.factor() > 0.0);
            }
            let world = share
                .world
                .value(&share.entity, Metric::Price, ANCHOR_MS)
                .unwrap();
            let quoted = share.quoted(ANCHOR_MS, ANCHOR_MS).unwrap();
            assert!((quoted / world - 1.0).abs() < 1e-12);
        });
    }

    #[test]
    fn london_is_quoted_in_pence() {
        with_share("equity:TSCO.LON", |share| {
            let at = parse_day("2026-01-05").unwrap();
            let usd = share.world.value(&share.entity, Metric::Price, at).unwrap();
            let pence = share.quoted(at, at).unwrap() / share.split_level(at);
            assert!((70.0..80.0).contains(&(pence / usd)), "{}", pence / usd);
        });
    }

    #[test]
    fn a_day_is_published_in_its_evening() {
        with_share("equity:IBM", |share| {
            let monday = parse_day("2026-05-18").unwrap();
            let plan = AlphaVantagePlan::FREE;
            let last = |now_ms: i64| share.last_day(Sight::EndOfDay, plan, now_ms);
            assert_eq!(last(monday + 22 * HOUR_MS - 1), monday - 3 * DAY_MS);
            assert_eq!(last(monday + 22 * HOUR_MS), monday);
            let live = |at_ms: i64| share.last_day(Sight::Until(at_ms), plan, at_ms);
            assert_eq!(live(monday + 13 * HOUR_MS), monday - 3 * DAY_MS);
            assert_eq!(live(monday + 14 * HOUR_MS), monday);
        });
    }
}
