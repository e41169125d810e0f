//! Names that are never used twice.

use std::{
    collections::hash_map::RandomState,
    fmt,
    hash::BuildHasher,
    process,
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// 128 random bits in hex: the name of one spool of one owner, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Token(String);

const LENGTH: usize = 32;

impl Token {
    /// The keys of `RandomState` come from the system's random source.
    pub(crate) fn random() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let seed = (COUNT.fetch_add(1, Ordering::Relaxed), process::id(), nanos);
        let half = || RandomState::new().hash_one(seed);
        Self(format!("{:016x}{:016x}", half(), half()))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == LENGTH && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
