//! A file that is on the disk already.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use towline_store::{Digest, Stage};
use towline_unpack::{Format, Unpacked};

use crate::{
    Artifact, Done, Event, FetchError, Fetcher, Goal,
    fetcher::{blocking, can_be_tree},
    goal::Verified,
    lead::{needed, refused, tell_while},
    source::Stop,
    unpacking::Counts,
};

impl Fetcher {
    /// Unpacks a local file to a goal that is a tree or an entry; its name and digest are the artifact's, whose URLs do
    /// not matter.
    ///
    /// # Errors
    /// As [`Fetcher::fetch`], without those of transfers, and [`FetchError::Digest`].
    pub async fn unpack_file(
        &self,
        file: &Path,
        artifact: &Artifact,
        goal: &Goal,
        observe: impl Fn(Event<'_>),
    ) -> Result<Done, FetchError> {
        let Some(tree) = goal.tree() else { return Err(FetchError::IsDirectory(file.to_path_buf())) };
        if let Goal::Tree { at, .. } = goal {
            can_be_tree(at)?;
        }
        let path: PathBuf = file.to_path_buf();
        let (source, size) = blocking(move || {
            let opened = File::open(&path).and_then(|file| Ok((file.metadata()?, file)));
            match opened {
                Ok((found, _)) if !found.is_file() => Err(towline_store::StoreError::NotRegular { path }.into()),
                Ok((found, file)) => Ok((Arc::new(file), found.len())),
                Err(source) => Err(FetchError::disk("read", path, source)),
            }
        })
        .await??;
        let stage = self.stage(goal).await?;
        let counts = Arc::new(Counts::default());
        let order = counts.counting(&Self::order(artifact, &tree));
        counts.pass();
        let (unpacker, into) = (self.unpacker.clone(), stage.tree().to_path_buf());
        let stop = Stop::default();
        let bytes = stop.over(source);
        let wants_digest = artifact.digest.is_some() || matches!(goal, Goal::Entry { .. });
        let path = file.to_path_buf();
        let work = async {
            let unpacking = blocking(move || unpacker.unpack(&bytes, &into, &order));
            let hashing = blocking(move || wants_digest.then(|| Digest::of_file(path)).transpose());
            tokio::try_join!(unpacking, hashing)
        };
        let (unpacked, found) = tell_while(work, &counts, &observe).await?;
        let found = found?;
        if let (Some(expected), Some(found)) = (&artifact.digest, &found)
            && expected != found
        {
            return Err(FetchError::Digest { expected: expected.clone(), found: found.clone() });
        }
        let unpacked = unpacked.map_err(|error| refused(error, size, &counts))?;
        self.place_tree(stage, unpacked, artifact, goal, &Verified { digest: found, size }).await
    }

    /// Puts a tree where it belongs.
    pub(crate) async fn place_tree(
        &self,
        stage: Stage,
        unpacked: Unpacked,
        artifact: &Artifact,
        goal: &Goal,
        verified: &Verified,
    ) -> Result<Done, FetchError> {
        match goal {
            Goal::Tree { at, .. } => {
                let to = at.clone();
                let placed = blocking(move || stage.place(&to)).await??;
                Ok(Done::Tree { unpacked, placed })
            }
            _ => {
                let digest = needed(verified.digest.as_ref())?.clone();
                let description = towline_store::Description {
                    name: artifact.name.clone(),
                    kind: kind(goal).to_owned(),
                    size: verified.size,
                    files: unpacked.files + unpacked.links,
                    bytes: unpacked.bytes,
                };
                Ok(Done::Entry(blocking(move || stage.publish(&digest, description)).await??))
            }
        }
    }
}

/// A word for the rules an entry was held to.
fn kind(goal: &Goal) -> &'static str {
    match goal.tree().map(|tree| tree.format) {
        Some(Format::Wheel) => "wheel",
        Some(Format::Zip) => "zip",
        Some(Format::Tar(_)) => "tar",
        None => "file",
    }
}

impl Fetcher {
    /// What the store has already: an entry that was held to the same rules, or the archive.
    pub(crate) async fn stored(
        &self,
        artifact: &Artifact,
        goal: &Goal,
        observe: &dyn Fn(Event<'_>),
    ) -> Result<Option<Done>, FetchError> {
        let (Some(digest), Some(_)) = (&artifact.digest, goal.tree()) else { return Ok(None) };
        let (store, wanted) = (self.store.clone(), digest.clone());
        let (entry, archive) =
            blocking(move || Ok::<_, FetchError>((store.entry(&wanted)?, store.archive(&wanted)?))).await??;
        if let Some(entry) = entry.filter(|entry| entry.description().kind == kind(goal)) {
            match goal {
                Goal::Tree { at, .. } => {
                    let (at, found) = (at.clone(), entry.description().clone());
                    let placed = blocking(move || entry.place(&at)).await??;
                    let unpacked = Unpacked { files: found.files, bytes: found.bytes, ..Unpacked::default() };
                    return Ok(Some(Done::Tree { unpacked, placed }));
                }
                Goal::Entry { archive: true, .. } if archive.is_none() => {}
                _ => return Ok(Some(Done::Entry(entry))),
            }
        }
        let Some(archive) = archive else { return Ok(None) };
        match self.unpack_file(&archive, artifact, goal, observe).await {
            // Somebody else changed it: the network has the right one.
            Err(FetchError::Digest { .. }) => Ok(None),
            done => done.map(Some),
        }
    }
}
