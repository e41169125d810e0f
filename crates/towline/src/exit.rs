//! Failures of the program and their exit codes.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use towline_catalog::index::IndexError;
use towline_catalog::lock::LockError;
use towline_catalog::requirements::RequirementsError;
use towline_client::keys::NetrcError;
use towline_client::{PageError, SetupError};
use towline_fetch::FetchError;
use towline_python::FindError;
use towline_store::{Digest, StoreError};
use towline_transfer::{Cause, Contradiction, Failure, Fault};

/// Exit codes, as `--help` and the README list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    Ok = 0,
    Input = 1,
    Usage = 2,
    Network = 3,
    Verification = 4,
    Archive = 5,
    Disk = 6,
    NotFound = 7,
    Interrupted = 130,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// What ends a command, or one file of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot start: {0}")]
    Runtime(io::Error),
    #[error("`{url}` is not a URL that can be asked: {detail}")]
    Url { url: String, detail: String },
    #[error("{url} names no file: say with --output where it should go")]
    NoName { url: String },
    #[error("two of the URLs would both become {}", .0.display())]
    SameFile(PathBuf),
    #[error("{url} carries the digest {inner}, and elsewhere {given} was given")]
    TwoDigests { url: String, inner: String, given: String },
    #[error("#{fragment} at the end of {url} cannot be used: {detail}")]
    Fragment { url: String, fragment: String, detail: String },
    #[error(transparent)]
    Netrc(#[from] NetrcError),
    #[error("there is no cache directory, for no home directory is known: name one with --cache-dir")]
    NoCacheDir,
    #[error("cannot write events to {}: {source}", path.display())]
    Events { path: PathBuf, source: io::Error },
    #[error("{}", chain(.0))]
    Store(#[from] StoreError),
    #[error(
        "cannot tell from the name of {0} how to unpack it: it has to end with .whl, .zip, .tar.gz, .tgz, .tar.zst, .tar.xz, .tar.bz2 or .tar"
    )]
    NoArchive(String),
    #[error("cannot write to standard output: {0}")]
    Stdout(io::Error),
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{}", fetching(name, error))]
    Fetch { name: String, error: FetchError },
    #[error("could not read {what}: {error} ({url}){}", credentials(error))]
    Page { what: String, url: String, error: PageError },
    #[error("cannot ask for {what}: {error}")]
    Setup { what: String, error: SetupError },
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Requirements(#[from] RequirementsError),
    #[error("{}", built(at, what, without.as_deref()))]
    Built { at: String, what: String, without: Option<String> },
    #[error("{}; no index has a file of that name and digest either", fetching(name, error))]
    Gone { name: String, error: FetchError },
    #[error("{one} and {other} would both become {}: leave one out, or bring them one after the other", at.display())]
    OnePlace { one: String, other: String, at: PathBuf },
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{name} is wanted twice, with different bytes: {one} and {other}")]
    TwoFiles { name: String, one: String, other: String },
    #[error("{name} is not what was asked for: its {} is {}, which is none of those that are allowed", .found.algorithm(), .found.hex())]
    NoneOf { name: String, found: Digest },
    #[error("what there is of {} packages could not be found out: {}", .0.len(), .0.join(", "))]
    Unread(Vec<String>),
    #[error("{} files did not come: {}", .0.len(), .0.join(", "))]
    Several(Vec<String>),
    #[error("`{text}` cannot be used: {why}")]
    Requirement { text: String, why: String },
    #[error("{0}")]
    Target(String),
    #[error("{0}")]
    Find(#[from] Box<FindError>),
    #[error("{origin}: {missing}; {hint}")]
    NoFile { origin: String, missing: String, hint: &'static str },
    #[error("--mirror {text} cannot be used: {why}")]
    Mirror { text: String, why: String },
    #[error("`{text}` is no index: {why}")]
    IndexUrl { text: String, why: String },
}

impl Error {
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Runtime(_)
            | Self::NoCacheDir
            | Self::Store(_)
            | Self::Events { .. }
            | Self::Stdout(_)
            | Self::Write { .. } => Code::Disk,
            Self::Url { .. } | Self::NoName { .. } | Self::SameFile(_) | Self::TwoDigests { .. } => Code::Usage,
            Self::Fragment { .. } | Self::NoArchive(_) => Code::Usage,
            Self::Fetch { error, .. } | Self::Gone { error, .. } => fetch_code(error),
            Self::Index(IndexError::Login { .. }) => Code::Network,
            Self::Read { .. } | Self::OnePlace { .. } => Code::Input,
            Self::Target(_) => Code::Usage,
            Self::Find(_) => Code::NotFound,
            Self::Requirement { .. } => Code::Input,
            // Never the end of the command: the first of them decides.
            Self::Several(_) | Self::Unread(_) => Code::Network,
            Self::NoFile { .. } => Code::NotFound,
            Self::Lock(LockError::Unfit { .. }) => Code::NotFound,
            Self::Lock(_) | Self::Requirements(_) | Self::Built { .. } => Code::Input,
            Self::Netrc(_) | Self::Index(_) | Self::TwoFiles { .. } => Code::Input,
            Self::Mirror { .. } | Self::IndexUrl { .. } | Self::Setup { .. } => Code::Usage,
            Self::Page { error: PageError::Transfer(failure), .. } => of(&failure.cause),
            Self::Page { .. } => Code::Input,
            Self::NoneOf { .. } => Code::Verification,
        }
    }
}

