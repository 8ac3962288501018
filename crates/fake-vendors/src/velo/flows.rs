//! What adds up: trades, volumes, liquidations of an hour, spread over its seconds so that any cut of the hour adds up
//! to it exactly.
//!
//! Everything is a count since the start of the hour, and a bucket is the difference of two counts. Trades come in a
//! fixed order; which of them are buys, what each is worth and which are liquidations follows from their number.

use std::ops::{Add, Sub};

use super::candle::{MINUTES, SECONDS};
use super::columns::{Flow, Side};
use super::numbers::fraction;
use crate::chance;

/// Steps between two events in which the share of one may sway.
const STEPS: i64 = 1_000;

/// What one side has done: counts, coins in lots, dollars in units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Amounts {
    pub(super) trades: i64,
    pub(super) coins: i64,
    pub(super) dollars: i64,
    pub(super) premiums: i64,
    pub(super) liquidations: i64,
    pub(super) liquidated_coins: i64,
    pub(super) liquidated_dollars: i64,
}

impl Amounts {
    fn with(self, other: Self, each: impl Fn(i64, i64) -> i64) -> Self {
        Self {
            trades: each(self.trades, other.trades),
            coins: each(self.coins, other.coins),
            dollars: each(self.dollars, other.dollars),
            premiums: each(self.premiums, other.premiums),
            liquidations: each(self.liquidations, other.liquidations),
            liquidated_coins: each(self.liquidated_coins, other.liquidated_coins),
            liquidated_dollars: each(self.liquidated_dollars, other.liquidated_dollars),
        }
    }

    fn of(&self, flow: Flow) -> i64 {
        match flow {
            Flow::Trades => self.trades,
            Flow::Coins => self.coins,
            Flow::Dollars => self.dollars,
            Flow::Premiums => self.premiums,
            Flow::Liquidations => self.liquidations,
            Flow::LiquidatedCoins => self.liquidated_coins,
            Flow::LiquidatedDollars => self.liquidated_dollars,
        }
    }
}

/// What both sides have done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flows {
    pub(super) buys: Amounts,
    pub(super) sells: Amounts,
}

impl Flows {
    pub(super) fn of(&self, flow: Flow, side: Side) -> i64 {
        match side {
            Side::Buy => self.buys.of(flow),
            Side::Sell => self.sells.of(flow),
            Side::Both => self.buys.of(flow) + self.sells.of(flow),
        }
    }
}

impl Add for Flows {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            buys: self.buys.with(other.buys, |a, b| a.saturating_add(b)),
            sells: self.sells.with(other.sells, |a, b| a.saturating_add(b)),
        }
    }
}

impl Sub for Flows {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            buys: self.buys.with(other.buys, |a, b| a - b),
            sells: self.sells.with(other.sells, |a, b| a - b),
        }
    }
}

/// The flows of one hour. The premiums of the totals are not read: they are a part of the dollars.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tape {
    pub(super) key: u64,
    pub(super) total: Flows,
}

impl Tape {
    /// Returns the trades of the hour.
    pub(super) fn trades(&self) -> i64 {
        self.total.buys.trades + self.total.sells.trades
    }

    /// Returns how many trades there were by a second.
    pub(super) fn trades_by(&self, second: i64) -> i64 {
        let (minute, seconds) = (second / 60, second % 60);
        let here = self.trades_by_minute(minute);
        if seconds == 0 {
            return here;
        }
        here + (self.trades_by_minute(minute + 1) - here) * seconds / 60
    }

    fn trades_by_minute(&self, minute: i64) -> i64 {
        if minute % MINUTES == 0 {
            return if minute == 0 { 0 } else { self.trades() };
        }
        let sway = chance::below(chance::at(self.key, minute), STEPS / 2);
        fraction(self.trades(), minute * STEPS + sway, MINUTES * STEPS)
    }

    /// Tells whether there is a trade in a minute by a second.
    pub(super) fn trades_in(&self, minute: i64, by_second: i64) -> bool {
        // With so many there are some in every minute, and in every few seconds.
        let busy = self.trades() >= 240 && by_second >= 60 * (minute + 1);
        busy || self.trades_by(by_second.min(60 * (minute + 1))) > self.trades_by(60 * minute)
    }

