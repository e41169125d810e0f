//! Which packages and files the requirements and locks ask for.

use towline_catalog::Target;
use towline_catalog::select::Rules;

use super::choose::Need;
use super::pages::Source;
use super::wanted::WantedFile;
use crate::args::Download;
use crate::exit::Error;

/// What all the inputs ask for together.
pub(super) struct Input {
    pub(super) needs: Vec<Need>,
    pub(super) files: Vec<WantedFile>,
    pub(super) indexes: Vec<Source>,
    pub(super) find_links: Vec<Source>,
    pub(super) rules: Rules,
    /// A requirement names no exact version: more may be needed than what is named.
    pub(super) unresolved: bool,
    pub(super) warnings: Vec<String>,
}

pub(super) fn read(_args: &Download, _targets: &[Target]) -> Result<Input, Error> {
    Err(Error::NoCacheDir)
}
