//! The `.data` folder, whose content is spread over an environment.

use crate::{
    ArchiveError, UnpackError,
    names::{Entry, Kind},
};

use super::{
    dist_info::{DistInfo, ends_like},
    interpreter,
    view::View,
};

const KEYS: [&str; 5] = ["purelib", "platlib", "headers", "scripts", "data"];

/// Checks where the content of `.data` would go.
pub(super) fn check(view: &View<'_>, dist_info: &DistInfo) -> Result<(), UnpackError> {
    let folder = dist_info.data_folder();
    let mut wrong = Vec::new();
    for (name, entry) in view.names().iter() {
        let mut parts = name.as_str().split('/');
        let top = parts.next().unwrap_or_default();
        if !ends_like(top, ".data") {
            continue;
        }
        let rest = parts.collect::<Vec<_>>();
        if let Err(detail) = place(view, &folder, top, &rest, entry) {
            wrong.push((entry.at, name.as_str(), detail));
        }
    }
    // Names come in no order, and what is said should not depend on it.
    let first = wrong.into_iter().min_by_key(|(at, name, _)| (*at, *name));
    first.map_or(Ok(()), |(_, name, detail)| Err(refused(view, name, detail).into()))
}

fn refused(view: &View<'_>, name: &str, detail: String) -> ArchiveError {
    view.refuse(Some(name), detail)
}

/// Whether a name below a `.data` folder has a place to go to, and one that is its own.
fn place(view: &View<'_>, folder: &str, top: &str, rest: &[&str], entry: &Entry) -> Result<(), String> {
    let is_directory = entry.kind == Kind::Directory;
    let Some((key, inside)) = rest.split_first() else {
        // A bare folder exists in the wild; a file is one like any other.
        return Ok(());
    };
    if top != folder {
        return Err(format!("tools disagree whether it belongs to the distribution, whose folder would be {folder}"));
    }
    if !KEYS.contains(key) || (inside.is_empty() && !is_directory) {
        return Err(format!("nothing is known of {key:?} in a .data folder"));
    }
    match (*key, inside) {
        ("scripts", [script, ..]) if interpreter::is_named_so(script) => {
            Err("it would replace the environment's interpreter".to_owned())
        }
        ("data", [bin, program, ..]) if is_bin(bin) && interpreter::is_named_so(program) => {
            Err("it would replace the environment's interpreter".to_owned())
        }
        ("data", [file]) if file.eq_ignore_ascii_case("pyvenv.cfg") => {
            Err("it would replace the environment's configuration".to_owned())
        }
        ("purelib" | "platlib", [first, ..]) if ends_like(first, ".dist-info") => {
            Err("it would be another distribution's .dist-info".to_owned())
        }
        ("purelib" | "platlib", [_, ..]) if !is_directory => alone(view, folder, key, &inside.join("/")),
        _ => Ok(()),
    }
}

fn is_bin(name: &str) -> bool {
    name.eq_ignore_ascii_case("bin") || name.eq_ignore_ascii_case("Scripts")
}

/// `purelib`, `platlib` and the wheel's root are one directory in most environments: only one file can be there.
fn alone(view: &View<'_>, folder: &str, key: &str, inside: &str) -> Result<(), String> {
    let sibling = if key == "purelib" { "platlib" } else { "purelib" };
    for other in [inside.to_owned(), format!("{folder}/{sibling}/{inside}")] {
        if view.names().get(&other).is_some() {
            return Err(format!("it would be the same file as {other}"));
        }
    }
    Ok(())
}
