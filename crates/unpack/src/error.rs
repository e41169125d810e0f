//! Why an archive was not unpacked.

use std::{io, path::PathBuf};

/// A failure to unpack. Which variant it is decides whose fault it was.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The bytes of the archive did not come, or turned out not to be its bytes: no statement about the archive.
    #[error("the archive's bytes could not be read")]
    Source(#[source] io::Error),
    /// The local disk.
    #[error("could not {what} {}", path.display())]
    Disk {
        /// What was to be done there, as a verb.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The archive is damaged, hostile, or of a kind that is not unpacked here.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The caller asked to stop.
    #[error("unpacking was stopped")]
    Stopped,
}

/// What is wrong with an archive, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}at byte {at}: {problem}", of(member.as_deref()))]
pub struct ArchiveError {
    /// The member's name as it stands in the archive, where one is concerned; what cannot be shown is escaped.
    pub member: Option<String>,
    /// A byte of the archive; in a tar, of the tar after decompression (a fault of the compression itself: of the archive).
    pub at: u64,
    /// What is wrong there.
    pub problem: Problem,
}

/// Letters of a member's name in a message.
const LONGEST_SHOWN: usize = 300;

fn of(member: Option<&str>) -> String {
    let Some(name) = member else { return String::new() };
    // A hostile one may be a million letters long.
    let cut = name.char_indices().nth(LONGEST_SHOWN).map(|(cut, _)| cut);
    format!("{}{} ", name[..cut.unwrap_or(name.len())].escape_debug(), if cut.is_some() { "…" } else { "" })
}

/// What can be wrong with an archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The name cannot be a place inside the target.
    #[error("the name is refused: {why}")]
    Name {
        /// Why.
        why: &'static str,
    },
    /// Two members for one file, or for a file and a directory.
    #[error("another member has this name already")]
    Twice,
    /// A member below a name that is not a directory.
    #[error("{parent} is not a directory but has members in it")]
    NotDirectory {
        /// The name.
        parent: String,
    },
    /// The file system cannot tell the name from another member's.
    #[error("the file system takes this name for another member's")]
    Collision,
    /// More members than [`Limits::members`](crate::Limits::members).
    #[error("more than {limit} members")]
    TooManyMembers {
        /// The limit.
        limit: u64,
    },
    /// More bytes of names than [`Limits::names`](crate::Limits::names).
    #[error("more than {limit} bytes of names")]
    NamesTooLong {
        /// The limit.
        limit: u64,
    },
    /// More bytes than [`Limits::bytes`](crate::Limits::bytes).
    #[error("more than {limit} bytes come out")]
    TooManyBytes {
        /// The limit.
        limit: u64,
    },
    /// A decompression bomb, by [`Limits::ratio`](crate::Limits::ratio).
    #[error("{bytes} bytes out of {read}: more than {limit} for one")]
    Ratio {
        /// Bytes that came out, or were announced.
        bytes: u64,
        /// Bytes of the archive they came from.
        read: u64,
        /// The limit.
        limit: u64,
    },
    /// A link that leads out of the target, or nowhere that can be.
    #[error("the link to {target:?} is refused: {why}")]
    Link {
        /// Its target.
        target: String,
        /// Why.
        why: &'static str,
    },
    /// A member that is neither file, directory nor link.
    #[error("a {what} is not unpacked")]
    Special {
        /// What it is.
        what: &'static str,
    },
    /// The archive ends before it is complete.
    #[error("the archive ends in the middle of {what}")]
    Short {
        /// Of what.
        what: &'static str,
    },
    /// The compressed data are damaged.
    #[error("the {codec} data are damaged: {detail}")]
    Codec {
        /// The compression.
        codec: &'static str,
        /// What the decoder said.
        detail: String,
    },
    /// The checksum does not fit the content.
    #[error("the checksum is {found:08x}, not {expected:08x}")]
    Checksum {
        /// The announced one.
        expected: u32,
        /// That of the content.
        found: u32,
    },
    /// The size does not fit the content.
    #[error("{found} bytes come out, not {expected}")]
    Size {
        /// The announced one.
        expected: u64,
        /// That of the content.
        found: u64,
    },
    /// Something is not as the format has it.
    #[error("not a valid {format}: {detail}")]
    Format {
        /// The format: `zip`, `tar`, `gzip` and so on.
        format: &'static str,
        /// What is not.
        detail: String,
    },
    /// Two places of the archive disagree: readers would differ in what they unpack.
    #[error("{what} is {here} here and {there} elsewhere")]
    Disagrees {
        /// What they disagree about.
        what: &'static str,
        /// One value.
        here: String,
        /// The other.
        there: String,
    },
    /// A feature that is not supported, encryption for instance.
    #[error("{what} is not supported")]
    Unsupported {
        /// The feature.
        what: String,
    },
    /// A wheel that breaks the rules of wheels.
    #[error("not a valid wheel: {detail}")]
    Wheel {
        /// The rule and how it is broken.
        detail: String,
    },
}

impl Problem {
    /// At a byte of a member.
    #[must_use]
    pub fn of(self, member: &str, at: u64) -> ArchiveError {
        ArchiveError { member: Some(member.to_owned()), at, problem: self }
    }

    /// At a byte of the archive.
    #[must_use]
    pub const fn at(self, at: u64) -> ArchiveError {
        ArchiveError { member: None, at, problem: self }
    }
}

impl UnpackError {
    pub(crate) fn disk(what: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Disk { what, path: path.into(), source }
    }
}
