//! A file under examination.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
};

use csv::StringRecord;
use serde::de::DeserializeOwned;

use crate::{Problems, Report, line::LineCounter, nearest, problem::Slip};

/// What some editors put in front of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A row and where it stands.
#[derive(Clone, Debug)]
pub struct Row<R> {
    /// The line, from 1.
    pub line: u64,
    /// What stands there.
    pub value: R,
}

/// A file under examination: rows that could be read, problems so far.
#[derive(Debug)]
pub struct Table<R> {
    rows: Vec<Row<R>>,
    report: Report,
}

impl<R: DeserializeOwned> Table<R> {
    /// Reads all rows that can be read. The header must name exactly `columns`, in any order; rows are read
    /// also below a name too many, or one slip of the pen: then problems name that column as the file does.
    /// `file` is for messages only.
    pub fn read(file: &str, csv: &[u8], columns: &[&str]) -> Self {
        let mut table = Self {
            rows: Vec::new(),
            report: Report::new(file),
        };
        let bytes = csv.strip_prefix(BYTE_ORDER_MARK).unwrap_or(csv);
        let mut counter = LineCounter::new(bytes);
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(bytes);
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => {
                let line = counter.line_at(error.position());
                table.report.problem(line, None, plain(&error));
                return table;
            }
        };
        let line = counter.line_at(header.position());
        let Some(header) = check_header(line, &header, columns, &mut table.report) else {
            return table;
        };
        for record in reader.into_records() {
            let line = match &record {
                Ok(record) => counter.line_at(record.position()),
                Err(error) => counter.line_at(error.position()),
            };
            let read = record.map_err(|error| (plain(&error), error));
            let read = read.and_then(|record| {
                let value = record.deserialize(Some(&header));
                value.map_err(|error| (of_cell(&error, &record), error))
            });
            match read {
                Ok(value) => table.rows.push(Row { line, value }),
                Err((what, error)) => {
                    let column = field(&error).and_then(|field| header.get(field));
                    table.report.problem(line, column, what);
                }
            }
        }
        table
    }
}

impl<R> Table<R> {
    /// Returns the rows that could be read.
    pub fn rows(&self) -> &[Row<R>] {
        &self.rows
    }

    /// Returns the rows and, apart from them, the list for what is wrong with them.
    pub fn rows_and_report(&mut self) -> (&[Row<R>], &mut Report) {
        (&self.rows, &mut self.report)
    }

    /// Notes a problem.
    pub fn problem(&mut self, line: u64, column: Option<&str>, what: String) {
        self.report.problem(line, column, what);
    }

    /// Notes every row whose key stood before.
    pub fn refuse_duplicates<'t, K: Eq + Hash>(
        &'t mut self,
        column: &str,
        key: impl Fn(&'t R) -> K,
    ) {
        let mut first_lines: HashMap<K, u64> = HashMap::with_capacity(self.rows.len());
        for row in &self.rows {
            match first_lines.entry(key(&row.value)) {
                Entry::Occupied(first) => {
                    let what = format!("stands already in line {}", first.get());
                    self.report.problem(row.line, Some(column), what);
                }
                Entry::Vacant(place) => {
                    place.insert(row.line);
                }
            }
        }
    }

    /// Turns every row into something else; what goes wrong is noted with its column.
    pub fn map<T>(&mut self, turn: impl Fn(&R) -> Result<T, (&'static str, String)>) -> Vec<T> {
        let mut made = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            match turn(&row.value) {
                Ok(value) => made.push(value),
                Err((column, what)) => self.report.problem(row.line, Some(column), what),
            }
        }
        made
    }

    /// Returns `made` if nothing was wrong.
    ///
    /// # Errors
    /// Every problem, in the order of lines.
    pub fn finish<T>(self, made: T) -> Result<T, Problems> {
        self.report.finish(made)
    }
}

/// Reads a cell that holds a factor: a finite number above 0.
///
/// # Errors
/// What is wrong with the text, for the report.
pub fn positive(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && *number > 0.0)
        .ok_or_else(|| format!("{text:?} is no number above 0"))
}

