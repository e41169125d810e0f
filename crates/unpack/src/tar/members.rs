//! Members, put together from headers and the headers that extend them.

use super::{
    header::{BLOCK, Header, invalid},
    pax::{Pax, Scope},
    stream::Stream,
};
use crate::{Problem, UnpackError};

/// The longest extended header that is read, in bytes: extended attributes are at most 64 KiB each.
const LONGEST_EXTENSION: u64 = 1 << 20;

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    /// Its target, as it stands there.
    Symlink(String),
    /// The name of the member it is another name for.
    HardLink(String),
}

/// A member. Its content follows in the stream, and has to be taken before the next member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Where its header is in the tar.
    pub(super) at: u64,
    pub(super) name: String,
    pub(super) kind: Kind,
    /// 0 unless it is a file.
    pub(super) size: u64,
    pub(super) executable: bool,
}

/// What was said about a member ahead of its header.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ahead {
    pax: Option<Pax>,
    /// GNU's long name and long target.
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

impl Ahead {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads up to the next member's content; `None` behind the last one.
pub(super) fn next(stream: &mut Stream) -> Result<Option<Member>, UnpackError> {
    let mut ahead = Ahead::default();
    loop {
        let at = stream.position();
        let Some(block) = stream.block()? else {
            return Err(stream.short("its members: there is no end mark"));
        };
        if block == [0; BLOCK] {
            return end(stream, &ahead, at).map(|()| None);
        }
        let header = Header::parse(&block).map_err(|problem| problem.at(at))?;
        let of = |problem: Problem| problem.of(&String::from_utf8_lossy(&header.name), at);
        match header.flag {
            b'x' if ahead.is_empty() => {
                let records = extension(stream, &header, at)?;
                ahead.pax = Some(Pax::parse(&records, Scope::Member).map_err(of)?);
            }
            b'g' if ahead.is_empty() => {
                let records = extension(stream, &header, at)?;
                Pax::parse(&records, Scope::Global).map_err(of)?;
            }
            b'L' if ahead.pax.is_none() && ahead.name.is_none() => {
                ahead.name = Some(long(extension(stream, &header, at)?).map_err(of)?);
            }
            b'K' if ahead.pax.is_none() && ahead.link.is_none() => {
                ahead.link = Some(long(extension(stream, &header, at)?).map_err(of)?);
            }
            b'x' | b'g' | b'L' | b'K' => {
                return Err(of(invalid("an extended header follows another for the same member".to_owned())).into());
            }
            _ => return Ok(Some(member(&header, ahead, at)?)),
        }
    }
}

/// Two blocks of zeros are the end, and what follows them is nothing to any reader (POSIX has it undefined up to the end of
/// the tape's block). One is the end where nothing follows; elsewhere some readers stop and some go on.
fn end(stream: &mut Stream, ahead: &Ahead, at: u64) -> Result<(), UnpackError> {
    if !ahead.is_empty() {
        return Err(invalid("an extended header has no member".to_owned()).at(at).into());
    }
    match stream.block()? {
        None => Ok(()),
        Some(block) if block == [0; BLOCK] => Ok(()),
        Some(_) => Err(invalid("there is a single block of zeros between members".to_owned()).at(at).into()),
    }
}

/// The content of an extended header. Memory grows with what is there, not with what is announced.
fn extension(stream: &mut Stream, header: &Header, at: u64) -> Result<Vec<u8>, UnpackError> {
    if header.size > LONGEST_EXTENSION {
        let problem = Problem::Unsupported { what: format!("an extended header of {} bytes", header.size) };
        return Err(problem.of(&String::from_utf8_lossy(&header.name), at).into());
    }
    let mut content = Vec::new();
    let mut left = header.size;
    while left > 0 {
        let piece = stream.piece(left)?;
        if piece.is_empty() {
            return Err(stream.short("an extended header"));
        }
        left -= piece.len() as u64;
        content.extend_from_slice(piece);
    }
    stream.skip(padding(header.size), "an extended header")?;
    Ok(content)
}

/// What fills the last block of a content.
pub(super) const fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

/// GNU's long names end with a NUL; 7-Zip and others leave it out.
fn long(mut content: Vec<u8>) -> Result<Vec<u8>, Problem> {
    let end = content.iter().position(|byte| *byte == 0).unwrap_or(content.len());
    if content[end..].iter().any(|byte| *byte != 0) {
        return Err(invalid("there is a NUL in a long name".to_owned()));
    }
    content.truncate(end);
    Ok(content)
}

fn member(header: &Header, ahead: Ahead, at: u64) -> Result<Member, UnpackError> {
    let pax = ahead.pax.unwrap_or_default();
    let named_as_directory = header.name.ends_with(b"/");
    let name = match (pax.path, ahead.name) {
        (Some(path), _) => path,
        (None, long) => utf8(long.unwrap_or_else(|| header.name.clone()), at)?,
    };
    let of = |problem: Problem| UnpackError::from(problem.of(&name, at));
    let link = match (pax.linkpath, ahead.link) {
        (None, None) => None,
        (Some(link), _) => Some(link),
        (None, Some(link)) => Some(utf8(link, at)?),
    };
    let is_link = matches!(header.flag, b'1' | b'2');
    if link.is_some() && !is_link {
        return Err(of(invalid("a link's target is given for what is no link".to_owned())));
    }
    let target = || link.map_or_else(|| utf8(header.link.clone(), at), Ok);
    let kind = match header.flag {
        // That is how a directory looked before there was a type for it.
        0 if named_as_directory => Kind::Directory,
        0 | b'0' | b'7' => Kind::File,
        b'1' => Kind::HardLink(target()?),
        b'2' => Kind::Symlink(target()?),
        b'5' => Kind::Directory,
        other => return Err(of(special(other))),
    };
    let as_directory = matches!(name.rsplit('/').next(), Some("" | "."));
    if as_directory && kind != Kind::Directory || header.flag == 0 && named_as_directory && !as_directory {
        return Err(of(invalid("it has the name of a directory, but is none".to_owned())));
    }
    let size = size(header.size, pax.size).map_err(of)?;
    if size > 0 && kind != Kind::File {
        return Err(of(invalid(format!("there are {size} bytes in what is no file"))));
    }
    Ok(Member { at, name, kind, size, executable: header.mode & 0o111 != 0 })
}

/// Where a size does not fit into the header's field, writers leave 0 there. Any other difference is an attempt to have
/// readers disagree about where the next header is (CVE-2025-62518).
fn size(header: u64, pax: Option<u64>) -> Result<u64, Problem> {
    match pax {
        None => Ok(header),
        Some(size) if header == size || header == 0 => Ok(size),
        Some(size) => Err(Problem::Disagrees {
            what: "the size",
            here: header.to_string(),
            there: format!("{size} in the extended header"),
        }),
    }
}

fn special(flag: u8) -> Problem {
    let what = match flag {
        b'3' | b'4' => return Problem::Special { what: "device" },
        b'6' => return Problem::Special { what: "FIFO" },
        b'S' => "a sparse file".to_owned(),
        b'M' => "a part of a file on another volume".to_owned(),
        b'D' => "a listing of an incremental backup".to_owned(),
        b'V' => "a volume's name".to_owned(),
        other => format!("the type \"{}\"", other.escape_ascii()),
    };
    Problem::Unsupported { what }
}

fn utf8(bytes: Vec<u8>, at: u64) -> Result<String, UnpackError> {
    String::from_utf8(bytes).map_err(|error| {
        let name = String::from_utf8_lossy(error.as_bytes()).into_owned();
        Problem::Name { why: "it is not UTF-8" }.of(&name, at).into()
    })
}
