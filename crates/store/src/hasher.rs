//! Hashing a spool while it grows.

use std::{
    io,
    os::unix::fs::FileExt as _,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    Algorithm, Digest, Spool,
    digest::Hash,
    progress::{Marks, Progress, shrunk},
};

/// Bytes hashed at a time; a fraction of a millisecond. Also what is waited for, lest every small write wakes the
/// thread.
const CHUNK: usize = 256 * 1024;

/// Computes the digest of a spool on a thread of its own, right behind the writer. A cut below what it hashed makes
/// it start over by itself. Dropping it ends the thread.
#[derive(Debug)]
pub struct Hasher {
    shared: Arc<Shared>,
}

/// Why there is no digest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The thread could not be started.
    #[error("could not start a thread to hash")]
    Thread(#[source] io::Error),
    /// The partial file could not be read back.
    #[error("could not read the partial file back")]
    Read(#[source] io::Error),
    /// The spool has more bytes, or ended with fewer.
    #[error("the digest of {asked} bytes was asked for, and the spool has {len}")]
    Length {
        /// Bytes asked for.
        asked: u64,
        /// Bytes there.
        len: u64,
    },
}

#[derive(Debug)]
struct Shared {
    progress: Arc<Progress>,
    work: Mutex<Work>,
    worked: Condvar,
    /// Somebody waits for the digest: small rests count too.
    hurried: AtomicUsize,
    cancelled: AtomicBool,
}

#[derive(Debug)]
struct Work {
    algorithm: Algorithm,
    hash: Hash,
    len: u64,
    /// Cuts of the spool that `hash` knows of.
    cuts: usize,
    broken: Option<io::Error>,
}

impl Hasher {
    /// Starts to hash a spool from byte 0, what earlier runs left included.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn follow(spool: &Spool, algorithm: Algorithm) -> Result<Self, HashError> {
        let progress = spool.progress();
        let (hash, cuts) = (Hash::new(algorithm), progress.marks().cuts.len());
        let work = Work { algorithm, hash, len: 0, cuts, broken: None };
        let shared = Arc::new(Shared {
            progress,
            work: Mutex::new(work),
            worked: Condvar::new(),
            hurried: AtomicUsize::new(0),
            cancelled: AtomicBool::new(false),
        });
        let worker = Arc::clone(&shared);
        thread::Builder::new()
            .name("towline-hash".to_owned())
            .spawn(move || worker.run())
            .map_err(HashError::Thread)?;
        Ok(Self { shared })
    }

    /// The digest of the first `len` bytes, which must be all that the spool holds. Blocks until they are hashed: as
    /// the thread runs right behind the writer, for the last piece only. The spool need not be complete, and may be
    /// cut and filled again afterwards.
    ///
    /// # Errors
    /// When the spool holds another number of bytes, or they cannot be read back.
    pub fn finish(&self, len: u64) -> Result<Digest, HashError> {
        let shared = &self.shared;
        let (there, cuts) = {
            let marks = shared.progress.marks();
            (marks.len, marks.cuts.len())
        };
        if there != len {
            return Err(HashError::Length { asked: len, len: there });
        }
        shared.hurried.fetch_add(1, Ordering::SeqCst);
        shared.progress.nudge();
        let mut work = shared.work();
        while work.broken.is_none() && (work.cuts, work.len) != (cuts, len) {
            work = shared.worked.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
        shared.hurried.fetch_sub(1, Ordering::SeqCst);
        match &work.broken {
            Some(error) => Err(HashError::Read(io::Error::new(error.kind(), error.to_string()))),
            None => Ok(work.hash.clone().digest()),
        }
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.shared.cancelled.store(true, Ordering::SeqCst);
        self.shared.progress.nudge();
    }
}

enum Next {
    Hash,
    Cut { cuts: usize, below: bool },
    Leave,
}

impl Shared {
    fn run(&self) {
        let mut buffer = vec![0; CHUNK];
        loop {
            let (len, cuts) = {
                let work = self.work();
                (work.len, work.cuts)
            };
            let next = self.progress.wait(None, |marks, wanted| self.next(len, cuts, marks, wanted));
            match next {
                None | Some(Next::Leave) => return,
                Some(Next::Cut { cuts, below }) => {
                    let mut work = self.work();
                    work.cuts = cuts;
                    if below {
                        (work.hash, work.len) = (Hash::new(work.algorithm), 0);
                    }
                }
                Some(Next::Hash) => {
                    if let Err(error) = self.hash(len, cuts, &mut buffer) {
                        self.work().broken = Some(error);
                        self.worked.notify_all();
                        return;
                    }
                }
            }
            self.worked.notify_all();
        }
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, len: u64, cuts: usize, marks: &Marks, wanted: &mut u64) -> Option<Next> {
        if self.cancelled.load(Ordering::SeqCst) {
            return Some(Next::Leave);
        }
        if let Some(lowest) = marks.lowest_cut(cuts) {
            return Some(Next::Cut { cuts: marks.cuts.len(), below: lowest < len });
        }
        let enough = if marks.end.is_some() || self.hurried.load(Ordering::SeqCst) > 0 { 1 } else { CHUNK as u64 };
        *wanted = len + enough;
        if marks.len >= *wanted {
            return Some(Next::Hash);
        }
        marks.end.map(|_| Next::Leave)
    }

    /// Hashes one chunk. A cut while it is read needs no care here: the next look finds it, and below what was hashed.
    fn hash(&self, len: u64, cuts: usize, buffer: &mut [u8]) -> io::Result<()> {
        let there = self.progress.marks().len.saturating_sub(len);
        let most = usize::try_from(there).unwrap_or(usize::MAX).min(buffer.len());
        let read = match self.progress.file.read_at(&mut buffer[..most], len) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        };
        if read == 0 && self.progress.marks().cuts.len() == cuts {
            return Err(shrunk(len, len + there));
        }
        let mut work = self.work();
        work.hash.update(&buffer[..read]);
        work.len += read as u64;
        Ok(())
    }
}