    /// Returns the minute of the `number`-th trade, counted from 1.
    pub(super) fn minute_of(&self, number: i64) -> i64 {
        let (mut low, mut high) = (0, MINUTES);
        while high - low > 1 {
            let middle = (low + high) / 2;
            if self.trades_by_minute(middle) < number {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Returns all that was done by a second.
    pub(super) fn by(&self, second: i64) -> Flows {
        let trades = match second {
            0 => return Flows::default(),
            SECONDS => self.trades(),
            _ => self.trades_by(second),
        };
        let buys = fraction(self.total.buys.trades, trades, self.trades());
        Flows {
            buys: upto(&self.total.buys, buys, chance::pair(self.key, 1)),
            sells: upto(&self.total.sells, trades - buys, chance::pair(self.key, 2)),
        }
    }
}

/// Returns what one side has done with its first `trades`.
fn upto(total: &Amounts, trades: i64, key: u64) -> Amounts {
    let dollars = share(total.dollars, trades, total.trades, key);
    let liquidations = fraction(total.liquidations, trades, total.trades);
    let liquidated = |total_of| share(total_of, liquidations, total.liquidations, key);
    Amounts {
        trades,
        coins: share(total.coins, trades, total.trades, key),
        dollars,
        premiums: fraction(dollars, 3, 100),
        liquidations,
        liquidated_coins: liquidated(total.liquidated_coins),
        liquidated_dollars: liquidated(total.liquidated_dollars),
    }
}

/// Returns the part of the first `n` of `of` events, of which none is empty and no two are alike.
fn share(total: i64, n: i64, of: i64, key: u64) -> i64 {
    if n <= 0 {
        return 0;
    }
    if n >= of {
        return total;
    }
    let sway = chance::below(chance::at(key, n), STEPS / 2);
    fraction(total, n * STEPS + sway, of * STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tape(buys: i64, sells: i64) -> Tape {
        let amounts = |trades: i64, liquidations: i64| Amounts {
            trades,
            coins: trades * 977,
            dollars: trades * 1_234_567,
            liquidations,
            liquidated_coins: liquidations * 5_000,
            liquidated_dollars: liquidations * 6_000_000,
            ..Amounts::default()
        };
        Tape {
            key: 99,
            total: Flows {
                buys: amounts(buys, buys.min(3)),
                sells: amounts(sells, 0),
            },
        }
    }

    #[test]
    fn any_cut_adds_up_and_nothing_runs_backwards() {
        for tape in [tape(80_000, 75_000), tape(5, 2), tape(0, 1), tape(0, 0)] {
            let whole = tape.by(SECONDS);
            assert_eq!(whole.buys.trades, tape.total.buys.trades);
            assert_eq!(whole.buys.coins, tape.total.buys.coins);
            assert_eq!(whole.sells.dollars, tape.total.sells.dollars);
            assert_eq!(whole.buys.liquidations, tape.total.buys.liquidations);
            let mut last = Flows::default();
            for second in 1..=SECONDS {
                let here = tape.by(second);
                let step = here - last;
                for side in [step.buys, step.sells] {
                    assert!(side.trades >= 0 && side.premiums >= 0 && side.liquidations >= 0);
                    assert!(side.liquidations <= side.trades);
                    assert_eq!(side.coins > 0, side.trades > 0);
                    assert_eq!(side.dollars > 0, side.trades > 0);
                    assert_eq!(side.liquidated_coins > 0, side.liquidations > 0);
                }
                last = here;
            }
            assert_eq!(last, whole);
        }
    }

    #[test]
    fn a_busy_hour_has_trades_in_every_minute() {
        for minute in 0..MINUTES {
            let busy = Tape {
                key: 5,
                ..tape(120, 120)
            };
            let ends = 60 * (minute + 1);
            assert!(busy.trades_by(ends) > busy.trades_by(60 * minute));
            assert!(busy.trades_in(minute, ends));
            assert!(!tape(0, 0).trades_in(minute, ends));
        }
    }

    #[test]
    fn a_trade_is_found_in_its_minute() {
        let tape = tape(20, 17);
        for number in 1..=37 {
            let minute = tape.minute_of(number);
            assert!(tape.trades_by(60 * minute) < number);
            assert!(tape.trades_by(60 * minute + 60) >= number);
        }
    }
}
