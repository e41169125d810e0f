//! Paths in JSON.

use std::{
    ffi::OsString,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::PathBuf,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A path that need not be UTF-8: in JSON each of its bytes is the character of that number (Latin-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawPath(pub(crate) PathBuf);

impl RawPath {
    /// From the text that JSON has.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        let bytes: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
        bytes.ok().map(|bytes| Self(PathBuf::from(OsString::from_vec(bytes))))
    }
}

impl<'de> Deserialize<'de> for RawPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::decode(&text).ok_or_else(|| D::Error::custom("a path has a character that stands for no byte"))
    }
}

impl Serialize for RawPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = self.0.as_os_str().as_bytes();
        serializer.collect_str(&bytes.iter().map(|byte| char::from(*byte)).collect::<String>())
    }
}
