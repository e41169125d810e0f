//! The bytes that are served: made up from a seed, given inline, or on disk.

use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// A sequence of bytes of known size, readable at any offset. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Content {
    source: Source,
    size: u64,
    digest: Arc<OnceLock<String>>,
}

#[derive(Clone, Debug)]
enum Source {
    Generated { seed: u64 },
    Bytes(Arc<[u8]>),
    Disk(Arc<fs::File>),
}

impl Content {
    /// `size` bytes that look random, are the same for the same `seed` at every offset, and need no memory.
    ///
    /// Files of one seed and different sizes share their prefix.
    #[must_use]
    pub fn generated(size: u64, seed: u64) -> Self {
        Self::of(Source::Generated { seed: mix(seed) }, size)
    }

    /// These bytes.
    #[must_use]
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes: Vec<u8> = bytes.into();
        let size = bytes.len() as u64;
        Self::of(Source::Bytes(bytes.into()), size)
    }

    /// A file on disk, with the size it has now.
    ///
    /// # Errors
    ///
    /// Whatever opening it says.
    pub fn disk(path: &Path) -> io::Result<Self> {
        let file = fs::File::open(path)?;
        let size = file.metadata()?.len();
        Ok(Self::of(Source::Disk(Arc::new(file)), size))
    }

    fn of(source: Source, size: u64) -> Self {
        Self { source, size, digest: Arc::default() }
    }

    /// How many bytes there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Fills `buf` from `offset` on and says how many bytes that were: fewer than asked only at the end
    /// (a disk that fails counts as the end).
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> usize {
        let left = self.size.saturating_sub(offset);
        let len = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        let buf = &mut buf[..len];
        match &self.source {
            Source::Generated { seed } => {
                generate(*seed, offset, buf);
                len
            }
            Source::Bytes(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                buf.copy_from_slice(&bytes[from..from + len]);
                len
            }
            Source::Disk(file) => read_disk(file, offset, buf),
        }
    }

    /// The bytes from `from` to `to` (not included), or to the end if that comes first.
    #[must_use]
    pub fn slice(&self, from: u64, to: u64) -> Vec<u8> {
        let len = to.min(self.size).saturating_sub(from);
        let mut buf = vec![0; usize::try_from(len).unwrap_or(0)];
        let read = self.read_at(from, &mut buf);
        buf.truncate(read);
        buf
    }

    /// All the bytes, in memory.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        self.slice(0, self.size)
    }

    /// The SHA-256 in lower-case hex; computed once.
    #[must_use]
    pub fn sha256(&self) -> String {
        self.digest.get_or_init(|| self.hash()).clone()
    }

    fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        let mut buf = vec![0; 256 * 1024];
        let mut at = 0;
        loop {
            let read = self.read_at(at, &mut buf);
            if read == 0 {
                break;
            }
            hasher.update(&buf[..read]);
            at += read as u64;
        }
        hex(&hasher.finalize())
    }

    /// A tag that is the same for the same bytes, found without reading all of them.
    pub(crate) fn tag(&self) -> String {
        match &self.source {
            Source::Generated { seed } => format!("g{seed:x}-{:x}", self.size),
            Source::Bytes(_) => self.sha256()[..16].to_owned(),
            Source::Disk(file) => {
                let modified = file.metadata().and_then(|m| m.modified()).ok();
                let age = modified.and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
                format!("d{:x}-{:x}", age.as_nanos(), self.size)
            }
        }
    }
}

fn read_disk(file: &fs::File, offset: u64, buf: &mut [u8]) -> usize {
    let mut done = 0;
    while done < buf.len() {
        match file.read_at(&mut buf[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    done
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014): any word of the stream without the ones before it.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn word(seed: u64, index: u64) -> [u8; 8] {
    mix(seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15))).to_le_bytes()
}

fn generate(seed: u64, offset: u64, buf: &mut [u8]) {
    let mut index = offset / 8;
    let skip = (offset % 8) as usize;
    let head = if skip == 0 { 0 } else { (8 - skip).min(buf.len()) };
    let (first, rest) = buf.split_at_mut(head);
    if head > 0 {
        first.copy_from_slice(&word(seed, index)[skip..skip + head]);
        index += 1;
    }
    let mut words = rest.chunks_exact_mut(8);
    for out in &mut words {
        out.copy_from_slice(&word(seed, index));
        index += 1;
    }
    let tail = words.into_remainder();
    tail.copy_from_slice(&word(seed, index)[..tail.len()]);
}
