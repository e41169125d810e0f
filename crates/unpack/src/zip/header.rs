//! Local and central headers (APPNOTE 4.3.7 and 4.3.12).

use super::{
    extra::{Extra, Wide},
    field, invalid, text,
    window::Window,
};
use crate::{ArchiveError, Limits, Problem, UnpackError};

/// `PK\3\4`
pub(super) const LOCAL: u32 = 0x0403_4b50;
/// `PK\1\2`
pub(super) const CENTRAL: u32 = 0x0201_4b50;

/// Bit 3: sizes and checksum stand behind the data.
const DESCRIPTOR: u16 = 1 << 3;
/// Bit 11: the name is UTF-8.
const UTF8: u16 = 1 << 11;
/// Bits 1 and 2 tell how hard the compressor tried.
const EFFORT: u16 = 0b110;
/// Encrypted, patched, strongly encrypted, masked.
const REFUSED: [(u16, &str); 4] =
    [(1 << 6, "strong encryption"), (1, "encryption"), (1 << 5, "patched data"), (1 << 13, "a masked header")];
/// 6.3, the newest version of the format that asks for anything.
const NEWEST: u8 = 63;

/// How a member is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflated,
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Stored => "stored",
            Self::Deflated => "deflated",
        })
    }
}

/// What local and central headers have in common.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) flags: u16,
    pub(super) method: Method,
    pub(super) crc: u32,
    /// Bytes in the archive.
    pub(super) packed: u64,
    /// Bytes that come out.
    pub(super) size: u64,
    /// Whether there is a zip64 extra field that may hold sizes.
    pub(super) wide: bool,
    pub(super) name: Box<[u8]>,
    /// The Unicode Path field, checked against the name.
    unicode: Option<Box<[u8]>>,
}

impl Header {
    pub(super) const fn utf8(&self) -> bool {
        self.flags & UTF8 != 0
    }

    pub(super) const fn descriptor(&self) -> bool {
        self.flags & DESCRIPTOR != 0
    }

    pub(super) fn directory(&self) -> bool {
        self.name.ends_with(b"/")
    }

    /// A problem of this member.
    pub(super) fn error(&self, problem: Problem, at: u64) -> ArchiveError {
        problem.of(&text::shown(&self.name, self.utf8()), at)
    }
}

/// A local header and where its member's data start.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) at: u64,
    pub(super) data: u64,
    pub(super) header: Header,
}

impl Local {
    const FIXED: usize = 30;

    /// Reads the header at a byte of the archive.
    pub(super) fn read(window: &mut Window<'_>, at: u64, limits: &Limits) -> Result<Self, UnpackError> {
        const WHAT: &str = "a member's header";
        let fixed = window.get(at, Self::FIXED, WHAT)?;
        if field::u32(fixed, 0) != LOCAL {
            return Err(invalid("no member starts here").at(at).into());
        }
        let (name_len, extra_len) = (usize::from(field::u16(fixed, 26)), usize::from(field::u16(fixed, 28)));
        let len = Self::FIXED + name_len + extra_len;
        let record = window.get(at, len, WHAT)?;
        let (name, extra) = record[Self::FIXED..].split_at(name_len);
        let flags = field::u16(record, 6);
        let read = || {
            let extra = Extra::read(extra)?;
            let (size, packed) = (field::u32(record, 22), field::u32(record, 18));
            let mut wide = Wide::of_local(extra.zip64, size, packed);
            let size = wide.size(size)?;
            let packed = wide.size(packed)?;
            wide.done()?;
            let method = supported(record[4], flags, field::u16(record, 8))?;
            let unicode = unicode(&extra, name, flags, limits)?;
            let crc = field::u32(record, 14);
            Ok(Header { flags, method, crc, packed, size, wide: extra.zip64.is_some(), name: name.into(), unicode })
        };
        let header = read().map_err(|problem: Problem| problem.of(&text::shown(name, flags & UTF8 != 0), at))?;
        Ok(Self { at, data: at + len as u64, header })
    }

    /// Where the data end, by the sizes in this header.
    pub(super) fn end(&self) -> Result<u64, ArchiveError> {
        let end = self.data.checked_add(self.header.packed);
        end.ok_or_else(|| self.header.error(Problem::Short { what: "a member's data" }, self.at))
    }

