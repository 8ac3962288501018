//! What can be wrong with a config file, and the list in which it is noted.

use std::fmt;

/// One thing that is wrong with a config file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file's name, as given.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The column, where one is to blame.
    pub column: Option<String>,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if let Some(column) = &self.column {
            write!(f, "column {column}: ")?;
        }
        f.write_str(&self.what)
    }
}

/// Everything that is wrong with config files, a line each, in the order of files and lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Joins what two files gave, so that the problems of the second are told with those of the first.
///
/// # Errors
/// The problems of both, if there are any.
pub fn both<A, B>(
    first: Result<A, Problems>,
    second: Result<B, Problems>,
) -> Result<(A, B), Problems> {
    match (first, second) {
        (Ok(first), Ok(second)) => Ok((first, second)),
        (Err(mut first), Err(second)) => {
            first.0.extend(second.0);
            Err(first)
        }
        (Err(problems), Ok(_)) | (Ok(_), Err(problems)) => Err(problems),
    }
}

/// The problems of one file, so far.
#[derive(Debug)]
pub struct Report {
    file: String,
    slip: Option<Slip>,
    problems: Vec<Problem>,
}

/// A column whose name in the file has a slip of the pen.
#[derive(Debug)]
pub(crate) struct Slip {
    /// The column that is meant.
    pub(crate) meant: String,
    /// What the file calls it.
    pub(crate) written: String,
}

impl Report {
    pub(crate) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            slip: None,
            problems: Vec::new(),
        }
    }

    /// From now on problems name a column as the file does, where it can be found.
    pub(crate) fn with_slip(&mut self, slip: Slip) {
        self.slip = Some(slip);
    }

    /// Notes a problem.
    pub fn problem(&mut self, line: u64, column: Option<&str>, what: impl Into<String>) {
        let column = column.map(|column| match &self.slip {
            Some(slip) if slip.meant == column => slip.written.clone(),
            _ => column.to_owned(),
        });
        self.problems.push(Problem {
            file: self.file.clone(),
            line,
            column,
            what: what.into(),
        });
    }

    /// Returns what was read from a cell, or notes why it could not be and returns `None`, so that
    /// the caller goes on to the next cell.
    pub fn check<T>(
        &mut self,
        line: u64,
        column: &str,
        read: Result<T, impl fmt::Display>,
    ) -> Option<T> {
        read.map_err(|error| self.problem(line, Some(column), error.to_string()))
            .ok()
    }

    pub(crate) fn finish<T>(mut self, made: T) -> Result<T, Problems> {
        if self.problems.is_empty() {
            return Ok(made);
        }
        // Stable: the problems of a line stay as they were noted.
        self.problems.sort_by_key(|problem| problem.line);
        Err(Problems(self.problems))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(file: &str, lines: &[u64]) -> Result<(), Problems> {
        let mut report = Report::new(file);
        for line in lines {
            report.problem(*line, None, "is wrong");
        }
        report.finish(())
    }

    #[test]
    fn problems_stand_in_the_order_of_files_and_lines() {
        let problems = both(refused("b.csv", &[3, 2]), refused("a.csv", &[2])).unwrap_err();
        assert_eq!(
            problems.to_string(),
            "b.csv:2: is wrong\nb.csv:3: is wrong\na.csv:2: is wrong"
        );
    }

    #[test]
    fn one_bad_file_is_enough() {
        let (good, bad) = (refused("a.csv", &[]), refused("b.csv", &[2]));
        assert_eq!(both(good.clone(), good.clone()), Ok(((), ())));
        assert_eq!(both(good.clone(), bad.clone()).unwrap_err().0.len(), 1);
        assert_eq!(both(bad, good).unwrap_err().0.len(), 1);
    }

    #[test]
    fn a_cell_is_taken_or_noted() {
        let mut report = Report::new("a.csv");
        assert_eq!(report.check(2, "n", "7".parse::<u8>()), Some(7));
        assert_eq!(report.check(3, "n", Err::<u8, _>("is no number")), None);
        assert_eq!(
            report.finish(()).unwrap_err().to_string(),
            "a.csv:3: column n: is no number"
        );
    }
}
