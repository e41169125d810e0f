//! Where the bytes of a transfer go.

use std::io;

/// A growing copy of one artifact.
///
/// Calls come one at a time and in order. They run on the thread that drives the transfers, so they should be as short as a
/// write into the page cache; [`Sink::verify`] may take its time.
pub trait Sink {
    /// Bytes held.
    fn len(&self) -> u64;

    /// Whether nothing is held.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds bytes at the end: all of them, or an error and as many as fit.
    ///
    /// # Errors
    /// Whatever the disk says; it ends the transfer.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Compares `bytes` with those held from `at`: `None` if they are equal, else the index of the first that differs.
    ///
    /// # Errors
    /// Whatever the disk says; it ends the transfer.
    fn matches(&mut self, at: u64, bytes: &[u8]) -> io::Result<Option<usize>>;

    /// Cuts the copy back to `at` bytes. Readers have to be told.
    ///
    /// # Errors
    /// Whatever the disk says; it ends the transfer.
    fn cut(&mut self, at: u64) -> io::Result<()>;

    /// Compares the digest of all bytes held with the one wanted: `None` if it is that one, else the digest found. Only
    /// called when [`Wanted::digest`](crate::Wanted::digest) says that one is known; the default is for sinks that know none.
    ///
    /// # Errors
    /// Whatever the disk says; it ends the transfer.
    fn verify(&mut self) -> impl Future<Output = io::Result<Option<String>>> {
        std::future::ready(Ok(None))
    }
}
