//! Becoming the one who fetches an artifact, with what others left of it.

use std::{
    cmp::Reverse,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::{
    Follower, Key, Spool, Store, StoreError,
    election::{self, Chain},
    ownership::{Owner, Phase, Verdict},
    persist,
    registry::Held,
    sidecar::{Found, Sidecar, unix_now},
    token::Token,
};

/// More than a crowd of processes needs: each failed try means that another one succeeded.
const TRIES: u32 = 200;

/// Who fetches an artifact.
#[derive(Debug)]
#[must_use]
pub enum Claim {
    /// The caller does. The spool may hold bytes of earlier runs: hash them again.
    Lead(Spool),
    /// Somebody alive does, in this process or another.
    Follow(Follower),
}

impl Store {
    /// Claims an artifact. Never blocks; of any number of processes that claim at once, one leads.
    ///
    /// # Errors
    /// On failures of the disk.
    pub fn claim(&self, key: &Key) -> Result<Claim, StoreError> {
        self.prepare()?;
        let dir = self.partial().join(key.as_str());
        let me = Owner::current();
        for _ in 0..TRIES {
            self.make_dir(&dir)?;
            match election::walk(&dir, &me).map_err(|error| StoreError::at("read", &dir, error))? {
                Chain::Led(token) => return Ok(Claim::Follow(Follower::new(dir, token, me)?)),
                Chain::Vacant { link, passed } => {
                    let candidate = Candidate::new(&dir, key, &me, link);
                    match candidate.run(&passed) {
                        Ok(Some(spool)) => return Ok(Claim::Lead(spool)),
                        Ok(None) => {}
                        // Swept away between two steps.
                        Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        Err(StoreError::Contended { path: dir, tries: TRIES })
    }
}

struct Candidate<'a> {
    dir: &'a Path,
    me: &'a Owner,
    link: PathBuf,
    sidecar: Sidecar,
    /// Given over to the spool.
    held: Option<Held>,
    /// The partial file exists: nothing may be taken back any more.
    settled: bool,
}

impl<'a> Candidate<'a> {
    fn new(dir: &'a Path, key: &Key, me: &'a Owner, link: PathBuf) -> Self {
        let token = Token::random();
        let held = Some(Held::new(token.clone()));
        let sidecar = Sidecar::new(key, token, me.clone());
        Self { dir, me, link, sidecar, held, settled: false }
    }

    fn run(mut self, passed: &[Token]) -> Result<Option<Spool>, StoreError> {
        // Before anything bears the token: who finds it must find that its owner lives.
        self.save()?;
        if !self.elected().map_err(|error| StoreError::at("claim", self.dir, error))? {
            return Ok(None);
        }
        let (file, len) = self.adopt()?;
        // A failure here costs the next claim some steps, no more.
        let _ = election::shorten(self.dir, &self.sidecar.token, passed);
        let Some(held) = self.held.take() else { return Ok(None) };
        Ok(Some(Spool::new(self.dir.to_path_buf(), self.sidecar.clone(), file, len, held)))
    }

    fn save(&self) -> Result<(), StoreError> {
        let path = Sidecar::path(self.dir, &self.sidecar.token);
        self.sidecar.save(self.dir).map_err(|error| StoreError::at("write the sidecar", &path, error))
    }

    /// Two walks: the second makes sure that the link still hangs on the chain that others see.
    fn elected(&self) -> io::Result<bool> {
        match election::stand(&self.link, &self.sidecar.token) {
            Ok(true) => {}
            // No symbolic links here: every claim leads, each with a file of its own.
            Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied) => {
                return Ok(true);
            }
            Err(error) => return Err(error),
            // A repeated request on a network file system may have succeeded the first time: the walk decides.
            Ok(false) => {}
        }
        let chain = election::walk(self.dir, self.me)?;
        Ok(matches!(chain, Chain::Led(token) if token == self.sidecar.token))
    }

    /// Takes over the longest partial file that may be had, or starts one.
    fn adopt(&mut self) -> Result<(File, u64), StoreError> {
        let mine = Sidecar::part(self.dir, &self.sidecar.token);
        let opened = |error| StoreError::at("open", &mine, error);
        let mut found = self.leftovers().map_err(|error| StoreError::at("read", self.dir, error))?;
        found.sort_by_key(|left| Reverse((left.len, left.verdict == Verdict::Orphan)));
        let mut taken = false;
        for left in &found {
            let path = Sidecar::part(self.dir, &left.sidecar.token);
            if taken {
                if left.verdict == Verdict::Orphan {
                    self.drop_leftover(left, &path);
                }
                continue;
            }
            // The note goes first: a crash in between must not leave bytes that nobody knows anything about.
            self.sidecar.note = left.sidecar.note.clone();
            if left.verdict == Verdict::Stale {
                // Another boot or host: a crash of the system may have put zeros for bytes. With a digest that shows;
                // without, the caller must compare, and does where there is no validator.
                self.sidecar.note.validator = None;
            }
            self.save()?;
            taken = match left.verdict {
                Verdict::Orphan => self.rename(left, &path, &mine)?,
                Verdict::Stale => self.copy(left, &path, &mine)?,
                Verdict::Live => false,
            };
            if taken && left.verdict == Verdict::Stale && left.is_given_up() {
                self.drop_leftover(left, &path);
            }
        }
        if !taken {
            self.sidecar.note = crate::Note::default();
            self.save()?;
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&mine)
            .map_err(opened)?;
        self.settled = true;
        let len = file.metadata().map_err(opened)?.len();
        Ok((file, len))
    }

    fn leftovers(&self) -> io::Result<Vec<Leftover>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.dir)? {
            let entry = entry?;
            let name = entry.file_name();
            let token = name.to_str().and_then(|name| name.strip_suffix(".part")).and_then(Token::parse);
            let Some(token) = token.filter(|token| *token != self.sidecar.token) else { continue };
            // Without a sidecar that can be read nobody knows who may still write: such bytes are left alone.
            let Found::Known(sidecar) = Sidecar::load(self.dir, &token)? else { continue };
            let verdict = sidecar.verdict(self.me);
            let metadata = match entry.metadata() {
                Ok(metadata) if metadata.is_file() => metadata,
                _ => continue,
            };
            if verdict != Verdict::Live {
                found.push(Leftover { sidecar: *sidecar, verdict, len: metadata.len() });
            }
        }
        Ok(found)
    }

    /// One adopter wins the rename. Only the owner of the old name ever wrote to that file, and it is gone.
    fn rename(&mut self, left: &Leftover, path: &Path, mine: &Path) -> Result<bool, StoreError> {
        match fs::rename(path, mine) {
            Ok(()) => {
                self.settled = true;
                let _ = fs::remove_file(Sidecar::path(self.dir, &left.sidecar.token));
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::at("take over", path, error)),
        }
    }

    /// The owner may be alive behind a broken network: its file is only read, and what was copied counts only if it
    /// gave no sign meanwhile.
    fn copy(&self, left: &Leftover, path: &Path, mine: &Path) -> Result<bool, StoreError> {
        let source = match File::open(path) {
            Ok(source) => source,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(StoreError::at("open", path, error)),
        };
        let copied = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(mine)
            .and_then(|mut file| persist::duplicate(&source, &mut file, left.len))
            .map_err(|error| StoreError::at("copy an earlier partial file to", mine, error).needing(Some(left.len)));
        let still =
            matches!(Sidecar::load(self.dir, &left.sidecar.token), Ok(Found::Known(now)) if *now == left.sidecar);
        if copied.is_err() || !still {
            let _ = fs::remove_file(mine);
        }
        copied.map(|_| still)
    }

    fn drop_leftover(&self, left: &Leftover, path: &Path) {
        let _ = fs::remove_file(path);
        let _ = fs::remove_file(Sidecar::path(self.dir, &left.sidecar.token));
    }
}

struct Leftover {
    sidecar: Sidecar,
    verdict: Verdict,
    len: u64,
}

/// Seconds without a sign after which nobody comes back to a partial file that was copied meanwhile. Kept, each interrupted job
/// on a shared disk would leave a whole copy.
const GIVEN_UP: u64 = 3600;

impl Leftover {
    /// Its owner has let go of it, or has been silent for long.
    fn is_given_up(&self) -> bool {
        matches!(self.sidecar.state, Phase::Stopped | Phase::Failed)
            || unix_now().abs_diff(self.sidecar.heartbeat) > GIVEN_UP
    }
}

impl Drop for Candidate<'_> {
    fn drop(&mut self) {
        if self.settled {
            // Failed behind the point of no return: others must not take this process for its owner.
            if self.held.is_some() {
                self.sidecar.state = Phase::Stopped;
                let _ = self.sidecar.save_last(self.dir);
            }
        } else {
            election::step_down(&self.link, &self.sidecar.token);
            let _ = fs::remove_file(Sidecar::path(self.dir, &self.sidecar.token));
        }
    }
}
