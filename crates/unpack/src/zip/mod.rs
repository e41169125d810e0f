//! Zip archives (APPNOTE.TXT 6.3.10) from bytes that may still be arriving.

use std::sync::Arc;

use crate::{Source, UnpackError, Unpacker, tree::Tree};

/// Unpacks a zip into a tree; with the SHA-256 of every file where asked for.
pub(crate) fn unpack(
    _unpacker: &Unpacker,
    _source: &Arc<dyn Source>,
    _tree: &Arc<Tree>,
    _sha256: bool,
) -> Result<(), UnpackError> {
    Err(UnpackError::Stopped)
}
