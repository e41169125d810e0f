//! The `.dist-info` folder: that there is one, whose it is, and what it says.

use std::collections::BTreeSet;

use crate::{ArchiveError, UnpackError};

use super::{headers, identity::Identity, view::View};

const ENDING: &str = ".dist-info";

/// The highest major version of the format that is understood; what is added in a minor one can be ignored.
const MAJOR: u32 = 1;

pub(super) struct DistInfo {
    folder: String,
    said: Identity,
}

impl DistInfo {
    /// Finds the only one.
    pub(super) fn find(view: &View<'_>) -> Result<Self, ArchiveError> {
        let tops = view.names().iter().map(|(name, _)| name.as_str().split('/').next().unwrap_or_default());
        let found = tops.filter(|top| ends_like(top, ENDING)).collect::<BTreeSet<_>>();
        let mut found = found.into_iter();
        let folder = match (found.next(), found.next()) {
            (Some(folder), None) => folder,
            (None, _) => return Err(view.refuse(None, "it has no .dist-info folder")),
            (Some(one), Some(other)) => {
                return Err(view.refuse(Some(other), format!("there is another .dist-info folder, {one}")));
            }
        };
        let said = folder.strip_suffix(ENDING).and_then(Identity::of_stem);
        let said = said.ok_or_else(|| view.refuse(Some(folder), "the folder's name is not name-version.dist-info"))?;
        Ok(Self { folder: folder.to_owned(), said })
    }

    /// The name of a file in it.
    pub(super) fn member(&self, file: &str) -> String {
        format!("{}/{file}", self.folder)
    }

    /// The name of the folder whose content goes elsewhere.
    pub(super) fn data_folder(&self) -> String {
        format!("{}.data", self.folder.trim_end_matches(ENDING))
    }

    /// Holds the folder's name against what something else says.
    pub(super) fn must_be(&self, view: &View<'_>, said: &Identity, by: &str) -> Result<(), ArchiveError> {
        if self.said.agrees_with(said) {
            return Ok(());
        }
        Err(view.refuse(Some(&self.folder), format!("it is for {}, but {by} says {said}", self.said)))
    }

    /// WHEEL has to be there, of a version that is understood.
    pub(super) fn check_version_of_format(&self, view: &View<'_>) -> Result<(), UnpackError> {
        let member = self.member("WHEEL");
        let text = self.required(view, &member)?;
        let version = only(view, &member, &text, "Wheel-Version")?;
        let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        match major {
            Some(major) if major <= MAJOR => Ok(()),
            Some(_) => {
                let detail = format!("it is of version {version} of the format, and {MAJOR}.x is understood");
                Err(view.refuse(Some(&member), detail).into())
            }
            None => Err(view.refuse(Some(&member), format!("its Wheel-Version {version:?} is no version")).into()),
        }
    }

    /// METADATA has to be there and to speak of the same distribution.
    pub(super) fn check_metadata(&self, view: &View<'_>) -> Result<(), UnpackError> {
        let member = self.member("METADATA");
        let text = self.required(view, &member)?;
        let said = Identity::new(only(view, &member, &text, "Name")?, only(view, &member, &text, "Version")?);
        if said.agrees_with(&self.said) {
            return Ok(());
        }
        Err(view.refuse(Some(&member), format!("it is about {said}, but the folder's name says {}", self.said)).into())
    }

    fn required(&self, view: &View<'_>, member: &str) -> Result<Vec<u8>, UnpackError> {
        let missing = || view.refuse(Some(&self.folder), format!("{member} is missing")).into();
        view.read(member)?.ok_or_else(missing)
    }
}

/// The value of a field that must have one.
fn only(view: &View<'_>, member: &str, text: &[u8], field: &str) -> Result<String, ArchiveError> {
    let mut values = headers::values(text, field);
    values.dedup();
    match values.as_slice() {
        [value] if !value.is_empty() => Ok(value.clone()),
        [] | [_] => Err(view.refuse(Some(member), format!("it says no {field}"))),
        [one, other, ..] => Err(view.refuse(Some(member), format!("it says {field} twice: {one:?}, {other:?}"))),
    }
}

/// Also in other letters than it should, which some file systems cannot tell.
pub(super) fn ends_like(name: &str, ending: &str) -> bool {
    let end = name.len().checked_sub(ending.len()).and_then(|at| name.split_at_checked(at));
    end.is_some_and(|(_, end)| end.eq_ignore_ascii_case(ending))
}
