//! What the server has: from a request path to a representation.

use crate::action::Etag;
use crate::content::Content;
use crate::script::{Dir, File};
use std::path::{Component, Path, PathBuf};

/// A representation as it is before any action changes it.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) content: Content,
    pub(crate) etag: Etag,
    pub(crate) last_modified: Option<String>,
    pub(crate) content_type: String,
}

/// The files and directories of a script.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) files: Vec<File>,
    pub(crate) dirs: Vec<Dir>,
}

impl Site {
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
