//! Reading the records of a zip.

use crate::{Problem, Source, UnpackError};

/// Reads records, several in one read where they stand together.
pub(super) struct Window<'a> {
    source: &'a dyn Source,
    /// How much to read at a time where more than asked for is there.
    ahead: usize,
    at: u64,
    bytes: Vec<u8>,
    there: u64,
}

impl<'a> Window<'a> {
    pub(super) const fn new(source: &'a dyn Source, ahead: usize) -> Self {
        Self { source, ahead, at: 0, bytes: Vec::new(), there: 0 }
    }

    /// Whether the archive's first `end` bytes are known to be there, so that nothing waits for them.
    pub(super) const fn has(&self, end: u64) -> bool {
        end <= self.there
    }

    /// Waits for the archive's first `end` bytes.
    pub(super) fn wait(&mut self, end: u64, what: &'static str) -> Result<(), UnpackError> {
        if !self.has(end) {
            self.there = self.source.wait(end).map_err(UnpackError::Source)?;
        }
        if !self.has(end) {
            return Err(Problem::Short { what }.at(self.there).into());
        }
        Ok(())
    }

    /// `len` bytes from `at`, waiting for them.
    pub(super) fn get(&mut self, at: u64, len: usize, what: &'static str) -> Result<&[u8], UnpackError> {
        self.wait(at.saturating_add(len as u64), what)?;
        let held = at.checked_sub(self.at).and_then(|skip| usize::try_from(skip).ok());
        let skip = match held.filter(|skip| skip.saturating_add(len) <= self.bytes.len()) {
            Some(skip) => skip,
            None => {
                self.fill(at, len, what)?;
                0
            }
        };
        Ok(&self.bytes[skip..skip + len])
    }

    fn fill(&mut self, at: u64, len: usize, what: &'static str) -> Result<(), UnpackError> {
        let rest = usize::try_from(self.there - at).unwrap_or(usize::MAX);
        self.bytes.resize(len.max(self.ahead.min(rest)), 0);
        self.at = at;
        let mut have = 0;
        while have < len {
            let read = self.source.read_at(at + have as u64, &mut self.bytes[have..]);
            match read.inspect_err(|_| self.bytes.clear()).map_err(UnpackError::Source)? {
                0 => {
                    self.bytes.clear();
                    return Err(Problem::Short { what }.at(at + have as u64).into());
                }
                read => have += read,
            }
        }
        self.bytes.truncate(have);
        Ok(())
    }
}
