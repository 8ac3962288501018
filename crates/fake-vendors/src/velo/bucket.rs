//! Buckets: which there are in a range, and what is in one, put together from the hours it touches.

use super::candle::{Candle, Span, join};
use super::columns::{Column, Corner, Flow};
use super::flows::Flows;
use super::hour::{CENTS, FINER, Hour, Lane, POINTS, RATE};
use super::numbers::{Decimal, quotient};
use crate::instant::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, calendar, ceil_to, floor_to, millis};

/// A minute or a second is there this long after it began.
pub(super) const LAG_MS: i64 = 5 * SECOND_MS;
const WEEK_MINUTES: i64 = 7 * 24 * 60;
/// 1970-01-05, the first Monday.
const MONDAY_MS: i64 = 4 * DAY_MS;

/// The width of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// Multiples since the epoch; whole weeks since the first Monday.
    Minutes(i64),
    /// From the first of a month.
    Months(i64),
}

impl Width {
    /// Returns the first bucket that begins at or after an instant. What the vendor does with a range that is not
    /// aligned is not established: here its first bucket is the first that begins in it.
    pub(super) fn first_ms(self, from_ms: i64) -> i64 {
        match self {
            Self::Minutes(minutes) => {
                let anchor_ms = if minutes % WEEK_MINUTES == 0 {
                    MONDAY_MS
                } else {
                    0
                };
                anchor_ms + ceil_to(from_ms - anchor_ms, minutes * MINUTE_MS)
            }
            Self::Months(_) => match month_ms(from_ms, 0) {
                begins_ms if begins_ms == from_ms => begins_ms,
                begins_ms => month_ms(begins_ms, 1),
            },
        }
    }

    /// Returns where the bucket that begins at an instant ends.
    pub(super) fn end_ms(self, start_ms: i64) -> i64 {
        match self {
            Self::Minutes(minutes) => start_ms + minutes * MINUTE_MS,
            Self::Months(months) => month_ms(start_ms, months),
        }
    }

    /// Returns how many buckets a range is priced as.
    pub(super) fn count(self, from_ms: i64, to_ms: i64) -> i64 {
        match self {
            Self::Minutes(minutes) => {
                let (span_ms, step_ms) = (to_ms - from_ms, minutes * MINUTE_MS);
                span_ms / step_ms + i64::from(span_ms % step_ms != 0)
            }
            Self::Months(months) => {
                let ends =
                    |start_ms: &i64| (*start_ms < to_ms).then(|| month_ms(*start_ms, months));
                let starts = std::iter::successors(Some(from_ms), ends);
                i64::try_from(starts.take_while(|start_ms| *start_ms < to_ms).count())
                    .unwrap_or(i64::MAX)
            }
        }
    }
}

/// Returns the first of the month that is so many months after that of an instant.
fn month_ms(at_ms: i64, months: i64) -> i64 {
    let day = calendar(at_ms).date();
    let number = i64::from(day.year()) * 12 + i64::from(u8::from(day.month())) - 1 + months;
    let month = u8::try_from(number.rem_euclid(12) + 1).unwrap_or(1);
    let first = time::Month::try_from(month).ok().and_then(|month| {
        let year = i32::try_from(number.div_euclid(12)).ok()?;
        time::Date::from_calendar_date(year, month, 1).ok()
    });
    first.map_or(i64::MAX, |day| millis(day.midnight().assume_utc()))
}

/// Which costly parts of a bucket a question needs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Needs {
    prices: bool,
    coin_interest: bool,
    dollar_interest: bool,
    volatility: bool,
}

impl Needs {
    pub(super) fn of(columns: &[Column]) -> Self {
        let any = |is: fn(&Column) -> bool| columns.iter().any(is);
        Self {
            prices: any(|column| matches!(column, Column::Price(_))),
            coin_interest: any(|column| matches!(column, Column::CoinInterest(_))),
            dollar_interest: any(|column| matches!(column, Column::DollarInterest(_))),
            volatility: any(|column| matches!(column, Column::Volatility(_))),
        }
    }
}

/// What is in a bucket so far: open = first, high = max, low = min, close = last, flows = sum, rates = last, their
/// average = mean over the minutes; what is missing in a part is left out.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bucket {
    prices: Option<Candle>,
    coin_interest: Option<Candle>,
    dollar_interest: Option<Candle>,
    volatility: Option<Candle>,
    flows: Flows,
    funding: Option<i64>,
    funding_sum: i64,
    funding_minutes: i64,
    premium: Option<i64>,
    /// Where the data end; none where there are none.
    ends_ms: Option<i64>,
}

impl Bucket {
    pub(super) fn is_there(&self) -> bool {
        self.ends_ms.is_some()
    }

