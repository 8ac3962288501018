//! How much fits into a request: contract sections 3 and 6.

use model::{Step, TimeRange};

use crate::datasets::{MAX_DAYS, MAX_METRICS, MAX_POINTS, MAX_SYMBOLS};

/// A quarter is never shorter.
const QUARTER_DAYS: u64 = 84;
/// Every quarter of this much time fits, with as many symbols as metrics beside it as ever.
const MAX_QUARTERLY_DAYS: i64 = 30 * 365;

/// A rectangle of symbols × metrics that one request asks for, over its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fit {
    /// Symbols a request.
    pub(crate) symbols: u64,
    /// Metrics a request.
    pub(crate) metrics: u64,
}

impl Fit {
    /// Returns how many requests so many symbols with so many metrics take.
    pub(crate) const fn requests(self, symbols: u64, metrics: u64) -> u64 {
        symbols.div_ceil(self.symbols) * metrics.div_ceil(self.metrics)
    }
}

/// Returns the widest range of days in a request.
pub(crate) const fn max_days(step: Step) -> i64 {
    match step {
        Step::Quarter => MAX_QUARTERLY_DAYS,
        _ => MAX_DAYS,
    }
}

/// Returns how many days a request for these labels asks for. One more than wanted where there is room:
/// whether the last counts is not established for every metric (section 11).
pub(crate) fn asked_days(step: Step, labels: TimeRange) -> u64 {
    let most = u64::try_from(max_days(step)).unwrap_or(u64::MAX);
    (Step::Day.buckets(labels) + 1).min(most)
}

/// Returns the rectangle with the fewest requests for so many symbols and metrics over so many days; of
/// equals the one with the most metrics, so that a symbol's are together.
pub(crate) fn fit(step: Step, symbols: u64, metrics: u64, days: u64) -> Fit {
    let points = match step {
        Step::Quarter => days.div_ceil(QUARTER_DAYS) + 1,
        _ => days,
    };
    let with = |metrics: u64| Fit {
        symbols: (MAX_POINTS / (metrics * points.max(1))).clamp(1, MAX_SYMBOLS),
        metrics,
    };
    let choices = (1..=metrics.min(MAX_METRICS)).map(with);
    choices.fold(with(1), |best, one| {
        let is_better = one.requests(symbols, metrics) <= best.requests(symbols, metrics);
        if is_better { one } else { best }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_full_request_of_a_year_has_eleven_symbols_and_one_of_a_quarter_fifty() {
        let symbols = |metrics, days| fit(Step::Day, 120, metrics, days).symbols;
        assert_eq!((symbols(9, 365), symbols(12, 365)), (15, 11));
        assert_eq!(
            (symbols(9, 37), symbols(9, 9), symbols(12, 83)),
            (50, 50, 50)
        );
        let quarters = fit(Step::Quarter, 120, 7, 3 * 365);
        assert_eq!(quarters.requests(120, 7), 3);
        // Twelve metrics beside twelve: splitting them evenly would take more.
        assert_eq!(fit(Step::Day, 120, 24, 365).requests(120, 24), 22);
        // A thirteenth metric is asked for beside six others rather than alone.
        assert_eq!(fit(Step::Day, 50, 13, 9).requests(50, 13), 2);
    }

    proptest! {
        #[test]
        fn nothing_is_over_the_budget(
            symbols in 1_u64..400, metrics in 1_u64..40, days in 1_u64..=365,
        ) {
            let fit = fit(Step::Day, symbols, metrics, days);
            prop_assert!(fit.symbols * fit.metrics * days <= MAX_POINTS);
            prop_assert!((1..=MAX_SYMBOLS).contains(&fit.symbols));
            prop_assert!((1..=MAX_METRICS).contains(&fit.metrics));
        }

        #[test]
        fn quarters_of_whatever_is_asked_at_once_are_within_the_budget(
            symbols in 1_u64..400, metrics in 1_u64..13, days in 1..=MAX_QUARTERLY_DAYS,
        ) {
            let days = u64::try_from(days).unwrap();
            let fit = fit(Step::Quarter, symbols, metrics, days);
            prop_assert!(fit.symbols * fit.metrics * (days / QUARTER_DAYS + 1) <= MAX_POINTS);
        }
    }
}
