//! Asks an interpreter what it is, within a time limit.
//!
//! It is run with `-I -S -B`: isolated from `PYTHON…` variables, the working directory and the user's packages (`-I`),
//! without `site`, so that neither sitecustomize nor a .pth file runs, which could fail, talk or hang (`-S`), and without
//! leaving .pyc files (`-B`). What `site` would have found out about a virtual environment, the script finds out itself.

mod answer;
mod run;

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use answer::Answer;
pub use run::Said;
use run::{Ended, Stream};
use uv_pep440::VersionParseError;
use uv_platform_tags::TagsError;

use crate::{Cache, Interpreter, cache::Key, platform::UnknownPlatform};

/// What the interpreter is given to run. Its answer is the last line that begins with [`MARK`]; what a wrapper says besides is
/// passed over.
pub(crate) const SCRIPT: &str = include_str!("probe/ask.py");
const MARK: &[u8] = b"@towline-probe ";

/// Variables that would change the answer although `-I` is given: macOS' launcher, and cross compilation.
const NOT_INHERITED: [&str; 4] =
    ["__PYVENV_LAUNCHER__", "_PYTHON_HOST_PLATFORM", "_PYTHON_PROJECT_BASE", "_PYTHON_SYSCONFIGDATA_NAME"];

/// Asks interpreters.
#[derive(Debug, Clone)]
pub struct Prober {
    limit: Duration,
    cache: Option<Cache>,
}

/// An interpreter has not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The file cannot be run.
    #[error("cannot run {}: {source}; {}", .path.display(), way_out(.source))]
    Start {
        /// What was to be run.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It was still running at the limit, and was killed.
    #[error(
        "{} did not answer within {limit:?} and was stopped{said}; it is no Python, or one that waits for something", .path.display()
    )]
    Hung {
        /// What was run.
        path: PathBuf,
        /// How long it had.
        limit: Duration,
        /// The beginning of what it said until then.
        said: Said,
    },
    /// It said more than any answer has, and was killed.
    #[error("{} printed more than {limit} bytes and was stopped{said}; it is no Python", .path.display())]
    TooMuch {
        /// What was run.
        path: PathBuf,
        /// How many bytes of one stream are read.
        limit: usize,
        /// The beginning of what it said.
        said: Said,
    },
    /// It ended with another exit status than 0.
    #[error("{} is no Python 3.6 or later that works: {status}{said}", .path.display())]
    Failed {
        /// What was run.
        path: PathBuf,
        /// How it ended, such as `exit status: 3` or `signal: 11 (SIGSEGV)`.
        status: String,
        /// The beginning of what it said.
        said: Said,
    },
    /// It ended well, and did not say what the script says.
    #[error("{} ran and gave no answer{said}; it is no Python", .path.display())]
    Rubbish {
        /// What was run.
        path: PathBuf,
        /// The beginning of what it said.
        said: Said,
    },
    /// An answer that cannot be read.
    #[error("the answer of {} cannot be read: {source}{said}", .path.display())]
    Answer {
        /// What was run.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
        /// The beginning of what it said.
        said: Said,
    },
    /// Python before 3.6.
    #[error("{} is Python {version}, and 3.6 is the oldest that is supported", .path.display())]
    TooOld {
        /// What was run.
        path: PathBuf,
        /// Its version.
        version: String,
    },
    /// A version that PEP 440 does not know.
    #[error("{} has a version that cannot be read: {source}", .path.display())]
    Version {
        /// What was run.
        path: PathBuf,
        /// What is wrong with it.
        source: VersionParseError,
    },
    /// A system or a processor that has no tags.
    #[error("{}: {source}", .path.display())]
    Platform {
        /// What was run.
        path: PathBuf,
        /// What is wrong with it.
        source: UnknownPlatform,
    },
    /// An implementation that has no tags.
    #[error("no wheel can be chosen for {}: {source}", .path.display())]
    Tags {
        /// What was run.
        path: PathBuf,
        /// What is wrong with it.
        source: TagsError,
    },
}

impl Prober {
    /// Gives each interpreter `limit` to answer; 10 seconds are enough for one on a slow network file system.
    #[must_use]
    pub const fn new(limit: Duration) -> Self {
        Self { limit, cache: None }
    }

    /// Keeps answers in `cache`, and takes them from there while nothing has changed.
    #[must_use]
    pub fn with_cache(self, cache: Cache) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// Asks the interpreter at `executable`, which is run as it is named: links are not resolved, as a virtual environment is
    /// known by them. A name without a slash is a file of the working directory, too.
    ///
    /// Blocks until it has answered. It inherits the environment, has no standard input, and is the leader of its own process
    /// group, which is killed when it has ended or its time is over.
    ///
    /// # Errors
    /// [`ProbeError`], which names the file, how it ended, and the first lines of what it said.
    pub fn probe(&self, executable: &Path) -> Result<Interpreter, ProbeError> {
        let path = std::path::absolute(executable)
            .map_err(|source| ProbeError::Start { path: executable.to_owned(), source })?;
        let key = self.cache.as_ref().and_then(|cache| Some((cache, Key::of(&path)?)));
        if let Some((cache, key)) = &key
            && let Some(kept) = cache.get::<Answer>(key)
            && let Ok(interpreter) = kept.interpreter(&path)
        {
            return Ok(interpreter);
        }
        let answer = self.ask(&path)?;
        let interpreter = answer.interpreter(&path)?;
        if let Some((cache, key)) = &key
            && answer.speaks_for(&path, &interpreter)
        {
            cache.put(key, &answer.rests_on(), &answer);
        }
        Ok(interpreter)
    }

    fn ask(&self, path: &Path) -> Result<Answer, ProbeError> {
        let arguments = ["-I", "-S", "-B", "-c", SCRIPT].map(OsStr::new);
        let ended = run::run(path, &arguments, &NOT_INHERITED, self.limit);
        let ended = ended.map_err(|source| ProbeError::Start { path: path.to_owned(), source })?;
        let path = path.to_owned();
        let (status, stdout, said) = match ended {
            Ended::OutOfTime { said } => return Err(ProbeError::Hung { path, limit: self.limit, said }),
            Ended::TooMuch { said } => return Err(ProbeError::TooMuch { path, limit: Stream::LIMIT, said }),
            Ended::ByItself { status, stdout, said } => (status, stdout, said),
        };
        if !status.success() {
            return Err(ProbeError::Failed { path, status: status.to_string(), said });
        }
        let line = stdout.split(|byte| *byte == b'\n').rev().find_map(|line| line.strip_prefix(MARK));
        let Some(line) = line else { return Err(ProbeError::Rubbish { path, said }) };
        serde_json::from_slice(line).map_err(|source| ProbeError::Answer { path, source, said })
    }
}

fn way_out(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "name an interpreter that exists, and whose loader does",
        io::ErrorKind::PermissionDenied => "name a file, and make it executable",
        _ => "name another interpreter",
    }
}
