//! One artifact: to its place, and a report of how it went.

use std::{
    future::Future,
    io::{self, Write as _},
    path::{Path, PathBuf},
    pin::Pin,
    rc::Rc,
};

use towline_client::Url;
use towline_fetch::{Artifact, Done, Event, FetchError, Fetcher, Goal, Held};
use towline_store::{Digest, Placed, StoreError};
use towline_transfer::{Attempt, Cause};

use crate::exit::{Code, Error};
use crate::report::{Job, Tree};

/// One file, and where it goes.
pub(crate) struct Plan {
    pub(crate) artifact: Artifact,
    pub(crate) goal: Goal,
    /// The URLs as they may be shown: without credentials and query.
    pub(crate) shown: Vec<String>,
    /// A file that is on the disk already.
    pub(crate) local: Option<PathBuf>,
    /// What its bytes must be besides the artifact's digest.
    pub(crate) besides: Besides,
    /// Where to look when none of the URLs has it.
    pub(crate) elsewhere: Option<Elsewhere>,
}

/// Digests besides the one that an artifact is found by. They are looked at before it is seen at its place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Besides {
    /// All of these have to be right.
    pub(crate) all: Vec<Digest>,
    /// One of these has to be right, where there are any: nothing says which.
    pub(crate) any: Vec<Digest>,
}

/// Finds the same file in another place.
pub(crate) type Elsewhere = Rc<dyn Fn() -> Pin<Box<dyn Future<Output = Other>>>>;

/// Other places of a file.
#[derive(Debug, Default)]
pub(crate) struct Other {
    /// URLs, each with its text as it may be shown.
    pub(crate) urls: Vec<(Url, String)>,
    /// A file of this machine.
    pub(crate) file: Option<PathBuf>,
}

/// How it ended.
pub(crate) struct Ended {
    pub(crate) code: Code,
    pub(crate) was_there: bool,
    pub(crate) error: Option<String>,
}

impl Ended {
    pub(crate) const fn failed(code: Code, error: String) -> Self {
        Self { code, was_there: false, error: Some(error) }
    }
}

/// Brings a file and reports how it went.
pub(crate) async fn bring(fetcher: &Fetcher, plan: &Plan, job: &Job) -> Ended {
    let (result, log) = obtain(fetcher, plan, job).await;
    let told = match result {
        Ok(done) => tell(done, plan, job).await,
        Err(error) => Err(error),
    };
    match told {
        Ok(was_there) => Ended { code: Code::Ok, was_there, error: None },
        Err(error) => {
            job.failed(&error, &log, plan.local.is_none() && keeps(&error));
            Ended::failed(error.code(), error.to_string())
        }
    }
}

async fn obtain(fetcher: &Fetcher, plan: &Plan, job: &Job) -> (Result<Done, Error>, Vec<Attempt>) {
    if let Some(file) = &plan.local {
        return (local(fetcher, plan, file, job).await, Vec::new());
    }
    if plan.besides.is_empty() {
        return brought(fetcher, plan, &plan.goal, job).await;
    }
    match was_there(fetcher, plan, job).await {
        Ok(None) => {}
        Ok(Some(done)) => return (Ok(done), Vec::new()),
        Err(error) => return (Err(error), Vec::new()),
    }
    // It gets no name before everything is right.
    let (result, log) = brought(fetcher, plan, &Goal::Held, job).await;
    match result {
        Ok(Done::Held(held)) => (settle(fetcher, plan, *held, job).await, log),
        result => (result, log),
    }
}

fn named(plan: &Plan) -> impl Fn(FetchError) -> Error {
    let name = plan.artifact.name.clone();
    move |error| Error::Fetch { name: name.clone(), error }
}

/// A file of this machine.
async fn local(fetcher: &Fetcher, plan: &Plan, file: &Path, job: &Job) -> Result<Done, Error> {
    let observe = |event: Event<'_>| job.observe(&event);
    if !plan.besides.is_empty() {
        let (path, besides) = (file.to_path_buf(), plan.besides.clone());
        let failed = |source| Error::Read { path: file.to_path_buf(), source };
        let judged = blocking(move || besides.judge(&std::fs::File::open(path)?)).await.map_err(failed)?;
        judged.map_err(|wrong| wrong.error(&plan.artifact.name))?;
    }
    let done = match &plan.goal {
        Goal::File(dest) => fetcher.copy_file(file, &plan.artifact, dest, observe).await,
        goal => fetcher.unpack_file(file, &plan.artifact, goal, observe).await,
    };
    done.map_err(named(plan))
}

