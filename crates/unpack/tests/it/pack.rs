//! Writes small archives, well made.

use std::io::Write as _;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use flate2::{Compression, Crc, write::DeflateEncoder};
use sha2::{Digest as _, Sha256};

/// How a member of a zip is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Stored,
    Deflated,
    /// With its sizes behind it.
    Described,
    /// With its sizes a second time, of 64 bits.
    Repeated,
    /// A symbolic link to what is its content.
    Link,
}

/// A zip of files; a name that ends in a slash is a directory.
pub(crate) fn zip<N: AsRef<str>, C: AsRef<[u8]>>(members: &[(N, C)], how: impl Fn(usize) -> How) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (index, (name, content)) in members.iter().enumerate() {
        let (name, content) = (name.as_ref().as_bytes(), content.as_ref());
        let how = if name.ends_with(b"/") { How::Stored } else { how(index) };
        let data = if matches!(how, How::Stored | How::Link) { content.to_vec() } else { deflated(content) };
        let mut crc = Crc::new();
        crc.update(content);
        let sums = [crc.sum(), data.len() as u32, content.len() as u32].map(u32::to_le_bytes).concat();
        let described = how == How::Described;
        let flags: u16 = if described { 0x808 } else { 0x800 };
        let method: u16 = if matches!(how, How::Stored | How::Link) { 0 } else { 8 };
        let mut common = [20_u16, flags, method, 0, 0x21].map(u16::to_le_bytes).concat();
        let local = common.clone();
        common.extend(&sums);
        let lengths = [name.len() as u16, 0].map(u16::to_le_bytes).concat();
        directory.extend([&b"PK\x01\x02\x14\x03"[..], &common, &lengths].concat());
        directory.extend([0_u16; 3].map(u16::to_le_bytes).concat());
        let mode: u32 = match how {
            How::Link => 0o120_777 << 16,
            _ if name.ends_with(b"/") => 0o40_755 << 16 | 0x10,
            _ => 0o100_644 << 16,
        };
        directory.extend([mode, bytes.len() as u32].map(u32::to_le_bytes).concat());
        directory.extend(name);
        let local_sums = if described { vec![0; 12] } else { sums.clone() };
        let sizes = [content.len() as u64, data.len() as u64].map(u64::to_le_bytes).concat();
        let extra = if how == How::Repeated { [&[1, 0, 16, 0], sizes.as_slice()].concat() } else { Vec::new() };
        let lengths = [name.len() as u16, extra.len() as u16].map(u16::to_le_bytes).concat();
        bytes.extend([&b"PK\x03\x04"[..], &local, &local_sums, &lengths, name, &extra, &data].concat());
        if described {
            bytes.extend([&b"PK\x07\x08"[..], &sums].concat());
        }
    }
    let (start, count) = (bytes.len() as u32, members.len() as u16);
    bytes.extend(&directory);
    bytes.extend([&b"PK\x05\x06"[..], &[0, 0, count, count].map(u16::to_le_bytes).concat()].concat());
    bytes.extend([&[directory.len() as u32, start].map(u32::to_le_bytes).concat()[..], &[0, 0]].concat());
    bytes
}

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A ustar of files; a name that ends in a slash is a directory.
pub(crate) fn tar<N: AsRef<str>, C: AsRef<[u8]>>(members: &[(N, C)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in members {
        let (name, content) = (name.as_ref().as_bytes(), content.as_ref());
        let mut header = [0; 512];
        let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
        put(0, name);
        put(100, b"0000644\0");
        put(108, b"0000000\0");
        put(116, b"0000000\0");
        put(124, format!("{:011o}\0", content.len()).as_bytes());
        put(136, b"00000000000\0");
        put(148, b"        ");
        put(156, if name.ends_with(b"/") { b"5" } else { b"0" });
        put(257, b"ustar\x0000");
        let sum = header.iter().map(|byte| u32::from(*byte)).sum::<u32>();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        bytes.extend(header);
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// The files of a wheel, with what it needs and a RECORD that is right.
pub(crate) fn wheel(name: &str, version: &str, files: &[(&str, &str)]) -> Vec<(String, String)> {
    let info = format!("{name}-{version}.dist-info");
    let mut all = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect::<Vec<_>>();
    for (file, text) in [
        ("METADATA", format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nName: of something else\n")),
        ("WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_owned()),
    ] {
        let path = format!("{info}/{file}");
        if !all.iter().any(|(other, _)| *other == path) {
            all.push((path, text));
        }
    }
    let record = format!("{info}/RECORD");
    let mut rows =
        all.iter().filter(|(path, _)| !path.ends_with('/')).map(|(path, text)| row(path, text)).collect::<String>();
    rows.push_str(&format!("{record},,\n"));
    all.push((record, rows));
    all
}

/// A row of RECORD.
pub(crate) fn row(path: &str, text: &str) -> String {
    format!("{path},sha256={},{}\n", BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text)), text.len())
}
