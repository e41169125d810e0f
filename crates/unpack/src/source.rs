//! Where an archive's bytes come from.

use std::{fs::File, io};

/// The bytes of an archive, which may still be arriving.
///
/// Whatever stops them from arriving is the source's own error; unpacking hands it on as
/// [`UnpackError::Source`](crate::UnpackError::Source) and never takes it for a fault of the archive.
pub trait Source: Send + Sync + std::fmt::Debug {
    /// Reads at an offset. Waits until at least one byte is there; 0 means that the archive ends at or before `at`.
    ///
    /// # Errors
    /// When the bytes will not come, or bytes that were handed out before are no longer those of the archive.
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize>;

    /// Waits until the archive's first `len` bytes are there or its end is known. Returns the number of bytes that are
    /// there: fewer than `len` only when the archive is shorter.
    ///
    /// # Errors
    /// As [`Source::read_at`].
    fn wait(&self, len: u64) -> io::Result<u64>;

    /// Waits for the end of the archive and returns its size.
    ///
    /// # Errors
    /// As [`Source::read_at`].
    fn size(&self) -> io::Result<u64> {
        self.wait(u64::MAX)
    }

    /// Fills `into` from an offset, waiting as often as needed.
    ///
    /// # Errors
    /// As [`Source::read_at`]; [`io::ErrorKind::UnexpectedEof`] when the archive ends first.
    fn read_exact_at(&self, mut at: u64, mut into: &mut [u8]) -> io::Result<()> {
        while !into.is_empty() {
            match self.read_at(at, into)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => (at, into) = (at + read as u64, &mut into[read..]),
            }
        }
        Ok(())
    }
}

/// A file that is complete.
impl Source for File {
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::os::unix::fs::FileExt::read_at(self, into, at) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    fn wait(&self, _len: u64) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

/// Bytes in memory.
impl Source for Vec<u8> {
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(at).ok().and_then(|at| self.get(at..)).unwrap_or_default();
        let most = rest.len().min(into.len());
        into[..most].copy_from_slice(&rest[..most]);
        Ok(most)
    }

    fn wait(&self, _len: u64) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}
