//! What of a vendor's quota a job may use, and how long that makes it last. The only place that knows
//! the shares: attempts are counted by them, bills are made out by them.

mod forecast;
mod standing;

use std::{collections::BTreeMap, time::Duration};

use model::{PullKind, Ts};
use source::{HostId, Limit, Unit, Window};
use store::pace::QuotaWindow;

pub use forecast::{Forecast, Recent};
pub use standing::QuotaStanding;
pub(crate) use standing::standings;

use crate::{Error, collector::Collector};

/// Share of a quota that a backfill leaves to gap filler and re-reads beside what all of them leave to
/// live ticks, in percent: it parks first.
const SCHEDULE_RESERVE_PERCENT: i64 = 5;
/// Share of a quota that nobody uses, in percent: a vendor may count what we do not see. Whole
/// hundreds only, so that a plan of 25 requests a day stays one of 25.
const QUOTA_HEADROOM_PERCENT: i64 = 5;

/// Returns a limit as the ledger counts it, `None` where the pace alone keeps it. Gap filler and
/// re-reads leave `live_reserve_percent` of it to live ticks, a backfill somewhat more.
pub(crate) fn window_of(
    limit: &Limit,
    kind: PullKind,
    live_reserve_percent: u8,
) -> Option<QuotaWindow> {
    let live = i64::from(live_reserve_percent);
    let amount = i64::from(limit.amount);
    let usable = amount - amount / 100 * QUOTA_HEADROOM_PERCENT;
    let reserve = match kind {
        PullKind::Live => 0,
        PullKind::Gap | PullKind::Reread => usable * live / 100,
        PullKind::Backfill => usable * (live + SCHEDULE_RESERVE_PERCENT) / 100,
    };
    Some(QuotaWindow {
        unit: limit.unit.as_str(),
        span: limit.window.span()?,
        before: limit.window.spans_before(),
        limit: usable,
        reserve,
    })
}

/// How long a quota makes a job last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaTime {
    /// What is counted.
    pub unit: Unit,
    /// In which window.
    pub window: Window,
    /// What the plan gives.
    pub limit: u64,
    /// What of it a job of this kind may use.
    pub usable: u64,
    /// The job's kind.
    pub kind: PullKind,
    /// The last request may leave so much later than now, if nobody else asks; never earlier.
    pub at_least: Duration,
}

/// Units that a job will spend at a host.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Load {
    /// By its own right.
    pub(crate) past: u64,
    /// By the right of a live tick.
    pub(crate) present: u64,
}

impl Collector {
    /// Returns the quota that makes a job last longest; none where it fits into what is left of all.
    pub(crate) async fn quota_time(
        &self,
        kind: PullKind,
        loads: &BTreeMap<HostId, Load>,
    ) -> Result<Option<QuotaTime>, Error> {
        let now = self.clock.now();
        let mut longest: Option<QuotaTime> = None;
        for limit in self.source.limits() {
            let of = |kind| window_of(limit, kind, self.timetable.live_reserve_percent);
            let windows = of(kind).zip(of(PullKind::Live));
            let (Some((window, live)), Some(load)) = (windows, loads.get(limit.host)) else {
                continue;
            };
            let used = || (self.store).used_by_span(self.id(), limit.host, &window, now);
            let used = self.outage.through(used).await?;
            let Some(ends_at) = ends_at(&window, &live, &used, *load, now) else {
                continue;
            };
            let millis = u64::try_from(ends_at.millis() - now.millis()).unwrap_or(0);
            let time = QuotaTime {
                unit: limit.unit,
                window: limit.window,
                limit: u64::from(limit.amount),
                usable: u64::try_from(room(&window)).unwrap_or(0),
                kind,
                at_least: Duration::from_millis(millis),
            };
            if time.at_least > longest.map_or(Duration::ZERO, |one| one.at_least) {
                longest = Some(time);
            }
        }
        Ok(longest)
    }
}

const fn room(window: &QuotaWindow) -> i64 {
    window.limit.saturating_sub(window.reserve)
}

