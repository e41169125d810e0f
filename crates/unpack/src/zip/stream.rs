//! Big members: inflated while their bytes come, and written on another thread meanwhile.

use std::{
    fs::File,
    io::{self, Write as _},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use flate2::{Decompress, FlushDecompress, Status};
use sha2::{Digest as _, Sha256};

use super::{
    header::Method,
    inflate,
    work::{Item, Work},
};
use crate::{Problem, UnpackError, tree::Content};

/// Bytes of the archive read at a time: 256 KiB.
const READ: usize = 256 << 10;
/// Bytes handed to the writer at a time: 1 MiB.
const PIECE: usize = 1 << 20;
/// Buffers on their way, besides the one that is filled.
const AHEAD: usize = 2;

/// Unpacks a member; waits for its bytes.
pub(super) fn write(work: &Work, item: &Item) -> Result<(), UnpackError> {
    let file = work.tree.create(&item.name, false, item.at)?;
    let (full, from_here) = sync_channel::<Vec<u8>>(AHEAD);
    let (empty, back) = sync_channel::<Vec<u8>>(AHEAD + 1);
    for _ in 0..AHEAD {
        // There is room for all of them.
        let _ = empty.try_send(Vec::new());
    }
    let sha256 = thread::scope(|scope| {
        let writer = thread::Builder::new().name("unpack-write".to_owned());
        let hash = work.sha256;
        // What it is given goes with it: when it fails, whoever fills finds the way closed.
        let writer = writer.spawn_scoped(scope, move || drain(file, from_here, empty, hash));
        let writer =
            writer.map_err(|error| UnpackError::disk("start a thread for", work.tree.path(&item.name), error))?;
        let mut pipe = Pipe { full, back, filled: Vec::with_capacity(PIECE), crc: crc32fast::Hasher::new(), out: 0 };
        let read = fill(work, item, &mut pipe);
        let crc = pipe.close();
        let written = writer.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes has died")));
        let failed = |error| UnpackError::disk("write", work.tree.path(&item.name), error);
        match (read, written) {
            (Err(UnpackError::Stopped), Err(error)) => Err(failed(error)),
            (Err(error), _) => Err(error),
            (Ok(()), Err(error)) => Err(failed(error)),
            (Ok(()), Ok(sha256)) => {
                inflate::check(item.crc, crc).map_err(|problem| item.error(problem)).map(|()| sha256)
            }
        }
    })?;
    work.tree.wrote(&item.name, Content { size: item.size, sha256 });
    Ok(())
}

/// Writes what comes, and gives the buffers back.
#[expect(clippy::needless_pass_by_value, reason = "both ends close when this returns")]
fn drain(
    mut file: File,
    pieces: Receiver<Vec<u8>>,
    empty: SyncSender<Vec<u8>>,
    hash: bool,
) -> io::Result<Option<[u8; 32]>> {
    let mut sha256 = hash.then(Sha256::new);
    while let Ok(mut piece) = pieces.recv() {
        file.write_all(&piece)?;
        if let Some(hash) = &mut sha256 {
            hash.update(&piece);
        }
        piece.clear();
        let _ = empty.try_send(piece);
    }
    Ok(sha256.map(|hash| hash.finalize().into()))
}

/// The way to the writer.
struct Pipe {
    full: SyncSender<Vec<u8>>,
    back: Receiver<Vec<u8>>,
    filled: Vec<u8>,
    crc: crc32fast::Hasher,
    /// Bytes that came out.
    out: u64,
}

impl Pipe {
    /// Passes on what is filled. Fails when the writer has gone, which says why itself.
    fn pass(&mut self) -> Result<(), UnpackError> {
        if self.filled.is_empty() {
            return Ok(());
        }
        self.crc.update(&self.filled);
        let next = self.back.recv().map_err(|_| UnpackError::Stopped)?;
        let full = std::mem::replace(&mut self.filled, next);
        self.filled.reserve_exact(PIECE);
        self.full.send(full).map_err(|_| UnpackError::Stopped)
    }

    fn close(self) -> u32 {
        self.crc.finalize()
    }
}

fn fill(work: &Work, item: &Item, pipe: &mut Pipe) -> Result<(), UnpackError> {
    match item.method {
        Method::Stored => copy(work, item, pipe)?,
        Method::Deflated => inflate(work, item, pipe)?,
    }
    pipe.pass()
}

/// The next bytes of a member's data, from an offset within them.
fn next<'a>(work: &Work, item: &Item, done: u64, buffer: &'a mut [u8]) -> Result<&'a [u8], UnpackError> {
    if work.flight.failed_before(item.at) {
        return Err(UnpackError::Stopped);
    }
    let most = usize::try_from(item.packed - done).unwrap_or(usize::MAX).min(buffer.len());
    let read = work.source.read_at(item.data + done, &mut buffer[..most]).map_err(UnpackError::Source)?;
    if read == 0 && most > 0 {
        return Err(item.error(Problem::Short { what: "a member's data" }));
    }
    Ok(&buffer[..read])
}

fn copy(work: &Work, item: &Item, pipe: &mut Pipe) -> Result<(), UnpackError> {
    let mut buffer = vec![0; READ];
    let mut done = 0;
    while done < item.packed {
        let bytes = next(work, item, done, &mut buffer)?;
        pipe.filled.extend_from_slice(bytes);
        done += bytes.len() as u64;
        if pipe.filled.len() + READ > PIECE {
            pipe.pass()?;
        }
    }
    Ok(())
}

fn inflate(work: &Work, item: &Item, pipe: &mut Pipe) -> Result<(), UnpackError> {
    let mut inflate = Decompress::new(false);
    let mut buffer = vec![0; READ];
    let mut ended = false;
    while !ended {
        let from = inflate.total_in();
        let mut data = next(work, item, from, &mut buffer)?;
        let last = data.is_empty();
        // Also without more bytes something may come out: what did not fit into the last buffer.
        loop {
            let before = inflate.total_in();
            let status = inflate.decompress_vec(data, &mut pipe.filled, FlushDecompress::None);
            ended = status.map_err(|error| item.error(inflate::damaged(error)))? == Status::StreamEnd;
            data = &data[usize::try_from(inflate.total_in() - before).unwrap_or(data.len())..];
            pipe.out = inflate.total_out();
            if pipe.out > item.size {
                return Err(item.error(Problem::Size { expected: item.size, found: pipe.out }));
            }
            let full = pipe.filled.len() == pipe.filled.capacity();
            if full {
                pipe.pass()?;
            }
            if ended || (data.is_empty() && !full) {
                break;
            }
        }
        if last && !ended {
            return Err(item.error(Problem::Short { what: "the deflate stream" }));
        }
    }
    let done = inflate::ended(inflate.total_in(), item.packed, inflate.total_out(), item.size);
    done.map_err(|problem| item.error(problem))
}
