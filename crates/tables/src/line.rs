//! Which line a record stands in.

/// Counts lines up to a record. The reader's own count is one short after `\r\n` and blank lines,
/// because a record's position is taken before the rest of the line end is read.
pub(crate) struct LineCounter<'a> {
    bytes: &'a [u8],
    counted: usize,
    line: u64,
}

impl<'a> LineCounter<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            counted: 0,
            line: 1,
        }
    }

    /// Returns the line of a record; records come in the order of the file.
    pub(crate) fn line_at(&mut self, position: Option<&csv::Position>) -> u64 {
        let byte = position.map_or(self.counted, |position| {
            usize::try_from(position.byte()).unwrap_or(self.bytes.len())
        });
        while let Some(&next) = self.bytes.get(self.counted)
            && (self.counted < byte || matches!(next, b'\r' | b'\n'))
        {
            self.line += u64::from(next == b'\n');
            self.counted += 1;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A record and what follows it: its line end and blank lines.
    fn records() -> impl Strategy<Value = Vec<(&'static str, &'static str, usize)>> {
        let text = prop::sample::select(vec!["a,b", "\"a\nb\",c", "\"a\r\n\r\nb\",c", ","]);
        let line_end = prop::sample::select(vec!["\n", "\r\n"]);
        prop::collection::vec((text, line_end, 0..3_usize), 1..20)
    }

    proptest! {
        #[test]
        fn every_line_end_counts_once(before in 0..3_usize, records in records()) {
            let mut file = "\r\n".repeat(before);
            let mut expected = Vec::new();
            for (text, line_end, blank) in records {
                expected.push(1 + file.matches('\n').count() as u64);
                file.push_str(text);
                file.push_str(&line_end.repeat(1 + blank));
            }
            let mut counter = LineCounter::new(file.as_bytes());
            let lines: Vec<u64> = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(file.as_bytes())
                .records()
                .map(|record| counter.line_at(record.unwrap().position()))
                .collect();
            prop_assert_eq!(lines, expected);
        }
    }
}
