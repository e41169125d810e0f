//! gzip (RFC 1952).

use std::io::{BufRead as _, Read as _};

use flate2::bufread::GzDecoder;

use super::{Engine, Fault, Input};

/// What a member begins with.
const FIRST_BYTE: u8 = 0x1f;

/// All members, each with the checks of its header and its trailer.
///
/// What follows a member and does not begin like another is padding to `gzip(1)`, to Python's `tarfile` and to whoever
/// stops reading at the end of the tar; tapes and signatures leave it there.
pub(super) struct Gzip {
    member: GzDecoder<Input>,
    ended: bool,
}

impl Gzip {
    pub(super) fn new(input: Input) -> Self {
        Self { member: GzDecoder::new(input), ended: false }
    }
}

impl Engine for Gzip {
    fn decode(&mut self, into: &mut [u8]) -> Result<usize, Fault> {
        while !self.ended {
            let read = self.member.read(into)?;
            if read > 0 {
                return Ok(read);
            }
            if self.member.get_mut().fill_buf()?.first() == Some(&FIRST_BYTE) {
                let input = std::mem::replace(self.member.get_mut(), Input::nothing());
                self.member = GzDecoder::new(input);
            } else {
                self.ended = true;
            }
        }
        Ok(0)
    }

    fn input(&mut self) -> &mut Input {
        self.member.get_mut()
    }
}
