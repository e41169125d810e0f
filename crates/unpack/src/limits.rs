//! How much an archive may unpack to.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Problem;

/// Bounds on what an archive may become. Each ends the unpacking as soon as it is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all files together. Default: 64 GiB.
    pub bytes: u64,
    /// Members: files, directories and links, and directories that only the name of a member implies. Default:
    /// 500,000: some seven times the largest wheels, and what is remembered of them stays below 100 MiB.
    pub members: u64,
    /// Bytes of all their names and of the targets of links together, which are held in memory. Default: 128 MiB.
    pub names: u64,
    /// Unpacked bytes for each byte of the archive, of which was used up by then, counted once more than
    /// [`Limits::FREE`] bytes came out. Default: 250. Whole wheels stay below 10, single members of them reach 223.
    pub ratio: u64,
    /// Components of a member's name. Default: 128.
    pub depth: usize,
    /// Bytes of a member's name. Default: 4,096.
    pub name: usize,
}

impl Limits {
    /// 64 MiB: up to here the ratio does not matter.
    pub const FREE: u64 = 64 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 30, members: 500_000, names: 128 << 20, ratio: 250, depth: 128, name: 4096 }
    }
}

/// What has come out of an archive so far, held against its [`Limits`]. Shared by everything that works on it.
#[derive(Debug)]
pub(crate) struct Gauge {
    limits: Limits,
    bytes: AtomicU64,
    members: AtomicU64,
    names: AtomicU64,
}

impl Gauge {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self { limits, bytes: AtomicU64::new(0), members: AtomicU64::new(0), names: AtomicU64::new(0) }
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// One more member, with a name of so many bytes.
    pub(crate) fn member(&self, name: usize) -> Result<(), Problem> {
        let members = self.members.fetch_add(1, Ordering::Relaxed) + 1;
        if members > self.limits.members {
            return Err(Problem::TooManyMembers { limit: self.limits.members });
        }
        self.name(name)
    }

    /// So many more bytes of names, the targets of links included.
    pub(crate) fn name(&self, name: usize) -> Result<(), Problem> {
        let name = name as u64;
        let names = self.names.fetch_add(name, Ordering::Relaxed).saturating_add(name);
        if names > self.limits.names {
            return Err(Problem::NamesTooLong { limit: self.limits.names });
        }
        Ok(())
    }

    /// `bytes` more are about to come out, after `read` bytes of the archive were used up (all of it, where the size is
    /// known and the members' sizes are only announced).
    pub(crate) fn grow(&self, bytes: u64, read: u64) -> Result<(), Problem> {
        let before =
            self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |sum| Some(sum.saturating_add(bytes)));
        let sum = before.unwrap_or_default().saturating_add(bytes);
        if sum > self.limits.bytes {
            return Err(Problem::TooManyBytes { limit: self.limits.bytes });
        }
        if sum > Limits::FREE && sum / self.limits.ratio.max(1) > read {
            return Err(Problem::Ratio { bytes: sum, read, limit: self.limits.ratio });
        }
        Ok(())
    }
}