/// Returns the header to read rows by; `None` where a column is missing or stands twice, or where more than
/// one name is a guess: what follows from two of them may be wrong of every row.
fn check_header(
    line: u64,
    header: &StringRecord,
    columns: &[&str],
    report: &mut Report,
) -> Option<StringRecord> {
    let missing = |name: &&str| !header.iter().any(|one| one == *name);
    let mut missing: Vec<&str> = columns.iter().copied().filter(missing).collect();
    let mut meant = StringRecord::new();
    let mut stands_twice = false;
    let mut slips = Vec::new();
    for name in header {
        if columns.contains(&name) {
            if meant.iter().any(|one| one == name) {
                report.problem(line, Some(name), "stands twice");
                stands_twice = true;
            }
            meant.push_field(name);
        } else if let Some(slip) = nearest(name, missing.iter().copied()) {
            let what = format!("unknown column: did you mean {slip}?");
            report.problem(line, Some(name), what);
            missing.retain(|one| *one != slip);
            meant.push_field(slip);
            slips.push(Slip {
                meant: slip.to_owned(),
                written: name.to_owned(),
            });
        } else {
            let what = format!("unknown column; the columns are {}", columns.join(","));
            report.problem(line, Some(name), what);
            meant.push_field(name);
        }
    }
    for name in &missing {
        report.problem(line, Some(name), "missing column");
    }
    if !missing.is_empty() || stands_twice || slips.len() > 1 {
        return None;
    }
    if let Some(slip) = slips.pop() {
        report.with_slip(slip);
    }
    Some(meant)
}

/// Returns the position of the field that is to blame.
fn field(error: &csv::Error) -> Option<usize> {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => usize::try_from(err.field()?).ok(),
        csv::ErrorKind::Utf8 { err, .. } => Some(err.field()),
        _ => None,
    }
}

/// Returns the message about a cell with what stands there, where the library's own leaves that out.
fn of_cell(error: &csv::Error, record: &StringRecord) -> String {
    let csv::ErrorKind::Deserialize { err, .. } = error.kind() else {
        return plain(error);
    };
    let cell = field(error).and_then(|field| record.get(field));
    match (err.kind(), cell) {
        (csv::DeserializeErrorKind::ParseBool(_), Some(cell)) => {
            format!("{cell:?} is not true or false")
        }
        _ => plain(error),
    }
}

