//! Files that may be interpreters, in the order in which they are asked.

use std::{
    cmp::Reverse,
    collections::HashSet,
    fmt, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::Surroundings;
use crate::request::{Versions, Wish};

/// A file that may be an interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The file, not resolved.
    pub path: PathBuf,
    /// Where it was found.
    pub source: Source,
}

/// Where an interpreter was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// It was given by its path.
    Given,
    /// The active virtual environment.
    VirtualEnv,
    /// The active conda environment.
    Conda,
    /// An environment in the working directory or above.
    Near,
    /// Conda's base environment.
    CondaBase,
    /// The search path.
    SearchPath,
}

/// The interpreters of an environment.
pub(super) const IN_ENVIRONMENTS: [&str; 4] = ["bin/python", "bin/python3", "bin/pypy3", "bin/graalpy"];

/// A folder of the search path that has more interpreters than these is not what it seems.
const A_FOLDER_HAS: usize = 200;

impl Source {
    /// Whether the user has said that this environment is to be used.
    pub(super) const fn is_active(self) -> bool {
        matches!(self, Self::VirtualEnv | Self::Conda)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given => "the path that was given",
            Self::VirtualEnv => "the active virtual environment (VIRTUAL_ENV)",
            Self::Conda => "the active conda environment (CONDA_PREFIX)",
            Self::Near => "the environment of this folder (.venv)",
            Self::CondaBase => "conda's base environment",
            Self::SearchPath => "search path",
        })
    }
}

/// Everything that is looked at for a wish.
pub(super) fn anywhere(surroundings: &Surroundings, wish: Option<&Wish>) -> Vec<Candidate> {
    let (base, active) = match &surroundings.conda_prefix {
        Some(prefix) if surroundings.conda_is_base => (Some(prefix.clone()), None),
        prefix => (None, prefix.clone()),
    };
    let environments = [
        (surroundings.virtual_env.clone(), Source::VirtualEnv),
        (active, Source::Conda),
        (near(&surroundings.working_directory), Source::Near),
        (base, Source::CondaBase),
    ];
    let environments =
        environments.into_iter().filter_map(|(folder, source)| Some((in_environment(&folder?)?, source)));
    let mut all: Vec<_> = environments.map(|(path, source)| Candidate { path, source }).collect();
    let (first, last) = names(wish);
    for names in [first, last] {
        for folder in &surroundings.search_path {
            all.extend(names.iter().flat_map(|name| name.files(folder)));
        }
    }
    once(all)
}

/// The programs of these names.
pub(super) fn on_path(surroundings: &Surroundings, names: &[String]) -> Vec<Candidate> {
    let folders = surroundings.search_path.iter();
    once(folders.flat_map(|folder| names.iter().filter_map(|name| file(folder.join(name)))).collect())
}

/// The interpreter of an environment, active or not.
pub(super) fn in_environment(folder: &Path) -> Option<PathBuf> {
    // A dangling link counts: that an environment is broken is to be said, not passed over.
    IN_ENVIRONMENTS.iter().map(|name| folder.join(name)).find(|path| path.symlink_metadata().is_ok())
}

fn near(working_directory: &Path) -> Option<PathBuf> {
    let folders = working_directory.ancestors().flat_map(|folder| [folder.to_owned(), folder.join(".venv")]);
    folders.into_iter().find(|folder| folder.join("pyvenv.cfg").is_file())
}

/// The names of a program that are looked for in a folder.
enum Names {
    One(String),
    /// Whatever has this beginning and a minor version, the newest first.
    Minors(&'static str),
}

/// Those that are looked for in every folder first, and those that are looked for after.
fn names(wish: Option<&Wish>) -> (Vec<Names>, Vec<Names>) {
    let version = wish.map_or(&Versions::Any, |wish| &wish.version);
    let build = match wish {
        Some(Wish { free_threaded: true, debug: true, .. }) => "td",
        Some(Wish { free_threaded: true, .. }) => "t",
        Some(Wish { debug: true, .. }) => "d",
        _ => "",
    };
    let minor = match version {
        Versions::Series(numbers) => numbers.get(..2).map(<[u64]>::to_vec),
        Versions::Exactly(version) => version.release().get(..2).map(<[u64]>::to_vec),
        Versions::Any | Versions::Within(_) => None,
    };
    let of = |name: &'static str, beginning: &'static str| {
        let plain = [format!("{name}3"), name.to_owned()];
        let mut names = Vec::new();
        if let Some([major, minor]) = minor.as_deref() {
            let with_build = format!("{name}{major}.{minor}{build}");
            let without = format!("{name}{major}.{minor}");
            names.push(with_build.clone());
            names.extend((with_build != without).then_some(without));
            names.extend(plain);
            return names.into_iter().map(Names::One).collect::<Vec<_>>();
        }
        names.extend(plain);
        let mut names: Vec<_> = names.into_iter().map(Names::One).collect();
        names.push(Names::Minors(beginning));
        names
    };
    let python = of("python", "python3.");
    match wish.and_then(|wish| wish.implementation) {
        Some("pypy") => (of("pypy", "pypy3."), python),
        Some("graalpy") => (of("graalpy", "graalpy3."), python),
        Some(_) => (python, Vec::new()),
        None => (python, of("pypy", "pypy3.").into_iter().chain(of("graalpy", "graalpy3.")).collect()),
    }
}

impl Names {
    fn files(&self, folder: &Path) -> Vec<Candidate> {
        match self {
            Self::One(name) => file(folder.join(name)).into_iter().collect(),
            Self::Minors(beginning) => {
                let entries = fs::read_dir(folder).into_iter().flatten().flatten();
                let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
                let mut names: Vec<_> =
                    names.filter_map(|name| Some((minor(name.strip_prefix(beginning)?)?, name))).collect();
                names.sort_by_key(|((minor, build), _)| (Reverse(*minor), build.clone()));
                names.truncate(A_FOLDER_HAS);
                names.into_iter().filter_map(|(_, name)| file(folder.join(name))).collect()
            }
        }
    }
}

/// `13t` is minor version 13, build `t`; `11-config` is none.
fn minor(rest: &str) -> Option<(u8, String)> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, build) = rest.split_at(digits);
    ["", "t", "d", "td"].contains(&build).then_some(())?;
    Some((number.parse().ok()?, build.to_owned()))
}

/// A file that can be executed.
fn file(path: PathBuf) -> Option<Candidate> {
    let found = path.metadata().ok()?;
    let runs = found.is_file() && found.permissions().mode() & 0o111 != 0;
    runs.then_some(Candidate { path, source: Source::SearchPath })
}

/// Without those that lead to an interpreter that is there already.
fn once(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut seen = HashSet::new();
    candidates.retain(|candidate| seen.insert(identity(&candidate.path)));
    candidates
}

/// What two names of one interpreter have in common: the file behind all links, and the environment that its folder makes it
/// belong to. Version managers link every name to one program that looks at how it was called: names that lead to such a
/// program are different.
pub(super) fn identity(path: &Path) -> (PathBuf, Option<PathBuf>) {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = real.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let itself = ["python", "pypy", "graalpy"].iter().any(|beginning| name.starts_with(beginning));
    let folder = path.parent();
    let environments = [folder, folder.and_then(Path::parent)].into_iter().flatten();
    let environment =
        environments.filter(|folder| folder.join("pyvenv.cfg").is_file()).find_map(|f| f.canonicalize().ok());
    (if itself { real } else { path.to_owned() }, environment)
}
