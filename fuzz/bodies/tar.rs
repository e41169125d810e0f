//! Bytes that may be a tar.

use towline_unpack::{Codec, Format};

use super::arena::judge;

const CODECS: [Codec; 5] = [Codec::Stored, Codec::Gzip, Codec::Zstd, Codec::Xz, Codec::Bzip2];

/// The first byte chooses the compression, the rest is the archive.
pub(crate) fn body(data: &[u8]) {
    let Some((choice, archive)) = data.split_first() else { return };
    judge(archive, Format::Tar(CODECS[usize::from(*choice) % CODECS.len()]), None);
}
