//! How a source stands, in one word: from what is on record, so that it is the same for any process.

use model::Ts;
use store::{read, suspend::SuspensionRow};

use super::{Parking, Survey};

/// Classes of failures that pass by themselves, as in `pulls.error_class`.
const PASSING: [&str; 3] = ["throttled", "transient", "database"];
/// Classes that leave no bucket on record as failed: a suspension, a parking or a fact does.
const LEAVES_NO_GAP: [&str; 7] = [
    "throttled",
    "transient",
    "database",
    "quota_exhausted",
    "unauthorized",
    "not_entitled",
    "leadership_lost",
];

/// What a source does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its newest ticks were good, or it has had none yet.
    Collecting,
    /// Nothing of it is asked for until an operator resumes it.
    Suspended,
    /// Some datasets are not asked for until an operator resumes them.
    SuspendedInPart,
    /// Its quota is spent: nothing is asked for until the window turns.
    Parked,
    /// Its newest ticks failed, for a reason that passes.
    Degraded,
}

impl State {
    /// Returns the word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Collecting => "collecting",
            Self::Suspended => "suspended",
            Self::SuspendedInPart => "suspended in part",
            Self::Parked => "parked",
            Self::Degraded => "degraded",
        }
    }

    /// Whether it waits for an operator.
    pub const fn needs_a_hand(self) -> bool {
        matches!(self, Self::Suspended | Self::SuspendedInPart)
    }
}

/// How a source stands, since when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// In one word.
    pub state: State,
    /// Since when, where it does not collect.
    pub since: Option<Ts>,
    /// Until when, where that is known: a parking ends by itself.
    pub until: Option<Ts>,
    /// Why, redacted; empty where it collects.
    pub why: String,
}

impl Survey {
    /// Returns how the source stands.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn standing(&self) -> Result<Standing, store::Error> {
        let failing = read::failing(&self.store, self.id(), &PASSING, self.now).await?;
        let in_use = self.datasets_in_use();
        let failing: Vec<_> = (failing.into_iter())
            .filter(|row| in_use.iter().any(|one| one.as_str() == row.dataset))
            .collect();
        Ok(judge(&self.suspensions, self.parking(), &failing))
    }

    /// Returns the class of the newest failure of each dataset that leaves buckets on record as failed,
    /// as pairs.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn failure_classes(&self) -> Result<Vec<(String, String)>, store::Error> {
        read::last_failures(&self.store, self.id(), &LEAVES_NO_GAP, self.now).await
    }
}

/// What is worse comes first: what needs a hand, what waits for a window, what passes.
fn judge(
    suspensions: &[SuspensionRow],
    parking: Option<Parking>,
    failing: &[read::FailingRow],
) -> Standing {
    if let Some(row) = suspensions.iter().find(|row| row.dataset.is_empty()) {
        return Standing {
            state: State::Suspended,
            since: Some(row.since),
            until: None,
            why: row.reason.clone(),
        };
    }
    if let Some(parking) = parking {
        return Standing {
            state: State::Parked,
            since: None,
            until: parking.until,
            why: parking.why,
        };
    }
    if let Some(oldest) = failing.iter().min_by_key(|row| row.since) {
        let others = match failing.len() - 1 {
            0 => String::new(),
            others => format!(", and {others} more"),
        };
        return Standing {
            state: State::Degraded,
            since: Some(oldest.since),
            until: None,
            why: format!("{}{others}: {}", oldest.dataset, oldest.error),
        };
    }
    if let Some(row) = suspensions.first() {
        let names: Vec<&str> = suspensions.iter().map(|row| row.dataset.as_str()).collect();
        return Standing {
            state: State::SuspendedInPart,
            since: Some(row.since),
            until: None,
            why: names.join(", "),
        };
    }
    Standing {
        state: State::Collecting,
        since: None,
        until: None,
        why: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use store::pace::ParkedRow;

    use super::*;
    use crate::QuotaStanding;

    fn at(hour: i64) -> Ts {
        Ts::from_secs(hour * 3_600)
    }

    fn suspension(dataset: &str) -> SuspensionRow {
        SuspensionRow {
            source: "acme".to_owned(),
            dataset: dataset.to_owned(),
            parameter: String::new(),
            class: "unauthorized".to_owned(),
            reason: "bad key".to_owned(),
            since: at(1),
        }
    }

    fn failing(dataset: &str, since: i64) -> read::FailingRow {
        read::FailingRow {
            dataset: dataset.to_owned(),
            class: "transient".to_owned(),
            error: "status 502".to_owned(),
            pulls: 3,
            since: at(since),
        }
    }

    #[test]
    fn what_is_worse_is_what_is_told() {
        let parked = ParkedRow {
            source: "acme".to_owned(),
            host: "api".to_owned(),
            until: at(9),
            why: "spent".to_owned(),
        };
        let quota = QuotaStanding {
            turns_at: Some(at(20)),
            ..QuotaStanding::spent()
        };
        let state =
            |suspended: &[SuspensionRow], parked: &[ParkedRow], quotas: &[_], failing: &[_]| {
                let standing = judge(suspended, Parking::of(parked, quotas), failing);
                (standing.state, standing.since, standing.until)
            };
        let (whole, part) = ([suspension("d"), suspension("")], [suspension("d")]);
        let (parked, quotas) = ([parked], [quota]);
        let fails = [failing("b", 5), failing("a", 3)];
        let told = state(&whole, &parked, &quotas, &fails);
        assert_eq!(told, (State::Suspended, Some(at(1)), None));
        let told = state(&part, &parked, &[], &fails);
        assert_eq!(told, (State::Parked, None, Some(at(9))));
        let told = state(&part, &[], &quotas, &fails);
        assert_eq!(told, (State::Parked, None, Some(at(20))));
        let told = state(&part, &[], &[], &fails);
        assert_eq!(told, (State::Degraded, Some(at(3)), None));
        let told = state(&part, &[], &[], &[]);
        assert_eq!(told, (State::SuspendedInPart, Some(at(1)), None));
        assert_eq!(state(&[], &[], &[], &[]).0, State::Collecting);
        assert_eq!(judge(&[], None, &fails).why, "a, and 1 more: status 502");
    }
}
