//! One hour of one product, as it really was: everything else is cut out of it or put together from it.

use super::candle::{Candle, Line, Path, SECONDS, Span, Touches, candle};
use super::columns::Level;
use super::flows::{Amounts, Flows, Tape};
use super::numbers::{fraction, rounded, tens};
use super::products::Product;
use super::venues::Market;
use crate::chance;
use crate::instant::{HOUR_MS, floor_to};
use crate::truth::{Metric, float, wave};
use crate::world::WorldState;

/// Decimals of dollar amounts.
pub(super) const CENTS: u32 = 4;
/// Decimals of funding rates.
pub(super) const RATE: u32 = 8;
/// Decimals of the volatility index.
pub(super) const POINTS: u32 = 2;
/// Further decimals of a premium than those of the price.
pub(super) const FINER: u32 = 2;

/// One product in the world, with the scales of its numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lane<'a> {
    world: &'a WorldState,
    pub(super) product: Product<'a>,
    key: u64,
    /// Decimals of prices.
    pub(super) ticks: u32,
    /// Decimals of coins.
    pub(super) lots: u32,
    /// Dollars a day around which the turnover moves.
    turnover: f64,
}

/// What is fixed at the border of two hours.
#[derive(Debug, Clone, Copy)]
struct Node {
    price: f64,
    interest: f64,
    funding: i64,
    premium: f64,
    volatility: i64,
}

impl<'a> Lane<'a> {
    pub(super) fn new(world: &'a WorldState, product: Product<'a>) -> Self {
        let level = product.entity.price_usd * product.multiple();
        let enough = |decimals: &u32| level * tens(*decimals) >= 1e5;
        let small = |decimals: &u32| level <= tens(*decimals);
        let share = if product.is_dated() { 0.02 } else { 1.0 } * product.venue.share;
        Self {
            world,
            product,
            key: chance::pair(product.hash(), world.seed),
            ticks: (0..12).find(enough).unwrap_or(12),
            lots: (0..8).find(small).unwrap_or(8),
            turnover: product.entity.volume_24h_usd.unwrap_or(0.0) * share,
        }
    }

    fn wave(&self, salt: u64, at_ms: i64) -> f64 {
        wave(chance::pair(self.key, salt), at_ms)
    }

    fn unit(&self, salt: u64, at_ms: i64) -> f64 {
        chance::unit(chance::at(chance::pair(self.key, salt), at_ms))
    }

    /// Venues differ in price by up to two basis points.
    fn node(&self, at_ms: i64) -> Node {
        let price = self
            .world
            .unrevised(self.product.entity, Metric::Price, at_ms);
        let apart = 1.0 + 4e-4 * (self.unit(30, at_ms) - 0.5);
        let price = price.unwrap_or(0.0) * self.product.multiple() * apart;
        let quiet = Node {
            price,
            interest: 0.0,
            funding: 0,
            premium: 0.0,
            volatility: 0,
        };
        match self.product.venue.market {
            Market::Spot => quiet,
            Market::Options => Node {
                volatility: rounded((52.0 + 18.0 * self.wave(33, at_ms)) * tens(POINTS)),
                ..quiet
            },
            Market::Futures => Node {
                interest: self.turnover * 0.3 * (0.4 * self.wave(31, at_ms)).exp(),
                funding: rounded((1e-4 + 2.5e-4 * self.wave(32, at_ms)) * tens(RATE)),
                premium: 8e-4 * self.wave(34, at_ms),
                ..quiet
            },
        }
    }

    /// Returns a level in units of its decimals: straight between the hours.
    pub(super) fn level(&self, level: Level, at_ms: i64) -> i64 {
        let node = |at_ms| level.middle + level.swing * self.wave(level.salt, at_ms);
        let start_ms = floor_to(at_ms, HOUR_MS);
        let along = float(at_ms - start_ms) / float(HOUR_MS);
        let value = if along > 0.0 {
            node(start_ms) * (1.0 - along) + node(start_ms + HOUR_MS) * along
        } else {
            node(start_ms)
        };
        rounded(value * tens(level.decimals))
    }

    /// Returns coins at a price in dollar units.
    fn dollars(&self, lots: i64, ticks: i64) -> i64 {
        // Prices have five digits or more before the last decimal, and a lot is worth a dollar at most.
        let finer = (self.lots + self.ticks).saturating_sub(CENTS);
        fraction(lots, ticks, 10i64.saturating_pow(finer))
    }
}

