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
    /// What holds longest: what the vendor said, or our own count, which leaves some of a quota unused.
    /// Where both end together, the vendor is quoted.
    pub(super) fn of(parked: &[ParkedRow], quotas: &[QuotaStanding]) -> Option<Self> {
        let spent = (quotas.iter()).filter(|quota| quota.forecast == Forecast::Spent);
        let counted = spent.map(|quota| Self {
            until: quota.turns_at,
            why: "by our own count the quota is spent".to_owned(),
        });
        let said = parked.iter().map(|row| Self {
            until: Some(row.until),
            why: row.why.clone(),
        });
        counted
            .chain(said)
            .max_by_key(|one| (one.until.is_none(), one.until))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Ts {
        Ts::from_secs(hour * 3_600)
    }

    fn said(until: i64) -> ParkedRow {
        ParkedRow {
            source: "acme".to_owned(),
            host: "api".to_owned(),
            until: at(until),
            why: format!("the vendor says {until}"),
        }
    }

    fn counted(turns_at: Option<i64>, forecast: Forecast) -> QuotaStanding {
        QuotaStanding {
            turns_at: turns_at.map(at),
            forecast,
            ..QuotaStanding::spent()
        }
    }

    #[test]
    fn what_holds_longest_is_told_with_its_reason() {
        const OURS: &str = "by our own count the quota is spent";
        let spent = |turns_at| counted(turns_at, Forecast::Spent);
        let told = |parked: &[ParkedRow], quotas: &[QuotaStanding]| {
            let parking = Parking::of(parked, quotas)?;
            Some((parking.until, parking.why))
        };
        let tells = |until: Option<i64>, why: &str| Some((until.map(at), why.to_owned()));
        assert_eq!(told(&[], &[counted(Some(9), Forecast::Lasts)]), None);
        assert_eq!(told(&[said(9)], &[]), tells(Some(9), "the vendor says 9"));
        assert_eq!(told(&[said(9)], &[spent(Some(20))]), tells(Some(20), OURS));
        assert_eq!(told(&[said(9)], &[spent(None)]), tells(None, OURS));
        let two = [said(9), said(30)];
        let (vendors, quotas) = ("the vendor says 30", [spent(Some(20)), spent(Some(8))]);
        assert_eq!(told(&two, &quotas), tells(Some(30), vendors));
        let together = told(&[said(20)], &quotas);
        assert_eq!(together, tells(Some(20), "the vendor says 20"));
    }
}
