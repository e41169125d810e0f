//! Bringing an artifact over the network, from what the spool holds on.

use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
    fs::File,
    io,
    path::Path,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use towline_client::{Wanted, clock};
use towline_store::{Digest, Hasher, Outcome, Spool, Stage, Stopped};
use towline_transfer::Attempt;
use towline_unpack::{UnpackError, Unpacked};

use crate::{
    Artifact, Done, Event, FetchError, Fetcher, Goal, Held,
    fetcher::{blocking, make_folder},
    goal::Verified,
    notes::Notes,
    sink::SpoolSink,
    unpacking::{Counts, Unpacking},
};

/// How often others are told that we are alive while nothing comes.
const BEAT: Duration = Duration::from_secs(20);
/// How often it is told what was unpacked.
const TELL: Duration = Duration::from_millis(100);

/// What became of the transfer itself.
enum Ended {
    Brought,
    Failed(towline_transfer::Failure),
    /// Given up because the tree cannot be written.
    Hopeless,
}

impl Fetcher {
    pub(crate) async fn lead(
        &self,
        spool: Spool,
        artifact: &Artifact,
        goal: &Goal,
        observe: &dyn Fn(Event<'_>),
        log: &mut Vec<Attempt>,
    ) -> Result<Done, FetchError> {
        observe(Event::Leads { held: spool.len(), size: spool.note().size });
        let hashed = artifact.digest.is_some() || matches!(goal, Goal::Entry { .. });
        let hasher = hashed.then(|| Hasher::follow(&spool, artifact.algorithm()).map(Arc::new)).transpose()?;
        let unpacking = self.unpack_along(&spool, artifact, goal).await?;
        let spool = Rc::new(RefCell::new(spool));
        let ended = self.transfer(&spool, artifact, hasher.clone(), unpacking.as_ref(), observe, log).await;
        let Some(mut spool) = Rc::into_inner(spool).map(RefCell::into_inner) else {
            return Err(FetchError::Runtime(io::Error::other("the spool is still in use")));
        };
        match ended? {
            Ended::Brought => {}
            Ended::Failed(failure) => {
                // First cause wins: neither the unpacking nor a partial file that cannot be removed is the error.
                let _ = Self::let_go(spool, &failure);
                if let Some(unpacking) = unpacking {
                    unpacking.given_up().await;
                }
                return Err(FetchError::Transfer(failure));
            }
            Ended::Hopeless => {
                let archive = spool.note().size.unwrap_or_else(|| spool.len());
                spool.release(Outcome::Failed);
                return Err(no_tree(unpacking, archive).await);
            }
        }
        let Some(unpacking) = unpacking else { return place(spool, goal).await };
        // Only now is the end of the archive known to be its end.
        let _ = spool.complete();
        let counts = Arc::clone(unpacking.counts());
        let (stage, unpacked) = tell_while(unpacking.settled(), &counts, observe).await?;
        match unpacked {
            Ok(unpacked) => {
                let len = spool.len();
                let digest = match (&artifact.digest, hasher) {
                    (Some(digest), _) => Some(digest.clone()),
                    (None, Some(hasher)) => Some(blocking(move || hasher.finish(len)).await??),
                    (None, None) => None,
                };
                self.publish(stage, unpacked, artifact, goal, spool, Verified { digest, size: len }).await
            }
            Err(error) => {
                let archive = spool.len();
                // Only a digest tells a damaged archive from bytes that were damaged on the way.
                if matches!(error, UnpackError::Archive(_)) && artifact.digest.is_none() {
                    let _ = spool.discard();
                } else {
                    spool.release(Outcome::Failed);
                }
                Err(refused(error, archive, &counts))
            }
        }
    }

    /// Starts to unpack, where a tree is wanted.
    async fn unpack_along(
        &self,
        spool: &Spool,
        artifact: &Artifact,
        goal: &Goal,
    ) -> Result<Option<Unpacking>, FetchError> {
        let Some(tree) = goal.tree() else { return Ok(None) };
        let stage = self.stage(goal).await?;
        let order = Self::order(artifact, &tree);
        Unpacking::start(self.unpacker.clone(), spool.reader(), stage, &order).map(Some)
    }

    /// A place for the tree to grow in, where it can be published from.
    pub(crate) async fn stage(&self, goal: &Goal) -> Result<Stage, FetchError> {
        let near = if let Goal::Tree { at, .. } = goal { Some(at.clone()) } else { None };
        let store = self.store.clone();
        Ok(blocking(move || store.stage(near.as_deref())).await??)
    }

    async fn transfer(
        &self,
        spool: &Rc<RefCell<Spool>>,
        artifact: &Artifact,
        hasher: Option<Arc<Hasher>>,
        unpacking: Option<&Unpacking>,
        observe: &dyn Fn(Event<'_>),
        log: &mut Vec<Attempt>,
    ) -> Result<Ended, FetchError> {
        let notes = Notes::new(spool, artifact);
        let wanted = Wanted {
            urls: artifact.urls.clone(),
            size: artifact.size,
            digest: artifact.digest.is_some(),
            learned_size: spool.borrow().note().size,
            validator: notes.validator(),
        };
        let mut sink = SpoolSink { spool: Rc::clone(spool), wanted: hasher.zip(artifact.digest.clone()) };
        let seen = RefCell::new(Vec::new());
        let told = Cell::new(Instant::now());
        let take = |event: towline_client::Event<'_>| {
            notes.take(&event);
            if let towline_client::Event::Ended { record, .. } = &event {
                seen.borrow_mut().push((*record).clone());
            }
            observe(Event::Transfer(event));
            if let Some(unpacking) = unpacking.filter(|_| told.get().elapsed() >= TELL) {
                told.set(Instant::now());
                observe(unpacking.counts().event());
            }
        };
        let hopeless = async {
            match unpacking {
                Some(unpacking) => unpacking.hopeless().await,
                None => std::future::pending().await,
            }
        };
        let outcome = tokio::select! {
            outcome = self.client.fetch(wanted, &mut sink, take) => Some(outcome?),
            () = hopeless => None,
            never = beat(spool) => match never {},
        };
        let Some(outcome) = outcome else {
            *log = seen.into_inner();
            return Ok(Ended::Hopeless);
        };
        *log = outcome.log;
        Ok(outcome.result.map_or_else(Ended::Failed, |()| Ended::Brought))
    }

    /// Puts a tree where it belongs, and lets the archive go.
    pub(crate) async fn publish(
        &self,
        stage: Stage,
        unpacked: Unpacked,
        artifact: &Artifact,
        goal: &Goal,
        spool: Spool,
        verified: Verified,
    ) -> Result<Done, FetchError> {
        let done = self.place_tree(stage, unpacked, artifact, goal, &verified).await?;
        match (goal, verified.digest) {
            (Goal::Entry { archive: true, .. }, Some(digest)) => {
                let store = self.store.clone();
                blocking(move || spool.keep(&store, &digest)).await??;
            }
            _ => spool.hand_over(),
        }
        Ok(done)
    }
}

/// Why the tree could not be written.
async fn no_tree(unpacking: Option<Unpacking>, archive: u64) -> FetchError {
    let Some(unpacking) = unpacking else { return FetchError::Runtime(io::Error::other("nothing was unpacked")) };
    let counts = Arc::clone(unpacking.counts());
    match unpacking.settled().await {
        Ok((_, Err(error))) => refused(error, archive, &counts),
        Ok((_, Ok(_))) => FetchError::Runtime(io::Error::other("the tree was given up, though it was written")),
        Err(error) => error,
    }
}

/// What the unpacker says, in terms of an artifact whose bytes are right.
pub(crate) fn refused(error: UnpackError, archive: u64, counts: &Counts) -> FetchError {
    match error {
        UnpackError::Archive(error) => FetchError::Archive(error),
        UnpackError::Disk { what: _, path, source }
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
        {
            FetchError::NoSpace { path, archive, tree: counts.bytes(), source }
        }
        UnpackError::Disk { what, path, source } => FetchError::Disk { what, path, source },
        UnpackError::Source(source) if Stopped::of(&source).is_some() => FetchError::Runtime(source),
        UnpackError::Source(source) => FetchError::disk("read", "the partial file", source),
        UnpackError::Stopped => FetchError::Runtime(io::Error::other("unpacking was stopped")),
    }
}

/// Waits for the rest of the unpacking and tells how it goes.
pub(crate) async fn tell_while<T>(
    work: impl Future<Output = Result<T, FetchError>>,
    counts: &Counts,
    observe: &dyn Fn(Event<'_>),
) -> Result<T, FetchError> {
    let mut work = std::pin::pin!(work);
    loop {
        let ready = clock::within(TELL, &mut work).await;
        observe(counts.event());
        if let Some(done) = ready {
            return done;
        }
    }
}

/// Tells other processes that this one is alive while nothing comes.
async fn beat(spool: &RefCell<Spool>) -> Infallible {
    loop {
        clock::pause(BEAT).await;
        // A disk that cannot take this will tell by the next append.
        let _ = spool.borrow_mut().beat();
    }
}

/// Puts a finished spool where it belongs.
async fn place(spool: Spool, goal: &Goal) -> Result<Done, FetchError> {
    let Goal::File(path) = goal else { return hold(spool).await };
    make_folder(path)?;
    let to = path.clone();
    blocking(move || spool.persist(to)).await??;
    Ok(Done::File)
}

async fn hold(mut spool: Spool) -> Result<Done, FetchError> {
    let held = blocking(move || {
        // Others that follow have their own copy to make, and need not wait for whoever reads this one.
        let _ = spool.complete();
        let path: &Path = spool.path();
        let file = File::open(path).map_err(|source| FetchError::disk("open", path, source))?;
        Ok(Held { file, len: spool.len(), spool: Some(spool) })
    });
    held.await?.map(|held| Done::Held(Box::new(held)))
}

/// The digest of an archive that is published by it.
pub(crate) fn needed(digest: Option<&Digest>) -> Result<&Digest, FetchError> {
    digest.ok_or_else(|| FetchError::Runtime(io::Error::other("an entry without a digest")))
}
