//! The rows of a RECORD: CSV, read piece by piece and never more than a row of it held.

use std::{
    io::{self, Read},
    str,
};

use csv_core::{ReadRecordResult, Reader};

/// A path with its hash and its size.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    pub(super) path: &'a str,
    pub(super) hash: &'a str,
    pub(super) size: &'a str,
}

/// What is in the way of the next row.
#[derive(Debug)]
pub(super) enum NoRow {
    Disk(io::Error),
    /// It is not as RECORD has it.
    Malformed(String),
}

pub(super) struct Rows<R> {
    from: R,
    csv: Reader,
    input: Box<[u8]>,
    /// What of `input` was not read yet.
    rest: (usize, usize),
    row: Box<[u8]>,
}

/// Fields a row has, and room to see one too many.
const ENDS: usize = 4;

impl<R: Read> Rows<R> {
    /// `longest`: bytes of a row.
    pub(super) fn new(from: R, longest: usize) -> Self {
        let input = vec![0; 64 << 10].into_boxed_slice();
        Self { from, csv: Reader::new(), input, rest: (0, 0), row: vec![0; longest].into_boxed_slice() }
    }

    /// The next row; empty lines are none.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, NoRow> {
        let mut ends = [0; ENDS];
        let (mut filled, mut fields) = (0, 0);
        loop {
            if self.rest.0 == self.rest.1 {
                self.rest = (0, read(&mut self.from, &mut self.input).map_err(NoRow::Disk)?);
            }
            let (start, end) = self.rest;
            let (result, used, written, ended) =
                self.csv.read_record(&self.input[start..end], &mut self.row[filled..], &mut ends[fields..]);
            self.rest.0 += used;
            filled += written;
            fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => {
                    return Err(NoRow::Malformed(format!("a row is longer than {} bytes", self.row.len())));
                }
                ReadRecordResult::OutputEndsFull => return Err(self.malformed()),
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::Record => break,
            }
        }
        let [path, hash, size] = ends[..fields] else { return Err(self.malformed()) };
        let text = str::from_utf8(&self.row[..filled]);
        let text = text.map_err(|_| NoRow::Malformed(format!("line {} is not UTF-8", self.csv.line())))?;
        match (text.get(..path), text.get(path..hash), text.get(hash..size)) {
            (Some(path), Some(hash), Some(size)) => Ok(Some(Row { path, hash, size })),
            _ => Err(self.malformed()),
        }
    }

    fn malformed(&self) -> NoRow {
        NoRow::Malformed(format!("the row before line {} is not path, hash, size", self.csv.line()))
    }
}

fn read(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A byte at a time.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut into[..1])
        }
    }

    fn all(text: &[u8]) -> Result<Vec<[String; 3]>, String> {
        let mut rows = Rows::new(Drip(text), 100);
        let mut all = Vec::new();
        loop {
            match rows.next() {
                Ok(Some(Row { path, hash, size })) => all.push([path, hash, size].map(str::to_owned)),
                Ok(None) => return Ok(all),
                Err(NoRow::Malformed(why)) => return Err(why),
                Err(NoRow::Disk(error)) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn rows_have_three_fields() {
        let row = |path: &str, hash: &str, size: &str| [path, hash, size].map(str::to_owned);
        assert_eq!(all(b"a,b,1\nRECORD,,\n"), Ok(vec![row("a", "b", "1"), row("RECORD", "", "")]));
        assert_eq!(all(b"a,b,1\r\n\r\n\n\"x,\"\"y\"\"\",,2"), Ok(vec![row("a", "b", "1"), row("x,\"y\"", "", "2")]));
        assert_eq!(all(b"a,b,1\n,,\n"), Ok(vec![row("a", "b", "1"), row("", "", "")]));
        assert_eq!(all("é,,\n".as_bytes()), Ok(vec![row("é", "", "")]));
        assert_eq!(all(b""), Ok(vec![]));
    }

    #[test]
    fn other_rows_are_malformed() {
        let long = format!("{},,\n", "a".repeat(101));
        for text in [&b"a,b\n"[..], b"a\n", b"a,b,1,2\n", b"a,b,1,2,3,4,5\n", b"\xff,,\n", b"\"a\n", long.as_bytes()] {
            assert!(all(text).is_err(), "{:?}", String::from_utf8_lossy(text));
        }
    }
}
