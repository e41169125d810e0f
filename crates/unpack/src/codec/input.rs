//! What a decoder reads from.

use std::{
    io::{self, BufRead, Read},
    sync::Arc,
};

use crate::Source;

/// As much as is read at a time.
const PIECE: usize = 128 << 10;

/// A source as a buffered reader. Its errors are kept aside, because decoders wrap them or take them for damage.
pub(super) struct Input {
    source: Arc<dyn Source>,
    /// Where the buffer's end is in the source.
    next: u64,
    buffer: Box<[u8]>,
    from: usize,
    to: usize,
    failure: Option<io::Error>,
}

impl Input {
    pub(super) fn new(source: Arc<dyn Source>) -> Self {
        Self { source, next: 0, buffer: vec![0; PIECE].into(), from: 0, to: 0, failure: None }
    }

    /// In place of one that is elsewhere.
    pub(super) fn nothing() -> Self {
        Self { source: Arc::new(Vec::new()), next: 0, buffer: Box::default(), from: 0, to: 0, failure: None }
    }

    /// How many bytes were used up.
    pub(super) const fn position(&self) -> u64 {
        self.next - (self.to - self.from) as u64
    }

    /// What the source failed with.
    pub(super) const fn failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.from == self.to {
            match self.source.read_at(self.next, &mut self.buffer) {
                Ok(read) => {
                    (self.from, self.to) = (0, read);
                    self.next += read as u64;
                }
                Err(error) => {
                    self.failure = Some(error);
                    return Err(io::Error::other("the source failed"));
                }
            }
        }
        Ok(&self.buffer[self.from..self.to])
    }

    fn consume(&mut self, used: usize) {
        self.from = (self.from + used).min(self.to);
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let there = self.fill_buf()?;
        let most = there.len().min(into.len());
        into[..most].copy_from_slice(&there[..most]);
        self.consume(most);
        Ok(most)
    }
}
