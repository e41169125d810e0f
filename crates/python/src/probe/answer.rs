//! What the script prints, and what follows from it.

use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use uv_pep508::{MarkerEnvironment, MarkerEnvironmentBuilder};
use uv_platform_tags::{Tags, TagsOptions};

use super::ProbeError;
use crate::{Build, Implementation, Interpreter, Scheme, platform::Facts, raw_path::RawPath};

/// The answer of an interpreter.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    TooOld(String),
    Full(Box<Full>),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Full {
    markers: Markers,
    version: (u8, u8, u8),
    implementation_version: (u8, u8),
    executable: RawPath,
    base_executable: Option<RawPath>,
    prefix: RawPath,
    base_prefix: RawPath,
    scheme: Folders,
    venv_scheme: Folders,
    soabi: Option<String>,
    ext_suffix: Option<String>,
    gil_disabled: bool,
    debug: bool,
    #[serde(flatten)]
    facts: Facts,
}

#[derive(Debug, Serialize, Deserialize)]
struct Markers {
    implementation_name: String,
    implementation_version: String,
    os_name: String,
    platform_machine: String,
    platform_python_implementation: String,
    platform_release: String,
    platform_system: String,
    platform_version: String,
    python_full_version: String,
    python_version: String,
    sys_platform: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Folders {
    purelib: RawPath,
    platlib: RawPath,
    scripts: RawPath,
    data: RawPath,
    include: RawPath,
}

impl Answer {
    /// The interpreter at `path` that answered so.
    pub(super) fn interpreter(&self, path: &Path) -> Result<Interpreter, ProbeError> {
        match self {
            Self::TooOld(version) => {
                Err(ProbeError::TooOld { path: path.to_owned(), version: version.chars().take(20).collect() })
            }
            Self::Full(full) => full.interpreter(path),
        }
    }

    /// Whether the file at `path` is the interpreter itself. A script that chooses one (of pyenv, asdf, mise) may choose another
    /// next time, so its answer is not kept.
    pub(super) fn speaks_for(&self, path: &Path, interpreter: &Interpreter) -> bool {
        let file = |path: &Path| path.metadata().ok().map(|found| (found.dev(), found.ino()));
        file(path).is_some() && file(path) == file(&interpreter.executable)
    }

    /// Files besides the executable whose change makes the answer another: the loader belongs to the C library.
    pub(super) fn rests_on(&self) -> Vec<PathBuf> {
        let Self::Full(full) = self else { return Vec::new() };
        let loader = full.facts.elf.as_ref().and_then(|elf| elf.loader.as_deref());
        loader.and_then(RawPath::decode).map(|path| path.0).into_iter().collect()
    }
}

impl Full {
    fn interpreter(&self, path: &Path) -> Result<Interpreter, ProbeError> {
        let version = |source| ProbeError::Version { path: path.to_owned(), source };
        let markers = self.markers.environment().map_err(version)?;
        let known = self.facts.known().map_err(|source| ProbeError::Platform { path: path.to_owned(), source })?;
        let name = &self.markers.implementation_name;
        let cpython = name == "cpython";
        let options = TagsOptions {
            manylinux_compatible: known.manylinux,
            gil_disabled: cpython && self.gil_disabled,
            debug_enabled: cpython && self.debug,
            is_cross: false,
        };
        let python = (self.version.0, self.version.1);
        let tags = Tags::from_env(known.platform.clone(), python, name, self.implementation_version, options);
        let tags = tags.map_err(|source| ProbeError::Tags { path: path.to_owned(), source })?;
        let executable = self.executable.0.clone();
        let own = |found: &PathBuf| if found.as_os_str().is_empty() { path.to_owned() } else { found.clone() };
        Ok(Interpreter {
            base_executable: own(self.base_executable.as_ref().map_or(&executable, |base| &base.0)),
            executable: own(&executable),
            prefix: self.prefix.0.clone(),
            base_prefix: self.base_prefix.0.clone(),
            version: markers.python_full_version().version.clone(),
            implementation: Implementation { name: name.clone(), version: self.implementation_version },
            build: Build {
                gil_disabled: self.gil_disabled,
                debug: self.debug,
                pointer_bits: self.facts.pointer_bits,
                platform: self.facts.platform.clone(),
                soabi: self.soabi.clone(),
                ext_suffix: self.ext_suffix.clone(),
            },
            markers,
            platform: known.platform,
            tags,
            scheme: self.scheme.scheme(),
            venv_scheme: self.venv_scheme.scheme(),
        })
    }
}

impl Markers {
    fn environment(&self) -> Result<MarkerEnvironment, uv_pep440::VersionParseError> {
        MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
            implementation_name: &self.implementation_name,
            implementation_version: &self.implementation_version,
            os_name: &self.os_name,
            platform_machine: &self.platform_machine,
            platform_python_implementation: &self.platform_python_implementation,
            platform_release: &self.platform_release,
            platform_system: &self.platform_system,
            platform_version: &self.platform_version,
            python_full_version: &self.python_full_version,
            python_version: &self.python_version,
            sys_platform: &self.sys_platform,
        })
    }
}

impl Folders {
    fn scheme(&self) -> Scheme {
        Scheme {
            purelib: self.purelib.0.clone(),
            platlib: self.platlib.0.clone(),
            scripts: self.scripts.0.clone(),
            data: self.data.0.clone(),
            include: self.include.0.clone(),
        }
    }
}
