//! Whether a quota lasts until its window turns, at the rate of the last day. Pure.
//!
//! Only what runs by schedule is projected: a backfill's burst is an operator's, and is over when it is
//! over. Gap filler and re-reads go on at their rate until their share is spent, and then leave the rest
//! to ticks; so an installation that fills three years on its first day is not told that its month ends
//! tomorrow.

use model::Ts;

/// How long what was spent by schedule is looked at: a day holds a tick of every source, and a night.
pub(crate) const LOOKED_AT_SECS: i64 = 86_400;
/// Below this nothing is projected: a first tick reads catalogues and asks for what it never does again.
const LEAST_SECS: i64 = 6 * 3_600;

/// What was spent lately, in units of a quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// Over how many seconds up to now: a day, or since the first pull where that is less.
    pub secs: i64,
    /// By live ticks.
    pub ticks: u64,
    /// By gap filler and re-reads.
    pub background: u64,
    /// By what an operator asked for: backfills and pulls by hand. Not projected.
    pub operator: u64,
}

impl Recent {
    /// Returns what runs by schedule would spend in a day, rounded; none before there is enough to tell.
    pub fn scheduled_a_day(&self) -> Option<u64> {
        let secs = u64::try_from(self.secs).ok()?;
        let spent = self.ticks.saturating_add(self.background);
        (self.secs >= LEAST_SECS).then(|| (spent.saturating_mul(86_400) + secs / 2) / secs.max(1))
    }
}

/// What becomes of a quota until it turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forecast {
    /// It lasts.
    Lasts,
    /// It is spent: not even a tick has room.
    Spent,
    /// At this rate a tick finds no room from then on.
    EndsAt(Ts),
    /// Too little has been seen to tell.
    TooEarly,
}

/// Units of a window: what there is for whom, and what is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stock {
    pub(crate) used: u64,
    /// For a live tick.
    pub(crate) live: u64,
    /// For gap filler and re-reads.
    pub(crate) background: u64,
}

/// Returns what becomes of a quota whose units come back at `turns_at`, if any do.
pub(crate) fn forecast(stock: Stock, recent: Recent, turns_at: Option<Ts>, now: Ts) -> Forecast {
    if stock.used >= stock.live {
        return Forecast::Spent;
    }
    if recent.secs < LEAST_SECS {
        return Forecast::TooEarly;
    }
    match secs_left(stock, recent) {
        Some(secs) => {
            let ends_at = now.plus_secs(secs);
            match turns_at.is_none_or(|turns_at| ends_at < turns_at) {
                true => Forecast::EndsAt(ends_at),
                false => Forecast::Lasts,
            }
        }
        None => Forecast::Lasts,
    }
}

