//! Names of members as text (APPNOTE 4.4.4 bit 11, 4.6.9, appendix D).

use std::borrow::Cow;

use super::{field, invalid};
use crate::{Limits, MemberName, Problem};

/// Bytes 0x80 to 0xff of code page 437.
const HIGH: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// A name: UTF-8 if the header says so, else code page 437, as the format and Python's `zipfile` have it.
pub(super) fn decode(raw: &[u8], utf8: bool) -> Result<Cow<'_, str>, Problem> {
    if utf8 || raw.is_ascii() {
        return match std::str::from_utf8(raw) {
            Ok(name) => Ok(Cow::Borrowed(name)),
            Err(_) => Err(Problem::Name { why: "it is said to be UTF-8 but is not" }),
        };
    }
    let high: Vec<char> = HIGH.chars().collect();
    let one = |byte: &u8| match byte.checked_sub(0x80) {
        None => char::from(*byte),
        Some(at) => high[usize::from(at)],
    };
    Ok(Cow::Owned(raw.iter().map(one).collect()))
}

/// For messages, whatever it is.
pub(super) fn shown(raw: &[u8], utf8: bool) -> String {
    decode(raw, utf8).unwrap_or_else(|_| String::from_utf8_lossy(raw)).into_owned()
}

/// Holds a Unicode Path field against the name it goes with.
///
/// A name of ASCII or UTF-8 has to be repeated exactly. Writers on Windows put the name in the local code page into the
/// header; which page is nowhere said, so all that can be compared is what every page has alike: separators and dots.
pub(super) fn unicode_path(value: &[u8], raw: &[u8], utf8: bool, limits: &Limits) -> Result<(), Problem> {
    let Some((head, path)) = value.split_at_checked(5).filter(|(head, _)| head[0] == 1) else {
        return Err(invalid("the Unicode Path field is not of version 1"));
    };
    if field::u32(head, 1) != crc32fast::hash(raw) {
        return Err(invalid("the Unicode Path field belongs to another name"));
    }
    let Ok(path) = std::str::from_utf8(path) else {
        return Err(invalid("the Unicode Path field is not UTF-8"));
    };
    MemberName::parse(path, limits)?;
    let marks = |bytes: &[u8]| bytes.iter().copied().filter(|byte| matches!(byte, b'/' | b'.')).collect::<Vec<_>>();
    let same = if utf8 || raw.is_ascii() { path.as_bytes() == raw } else { marks(path.as_bytes()) == marks(raw) };
    if same {
        return Ok(());
    }
    Err(Problem::Disagrees {
        what: "the name",
        here: shown(raw, utf8).escape_debug().to_string(),
        there: path.escape_debug().to_string(),
    })
}
