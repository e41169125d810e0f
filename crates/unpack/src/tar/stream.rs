//! The tar's bytes, decoded on a thread of their own.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use super::header::BLOCK;
use crate::{
    Codec, Limits, Problem, Source, UnpackError,
    codec::{Decoder, Skippable},
    limits::Gauge,
};

/// Decoded bytes are handed over in so many buffers of so many bytes.
const BUFFERS: usize = 4;
const BUFFER: usize = 1 << 20;

/// What the decoding thread says.
enum Message {
    /// Decoded bytes, and how many of the archive were used up by then.
    Bytes {
        buffer: Vec<u8>,
        filled: usize,
        read: u64,
    },
    End,
    Failed(UnpackError),
}

/// The tar, as it comes out of its compression.
pub(super) struct Stream {
    full: Receiver<Message>,
    spare: Sender<Vec<u8>>,
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    /// Bytes of the tar handed out so far.
    at: u64,
    read: u64,
    ended: bool,
    /// Everything that comes out, headers and padding too, against the ratio alone.
    gauge: Gauge,
}

impl Stream {
    /// Starts decoding. The thread ends with the archive, or when the stream is dropped and the source lets go of it.
    pub(super) fn start(source: &Arc<dyn Source>, codec: Codec, limits: &Limits) -> std::io::Result<Self> {
        let (to_unpack, full) = channel();
        let (spare, to_decode) = channel();
        for _ in 0..BUFFERS {
            // The other end is here.
            let _ = spare.send(Vec::new());
        }
        let source = Arc::clone(source);
        thread::Builder::new().name("decode".to_owned()).spawn(move || {
            let mut decoder = Decoder::new(codec, source, Skippable::Refused);
            while let Ok(buffer) = to_decode.recv() {
                if !decode(&mut decoder, buffer, &to_unpack) {
                    break;
                }
            }
        })?;
        Ok(Self {
            full,
            spare,
            buffer: Vec::new(),
            from: 0,
            to: 0,
            at: 0,
            read: 0,
            ended: false,
            gauge: Gauge::new(Limits { bytes: u64::MAX, ..*limits }),
        })
    }

    /// Bytes of the tar handed out so far.
    pub(super) const fn position(&self) -> u64 {
        self.at
    }

    /// Bytes of the archive used up so far.
    pub(super) const fn read(&self) -> u64 {
        self.read
    }

    /// The next bytes, at most so many; none only at the end.
    pub(super) fn piece(&mut self, most: u64) -> Result<&[u8], UnpackError> {
        while self.from == self.to && !self.ended {
            self.fill()?;
        }
        let there = &self.buffer[self.from..self.to];
        let piece = &there[..usize::try_from(most).unwrap_or(usize::MAX).min(there.len())];
        self.from += piece.len();
        self.at += piece.len() as u64;
        Ok(piece)
    }

    /// The next block; `None` where the tar ends before it.
    pub(super) fn block(&mut self) -> Result<Option<[u8; BLOCK]>, UnpackError> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            let piece = self.piece((BLOCK - filled) as u64)?;
            if piece.is_empty() {
                return if filled == 0 { Ok(None) } else { Err(self.short("a block")) };
            }
            block[filled..filled + piece.len()].copy_from_slice(piece);
            filled += piece.len();
        }
        Ok(Some(block))
    }

    /// Passes over bytes.
    pub(super) fn skip(&mut self, mut bytes: u64, what: &'static str) -> Result<(), UnpackError> {
        while bytes > 0 {
            match self.piece(bytes)?.len() {
                0 => return Err(self.short(what)),
                passed => bytes -= passed as u64,
            }
        }
        Ok(())
    }

    /// Decodes the rest, whatever it is, so that everything that vouches for the archive is checked.
    pub(super) fn drain(&mut self) -> Result<(), UnpackError> {
        while !self.piece(u64::MAX)?.is_empty() {}
        Ok(())
    }

    /// The tar ends in the middle of something.
    pub(super) fn short(&self, what: &'static str) -> UnpackError {
        Problem::Short { what }.at(self.at).into()
    }

    fn fill(&mut self) -> Result<(), UnpackError> {
        let used = std::mem::take(&mut self.buffer);
        (self.from, self.to) = (0, 0);
        if used.capacity() > 0 {
            // A decoder that is through does not want it.
            let _ = self.spare.send(used);
        }
        match self.full.recv() {
            Ok(Message::Bytes { buffer, filled, read }) => {
                self.read = read;
                self.gauge.grow(filled as u64, read).map_err(|problem| problem.at(self.at))?;
                (self.buffer, self.to) = (buffer, filled);
                Ok(())
            }
            Ok(Message::End) => {
                self.ended = true;
                Ok(())
            }
            Ok(Message::Failed(error)) => Err(error),
            // It panicked.
            Err(_) => Err(UnpackError::Stopped),
        }
    }
}

/// Fills a buffer and hands it over. False when that was all.
fn decode(decoder: &mut Decoder, mut buffer: Vec<u8>, to: &Sender<Message>) -> bool {
    if buffer.is_empty() {
        // Zeroed by the system, where it is touched.
        buffer = vec![0; BUFFER];
    }
    let mut filled = 0;
    let end = loop {
        match decoder.decode(&mut buffer[filled..]) {
            // The buffer is full, or the archive at its end.
            Ok(0) => break (filled < BUFFER).then_some(Message::End),
            Ok(decoded) => filled += decoded,
            Err(error) => break Some(Message::Failed(error)),
        }
    };
    // Nobody listens any more when unpacking has failed.
    let heard = filled == 0 || to.send(Message::Bytes { buffer, filled, read: decoder.position() }).is_ok();
    match end {
        Some(end) => {
            let _ = to.send(end);
            false
        }
        None => heard,
    }
}
