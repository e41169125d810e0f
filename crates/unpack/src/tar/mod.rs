//! Tar archives, compressed or not, from bytes that may still be arriving.

use std::sync::Arc;

use crate::{Codec, Source, UnpackError, tree::Tree};

/// Unpacks a tar into a tree.
pub(crate) fn unpack(_source: &Arc<dyn Source>, _tree: &Arc<Tree>, _codec: Codec) -> Result<(), UnpackError> {
    Err(UnpackError::Stopped)
}
