//! The one writer of a partial file.

use std::{
    fs, io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    End, Note, Reader, StoreError, Watch,
    ownership::Phase,
    persist::{self, Source},
    progress::Progress,
    registry::Held,
    sidecar::{Published, Sidecar, unix_now},
};

/// How often a growing spool renews its heartbeat by itself.
const BEAT_EVERY: Duration = Duration::from_secs(10);
/// Bytes compared at a time.
const COMPARED: usize = 64 * 1024;

/// Why a writer lets go of a spool whose bytes are to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Interrupted: a follower may go on at once.
    Stopped,
    /// The transfer gave up: followers are told [`crate::State::Failed`]; the next claim goes on from here.
    Failed,
}

/// A growing file with one writer. Dropping it keeps the bytes for the next claim, as a crash does.
#[derive(Debug)]
pub struct Spool {
    dir: PathBuf,
    path: PathBuf,
    sidecar: Sidecar,
    progress: Arc<Progress>,
    len: u64,
    beaten: Instant,
    /// Stale bytes may stand behind `len`, because a truncation failed.
    ragged: bool,
    settled: bool,
    _held: Held,
}

impl Spool {
    pub(crate) fn new(dir: PathBuf, sidecar: Sidecar, file: fs::File, len: u64, held: Held) -> Self {
        let path = Sidecar::part(&dir, &sidecar.token);
        let progress = Arc::new(Progress::new(file, len));
        Self { dir, path, sidecar, progress, len, beaten: Instant::now(), ragged: false, settled: false, _held: held }
    }

    /// Bytes held. After a failed [`Spool::append`] this is what was really written.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether no byte is held.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where the partial file is. Other processes read it; nobody else may write to it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was noted by this run or, until then, by the one that left the bytes. A note without bytes, or bytes
    /// without a note, may come back after a crash.
    #[must_use]
    pub const fn note(&self) -> &Note {
        &self.sidecar.note
    }

    /// Replaces the note, on disk too.
    ///
    /// # Errors
    /// When the sidecar cannot be written; the note then holds for this run only.
    pub fn set_note(&mut self, note: Note) -> Result<(), StoreError> {
        if self.sidecar.note == note {
            return Ok(());
        }
        self.sidecar.note = note;
        self.save()
    }

