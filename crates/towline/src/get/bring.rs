//! One file: from the cache or another process, else from the network, to its place.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use towline_client::{Client, Event, Wanted, clock};
use towline_store::{Claim, Digest, Follower, Hasher, Note, Outcome, Spool, State, Store, StoreError};
use towline_transfer::{Attempt, Cause, Failure};

use super::plan::{Place, Plan};
use super::sink::SpoolSink;
use crate::exit::{Code, Error, chain};
use crate::report::Job;

/// How often the spool of another process is looked at.
const POLL: Duration = Duration::from_millis(50);
/// How often others are told that we are alive while nothing comes.
const BEAT: Duration = Duration::from_secs(20);

/// Brings a file and reports how it went.
pub(super) async fn bring(client: &Client, store: &Store, plan: &Plan, job: &Job) -> Code {
    let mut log = Vec::new();
    match try_bring(client, store, plan, job, &mut log).await {
        Ok(()) => Code::Ok,
        Err(error) => {
            let kept =
                !matches!(&error, Error::Transfer { failure, .. } if matches!(failure.cause, Cause::Mismatch { .. }));
            job.failed(&error, &log, kept);
            error.code()
        }
    }
}

async fn try_bring(
    client: &Client,
    store: &Store,
    plan: &Plan,
    job: &Job,
    log: &mut Vec<Attempt>,
) -> Result<(), Error> {
    if let Place::File(path) = &plan.place {
        can_be_file(path)?;
        make_folder(path)?;
    }
    if let (Place::File(path), Some(digest)) = (&plan.place, &plan.digest)
        && is_there(path, digest).await?
    {
        job.was_there(path);
        return Ok(());
    }
    loop {
        // It may have to copy what another host has left.
        let (from, key) = (store.clone(), plan.key.clone());
        let claim = tokio::task::spawn_blocking(move || from.claim(&key)).await;
        match claim.map_err(|error| Error::Runtime(io::Error::other(error)))?? {
            Claim::Lead(spool) => return lead(client, spool, plan, job, log).await,
            Claim::Follow(follower) => {
                let limit = client.policy().max_time;
                let following = follow(follower, plan, job);
                let done = match limit {
                    Some(limit) => clock::within(limit, following).await.unwrap_or_else(|| Err(late(plan, job, limit))),
                    None => following.await,
                };
                if done? {
                    return Ok(());
                }
            }
        }
    }
}

/// The time limit was over while another process was followed.
fn late(plan: &Plan, job: &Job, limit: Duration) -> Error {
    let (held, size) = job.reached();
    Error::Transfer { name: plan.name.clone(), failure: Failure { cause: Cause::MaxTime(limit), held, size } }
}

/// Nothing is brought for a destination that is something else than a file already.
fn can_be_file(path: &Path) -> Result<(), Error> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(Error::IsDirectory(path.to_path_buf())),
        Ok(found) if !found.is_file() => Err(StoreError::NotRegular { path: path.to_path_buf() }.into()),
        _ => Ok(()),
    }
}

/// Whether the destination is the file already.
async fn is_there(path: &Path, digest: &Digest) -> Result<bool, Error> {
    if !path.is_file() {
        return Ok(false);
    }
    let owned = path.to_path_buf();
    let hashed = tokio::task::spawn_blocking(move || hash(&owned)).await;
    let failed = |source| Error::Disk { what: "read", path: path.to_path_buf(), source };
    let found = hashed.map_err(io::Error::other).and_then(|found| found).map_err(failed)?;
    Ok(found == digest.hex())
}

