//! The value of one metric of one subject at an instant, as the metric's recipe makes it from the world.

use super::assets::Subject;
use super::calendar::{CLOSE_MS, last_reported};
use super::metrics::{Base, Definition, Recipe, Table};
use super::{ArtemisPlan, ArtemisSwitch};
use crate::chance;
use crate::instant::DAY_MS;
use crate::truth::{Metric, float};
use crate::world::WorldState;

/// How far a derived metric strays from what it is derived from.
const SWAY: f64 = 0.15;
/// The turnover of some assets stands still for blocks of so many days.
const FLAT_DAYS: i64 = 120;

/// A metric of a subject, made ready for many instants.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    pub(super) world: &'a WorldState,
    pub(super) subject: Subject<'a>,
    pub(super) definition: &'a Definition,
    pub(super) plan: ArtemisPlan,
    /// Sets this pair's oddities.
    pub(super) key: u64,
    level: f64,
    parts: Vec<Pair<'a>>,
}

impl<'a> Pair<'a> {
    pub(super) fn new(
        world: &'a WorldState,
        table: &'a Table,
        subject: Subject<'a>,
        definition: &'a Definition,
        plan: ArtemisPlan,
    ) -> Self {
        let key = chance::pair(subject.hash ^ world.seed, definition.salt);
        let places = match definition.recipe {
            Recipe::Portion(place)
            | Recipe::Rest(place)
            | Recipe::Margin(place, _)
            | Recipe::PerShare(place, _) => vec![place],
            Recipe::Ratio(over, under, _)
            | Recipe::Multiple(over, under, _)
            | Recipe::Yield(over, under, _) => vec![over, under],
            _ => Vec::new(),
        };
        let made_of = places
            .into_iter()
            .filter_map(|place| table.all.get(place))
            .map(|part| Self::new(world, table, subject, part, plan));
        Self {
            parts: made_of.collect(),
            level: 0.75 + 0.5 * chance::unit(chance::pair(key, 1)),
            world,
            subject,
            definition,
            plan,
            key,
        }
    }

    /// Returns the value at an instant, or `None` where there is none.
    pub(super) fn value(&self, at_ms: i64) -> Option<f64> {
        let day = at_ms.div_euclid(DAY_MS);
        Some(match self.definition.recipe {
            Recipe::World(metric) => self.of_world(metric, at_ms)?,
            Recipe::Part(base, share) => self.part(base, share, at_ms)?,
            Recipe::Count(base, share) => self.part(base, share, at_ms)?.round(),
            Recipe::Some(base, share) => self.part(base, share, at_ms)? * self.unless(day, 20),
            Recipe::Flow(base, share) => {
                self.base(base, at_ms)? * share * self.wave(at_ms) * self.unless(day, 15)
            }
            Recipe::Level(metric, level) => {
                let usual = self.subject.entity.fees_usd_day?;
                self.of_world(metric, at_ms)? / usual * level * self.level
            }
            Recipe::Portion(_) => self.first()?.value(at_ms)? * self.split(),
            Recipe::Rest(_) => self.first()?.value(at_ms)? * (1.0 - self.split()),
            Recipe::Ratio(_, _, times) => quotient(
                self.first()?.value(at_ms)?,
                times * self.second()?.value(at_ms)?,
            )?,
            Recipe::Turnover => self.turnover(at_ms, day)?,
            Recipe::Statement(metric, share) => {
                let sales = self.of_world(metric, at_ms)? * share * self.level;
                millions(sales * self.sway(at_ms))
            }
            Recipe::Margin(_, margin) => {
                millions(self.first()?.value(at_ms)? * (margin + 0.22 * self.wave(at_ms)))
            }
            Recipe::PerShare(_, part) => {
                let shares = self.of_world(Metric::CirculatingSupply, at_ms)?;
                (self.first()?.value(at_ms)? * part / shares * 100.0).round() / 100.0
            }
            Recipe::Multiple(_, _, times) => {
                let line = self.second()?.value(self.reported_ms(day)?)?;
                quotient(self.first()?.value(at_ms)?, times * line)?
            }
            Recipe::Yield(_, _, times) => {
                let line = self.first()?.value(self.reported_ms(day)?)?;
                quotient(times * line, self.second()?.value(at_ms)?)?
            }
            Recipe::Latest(_) | Recipe::Nothing => return None,
        })
    }

