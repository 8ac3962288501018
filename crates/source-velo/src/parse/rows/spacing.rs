//! Whether bars are wider than was asked for.

use std::collections::BTreeSet;

use model::{Step, Ts};

/// Fewer bars may well lie apart by chance.
const FEWEST: usize = 4;

/// Whether all labels of an answer lie on a coarser grid than the step's. A product that hardly trades
/// may lack bars; it does not lack them evenly.
pub(super) fn is_coarser(labels: &BTreeSet<Ts>, step: Step) -> bool {
    let gaps = || {
        let next = labels.iter().skip(1);
        labels
            .iter()
            .zip(next)
            .map(|(one, next)| next.secs() - one.secs())
    };
    let least = gaps().min().unwrap_or_default();
    labels.len() >= FEWEST && least > step.max_secs() && gaps().all(|gap| gap % least == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coarser(hours: &[i64]) -> bool {
        let labels = hours
            .iter()
            .map(|hour| Ts::from_secs(hour * 3_600))
            .collect();
        is_coarser(&labels, Step::Hour)
    }

    #[test]
    fn even_gaps_are_another_resolution_and_uneven_ones_are_holes() {
        assert!(coarser(&[0, 4, 8, 12]));
        assert!(coarser(&[0, 4, 12, 16, 20]));
        assert!(coarser(&[0, 24, 48, 72]));
        assert!(!coarser(&[0, 4, 8]));
        assert!(!coarser(&[0, 4, 8, 12, 13]));
        assert!(!coarser(&[0, 4, 9, 12]));
        assert!(!coarser(&[]));
    }
}