/// From its URLs, and where none of them has it from elsewhere.
async fn brought(fetcher: &Fetcher, plan: &Plan, goal: &Goal, job: &Job) -> (Result<Done, Error>, Vec<Attempt>) {
    let observe = |event: Event<'_>| job.observe(&event);
    let mut outcome = fetcher.fetch(&plan.artifact, goal, observe).await;
    let (Some(elsewhere), true) = (&plan.elsewhere, is_missing(&outcome)) else {
        return (outcome.result.map_err(named(plan)), outcome.log);
    };
    let Other { urls, file } = elsewhere().await;
    if let Some(file) = file {
        job.elsewhere(vec![file.display().to_string()]);
        return (local(fetcher, plan, &file, job).await, outcome.log);
    }
    if urls.is_empty() {
        let name = plan.artifact.name.clone();
        return (outcome.result.map_err(|error| Error::Gone { name, error }), outcome.log);
    }
    let (urls, shown): (Vec<Url>, Vec<String>) = urls.into_iter().unzip();
    job.elsewhere(shown);
    let artifact = Artifact { urls, ..plan.artifact.clone() };
    let again = fetcher.fetch(&artifact, goal, observe).await;
    outcome.log.extend(again.log);
    (again.result.map_err(named(plan)), outcome.log)
}

/// What an earlier run has put there.
async fn was_there(fetcher: &Fetcher, plan: &Plan, job: &Job) -> Result<Option<Done>, Error> {
    match &plan.goal {
        Goal::File(path) if path.is_file() => {
            let (path, besides, digest) = (path.clone(), plan.besides.clone(), plan.artifact.digest.clone());
            let right = blocking(move || {
                let file = std::fs::File::open(path)?;
                let first = digest.is_none_or(|digest| digest_of(&file, &digest).is_ok_and(|found| found == digest));
                Ok(first && besides.judge(&file)?.is_ok())
            });
            Ok(right.await.unwrap_or(false).then_some(Done::WasThere))
        }
        Goal::Tree { .. } => {
            let there = fetcher.there(&plan.artifact, &plan.goal, &|event| job.observe(&event)).await;
            there.map_err(named(plan))
        }
        _ => Ok(None),
    }
}

/// Looks at the digests of a file that came, and puts it, or its tree, where it belongs.
async fn settle(fetcher: &Fetcher, plan: &Plan, held: Held, job: &Job) -> Result<Done, Error> {
    let write = |source| Error::Write { path: PathBuf::from(&plan.artifact.name), source };
    let besides = plan.besides.clone();
    let judged = blocking(move || Ok((besides.judge(&held.file)?, held))).await.map_err(write)?;
    let (digest, held) = match judged {
        (Ok(digest), held) => (digest, held),
        (Err(wrong), held) => {
            held.used();
            return Err(wrong.error(&plan.artifact.name));
        }
    };
    let at = match &plan.goal {
        Goal::Tree { at, .. } => passing(at),
        Goal::File(path) => path.clone(),
        _ => return Ok(Done::Held(Box::new(held))),
    };
    held.persist(&at).map_err(named(plan))?;
    if let Goal::File(_) = plan.goal {
        return Ok(Done::File);
    }
    let artifact = Artifact { digest: plan.artifact.digest.clone().or(digest), ..plan.artifact.clone() };
    let done = fetcher.unpack_file(&at, &artifact, &plan.goal, |event| job.observe(&event)).await;
    // It was ours alone, and is of no use any more.
    let _ = std::fs::remove_file(&at);
    done.map_err(named(plan))
}

/// A digest that is not what it has to be.
enum Wrong {
    Is { expected: Digest, found: Digest },
    NoneOf(Digest),
}