    fn add(&mut self, hour: &Hour<'_>, span: Span, needs: Needs) {
        if needs.prices {
            self.prices = join(self.prices, hour.prices(span));
        }
        if needs.coin_interest {
            self.coin_interest = join(self.coin_interest, hour.coin_interest(span));
        }
        if needs.dollar_interest {
            self.dollar_interest = join(self.dollar_interest, hour.dollar_interest(span));
        }
        if needs.volatility {
            self.volatility = join(self.volatility, hour.volatility(span));
        }
        self.flows = self.flows + hour.flows(span);
        if let Some((last, sum, minutes)) = hour.funding(span) {
            self.funding = Some(last);
            self.funding_sum += sum;
            self.funding_minutes += minutes;
        }
        self.premium = Some(hour.premium(span.to_second));
        self.ends_ms = Some(hour.start_ms + span.to_second * SECOND_MS);
    }

    /// Returns what a column shows.
    pub(super) fn cell(&self, lane: &Lane<'_>, column: Column) -> Option<Decimal> {
        Some(match column {
            Column::Price(corner) => Decimal::new(at(self.prices?, corner), lane.ticks),
            Column::CoinInterest(corner) => {
                Decimal::new(at(self.coin_interest?, corner), lane.lots)
            }
            Column::DollarInterest(corner) => {
                Decimal::new(at(self.dollar_interest?, corner), CENTS)
            }
            Column::Volatility(corner) => Decimal::new(at(self.volatility?, corner), POINTS),
            Column::Flow(flow, side) => {
                let decimals = match flow {
                    Flow::Trades | Flow::Liquidations => 0,
                    Flow::Coins | Flow::LiquidatedCoins => lane.lots,
                    Flow::Dollars | Flow::Premiums | Flow::LiquidatedDollars => CENTS,
                };
                Decimal::new(self.flows.of(flow, side), decimals)
            }
            Column::Funding => Decimal::new(self.funding?, RATE),
            Column::FundingMean => {
                self.funding?;
                Decimal::new(quotient(self.funding_sum, self.funding_minutes), RATE)
            }
            Column::Premium => Decimal::new(self.premium?, lane.ticks + FINER),
            Column::Level(level) => {
                let units = lane.level(level, self.ends_ms?);
                Decimal::new(units, level.decimals)
            }
        })
    }
}

fn at(candle: Candle, corner: Corner) -> i64 {
    match corner {
        Corner::Open => candle.open,
        Corner::High => candle.high,
        Corner::Low => candle.low,
        Corner::Close => candle.close,
    }
}

/// Reads the buckets of one product one after the other.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    lane: &'a Lane<'a>,
    needs: Needs,
    /// First instant with data, and the first without.
    life_ms: (i64, i64),
    hour: Option<Hour<'a>>,
}

impl<'a> Reader<'a> {
    /// Makes a reader of what is published by an instant.
    pub(super) fn new(lane: &'a Lane<'a>, needs: Needs, now_ms: i64) -> Self {
        let (begins_ms, ends_ms) = lane.product.life_ms();
        let published_ms = floor_to(now_ms - LAG_MS, SECOND_MS);
        Self {
            lane,
            needs,
            life_ms: (begins_ms, ends_ms.min(published_ms)),
            hour: None,
        }
    }

    /// Returns the first bucket of a range that may hold data, and the first instant that holds none.
    pub(super) fn within(&self, width: Width, from_ms: i64, to_ms: i64) -> (i64, i64) {
        let first_ms = width.first_ms(from_ms);
        let begins_ms = self.life_ms.0;
        let started_ms = match width {
            // The bucket that holds the beginning, if it begins in the range.
            Width::Minutes(minutes) if begins_ms > first_ms => {
                first_ms + floor_to(begins_ms - first_ms, minutes * MINUTE_MS)
            }
            _ => first_ms,
        };
        (started_ms, to_ms.min(self.life_ms.1))
    }

    /// Returns what is in the bucket from one instant to another.
    pub(super) fn read(&mut self, from_ms: i64, to_ms: i64) -> Bucket {
        let (from_ms, to_ms) = (from_ms.max(self.life_ms.0), to_ms.min(self.life_ms.1));
        let mut bucket = Bucket::default();
        if from_ms >= to_ms {
            return bucket;
        }
        let mut start_ms = floor_to(from_ms, HOUR_MS);
        while start_ms < to_ms {
            let span = Span {
                from_minute: (from_ms - start_ms).max(0) / MINUTE_MS,
                to_second: (to_ms - start_ms).min(HOUR_MS) / SECOND_MS,
            };
            let hour = self.hour_at(start_ms);
            if !hour.is_absent() {
                bucket.add(&hour, span, self.needs);
            }
            start_ms += HOUR_MS;
        }
        bucket
    }

    fn hour_at(&mut self, start_ms: i64) -> Hour<'a> {
        match self.hour {
            Some(hour) if hour.start_ms == start_ms => hour,
            before => *self
                .hour
                .insert(Hour::new(self.lane, start_ms, before.as_ref())),
        }
    }
}
