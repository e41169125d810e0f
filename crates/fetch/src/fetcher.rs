//! The way in.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use towline_client::{Client, clock};
use towline_store::{Claim, Digest, Follower, Spool, Store, StoreError};
use towline_transfer::{Attempt, Cause, Failure};
use towline_unpack::{Order, Unpacker};

use crate::{Artifact, Done, Event, FetchError, Goal, follow::POLL, goal::Tree};

/// Brings artifacts. Clones share connections, limits, threads and memory.
#[derive(Clone)]
pub struct Fetcher {
    pub(crate) client: Client,
    pub(crate) store: Store,
    pub(crate) unpacker: Unpacker,
}

/// What came of an artifact, and every attempt of this run.
#[derive(Debug)]
#[must_use]
pub struct Outcome {
    /// The goal, or why it was not reached.
    pub result: Result<Done, FetchError>,
    /// The attempts, first to last.
    pub log: Vec<Attempt>,
}

impl Fetcher {
    /// Of a client, a store and threads to unpack with.
    #[must_use]
    pub const fn new(client: Client, store: Store, unpacker: Unpacker) -> Self {
        Self { client, store, unpacker }
    }

    /// Brings an artifact to its goal and tells `observe` how it goes. Dropping the future keeps what came for the next
    /// run and leaves nothing at the goal.
    ///
    /// It has to be polled inside a tokio runtime, and runs on any kind of it.
    pub async fn fetch(&self, artifact: &Artifact, goal: &Goal, observe: impl Fn(Event<'_>)) -> Outcome {
        let mut log = Vec::new();
        let result = self.bring(artifact, goal, &observe, &mut log).await;
        Outcome { result, log }
    }

    async fn bring(
        &self,
        artifact: &Artifact,
        goal: &Goal,
        observe: &dyn Fn(Event<'_>),
        log: &mut Vec<Attempt>,
    ) -> Result<Done, FetchError> {
        if let Some(done) = self.there(artifact, goal, observe).await? {
            return Ok(done);
        }
        loop {
            // It may have to copy what another host has left.
            let (store, key) = (self.store.clone(), artifact.key());
            match blocking(move || store.claim(&key)).await?? {
                Claim::Lead(spool) => return self.lead(spool, artifact, goal, observe, log).await,
                Claim::Follow(follower) => {
                    if let Some(done) = self.follow_in_time(follower, artifact, goal, observe).await? {
                        return Ok(done);
                    }
                    // Its owner may need a moment to let go.
                    clock::pause(POLL).await;
                }
            }
        }
    }

    async fn follow_in_time(
        &self,
        follower: Follower,
        artifact: &Artifact,
        goal: &Goal,
        observe: &dyn Fn(Event<'_>),
    ) -> Result<Option<Done>, FetchError> {
        let reached = std::cell::Cell::new((0, None));
        let watch = |event: Event<'_>| {
            if let Event::Follows { held, size } | Event::Grew { held, size } = event {
                reached.set((held, size));
            }
            observe(event);
        };
        let following = self.follow(follower, artifact, goal, &watch);
        let Some(limit) = self.client.policy().max_time else { return following.await };
        match clock::within(limit, following).await {
            Some(done) => done,
            None => Err(late(reached.get(), limit)),
        }
    }

    /// What can be had without the network: a file or tree that is there already, an entry or an archive of the store.
    ///
    /// # Errors
    /// When something else stands where the goal is, or the disk fails.
    pub async fn there(
        &self,
        artifact: &Artifact,
        goal: &Goal,
        observe: &dyn Fn(Event<'_>),
    ) -> Result<Option<Done>, FetchError> {
        match (goal, &artifact.digest) {
            (Goal::File(path), digest) => {
                can_be_file(path)?;
                make_folder(path)?;
                let Some(digest) = digest else { return Ok(None) };
                Ok(is_there(path, digest).await?.then_some(Done::WasThere))
            }
            (Goal::Tree { at, .. }, _) => {
                can_be_tree(at)?;
                match self.remembered(artifact, goal, at).await? {
                    None => self.stored(artifact, goal, observe).await,
                    done => Ok(done),
                }
            }
            (Goal::Entry { .. }, _) => self.stored(artifact, goal, observe).await,
            (Goal::Held, _) => Ok(None),
        }
    }

    /// What the unpacker is told.
    pub(crate) fn order(artifact: &Artifact, tree: &Tree) -> Order {
        Order {
            name: Some(artifact.name.clone()),
            limits: tree.limits,
            record_hashes: artifact.digest.is_none(),
            ..Order::new(tree.format)
        }
    }

    /// Lets a spool go after a transfer that failed.
    pub(crate) fn let_go(spool: Spool, failure: &Failure) -> Result<(), StoreError> {
        // Wrong bytes, or none: nothing to go on from.
        if matches!(failure.cause, Cause::Mismatch { .. }) || spool.is_empty() {
            return spool.discard();
        }
        spool.release(towline_store::Outcome::Failed);
        Ok(())
    }
}

/// The time limit was over while another process was followed.
fn late((held, size): (u64, Option<u64>), limit: Duration) -> FetchError {
    FetchError::Transfer(Failure { cause: Cause::MaxTime(limit), held, size })
}

/// Runs what blocks away from the loop.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, FetchError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| FetchError::Runtime(io::Error::other(error)))
}

/// Nothing is brought for a destination that is something else than a file already.
pub(crate) fn can_be_file(path: &Path) -> Result<(), FetchError> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(FetchError::IsDirectory(path.to_path_buf())),
        Ok(found) if !found.is_file() => Err(StoreError::NotRegular { path: path.to_path_buf() }.into()),
        _ => Ok(()),
    }
}

/// Nor for a tree, where something stands that no tree can be.
pub(crate) fn can_be_tree(path: &Path) -> Result<(), FetchError> {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_dir() => Err(StoreError::Exists { path: path.to_path_buf() }.into()),
        _ => Ok(()),
    }
}

pub(crate) fn make_folder(path: &Path) -> Result<(), FetchError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|source| FetchError::disk("create", folder, source))
}

/// Whether the destination is the file already.
async fn is_there(path: &Path, digest: &Digest) -> Result<bool, FetchError> {
    if !path.is_file() {
        return Ok(false);
    }
    let owned: PathBuf = path.to_path_buf();
    let algorithm = digest.algorithm();
    let found = blocking(move || Digest::of_file(algorithm, owned)).await??;
    Ok(found == *digest)
}
