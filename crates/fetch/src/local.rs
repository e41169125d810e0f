//! A file that is on the disk already.

use std::{
    fs::File,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use towline_store::{Digest, Entry, Placed, Receipt, Stage, StoreError, copy_file};
use towline_unpack::{Format, Unpacked};

use crate::{
    Artifact, Done, Event, FetchError, Fetcher, Goal,
    fetcher::{blocking, can_be_file, can_be_tree, make_folder},
    goal::Verified,
    lead::needed,
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
        let Some(tree) = goal.tree() else { return Err(FetchError::NoTree) };
        if let Goal::Tree { at, .. } = goal {
            can_be_tree(at)?;
        }
        let path: PathBuf = file.to_path_buf();
        let source = blocking(move || match File::open(&path).and_then(|file| Ok((file.metadata()?, file))) {
            Ok((found, _)) if !found.is_file() => Err(StoreError::NotRegular { path }.into()),
            Ok((_, file)) => Ok(Arc::new(file)),
            Err(source) => Err(FetchError::Local { path, source }),
        });
        let whole = self.unpack_whole(source.await??, artifact, goal, &tree, &observe).await?;
        if let (Some(expected), Some(found)) = (&artifact.digest, &whole.digest)
            && expected != found
        {
            return Err(FetchError::Digest { expected: expected.clone(), found: found.clone() });
        }
        let verified = Verified { digest: whole.digest, size: whole.size };
        self.place_tree(whole.stage, whole.unpacked?, artifact, goal, &verified).await
    }

    /// Copies a local file to where it is wanted. One that is there already, with the artifact's digest or as the very same file, is left
    /// alone.
    ///
    /// # Errors
    /// When it cannot be read, has another digest ([`FetchError::Digest`]), or cannot be written.
    pub async fn copy_file(
        &self,
        file: &Path,
        artifact: &Artifact,
        dest: &Path,
        observe: impl Fn(Event<'_>),
    ) -> Result<Done, FetchError> {
        can_be_file(dest)?;
        make_folder(dest)?;
        let size =
            std::fs::metadata(file).map_err(|source| FetchError::Local { path: file.to_path_buf(), source })?.len();
        observe(Event::Grew { held: 0, size: Some(size) });
        let (from, to, digest) = (file.to_path_buf(), dest.to_path_buf(), artifact.digest.clone());
        let done = blocking(move || {
            let itself =
                || std::fs::canonicalize(&from).is_ok_and(|from| std::fs::canonicalize(&to).is_ok_and(|to| from == to));
            let there = match &digest {
                Some(digest) if to.is_file() => Digest::of_file(digest.algorithm(), &to)? == *digest,
                Some(_) => false,
                None => itself(),
            };
            if there {
                return Ok(Done::WasThere);
            }
            match copy_file(&from, &to, digest.as_ref()) {
                Ok(()) => Ok(Done::File),
                Err(StoreError::Digest { expected, found, .. }) => Err(FetchError::Digest { expected, found }),
                Err(error) => Err(error.into()),
            }
        });
        let done = done.await??;
        observe(Event::Grew { held: size, size: Some(size) });
        Ok(done)
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
                let (to, store, digest) = (at.clone(), self.store.clone(), verified.digest.clone());
                let receipt = Receipt {
                    name: artifact.name.clone(),
                    kind: kind(goal).to_owned(),
                    files: unpacked.files,
                    directories: unpacked.directories,
                    links: unpacked.links,
                    bytes: unpacked.bytes,
                    outline: unpacked.outline,
                };
                let placed = blocking(move || {
                    let moment = stage.moment();
                    let placed = stage.place(&to)?;
                    if let (Some(digest), Ok(moment)) = (digest, moment) {
                        // Without it the next run compares, no more.
                        let _ = store.remember(&digest, &to, receipt, moment);
                    }
                    Ok::<_, StoreError>(placed)
                });
                Ok(Done::Tree { unpacked, placed: placed.await?? })
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
    /// A tree that an earlier run has placed, and nobody has changed since.
    pub(crate) async fn remembered(
        &self,
        artifact: &Artifact,
        goal: &Goal,
        at: &Path,
    ) -> Result<Option<Done>, FetchError> {
        let Some(digest) = artifact.digest.clone() else { return Ok(None) };
        let (store, at) = (self.store.clone(), at.to_path_buf());
        let receipt = blocking(move || store.receipt(&digest, &at, towline_unpack::outline)).await?;
        let ruled = |receipt: &Receipt| receipt.kind == kind(goal) && receipt.name == artifact.name;
        Ok(receipt.filter(ruled).map(|Receipt { files, directories, links, bytes, outline, .. }| {
            let unpacked = Unpacked { files, directories, links, bytes, outline };
            Done::Tree { unpacked, placed: Placed::Was }
        }))
    }

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
        let ruled = |entry: &Entry| {
            let found = entry.description();
            // A wheel was held against its file name, too.
            found.kind == kind(goal) && (found.kind != "wheel" || found.name == artifact.name)
        };
        if let Some(entry) = entry.filter(ruled) {
            match goal {
                Goal::Tree { at, .. } => {
                    let (at, found) = (at.clone(), entry.description().clone());
                    match blocking(move || entry.place(&at)).await? {
                        Ok(placed) => {
                            let unpacked = Unpacked { files: found.files, bytes: found.bytes, ..Unpacked::default() };
                            return Ok(Some(Done::Tree { unpacked, placed }));
                        }
                        // Pruned meanwhile.
                        Err(error) if error.kind() == ErrorKind::NotFound => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Goal::Entry { archive: true, .. } if archive.is_none() => {}
                _ => return Ok(Some(Done::Entry(entry))),
            }
        }
        let Some(archive) = archive else { return Ok(None) };
        match self.unpack_file(&archive, artifact, goal, observe).await {
            // Somebody else changed it, or it was pruned meanwhile: the network has the right one.
            Err(FetchError::Digest { .. } | FetchError::Local { .. }) => Ok(None),
            done => done.map(Some),
        }
    }
}
