//! One artifact: to its place, and a report of how it went.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use towline_fetch::{Artifact, Done, Event, FetchError, Fetcher, Goal, Held};
use towline_store::{Placed, StoreError};
use towline_transfer::Cause;

use crate::exit::{Code, Error};
use crate::report::{Job, Tree};

/// One file, and where it goes.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) artifact: Artifact,
    pub(crate) goal: Goal,
    /// The URLs as they may be shown: without credentials and query.
    pub(crate) shown: Vec<String>,
    /// A file that is on the disk already.
    pub(crate) local: Option<PathBuf>,
}

/// Brings a file and reports how it went.
pub(crate) async fn bring(fetcher: &Fetcher, plan: &Plan, job: &Job) -> Code {
    let observe = |event: Event<'_>| job.observe(&event);
    let (result, log) = match &plan.local {
        Some(file) => (fetcher.unpack_file(file, &plan.artifact, &plan.goal, observe).await, Vec::new()),
        None => {
            let outcome = fetcher.fetch(&plan.artifact, &plan.goal, observe).await;
            (outcome.result, outcome.log)
        }
    };
    let told = match result {
        Ok(done) => tell(done, plan, job).await,
        Err(error) => Err(Error::Fetch { name: plan.artifact.name.clone(), error }),
    };
    let Err(error) = told else { return Code::Ok };
    job.failed(&error, &log, plan.local.is_none() && keeps(&error));
    error.code()
}

/// Whether the next run gets further with the bytes that are there.
const fn keeps(error: &Error) -> bool {
    match error {
        Error::Fetch { error: FetchError::Transfer(failure), .. } => !matches!(failure.cause, Cause::Mismatch { .. }),
        Error::Fetch { error: FetchError::Archive(_) | FetchError::Store(StoreError::Exists { .. }), .. } => false,
        _ => true,
    }
}

async fn tell(done: Done, plan: &Plan, job: &Job) -> Result<(), Error> {
    match (done, &plan.goal) {
        (Done::WasThere, Goal::File(path)) => job.was_there(path),
        (Done::Held(held), _) => {
            to_stdout(held).await?;
            job.finished(Path::new("standard output"));
        }
        (Done::Tree { unpacked, placed }, Goal::Tree { at, .. }) => {
            let (files, links, bytes) = (unpacked.files, unpacked.links, unpacked.bytes);
            job.finished_tree(at, &Tree { files, links, bytes, was_there: placed == Placed::Was });
        }
        (_, Goal::File(path) | Goal::Tree { at: path, .. }) => job.finished(path),
        _ => {}
    }
    Ok(())
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
