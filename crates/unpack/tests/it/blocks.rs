//! Writes tars block by block, well made or not.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use towline_unpack::Codec;

/// A header, of which every byte can be set.
#[derive(Clone)]
pub(crate) struct Header([u8; 512]);

impl Header {
    /// As POSIX has it.
    pub(crate) fn ustar(name: &str, flag: u8, size: usize) -> Self {
        Self::v7(name, flag, size).put(257, b"ustar\x0000").put(329, b"0000000\0").put(337, b"0000000\0")
    }

    pub(crate) fn gnu(name: &str, flag: u8, size: usize) -> Self {
        Self::v7(name, flag, size).put(257, b"ustar  \0")
    }

    /// Before there was a magic.
    pub(crate) fn v7(name: &str, flag: u8, size: usize) -> Self {
        let name = &name.as_bytes()[..name.len().min(100)];
        Self([0; 512])
            .put(0, name)
            .put(100, b"0000644\0")
            .put(108, b"0001750\0")
            .put(116, b"0001750\0")
            .put(124, format!("{size:011o}\0").as_bytes())
            .put(136, b"14717276000\0")
            .put(156, &[flag])
    }

    pub(crate) fn put(mut self, at: usize, bytes: &[u8]) -> Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    pub(crate) fn link(self, target: &str) -> Self {
        self.put(157, &target.as_bytes()[..target.len().min(100)])
    }

    pub(crate) fn mode(self, mode: u32) -> Self {
        self.put(100, format!("{mode:07o}\0").as_bytes())
    }

    /// With its checksum.
    pub(crate) fn sealed(self) -> [u8; 512] {
        let summed = self.put(148, b"        ");
        let sum = summed.0.iter().map(|byte| u32::from(*byte)).sum::<u32>();
        summed.put(148, format!("{sum:06o}\0 ").as_bytes()).0
    }
}

/// A tar in the making.
#[derive(Clone, Default)]
pub(crate) struct Tar(Vec<u8>);

impl Tar {
    /// A header and what belongs to it, filled up to whole blocks.
    pub(crate) fn with(mut self, header: Header, content: impl AsRef<[u8]>) -> Self {
        self.0.extend(header.sealed());
        self.raw(content)
    }

    /// Bytes, filled up to whole blocks.
    pub(crate) fn raw(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.extend(bytes.as_ref());
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let size = content.as_ref().len();
        self.with(Header::ustar(name, b'0', size), content)
    }

    pub(crate) fn directory(self, name: &str) -> Self {
        self.with(Header::ustar(name, b'5', 0), "")
    }

    pub(crate) fn symlink(self, name: &str, target: &str) -> Self {
        self.with(Header::ustar(name, b'2', 0).link(target), "")
    }

    pub(crate) fn hard_link(self, name: &str, target: &str) -> Self {
        self.with(Header::ustar(name, b'1', 0).link(target), "")
    }

    /// An extended header of the next member (`x`) or of all (`g`).
    pub(crate) fn pax(self, flag: u8, records: &[(&str, &str)]) -> Self {
        let records = records.iter().map(|(key, value)| record(key, value)).collect::<String>();
        self.with(Header::ustar("PaxHeaders/x", flag, records.len()), records)
    }

    /// GNU's long name (`L`) or long target (`K`).
    pub(crate) fn long(self, flag: u8, text: &str) -> Self {
        let text = format!("{text}\0");
        self.with(Header::gnu("././@LongLink", flag, text.len()), text)
    }

    /// With the two blocks of zeros that end it.
    pub(crate) fn end(self) -> Vec<u8> {
        self.raw([0; 1024]).0
    }

    /// As it is.
    pub(crate) fn cut(self) -> Vec<u8> {
        self.0
    }
}

/// `length key=value` and a newline, the length counting itself.
pub(crate) fn record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let length = (rest..).find(|length| length - length.to_string().len() == rest).unwrap();
    format!("{length} {key}={value}\n")
}

/// Every way in which a tar comes, with the ending that says so.
pub(crate) const CODECS: [(Codec, &str); 5] = [
    (Codec::Stored, "t.tar"),
    (Codec::Gzip, "t.tar.gz"),
    (Codec::Zstd, "t.tar.zst"),
    (Codec::Xz, "t.tar.xz"),
    (Codec::Bzip2, "t.tar.bz2"),
];

/// One stream, frame or member.
pub(crate) fn compressed(codec: Codec, bytes: &[u8]) -> Vec<u8> {
    match codec {
        Codec::Stored => bytes.to_vec(),
        Codec::Deflate => {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Codec::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Codec::Zstd => {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
            encoder.include_checksum(true).unwrap();
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Codec::Xz => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Codec::Bzip2 => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
    }
}
