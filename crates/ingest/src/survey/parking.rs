//! Whether a source is parked: the one judgement of it, for whoever shows or tells it.

use model::Ts;
use store::pace::ParkedRow;

use super::Survey;
use crate::{Collector, Forecast, QuotaStanding, quota};

/// A quota is spent: nothing of the source is asked until its window turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parking {
    /// Until when; none where no unit ever comes back.
    pub until: Option<Ts>,
    /// Why, redacted.
    pub why: String,
}

impl Parking {
    /// What the vendor said comes before our own count, which leaves some of a quota unused and so ends
    /// first.
    pub(super) fn of(parked: &[ParkedRow], quotas: &[QuotaStanding]) -> Option<Self> {
        if let Some(row) = parked.iter().max_by_key(|row| row.until) {
            return Some(Self {
                until: Some(row.until),
                why: row.why.clone(),
            });
        }
        let spent = (quotas.iter()).filter(|quota| quota.forecast == Forecast::Spent);
        let longest = spent.max_by_key(|quota| (quota.turns_at.is_none(), quota.turns_at))?;
        Some(Self {
            until: longest.turns_at,
            why: "by our own count the quota is spent".to_owned(),
        })
    }
}

impl Survey {
    /// Returns what waits for a window of its quota to turn, if it does.
    pub fn parking(&self) -> Option<Parking> {
        Parking::of(&self.parked, &self.quotas)
    }
}

impl Collector {
    /// Returns whether the source is parked, as its [`Survey`] says.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn parking(&self) -> Result<Option<Parking>, store::Error> {
        let now = self.clock.now();
        let mut parked = self.store.parked(now).await?;
        parked.retain(|row| row.source == self.id().as_str());
        let quotas = quota::standings(&*self.source, &self.timetable, &self.store, now).await?;
        Ok(Parking::of(&parked, &quotas))
    }
}