/// What is odd about an hour of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Oddity {
    Nothing,
    /// No row at all.
    Absent,
    /// No trade: rows without prices.
    Quiet,
    NoInterest,
    NoFunding,
}

impl Oddity {
    fn of(lane: &Lane<'_>, start_ms: i64) -> Self {
        let hash = chance::at(chance::pair(lane.key, 35), start_ms);
        match chance::below(hash, 6_000) {
            0..10 => Self::Absent,
            10..16 => Self::Quiet,
            16..28 => Self::NoInterest,
            28..36 => Self::NoFunding,
            _ => Self::Nothing,
        }
    }
}

/// One hour of a product.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hour<'a> {
    lane: &'a Lane<'a>,
    pub(super) start_ms: i64,
    ends: (Node, Node),
    price: Path,
    interest: Path,
    volatility: Path,
    tape: Tape,
    oddity: Oddity,
}

impl<'a> Hour<'a> {
    /// Makes the hour that begins at an instant; the one before it, where there is one at hand, saves half of the work.
    pub(super) fn new(lane: &'a Lane<'a>, start_ms: i64, before: Option<&Self>) -> Self {
        let known = before.filter(|hour| hour.start_ms + HOUR_MS == start_ms);
        let from = known.map_or_else(|| lane.node(start_ms), |hour| hour.ends.1);
        let to = lane.node(start_ms + HOUR_MS);
        let revision = |metric| {
            let entity = lane.product.entity;
            lane.world.revision_factor(entity, metric, start_ms)
        };
        // A revision takes hold of whole hours, by their start.
        let (dearer, busier) = (revision(Metric::Price), revision(Metric::Volume24h));
        let key = |salt| chance::at(chance::pair(lane.key, salt), start_ms);
        let ticks = |price: f64| rounded(price * dearer * tens(lane.ticks)).max(4);
        let jitter = (lane.product.entity.volatility * 0.003).min(0.0025);
        let price = path(key(36), ticks(from.price), ticks(to.price), jitter);
        let unit_price = lane.product.entity.price_usd * lane.product.multiple();
        let coins = |dollars: f64| rounded(dollars * busier / unit_price * tens(lane.lots));
        let oddity = Oddity::of(lane, start_ms);
        let day = lane
            .world
            .unrevised(lane.product.entity, Metric::Volume24h, start_ms);
        let swing = day.unwrap_or(0.0) / lane.product.entity.volume_24h_usd.unwrap_or(1.0).max(1.0);
        let dollars = lane.turnover / 24.0 * swing * busier;
        Self {
            lane,
            start_ms,
            ends: (from, to),
            price,
            interest: path(key(37), coins(from.interest), coins(to.interest), 0.002),
            volatility: path(key(38), from.volatility, to.volatility, 0.004),
            tape: tape(
                lane,
                start_ms,
                &price,
                if oddity == Oddity::Quiet {
                    0.0
                } else {
                    dollars
                },
            ),
            oddity,
        }
    }

    /// Tells whether the vendor has nothing at all of the hour.
    pub(super) fn is_absent(&self) -> bool {
        self.oddity == Oddity::Absent
    }

    pub(super) fn prices(&self, span: Span) -> Option<Candle> {
        let happens = |minute| self.tape.trades_in(minute, span.to_second);
        candle(&self.price, span, happens, || {
            let number = |salt| {
                let hash = chance::pair(self.price.key, salt);
                1 + chance::below(hash, self.tape.trades())
            };
            Touches {
                top: self.tape.minute_of(number(1)),
                bottom: self.tape.minute_of(number(2)),
            }
        })
    }

    fn has_interest(&self) -> bool {
        self.oddity != Oddity::NoInterest && self.interest.from > 0
    }

    /// Returns the candle of the open interest in coins.
    pub(super) fn coin_interest(&self, span: Span) -> Option<Candle> {
        let steady = || steady(&self.interest, span, self.interest.key);
        self.has_interest().then(steady).flatten()
    }

    /// Returns the candle of the open interest in dollars.
    pub(super) fn dollar_interest(&self, span: Span) -> Option<Candle> {
        if !self.has_interest() {
            return None;
        }
        let line = Worth {
            lane: self.lane,
            coins: self.interest,
            price: self.price,
        };
        steady(&line, span, chance::mix(self.interest.key))
    }

    pub(super) fn volatility(&self, span: Span) -> Option<Candle> {
        steady(&self.volatility, span, self.volatility.key)
    }

