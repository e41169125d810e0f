//! Big members: decoded while their bytes come, and checked and written on another thread meanwhile.

use std::{
    fs::File,
    io::{self, Write as _},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use sha2::{Digest as _, Sha256};

use super::{
    header::Method,
    inflate,
    work::{Item, Work},
};
use crate::{Codec, Problem, Source, UnpackError, decoder, tree::Content};

/// Bytes handed to the writer at a time: 1 MiB.
const PIECE: usize = 1 << 20;
/// Buffers on their way, besides the one that is filled.
const AHEAD: usize = 2;

/// A buffer, and how much of it is filled.
type Piece = (Vec<u8>, usize);

/// Unpacks a member; waits for its bytes.
pub(super) fn write(work: &Work, item: &Item) -> Result<(), UnpackError> {
    let file = work.tree.create(&item.name, false, item.at)?;
    let (full, from_here) = sync_channel::<Piece>(AHEAD);
    let (empty, back) = sync_channel::<Vec<u8>>(AHEAD + 1);
    for _ in 0..AHEAD {
        // There is room for all of them.
        let _ = empty.try_send(vec![0; PIECE]);
    }
    let sha256 = thread::scope(|scope| {
        let writer = thread::Builder::new().name("unpack-write".to_owned());
        let hash = work.sha256;
        // What it is given goes with it: when it fails, whoever fills finds the way closed.
        let writer = writer.spawn_scoped(scope, move || drain(file, from_here, empty, hash));
        let writer =
            writer.map_err(|error| UnpackError::disk("start a thread for", work.tree.path(&item.name), error))?;
        let read = fill(work, item, Pipe { full, back, buffer: vec![0; PIECE], filled: 0 });
        let written = writer.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes has died")));
        let failed = |error| UnpackError::disk("write", work.tree.path(&item.name), error);
        match (read, written) {
            (Err(UnpackError::Stopped), Err(error)) => Err(failed(error)),
            (Err(error), _) => Err(error),
            (Ok(()), Err(error)) => Err(failed(error)),
            (Ok(()), Ok((crc, sha256))) => {
                inflate::check(item.crc, crc).map_err(|problem| item.error(problem)).map(|()| sha256)
            }
        }
    })?;
    work.tree.wrote(&item.name, Content { size: item.size, sha256 });
    Ok(())
}

/// Writes what comes, and gives the buffers back. Says the CRC-32 and, where asked for, the SHA-256 of all of it.
#[expect(clippy::needless_pass_by_value, reason = "both ends close when this returns")]
fn drain(
    mut file: File,
    pieces: Receiver<Piece>,
    empty: SyncSender<Vec<u8>>,
    hash: bool,
) -> io::Result<(u32, Option<[u8; 32]>)> {
    let mut crc = crc32fast::Hasher::new();
    let mut sha256 = hash.then(Sha256::new);
    while let Ok((buffer, filled)) = pieces.recv() {
        let piece = &buffer[..filled];
        file.write_all(piece)?;
        crc.update(piece);
        if let Some(hash) = &mut sha256 {
            hash.update(piece);
        }
        let _ = empty.try_send(buffer);
    }
    Ok((crc.finalize(), sha256.map(|hash| hash.finalize().into())))
}

/// The way to the writer. It closes when this is dropped.
struct Pipe {
    full: SyncSender<Piece>,
    back: Receiver<Vec<u8>>,
    buffer: Vec<u8>,
    filled: usize,
}

impl Pipe {
    /// Passes on what is filled. Fails when the writer has gone, which says why itself.
    fn pass(&mut self) -> Result<(), UnpackError> {
        let next = self.back.recv().map_err(|_| UnpackError::Stopped)?;
        let full = std::mem::replace(&mut self.buffer, next);
        self.full.send((full, std::mem::take(&mut self.filled))).map_err(|_| UnpackError::Stopped)
    }
}

/// The data of a member, as a source of their own.
#[derive(Debug)]
struct Data {
    archive: Arc<dyn Source>,
    from: u64,
    len: u64,
}

impl Source for Data {
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX);
        let most = rest.min(into.len());
        if most == 0 { Ok(0) } else { self.archive.read_at(self.from + at, &mut into[..most]) }
    }

    fn wait(&self, len: u64) -> io::Result<u64> {
        let there = self.archive.wait(self.from + len.min(self.len))?;
        Ok(there.saturating_sub(self.from).min(self.len))
    }
}

/// Decodes the member, of which no more may come out than was announced, and no less.
fn fill(work: &Work, item: &Item, mut pipe: Pipe) -> Result<(), UnpackError> {
    let codec = match item.method {
        Method::Stored => Codec::Stored,
        Method::Deflated => Codec::Deflate,
    };
    let mut data =
        decoder(codec, Arc::new(Data { archive: Arc::clone(&work.source), from: item.data, len: item.packed }));
    let mut found = 0;
    loop {
        if work.flight.failed_before(item.at) {
            return Err(UnpackError::Stopped);
        }
        let decoded = data.decode(&mut pipe.buffer[pipe.filled..]).map_err(|error| match error {
            UnpackError::Archive(error) => item.error(error.problem),
            other => other,
        })?;
        found += decoded as u64;
        pipe.filled += decoded;
        if found > item.size || (decoded == 0 && found < item.size) {
            return Err(item.error(match item.method {
                Method::Stored => Problem::Short { what: "a member's data" },
                Method::Deflated => Problem::Size { expected: item.size, found },
            }));
        }
        if pipe.filled == pipe.buffer.len() || (decoded == 0 && pipe.filled > 0) {
            pipe.pass()?;
        }
        if decoded == 0 {
            return Ok(());
        }
    }
}
