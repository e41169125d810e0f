//! What is wanted.

use towline_store::{Algorithm, Digest, Key};
use url::Url;

/// A file that is wanted, and what is known of it.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Its file name; for a tree, its ending decides the format.
    pub name: String,
    /// URLs of the same bytes, best first; at least one.
    pub urls: Vec<Url>,
    /// Its digest, if something trusted gives it.
    pub digest: Option<Digest>,
    /// Its size in bytes, if a lock or an index gives it.
    pub size: Option<u64>,
}

impl Artifact {
    /// What its bytes are hashed with.
    pub(crate) fn algorithm(&self) -> Algorithm {
        self.digest.as_ref().map_or(Algorithm::Sha256, Digest::algorithm)
    }

    /// What its partial file is found by: the digest, else the first URL.
    #[must_use]
    pub fn key(&self) -> Key {
        match (&self.digest, self.urls.first()) {
            (Some(digest), _) => Key::from(digest),
            (None, url) => Key::of_url(url.map(Url::as_str).unwrap_or_default()),
        }
    }
}
