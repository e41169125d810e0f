//! Writes wheels, also such as are too large to be held in memory.

use std::io::{Read, Seek, Write};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::trees::{Node, Nodes, put};
use super::zips::{How, Zip};

/// A wheel that is being written, with a true RECORD.
pub(super) struct Wheel<W: Write + Seek> {
    name: String,
    zip: Zip<W>,
    record: String,
    nodes: Nodes,
    bytes: u64,
}

impl<W: Write + Seek> Wheel<W> {
    pub(super) fn new(name: &str, zip: Zip<W>) -> Self {
        Self { name: name.to_owned(), zip, record: String::new(), nodes: Nodes::new(), bytes: 0 }
    }

    pub(super) fn add(&mut self, name: &str, content: &mut dyn Read, runs: bool, how: How) {
        let mut content = Hashed { from: content, hasher: Sha256::new(), size: 0 };
        self.zip.from(name, &mut content, runs, how).expect("a member can be written");
        let (sha256, size): ([u8; 32], u64) = (content.hasher.finalize().into(), content.size);
        self.record += &format!("{name},sha256={},{size}\n", BASE64_URL_SAFE_NO_PAD.encode(sha256));
        put(&mut self.nodes, name, Node::File { sha256, runs });
        self.bytes += size;
    }

    /// The zip, what it has to become, and the bytes in its files.
    pub(super) fn finish(mut self) -> (W, Nodes, u64) {
        let info = format!("{}-1.0.dist-info", self.name);
        let said = "Wheel-Version: 1.0\nGenerator: towline\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
        self.add(&format!("{info}/WHEEL"), &mut said.as_bytes(), false, How::Deflated);
        let said = format!("Metadata-Version: 2.1\nName: {}\nVersion: 1.0\n", self.name);
        self.add(&format!("{info}/METADATA"), &mut said.as_bytes(), false, How::Deflated);
        let place = format!("{info}/RECORD");
        self.record += &format!("{place},,\n");
        self.zip.file(&place, self.record.as_bytes(), false, How::Deflated);
        put(&mut self.nodes, &place, Node::file(self.record.as_bytes(), false));
        (self.zip.finish(), self.nodes, self.bytes + self.record.len() as u64)
    }
}

/// Takes the hash of what is read.
struct Hashed<'a> {
    from: &'a mut dyn Read,
    hasher: Sha256,
    size: u64,
}

impl Read for Hashed<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.from.read(into)?;
        self.hasher.update(&into[..read]);
        self.size += read as u64;
        Ok(read)
    }
}
