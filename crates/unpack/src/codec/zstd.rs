//! Zstandard (RFC 8878).

use std::io::BufRead as _;

use ::zstd::stream::raw::{DParameter, Decoder, Operation as _};

use super::{Engine, Fault, Input, Skippable};

/// The largest window that is accepted, as a power of two: 128 MiB. That is what the `zstd` command accepts without being
/// told otherwise, and what its strongest levels, which interpreters are packed with, make use of.
const WINDOW: u32 = 27;

/// All frames, with their checksums.
pub(super) struct Zstd {
    input: Input,
    frames: Option<Decoder<'static>>,
    skippable: Skippable,
    /// Nothing of a frame was read that is not complete.
    between: bool,
    any: bool,
}

impl Zstd {
    pub(super) fn new(input: Input, skippable: Skippable) -> Self {
        Self { input, frames: None, skippable, between: true, any: false }
    }
}

impl Engine for Zstd {
    fn decode(&mut self, into: &mut [u8]) -> Result<usize, Fault> {
        let frames = match &mut self.frames {
            Some(frames) => frames,
            none => {
                let mut frames = Decoder::new()?;
                frames.set_parameter(DParameter::WindowLogMax(WINDOW))?;
                none.insert(frames)
            }
        };
        loop {
            let there = self.input.fill_buf()?;
            let at_end = there.is_empty();
            if self.between {
                match there.first() {
                    None if self.any => return Ok(0),
                    // The magic numbers 0x184D2A50 to 0x184D2A5F, little-endian.
                    Some(0x50..=0x5f) if self.skippable == Skippable::Refused => {
                        return Err(Fault::Unsupported("a frame that is skipped, in an archive,".to_owned()));
                    }
                    _ => (self.between, self.any) = (false, true),
                }
            }
            let status = frames.run_on_buffers(there, into)?;
            self.input.consume(status.bytes_read);
            self.between = status.remaining == 0;
            if status.bytes_written > 0 {
                return Ok(status.bytes_written);
            }
            if at_end && !self.between {
                return Err(Fault::Short);
            }
        }
    }

    fn input(&mut self) -> &mut Input {
        &mut self.input
    }
}
