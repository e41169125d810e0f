//! For whom.

use towline_catalog::{Platform, PythonVersion, Target};

use crate::args::Targets;
use crate::exit::Error;

/// All that are asked for: each version on each platform.
pub(super) fn all(targets: &Targets, _shared: &crate::args::Shared) -> Result<Vec<Target>, Error> {
    let refuse = |error: &dyn std::error::Error| Error::Target(error.to_string());
    let mut all = Vec::new();
    for version in &targets.python_version {
        let version: PythonVersion = version.parse().map_err(|error| refuse(&error))?;
        for platform in &targets.platform {
            let platform: Platform = platform.parse().map_err(|error| refuse(&error))?;
            all.push(Target::of(&version, &platform).map_err(|error| refuse(&error))?);
        }
    }
    Ok(all)
}
