//! Following whoever brings an artifact already.

use std::{
    fs::File,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use towline_client::clock;
use towline_store::{Digest, Follower, State, StoreError};

use crate::{
    Artifact, Done, Event, FetchError, Fetcher, Goal, Held,
    fetcher::{blocking, make_folder},
    goal::Verified,
    source::Followed,
};

/// How often the spool of another process is looked at.
pub(crate) const POLL: Duration = Duration::from_millis(50);
/// Tells the copies of one process apart.
static HELD: AtomicU64 = AtomicU64::new(0);

impl Fetcher {
    /// `None`: it has stopped, or what came of it is not what is wanted, and somebody has to take over.
    pub(crate) async fn follow(
        &self,
        mut follower: Follower,
        artifact: &Artifact,
        goal: &Goal,
        observe: &dyn Fn(Event<'_>),
    ) -> Result<Option<Done>, FetchError> {
        let mut told = false;
        let len = loop {
            match follower.poll()? {
                State::Growing { len } => {
                    let size = follower.note().size;
                    let follows = Event::Follows { held: len, size };
                    observe(if told { Event::Grew { held: len, size } } else { follows });
                    told = true;
                }
                State::Cut { .. } => {}
                State::Complete => break follower.size().unwrap_or_default(),
                State::OwnerGone | State::Failed => return Ok(None),
            }
            clock::pause(POLL).await;
        };
        let done = match goal {
            Goal::File(path) => copied(follower, path, artifact.digest.clone()).await?,
            Goal::Held => held(follower, artifact.digest.clone()).await?,
            Goal::Tree { .. } | Goal::Entry { .. } => self.unpacked(follower, len, artifact, goal, observe).await?,
        };
        if done.is_some() {
            observe(Event::Grew { held: len, size: Some(len) });
        }
        Ok(done)
    }

    /// Unpacks what the other has brought.
    async fn unpacked(
        &self,
        follower: Follower,
        len: u64,
        artifact: &Artifact,
        goal: &Goal,
        observe: &dyn Fn(Event<'_>),
    ) -> Result<Option<Done>, FetchError> {
        let Some(tree) = goal.tree() else { return Err(FetchError::NoTree) };
        let followed = Arc::new(Followed { follower, len });
        let whole = self.unpack_whole(Arc::clone(&followed) as _, artifact, goal, &tree, observe).await?;
        let right = artifact.digest.is_none() || artifact.digest == whole.digest;
        // While they were read, the bytes may have become somebody else's.
        if !right || !followed.follower.stands() {
            return Ok(None);
        }
        let verified = Verified { digest: whole.digest, size: whole.size };
        self.place_tree(whole.stage, whole.unpacked?, artifact, goal, &verified).await.map(Some)
    }
}

async fn copied(follower: Follower, path: &Path, digest: Option<Digest>) -> Result<Option<Done>, FetchError> {
    make_folder(path)?;
    let to = path.to_path_buf();
    Ok(blocking(move || copy(&follower, &to, digest.as_ref())).await??.then_some(Done::File))
}

/// `false`: it went away under the copy, or was not what its owner had said.
fn copy(follower: &Follower, to: &Path, digest: Option<&Digest>) -> Result<bool, StoreError> {
    let copied = match digest {
        Some(digest) => follower.copy_verified(to, digest),
        None => follower.copy_to(to),
    };
    match copied {
        Ok(()) => Ok(true),
        Err(StoreError::Changed { .. } | StoreError::Digest { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Copies it to a file of our own and checks it there. The open file is enough, also if this process is killed.
async fn held(follower: Follower, digest: Option<Digest>) -> Result<Option<Done>, FetchError> {
    let held = move || {
        let folder = follower.path().parent().unwrap_or_else(|| Path::new("."));
        let path = folder.join(format!("held-{}-{}", std::process::id(), HELD.fetch_add(1, Ordering::Relaxed)));
        if !copy(&follower, &path, digest.as_ref())? {
            return Ok(None);
        }
        let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let _ = std::fs::remove_file(&path);
        let (len, file) = opened.map_err(|source| FetchError::disk("read", path, source))?;
        Ok(Some(Done::Held(Box::new(Held { file, len, spool: None }))))
    };
    blocking(held).await?
}
