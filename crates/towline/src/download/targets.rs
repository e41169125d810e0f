//! For whom.

use std::path::PathBuf;
use std::time::Duration;

use towline_catalog::{Platform, PythonVersion, Target};
use towline_python::{Cache, Prober};

use crate::args::{Shared, Targets};
use crate::exit::Error;
use crate::session::cache_dir;

/// How long an interpreter may take to say what it is.
const ANSWER: Duration = Duration::from_secs(30);

/// All that are asked for: each version on each platform, or the interpreter that would be used here.
pub(super) fn all(targets: &Targets, shared: &Shared) -> Result<Vec<Target>, Error> {
    let refuse = |error: &dyn std::error::Error| Error::Target(error.to_string());
    if targets.python_version.is_empty() && targets.platform.is_empty() {
        let python = PathBuf::from(targets.python.as_deref().unwrap_or("python3"));
        let prober = Prober::new(ANSWER).with_cache(Cache::at(cache_dir(shared)?.join("interpreters")));
        let interpreter = prober.probe(&python).map_err(|error| refuse(&error))?;
        return Ok(vec![Target::asked(interpreter.markers.clone(), &interpreter.tags)]);
    }
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
