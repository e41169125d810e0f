//! Bare DEFLATE (RFC 1951).

use std::io::BufRead as _;

use flate2::{Decompress, FlushDecompress, Status};

use super::{Engine, Fault, Input};

pub(super) struct Deflate {
    input: Input,
    inflate: Decompress,
    ended: bool,
}

impl Deflate {
    pub(super) fn new(input: Input) -> Self {
        Self { input, inflate: Decompress::new(false), ended: false }
    }
}

impl Engine for Deflate {
    fn decode(&mut self, into: &mut [u8]) -> Result<usize, Fault> {
        while !self.ended {
            let there = self.input.fill_buf()?;
            let at_end = there.is_empty();
            let before = (self.inflate.total_in(), self.inflate.total_out());
            let status = self
                .inflate
                .decompress(there, into, FlushDecompress::None)
                .map_err(|error| Fault::Damaged(error.to_string()))?;
            let (used, out) = (self.inflate.total_in() - before.0, self.inflate.total_out() - before.1);
            // Both are lengths of parts of slices.
            let (used, out) = (used as usize, out as usize);
            self.input.consume(used);
            self.ended = status == Status::StreamEnd;
            if out > 0 {
                return Ok(out);
            }
            if at_end && !self.ended {
                return Err(Fault::Short);
            }
        }
        if self.input.fill_buf()?.is_empty() { Ok(0) } else { Err(Fault::Damaged("more follows its end".to_owned())) }
    }

    fn input(&mut self) -> &mut Input {
        &mut self.input
    }
}
