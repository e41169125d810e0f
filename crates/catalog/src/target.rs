//! For which interpreter and platform a file is wanted.
//!
//! A [`Target`] comes from an interpreter that was asked (markers and tags as it says them, [`Target::new`]), or is put together from
//! what a user wrote: a [`PythonVersion`] and a [`Platform`] ([`Target::of`]).
//!
//! The order of tags decides between wheels, and it is that of PyPA's `packaging` here. `uv-platform-tags` makes the
//! same set and nearly the same order, but puts `linux_x86_64` behind all of `manylinux_*` and `musllinux_*` where `packaging` puts it
//! before them. Indexes of everybody take no such wheel; a directory or a private index may hold one, built on the very
//! machine and linked against what is there, and then pip takes it. So do we.

mod platform;
mod python;

use std::collections::{HashMap, HashSet};

pub use platform::{Platform, PlatformError};
pub use python::{Implementation, PythonVersion, PythonVersionError};
use uv_distribution_filename::WheelFilename;
use uv_pep440::Version;
use uv_pep508::{MarkerEnvironment, MarkerEnvironmentBuilder};
use uv_platform_tags::{Tags, TagsOptions};

/// An interpreter on a platform: what markers say there, and which wheels it takes.
#[derive(Debug, Clone)]
pub struct Target {
    markers: MarkerEnvironment,
    /// `cp312-cp312-linux_x86_64` and so on; the best has rank 0.
    ranks: HashMap<String, u32>,
    /// The parts of all of these. A wheel's name can hold thousands of combinations, of which nearly all fail in one part.
    known: Parts,
    platform: String,
}

#[derive(Debug, Clone, Default)]
struct Parts {
    pythons: HashSet<String>,
    abis: HashSet<String>,
    platforms: HashSet<String>,
}

/// An interpreter that is not made for a platform.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// No tags can be told.
    #[error("cannot tell which wheels Python {python} takes on {platform}: {why}")]
    Tags {
        /// The version, as written.
        python: String,
        /// The platform.
        platform: String,
        /// What the maker of tags says.
        why: String,
    },
}

impl Target {
    /// From the values of the markers (PEP 508) and all tags it takes, best first (PEP 425).
    pub fn new(markers: MarkerEnvironment, tags: impl IntoIterator<Item = String>) -> Self {
        let mut ranks = HashMap::new();
        let mut known = Parts::default();
        let mut platform = None;
        for (rank, tag) in (0..).zip(tags) {
            if let [python, abi, on] = *tag.split('-').collect::<Vec<_>>() {
                if platform.is_none() && on != "any" && !on.starts_with("linux_") {
                    platform = Some(on.to_owned());
                }
                known.pythons.insert(python.to_owned());
                known.abis.insert(abi.to_owned());
                known.platforms.insert(on.to_owned());
            }
            ranks.entry(tag).or_insert(rank);
        }
        let platform = platform.unwrap_or_else(|| markers.sys_platform().to_owned());
        Self { markers, ranks, known, platform }
    }

    /// From an interpreter that was asked: the values of its markers and its tags, which get the order and the completeness of
    /// `packaging` here.
    #[must_use]
    pub fn asked(markers: MarkerEnvironment, tags: &Tags) -> Self {
        let mut ordered = ordered(tags);
        if markers.implementation_name() == "pypy" {
            let release = &markers.python_version().version;
            if let [major, minor, ..] = *release.release() {
                complete_for_pypy(&mut ordered, major, minor);
            }
        }
        Self::new(markers, ordered)
    }

