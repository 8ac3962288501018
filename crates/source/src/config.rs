//! Reads a source's CSV: what `tables` has for any file, and what all sources do with its rows. What
//! the columns mean is the vendor's own.

mod cells;

use model::{SeriesKey, Since};

pub use cells::{joined, metric_names, plain_name, since};
pub use tables::{
    CsvText, Problem, Problems, Report, Row, Table, both, misspelt, nearest, positive,
};

use crate::{Role, Source};

/// The report on one row. What is wrong with a cell is noted, and the row is read on, so that its
/// problems come all at once.
#[derive(Debug)]
pub struct RowReport<'r> {
    report: &'r mut Report,
    line: u64,
    is_good: bool,
}

impl RowReport<'_> {
    /// Returns the row's line, from 1.
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// Returns what was read from a cell, or notes what is wrong with it and returns `None`.
    pub fn check<T>(&mut self, column: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|what| self.wrong(column, what)).ok()
    }

    /// Notes what is wrong with a cell.
    pub fn wrong(&mut self, column: &str, what: impl Into<String>) {
        self.is_good = false;
        self.report.problem(self.line, Some(column), what);
    }
}

/// Returns what `read` makes of every row with which nothing is wrong.
pub fn read_rows<R, T>(
    table: &mut Table<R>,
    mut read: impl FnMut(&R, &mut RowReport<'_>) -> Option<T>,
) -> Vec<T> {
    let (rows, report) = table.rows_and_report();
    let mut made = Vec::with_capacity(rows.len());
    for row in rows {
        let mut row_report = RowReport {
            report: &mut *report,
            line: row.line,
            is_good: true,
        };
        let read = read(&row.value, &mut row_report);
        made.extend(read.filter(|_| row_report.is_good));
    }
    made
}

/// Returns the names that look like a known one with a slip of the pen, for warnings: such a name may be
/// right all the same. `named` is what a row names in the column with what it may have meant; `what` is
/// one of them, for messages.
pub fn slips<'t, R, N>(
    file: &str,
    table: &'t Table<R>,
    (column, what): (&str, &str),
    named: impl Fn(&'t R) -> N,
) -> Vec<Problem>
where
    N: IntoIterator<Item = (&'t str, &'t str)>,
{
    let rows = table.rows().iter();
    let slips = rows.flat_map(|row| {
        let named = named(&row.value).into_iter();
        named.map(|slip| (row.line, slip))
    });
    let problem = |(line, (name, meant))| Problem {
        file: file.to_owned(),
        line,
        column: Some(column.to_owned()),
        what: format!("{name} is no {what} that we know: did you mean {meant}?"),
    };
    slips.map(problem).collect()
}

/// Returns since when a series is wanted, of which a row wants the past from `wanted` on; none where no
/// dataset of the plan holds it. What has no past begins when the row becomes active, because nothing
/// older can be had.
pub fn since_held(source: &dyn Source, series: &SeriesKey, wanted: Since) -> Option<Since> {
    let datasets = source.datasets().iter();
    let mut holders = datasets
        .filter(|dataset| source.serves(dataset.id, series))
        .peekable();
    holders.peek()?;
    Some(match holders.any(|dataset| dataset.role == Role::Series) {
        true => wanted,
        false => Since::Activation,
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Pair {
        a: String,
        b: String,
    }

    fn read(csv: &str) -> Result<Vec<(u64, u8, u8)>, String> {
        let mut table: Table<Pair> = Table::read("pairs.csv", csv.as_bytes(), &["a", "b"]);
        let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is no number"));
        let made = read_rows(&mut table, |row, report| {
            let a = report.check("a", number(&row.a));
            let b = report.check("b", number(&row.b));
            if row.a == row.b {
                report.wrong("b", "is the same");
            }
            Some((report.line(), a?, b?))
        });
        let bad = table.rows().len() - made.len();
        let lines = format!("{bad} bad\n");
        table.finish(made).map_err(|all| lines + &all.to_string())
    }

    #[test]
    fn all_problems_of_a_row_are_told_and_nothing_is_made_of_it() {
        assert_eq!(read("a,b\n1,2\n3,4\n"), Ok(vec![(2, 1, 2), (3, 3, 4)]));
        assert_eq!(
            read("a,b\nx,y\n1,2\n3,3\n").unwrap_err(),
            "2 bad\n\
             pairs.csv:2: column a: \"x\" is no number\n\
             pairs.csv:2: column b: \"y\" is no number\n\
             pairs.csv:4: column b: is the same"
        );
    }

    #[test]
    fn slips_of_the_pen_stand_where_they_were_made() {
        let csv = b"a,b\nFEEES|DAU,x\nDAU,y\nFEES,FEEES\nFEESS,z\n";
        let table: Table<Pair> = Table::read("pairs.csv", csv, &["a", "b"]);
        let slip = |name| Some((name, misspelt(name, ["FEES"])?));
        let found = slips("pairs.csv", &table, ("a", "metric"), |row| {
            row.a.split('|').filter_map(slip)
        });
        let told = |line, name| {
            format!(
                "pairs.csv:{line}: column a: {name} is no metric that we know: did you mean FEES?"
            )
        };
        let found: Vec<String> = found.iter().map(Problem::to_string).collect();
        assert_eq!(found, [told(2, "FEEES"), told(5, "FEESS")]);
    }
}
