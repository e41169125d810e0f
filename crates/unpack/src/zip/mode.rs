//! What a member is, by its external attributes (APPNOTE 4.4.15).

use super::header::Central;
use crate::Problem;

/// What of the attributes is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Plain,
    Executable,
    /// The member's content is where it leads.
    Link,
}

/// Systems whose attributes hold a Unix mode (APPNOTE 4.4.2): Unix and OS X.
const UNIX: [u8; 2] = [3, 19];

impl Mode {
    /// Of a member. Only bits for execution are kept.
    pub(super) fn of(central: &Central) -> Result<Self, Problem> {
        let mode = central.attributes >> 16;
        let (unix, directory) = (UNIX.contains(&central.host), central.header.directory());
        let special = |what| Err(Problem::Special { what });
        match mode & 0o170_000 {
            0o120_000 if directory => special("symbolic link whose name is that of a directory"),
            0o120_000 if unix => Ok(Self::Link),
            0o120_000 => special("symbolic link of a system that has none"),
            0o040_000 if !directory && unix => special("directory whose name is that of a file"),
            0o020_000 | 0o060_000 if unix => special("device"),
            // What `zip` makes of its standard input: content that came through a pipe, and a plain file.
            0o010_000 if unix && !directory => Ok(Self::Plain),
            0o140_000 if unix => special("socket"),
            _ if unix && !directory && mode & 0o111 != 0 => Ok(Self::Executable),
            _ => Ok(Self::Plain),
        }
    }
}