    /// Holds the header against that of the directory: readers trust one or the other.
    pub(super) fn agrees(&self, central: &Central) -> Result<(), ArchiveError> {
        let (local, other) = (&self.header, &central.header);
        let differ =
            |what, here: String, there: String| Err(local.error(Problem::Disagrees { what, here, there }, self.at));
        let shown = |header: &Header| text::shown(&header.name, header.utf8()).escape_debug().to_string();
        if local.name != other.name || local.utf8() != other.utf8() {
            return differ("the name", shown(local), shown(other));
        }
        if local.unicode != other.unicode {
            let there =
                |header: &Header| if header.unicode.is_some() { "one text" } else { "another or none" }.to_owned();
            return differ("the Unicode Path field", there(local), there(other));
        }
        if local.method != other.method {
            return differ("the compression", local.method.to_string(), other.method.to_string());
        }
        let mut compared = !EFFORT;
        if local.descriptor() {
            compared &= !DESCRIPTOR;
        }
        if (local.flags ^ other.flags) & compared != 0 {
            return differ("the flags", format!("{:#06x}", local.flags), format!("{:#06x}", other.flags));
        }
        let same = |here: u64, there: u64| here == there || (local.descriptor() && here == 0);
        if !same(local.crc.into(), other.crc.into()) {
            return differ("the checksum", format!("{:08x}", local.crc), format!("{:08x}", other.crc));
        }
        if !same(local.packed, other.packed) {
            return differ("the compressed size", local.packed.to_string(), other.packed.to_string());
        }
        if !same(local.size, other.size) {
            return differ("the size", local.size.to_string(), other.size.to_string());
        }
        Ok(())
    }
}

/// A header in the directory.
#[derive(Debug)]
pub(super) struct Central {
    /// Where it stands.
    pub(super) at: u64,
    /// Where it ends.
    pub(super) end: u64,
    /// Where the local header is said to stand.
    pub(super) local: u64,
    /// The system whose attributes these are (APPNOTE 4.4.2).
    pub(super) host: u8,
    pub(super) attributes: u32,
    pub(super) header: Header,
}

impl Central {
    const FIXED: usize = 46;

    /// Reads the header at a byte of the archive, in a directory that ends at another.
    pub(super) fn read(window: &mut Window<'_>, at: u64, end: u64, limits: &Limits) -> Result<Self, UnpackError> {
        const WHAT: &str = "the directory";
        let beyond = || invalid("the directory does not end with the last of its headers").at(at);
        if end - at < Self::FIXED as u64 {
            return Err(beyond().into());
        }
        let fixed = window.get(at, Self::FIXED, WHAT)?;
        if field::u32(fixed, 0) != CENTRAL {
            return Err(invalid("no header of the directory starts here").at(at).into());
        }
        let lens = [28, 30, 32].map(|place| usize::from(field::u16(fixed, place)));
        let len = Self::FIXED + lens.iter().sum::<usize>();
        if end - at < len as u64 {
            return Err(beyond().into());
        }
        let record = window.get(at, len, WHAT)?;
        let (name, rest) = record[Self::FIXED..].split_at(lens[0]);
        let extra = &rest[..lens[1]];
        let flags = field::u16(record, 8);
        let read = || {
            let extra = Extra::read(extra)?;
            let mut wide = Wide::new(extra.zip64);
            let size = wide.size(field::u32(record, 24))?;
            let packed = wide.size(field::u32(record, 20))?;
            let sizes_wide = field::u32(record, 24) == u32::MAX || field::u32(record, 20) == u32::MAX;
            let local = wide.size(field::u32(record, 42))?;
            if wide.disk(field::u16(record, 34))? != 0 {
                return Err(Problem::Unsupported { what: "a zip of several parts".to_owned() });
            }
            wide.done()?;
            let method = supported(record[6], flags, field::u16(record, 10))?;
            let unicode = unicode(&extra, name, flags, limits)?;
            let crc = field::u32(record, 16);
            let header = Header { flags, method, crc, packed, size, wide: sizes_wide, name: name.into(), unicode };
            let (host, attributes) = (record[5], field::u32(record, 38));
            Ok(Self { at, end: at + len as u64, local, host, attributes, header })
        };
        read().map_err(|problem: Problem| problem.of(&text::shown(name, flags & UTF8 != 0), at).into())
    }
}

/// The method, unless the member needs what is not supported.
fn supported(version: u8, flags: u16, method: u16) -> Result<Method, Problem> {
    let unsupported = |what: String| Err(Problem::Unsupported { what });
    if let Some((_, what)) = REFUSED.iter().find(|(bit, _)| flags & bit != 0) {
        return unsupported((*what).to_owned());
    }
    if version > NEWEST {
        return unsupported(format!("version {}.{} of the format", version / 10, version % 10));
    }
    match method {
        0 => Ok(Method::Stored),
        8 => Ok(Method::Deflated),
        other => unsupported(format!("compression method {other}")),
    }
}

fn unicode(extra: &Extra<'_>, name: &[u8], flags: u16, limits: &Limits) -> Result<Option<Box<[u8]>>, Problem> {
    let Some(value) = extra.unicode else { return Ok(None) };
    text::unicode_path(value, name, flags & UTF8 != 0, limits)?;
    Ok(Some(value.into()))
}
