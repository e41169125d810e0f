//! Digests of whole files.

use std::{
    fmt::{self, Write as _},
    fs::File,
    io::{self, ErrorKind, Read},
    path::Path,
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::StoreError;

/// Bytes hashed at a time.
const HASHED: usize = 256 * 1024;

/// A hash function that may vouch for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Algorithm {
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384 (FIPS 180-4).
    Sha384,
    /// SHA-512 (FIPS 180-4).
    Sha512,
}

impl Algorithm {
    /// The name in lower case, as indexes and locks write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    const fn hex_len(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha384 => 96,
            Self::Sha512 => 128,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        match text {
            "sha256" => Ok(Self::Sha256),
            "sha384" => Ok(Self::Sha384),
            "sha512" => Ok(Self::Sha512),
            other => Err(DigestError::Algorithm(other.chars().take(32).collect())),
        }
    }
}

/// A hash under way.
#[derive(Debug, Clone)]
pub(crate) enum Hash {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hash {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
            Algorithm::Sha384 => Self::Sha384(Sha384::new()),
            Algorithm::Sha512 => Self::Sha512(Sha512::new()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha384(hash) => hash.update(bytes),
            Self::Sha512(hash) => hash.update(bytes),
        }
    }

    pub(crate) fn digest(self) -> Digest {
        let (algorithm, hex) = match self {
            Self::Sha256(hash) => (Algorithm::Sha256, hex(&hash.finalize())),
            Self::Sha384(hash) => (Algorithm::Sha384, hex(&hash.finalize())),
            Self::Sha512(hash) => (Algorithm::Sha512, hex(&hash.finalize())),
        };
        Digest { algorithm, hex }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a `String` cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// The digest of a file, written `sha256:<64 hex digits>` or with another [`Algorithm`]; upper-case digits are read, lower case is
/// kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest {
    algorithm: Algorithm,
    hex: String,
}

impl Digest {
    /// A digest from its hex digits.
    ///
    /// # Errors
    /// When the number of digits does not fit the algorithm, or one is not a hex digit.
    pub fn new(algorithm: Algorithm, hex: &str) -> Result<Self, DigestError> {
        if let Some(bad) = hex.chars().find(|c| !c.is_ascii_hexdigit()) {
            return Err(DigestError::Hex(bad));
        }
        if hex.len() != algorithm.hex_len() {
            return Err(DigestError::Length { algorithm, expected: algorithm.hex_len(), found: hex.len() });
        }
        Ok(Self { algorithm, hex: hex.to_ascii_lowercase() })
    }

    /// A SHA-256 digest from its 64 hex digits.
    ///
    /// # Errors
    /// As [`Digest::new`].
    pub fn sha256(hex: &str) -> Result<Self, DigestError> {
        Self::new(Algorithm::Sha256, hex)
    }

    /// The digest of everything a reader has left. Reads 256 KiB at a time, so the reader needs no buffer.
    ///
    /// # Errors
    /// Those of the reader; [`ErrorKind::Interrupted`] is none.
    pub fn of(algorithm: Algorithm, mut reader: impl Read) -> io::Result<Self> {
        let mut hash = Hash::new(algorithm);
        let mut buffer = vec![0; HASHED];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(hash.digest()),
                Ok(read) => hash.update(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The digest of a file.
    ///
    /// # Errors
    /// When the file cannot be opened or read.
    pub fn of_file(algorithm: Algorithm, path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|error| StoreError::at("open", path, error))?;
        Self::of(algorithm, file).map_err(|error| StoreError::at("read", path, error))
    }

    /// The hash function.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The digits, in lower case.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.hex
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.hex)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (algorithm, hex) = text.split_once(':').ok_or(DigestError::Separator)?;
        Self::new(algorithm.parse()?, hex)
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// Why a text is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// No colon between algorithm and digits.
    #[error("a digest is written algorithm:hex, as in sha256:2c26b4…")]
    Separator,
    /// A hash function that is not known here.
    #[error("hash algorithm {0:?} is not known: use sha256")]
    Algorithm(String),
    /// Too few or too many digits.
    #[error("a {algorithm} digest has {expected} hex digits, not {found}")]
    Length {
        /// The hash function.
        algorithm: Algorithm,
        /// Digits it needs.
        expected: usize,
        /// Digits given.
        found: usize,
    },
    /// A character that is no hex digit.
    #[error("{0:?} is not a hex digit")]
    Hex(char),
}
