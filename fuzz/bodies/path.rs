//! Names and the targets of links, as they may stand in an archive.

use std::path::{Component, Path};

use towline_unpack::{Codec, Format, Limits, MemberName};

use super::arena::{Verdict, judge};

/// Each line is a member: `name` a file, `name<TAB>target` a symbolic link, `name<TAB><TAB>target` a hard one. Whatever is
/// taken of them stays inside; what that means, [`judge`] asks the file system.
pub(crate) fn body(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut archive = Vec::new();
    let mut refused = false;
    for line in text.lines() {
        let parts = line.split('\t').collect::<Vec<_>>();
        let (kind, name, target) = match parts.as_slice() {
            [name, "", target, ..] => (b'1', *name, *target),
            [name, target, ..] => (b'2', *name, *target),
            _ => (b'0', line, ""),
        };
        let taken = place(name);
        if let Some(header) = header(kind, name, target) {
            archive.extend(header);
            // A tar's reader may drop what is before a leading slash, and a header ends a name with NUL.
            refused |= !taken && !name.starts_with('/') && !name.contains('\0');
        }
    }
    archive.resize(archive.len() + 1024, 0);
    let verdict = judge(&archive, Format::Tar(Codec::Stored), None);
    assert!(!refused || verdict == Verdict::Refused, "a refused name was unpacked: {text:?}");
}

/// Whether the name is taken. If it is, it is a place inside, and the same when read again.
fn place(raw: &str) -> bool {
    let limits = Limits::default();
    let Ok(name) = MemberName::parse(raw, &limits) else { return false };
    let Some(name) = name else { return true };
    let path = Path::new("/target").join(name.as_str());
    let inside = path.strip_prefix("/target").expect("it is below the target");
    assert!(inside.components().all(|part| matches!(part, Component::Normal(_))), "{raw:?} is {path:?}");
    assert_eq!(MemberName::parse(name.as_str(), &limits), Ok(Some(name)), "{raw:?}");
    true
}

/// A ustar header of a member without data.
fn header(kind: u8, name: &str, target: &str) -> Option<[u8; 512]> {
    let mut header = [0; 512];
    let mut put = |at: usize, most: usize, text: &[u8]| {
        header.get_mut(at..at + text.len()).filter(|_| text.len() <= most)?.copy_from_slice(text);
        Some(())
    };
    put(0, 100, name.as_bytes())?;
    put(100, 8, b"0000644\0")?;
    put(108, 8, b"0000000\0")?;
    put(116, 8, b"0000000\0")?;
    put(124, 12, b"00000000000\0")?;
    put(136, 12, b"00000000000\0")?;
    put(148, 8, b"        ")?;
    put(156, 1, &[kind])?;
    put(157, 100, target.as_bytes())?;
    put(257, 8, b"ustar\x0000")?;
    let sum = header.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Some(header)
}
