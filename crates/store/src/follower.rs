//! Following a spool that another process, or another part of this one, fills.

use std::{
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use crate::{
    Digest, Note, StoreError,
    ownership::{Owner, Phase, Verdict},
    persist::{self, Source},
    sidecar::{Found, Published, Sidecar},
    token::Token,
};

/// How the spool of somebody else is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its owner is at it.
    Growing {
        /// Bytes that can be read.
        len: u64,
    },
    /// All bytes are there: [`Follower::copy_to`] has them, also after the owner moved the file away.
    Complete,
    /// Nobody is at it any more: claim again to take over.
    OwnerGone,
    /// Bytes from `at` on were dropped and will come anew.
    Cut {
        /// Bytes below are unchanged.
        at: u64,
    },
    /// Its owner gave up. Claiming again takes over what is there.
    Failed,
}

/// Reads a spool that somebody else fills, never writes to it, and never waits: how often to poll is the caller's.
///
/// It keeps the file open, and so can copy it after the owner has moved it to its destination.
#[derive(Debug)]
pub struct Follower {
    dir: PathBuf,
    token: Token,
    path: PathBuf,
    me: Owner,
    file: Option<File>,
    note: Note,
    /// Cuts told so far; unknown until the sidecar was first read.
    cuts: Option<u64>,
    complete: Option<u64>,
}

impl Follower {
    pub(crate) fn new(dir: PathBuf, token: Token, me: Owner) -> Result<Self, StoreError> {
        let path = Sidecar::part(&dir, &token);
        let mut follower = Self { dir, token, path, me, file: None, note: Note::default(), cuts: None, complete: None };
        follower.open()?;
        if let Ok(Found::Known(sidecar)) = Sidecar::load(&follower.dir, &follower.token) {
            follower.cuts = Some(sidecar.cuts.count);
            follower.note = sidecar.note;
        }
        Ok(follower)
    }

    /// The partial file followed, as long as its owner has not moved it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the owner noted, as of the last poll.
    #[must_use]
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// The size of the file, once [`State::Complete`] was seen.
    #[must_use]
    pub const fn size(&self) -> Option<u64> {
        self.complete
    }

