//! The exchanges: which suffix a ticker bears, hours, holidays, zone and currency.

use crate::days::{date, ymd};
use crate::holidays::{self, Rule, days_of, is_weekend, keeps};
use crate::instant::{DAY_MS, HOUR_MS, MINUTE_MS, floor_to};

/// When clocks are an hour ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Summer {
    Never,
    America,
    Europe,
}

/// A time zone. Its offset changes on Sundays, when no exchange is open, so the day decides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Zone {
    /// Minutes ahead of UTC in winter.
    winter_min: i64,
    summer: Summer,
}

impl Zone {
    /// Returns by how much local time is ahead of UTC on a day.
    pub(super) fn offset_ms(self, day_ms: i64) -> i64 {
        let year = date(day_ms).year();
        let sunday = |rule: Rule| rule.day(year).unwrap_or(0);
        let nth = |nth, month| Rule::Nth {
            weekday: 6,
            nth,
            month,
            plus: 0,
        };
        let summer = match self.summer {
            Summer::Never => false,
            Summer::America if year >= 2007 => {
                (sunday(nth(2, 3))..sunday(nth(1, 11))).contains(&day_ms)
            }
            Summer::America => (sunday(nth(1, 4))..sunday(Rule::Last(6, 10))).contains(&day_ms),
            Summer::Europe => {
                (sunday(Rule::Last(6, 3))..sunday(Rule::Last(6, 10))).contains(&day_ms)
            }
        };
        self.winter_min * MINUTE_MS + if summer { HOUR_MS } else { 0 }
    }

    /// Returns the instant of a local day's minute.
    pub(super) fn utc_ms(self, day_ms: i64, minute: i64) -> i64 {
        day_ms + minute * MINUTE_MS - self.offset_ms(day_ms)
    }

    /// Returns local time, written as if it were UTC.
    pub(super) fn local_ms(self, at_ms: i64) -> i64 {
        at_ms + self.offset_ms(floor_to(at_ms + self.winter_min * MINUTE_MS, DAY_MS))
    }

    /// Returns the zone as `SYMBOL_SEARCH` writes it.
    pub(super) fn name_on(self, day_ms: i64) -> String {
        let minutes = self.offset_ms(day_ms) / MINUTE_MS;
        let sign = if minutes < 0 { '-' } else { '+' };
        match (minutes.abs() / 60, minutes.abs() % 60) {
            (hours, 0) => format!("UTC{sign}{hours:02}"),
            (hours, rest) => format!("UTC{sign}{hours}.{}", rest * 10 / 60),
        }
    }
}

/// An exchange as tickers name it.
#[derive(Debug)]
pub(super) struct Venue {
    /// What follows the ticker, with the dot.
    pub(super) suffix: &'static str,
    pub(super) region: &'static str,
    pub(super) exchanges: &'static str,
    pub(super) zone: Zone,
    /// Minutes after local midnight.
    pub(super) opens_min: i64,
    pub(super) closes_min: i64,
    /// Currency as the vendor writes it: London's is pence.
    pub(super) currency: &'static str,
    holidays: &'static [Rule],
    halves: &'static [Rule],
}

const EASTERN: Zone = zone(-300, Summer::America);

const fn zone(winter_min: i64, summer: Summer) -> Zone {
    Zone { winter_min, summer }
}

