//! Compressed streams, decoded while their bytes arrive.

mod deflate;
mod gzip;
mod input;
mod zstd;

use std::{
    io::{self, ErrorKind, Read},
    sync::Arc,
};

use crate::{Codec, Problem, Source, UnpackError};
use input::Input;

/// What xz may hold: its strongest preset needs 65 MiB.
const XZ_MEMORY: u64 = 80 << 20;

/// Something that turns the bytes of an archive into what they were before the compression.
trait Engine: Send {
    /// Decodes some bytes; 0 only at the end of the data, and then everything that vouches for them has been checked.
    fn decode(&mut self, into: &mut [u8]) -> Result<usize, Fault>;

    fn input(&mut self) -> &mut Input;
}

/// What an engine fails with.
#[derive(Debug)]
enum Fault {
    /// The input ends too early.
    Short,
    Damaged(String),
    Unsupported(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof => Self::Short,
            _ => Self::Damaged(error.to_string()),
        }
    }
}

/// Decodes a stream from the first byte of a source to its end.
///
/// Everything that the stream holds is decoded: all members, frames or streams that follow one another, each with its
/// checks. What follows the last one is refused, except after gzip, where every reader ignores what does not begin like a
/// member. Memory is bounded: at most 128 MiB of a Zstandard window and 80 MiB for xz.
pub fn decoder(codec: Codec, source: Arc<dyn Source>) -> Decoder {
    Decoder::new(codec, source, Skippable::Skipped)
}

/// The bytes that a compressed stream stands for. Made by [`decoder`].
pub struct Decoder {
    codec: Codec,
    engine: Box<dyn Engine>,
    failed: bool,
}

/// What becomes of Zstandard's skippable frames (RFC 8878 section 3.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Skippable {
    Skipped,
    Refused,
}

impl Decoder {
    pub(crate) fn new(codec: Codec, source: Arc<dyn Source>, skippable: Skippable) -> Self {
        let input = Input::new(source);
        let engine: Box<dyn Engine> = match codec {
            Codec::Stored => Box::new(Simple { from: input, reach: |input| input }),
            Codec::Deflate => Box::new(deflate::Deflate::new(input)),
            Codec::Gzip => Box::new(gzip::Gzip::new(input)),
            Codec::Zstd => Box::new(zstd::Zstd::new(input, skippable)),
            Codec::Xz => xz(input),
            Codec::Bzip2 => {
                let from = ::bzip2::bufread::MultiBzDecoder::new(input);
                Box::new(Simple { from, reach: ::bzip2::bufread::MultiBzDecoder::get_mut })
            }
        };
        Self { codec, engine, failed: false }
    }

    /// Decodes some bytes. 0 only at the end, or for an empty `into`.
    ///
    /// # Errors
    /// [`UnpackError::Source`] when the bytes did not come, whatever the decoder made of that; [`UnpackError::Archive`] at
    /// a byte of the source; [`UnpackError::Stopped`] after another error.
    pub fn decode(&mut self, into: &mut [u8]) -> Result<usize, UnpackError> {
        if self.failed {
            return Err(UnpackError::Stopped);
        }
        if into.is_empty() {
            return Ok(0);
        }
        let result = self.engine.decode(into);
        let input = self.engine.input();
        if let Some(error) = input.failure() {
            self.failed = true;
            return Err(UnpackError::Source(error));
        }
        result.map_err(|fault| {
            self.failed = true;
            let codec = name(self.codec);
            let problem = match fault {
                Fault::Short => Problem::Short { what: "the compressed data" },
                Fault::Damaged(detail) => Problem::Codec { codec, detail },
                Fault::Unsupported(what) => Problem::Unsupported { what },
            };
            problem.at(input.position()).into()
        })
    }

    /// How many bytes of the source were used up for what came out so far.
    pub(crate) fn position(&mut self) -> u64 {
        self.engine.input().position()
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("codec", &self.codec).field("failed", &self.failed).finish_non_exhaustive()
    }
}

/// Errors are those of [`Decoder::decode`], wrapped.
impl Read for Decoder {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.decode(into).map_err(io::Error::other)
    }
}

const fn name(codec: Codec) -> &'static str {
    match codec {
        Codec::Stored => "archive",
        Codec::Deflate => "deflate",
        Codec::Gzip => "gzip",
        Codec::Zstd => "zstd",
        Codec::Xz => "xz",
        Codec::Bzip2 => "bzip2",
    }
}

/// A reader that does all there is to do.
struct Simple<R> {
    from: R,
    reach: fn(&mut R) -> &mut Input,
}

impl<R: Read + Send> Engine for Simple<R> {
    fn decode(&mut self, into: &mut [u8]) -> Result<usize, Fault> {
        Ok(self.from.read(into)?)
    }

    fn input(&mut self) -> &mut Input {
        (self.reach)(&mut self.from)
    }
}

fn xz(input: Input) -> Box<dyn Engine> {
    use liblzma::{
        bufread::XzDecoder,
        stream::{CONCATENATED, Stream, TELL_UNSUPPORTED_CHECK},
    };
    match Stream::new_stream_decoder(XZ_MEMORY, CONCATENATED | TELL_UNSUPPORTED_CHECK) {
        Ok(stream) => Box::new(Simple { from: XzDecoder::new_stream(input, stream), reach: XzDecoder::get_mut }),
        Err(error) => Box::new(Unfit { input, why: error.to_string() }),
    }
}

/// Stands for a decoder that could not be made.
struct Unfit {
    input: Input,
    why: String,
}

impl Engine for Unfit {
    fn decode(&mut self, _into: &mut [u8]) -> Result<usize, Fault> {
        Err(Fault::Unsupported(std::mem::take(&mut self.why)))
    }

    fn input(&mut self) -> &mut Input {
        &mut self.input
    }
}
