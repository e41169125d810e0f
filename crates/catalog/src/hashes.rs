//! What vouches for a file's bytes.

use std::collections::BTreeMap;

use towline_store::{Algorithm, Digest, DigestError};

/// Digests of one file, all of which must be right: one for each algorithm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hashes {
    known: BTreeMap<Algorithm, Digest>,
}

/// Digests that vouch for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashesError {
    /// None was given where one is needed.
    #[error("no hash is given")]
    None,
    /// No algorithm is one that can be verified.
    #[error("none of the hash algorithms ({0}) is known; sha256, sha384 and sha512 are")]
    Unknown(String),
    /// A digest that cannot be one.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

impl Hashes {
    /// From pairs of algorithm and hex digits. Algorithms that are not known may stand beside one that is.
    ///
    /// # Errors
    /// When a digest of a known algorithm is malformed, or pairs are given and none is known.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, HashesError> {
        let mut known = BTreeMap::new();
        let mut unknown = Vec::new();
        for (name, hex) in pairs {
            match name.to_ascii_lowercase().parse::<Algorithm>() {
                Ok(algorithm) => drop(known.insert(algorithm, Digest::new(algorithm, hex)?)),
                Err(_) => unknown.push(name.chars().take(32).collect::<String>()),
            }
        }
        if known.is_empty() && !unknown.is_empty() {
            return Err(HashesError::Unknown(unknown.join(", ")));
        }
        Ok(Self { known })
    }

    /// Whether nothing vouches for the file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The digest to verify by: SHA-256 where it is there, for the store finds files by it.
    #[must_use]
    pub fn best(&self) -> Option<&Digest> {
        self.known.values().next()
    }

    /// All of them, SHA-256 first.
    pub fn iter(&self) -> impl Iterator<Item = &Digest> {
        self.known.values()
    }

    /// Adds one.
    pub fn add(&mut self, digest: Digest) {
        self.known.insert(digest.algorithm(), digest);
    }
}

impl From<Digest> for Hashes {
    fn from(digest: Digest) -> Self {
        Self { known: BTreeMap::from([(digest.algorithm(), digest)]) }
    }
}