/// What to do where somebody wants to know who is asking.
const fn credentials(error: &PageError) -> &'static str {
    match error {
        PageError::Transfer(Failure { cause: Cause::NoUrl(Fault::Status { code: 401, .. }), .. }) => {
            "; credentials are taken from the URL, from netrc and from --keyring"
        }
        _ => "",
    }
}

/// What is no file, and what can be done about it.
fn built(at: &str, what: &str, without: Option<&str>) -> String {
    let rest = match without {
        Some(name) => format!("; or leave it out: --without {name}"),
        None => String::new(),
    };
    let build = "build a wheel of it (`uv build --wheel`, `pip wheel`) and put it there";
    format!("{at} is {what}, and no file that could be downloaded: {build}{rest}")
}

/// What the user reads when an artifact does not reach its goal.
fn fetching(name: &str, error: &FetchError) -> String {
    match error {
        FetchError::Transfer(failure) => format!("could not download {name}: {}", failure.cause),
        FetchError::Archive(error) => format!("{name} is refused: {error}"),
        FetchError::Digest { .. } => format!("{name} is not what was asked for: {error}"),
        FetchError::Setup(error) => format!("cannot ask for {name}: {error}"),
        FetchError::IsDirectory(path) => format!(
            "{} is a directory, and a file is to go there: move it away, or choose another place",
            path.display()
        ),
        _ => chain(error),
    }
}

fn fetch_code(error: &FetchError) -> Code {
    match error {
        FetchError::Transfer(failure) => of(&failure.cause),
        FetchError::Setup(_) => Code::Usage,
        FetchError::Archive(_) => Code::Archive,
        FetchError::Digest { .. } => Code::Verification,
        FetchError::Local { .. } => Code::Input,
        _ => Code::Disk,
    }
}

/// The exit code of a transfer that failed.
fn of(cause: &Cause) -> Code {
    match cause {
        Cause::Mismatch { .. } | Cause::NoUrl(Fault::Contradiction(Contradiction::Size { .. })) => Code::Verification,
        Cause::NoUrl(Fault::Status { code: 404 | 410, .. }) => Code::NotFound,
        Cause::NoUrl(Fault::Url(_)) => Code::Usage,
        Cause::Disk(_) | Cause::NoUrl(Fault::Disk(_)) => Code::Disk,
        Cause::Spent { .. } | Cause::NoUrl(_) | Cause::MaxTime(_) | Cause::Blind(_) => Code::Network,
    }
}

/// Prints an error of the whole command.
pub(crate) fn fail(error: &Error) -> ExitCode {
    crate::report::say(&format!("{}: {error}", crate::report::ERROR));
    error.code().into()
}

/// A message and its causes, each once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