impl Wrong {
    fn error(self, name: &str) -> Error {
        let name = name.to_owned();
        match self {
            Self::Is { expected, found } => Error::Fetch { name, error: FetchError::Digest { expected, found } },
            Self::NoneOf(found) => Error::NoneOf { name, found },
        }
    }
}

impl Besides {
    const fn is_empty(&self) -> bool {
        self.all.is_empty() && self.any.is_empty()
    }

    /// The digest of those it may have, where there are any, that it has.
    fn judge(&self, file: &std::fs::File) -> io::Result<Result<Option<Digest>, Wrong>> {
        for expected in &self.all {
            let found = digest_of(file, expected)?;
            if found != *expected {
                return Ok(Err(Wrong::Is { expected: expected.clone(), found }));
            }
        }
        let mut wrong = None;
        for expected in &self.any {
            let found = digest_of(file, expected)?;
            if found == *expected {
                return Ok(Ok(Some(found)));
            }
            wrong = Some(Wrong::NoneOf(found));
        }
        Ok(wrong.map_or(Ok(None), Err))
    }
}

fn digest_of(file: &std::fs::File, like: &Digest) -> io::Result<Digest> {
    Digest::of(like.algorithm(), At { file, at: 0 })
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other).and_then(|done| done)
}

/// Beside a tree that is to come.
fn passing(at: &Path) -> PathBuf {
    let name = at.file_name().unwrap_or_default().to_string_lossy();
    at.with_file_name(format!(".towline-{}-{name}", std::process::id()))
}

/// A file from some offset on; its own position stays.
struct At<'a> {
    file: &'a std::fs::File,
    at: u64,
}

impl io::Read for At<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = std::os::unix::fs::FileExt::read_at(self.file, into, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Whether an origin said that it has no such file, and no other had it.
fn is_missing(outcome: &towline_fetch::Outcome) -> bool {
    let gone = |attempt: &Attempt| matches!(attempt.status(), Some(404 | 410));
    matches!(&outcome.result, Err(FetchError::Transfer(failure)) if !matches!(failure.cause, Cause::Mismatch { .. }))
        && outcome.log.iter().any(gone)
}

/// Whether the next run gets further with the bytes that are there.
const fn keeps(error: &Error) -> bool {
    match error {
        Error::Fetch { error: FetchError::Transfer(failure), .. } => !matches!(failure.cause, Cause::Mismatch { .. }),
        Error::Fetch { error: FetchError::Archive(_) | FetchError::Store(StoreError::Exists { .. }), .. }
        | Error::Fetch { error: FetchError::Digest { .. }, .. }
        | Error::NoneOf { .. } => false,
        _ => true,
    }
}

/// Says whether it was there already.
async fn tell(done: Done, plan: &Plan, job: &Job) -> Result<bool, Error> {
    match (done, &plan.goal) {
        (Done::WasThere, Goal::File(path)) => {
            job.was_there(path);
            return Ok(true);
        }
        (Done::Held(held), _) => {
            to_stdout(held).await?;
            job.finished(Path::new("standard output"));
        }
        (Done::Tree { unpacked, placed }, Goal::Tree { at, .. }) => {
            let (files, links, bytes) = (unpacked.files, unpacked.links, unpacked.bytes);
            let was_there = placed == Placed::Was;
            job.finished_tree(at, &Tree { files, links, bytes, was_there });
            return Ok(was_there);
        }
        (_, Goal::File(path) | Goal::Tree { at: path, .. }) => job.finished(path),
        _ => {}
    }
    Ok(false)
}

/// Writes a file to standard output, and makes sure that it is there: errors at the end of the process are not told.
async fn to_stdout(held: Box<Held>) -> Result<(), Error> {
    let written = tokio::task::spawn_blocking(move || {
        let mut held = held;
        let mut out = io::stdout().lock();
        let copied = io::copy(&mut held.file, &mut out)?;
        out.flush()?;
        if copied != held.len {
            return Err(io::Error::other(format!("only {copied} of {} bytes were there", held.len)));
        }
        held.used();
        Ok(())
    });
    written.await.map_err(io::Error::other).and_then(|done| done).map_err(Error::Stdout)
}