fn hash(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path)?, &mut HashWriter(&mut hash))?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// `io::copy` with a large buffer would be faster; the page cache makes up for it.
struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Brings the file over the network, from what the spool holds on.
async fn lead(client: &Client, spool: Spool, plan: &Plan, job: &Job, log: &mut Vec<Attempt>) -> Result<(), Error> {
    let note = spool.note().clone();
    job.leads(spool.len(), note.size);
    let hasher = plan.digest.as_ref().map(|_| Hasher::follow(&spool).map(Arc::new)).transpose()?;
    let sources: Vec<String> =
        plan.urls.iter().map(|url| towline_store::Key::of_url(url.as_str()).as_str().to_owned()).collect();
    let validator = note.validator.clone().and_then(|validator| {
        let url = sources.iter().position(|source| Some(source) == note.validator_source.as_ref())?;
        Some((url, validator))
    });
    let wanted = Wanted {
        urls: plan.urls.clone(),
        size: None,
        digest: plan.digest.is_some(),
        learned_size: note.size,
        validator,
    };
    let spool = Rc::new(RefCell::new(spool));
    let fresh = Note { digest: plan.digest.clone(), name: Some(plan.name.clone()), ..note };
    let notes = Notes { spool: Rc::clone(&spool), sources, note: RefCell::new(fresh) };
    let mut sink = SpoolSink { spool: Rc::clone(&spool), wanted: hasher.zip(plan.digest.clone()) };
    let observe = |event: Event<'_>| {
        notes.take(&event);
        job.take(&event);
    };
    let fetch = client.fetch(wanted, &mut sink, observe);
    let outcome = tokio::select! {
        outcome = fetch => outcome,
        never = beat(&spool) => match never {},
    };
    let outcome = outcome.map_err(|error| Error::Url { url: plan.shown[0].clone(), detail: error.to_string() })?;
    *log = outcome.log;
    drop((sink, notes));
    let Some(spool) = Rc::into_inner(spool).map(RefCell::into_inner) else {
        return Err(Error::Runtime(io::Error::other("the spool is still in use")));
    };
    match outcome.result {
        Ok(()) => place(spool, plan, job).await,
        Err(failure) => {
            // Wrong bytes, or none: nothing to go on from.
            if matches!(failure.cause, Cause::Mismatch { .. }) || spool.is_empty() {
                // That it cannot be removed must not hide why the transfer failed.
                if let Err(error) = spool.discard() {
                    crate::report::say(&format!("warning: {}", chain(&error)));
                }
            } else {
                spool.release(Outcome::Failed);
            }
            Err(Error::Transfer { name: plan.name.clone(), failure })
        }
    }
}

/// Tells other processes that this one is alive while nothing comes.
async fn beat(spool: &RefCell<Spool>) -> std::convert::Infallible {
    loop {
        clock::pause(BEAT).await;
        // A disk that cannot take this will tell by the next append.
        let _ = spool.borrow_mut().beat();
    }
}

/// What the next run has to know, kept beside the bytes.
struct Notes {
    spool: Rc<RefCell<Spool>>,
    /// A name for each URL that gives nothing of it away.
    sources: Vec<String>,
    note: RefCell<Note>,
}

impl Notes {
    fn take(&self, event: &Event<'_>) {
        if matches!(event, Event::Grew { .. }) {
            return;
        }
        let mut note = self.note.borrow_mut();
        let before = note.clone();
        match event {
            Event::Answered { size } => note.size = *size,
            Event::Vouched { url, validator } => {
                note.validator = Some((*validator).to_owned());
                note.validator_source = self.sources.get(*url).cloned();
            }
            Event::Cut { .. } | Event::Unvouched => (note.validator, note.validator_source) = (None, None),
            _ => return,
        }
        if *note != before {
            // Only a later run misses it; the bytes are what counts.
            let _ = self.spool.borrow_mut().set_note(note.clone());
        }
    }
}

