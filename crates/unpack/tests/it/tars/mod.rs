//! Tars: what is taken, what is refused, and what both become.

mod arriving;
mod bombs;
mod refused;
mod taken;
mod trees;

use std::fs;

use towline_unpack::{ArchiveError, UnpackError, Unpacked, Unpacker};

use crate::room::{Room, unpack};

/// Unpacks a tar that is not compressed.
pub(crate) fn untar(bytes: Vec<u8>, room: &Room) -> Result<Unpacked, UnpackError> {
    unpack(&Unpacker::new(1).unwrap(), bytes, "t.tar", room)
}

pub(crate) fn refused(what: &str, result: Result<Unpacked, UnpackError>) -> ArchiveError {
    match result {
        Err(UnpackError::Archive(error)) => error,
        other => panic!("{what}: {other:?}"),
    }
}

/// Files as their content, links with an arrow.
pub(crate) fn contents(room: &Room) -> Vec<String> {
    let show = |(name, content): (String, String)| match content.strip_prefix("symlink:") {
        Some(target) => format!("{name} -> {target}"),
        None => format!("{name} = {}", fs::read_to_string(room.target().join(&name)).unwrap()),
    };
    room.contents().into_iter().map(show).collect()
}

pub(crate) const LONG: &str = "a-directory-with-a-name-of-forty-letters/another-one-whose-name-is-no-shorter/\
                    and-a-file-in-it-that-makes-it-more-than-a-hundred";