    pub(super) fn flows(&self, span: Span) -> Flows {
        self.tape.by(span.to_second) - self.tape.by(60 * span.from_minute)
    }

    /// Returns the funding rate of the last minute, the sum over the minutes and their number. It changes by the quarter.
    pub(super) fn funding(&self, span: Span) -> Option<(i64, i64, i64)> {
        if self.oddity == Oddity::NoFunding || self.lane.product.is_dated() {
            return None;
        }
        let (from, to) = (self.ends.0.funding, self.ends.1.funding);
        let rate = |quarter: i64| from + (to - from) * quarter / 4;
        let minutes = span.minutes();
        let in_quarter = |quarter: i64| {
            let begins = minutes.start.max(15 * quarter);
            (minutes.end.min(15 * quarter + 15) - begins).max(0)
        };
        let sum = (0..4)
            .map(|quarter| rate(quarter) * in_quarter(quarter))
            .sum();
        Some((
            rate((minutes.end - 1) / 15),
            sum,
            minutes.end - minutes.start,
        ))
    }

    /// Returns the contract's price less its index at a second.
    pub(super) fn premium(&self, second: i64) -> i64 {
        let (from, to) = (self.ends.0.premium, self.ends.1.premium);
        let along = float(second) / float(SECONDS);
        let part = from + (to - from) * along;
        rounded(float(self.price.at(second)) * part * tens(FINER))
    }
}

/// Coins at their price.
struct Worth<'a> {
    lane: &'a Lane<'a>,
    coins: Path,
    price: Path,
}

impl Line for Worth<'_> {
    fn at(&self, second: i64) -> i64 {
        self.lane
            .dollars(self.coins.at(second), self.price.at(second))
    }

    fn top(&self) -> i64 {
        self.lane.dollars(self.coins.top(), self.price.top())
    }

    fn bottom(&self) -> i64 {
        self.lane.dollars(self.coins.bottom(), self.price.bottom())
    }
}

/// Returns the candle of a line that is there in every minute.
fn steady(line: &impl Line, span: Span, key: u64) -> Option<Candle> {
    let minute = |salt| chance::below(chance::pair(key, salt), 60);
    candle(
        line,
        span,
        |_| true,
        || Touches {
            top: minute(1),
            bottom: minute(2),
        },
    )
}

fn path(key: u64, from: i64, to: i64, jitter: f64) -> Path {
    Path {
        key,
        from,
        to,
        sway: rounded(float(from.min(to)) * jitter),
    }
}

/// Turns the dollars of an hour into trades, sides, coins and liquidations.
fn tape(lane: &Lane<'_>, start_ms: i64, price: &Path, dollars: f64) -> Tape {
    let unit = |salt| lane.unit(salt, start_ms);
    let dollars = dollars * (0.6 + 0.8 * unit(40));
    // Busier products have larger trades, too.
    let trades = rounded(50.0 * (dollars / 15_000.0).powf(0.73));
    let ticks = (price.from + price.to) / 2;
    let lots = dollars / (float(ticks) / tens(lane.ticks)) * tens(lane.lots);
    let bought = 0.44 + 0.12 * unit(41);
    let buys = rounded(float(trades) * bought);
    let leveraged = lane.product.venue.market == Market::Futures;
    let side = |trades: i64, lots: f64, salt: u64| {
        if trades == 0 {
            return Amounts::default();
        }
        // A trade has a lot at least, whatever the order.
        let coins = rounded(lots).max(3 * trades);
        let rare = unit(salt).powi(3) * float(trades).powf(0.25);
        let liquidations = if leveraged {
            rounded(rare).min(trades)
        } else {
            0
        };
        let liquidated = rounded(float(coins) * 0.01 * unit(salt + 1)).max(3);
        let liquidated_coins = (liquidated * liquidations.min(1)).max(3 * liquidations);
        Amounts {
            trades,
            coins,
            dollars: lane.dollars(coins, ticks),
            premiums: 0,
            liquidations,
            liquidated_coins,
            liquidated_dollars: lane.dollars(liquidated_coins, ticks),
        }
    };
    let part = 0.44 + 0.12 * unit(42);
    Tape {
        key: chance::at(chance::pair(lane.key, 39), start_ms),
        total: Flows {
            buys: side(buys, lots * part, 43),
            sells: side(trades - buys, lots * (1.0 - part), 45),
        },
    }
}
