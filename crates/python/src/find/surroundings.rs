//! What the environment says, as values.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Where interpreters are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// An absolute path: relative paths are below it, and `.venv` is looked for in it and above.
    pub working_directory: PathBuf,
    /// The folder of the active virtual environment (`VIRTUAL_ENV`).
    pub virtual_env: Option<PathBuf>,
    /// The folder of the active conda environment (`CONDA_PREFIX`).
    pub conda_prefix: Option<PathBuf>,
    /// Whether that is conda's own installation (`CONDA_DEFAULT_ENV` is `base` or `root`), which is active in every shell of
    /// some users and says little about what they want.
    pub conda_is_base: bool,
    /// The folders of the search path (`PATH`), all absolute.
    pub search_path: Vec<PathBuf>,
}

impl Surroundings {
    /// From environment variables, by their names. Empty ones count as absent. Relative folders are below `working_directory`;
    /// an empty folder of `PATH`, which means the working directory to a shell, is left out.
    pub fn from_variables(working_directory: impl Into<PathBuf>, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let working_directory = working_directory.into();
        let value = |name: &str| variable(name).filter(|value| !value.is_empty());
        let folder = |name: &str| value(name).map(|value| working_directory.join(value));
        let search_path = value("PATH").map(|path| split(&path, &working_directory));
        Self {
            virtual_env: folder("VIRTUAL_ENV"),
            conda_prefix: folder("CONDA_PREFIX"),
            conda_is_base: value("CONDA_DEFAULT_ENV").is_some_and(|name| name == "base" || name == "root"),
            search_path: search_path.unwrap_or_default(),
            working_directory,
        }
    }
}

fn split(path: &OsString, working_directory: &Path) -> Vec<PathBuf> {
    let folders = env::split_paths(path).filter(|folder| !folder.as_os_str().is_empty());
    folders.map(|folder| working_directory.join(folder)).collect()
}
