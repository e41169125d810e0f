//! The way in.

use std::{path::Path, sync::Arc};

use crate::{
    Format, Limits, Source, UnpackError,
    pool::{Budget, Pool},
    tar,
    tree::{Tree, unobserved},
    wheel,
    zip::{self, Rules},
};

/// Unpacks archives. Clones share threads and memory: at most 32 MiB are held in whole-member buffers, whatever number of
/// archives is being unpacked.
#[derive(Clone)]
pub struct Unpacker {
    pub(crate) pool: Pool,
    pub(crate) budget: Budget,
    /// Threads for big members, which may wait for bytes.
    pub(crate) streams: Budget,
}

/// Whole-member buffers in flight, compressed and not: 32 MiB.
const IN_FLIGHT: u64 = 32 << 20;
/// At least so many big members have threads of their own at a time; more where there are more cores.
const STREAMS: u64 = 2;

/// A file or link of the tree that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written<'a> {
    /// Its name, with `/` between components.
    pub name: &'a str,
    /// Its size in bytes; 0 for links.
    pub size: u64,
}

/// Told of each member that is whole on the disk, once, from any thread.
pub type Observe = Arc<dyn Fn(Written<'_>) + Send + Sync>;

/// What an archive became.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Regular files, hard links included.
    pub files: u64,
    /// Directories, those that only a member's name implies included.
    pub directories: u64,
    /// Symbolic links.
    pub links: u64,
    /// Bytes in the files.
    pub bytes: u64,
    /// The sum of [`outline`](crate::outline) over all of them, relative to the target.
    pub outline: u64,
}

/// What to unpack, and how.
#[derive(Clone)]
pub struct Order {
    /// What the archive is said to be.
    pub format: Format,
    /// The archive's file name, for the rules that tie a wheel to it. `None`: they are not checked.
    pub name: Option<String>,
    /// Default: those of [`Limits`].
    pub limits: Limits,
    /// Whether the hashes in a wheel's RECORD are checked. Needless, and dearer than the decompression, where a trusted
    /// digest vouches for the whole archive. Default: yes.
    pub record_hashes: bool,
    /// Default: nobody.
    pub observe: Observe,
}

impl Order {
    /// For an archive of a format, with the defaults of every field.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format, name: None, limits: Limits::default(), record_hashes: true, observe: unobserved() }
    }
}

impl Unpacker {
    /// With so many threads for what does not wait; at least one.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(threads: usize) -> std::io::Result<Self> {
        let streams = Budget::new(STREAMS.max(threads as u64));
        Ok(Self { pool: Pool::new(threads)?, budget: Budget::new(IN_FLIGHT), streams })
    }

    /// Unpacks an archive into an existing, empty directory, from its first byte on, waiting for bytes that are not
    /// there yet. Returns when everything is written and every rule was found kept.
    ///
    /// After a failure the directory holds whatever was made by then; it is the caller's to remove. It is not safe to
    /// let anybody else write into the directory meanwhile.
    ///
    /// # Errors
    /// [`UnpackError::Source`] when the bytes did not come; [`UnpackError::Disk`]; [`UnpackError::Archive`].
    pub fn unpack(&self, source: &Arc<dyn Source>, into: &Path, order: &Order) -> Result<Unpacked, UnpackError> {
        let tree = Arc::new(Tree::new(into.to_path_buf(), order.limits, Arc::clone(&order.observe)));
        match order.format {
            Format::Wheel => {
                let rules = Rules { sha256: order.record_hashes, links: false };
                zip::unpack(self, source, &tree, rules)?;
                wheel::check(&tree, order.name.as_deref(), order.record_hashes)?;
            }
            Format::Zip => zip::unpack(self, source, &tree, Rules { sha256: false, links: true })?,
            Format::Tar(codec) => tar::unpack(source, &tree, codec)?,
        }
        tree.finish()
    }
}
