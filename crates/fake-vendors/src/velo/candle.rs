//! Lines through an hour and the candles they leave: constructed so that first, highest, lowest and last of a whole
//! hour are known at once, and are exactly those of its minutes.

use crate::chance;

/// Minutes of an hour.
pub(super) const MINUTES: i64 = 60;
/// Seconds of an hour.
pub(super) const SECONDS: i64 = 3_600;

/// A part of an hour: from a whole minute to a second. The last minute may be under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from_minute: i64,
    pub(super) to_second: i64,
}

impl Span {
    pub(super) fn is_whole(self) -> bool {
        self.from_minute == 0 && self.to_second == SECONDS
    }

    /// Returns the minutes that have begun.
    pub(super) fn minutes(self) -> std::ops::Range<i64> {
        self.from_minute..(self.to_second + 59) / 60
    }
}

/// A line through an hour within bounds; a second is counted from the hour's start, 3,600 is its end.
pub(super) trait Line {
    /// Returns the height at a second.
    fn at(&self, second: i64) -> i64;
    /// Returns what the line never exceeds.
    fn top(&self) -> i64;
    /// Returns what the line never falls below.
    fn bottom(&self) -> i64;
}

/// A line from one height to another that sways at the minutes and is straight between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path {
    pub(super) key: u64,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) sway: i64,
}

impl Path {
    fn minute(&self, minute: i64) -> i64 {
        let straight = self.from + (self.to - self.from) * minute / MINUTES;
        if minute % MINUTES == 0 {
            return straight;
        }
        let hash = chance::at(self.key, minute);
        straight + chance::below(hash, 2 * self.sway + 1) - self.sway
    }
}

impl Line for Path {
    fn at(&self, second: i64) -> i64 {
        let (minute, seconds) = (second / 60, second % 60);
        let here = self.minute(minute);
        if seconds == 0 {
            return here;
        }
        here + (self.minute(minute + 1) - here) * seconds / 60
    }

    fn top(&self) -> i64 {
        self.from.max(self.to) + self.sway
    }

    fn bottom(&self) -> i64 {
        self.from.min(self.to) - self.sway
    }
}

/// First, highest, lowest and last of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candle {
    pub(super) open: i64,
    pub(super) high: i64,
    pub(super) low: i64,
    pub(super) close: i64,
}

impl Candle {
    /// Joins what comes after.
    pub(super) fn then(self, later: Self) -> Self {
        Self {
            open: self.open,
            high: self.high.max(later.high),
            low: self.low.min(later.low),
            close: later.close,
        }
    }
}

/// Joins what comes after to what may be.
pub(super) fn join(sooner: Option<Candle>, later: Option<Candle>) -> Option<Candle> {
    match (sooner, later) {
        (Some(sooner), Some(later)) => Some(sooner.then(later)),
        (one, other) => one.or(other),
    }
}

/// The minutes in which a line touches its bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Touches {
    pub(super) top: i64,
    pub(super) bottom: i64,
}

/// Returns the candle of a span over the minutes in which something `happens`, or nothing without such a minute.
///
/// The minute of each touch must be one in which something happens, and one must be named if anything happens in the
/// hour; it is asked for only where the span is not the whole hour.
pub(super) fn candle(
    line: &impl Line,
    span: Span,
    happens: impl Fn(i64) -> bool,
    touches: impl FnOnce() -> Touches,
) -> Option<Candle> {
    if span.is_whole() {
        let first = (0..MINUTES).find(|minute| happens(*minute))?;
        let last = (0..MINUTES).rev().find(|minute| happens(*minute))?;
        return Some(Candle {
            open: line.at(60 * first),
            high: line.top(),
            low: line.bottom(),
            close: line.at(60 * (last + 1)),
        });
    }
    let touches = touches();
    let minutes = span.minutes().filter(|minute| happens(*minute));
    minutes
        .map(|minute| of_minute(line, minute, span.to_second, touches))
        .reduce(Candle::then)
}

fn of_minute(line: &impl Line, minute: i64, until_second: i64, touches: Touches) -> Candle {
    let (open, ends) = (line.at(60 * minute), 60 * (minute + 1));
    let close = line.at(ends.min(until_second));
    let closed = ends <= until_second;
    let mut candle = Candle {
        open,
        high: open.max(close),
        low: open.min(close),
        close,
    };
    if closed && minute == touches.top {
        candle.high = line.top();
    }
    if closed && minute == touches.bottom {
        candle.low = line.bottom();
    }
    candle
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: Path = Path {
        key: 7,
        from: 90_000,
        to: 91_000,
        sway: 250,
    };
    const TOUCHES: Touches = Touches { top: 40, bottom: 3 };

    fn of(from_minute: i64, to_second: i64, happens: fn(i64) -> bool) -> Option<Candle> {
        let span = Span {
            from_minute,
            to_second,
        };
        candle(&PATH, span, happens, || TOUCHES)
    }

    #[test]
    fn a_path_joins_its_ends_and_keeps_its_bounds() {
        assert_eq!((PATH.at(0), PATH.at(SECONDS)), (90_000, 91_000));
        for second in 0..=SECONDS {
            let height = PATH.at(second);
            assert!((PATH.bottom()..=PATH.top()).contains(&height));
        }
    }

    #[test]
    fn an_hour_is_what_its_minutes_make_of_it() {
        let happenings: [fn(i64) -> bool; 3] = [
            |_| true,
            |minute| minute % 37 == 3,
            |minute| (3..=40).contains(&minute),
        ];
        for happens in happenings {
            let minutes = (0..MINUTES).filter_map(|minute| of(minute, 60 * minute + 60, happens));
            let joined = minutes.reduce(Candle::then);
            assert!(joined.is_some());
            assert_eq!(joined, of(0, SECONDS, happens));
        }
        assert_eq!(of(0, SECONDS, |_| false), None);
    }

    #[test]
    fn a_minute_under_way_grows_into_itself() {
        let mut sooner = of(40, 40 * 60 + 1, |_| true).unwrap();
        for second in 2..=60 {
            let later = of(40, 40 * 60 + second, |_| true).unwrap();
            assert!(later.high >= sooner.high && later.low <= sooner.low);
            assert_eq!(later.open, sooner.open);
            sooner = later;
        }
        assert_eq!(sooner.high, PATH.top());
    }
}
