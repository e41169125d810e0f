//! What the next run must know about a partial file.

use serde::{Deserialize, Serialize};

use crate::Digest;

/// What a sidecar remembers for the caller, beside ownership. Nothing secret belongs here: it is written to disk
/// in plain text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    /// Size of the whole file in bytes, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Digest of the whole file, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The validator of the representation the bytes belong to (RFC 9110 section 8.8), as the caller writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validator: Option<String>,
    /// Which URL the validator came from, hashed by the caller: signed URLs carry secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validator_source: Option<String>,
    /// The file name, for people who look into the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}
