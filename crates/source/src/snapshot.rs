//! Which hour a value of now belongs to.

use model::{Step, Ts};

/// How far from the full hour a value may be taken and still stand for it.
pub const SNAPSHOT_TOLERANCE_SECS: i64 = 15 * 60;

/// Returns the full hour that a value taken at `at` stands for, as seen at `now`: the hour it was taken
/// in, or the present one where it was taken within a quarter before it, as in a chart.
pub fn snapshot_label(at: Ts, now: Ts) -> Ts {
    let hour = Step::Hour.floor(now);
    if hour.plus_secs(-SNAPSHOT_TOLERANCE_SECS) <= at && at < hour {
        hour
    } else {
        Step::Hour.floor(at)
    }
}

/// Whether a value was taken so late in its hour that it stands for it only where nothing else ever
/// will: for series without history.
pub fn is_late_snapshot(at: Ts, label: Ts) -> bool {
    at > label.plus_secs(SNAPSHOT_TOLERANCE_SECS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_taken_just_before_the_hour_is_the_hours() {
        let at = |text: &str| Ts::parse(text).unwrap();
        for (taken, now, label, late) in [
            ("13:02:00", "13:03:00", "13:00:00", false),
            ("12:58:00", "13:03:00", "13:00:00", false),
            ("12:44:59", "13:03:00", "12:00:00", true),
            ("13:15:00", "13:16:00", "13:00:00", false),
            ("13:15:01", "13:16:00", "13:00:00", true),
            ("12:58:00", "12:59:00", "12:00:00", true),
        ] {
            let day = |time: &str| at(&format!("2026-05-18T{time}Z"));
            let found = snapshot_label(day(taken), day(now));
            assert_eq!(found, day(label), "{taken} at {now}");
            assert_eq!(
                is_late_snapshot(day(taken), found),
                late,
                "{taken} at {now}"
            );
        }
    }
}
