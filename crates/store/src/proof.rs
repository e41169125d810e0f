//! Whether something that was renamed into place without a sync can still have lost bytes to a power failure.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::Duration,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{ownership::Owner, sidecar::unix_now, token::Token};

/// After this long the kernel has written everything back (30 s by default), whichever machine it was.
const SETTLED: Duration = Duration::from_secs(60 * 60);

/// What was published in this boot is in memory or on the disk, and so is whole. What was published in an earlier one
/// is looked at once, at its next use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proof {
    /// The boot in which it was published, or looked at last; `None` where boots have no name.
    boot: Option<String>,
    /// Seconds since 1970.
    published: u64,
    /// It was looked at when the disk must have had it for long.
    durable: bool,
}

impl Proof {
    /// Of something that is published now.
    pub(crate) fn new() -> Self {
        Self { boot: boot(), published: unix_now(), durable: false }
    }

    /// Whether it need not be looked at.
    pub(crate) fn holds(&self) -> bool {
        self.durable || (self.boot.is_some() && self.boot == boot())
    }

    /// It was looked at, and is whole.
    pub(crate) fn renewed(self) -> Self {
        let durable = unix_now().saturating_sub(self.published) > SETTLED.as_secs();
        Self { boot: boot(), durable, ..self }
    }
}

fn boot() -> Option<String> {
    Owner::current().place.boot.filter(|_| cfg!(target_os = "linux"))
}

/// Reads a small JSON file; `None` where it is damaged.
pub(crate) fn load<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    fs::read(path).map(|text| serde_json::from_slice(&text).ok())
}

/// Replaces a small JSON file at once, and for good: the one it replaces may be durable already.
pub(crate) fn save<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let fresh = path.with_extension(format!("{}.tmp", Token::random()));
    let text = serde_json::to_vec(value)?;
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh).and_then(|mut file| {
        file.write_all(&text)?;
        file.sync_data()?;
        fs::rename(&fresh, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}
