//! For whom.

use std::time::Duration;

use towline_catalog::{Platform, PythonVersion, Target};
use towline_python::{Cache, Finder, Interpreter, Prober, Request, Surroundings};

use crate::args::{Shared, Targets};
use crate::exit::Error;
use crate::session::cache_dir;

/// How long an interpreter may take to say what it is.
const ANSWER: Duration = Duration::from_secs(30);

/// All that are asked for: each version on each platform. What is left open is as the interpreter has it that would be used here.
pub(super) fn all(targets: &Targets, shared: &Shared) -> Result<Vec<Target>, Error> {
    let refuse = |error: &dyn std::error::Error| Error::Target(error.to_string());
    if targets.python_version.is_empty() && targets.platform.is_empty() {
        let variable = || std::env::var("TOWLINE_PYTHON").ok().filter(|text| !text.is_empty());
        let request = match targets.python.clone().or_else(variable) {
            Some(text) => text.parse().map_err(|error| refuse(&error))?,
            None => Request::Any,
        };
        let interpreter = find(&request, shared)?;
        return Ok(vec![Target::asked(interpreter.markers.clone(), &interpreter.tags)]);
    }
    let versions = match targets.python_version.as_slice() {
        [] => vec![version(&find(&Request::Any, shared)?)?],
        texts => texts.iter().map(|text| text.parse()).collect::<Result<_, _>>().map_err(|error| refuse(&error))?,
    };
    let platforms = match targets.platform.as_slice() {
        [] => vec![here(shared)?],
        texts => texts.iter().map(|text| text.parse()).collect::<Result<_, _>>().map_err(|error| refuse(&error))?,
    };
    let mut all = Vec::new();
    for version in &versions {
        for platform in &platforms {
            all.push(Target::of(version, platform).map_err(|error| refuse(&error))?);
        }
    }
    Ok(all)
}

fn find(request: &Request, shared: &Shared) -> Result<Interpreter, Error> {
    let here =
        std::env::current_dir().map_err(|error| Error::Target(format!("the working directory is gone: {error}")))?;
    let surroundings = Surroundings::from_variables(here, |name| std::env::var_os(name));
    let prober = Prober::new(ANSWER).with_cache(Cache::at(cache_dir(shared)?.join("interpreters")));
    let found = Finder::new(&surroundings, &prober).find(request).map_err(Box::new)?;
    Ok(found.interpreter)
}

fn version(interpreter: &Interpreter) -> Result<PythonVersion, Error> {
    let before = if interpreter.implementation.name == "pypy" { "pypy" } else { "" };
    let after = if interpreter.build.gil_disabled { "t" } else { "" };
    let text = format!("{before}{}{after}", interpreter.version.only_release());
    text.parse().map_err(|error| Error::Target(format!("{error}; say which with --python-version")))
}

/// This machine: as an interpreter says it, else what can be told without one.
fn here(shared: &Shared) -> Result<Platform, Error> {
    if let Ok(interpreter) = find(&Request::Any, shared) {
        return Ok(interpreter.platform.into());
    }
    let arch = std::env::consts::ARCH;
    let text =
        if cfg!(target_os = "macos") { format!("{arch}-apple-darwin") } else { format!("{arch}-unknown-linux-gnu") };
    text.parse().map_err(|error| Error::Target(format!("{error}; say which with --platform")))
}
