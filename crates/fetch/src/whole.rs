//! Archives whose bytes are all there.

use std::{
    io::{self, Read},
    sync::Arc,
};

use towline_store::{Digest, Stage};
use towline_unpack::{Source, Unpacked};

use crate::{
    Artifact, Event, FetchError, Fetcher, Goal,
    fetcher::blocking,
    goal::Tree,
    lead::{refused, tell_while},
    source::Stop,
    unpacking::Counts,
};

/// An archive that was unpacked and, where it matters, hashed: the same bytes for both.
pub(crate) struct Whole {
    pub(crate) stage: Stage,
    /// To be told only when the digest is right.
    pub(crate) unpacked: Result<Unpacked, FetchError>,
    pub(crate) digest: Option<Digest>,
    pub(crate) size: u64,
}

impl Fetcher {
    pub(crate) async fn unpack_whole(
        &self,
        source: Arc<dyn Source>,
        artifact: &Artifact,
        goal: &Goal,
        tree: &Tree,
        observe: &dyn Fn(Event<'_>),
    ) -> Result<Whole, FetchError> {
        let read = |error| FetchError::disk("read", &artifact.name, error);
        let size = source.size().map_err(read)?;
        observe(Event::Grew { held: size, size: Some(size) });
        let stage = self.stage(goal).await?;
        let counts = Arc::new(Counts::default());
        let order = counts.counting(&Self::order(artifact, tree));
        counts.pass();
        let (unpacker, into) = (self.unpacker.clone(), stage.tree().to_path_buf());
        let stop = Stop::default();
        let (bytes, hashed) = (stop.over(Arc::clone(&source)), stop.over(source));
        let wants_digest = artifact.digest.is_some() || matches!(goal, Goal::Entry { .. });
        let algorithm = artifact.algorithm();
        let work = async {
            let unpacking = blocking(move || unpacker.unpack(&bytes, &into, &order));
            let hash = move || Digest::of(algorithm, Bytes { of: &*hashed, at: 0 });
            let hashing = blocking(move || wants_digest.then(hash).transpose());
            tokio::try_join!(unpacking, hashing)
        };
        let (unpacked, digest) = tell_while(work, &counts, observe).await?;
        let unpacked = unpacked.map_err(|error| refused(error, size, &counts));
        Ok(Whole { stage, unpacked, digest: digest.map_err(read)?, size })
    }
}

/// A source from its first byte to its end.
struct Bytes<'a> {
    of: &'a dyn Source,
    at: u64,
}

impl Read for Bytes<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.of.read_at(self.at, into)?;
        self.at += read as u64;
        Ok(read)
    }
}
