//! Files of a package, and which of them is taken.

use std::{
    cmp::Reverse,
    path::{Path, PathBuf},
};

use percent_encoding::percent_decode_str;
use url::Url;
use uv_distribution_filename::{DistFilename, WheelFilename};
use uv_normalize::PackageName;
use uv_pep440::Version;

use super::{LockError, Spot, node::Node};
use crate::{Choice, File, FileName, Kind, Place, Target};

/// What is said of a package wherever a file of it is read.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    pub(super) name: &'a PackageName,
    pub(super) version: Option<&'a Version>,
    /// What paths are relative to.
    pub(super) folder: &'a Path,
}

#[derive(Debug, Clone)]
pub(super) struct Wheel {
    pub(super) file: File,
    pub(super) name: WheelFilename,
}

/// The files of a package from an index: at least one wheel, or a source distribution.
#[derive(Debug, Clone, Default)]
pub(super) struct Files {
    pub(super) wheels: Vec<Wheel>,
    pub(super) sdist: Option<File>,
}

impl Files {
    /// The best wheel, else the source distribution.
    pub(super) fn choose(&self, target: &Target) -> Option<(Kind, &File)> {
        let best = self
            .wheels
            .iter()
            .filter_map(|wheel| Some((target.rank(&wheel.name)?, wheel)))
            // Names decide last, so that the order of the lock never does.
            .min_by_key(|(rank, wheel)| (*rank, Reverse(wheel.name.build_tag()), &wheel.file.name));
        match best {
            Some((_, wheel)) => Some((Kind::Wheel, &wheel.file)),
            None => self.sdist.as_ref().map(|file| (Kind::Sdist, file)),
        }
    }

    /// The choice for a package, or what it has instead.
    pub(super) fn choice(
        &self,
        package: &PackageName,
        version: Option<&Version>,
        at: &Spot,
        target: &Target,
    ) -> Result<Choice, LockError> {
        let (kind, file) = self.choose(target).ok_or_else(|| LockError::Unfit {
            at: Box::new(at.clone()),
            why: format!(
                "none of the {} wheels of `{package}` is for {target}, and there is no source distribution",
                self.wheels.len()
            ),
        })?;
        Ok(Choice { package: package.clone(), version: version.cloned(), kind, file: file.clone() })
    }

    /// Adds an archive at a URL or path of its own: a wheel, or the source of a package under whatever name.
    pub(super) fn add_archive(&mut self, node: Node<'_>, file: File, owner: Owner<'_>) -> Result<(), LockError> {
        if is_wheel(file.name.as_str()) {
            self.wheels.push(wheel(node, file, owner)?);
        } else {
            self.sdist = Some(file);
        }
        Ok(())
    }
}

pub(super) fn is_wheel(name: &str) -> bool {
    name.len() > 4 && name.get(name.len() - 4..).is_some_and(|end| end.eq_ignore_ascii_case(".whl"))
}

/// Checks that a file is a wheel of the package.
pub(super) fn wheel(node: Node<'_>, file: File, owner: Owner<'_>) -> Result<Wheel, LockError> {
    let name: WheelFilename = file.name.as_str().parse().map_err(|error| node.wrong(error))?;
    consistent(node, &file, &name.name, &name.version, owner)?;
    Ok(Wheel { file, name })
}

/// Checks that a file is a source distribution of the package.
pub(super) fn sdist(node: Node<'_>, file: File, owner: Owner<'_>) -> Result<File, LockError> {
    match DistFilename::try_from_filename_with_reason(file.name.as_str(), owner.name) {
        Ok(DistFilename::SourceDistFilename(name)) => {
            consistent(node, &file, &name.name, &name.version, owner)?;
            Ok(file)
        }
        Ok(DistFilename::WheelFilename(_)) => Err(node.wrong(format_args!("`{}` is a wheel", file.name))),
        Err(error) => Err(node.wrong(error)),
    }
}

fn consistent(
    node: Node<'_>,
    file: &File,
    name: &PackageName,
    version: &Version,
    owner: Owner<'_>,
) -> Result<(), LockError> {
    if name != owner.name {
        return Err(node.wrong(format_args!("`{}` is a file of `{name}`, not of `{}`", file.name, owner.name)));
    }
    match owner.version {
        Some(wanted) if wanted != version => {
            Err(node.wrong(format_args!("`{}` is of version {version}, the package of {wanted}", file.name)))
        }
        _ => Ok(()),
    }
}

/// A place from a URL: of http, https, or a file of this machine. A fragment says nothing to a server.
pub(super) fn place_of_url(node: Node<'_>) -> Result<Place, LockError> {
    let mut url = Url::parse(node.text()?).map_err(|error| node.wrong(format_args!("it is no URL: {error}")))?;
    url.set_fragment(None);
    match url.scheme() {
        "http" | "https" => Ok(Place::Url(url)),
        "file" => {
            url.to_file_path().map(Place::Path).map_err(|()| node.wrong("the file:// URL is no path of this machine"))
        }
        other => Err(node.wrong(format_args!("a URL of the scheme `{other}` cannot be fetched"))),
    }
}

pub(super) fn path_in(node: Node<'_>, folder: &Path) -> Result<PathBuf, LockError> {
    let text = node.text()?;
    if text.is_empty() || text.contains('\0') {
        return Err(node.wrong("it is no path"));
    }
    Ok(folder.join(text))
}

/// The file name at the end of a place.
pub(super) fn name_of_place(node: Node<'_>, place: &Place) -> Result<FileName, LockError> {
    let name = match place {
        Place::Url(url) => {
            let last = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
            percent_decode_str(last).decode_utf8().map_err(|_| node.wrong("the file name is not UTF-8"))?.into_owned()
        }
        Place::Path(path) => path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned(),
    };
    FileName::new(&name).map_err(|error| node.wrong(error))
}
