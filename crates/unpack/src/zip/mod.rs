//! Zip archives (APPNOTE.TXT 6.3.10) from bytes that may still be arriving.
//!
//! The calling thread walks the local headers as the bytes come ([`scan`]). A member whose header has its sizes is
//! unpacked as soon as its bytes are there: small ones by the pool ([`batch`]), big ones by threads of their own
//! ([`stream`]). At the end the directory is authoritative ([`directory`]): it is held against every local header, and
//! what the headers left open (data descriptors) is unpacked by it. Archives about which two readers could differ are
//! refused.

mod batch;
mod descriptor;
mod directory;
mod end;
mod extra;
mod field;
mod header;
mod inflate;
mod mode;
mod scan;
mod stream;
mod text;
mod window;
mod work;

use std::sync::Arc;

use crate::{Problem, Source, UnpackError, Unpacker, tree::Tree};
use work::Work;

/// What is asked of a zip besides its own rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Whether the SHA-256 of every file is wanted.
    pub(crate) sha256: bool,
    /// Whether symbolic links may be in it.
    pub(crate) links: bool,
}

/// Unpacks a zip into a tree.
pub(crate) fn unpack(
    unpacker: &Unpacker,
    source: &Arc<dyn Source>,
    tree: &Arc<Tree>,
    rules: Rules,
) -> Result<(), UnpackError> {
    let work = Work::new(unpacker, source, tree, rules.sha256);
    let result = scan::scan(&work).and_then(|scanned| directory::finish(&work, &scanned, rules.links));
    if let Err(error) = result {
        work.flight.fail(error);
    }
    // Also after a failure: nothing may write into the tree any more when this returns.
    work.flight.land()
}

/// Something is not as the format has it.
fn invalid(detail: impl Into<String>) -> Problem {
    Problem::Format { format: "zip", detail: detail.into() }
}
