//! What the server has: from a request path to a representation.

use crate::action::Etag;
use crate::content::Content;
use crate::script::{Dir, File};
use percent_encoding::{AsciiSet, CONTROLS};
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A representation as it is before any action changes it.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) content: Content,
    pub(crate) etag: Etag,
    pub(crate) last_modified: Option<String>,
    pub(crate) content_type: String,
}

/// The files and directories of a script.
#[derive(Debug)]
pub(crate) struct Site {
    files: Vec<File>,
    dirs: Vec<Dir>,
    /// Contents of files on disk, by path and tag: their digests are worth keeping.
    known: Mutex<HashMap<(PathBuf, String), Content>>,
}

/// A file as listings have it.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) path: String,
    pub(crate) content: Content,
    digest: bool,
}

impl Served {
    /// The last component of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The path as a URL has it.
    pub(crate) fn url_path(&self) -> String {
        percent_encoding::utf8_percent_encode(&self.path, OUTSIDE_PATHS).to_string()
    }

    /// The digest, unless the script keeps it back.
    pub(crate) fn sha256(&self) -> Option<String> {
        self.digest.then(|| self.content.sha256())
    }
}

impl Site {
    pub(crate) fn new(files: Vec<File>, dirs: Vec<Dir>) -> Self {
        Self { files, dirs, known: Mutex::default() }
    }

    /// Every file there is at this moment, in order of the paths.
    pub(crate) fn served(&self) -> Vec<Served> {
        let mut served: Vec<Served> = self
            .files
            .iter()
            .map(|file| Served { path: file.path.clone(), content: file.content.clone(), digest: file.digest })
            .collect();
        for dir in &self.dirs {
            self.walk(&dir.path, dir.prefix.trim_end_matches('/'), &mut served);
        }
        served.sort_by(|a, b| a.path.cmp(&b.path));
        served
    }

    fn walk(&self, dir: &Path, prefix: &str, served: &mut Vec<Served>) {
        let Ok(entries) = std::fs::read_dir(dir) else { return };
        for entry in entries.flatten() {
            let (place, name) = (entry.path(), entry.file_name());
            let Some(name) = name.to_str() else { continue };
            let path = format!("{prefix}/{name}");
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.walk(&place, &path, served);
            } else if let Ok(content) = Content::disk(&place) {
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                let content = known.entry((place, content.tag())).or_insert(content).clone();
                served.push(Served { path, content, digest: true });
            }
        }
    }

    /// Looks a path up; it is percent-decoded first.
    pub(crate) fn find(&self, path: &str) -> Option<Resource> {
        let path = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
        match self.files.iter().find(|file| file.path == path) {
            Some(file) => Some(from_file(file)),
            None => self.dirs.iter().find_map(|dir| from_disk(dir, &path)),
        }
    }
}

fn from_file(file: &File) -> Resource {
    Resource {
        etag: file.etag.clone().unwrap_or_else(|| Etag::Strong(file.content.tag())),
        last_modified: file.last_modified.clone(),
        content_type: file.content_type.clone().unwrap_or_else(|| type_of(&file.path).to_owned()),
        content: file.content.clone(),
    }
}

fn from_disk(dir: &Dir, path: &str) -> Option<Resource> {
    let below = path.strip_prefix(dir.prefix.trim_end_matches('/'))?.strip_prefix('/')?;
    let place = within(&dir.path, below)?;
    let metadata = place.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let content = Content::disk(&place).ok()?;
    Some(Resource {
        etag: Etag::Strong(content.tag()),
        last_modified: metadata.modified().ok().map(httpdate::fmt_http_date),
        content_type: type_of(path).to_owned(),
        content,
    })
}

/// A relative path below `root`, if it stays there by its own text.
fn within(root: &Path, below: &str) -> Option<PathBuf> {
    let relative = Path::new(below);
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
    (plain && !below.is_empty()).then(|| root.join(relative))
}

fn type_of(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// What must not stand in a path as it is (RFC 3986 section 3.3); `+` is encoded as interpreter lists do.
const OUTSIDE_PATHS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'%')
    .add(b'+');