/// Puts a finished spool where it belongs.
async fn place(spool: Spool, plan: &Plan, job: &Job) -> Result<(), Error> {
    match &plan.place {
        Place::File(path) => {
            make_folder(path)?;
            let to = path.clone();
            let moved = tokio::task::spawn_blocking(move || spool.persist(to)).await;
            moved.map_err(|error| Error::Runtime(io::Error::other(error)))??;
            job.finished(path);
        }
        Place::Stdout => {
            let handed = tokio::task::spawn_blocking(move || {
                let mut spool = spool;
                // Others that follow have their own copy to make, and need not wait for whoever reads this output.
                let _ = spool.complete();
                let written = File::open(spool.path()).and_then(|from| to_stdout(from, spool.len()));
                if written.is_ok() {
                    spool.hand_over();
                }
                written
            });
            handed.await.map_err(io::Error::other).and_then(|done| done).map_err(Error::Stdout)?;
            job.finished(Path::new("standard output"));
        }
    }
    Ok(())
}

/// Writes `len` bytes to standard output, and makes sure that they are there: errors at the end of the process are not told.
fn to_stdout(mut from: impl io::Read, len: u64) -> io::Result<()> {
    use std::io::Write;
    let mut out = io::stdout().lock();
    let copied = io::copy(&mut from, &mut out)?;
    out.flush()?;
    if copied == len { Ok(()) } else { Err(io::Error::other(format!("only {copied} of {len} bytes were there"))) }
}

fn make_folder(path: &Path) -> Result<(), Error> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|source| Error::Disk { what: "create", path: folder.to_path_buf(), source })
}

/// Follows another process that brings the same file. `false`: it has stopped, and somebody has to take over.
async fn follow(mut follower: Follower, plan: &Plan, job: &Job) -> Result<bool, Error> {
    job.follows(0, follower.note().size);
    loop {
        match follower.poll()? {
            State::Growing { len } => job.grew(len, follower.note().size),
            State::Cut { at } => job.take(&Event::Cut { held: at }),
            State::OwnerGone | State::Failed => return Ok(false),
            State::Complete => break,
        }
        clock::pause(POLL).await;
    }
    match &plan.place {
        Place::File(path) => {
            make_folder(path)?;
            let (to, digest) = (path.clone(), plan.digest.clone());
            let copied = tokio::task::spawn_blocking(move || match digest {
                Some(digest) => follower.copy_verified(to, &digest),
                None => follower.copy_to(to),
            });
            match copied.await.map_err(|error| Error::Runtime(io::Error::other(error)))? {
                Ok(()) => {}
                // It went away under the copy, or was not what its owner had said: bring it ourselves.
                Err(StoreError::Changed { .. } | StoreError::Digest { .. }) => {
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            }
            let size = std::fs::metadata(path).map(|found| found.len()).ok();
            job.grew(size.unwrap_or_default(), size);
            job.finished(path);
        }
        Place::Stdout => {
            let digest = plan.digest.clone();
            let copied = tokio::task::spawn_blocking(move || follow_to_stdout(&follower, digest.as_ref()));
            let Some(size) = copied.await.map_err(|error| Error::Runtime(io::Error::other(error)))?? else {
                return Ok(false);
            };
            job.grew(size, Some(size));
            job.finished(Path::new("standard output"));
        }
    }
    Ok(true)
}

/// Copies what another process has brought to a file of our own, checks it there, and only then writes it out. `None`: it was
/// not what its owner had said.
fn follow_to_stdout(follower: &Follower, digest: Option<&Digest>) -> Result<Option<u64>, Error> {
    let folder = follower.path().parent().unwrap_or_else(|| Path::new("."));
    let copy = folder.join(format!("stdout-{}", std::process::id()));
    let copied = match digest {
        Some(digest) => follower.copy_verified(&copy, digest),
        None => follower.copy_to(&copy),
    };
    match copied {
        Ok(()) => {}
        Err(StoreError::Changed { .. } | StoreError::Digest { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let opened = File::open(&copy).and_then(|file| Ok((file.metadata()?.len(), file)));
    // The open file is enough, also if this process is killed.
    let _ = std::fs::remove_file(&copy);
    let (len, file) = opened.map_err(|source| Error::Disk { what: "read", path: copy, source })?;
    to_stdout(file, len).map_err(Error::Stdout)?;
    Ok(Some(len))
}
