//! Writes zips, one member after another; also such that claim what is not so.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use flate2::{Compression, Crc, write::DeflateEncoder};

/// How a member is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum How {
    Stored,
    Deflated,
    /// Deflated, with its sizes behind it.
    Described,
}

/// A zip that is being written.
pub(super) struct Zip<W: Write + Seek> {
    to: W,
    directory: Vec<u8>,
    count: u64,
    /// How hard it is compressed; hardly by default.
    pub(super) level: Compression,
    /// What the end says of the number of members; what is so by default.
    pub(super) claimed: Option<u64>,
}

/// Three sums: checksum, compressed size, size.
type Sums = [u32; 3];

const PLAIN: u32 = 0o100_644;
const RUNS: u32 = 0o100_755;

impl Zip<Cursor<Vec<u8>>> {
    pub(super) fn new() -> Self {
        Self::into(Cursor::new(Vec::new()))
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.finish().into_inner()
    }
}

impl<W: Write + Seek> Zip<W> {
    pub(super) fn into(to: W) -> Self {
        Self { to, directory: Vec::new(), count: 0, level: Compression::fast(), claimed: None }
    }

    pub(super) fn file(&mut self, name: &str, content: &[u8], runs: bool, how: How) {
        self.from(name, &mut &*content, runs, how).expect("a member can be written");
    }

    /// A member whose content need not be in memory.
    pub(super) fn from(&mut self, name: &str, content: &mut dyn Read, runs: bool, how: How) -> io::Result<()> {
        let at = self.to.stream_position()?;
        self.local(name, how, [0; 3])?;
        let start = self.to.stream_position()?;
        let mut crc = Crc::new();
        let size = if how == How::Stored {
            copy(content, &mut self.to, &mut crc)?
        } else {
            let mut encoder = DeflateEncoder::new(&mut self.to, self.level);
            let size = copy(content, &mut encoder, &mut crc)?;
            encoder.finish()?;
            size
        };
        let end = self.to.stream_position()?;
        let sums = [crc.sum(), small(end - start), small(size)];
        if how == How::Described {
            self.to.write_all(b"PK\x07\x08")?;
            self.to.write_all(&sums.map(u32::to_le_bytes).concat())?;
        } else {
            self.to.seek(SeekFrom::Start(at))?;
            self.local(name, how, sums)?;
            self.to.seek(SeekFrom::Start(end))?;
        }
        self.list(name, how, sums, if runs { RUNS } else { PLAIN }, at);
        Ok(())
    }

    /// A member that is listed but not there: at the place of an earlier one.
    pub(super) fn list(&mut self, name: &str, how: How, sums: Sums, mode: u32, at: u64) {
        let head = [&b"PK\x01\x02\x14\x03"[..], &common(how), &sums.map(u32::to_le_bytes).concat()].concat();
        self.directory.extend(head);
        self.directory.extend([small(name.len() as u64) as u16, 0, 0, 0, 0].map(u16::to_le_bytes).concat());
        self.directory.extend([mode << 16, small(at)].map(u32::to_le_bytes).concat());
        self.directory.extend(name.as_bytes());
        self.count += 1;
    }

    fn local(&mut self, name: &str, how: How, sums: Sums) -> io::Result<()> {
        let lengths = [name.len() as u16, 0].map(u16::to_le_bytes).concat();
        let sums = sums.map(u32::to_le_bytes).concat();
        self.to.write_all(&[&b"PK\x03\x04"[..], &common(how), &sums, &lengths, name.as_bytes()].concat())
    }

    /// Writes the directory and the end, in the form of zip64 where there are too many members (APPNOTE 4.3.14).
    pub(super) fn finish(mut self) -> W {
        let start = self.to.stream_position().expect("the place of the directory");
        let (count, size) = (self.claimed.unwrap_or(self.count), self.directory.len() as u64);
        let mut end = std::mem::take(&mut self.directory);
        let short = u16::try_from(count).ok().filter(|short| *short < u16::MAX);
        if short.is_none() {
            let place = start + size;
            end.extend([&b"PK\x06\x06"[..], &44_u64.to_le_bytes(), &[45, 3, 45, 0], &[0; 8]].concat());
            end.extend([count, count, size, start].map(u64::to_le_bytes).concat());
            end.extend([&b"PK\x06\x07"[..], &[0; 4], &place.to_le_bytes(), &1_u32.to_le_bytes()].concat());
        }
        let short = short.unwrap_or(u16::MAX);
        end.extend([&b"PK\x05\x06"[..], &[0; 4], &[short, short].map(u16::to_le_bytes).concat()].concat());
        end.extend([&[small(size), small(start)].map(u32::to_le_bytes).concat()[..], &[0, 0]].concat());
        self.to.write_all(&end).and_then(|()| self.to.flush()).expect("the end can be written");
        self.to
    }
}

/// Version, flags, method, time and date.
fn common(how: How) -> Vec<u8> {
    let flags = if how == How::Described { 0x808 } else { 0x800 };
    let method = if how == How::Stored { 0 } else { 8 };
    [20_u16, flags, method, 0, 0x21].map(u16::to_le_bytes).concat()
}

fn small(number: u64) -> u32 {
    u32::try_from(number).expect("a number of 32 bits")
}

fn copy(from: &mut dyn Read, to: &mut dyn Write, crc: &mut Crc) -> io::Result<u64> {
    let (mut buffer, mut size) = (vec![0; 1 << 16], 0);
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(size);
        }
        crc.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
        size += read as u64;
    }
}