const fn venue(
    (suffix, region, exchanges): (&'static str, &'static str, &'static str),
    zone: Zone,
    (opens_min, closes_min): (i64, i64),
    currency: &'static str,
    holidays: &'static [Rule],
) -> Venue {
    Venue {
        suffix,
        region,
        exchanges,
        zone,
        opens_min,
        closes_min,
        currency,
        holidays,
        halves: &[],
    }
}

/// The exchanges of the United States together: no suffix.
pub(super) const US: Venue = Venue {
    halves: holidays::NEW_YORK_HALF,
    ..venue(
        ("", "United States", "NASDAQ, NYSE, AMEX, BATS"),
        EASTERN,
        (570, 960),
        "USD",
        holidays::NEW_YORK,
    )
};

/// Every exchange.
pub(super) static VENUES: [Venue; 10] = [
    US,
    venue(
        (".LON", "United Kingdom", "London"),
        zone(0, Summer::Europe),
        (480, 990),
        "GBX",
        holidays::LONDON,
    ),
    venue(
        (".TRT", "Toronto", "Toronto"),
        EASTERN,
        (570, 960),
        "CAD",
        holidays::TORONTO,
    ),
    venue(
        (".TRV", "Toronto Venture", "Toronto Ventures"),
        EASTERN,
        (570, 960),
        "CAD",
        holidays::TORONTO,
    ),
    venue(
        (".DEX", "XETRA", "XETRA"),
        zone(60, Summer::Europe),
        (540, 1_050),
        "EUR",
        holidays::FRANKFURT,
    ),
    venue(
        (".BSE", "India/Bombay", "NSE, BSE"),
        zone(330, Summer::Never),
        (555, 930),
        "INR",
        holidays::BOMBAY,
    ),
    venue(
        (".SHH", "Shanghai", "Shanghai"),
        zone(480, Summer::Never),
        (570, 900),
        "CNY",
        holidays::CHINA,
    ),
    venue(
        (".SHZ", "Shenzhen", "Shenzhen"),
        zone(480, Summer::Never),
        (570, 900),
        "CNY",
        holidays::CHINA,
    ),
    venue(
        (".HKG", "Hong Kong", "Hong Kong"),
        zone(480, Summer::Never),
        (570, 960),
        "HKD",
        holidays::HONG_KONG,
    ),
    venue(
        (".SAO", "Brazil/Sao Paolo", "Sao Paolo"),
        zone(-180, Summer::Never),
        (600, 1_020),
        "BRL",
        holidays::SAO_PAULO,
    ),
];

impl Venue {
    /// Returns the exchange that a ticker's suffix names; without a known one, the United States.
    pub(super) fn of(symbol: &str) -> &'static Self {
        let [us, others @ ..] = &VENUES;
        let named = |venue: &&Self| symbol.ends_with(venue.suffix);
        others.iter().find(named).unwrap_or(us)
    }

    /// Tells whether this is the United States.
    pub(super) fn is_us(&self) -> bool {
        self.suffix.is_empty()
    }

    /// Returns the trading days in `[from, to]`, ascending; both are local days.
    pub(super) fn days(&self, from_ms: i64, to_ms: i64) -> Vec<i64> {
        let mut days = Vec::new();
        let mut day_ms = floor_to(from_ms, DAY_MS);
        while day_ms <= to_ms {
            let year = date(day_ms).year();
            let closed = days_of(self.holidays, year);
            let year_ends = to_ms.min(ymd(year, 12, 31));
            while day_ms <= year_ends {
                if !is_weekend(day_ms) && closed.binary_search(&day_ms).is_err() {
                    days.push(day_ms);
                }
                day_ms += DAY_MS;
            }
        }
        days
    }

    /// Tells whether the exchange opens on a day.
    pub(super) fn trades_on(&self, day_ms: i64) -> bool {
        !is_weekend(day_ms) && !keeps(self.holidays, day_ms)
    }

    /// Returns the first trading day at or after a day.
    pub(super) fn day_from(&self, mut day_ms: i64) -> i64 {
        while !self.trades_on(day_ms) {
            day_ms += DAY_MS;
        }
        day_ms
    }

    /// Returns the last trading day at or before a day.
    pub(super) fn day_until(&self, mut day_ms: i64) -> i64 {
        while !self.trades_on(day_ms) {
            day_ms -= DAY_MS;
        }
        day_ms
    }

    /// Returns the minute at which a day's regular session ends.
    pub(super) fn closes_on(&self, day_ms: i64) -> i64 {
        if keeps(self.halves, day_ms) {
            780
        } else {
            self.closes_min
        }
    }

    /// Returns the minutes between which a day's bars lie. Only the United States have extended hours, four before and
    /// after the session, or so: 04:00 to 20:00.
    pub(super) fn hours_on(&self, day_ms: i64, extended: bool) -> (i64, i64) {
        let closes_min = self.closes_on(day_ms);
        if extended && self.is_us() {
            (240, closes_min + 240)
        } else {
            (self.opens_min, closes_min)
        }
    }

    /// Returns the instants at which a day's regular session begins and ends.
    pub(super) fn session(&self, day_ms: i64) -> (i64, i64) {
        let offset_ms = self.zone.offset_ms(day_ms);
        let at = |minute: i64| day_ms + minute * MINUTE_MS - offset_ms;
        (at(self.opens_min), at(self.closes_on(day_ms)))
    }

    /// Tells whether the exchange is open at an instant.
    pub(super) fn is_open(&self, at_ms: i64) -> bool {
        let day_ms = floor_to(self.zone.local_ms(at_ms), DAY_MS);
        let (opens_ms, closes_ms) = self.session(day_ms);
        self.trades_on(day_ms) && (opens_ms..closes_ms).contains(&at_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instant::parse_day;

    #[test]
    fn clocks_change_with_the_season() {
        let at = |day: &str| US.zone.utc_ms(parse_day(day).unwrap(), 240) % DAY_MS / HOUR_MS;
        assert_eq!((at("2026-01-15"), at("2026-07-15")), (9, 8));
        assert_eq!((at("2026-03-06"), at("2026-03-09")), (9, 8));
        assert_eq!((at("2026-10-30"), at("2026-11-02")), (8, 9));
        assert_eq!((at("2005-03-21"), at("2005-04-04")), (9, 8));
        let london = Venue::of("TSCO.LON");
        let summer = parse_day("2026-05-18").unwrap();
        assert_eq!(london.zone.name_on(summer), "UTC+01");
        assert_eq!(Venue::of("RELIANCE.BSE").zone.name_on(summer), "UTC+5.5");
        assert_eq!(
            US.zone.local_ms(US.zone.utc_ms(summer, 600)),
            summer + 10 * HOUR_MS
        );
    }

    #[test]
    fn suffixes_name_exchanges() {
        assert_eq!(Venue::of("TSCO.LON").currency, "GBX");
        assert!(Venue::of("BRK.B").is_us() && Venue::of("IBM").is_us());
        let day = parse_day("2025-11-28").unwrap();
        assert_eq!(
            US.hours_on(day, false),
            (570, 780),
            "half a day after Thanksgiving"
        );
        assert_eq!(US.hours_on(day, true).1, 1_020);
    }
}
