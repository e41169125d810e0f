//! Names of artifacts that are safe as directory names.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::{Digest, digest::hex};

/// Names an artifact in the store: letters, digits and `-` only, at most 200 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(String);

const LONGEST: usize = 200;

impl Key {
    /// The key of an artifact whose digest is known, whichever URL it comes from. Case does not matter. Texts that
    /// cannot be a digest (other characters, over-long) are hashed, so the result is a safe name for any input.
    #[must_use]
    pub fn of_digest(algorithm: &str, hex: &str) -> Self {
        let (algorithm, hex) = (algorithm.to_ascii_lowercase(), hex.to_ascii_lowercase());
        let plain = !algorithm.is_empty()
            && !hex.is_empty()
            && algorithm.len() + hex.len() < LONGEST
            && algorithm.bytes().all(|b| b.is_ascii_alphanumeric())
            && hex.bytes().all(|b| b.is_ascii_hexdigit());
        if plain { Self(format!("{algorithm}-{hex}")) } else { Self::hashed("other", &format!("{algorithm}:{hex}")) }
    }

    /// The key of an artifact that only a URL names. The user information and the fragment do not count, scheme and
    /// host are compared without case, and the query enters the hash only: the key gives nothing of the URL away.
    #[must_use]
    pub fn of_url(url: &str) -> Self {
        let url = url.split('#').next().unwrap_or_default();
        let Some((scheme, rest)) = url.split_once("://") else {
            return Self::hashed("url", url);
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let host = authority.rsplit('@').next().unwrap_or_default();
        let path = if path.is_empty() { "/" } else { path };
        Self::hashed("url", &format!("{}://{}{path}", scheme.to_ascii_lowercase(), host.to_ascii_lowercase()))
    }

    fn hashed(kind: &str, text: &str) -> Self {
        Self(format!("{kind}-{}", hex(&Sha256::digest(text))))
    }

    /// The name, as it stands in the file system.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Digest> for Key {
    fn from(digest: &Digest) -> Self {
        Self::of_digest(digest.algorithm().name(), digest.hex())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