    /// How the spool is now. Every cut since the last poll is reported once, as the lowest of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn poll(&mut self) -> Result<State, StoreError> {
        if let Some(len) = self.complete {
            return self.ready(len);
        }
        self.open()?;
        let mut sidecar = match self.load()? {
            Found::Missing => return Ok(State::OwnerGone),
            Found::Unknown { silent: true } => return Ok(State::OwnerGone),
            Found::Unknown { silent: false } => return Ok(State::Growing { len: self.len()? }),
            Found::Known(sidecar) => sidecar,
        };
        let mut live = sidecar.verdict(&self.me) == Verdict::Live;
        if sidecar.state == Phase::Growing && !live {
            // It may have finished and ended after it was read: the last word of a dead process is what stands now.
            match self.load()? {
                Found::Known(last) => sidecar = last,
                _ => return Ok(State::OwnerGone),
            }
            // Unless it only seemed dead, and has given a sign.
            live = sidecar.verdict(&self.me) == Verdict::Live;
        }
        let cut = self.cuts.and_then(|told| sidecar.cuts.lowest_since(told));
        self.cuts = Some(sidecar.cuts.count);
        if let Some(at) = cut {
            return Ok(State::Cut { at });
        }
        self.note = sidecar.note.clone();
        match sidecar.state {
            Phase::Complete => self.ready(sidecar.len.unwrap_or(0)),
            Phase::Failed => Ok(State::Failed),
            Phase::Stopped => Ok(State::OwnerGone),
            Phase::Growing if live => Ok(State::Growing { len: self.len()? }),
            Phase::Growing => Ok(State::OwnerGone),
        }
    }

    fn load(&self) -> Result<Found, StoreError> {
        Sidecar::load(&self.dir, &self.token)
            .map_err(|error| StoreError::at("read", &Sidecar::path(&self.dir, &self.token), error))
    }

    /// Complete, if all the bytes are in reach: the file may have been created and moved between two polls, and been
    /// changed or removed at its destination.
    fn ready(&mut self, len: u64) -> Result<State, StoreError> {
        self.open()?;
        if self.file.is_none() {
            // Where it went was written before it went.
            self.file = match self.load()? {
                Found::Known(last) => last.published.as_ref().and_then(Published::open),
                _ => None,
            };
        }
        if self.file.is_none() || self.len()? != len {
            self.complete = None;
            return Ok(State::OwnerGone);
        }
        self.complete = Some(len);
        Ok(State::Complete)
    }

    fn open(&mut self) -> Result<(), StoreError> {
        if self.file.is_none() {
            self.file = match File::open(&self.path) {
                Ok(file) => Some(file),
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => return Err(StoreError::at("open", &self.path, error)),
            };
        }
        Ok(())
    }

    fn len(&self) -> Result<u64, StoreError> {
        let Some(file) = &self.file else { return Ok(0) };
        let metadata = file.metadata().map_err(|error| StoreError::at("look at", &self.path, error))?;
        Ok(metadata.len())
    }

    /// Reads at an offset without blocking; 0 at the present end. The owner may cut and rewrite at any time: what was
    /// read counts only if the next [`Follower::poll`] reports no cut below it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.file.as_ref().map_or(Ok(0), |file| file.read_at(buf, offset))
    }

    /// A reader with its own position at byte 0. At the present end it returns 0, which is the end of the file only
    /// after [`State::Complete`].
    #[must_use]
    pub const fn reader(&self) -> FollowerReader<'_> {
        FollowerReader { follower: self, position: 0 }
    }

    /// Copies the complete file to `dest` as [`crate::Spool::persist`] publishes: whole or not at all. The bytes are
    /// those the owner vouches for; see [`Follower::copy_verified`].
    ///
    /// # Errors
    /// Before [`State::Complete`] was seen, when `dest` is no regular file, when the spool has a new owner meanwhile,
    /// and on failures of the disk.
    pub fn copy_to(&self, dest: impl AsRef<Path>) -> Result<(), StoreError> {
        self.copy(dest.as_ref(), None)
    }

    /// As [`Follower::copy_to`], and publishes only if the copy has the digest.
    ///
    /// # Errors
    /// As there, and [`StoreError::Digest`].
    pub fn copy_verified(&self, dest: impl AsRef<Path>, digest: &Digest) -> Result<(), StoreError> {
        self.copy(dest.as_ref(), Some(digest))
    }

    fn copy(&self, dest: &Path, digest: Option<&Digest>) -> Result<(), StoreError> {
        let (Some(file), Some(len)) = (&self.file, self.complete) else {
            let error = io::Error::new(ErrorKind::WouldBlock, "the file is not complete yet");
            return Err(StoreError::at("copy", &self.path, error));
        };
        persist::copy_to(&Source { file, path: &self.path, len }, dest, digest, |_| {
            if self.stands() { Ok(()) } else { Err(StoreError::Changed { path: self.path.clone() }) }
        })
    }

    /// Whether what was read since [`State::Complete`] is what the owner had then.
    #[must_use]
    pub fn stands(&self) -> bool {
        // The sidecar goes before an adopter of a dead owner's file writes to it: while it stands, the bytes do.
        matches!(Sidecar::load(&self.dir, &self.token), Ok(Found::Known(now)) if now.state == Phase::Complete)
    }
}

/// See [`Follower::reader`].
#[derive(Debug)]
pub struct FollowerReader<'a> {
    follower: &'a Follower,
    position: u64,
}

impl io::Read for FollowerReader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.follower.read_at(self.position, buf)?;
        self.position += read as u64;
        Ok(read)
    }
}