/// Returns the message without the position, which the problem names in its own way.
fn plain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.kind().to_string(),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("has {len} fields, the header has {expected_len}"),
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Coin {
        id: String,
        enabled: bool,
    }

    fn coins(csv: &[u8]) -> Table<Coin> {
        Table::read("coins.csv", csv, &["id", "enabled"])
    }

    fn ids(table: &Table<Coin>) -> Vec<(u64, &str)> {
        let rows = table.rows().iter();
        rows.map(|row| (row.line, row.value.id.as_str())).collect()
    }

    fn problems(table: Table<Coin>) -> Vec<String> {
        let problems = table.finish(()).unwrap_err();
        problems.0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn tells_all_problems_at_once_with_line_and_column() {
        let mut table = coins(
            b"id,enabled\nbitcoin,true\nether,maybe\nbitcoin,false\nshort\nbitcoin,true\n\xFF,true\n",
        );
        table.refuse_duplicates("id", |coin| coin.id.as_str());
        assert_eq!(
            ids(&table),
            [(2, "bitcoin"), (4, "bitcoin"), (6, "bitcoin")]
        );
        assert_eq!(
            problems(table),
            [
                "coins.csv:3: column enabled: \"maybe\" is not true or false",
                "coins.csv:4: column id: stands already in line 2",
                "coins.csv:5: has 1 fields, the header has 2",
                "coins.csv:6: column id: stands already in line 2",
                "coins.csv:7: column id: is not UTF-8",
            ]
        );
    }

    #[test]
    fn rows_keep_their_line_and_columns_may_stand_in_any_order() {
        let table = coins(
            b"\xEF\xBB\xBFenabled,id\r\ntrue, a\r\n\"true\",\"b\nc\"\r\n\r\n true ,d\r\nx,e\r\nf\r\n",
        );
        assert_eq!(ids(&table), [(2, "a"), (3, "b\nc"), (6, "d")]);
        assert_eq!(
            problems(table),
            [
                "coins.csv:7: column enabled: \"x\" is not true or false",
                "coins.csv:8: has 1 fields, the header has 2",
            ]
        );
    }

    #[test]
    fn a_wrong_header_is_told_before_any_row() {
        let table = coins(b"\nid,id,on\nx,y\n");
        assert!(table.rows().is_empty());
        assert_eq!(
            problems(table),
            [
                "coins.csv:2: column id: stands twice",
                "coins.csv:2: column on: unknown column; the columns are id,enabled",
                "coins.csv:2: column enabled: missing column",
            ]
        );
        assert_eq!(
            problems(coins(b"id,enabl\xFFd\n")),
            ["coins.csv:1: is not UTF-8"]
        );
        assert_eq!(
            problems(coins(b"")),
            [
                "coins.csv:1: column id: missing column",
                "coins.csv:1: column enabled: missing column",
            ]
        );
    }

    #[test]
    fn rows_are_read_below_a_slip_of_the_pen_and_a_name_too_many() {
        let mut table = coins(b"id,enabeld,on\na,true,1\nb,maybe,2\na,true,3\n");
        assert_eq!(ids(&table), [(2, "a"), (4, "a")]);
        table.refuse_duplicates("enabled", |coin| coin.enabled);
        table.refuse_duplicates("id", |coin| coin.id.as_str());
        assert_eq!(
            problems(table),
            [
                "coins.csv:1: column enabeld: unknown column: did you mean enabled?",
                "coins.csv:1: column on: unknown column; the columns are id,enabled",
                "coins.csv:3: column enabeld: \"maybe\" is not true or false",
                "coins.csv:4: column enabeld: stands already in line 2",
                "coins.csv:4: column id: stands already in line 2",
            ]
        );
    }

    #[test]
    fn below_two_slips_of_the_pen_no_row_is_read() {
        let table = coins(b"idd,enabeld\na,true\nb,maybe\n");
        assert!(table.rows().is_empty());
        assert_eq!(
            problems(table),
            [
                "coins.csv:1: column idd: unknown column: did you mean id?",
                "coins.csv:1: column enabeld: unknown column: did you mean enabled?",
            ]
        );
    }

    #[test]
    fn checks_of_the_caller_join_the_list() {
        let mut table = coins(b"id,enabled\na,true\nb,false\nc,true\n");
        let (rows, report) = table.rows_and_report();
        for row in rows.iter().filter(|row| row.value.id == "b") {
            report.problem(row.line, Some("id"), "is b");
        }
        let on = table.map(|coin| match coin.enabled {
            true => Ok(coin.id.clone()),
            false => Err(("enabled", "is off".to_owned())),
        });
        assert_eq!(on, ["a", "c"]);
        table.problem(2, None, "is the first".to_owned());
        assert_eq!(
            problems(table),
            [
                "coins.csv:2: is the first",
                "coins.csv:3: column id: is b",
                "coins.csv:3: column enabled: is off",
            ]
        );
    }

    #[test]
    fn without_a_problem_there_is_a_result() {
        assert_eq!(coins(b"id,enabled\na,true\n").finish(7), Ok(7));
    }

    #[test]
    fn a_factor_is_a_number_above_0() {
        assert_eq!(
            positive("0.01").map(|number| number.to_string()),
            Ok("0.01".to_owned())
        );
        for text in ["", "0", "-1", "NaN", "inf", "1e999", "x"] {
            assert_eq!(
                positive(text),
                Err(format!("{text:?} is no number above 0"))
            );
        }
    }
}
