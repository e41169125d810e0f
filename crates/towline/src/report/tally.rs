//! What came of a set of files.

use std::time::Duration;

use super::units::{bytes, time};

/// Counts over the files of a command.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Files that were brought.
    pub(crate) came: usize,
    /// Files that were there.
    pub(crate) there: usize,
    /// Names of those that did not come.
    pub(crate) failed: Vec<String>,
    /// Bytes of the files that were brought.
    pub(crate) bytes: u64,
    /// Bytes of them that a tool which begins anew would have asked for again.
    pub(crate) saved: u64,
    /// Faults that did not end a file or page.
    pub(crate) faults: usize,
}

impl Tally {
    /// `20 files, 88.1 MB in 3.2 s; 3 were there already; 2 faults survived, 40.1 MB saved by resuming`.
    pub(crate) fn line(&self, took: Duration) -> String {
        let mut parts = Vec::new();
        if self.came > 0 {
            parts.push(format!("{}, {} in {}", count(self.came, "file"), bytes(self.bytes), time(took)));
        }
        if self.there > 0 {
            let verb = if self.there == 1 { "was" } else { "were" };
            let noun = if self.came > 0 { self.there.to_string() } else { count(self.there, "file") };
            parts.push(format!("{noun} {verb} there already"));
        }
        if !self.failed.is_empty() {
            parts.push(format!("{} did not come", count(self.failed.len(), "file")));
        }
        if self.faults > 0 {
            let saved =
                if self.saved > 0 { format!(", {} saved by resuming", bytes(self.saved)) } else { String::new() };
            parts.push(format!("{} survived{saved}", count(self.faults, "fault")));
        } else if self.saved > 0 {
            parts.push(format!("{} saved by resuming", bytes(self.saved)));
        }
        if parts.is_empty() { "no files".to_owned() } else { parts.join("; ") }
    }
}

fn count(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_happened_and_no_more() {
        let tally = |came, there, failed: usize, saved, faults| {
            let failed = vec!["x".to_owned(); failed];
            Tally { came, there, failed, bytes: came as u64 * 1_000_000, saved, faults }.line(Duration::from_secs(2))
        };
        assert_eq!(tally(0, 0, 0, 0, 0), "no files");
        assert_eq!(tally(1, 0, 0, 0, 0), "1 file, 1.0 MB in 2.0 s");
        assert_eq!(tally(20, 3, 0, 0, 1), "20 files, 20.0 MB in 2.0 s; 3 were there already; 1 fault survived");
        assert_eq!(tally(0, 1, 0, 0, 0), "1 file was there already");
        assert_eq!(
            tally(2, 0, 1, 5000, 7),
            "2 files, 2.0 MB in 2.0 s; 1 file did not come; 7 faults survived, 5.0 kB saved by resuming"
        );
        assert_eq!(tally(1, 0, 0, 5000, 0), "1 file, 1.0 MB in 2.0 s; 5.0 kB saved by resuming");
    }
}
