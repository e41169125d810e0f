//! Header blocks (POSIX.1-2024, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format").

use super::number::{Number, number};
use crate::Problem;

/// The unit of a tar.
pub(super) const BLOCK: usize = 512;

/// A block that is a header, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// With the prefix, where there is one.
    pub(super) name: Vec<u8>,
    pub(super) link: Vec<u8>,
    pub(super) size: u64,
    pub(super) mode: u64,
    /// The type flag.
    pub(super) flag: u8,
}

/// What the block's magic says about its second half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// Nothing there.
    V7,
    /// The prefix of the name.
    Ustar,
    /// Times and maps of sparse files.
    Gnu,
}

impl Header {
    /// Reads a block that is not all zero.
    ///
    /// Numbers that are of no use here are read nevertheless: where one is not a number, some readers take the header for
    /// the end of the archive and others do not.
    pub(super) fn parse(block: &[u8; BLOCK]) -> Result<Self, Problem> {
        checksum(block)?;
        let family = family(block)?;
        for (what, field) in [
            ("owner", &block[108..116]),
            ("group", &block[116..124]),
            ("time", &block[136..148]),
            ("major device number", &block[329..337]),
            ("minor device number", &block[337..345]),
        ] {
            number(field).ok_or_else(|| not_a_number(what, field))?;
        }
        let mode = match number(&block[100..108]) {
            Some(Number::Value(mode)) => mode,
            Some(Number::Blank) => 0,
            _ => return Err(not_a_number("mode", &block[100..108])),
        };
        let size = match number(&block[124..136]) {
            Some(Number::Value(size)) => size,
            // What readers make of it differs.
            Some(Number::Blank | Number::Negative) | None => return Err(not_a_number("size", &block[124..136])),
        };
        Ok(Self { name: name(block, family)?, link: text(&block[157..257]).to_vec(), size, mode, flag: block[156] })
    }
}

/// A NUL ends it, or the field's end.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn checksum(block: &[u8; BLOCK]) -> Result<(), Problem> {
    let field = 148..156;
    let found: u64 = block
        .iter()
        .enumerate()
        .map(|(at, byte)| if field.contains(&at) { u64::from(b' ') } else { u64::from(*byte) })
        .sum();
    match number(&block[field.clone()]) {
        Some(Number::Value(announced)) if announced == found => Ok(()),
        Some(Number::Value(announced)) => Err(invalid(format!("the header's checksum is {found}, not {announced}"))),
        _ => Err(not_a_number("checksum", &block[field])),
    }
}

fn family(block: &[u8; BLOCK]) -> Result<Family, Problem> {
    match &block[257..265] {
        b"ustar  \0" => Ok(Family::Gnu),
        // The version, 00, is left out by some writers and looked at by no reader.
        [b'u', b's', b't', b'a', b'r', 0, ..] => Ok(Family::Ustar),
        [0, 0, 0, 0, 0, 0, 0, 0] => Ok(Family::V7),
        other => Err(invalid(format!("the header's magic is \"{}\"", other.escape_ascii()))),
    }
}

fn name(block: &[u8; BLOCK], family: Family) -> Result<Vec<u8>, Problem> {
    let name = text(&block[..100]);
    let prefix = text(&block[345..500]);
    if prefix.is_empty() {
        return Ok(name.to_vec());
    }
    let needless = prefix.len() + 1 + name.len() <= 100;
    // GNU has times there, which Python takes for a prefix. But where what is there is no time and the name did not fit
    // without it, it was written by Go before 1.8, and is a prefix.
    let go = family == Family::Gnu && !needless && number(&block[345..357]).is_none();
    // These are refused by what they are.
    if family == Family::Gnu && matches!(block[156], b'D' | b'M' | b'S') {
        return Ok(name.to_vec());
    }
    if family != Family::Ustar && !go {
        return Err(invalid("there is a prefix in a header that is not of the ustar format".to_owned()));
    }
    // star keeps times behind a shorter prefix.
    if &block[508..512] == b"tar\0" && prefix.len() > 130 {
        return Err(invalid("the prefix is longer than star has it".to_owned()));
    }
    if needless && prefix.split(|byte| *byte == b'/').all(|part| matches!(part, b"" | b".")) {
        return Err(invalid("the prefix names nothing, and there was no need for one".to_owned()));
    }
    Ok([prefix, b"/", name].concat())
}

fn not_a_number(what: &str, field: &[u8]) -> Problem {
    invalid(format!("the {what} is \"{}\"", field.escape_ascii()))
}

/// The format is broken.
pub(super) const fn invalid(detail: String) -> Problem {
    Problem::Format { format: "tar", detail }
}