/// Returns after how many seconds ticks find no room any more; `None` where they spend nothing.
fn secs_left(stock: Stock, recent: Recent) -> Option<i64> {
    let (ticks, background) = (u128::from(recent.ticks), u128::from(recent.background));
    if ticks == 0 {
        return None;
    }
    let secs = u128::try_from(recent.secs).ok()?;
    // While gap filler and re-reads spend as well; after that, ticks alone.
    let shared = u128::from(stock.background.saturating_sub(stock.used));
    let shared_secs = match background {
        0 => 0,
        _ => shared * secs / (ticks + background),
    };
    let spent = match background {
        0 => u128::from(stock.used),
        _ => u128::from(stock.used.max(stock.background)),
    };
    let alone = u128::from(stock.live).saturating_sub(spent);
    i64::try_from(shared_secs + alone * secs / ticks).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn at(text: &str) -> Ts {
        Ts::parse(text).unwrap()
    }

    /// Of 10,000 of which 9,500 are used by ticks and 7,600 by gap filler and re-reads.
    fn month(used: u64, now: &str, secs: i64, ticks: u64, background: u64) -> Forecast {
        let stock = Stock {
            used,
            live: 9_500,
            background: 7_600,
        };
        let recent = Recent {
            secs,
            ticks,
            background,
            operator: 0,
        };
        forecast(stock, recent, Some(at("2026-06-01")), at(now))
    }

    #[test]
    fn ticks_that_spend_too_much_end_the_month_early() {
        // 500 a day from the 10th on: 5,000 are left for ten days.
        let ends = month(4_500, "2026-05-10T12:00:00Z", DAY, 500, 0);
        assert_eq!(ends, Forecast::EndsAt(at("2026-05-20T12:00:00Z")));
        // Seen for six hours only, at the same rate.
        let ends = month(4_500, "2026-05-10T12:00:00Z", DAY / 4, 125, 0);
        assert_eq!(ends, Forecast::EndsAt(at("2026-05-20T12:00:00Z")));
        assert_eq!(
            month(4_500, "2026-05-10T12:00:00Z", DAY, 200, 0),
            Forecast::Lasts
        );
    }

    #[test]
    fn on_the_first_day_of_a_month_the_last_days_of_the_one_before_tell() {
        let ends = month(3, "2026-05-01T00:10:00Z", DAY, 500, 0);
        let Forecast::EndsAt(at_end) = ends else {
            panic!("{ends:?}")
        };
        assert_eq!(at_end.date().day(), 20);
    }

    #[test]
    fn at_the_turn_of_a_month_what_ends_after_it_lasts() {
        // 500 left at 500 a day: until a moment after the month turns, and a moment before.
        let left = |now| month(9_000, now, DAY, 500, 0);
        assert_eq!(left("2026-05-31T00:00:01Z"), Forecast::Lasts);
        assert_eq!(left("2026-05-31T00:00:00Z"), Forecast::Lasts);
        let end = at("2026-05-31T23:59:59Z");
        assert_eq!(left("2026-05-30T23:59:59Z"), Forecast::EndsAt(end));
    }

    #[test]
    fn gap_filler_and_rereads_stop_at_their_share() {
        // A first day that filled the past: at that rate 7,600 would be gone tomorrow, and ticks go on.
        let burst = month(4_000, "2026-05-02T00:00:00Z", DAY, 40, 3_960);
        assert_eq!(burst, Forecast::Lasts);
        // The share is spent after a day and a half; 1,900 left for ticks at 100 a day are 19 days.
        let ends = month(6_100, "2026-05-02T00:00:00Z", DAY, 100, 900);
        assert_eq!(ends, Forecast::EndsAt(at("2026-05-22T12:00:00Z")));
        // The share is spent already.
        let ends = month(8_500, "2026-05-02T00:00:00Z", DAY, 100, 900);
        assert_eq!(ends, Forecast::EndsAt(at("2026-05-12T00:00:00Z")));
    }

    #[test]
    fn who_spends_nothing_lasts_and_who_has_spent_all_does_not() {
        assert_eq!(month(9_499, "2026-05-02", DAY, 0, 0), Forecast::Lasts);
        assert_eq!(month(0, "2026-05-02", DAY, 0, 500), Forecast::Lasts);
        for (secs, ticks) in [(0, 0), (DAY, 0), (DAY, 500)] {
            assert_eq!(month(9_500, "2026-05-02", secs, ticks, 0), Forecast::Spent);
        }
    }

    #[test]
    fn a_first_tick_is_no_rate() {
        assert_eq!(month(30, "2026-05-02", 3_600, 30, 0), Forecast::TooEarly);
        let recent = |secs, ticks| Recent {
            secs,
            ticks,
            background: 2,
            operator: 1_000,
        };
        assert_eq!(recent(3_600, 30).scheduled_a_day(), None);
        assert_eq!(recent(DAY / 4, 30).scheduled_a_day(), Some(128));
        assert_eq!(recent(DAY, 30).scheduled_a_day(), Some(32));
    }

    #[test]
    fn of_any_24_hours_what_comes_back_in_time_lasts() {
        let stock = Stock {
            used: 20,
            live: 25,
            background: 20,
        };
        let recent = Recent {
            secs: DAY / 2,
            ticks: 20,
            ..Recent::default()
        };
        let now = at("2026-05-18T12:00:00Z");
        // 5 left at 20 in twelve hours: three hours.
        let ends_at = at("2026-05-18T15:00:00Z");
        let told = |frees_at| forecast(stock, recent, frees_at, now);
        assert_eq!(
            told(Some(at("2026-05-18T15:05:00Z"))),
            Forecast::EndsAt(ends_at)
        );
        assert_eq!(told(Some(ends_at)), Forecast::Lasts);
        assert_eq!(told(None), Forecast::EndsAt(ends_at));
    }
}
