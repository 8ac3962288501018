//! Everything that a commit sends after its diff, as columns and bytes. Pure.

use std::collections::HashMap;

use bytes::Bytes;
use model::{Step, Ts};

use super::{
    copy,
    diff::{Change, Diff, is_revision},
    overlap::Ends,
    stats::{self, Additions, Traits},
};
use crate::{ranges::PgTs, series::SeriesId};

/// A diff ready to be sent.
pub(super) struct Encoded<'a> {
    /// The new points, for COPY.
    pub(super) copy: Option<Bytes>,
    pub(super) replaced: Replaced,
    pub(super) revised: Revised,
    pub(super) stats: Additions<'a>,
}

/// Points that get another value.
#[derive(Default)]
pub(super) struct Replaced {
    pub(super) ids: Vec<i32>,
    pub(super) ts: Vec<PgTs>,
    pub(super) values: Vec<f64>,
}

/// What some of them were before.
#[derive(Default)]
pub(super) struct Revised {
    pub(super) ids: Vec<i32>,
    pub(super) old_writes: Vec<i32>,
    pub(super) ts: Vec<PgTs>,
    pub(super) old_values: Vec<f64>,
}

impl<'a> Encoded<'a> {
    /// Encodes a diff. `seen` tells when the commits that wrote the old values saw them.
    pub(super) fn of(
        diff: &Diff,
        ends: &Ends,
        seen: &HashMap<i32, Ts>,
        write_id: i32,
        traits: &'a HashMap<SeriesId, Traits>,
    ) -> Self {
        let mut replaced = Replaced::default();
        let mut revised = Revised::default();
        for Change { new, old } in &diff.changed {
            replaced.ids.push(new.series.0);
            replaced.ts.push(PgTs(new.ts));
            replaced.values.push(new.value);
            let seen_at = seen.get(&old.write_id).copied();
            if is_revision(new.ts, step(traits, new.series), seen_at) {
                revised.ids.push(new.series.0);
                revised.old_writes.push(old.write_id);
                revised.ts.push(PgTs(new.ts));
                revised.old_values.push(old.point.value);
            }
        }
        Self {
            copy: (!diff.new.is_empty()).then(|| copy::encode(&diff.new, write_id)),
            replaced,
            revised,
            stats: stats::additions(diff, ends, traits),
        }
    }
}

/// Returns the step of a series. Every series of a batch was looked up before its first commit.
pub(super) fn step(traits: &HashMap<SeriesId, Traits>, series: SeriesId) -> Step {
    traits.get(&series).map_or(Step::Day, |of| of.step)
}
