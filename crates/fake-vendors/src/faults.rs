//! Faults on demand: which requests go wrong, how, and how often.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::chance;
use crate::truth::Revision;

/// All faults in force.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Asked in this order; the first that strikes shapes the answer.
    pub rules: Vec<Rule>,
    /// Changes of the past.
    pub revisions: Vec<Revision>,
}

/// One rule: whom it strikes, how often, with what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Strikes requests whose `path?query` holds this text; all where empty. Keys are not part of it.
    #[serde(default)]
    pub matching: String,
    /// How often it strikes.
    #[serde(default)]
    pub when: When,
    /// What it does.
    pub fault: Fault,
}

impl Rule {
    /// Makes a rule that strikes every request whose `path?query` holds `matching`.
    #[must_use]
    pub fn always(matching: &str, fault: Fault) -> Self {
        Self {
            matching: matching.to_owned(),
            when: When::Always,
            fault,
        }
    }

    /// Makes a rule that strikes the first `times` such requests.
    #[must_use]
    pub fn times(matching: &str, times: u64, fault: Fault) -> Self {
        Self {
            matching: matching.to_owned(),
            when: When::Times { times },
            fault,
        }
    }
}

/// How often a rule strikes among the requests it matches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum When {
    /// Every time.
    #[default]
    Always,
    /// The first so many times.
    Times {
        /// How many.
        times: u64,
    },
    /// Every n-th time, beginning with the n-th.
    Every {
        /// The n.
        nth: u64,
    },
    /// By chance, but the same for equal seeds and orders of requests.
    Probability {
        /// Between 0 and 1.
        probability: f64,
        /// Picks the sequence.
        #[serde(default)]
        seed: u64,
    },
}

impl When {
    /// Tells whether the `count`-th match, from 1, is struck.
    fn strikes(self, count: u64) -> bool {
        match self {
            Self::Always => true,
            Self::Times { times } => count <= times,
            Self::Every { nth } => nth > 0 && count.is_multiple_of(nth),
            Self::Probability { probability, seed } => {
                chance::unit(chance::pair(seed, count)) < probability
            }
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Throttled, in the vendor's own words.
    Status429 {
        /// Seconds in `retry-after`; no such header where absent.
        #[serde(default)]
        retry_after: Option<u64>,
        /// Whether the vendor's own reset header is sent.
        #[serde(default)]
        reset_header: bool,
    },
    /// Throttled, as plain text.
    ThrottledText,
    /// The month's credits are spent.
    MonthSpent,
    /// An internal error in the vendor's envelope.
    Status500,
    /// A bad gateway as a proxy in front of the vendor words it.
    Status502,
    /// Unavailable for a while, in the vendor's own words.
    Status503,
    /// The vendor took too long.
    Status408,
    /// Half of the plan's calls per window are over the limit, as while a vendor is degraded.
    HalvedLimit,
    /// A page of the network in front of the vendor.
    Html403,
    /// Half of the body, with a content length that matches the half.
    CutJson,
    /// Half of the body, then the connection breaks.
    CutConnection,
    /// The right answer, late.
    Slow {
        /// How late.
        ms: u64,
    },
    /// No answer, connection open.
    Hang,
    /// These ids are missing from lists, objects and tables.
    DropIds {
        /// The ids.
        ids: Vec<String>,
    },
    /// Nothing in it: `[]`, `{}`, empty arrays under the right names, or a table's header alone.
    Empty,
    /// A body of zero bytes.
    NoBody,
    /// The vendor's sentence where the data should be, with a status that claims success.
    Message,
    /// One of the vendor's own refusals, by its name in the vendor's contract; a vendor that has none of this name
    /// answers as if nothing were wrong.
    Named {
        /// The name.
        name: String,
    },
}

impl Fault {
    /// Returns the name used in the log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status429 { .. } => "status429",
            Self::ThrottledText => "throttled_text",
            Self::MonthSpent => "month_spent",
            Self::Status500 => "status500",
            Self::Status502 => "status502",
            Self::Status503 => "status503",
            Self::Status408 => "status408",
            Self::HalvedLimit => "halved_limit",
            Self::Html403 => "html403",
            Self::CutJson => "cut_json",
            Self::CutConnection => "cut_connection",
            Self::Slow { .. } => "slow",
            Self::Hang => "hang",
            Self::DropIds { .. } => "drop_ids",
            Self::Empty => "empty",
            Self::NoBody => "no_body",
            Self::Message => "message",
            Self::Named { .. } => "named",
        }
    }
}

/// The rules in force, with how often each has matched.
#[derive(Debug, Default)]
pub(crate) struct FaultBoard {
    rules: Mutex<Vec<(Rule, u64)>>,
}

impl FaultBoard {
    /// Replaces all rules; counting begins afresh.
    pub(crate) fn set(&self, rules: Vec<Rule>) {
        let counted = rules.into_iter().map(|rule| (rule, 0)).collect();
        *self.rules.lock().unwrap_or_else(PoisonError::into_inner) = counted;
    }

    /// Returns the rules.
    pub(crate) fn rules(&self) -> Vec<Rule> {
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.iter().map(|(rule, _)| rule.clone()).collect()
    }

    /// Counts a request against the rules up to the first that strikes it, and returns that one's fault.
    pub(crate) fn strike(&self, path_and_query: &str) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        for (rule, count) in rules.iter_mut() {
            if !path_and_query.contains(&rule.matching) {
                continue;
            }
            *count += 1;
            if rule.when.strikes(*count) {
                return Some(rule.fault.clone());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(when: When, n: usize) -> Vec<bool> {
        let board = FaultBoard::default();
        board.set(vec![Rule {
            matching: "/x".into(),
            when,
            fault: Fault::Hang,
        }]);
        (0..n).map(|_| board.strike("/x/y").is_some()).collect()
    }

    #[test]
    fn rules_strike_as_often_as_they_say() {
        assert_eq!(
            struck(When::Times { times: 2 }, 4),
            [true, true, false, false]
        );
        assert_eq!(
            struck(When::Every { nth: 3 }, 6),
            [false, false, true, false, false, true]
        );
        assert_eq!(struck(When::Always, 2), [true, true]);
        let by_chance = struck(
            When::Probability {
                probability: 0.3,
                seed: 5,
            },
            1_000,
        );
        let hits = by_chance.iter().filter(|hit| **hit).count();
        assert!((200..400).contains(&hits), "{hits}");
        assert_eq!(
            by_chance,
            struck(
                When::Probability {
                    probability: 0.3,
                    seed: 5
                },
                1_000
            )
        );
    }

    #[test]
    fn others_are_spared_and_not_counted() {
        let board = FaultBoard::default();
        board.set(vec![Rule::times("/x", 1, Fault::Empty)]);
        assert_eq!(board.strike("/y"), None);
        assert_eq!(board.strike("/x"), Some(Fault::Empty));
        assert_eq!(board.strike("/x"), None);
    }

    #[test]
    fn rules_read_from_json_and_reject_what_they_do_not_know() {
        let text = r#"{"rules":[{"matching":"/coins","when":{"kind":"times","times":2},
            "fault":{"kind":"slow","ms":20}}],"revisions":[]}"#;
        let faults: Faults = serde_json::from_str(text).unwrap();
        assert_eq!(
            faults.rules,
            [Rule::times("/coins", 2, Fault::Slow { ms: 20 })]
        );
        let wrong = r#"{"rules":[{"fault":{"kind":"slow","ms":20,"seconds":1}}]}"#;
        assert!(serde_json::from_str::<Faults>(wrong).is_err());
    }
}