    /// Returns the world's value, or what is left of it after the asset's end where that goes on.
    pub(super) fn of_world(&self, metric: Metric, at_ms: i64) -> Option<f64> {
        let entity = self.subject.entity;
        let value = self.world.value(entity, metric, at_ms);
        let lingers = self.plan.has(ArtemisSwitch::Lingering);
        value.or_else(|| {
            let end_ms = entity.delisted_ms.filter(|end| lingers && at_ms >= *end)?;
            let last = self.world.value(entity, metric, end_ms - 1)?;
            Some(last * 0.9_f64.powf(float(at_ms - end_ms) / float(DAY_MS)))
        })
    }

    fn base(&self, base: Base, at_ms: i64) -> Option<f64> {
        let metric = self.subject.world_metric(base);
        let whole = self.world.value(self.subject.entity, metric, at_ms)?;
        Some(whole * self.subject.share.unwrap_or(1.0))
    }

    fn part(&self, base: Base, share: f64, at_ms: i64) -> Option<f64> {
        Some(self.base(base, at_ms)? * share * self.level * self.sway(at_ms))
    }

    fn sway(&self, at_ms: i64) -> f64 {
        self.world.swing(self.subject.entity, self.key, SWAY, at_ms)
    }

    /// Returns a smooth number in `[-1, 1]`.
    fn wave(&self, at_ms: i64) -> f64 {
        let swing = self.world.swing(self.subject.entity, self.key, 1.0, at_ms);
        swing.ln()
    }

    /// Returns 0 on one day in `days`, else 1.
    fn unless(&self, day: i64, days: i64) -> f64 {
        let draw = chance::below(chance::at(chance::pair(self.key, 2), day), days);
        if draw == 0 { 0.0 } else { 1.0 }
    }

    /// Returns the first part's share of two; it hangs on the metric that is split.
    fn split(&self) -> f64 {
        let key = self.first().map_or(self.key, |whole| whole.key);
        0.2 + 0.6 * chance::unit(chance::pair(key, 3))
    }

    /// Now and then a turnover is less than a dollar, and that of one asset in six stands still for months.
    fn turnover(&self, at_ms: i64, day: i64) -> Option<f64> {
        let print = chance::at(chance::pair(self.key, 4), day);
        let value = self.of_world(Metric::Volume24h, at_ms)?;
        if chance::below(print, 400) == 0 {
            return Some(chance::unit(chance::mix(print)));
        }
        let block = day.div_euclid(FLAT_DAYS);
        let stands = self.key.is_multiple_of(6)
            && chance::below(chance::at(chance::pair(self.key, 5), block), 4) == 0;
        if stands {
            let begun_ms = (block * FLAT_DAYS * DAY_MS).max(self.subject.entity.listed_ms);
            return self.of_world(Metric::Volume24h, begun_ms);
        }
        Some(value)
    }

    fn reported_ms(&self, day: i64) -> Option<i64> {
        Some(last_reported(self.subject.entity, day)? * DAY_MS + CLOSE_MS)
    }

    fn first(&self) -> Option<&Self> {
        self.parts.first()
    }

    fn second(&self) -> Option<&Self> {
        self.parts.get(1)
    }
}

fn quotient(over: f64, under: f64) -> Option<f64> {
    Some(over / under).filter(|quotient| quotient.is_finite())
}

/// Rounds as statements do.
fn millions(dollars: f64) -> f64 {
    (dollars / 1e6).round() * 1e6
}