    /// A reader at byte 0.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.progress))
    }

    /// A watch over this spool.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch::new(Arc::clone(&self.progress))
    }

    pub(crate) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Writes bytes to the end; they are with the operating system when this returns, and readers see them. Never
    /// waits for a reader.
    ///
    /// # Errors
    /// When the disk is full or broken; what was written before the failure stays, counted by [`Spool::len`]. Also
    /// after [`Spool::complete`].
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.must_grow()?;
        if self.ragged {
            self.trim()?;
        }
        let start = self.len;
        let outcome = self.write(bytes);
        if self.len != start {
            self.progress.grow(self.len);
        }
        if self.beaten.elapsed() > BEAT_EVERY {
            // A heartbeat matters to other hosts only, and its failure must not end a transfer that still writes.
            let _ = self.beat();
        }
        outcome.map_err(|error| {
            let missing = bytes.len() as u64 - (self.len - start);
            let need = self.sidecar.note.size.map(|size| size.saturating_sub(self.len)).or(Some(missing));
            StoreError::at("write to", &self.path, error).needing(need)
        })
    }

    /// What was called complete was copied by followers, or is about to be.
    fn must_grow(&self) -> Result<(), StoreError> {
        if self.sidecar.state == Phase::Growing {
            return Ok(());
        }
        let error = io::Error::new(io::ErrorKind::InvalidInput, "it was declared complete");
        Err(StoreError::at("change", &self.path, error))
    }

    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.progress.file.write_at(bytes, self.len) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.len += written as u64;
                    bytes = &bytes[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Compares bytes with those held from `at` on: the index of the first difference, or `None` when all are equal.
    /// A byte behind the end of what is held counts as different.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn matches(&self, at: u64, bytes: &[u8]) -> io::Result<Option<usize>> {
        let there = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX).min(bytes.len());
        let mut buffer = vec![0; COMPARED.min(there)];
        let mut done = 0;
        while done < there {
            let chunk = COMPARED.min(there - done);
            let held = &mut buffer[..chunk];
            self.progress.file.read_exact_at(held, at + done as u64)?;
            if let Some(index) = held.iter().zip(&bytes[done..]).position(|(held, fresh)| held != fresh) {
                return Ok(Some(done + index));
            }
            done += chunk;
        }
        Ok((there < bytes.len()).then_some(there))
    }

    /// Forgets everything from byte `at` on; readers and followers that went further are told. Does nothing when
    /// nothing is held there.
    ///
    /// # Errors
    /// When the sidecar cannot be written or the file not be shortened: the bytes are forgotten even so. Also after
    /// [`Spool::complete`].
    pub fn cut(&mut self, at: u64) -> Result<(), StoreError> {
        if at >= self.len {
            return Ok(());
        }
        self.must_grow()?;
        // Followers first: they look at the sidecar after they read, and must then find the cut.
        self.sidecar.cuts.push(at);
        let told = self.save();
        self.len = at;
        self.progress.cut(at);
        self.ragged = true;
        self.trim()?;
        told
    }

    fn trim(&mut self) -> Result<(), StoreError> {
        self.progress.file.set_len(self.len).map_err(|error| StoreError::at("shorten", &self.path, error))?;
        self.ragged = false;
        Ok(())
    }

    /// Renews the heartbeat. [`Spool::append`] does so by itself; call it every minute or less while nothing arrives,
    /// or other hosts take the transfer for dead after two.
    ///
    /// # Errors
    /// When the sidecar cannot be written.
    pub fn beat(&mut self) -> Result<(), StoreError> {
        self.beaten = Instant::now();
        self.save()
    }

    fn save(&mut self) -> Result<(), StoreError> {
        self.sidecar.heartbeat = unix_now();
        self.sidecar.save(&self.dir).map_err(|error| self.sidecar_error(error))
    }

    fn sidecar_error(&self, error: io::Error) -> StoreError {
        StoreError::at("write the sidecar", &Sidecar::path(&self.dir, &self.sidecar.token), error)
    }

    /// Marks that all bytes are there and right: readers find the end, followers may copy. Nothing can be appended or
    /// cut any more.
    ///
    /// # Errors
    /// When the sidecar cannot be written; readers in this process find the end all the same.
    pub fn complete(&mut self) -> Result<(), StoreError> {
        if self.ragged {
            self.trim()?;
        }
        self.sidecar.state = Phase::Complete;
        self.sidecar.len = Some(self.len);
        self.sidecar.heartbeat = unix_now();
        self.progress.end(End::Complete);
        self.sidecar.save_last(&self.dir).map_err(|error| self.sidecar_error(error))
    }

    /// Lets go and keeps the bytes for the next claim. Dropping is the same as [`Outcome::Stopped`].
    pub fn release(mut self, outcome: Outcome) {
        self.settle(match outcome {
            Outcome::Stopped => Phase::Stopped,
            Outcome::Failed => Phase::Failed,
        });
    }

    fn settle(&mut self, phase: Phase) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        self.progress.end(End::Stopped);
        if self.ragged {
            let _ = self.trim();
        }
        if self.sidecar.state != Phase::Complete {
            self.sidecar.state = phase;
        }
        self.sidecar.heartbeat = unix_now();
        // Nothing better can be done: without it, others follow for as long as this process lives.
        let _ = self.sidecar.save_last(&self.dir);
    }

    /// Removes the bytes: they are known to be wrong. Followers are told [`crate::State::Failed`].
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn discard(mut self) -> Result<(), StoreError> {
        self.sidecar.state = Phase::Failed;
        let removed = fs::remove_file(&self.path).or_else(persist::gone_is_fine);
        self.settle(Phase::Failed);
        removed.map_err(|error| StoreError::at("remove", &self.path, error))
    }

    /// Ends a complete spool whose bytes were handed on by other means than [`Spool::persist`]: the file goes, and who follows
    /// keeps its copy. Where it cannot be removed, [`crate::Store::prune`] does so later.
    pub fn hand_over(mut self) {
        let _ = fs::remove_file(&self.path);
        self.settled = true;
    }

    /// Asks the disk to have the bytes for good, before [`Spool::persist`]: without it a power failure right after
    /// may leave an empty or shorter file.
    ///
    /// # Errors
    /// When the disk reports a failure.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.progress.file.sync_data().map_err(|error| StoreError::at("sync", &self.path, error))
    }

    /// Completes the spool and moves the file to `dest`, replacing a file that is there; a symbolic link stays and
    /// its target is replaced. Whoever looks at `dest` sees the old file or the whole new one. The mode becomes
    /// what the umask leaves of 0666. Across file systems the bytes are copied beside `dest` first. Readers go on.
    ///
    /// # Errors
    /// When `dest` is no regular file, or on any failure of the disk; the bytes are then kept for the next claim.
    pub fn persist(mut self, dest: impl AsRef<Path>) -> Result<(), StoreError> {
        if self.ragged {
            self.trim()?;
        }
        // Followers learn it from the sidecar. If that fails (somebody emptied the cache) the open file is as good.
        let _ = self.complete();
        let source = Source { file: &self.progress.file, path: &self.path, len: self.len };
        let (sidecar, dir) = (&mut self.sidecar, &self.dir);
        persist::move_to(&source, dest.as_ref(), |dest, metadata| {
            sidecar.published = Published::new(dest, metadata);
            let _ = sidecar.save_last(dir);
        })?;
        self.settled = true;
        Ok(())
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.settle(Phase::Stopped);
    }
}
