//! Directories of archives, and indexes on this machine.

use std::{fs, path::Path};

use url::Url;
use uv_normalize::PackageName;

use crate::file::is_archive;

use super::{
    listed::{Base, Entry, Skipped, on_disk},
    page::{Form, IndexError, Page},
};

impl Page {
    /// The archives of a project in a directory, as pip's `--find-links DIR` has it: no subdirectories; links to files count. In the order
    /// of their names.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn directory(project: &PackageName, directory: &Path) -> Result<Self, IndexError> {
        let failed = |why| IndexError::Local { path: directory.to_owned(), why };
        let mut entries = Vec::new();
        for entry in fs::read_dir(directory).map_err(failed)? {
            entries.push(entry.map_err(failed)?.path());
        }
        entries.sort_unstable();
        let mut page = Self::default();
        for path in entries {
            let Some(name) = path.file_name() else { continue };
            let lossy = name.to_string_lossy().into_owned();
            let listed = match (name.to_str(), fs::metadata(&path)) {
                (None, _) => Err(Skipped::new(&lossy, "its name is not UTF-8")),
                (_, Err(error)) => Err(Skipped::new(&lossy, error)),
                (_, Ok(found)) if !found.is_file() => Err(Skipped::new(&lossy, "it is no file")),
                (Some(name), Ok(found)) => on_disk(path.clone(), name, found.len(), project),
            };
            match listed {
                Ok(listed) => page.files.push(listed),
                Err(skipped) => page.skip(skipped),
            }
        }
        Ok(page)
    }

    /// What `--find-links` has of a project at a path: a directory of archives, an archive, or a page.
    ///
    /// # Errors
    /// As [`Page::local`].
    pub fn links(project: &PackageName, path: &Path) -> Result<Self, IndexError> {
        let failed = |why| IndexError::Local { path: path.to_owned(), why };
        let found = fs::metadata(path).map_err(failed)?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if found.is_dir() {
            return Self::directory(project, path);
        }
        if !name.ends_with(".whl") && !is_archive(name) {
            return Self::from_disk(project, path);
        }
        let mut page = Self::default();
        match on_disk(path.to_owned(), name, found.len(), project) {
            Ok(listed) => page.files.push(listed),
            Err(skipped) => page.skip(skipped),
        }
        Ok(page)
    }

    /// What an archive at a URL is to a project.
    #[must_use]
    pub fn link(project: &PackageName, url: &Url) -> Option<Self> {
        let last = url.path_segments()?.next_back()?;
        if !last.ends_with(".whl") && !is_archive(last) {
            return None;
        }
        let link = Entry { href: url.to_string(), ..Entry::default() };
        let mut page = Self::default();
        match link.judge(project, &Base { url, local: false }) {
            Ok(listed) => page.files.push(listed),
            Err(skipped) => page.skip(skipped),
        }
        Some(page)
    }

    /// What a path offers of a project.
    ///
    /// A directory with a folder of the project's name is an index: that folder's `index.html`, or else the archives in it. Any other
    /// directory is one of archives. A file is a page: JSON where it ends in `.json`, else HTML.
    ///
    /// # Errors
    /// When it cannot be read, or is a page that cannot be.
    pub fn local(project: &PackageName, path: &Path) -> Result<Self, IndexError> {
        let folder = path.join(project.as_ref());
        let page = folder.join("index.html");
        if page.is_file() {
            Self::from_disk(project, &page)
        } else if folder.is_dir() {
            Self::directory(project, &folder)
        } else if path.is_file() {
            Self::from_disk(project, path)
        } else {
            Self::directory(project, path)
        }
    }

    fn from_disk(project: &PackageName, path: &Path) -> Result<Self, IndexError> {
        let failed = |why| IndexError::Local { path: path.to_owned(), why };
        let absolute = std::path::absolute(path).map_err(failed)?;
        let body = fs::read(&absolute).map_err(failed)?;
        let url = Url::from_file_path(&absolute)
            .map_err(|()| failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, "no URL can name it")))?;
        let json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        Self::read(project, &body, if json { Form::Json } else { Form::Html }, &url, true)
    }
}
