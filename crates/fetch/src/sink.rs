//! The spool as the client's sink.

use std::{cell::RefCell, error::Error, io, iter, rc::Rc, sync::Arc};

use towline_client::Sink;
use towline_store::{Digest, Hasher, Spool, StoreError};

/// A spool that is filled, and hashed while it is.
pub(crate) struct SpoolSink {
    /// Shared with the heartbeat; never borrowed across a wait.
    pub(crate) spool: Rc<RefCell<Spool>>,
    pub(crate) wanted: Option<(Arc<Hasher>, Digest)>,
}

impl Sink for SpoolSink {
    fn len(&self) -> u64 {
        self.spool.borrow().len()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.spool.borrow_mut().append(bytes).map_err(|error| told(&error))
    }

    fn matches(&mut self, at: u64, bytes: &[u8]) -> io::Result<Option<usize>> {
        self.spool.borrow().matches(at, bytes)
    }

    fn cut(&mut self, at: u64) -> io::Result<()> {
        self.spool.borrow_mut().cut(at).map_err(|error| told(&error))
    }

    async fn verify(&mut self) -> io::Result<Option<String>> {
        let Some((hasher, digest)) = self.wanted.clone() else { return Ok(None) };
        let len = self.len();
        let found = tokio::task::spawn_blocking(move || hasher.finish(len));
        let found = found.await.map_err(io::Error::other)?.map_err(|error| io::Error::other(chain(&error)))?;
        Ok((found != digest).then(|| found.hex().to_owned()))
    }
}

/// The store's error with path and need in its text, for the transfer's log.
fn told(error: &StoreError) -> io::Error {
    io::Error::new(error.kind(), chain(error))
}

/// A message and its causes, each once.
fn chain(error: &dyn Error) -> String {
    let causes = iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
