//! How the quotas of a source stand: used, left for whom, and how long at this rate.

use model::{PullKind, SourceId, Step, Ts};
use source::{HostId, Limit, Source, Unit, Window};
use store::{Store, pace::VendorCount, read};

use super::{
    forecast::{Forecast, LOOKED_AT_SECS, Recent, Stock, forecast},
    room, window_of,
};
use crate::Timetable;

/// One limit of a vendor that is counted, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaStanding {
    /// For which host.
    pub host: HostId,
    /// What is counted.
    pub unit: Unit,
    /// In which window.
    pub window: Window,
    /// What the plan gives.
    pub limit: u64,
    /// What is used, all processes together; the vendor's own count where that is more.
    pub used: u64,
    /// What the vendor itself counted last in this window, where it was asked.
    pub vendor: Option<VendorCount>,
    /// What of the limit live ticks may use.
    pub for_live: u64,
    /// What of it gap filler and re-reads may use.
    pub for_background: u64,
    /// What of it a backfill may use.
    pub for_backfill: u64,
    /// When the window turns; of any 24 hours, when the first of the used units comes back, if any is.
    pub turns_at: Option<Ts>,
    /// What was spent lately.
    pub recent: Recent,
    /// Whether it lasts.
    pub forecast: Forecast,
}

impl QuotaStanding {
    /// Names what is counted in which window: `month's credits`.
    pub fn window_words(&self) -> String {
        let unit = self.unit.as_str();
        match self.window {
            Window::Month => format!("month's {unit}"),
            Window::Day => format!("day's {unit}"),
            Window::RollingDay => format!("{unit} of any 24 hours"),
            Window::RollingSecs(secs) => format!("{unit} of any {secs} seconds"),
        }
    }

    /// Returns what was used a day in this window so far, by everybody, rounded; none in its first hour.
    pub fn window_a_day(&self, now: Ts) -> Option<u64> {
        let begun = match self.window {
            Window::Month => Step::Month.floor(now),
            Window::Day => Step::Day.floor(now),
            Window::RollingDay => return Some(self.used),
            Window::RollingSecs(_) => return None,
        };
        let secs = u64::try_from(now.secs() - begun.secs()).ok()?;
        (secs >= 3_600).then(|| (self.used.saturating_mul(86_400) + secs / 2) / secs)
    }

    /// Returns what is left for a live tick.
    pub fn left(&self) -> u64 {
        self.for_live.saturating_sub(self.used)
    }

    /// Returns what is left for gap filler and re-reads.
    pub fn left_for_background(&self) -> u64 {
        self.for_background.saturating_sub(self.used)
    }

    /// Returns what is left for a backfill.
    pub fn left_for_backfill(&self) -> u64 {
        self.for_backfill.saturating_sub(self.used)
    }
}

#[cfg(test)]
impl QuotaStanding {
    /// Ten credits a month, all of them spent.
    pub(crate) fn spent() -> Self {
        Self {
            host: "api",
            unit: Unit::Credits,
            window: Window::Month,
            limit: 10,
            used: 10,
            vendor: None,
            for_live: 10,
            for_background: 8,
            for_backfill: 7,
            turns_at: None,
            recent: Recent::default(),
            forecast: Forecast::Spent,
        }
    }
}

/// Returns how the quotas of a source stand, in the order of its limits. Limits of seconds and minutes
/// are pace, not quota.
///
/// What was spent lately is known by source, not by host: no vendor counts on more than one.
///
/// # Errors
/// Those of the database.
pub(crate) async fn standings(
    source: &dyn Source,
    timetable: &Timetable,
    store: &Store,
    now: Ts,
) -> Result<Vec<QuotaStanding>, store::Error> {
    let counted = |limit: &&Limit| limit.window.span().is_some();
    let limits: Vec<&Limit> = source.limits().iter().filter(counted).collect();
    if limits.is_empty() {
        return Ok(Vec::new());
    }
    let spent = Spent::read(source.id(), store, now).await?;
    let mut standings = Vec::new();
    for limit in limits {
        standings.extend(standing(source.id(), limit, timetable, store, &spent, now).await?);
    }
    Ok(standings)
}

async fn standing(
    source: SourceId,
    limit: &Limit,
    timetable: &Timetable,
    store: &Store,
    spent: &Spent,
    now: Ts,
) -> Result<Option<QuotaStanding>, store::Error> {
    let windows = [PullKind::Live, PullKind::Gap, PullKind::Backfill]
        .map(|kind| window_of(limit, kind, timetable.live_reserve_percent));
    let [Some(live), Some(background), Some(backfill)] = windows else {
        return Ok(None);
    };
    let rows = store.used_by_span(source, limit.host, &live, now).await?;
    let units = |units: i64| u64::try_from(units).unwrap_or(0);
    let used = units(rows.iter().map(|(_, used)| used).sum());
    let turns_at = match live.before {
        0 => Some(live.frees_at(now)),
        _ => {
            let used = rows.iter().filter(|(_, used)| *used > 0);
            used.map(|(start, _)| live.frees_at(*start)).min()
        }
    };
    let vendor = match live.before {
        0 => (store.vendor_count(source, limit.host, live.unit, live.span, now)).await?,
        _ => None,
    };
    let recent = spent.recent();
    let stock = Stock {
        used,
        live: units(room(&live)),
        background: units(room(&background)),
    };
    Ok(Some(QuotaStanding {
        host: limit.host,
        unit: limit.unit,
        window: limit.window,
        limit: u64::from(limit.amount),
        used,
        vendor,
        for_live: stock.live,
        for_background: stock.background,
        for_backfill: units(room(&backfill)),
        turns_at,
        recent,
        forecast: forecast(stock, recent, turns_at, now),
    }))
}

/// What the pulls of the last day cost.
struct Spent {
    secs: i64,
    rows: Vec<read::SpentRow>,
}

impl Spent {
    async fn read(source: SourceId, store: &Store, now: Ts) -> Result<Self, store::Error> {
        let since = now.plus_secs(-LOOKED_AT_SECS);
        let first = read::first_pull_at(store, source).await?;
        Ok(Self {
            secs: first.map_or(0, |first| now.secs() - first.max(since).secs()),
            rows: read::spent_since(store, source, since).await?,
        })
    }

    fn recent(&self) -> Recent {
        let mut recent = Recent {
            secs: self.secs,
            ..Recent::default()
        };
        for row in &self.rows {
            let sum = match row.run.as_str() {
                "tick" => &mut recent.ticks,
                "pull" | "backfill" => &mut recent.operator,
                _ => &mut recent.background,
            };
            *sum = sum.saturating_add(u64::try_from(row.credits).unwrap_or(0));
        }
        recent
    }
}
