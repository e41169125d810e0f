//! The JSON file beside a partial file.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use crate::{
    Key, Note, identity,
    ownership::{Owner, Phase, STALE_AFTER, Verdict, verdict},
    token::Token,
};

/// Raised when an older reader would misjudge the file.
const FORMAT: u32 = 1;
/// Sidecars are some hundred bytes; whatever is larger is not one.
const LARGEST: u64 = 64 * 1024;
/// Cuts remembered one by one; a follower that missed more starts over.
const RECENT_CUTS: usize = 32;

/// Cuts of a spool, for followers that look only now and then.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cuts {
    /// Cuts so far.
    pub(crate) count: u64,
    /// Where the last ones went, oldest first.
    pub(crate) recent: Vec<u64>,
}

impl Cuts {
    pub(crate) fn push(&mut self, at: u64) {
        self.count += 1;
        self.recent.push(at);
        if self.recent.len() > RECENT_CUTS {
            self.recent.remove(0);
        }
    }

    /// The lowest cut after the first `seen` ones.
    pub(crate) fn lowest_since(&self, seen: u64) -> Option<u64> {
        let missed = usize::try_from(self.count.saturating_sub(seen)).unwrap_or(usize::MAX);
        match missed {
            0 => None,
            _ if missed > self.recent.len() => Some(0),
            _ => self.recent[self.recent.len() - missed..].iter().min().copied(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sidecar {
    format: u32,
    /// For people and tools; the directory's name counts.
    key: String,
    pub(crate) token: Token,
    pub(crate) owner: Owner,
    /// Seconds since 1970.
    pub(crate) heartbeat: u64,
    pub(crate) state: Phase,
    /// Length of the finished file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) len: Option<u64>,
    /// Where the finished file went, for followers that had not opened it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) published: Option<Published>,
    #[serde(default)]
    pub(crate) cuts: Cuts,
    #[serde(default)]
    pub(crate) note: Note,
}

/// A finished file at its destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Published {
    path: String,
    device: u64,
    inode: u64,
}

impl Published {
    /// `None` for a path that JSON cannot hold.
    pub(crate) fn new(path: &Path, metadata: &Metadata) -> Option<Self> {
        Some(Self { path: path.to_str()?.to_owned(), device: metadata.dev(), inode: metadata.ino() })
    }

    /// The file, if it is still that one.
    pub(crate) fn open(&self) -> Option<File> {
        // A pipe put there meanwhile must not block.
        let found = fs::metadata(&self.path).ok()?;
        let file = found.is_file().then(|| File::open(&self.path).ok())??;
        let metadata = file.metadata().ok()?;
        ((metadata.dev(), metadata.ino()) == (self.device, self.inode)).then_some(file)
    }
}

/// What stands where a sidecar is expected.
#[derive(Debug)]
pub(crate) enum Found {
    Known(Box<Sidecar>),
    /// Damaged, or of a later version of this program.
    Unknown {
        /// Not touched for longer than [`STALE_AFTER`].
        silent: bool,
    },
    Missing,
}

impl Sidecar {
    pub(crate) fn new(key: &Key, token: Token, owner: Owner) -> Self {
        Self {
            format: FORMAT,
            key: key.to_string(),
            token,
            owner,
            heartbeat: unix_now(),
            state: Phase::Growing,
            len: None,
            published: None,
            cuts: Cuts::default(),
            note: Note::default(),
        }
    }

    pub(crate) fn path(dir: &Path, token: &Token) -> PathBuf {
        dir.join(format!("{token}.json"))
    }

    pub(crate) fn part(dir: &Path, token: &Token) -> PathBuf {
        dir.join(format!("{token}.part"))
    }

    pub(crate) fn load(dir: &Path, token: &Token) -> io::Result<Found> {
        let file = match File::open(Self::path(dir, token)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Missing),
            Err(error) => return Err(error),
        };
        let modified = file.metadata()?.modified()?;
        let mut text = Vec::new();
        file.take(LARGEST).read_to_end(&mut text)?;
        match serde_json::from_slice::<Self>(&text) {
            Ok(sidecar) if sidecar.format == FORMAT && sidecar.token == *token => Ok(Found::Known(Box::new(sidecar))),
            _ => Ok(Found::Unknown { silent: unix(modified).abs_diff(unix_now()) > STALE_AFTER }),
        }
    }

    /// Writes by temporary file and rename: a reader sees the old or the new text. One owner writes each sidecar, so
    /// the temporary name needs no chance in it.
    pub(crate) fn save(&self, dir: &Path) -> io::Result<()> {
        let path = Self::path(dir, &self.token);
        let fresh = dir.join(format!("{}.tmp", self.token));
        let text = serde_json::to_vec(self)?;
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)
            .and_then(|mut file| file.write_all(&text))
            .and_then(|()| fs::rename(&fresh, path));
        if written.is_err() {
            let _ = fs::remove_file(&fresh);
        }
        written
    }

    /// As [`Self::save`], but where that fails (a full disk) in place: the block is already ours. Torn text reads as
    /// unknown, which is safe.
    pub(crate) fn save_last(&self, dir: &Path) -> io::Result<()> {
        self.save(dir).or_else(|_| {
            let text = serde_json::to_vec(self)?;
            let mut file = OpenOptions::new().write(true).open(Self::path(dir, &self.token))?;
            file.write_all(&text)?;
            file.set_len(text.len() as u64)
        })
    }

    pub(crate) fn verdict(&self, me: &Owner) -> Verdict {
        verdict(&self.owner, self.state, self.heartbeat, me, unix_now(), |owner| {
            identity::liveness(owner, self.token.as_str(), me)
        })
    }
}

pub(crate) fn unix_now() -> u64 {
    unix(SystemTime::now())
}

pub(crate) fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
