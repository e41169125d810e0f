//! Which names of a tree are taken, and by what.

use std::collections::HashMap;

use crate::MemberName;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    File,
    Link,
}

/// What is known of a name. Small: an archive may have half a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    /// The byte of the archive where the member was announced.
    pub(crate) at: u64,
    /// Bytes in a file that is whole.
    pub(crate) size: u64,
    /// Its place among the digests, where it was hashed.
    digest: Option<u32>,
}

/// What is known of a file's content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) size: u64,
    /// Where it was asked for.
    pub(crate) sha256: Option<[u8; 32]>,
}

/// The names of a tree.
#[derive(Debug, Default)]
pub(crate) struct Names {
    entries: HashMap<MemberName, Entry>,
    digests: Vec<[u8; 32]>,
}

impl Names {
    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Likewise, with the name as it is kept.
    pub(crate) fn get_key_value(&self, name: &str) -> Option<(&MemberName, &Entry)> {
        self.entries.get_key_value(name)
    }

    /// Every name, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&MemberName, &Entry)> {
        self.entries.iter()
    }

    /// The SHA-256 of a file, where it was asked for.
    pub(crate) fn sha256(&self, entry: &Entry) -> Option<&[u8; 32]> {
        self.digests.get(entry.digest? as usize)
    }

    /// The content of a file.
    pub(crate) fn content(&self, entry: &Entry) -> Content {
        Content { size: entry.size, sha256: self.sha256(entry).copied() }
    }

    pub(crate) fn insert(&mut self, name: MemberName, kind: Kind, at: u64) {
        self.entries.insert(name, Entry { kind, at, size: 0, digest: None });
    }

    /// Notes the content of a file that is whole.
    pub(crate) fn fill(&mut self, name: &MemberName, content: Content) {
        let Some(entry) = self.entries.get_mut(name) else { return };
        entry.size = content.size;
        if let Some(sha256) = content.sha256 {
            entry.digest = u32::try_from(self.digests.len()).ok();
            self.digests.push(sha256);
        }
    }
}
