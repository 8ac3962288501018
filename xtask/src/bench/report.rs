//! What is printed: per case the median of the repeats, what it is in terms of COPY, and whether that
//! is what it must be.

use std::{collections::BTreeMap, fmt, time::Duration};

/// One case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Case {
    Bare,
    Indexed,
    New,
    Identical,
    Changed,
    BaselineNew,
    BaselineIdentical,
    BaselineChanged,
    HourIndexed,
    Hour,
}

impl Case {
    fn describe(self) -> &'static str {
        match self {
            Self::Bare => "COPY, bare table",
            Self::Indexed => "COPY, same table with index",
            Self::New => "write path, new rows",
            Self::Identical => "write path, identical rows",
            Self::Changed => "write path, 1 % changed",
            Self::BaselineNew => "INSERT of 1000, new rows",
            Self::BaselineIdentical => "INSERT of 1000, identical",
            Self::BaselineChanged => "INSERT of 1000, 1 % changed",
            Self::HourIndexed => "COPY with index, one hour",
            Self::Hour => "write path, one hour",
        }
    }

    /// The COPY into an indexed table that it is set beside.
    fn indexed(self) -> Self {
        match self {
            Self::HourIndexed | Self::Hour => Self::HourIndexed,
            _ => Self::Indexed,
        }
    }
}

/// One case in one repeat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) rows: usize,
    pub(crate) took: Duration,
    pub(crate) wal_bytes: i64,
}

impl Sample {
    fn rows(&self) -> f64 {
        u32::try_from(self.rows).map_or(f64::NAN, f64::from)
    }

    fn rate(&self) -> f64 {
        self.rows() / self.took.as_secs_f64()
    }

    fn wal_per_row(&self) -> f64 {
        float(self.wal_bytes) / self.rows()
    }
}

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    samples: BTreeMap<Case, Vec<Sample>>,
    pub(crate) rows: i64,
    /// Rows that took the place of another value.
    pub(crate) changed: usize,
    /// Versions of rows that were written in vain.
    pub(crate) dead: i64,
    pub(crate) heap_bytes: i64,
    pub(crate) index_bytes: i64,
    pub(crate) stats_points: i64,
    pub(crate) revisions: i64,
}

impl Measured {
    pub(crate) fn add(&mut self, case: Case, sample: Sample) {
        self.samples.entry(case).or_default().push(sample);
    }

    /// The median over the repeats of this case in terms of another, repeat by repeat.
    fn ratio(&self, case: Case, to: Case) -> f64 {
        let (Some(of), Some(to)) = (self.samples.get(&case), self.samples.get(&to)) else {
            return f64::NAN;
        };
        median(of.iter().zip(to).map(|(of, to)| of.rate() / to.rate()))
    }

    fn wal_per_row(&self, case: Case) -> f64 {
        let samples = self.samples.get(&case).into_iter().flatten();
        median(samples.map(Sample::wal_per_row))
    }

    /// What must hold on any machine (docs/adr/0002-tables-of-points.md).
    fn gates(&self) -> [Gate; 11] {
        let at_least = |name, case, to, least| Gate {
            name,
            value: self.ratio(case, to),
            bound: Bound::AtLeast(least),
        };
        let at_most = |name, value, most| Gate {
            name,
            value,
            bound: Bound::AtMost(most),
        };
        let exactly = |name, value, wanted| Gate {
            name,
            value: float(value),
            bound: Bound::Exactly(float(wanted)),
        };
        let changed = i64::try_from(self.changed).unwrap_or(i64::MAX);
        let bytes = float(self.heap_bytes + self.index_bytes) / float(self.rows);
        let wal = self.wal_per_row(Case::Identical);
        [
            at_least("new : COPY with index", Case::New, Case::Indexed, 0.80),
            at_least("new : bare COPY", Case::New, Case::Bare, 0.20),
            at_least("identical : bare COPY", Case::Identical, Case::Bare, 0.35),
            at_least("new : INSERT of 1000", Case::New, Case::BaselineNew, 7.0),
            at_least(
                "identical : INSERT of 1000",
                Case::Identical,
                Case::BaselineIdentical,
                12.0,
            ),
            at_least(
                "1 % changed : INSERT of 1000",
                Case::Changed,
                Case::BaselineChanged,
                10.0,
            ),
            at_most("log of an identical row, B", wal, 2.0),
            // Fewer than none would be rows that the server has not counted: then nothing is known.
            exactly("rows written in vain", self.dead, 0),
            exactly(
                "points that series_stats counts",
                self.stats_points,
                self.rows,
            ),
            exactly("revisions", self.revisions, changed),
            at_most("bytes a row of metrics, with index", bytes, 95.0),
        ]
    }

    /// Whether every gate holds.
    pub(crate) fn holds(&self) -> bool {
        self.gates().iter().all(Gate::holds)
    }
}

/// What a figure must be.
#[derive(Debug)]
struct Gate {
    name: &'static str,
    value: f64,
    bound: Bound,
}

#[derive(Clone, Copy, Debug)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
    Exactly(f64),
}

impl Gate {
    fn holds(&self) -> bool {
        match self.bound {
            Bound::AtLeast(least) => self.value >= least,
            Bound::AtMost(most) => self.value <= most,
            // Counts.
            Bound::Exactly(wanted) => (self.value - wanted).abs() < 0.5,
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (words, bound) = match self.bound {
            Bound::AtLeast(bound) => ("at least", bound),
            Bound::AtMost(bound) => ("at most", bound),
            Bound::Exactly(bound) => ("exactly", bound),
        };
        let missed = if self.holds() { "" } else { "  MISSED" };
        let (name, value) = (self.name, self.value);
        write!(f, "{name:<36} {value:>8.2}   {words} {bound:.2}{missed}")
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<28} {:>11} {:>23} {:>9} {:>9} {:>10}",
            "case", "rows/s", "least - most", ": indexed", ": bare", "WAL B/row"
        )?;
        for (case, samples) in &self.samples {
            let rates: Vec<f64> = samples.iter().map(Sample::rate).collect();
            let (least, most) = rates
                .iter()
                .fold((f64::MAX, 0.0_f64), |(least, most), rate| {
                    (least.min(*rate), most.max(*rate))
                });
            writeln!(
                f,
                "{:<28} {:>11.0} {:>10.0} - {:>10.0} {:>9.2} {:>9.2} {:>10.2}",
                case.describe(),
                median(rates.iter().copied()),
                least,
                most,
                self.ratio(*case, case.indexed()),
                self.ratio(*case, Case::Bare),
                self.wal_per_row(*case),
            )?;
        }
        let rows = float(self.rows);
        writeln!(
            f,
            "metrics: {} rows, {:.1} B/row heap + {:.1} B/row index; series_stats counts {}; {} revisions",
            self.rows,
            float(self.heap_bytes) / rows,
            float(self.index_bytes) / rows,
            self.stats_points,
            self.revisions,
        )?;
        self.gates()
            .iter()
            .try_for_each(|gate| writeln!(f, "{gate}"))
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// For display: figures of a run are far below where this loses a digit.
fn float(value: i64) -> f64 {
    let (high, low) = (value / 1_000_000, value % 1_000_000);
    let part = |part: i64| i32::try_from(part).map_or(f64::NAN, f64::from);
    part(high) * 1e6 + part(low)
}
