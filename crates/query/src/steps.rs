//! Which bucket width answers a question that left it out. Pure; tested with `choose`.

use model::{Step, TimeRange, Ts};

use crate::candidate::Candidate;

/// An omitted step becomes the finest that gives at most so many points.
const FINEST_POINTS: u64 = 1_000;
/// A finer series may be this much behind a coarser one and still give the newest value.
const FRESH_ENOUGH_DAYS: i64 = 1;

/// How an omitted step is chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StepRule {
    /// The finest that gives at most 1,000 points of this range; open ends reach as far as there
    /// are points.
    FinestWithin(Option<Ts>, Option<Ts>),
    /// The finest that is up to date.
    Freshest,
}

/// Whether there is something to show: points, and some of them near the range.
pub(crate) fn has_points(one: &Candidate, rule: StepRule) -> bool {
    one.life().is_some_and(|life| !clip(life, rule).is_empty())
}

fn clip(life: TimeRange, rule: StepRule) -> TimeRange {
    match rule {
        StepRule::FinestWithin(from, to) => life.intersect(TimeRange::new(
            from.unwrap_or(life.start),
            to.unwrap_or(life.end),
        )),
        StepRule::Freshest => life,
    }
}

/// Returns the step that answers; none only where there is no candidate.
pub(crate) fn pick_step(candidates: &[Candidate], rule: StepRule) -> Option<Step> {
    let mut lives: Vec<(Step, TimeRange)> = candidates
        .iter()
        .filter(|one| has_points(one, rule))
        .filter_map(|one| Some((one.step, clip(one.life()?, rule))))
        .collect();
    lives.sort_by_key(|(step, _)| *step);
    let Some(newest) = lives.iter().map(|(_, life)| life.end).max() else {
        return step_of_nothing(candidates, rule);
    };
    let fitting = lives.iter().find(|(step, life)| match rule {
        StepRule::FinestWithin(..) => {
            let of_step = lives.iter().filter(|(other, _)| other == step);
            of_step
                .map(|(step, life)| step.buckets(*life))
                .max()
                .unwrap_or(0)
                <= FINEST_POINTS
        }
        StepRule::Freshest => life.end >= newest.plus_days(-FRESH_ENOUGH_DAYS),
    });
    fitting.or(lives.last()).map(|(step, _)| *step)
}

/// Where no point is in the range, the range itself counts, and a step with points elsewhere goes
/// before one that has none at all.
fn step_of_nothing(candidates: &[Candidate], rule: StepRule) -> Option<Step> {
    let any_points = candidates.iter().any(|one| one.ends.is_some());
    let mut steps: Vec<Step> = candidates
        .iter()
        .filter(|one| one.ends.is_some() == any_points)
        .map(|one| one.step)
        .collect();
    steps.sort();
    let fits = |step: &&Step| match rule {
        StepRule::FinestWithin(Some(from), Some(to)) => {
            step.buckets(TimeRange::new(from, to)) <= FINEST_POINTS
        }
        StepRule::FinestWithin(..) | StepRule::Freshest => true,
    };
    steps.iter().find(fits).or(steps.last()).copied()
}
