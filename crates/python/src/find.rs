//! Finds the interpreter that is wanted.
//!
//! Where is looked, in this order, which is uv's (without its managed interpreters):
//!
//! 1. the active virtual environment (`VIRTUAL_ENV`);
//! 2. the active conda environment (`CONDA_PREFIX`), unless it is conda's base;
//! 3. an environment in the working directory or in a folder above it: `.venv`, or the folder itself;
//! 4. conda's base environment, if it is active;
//! 5. the folders of the search path (`PATH`), in their order; in each the most telling name first (for 3.12: `python3.12`,
//!    `python3`, `python`), and the names of other implementations only after everything else, unless one is asked for.
//!
//! The first that fits is taken. From the search path a pre-release is taken only if it is asked for or nothing else fits.

mod candidates;
mod surroundings;

use std::{collections::HashSet, fmt, path::PathBuf};

pub use candidates::{Candidate, Source};
pub use surroundings::Surroundings;

use crate::{Interpreter, Mismatch, ProbeError, Prober, Request};

/// Finds interpreters and asks them.
#[derive(Debug)]
pub struct Finder<'a> {
    surroundings: &'a Surroundings,
    prober: &'a Prober,
}

/// An interpreter, and where it was found.
#[derive(Debug)]
pub struct Found {
    /// The interpreter.
    pub interpreter: Interpreter,
    /// Where it was found.
    pub source: Source,
}

/// No interpreter was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// The path that was given leads nowhere.
    #[error("there is nothing at {}: name a Python, or the folder of an environment", .path.display())]
    NotThere {
        /// The path.
        path: PathBuf,
    },
    /// The folder that was given is no environment.
    #[error("the folder {} is no Python environment: it has no {}", .path.display(), candidates::IN_ENVIRONMENTS.join(", no "))]
    NoEnvironment {
        /// The folder.
        path: PathBuf,
    },
    /// The interpreter that was given does not answer.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// The active environment does not work. Another interpreter is not what its user expects.
    #[error("{source_of} does not work: {source}; make it anew, deactivate it, or name a Python")]
    Active {
        /// Where it was found.
        source_of: Source,
        /// Why not.
        source: ProbeError,
    },
    /// Nothing fits.
    #[error("no Python was found for `{request}`{}; name one by its path, or install one", Listing(.request, .tried))]
    Nothing {
        /// What was wanted.
        request: Request,
        /// What was looked at.
        tried: Vec<Tried>,
    },
}

/// A candidate that was not taken.
#[derive(Debug)]
pub struct Tried {
    /// What was looked at.
    pub candidate: Candidate,
    /// Why it was not taken.
    pub why: Rejection,
}

/// Why a candidate was not taken.
#[derive(Debug)]
pub enum Rejection {
    /// It does not answer.
    Broken(ProbeError),
    /// It is something else.
    Unfit {
        /// Such as `CPython 3.11.2`.
        what: String,
        /// What does not fit.
        mismatch: Mismatch,
    },
}

impl<'a> Finder<'a> {
    /// Looks in `surroundings`, and asks with `prober`.
    #[must_use]
    pub const fn new(surroundings: &'a Surroundings, prober: &'a Prober) -> Self {
        Self { surroundings, prober }
    }

    /// The interpreter that is wanted.
    ///
    /// One that is given by its path is taken whatever it is. An active environment that does not work is an error, and one
    /// that does not fit is passed over; everything else that does not work is passed over, too.
    ///
    /// # Errors
    /// [`FindError`]: it says what was looked at, and what was wrong with each.
    pub fn find(&self, request: &Request) -> Result<Found, FindError> {
        match request {
            Request::At(path) => self.given(self.surroundings.working_directory.join(path)),
            Request::Named(name) => self.named(name, request),
            Request::Any => self.first(candidates::anywhere(self.surroundings, None), request),
            Request::Fitting(wish) => self.first(candidates::anywhere(self.surroundings, Some(wish)), request),
        }
    }

    /// Every interpreter there is, in the order of [`find`](Self::find), with the candidates that do not answer. A script that
    /// starts an interpreter which is in the list already is left out.
    #[must_use]
    pub fn all(&self) -> Vec<(Candidate, Result<Interpreter, ProbeError>)> {
        let mut seen = HashSet::new();
        let mut all = Vec::new();
        for candidate in candidates::anywhere(self.surroundings, None) {
            let answer = self.prober.probe(&candidate.path);
            let new = |found: &Interpreter| seen.insert(candidates::identity(&found.executable));
            if answer.as_ref().ok().is_none_or(new) {
                all.push((candidate, answer));
            }
        }
        all
    }

    fn given(&self, path: PathBuf) -> Result<Found, FindError> {
        if !path.exists() {
            return Err(FindError::NotThere { path });
        }
        let executable = if path.is_dir() {
            candidates::in_environment(&path).ok_or(FindError::NoEnvironment { path })?
        } else {
            path
        };
        let interpreter = self.prober.probe(&executable)?;
        Ok(Found { interpreter, source: Source::Given })
    }

    fn named(&self, name: &str, request: &Request) -> Result<Found, FindError> {
        let here = self.surroundings.working_directory.join(name);
        if here.is_dir() && candidates::in_environment(&here).is_some() {
            return self.given(here);
        }
        self.first(candidates::on_path(self.surroundings, &[name.to_owned()]), request)
    }

    fn first(&self, candidates: Vec<Candidate>, request: &Request) -> Result<Found, FindError> {
        let wish = if let Request::Fitting(wish) = request { Some(wish) } else { None };
        let mut tried = Vec::new();
        let mut early = None;
        for candidate in candidates {
            let source = candidate.source;
            let interpreter = match self.prober.probe(&candidate.path) {
                Ok(interpreter) => interpreter,
                Err(error) if source.is_active() => {
                    return Err(FindError::Active { source_of: source, source: error });
                }
                Err(error) => {
                    tried.push(Tried { candidate, why: Rejection::Broken(error) });
                    continue;
                }
            };
            if let Some(Err(mismatch)) = wish.map(|wish| wish.check(&interpreter)) {
                let what = interpreter.what();
                tried.push(Tried { candidate, why: Rejection::Unfit { what, mismatch } });
                continue;
            }
            let found = Found { interpreter, source };
            let welcome = !found.interpreter.version.any_prerelease()
                || source != Source::SearchPath
                || wish.is_some_and(|wish| wish.names_a_prerelease());
            if welcome {
                return Ok(found);
            }
            early.get_or_insert(found);
        }
        early.ok_or_else(|| FindError::Nothing { request: request.clone(), tried })
    }
}

/// What was looked at, for an error.
struct Listing<'a>(&'a Request, &'a [Tried]);

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        let Self(request, tried) = self;
        if tried.is_empty() {
            return f.write_str(match request {
                Request::Named(_) => ": no folder here and no program of the search path has that name",
                _ => ": there is none in an active environment, in .venv, or on the search path",
            });
        }
        for (number, tried) in tried.iter().take(SHOWN).enumerate() {
            f.write_str(if number == 0 { ": " } else { "; " })?;
            let Candidate { path, source } = &tried.candidate;
            match &tried.why {
                Rejection::Broken(error) => write!(f, "{source}: {error}")?,
                Rejection::Unfit { what, mismatch } => {
                    write!(f, "{} ({source}) is {what}: {mismatch}", path.display())?;
                }
            }
        }
        let more = self.1.len().saturating_sub(SHOWN);
        if more > 0 { write!(f, "; and {more} more") } else { Ok(()) }
    }
}
