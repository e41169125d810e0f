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
use towline_transfer::{Attempt, Cause, Fault};

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

/// Digests besides the one that an artifact is found by. They are looked at when the file is there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Besides {
    /// All of these have to be right.
    pub(crate) all: Vec<Digest>,
    /// One of these has to be right, where there are any: nothing says which.
    pub(crate) any: Vec<Digest>,
}

/// Finds URLs, each with its text as it may be shown.
pub(crate) type Elsewhere = Rc<dyn Fn() -> Pin<Box<dyn Future<Output = Vec<(Url, String)>>>>>;

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
    let observe = |event: Event<'_>| job.observe(&event);
    let named = |error| Error::Fetch { name: plan.artifact.name.clone(), error };
    if !plan.besides.any.is_empty() {
        return any_of(fetcher, plan, job).await;
    }
    if let Some(file) = &plan.local {
        let done = match &plan.goal {
            Goal::File(dest) => fetcher.copy_file(file, &plan.artifact, dest, observe).await,
            goal => fetcher.unpack_file(file, &plan.artifact, goal, observe).await,
        };
        return (done.map_err(named), Vec::new());
    }
    let mut outcome = fetcher.fetch(&plan.artifact, &plan.goal, observe).await;
    if let (Some(elsewhere), true) = (&plan.elsewhere, is_missing(&outcome.result)) {
        let (urls, shown): (Vec<Url>, Vec<String>) = elsewhere().await.into_iter().unzip();
        if !urls.is_empty() {
            job.elsewhere(shown);
            let artifact = Artifact { urls, ..plan.artifact.clone() };
            let again = fetcher.fetch(&artifact, &plan.goal, observe).await;
            outcome.result = again.result;
            outcome.log.extend(again.log);
        }
    }
    let result = match outcome.result {
        Ok(Done::File) => besides(plan).await.map(|()| Done::File),
        result => result.map_err(named),
    };
    (result, outcome.log)
}

/// Brings a file of which several digests are allowed and nothing says which it has: it gets no name before one is right.
async fn any_of(fetcher: &Fetcher, plan: &Plan, job: &Job) -> (Result<Done, Error>, Vec<Attempt>) {
    let named = |error| Error::Fetch { name: plan.artifact.name.clone(), error };
    let any = plan.besides.any.clone();
    if let Goal::File(path) = &plan.goal
        && any.iter().any(|digest| Digest::of_file(digest.algorithm(), path).is_ok_and(|found| found == *digest))
    {
        return (Ok(Done::WasThere), Vec::new());
    }
    if let Some(file) = &plan.local {
        let right = any.iter().find(|digest| Digest::of_file(digest.algorithm(), file).is_ok_and(|it| it == **digest));
        let artifact = Artifact { digest: right.or(any.first()).cloned(), ..plan.artifact.clone() };
        let observe = |event: Event<'_>| job.observe(&event);
        let done = match &plan.goal {
            Goal::File(dest) => fetcher.copy_file(file, &artifact, dest, observe).await,
            goal => fetcher.unpack_file(file, &artifact, goal, observe).await,
        };
        return (done.map_err(named), Vec::new());
    }
    let outcome = fetcher.fetch(&plan.artifact, &Goal::Held, |event| job.observe(&event)).await;
    let result = match outcome.result {
        Ok(Done::Held(held)) => settle(fetcher, plan, *held, any, job).await,
        result => result.map_err(named),
    };
    (result, outcome.log)
}

async fn settle(fetcher: &Fetcher, plan: &Plan, held: Held, any: Vec<Digest>, job: &Job) -> Result<Done, Error> {
    let named = |error| Error::Fetch { name: plan.artifact.name.clone(), error };
    let reading = tokio::task::spawn_blocking(move || {
        let mut found = None;
        for digest in &any {
            let it = Digest::of(digest.algorithm(), At { file: &held.file, at: 0 })?;
            if it == *digest {
                return Ok((held, Ok(it)));
            }
            found = Some(it);
        }
        found.map(|found| (held, Err(found))).ok_or_else(|| io::Error::other("no digest was asked for"))
    });
    let read = reading.await.map_err(io::Error::other).and_then(|read| read);
    let write = |source| Error::Write { path: PathBuf::from(&plan.artifact.name), source };
    let digest = match read.map_err(write)? {
        (held, Ok(digest)) => {
            let at = match &plan.goal {
                Goal::Tree { at, .. } => passing(at),
                Goal::File(path) => path.clone(),
                _ => return Ok(Done::Held(Box::new(held))),
            };
            held.persist(&at).map_err(named)?;
            if let Goal::File(_) = plan.goal {
                return Ok(Done::File);
            }
            (at, digest)
        }
        (held, Err(found)) => {
            held.used();
            return Err(Error::NoneOf { name: plan.artifact.name.clone(), found });
        }
    };
    let (at, digest) = digest;
    let artifact = Artifact { digest: Some(digest), ..plan.artifact.clone() };
    let done = fetcher.unpack_file(&at, &artifact, &plan.goal, |event| job.observe(&event)).await;
    // It was ours alone, and is of no use any more.
    let _ = std::fs::remove_file(&at);
    done.map_err(named)
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

/// Looks at the other digests of a file that has its first one. One that is wrong means that the lock contradicts itself.
async fn besides(plan: &Plan) -> Result<(), Error> {
    let (Goal::File(path), false) = (&plan.goal, plan.besides.all.is_empty()) else { return Ok(()) };
    let (path, all) = (path.clone(), plan.besides.all.clone());
    let reading = tokio::task::spawn_blocking(move || {
        for expected in all {
            let found = Digest::of_file(expected.algorithm(), &path)?;
            if found != expected {
                let _ = std::fs::remove_file(&path);
                return Err(FetchError::Digest { expected, found });
            }
        }
        Ok(())
    });
    let read = reading.await.map_err(|error| FetchError::Runtime(io::Error::other(error))).and_then(|read| read);
    read.map_err(|error| Error::Fetch { name: plan.artifact.name.clone(), error })
}

const fn is_missing(result: &Result<Done, FetchError>) -> bool {
    matches!(
        result,
        Err(FetchError::Transfer(towline_transfer::Failure {
            cause: Cause::NoUrl(Fault::Status { code: 404 | 410, .. }),
            ..
        }))
    )
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