/// Returns when the last unit of a job may be spent, `None` where there never is room for it. Spends
/// at each moment what there is room for: nobody is faster, so it is no later than that.
fn ends_at(
    window: &QuotaWindow,
    live: &QuotaWindow,
    used: &[(Ts, i64)],
    load: Load,
    now: Ts,
) -> Option<Ts> {
    let mut frees: BTreeMap<Ts, i64> = BTreeMap::new();
    for (start, units) in used {
        *frees.entry(window.frees_at(*start)).or_default() += units;
    }
    let count = |units: u64| i64::try_from(units).unwrap_or(i64::MAX);
    let (mut past, mut present, mut at) = (count(load.past), count(load.present), now);
    loop {
        frees.retain(|free_at, _| *free_at > at);
        let counted: i64 = frees.values().sum();
        let for_past = (room(window) - counted).clamp(0, past);
        let for_present = (room(live) - counted - for_past).clamp(0, present);
        (past, present) = (past - for_past, present - for_present);
        if past == 0 && present == 0 {
            return Some(at);
        }
        if for_past + for_present > 0 {
            *frees.entry(window.frees_at(at)).or_default() += for_past + for_present;
        }
        at = *frees.keys().next()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [PullKind; 4] = [
        PullKind::Live,
        PullKind::Gap,
        PullKind::Reread,
        PullKind::Backfill,
    ];

    fn limit(amount: u32, window: Window) -> Limit {
        Limit {
            host: "api",
            unit: Unit::Requests,
            amount,
            window,
        }
    }

    fn at(text: &str) -> Ts {
        Ts::parse(text).unwrap()
    }

    #[test]
    fn ticks_come_before_gaps_and_gaps_before_backfill() {
        for (amount, percent, usable) in [
            (25, 20, [25, 20, 20, 19]),
            (99, 20, [99, 80, 80, 75]),
            (10_000, 20, [9_500, 7_600, 7_600, 7_125]),
            (25, 40, [25, 15, 15, 14]),
            (100, 0, [95, 95, 95, 91]),
            (100, 95, [95, 5, 5, 0]),
        ] {
            let limit = limit(amount, Window::Day);
            let left = KINDS.map(|kind| room(&window_of(&limit, kind, percent).unwrap()));
            assert_eq!(left, usable, "{amount} {percent}");
        }
        let pace = limit(25, Window::RollingSecs(60));
        assert_eq!(window_of(&pace, KINDS[0], 20), None);
    }

    /// Of 25, of which a backfill may use 19.
    fn end_of(window: Window, used: &[(&str, i64)], past: u64, present: u64) -> Option<Ts> {
        let limit = limit(25, window);
        let [live, .., backfill] = KINDS.map(|kind| window_of(&limit, kind, 20).unwrap());
        let used: Vec<_> = used
            .iter()
            .map(|(start, units)| (at(start), *units))
            .collect();
        let load = Load { past, present };
        ends_at(&backfill, &live, &used, load, at("2026-05-18T12:50:00Z"))
    }

    #[test]
    fn what_does_not_fit_waits_for_the_window_to_turn() {
        let now = at("2026-05-18T12:50:00Z");
        for (window, past, present, end) in [
            (Window::Day, 19, 6, now),
            (Window::Day, 20, 0, at("2026-05-19")),
            (Window::Day, 19, 7, at("2026-05-19")),
            // All 25 of a window serve who has both to ask.
            (Window::Day, 100, 63, at("2026-05-24")),
            (Window::Month, 39, 0, at("2026-07-01")),
            (Window::RollingDay, 20, 0, at("2026-05-19T13:05:00Z")),
            (Window::RollingDay, 40, 0, at("2026-05-20T14:05:00Z")),
        ] {
            assert_eq!(
                end_of(window, &[], past, present),
                Some(end),
                "{past} {present}"
            );
        }
    }

    #[test]
    fn what_is_used_already_is_counted_until_it_leaves_the_window() {
        let used = [("2026-05-18T03:00:00Z", 10), ("2026-05-18T05:00:00Z", 5)];
        for (past, end) in [
            (4, "2026-05-18T12:50:00Z"),
            (14, "2026-05-19T04:05:00Z"),
            (15, "2026-05-19T06:05:00Z"),
            (20, "2026-05-19T13:05:00Z"),
        ] {
            let found = end_of(Window::RollingDay, &used, past, 0);
            assert_eq!(found, Some(at(end)), "{past}");
        }
        // More than a backfill may use is used: nothing is left, and nothing is owed.
        let full = [("2026-05-18", 25)];
        assert_eq!(end_of(Window::Day, &full, 1, 0), Some(at("2026-05-19")));
        assert_eq!(
            end_of(Window::Day, &full, 0, 0),
            Some(at("2026-05-18T12:50:00Z"))
        );
    }

    #[test]
    fn what_never_has_room_has_no_end() {
        let none = QuotaWindow {
            limit: 0,
            ..window_of(&limit(25, Window::Day), PullKind::Live, 20).unwrap()
        };
        let load = Load {
            past: 1,
            present: 0,
        };
        assert_eq!(ends_at(&none, &none, &[], load, at("2026-05-18")), None);
    }
}