    /// From what a user wrote.
    ///
    /// All eleven markers have a value. What a version leaves open is 0 (`3.12` is 3.12.0), as in pip and uv; `platform_release` and
    /// `platform_version` are empty, for nobody can know them.
    ///
    /// # Errors
    /// When no tags can be told for the two together.
    pub fn of(python: &PythonVersion, platform: &Platform) -> Result<Self, TargetError> {
        let failed =
            |why: String| TargetError::Tags { python: python.to_string(), platform: platform.to_string(), why };
        let options = TagsOptions {
            manylinux_compatible: true,
            gil_disabled: python.is_free_threaded(),
            debug_enabled: false,
            is_cross: true,
        };
        let implementation = python.implementation();
        let tags = Tags::from_env(
            platform.for_tags().clone(),
            python.minor(),
            implementation.marker(),
            implementation.version_for_tags(python),
            options,
        )
        .map_err(|error| failed(error.to_string()))?;
        let markers = MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
            implementation_name: implementation.marker(),
            implementation_version: &implementation.version(python),
            os_name: platform.os_name(),
            platform_machine: platform.machine(),
            platform_python_implementation: implementation.name(),
            platform_release: "",
            platform_system: platform.system(),
            platform_version: "",
            python_full_version: &python.full(),
            python_version: &python.short(),
            sys_platform: platform.sys_platform(),
        })
        .map_err(|error| failed(error.to_string()))?;
        Ok(Self::asked(markers, &tags))
    }

    /// The values of the markers.
    #[must_use]
    pub const fn markers(&self) -> &MarkerEnvironment {
        &self.markers
    }

    /// The version that `requires-python` is compared with: numbers alone, as pip and uv have it, so that `>=3.14` takes 3.14.0rc1.
    #[must_use]
    pub fn python(&self) -> Version {
        self.markers.python_full_version().version.only_release()
    }

    /// Whether a wheel of this name fits, at all.
    #[must_use]
    pub fn takes(&self, wheel: &str) -> bool {
        wheel.parse().is_ok_and(|name| self.rank(&name).is_some())
    }

    /// How well a wheel fits: 0 is best, `None` is not at all.
    #[must_use]
    pub fn rank(&self, wheel: &WheelFilename) -> Option<u32> {
        // The text, for the parsed form drops what uv has no name for, such as `pp3`. Names are compared as `packaging` does, in lower case.
        let text = wheel.to_string().to_ascii_lowercase();
        let mut parts = text.strip_suffix(".whl")?.rsplitn(4, '-');
        let platforms = known(parts.next()?, &self.known.platforms);
        let abis = known(parts.next()?, &self.known.abis);
        let pythons = known(parts.next()?, &self.known.pythons);
        let mut best = None;
        for python in &pythons {
            for abi in &abis {
                for platform in &platforms {
                    let rank = self.ranks.get(&format!("{python}-{abi}-{platform}")).copied();
                    best = [best, rank].into_iter().flatten().min();
                }
            }
        }
        best
    }
}

/// `CPython 3.12.0 on manylinux_2_28_x86_64`.
impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let markers = &self.markers;
        write!(
            f,
            "{} {} on {}",
            markers.platform_python_implementation(),
            markers.python_full_version().string,
            self.platform
        )
    }
}

/// Those of the tags that occur at all, each once.
fn known<'a>(tags: &'a str, known: &HashSet<String>) -> Vec<&'a str> {
    let mut found: Vec<_> = tags.split('.').filter(|tag| known.contains(*tag)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// All tags, in the order of `packaging`: `linux_*` first among those of one interpreter and ABI. And `fat3`, the name that Python's
/// `sysconfig` gives to binaries for three processors, where uv has `fat32`, as older versions of `packaging` had.
fn ordered(tags: &Tags) -> Vec<String> {
    let text = tags.to_string();
    let mut ordered: Vec<String> = Vec::new();
    let mut group = ("", 0);
    for tag in text.lines() {
        let Some((start, platform)) = tag.rsplit_once('-') else { continue };
        if start != group.0 {
            group = (start, ordered.len());
        }
        let at = if platform.starts_with("linux_") { group.1 } else { ordered.len() };
        ordered.insert(at, tag.replace("_fat32", "_fat3"));
    }
    ordered
}

/// `pp311-none-*` behind the tags with an ABI, and `pp3-none-any` before the first that is for any platform: `packaging` has them, uv
/// has not.
fn complete_for_pypy(tags: &mut Vec<String>, major: u64, minor: u64) {
    let exact = format!("pp{major}{minor}-");
    let end = tags.iter().take_while(|tag| tag.starts_with(&exact)).count();
    let bare: Vec<_> =
        tags[..end].iter().filter_map(|tag| Some(format!("{exact}none-{}", tag.rsplit_once('-')?.1))).collect();
    tags.splice(end..end, bare);
    let any = tags.iter().position(|tag| tag.ends_with("-any")).unwrap_or(tags.len());
    tags.insert(any, format!("pp{major}-none-any"));
}
