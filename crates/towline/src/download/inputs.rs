//! Which packages and files the requirements and locks ask for.

use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;

use towline_catalog::lock::{self, Lock, Selection};
use towline_catalog::requirements::{Asked, Direct, Entry, Requirements, What};
use towline_catalog::select::{Packages, Rules};
use towline_catalog::{Choice, Target};
use towline_store::Digest;
use towline_unpack::Format;
use uv_normalize::InvalidNameError;

use super::choose::Need;
use super::pages::Source;
use super::wanted::WantedFile;
use crate::args::{Download, Groups, IndexOptions};
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
    pub(super) left_out: Vec<LeftOut>,
    pub(super) warnings: Vec<String>,
}

/// What is no file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// Where it is asked for.
    pub(super) at: String,
    /// What it is instead.
    pub(super) what: String,
    /// The name that `--without` takes, where one is known.
    pub(super) without: Option<String>,
}

/// Where files are looked for when nothing says it.
const DEFAULT_INDEX: &str = "https://pypi.org/simple/";

/// Reads everything the command line names.
pub(super) fn read(args: &Download, targets: &[Target]) -> Result<Input, Error> {
    let selection = selection(&args.groups)?;
    let mut requirements = Requirements::default();
    requirements.require_hashes = args.index.require_hashes;
    let mut locks = Vec::new();
    for text in &args.inputs {
        let path = Path::new(text);
        // A file that is no archive can be nothing else: requirements files have an option of their own.
        let other = || path.is_file() && Format::of_name(text).is_none();
        if is_lock(path) || other() { locks.push(path) } else { requirements.argument(text)? }
    }
    for path in &args.requirements {
        if is_lock(path) {
            locks.push(path);
        } else {
            requirements.read(path, &|name| std::env::var(name).ok())?;
        }
    }
    requirements.finish()?;
    let mut input = Input {
        needs: Vec::new(),
        files: Vec::new(),
        indexes: indexes(&args.index, &requirements)?,
        find_links: find_links(&args.index, &requirements)?,
        rules: rules(&args.index, &requirements)?,
        unresolved: false,
        left_out: Vec::new(),
        warnings: Vec::new(),
    };
    for path in locks {
        input.lock(path, targets, &selection)?;
    }
    for (at, target) in targets.iter().enumerate() {
        input.requirements(&requirements, at, target)?;
    }
    input.warnings.append(&mut requirements.warnings);
    Ok(input)
}

/// Whether an argument is a lock: a requirement has no such name, and no slash before the first `@`.
fn is_lock(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    Lock::is_name(name) || path.extension().is_some_and(|end| end == "toml" || end == "lock") && path.is_file()
}

fn selection(groups: &Groups) -> Result<Selection, Error> {
    fn names<N: FromStr<Err = InvalidNameError> + Ord>(texts: &[String]) -> Result<BTreeSet<N>, Error> {
        let refuse = |text: &str, error: N::Err| Error::Requirement { text: text.to_owned(), why: error.to_string() };
        texts.iter().map(|text| text.parse().map_err(|error| refuse(text, error))).collect()
    }
    Ok(Selection {
        extras: names(&groups.extra)?,
        all_extras: groups.all_extras,
        groups: match (groups.all_groups, groups.no_default_groups) {
            (true, _) => lock::Groups::All,
            (_, true) => lock::Groups::None,
            _ => lock::Groups::Default,
        },
        with_groups: names(&groups.group)?,
        without_groups: names(&groups.no_group)?,
        packages: names(&groups.package)?,
        without: names(&groups.without)?,
    })
}

impl Input {
    fn lock(&mut self, path: &Path, targets: &[Target], selection: &Selection) -> Result<(), Error> {
        let lock = Lock::read(path)?;
        self.warnings.extend_from_slice(lock.warnings());
        for target in targets {
            let locked = lock.choose(target, selection)?;
            let wanted = |choice| WantedFile { choice, any_of: Vec::new(), locked: true };
            self.files.extend(locked.files.into_iter().map(wanted));
            for left in locked.left_out {
                let at = format!("{}:{}: `{}`", left.at.path.display(), left.at.line, left.package);
                self.leave_out(LeftOut { at, what: left.what, without: Some(left.package.to_string()) });
            }
        }
        Ok(())
    }

    fn requirements(&mut self, requirements: &Requirements, at: usize, target: &Target) -> Result<(), Error> {
        let active = requirements.active(target)?;
        for asked in active.named {
            self.unresolved |= !asked.pinned;
            let Asked { package, specifiers, hashes, origin, .. } = asked;
            self.needs.push(Need { package, specifiers, hashes, target: at, origin: origin.to_string() });
        }
        for (entry, direct) in active.direct {
            self.files.push(file(entry, direct)?);
        }
        for entry in active.built {
            let What::Built(what) = &entry.what else { continue };
            let at = format!("{}: `{}`", entry.origin, entry.text);
            self.leave_out(LeftOut { at, what: what.clone(), without: None });
        }
        Ok(())
    }

    /// Several targets say the same.
    fn leave_out(&mut self, left: LeftOut) {
        if !self.left_out.contains(&left) {
            self.left_out.push(left);
        }
    }
}

/// A file that a requirement names, with the digests that it has to have.
fn file(entry: &Entry, direct: &Direct) -> Result<WantedFile, Error> {
    let Direct { package, version, kind, mut file } = direct.clone();
    let mut any_of = Vec::new();
    if file.hashes.is_empty() {
        match entry.hashes.as_slice() {
            [only] => file.hashes.add(only.clone()),
            several => any_of = several.to_vec(),
        }
    } else if !entry.hashes.is_empty() && !file.hashes.iter().any(|digest| entry.hashes.contains(digest)) {
        let all = |digests: &mut dyn Iterator<Item = &Digest>| {
            digests.map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        let (one, other) = (all(&mut file.hashes.iter()), all(&mut entry.hashes.iter()));
        return Err(Error::TwoFiles { name: format!("{}: {}", entry.origin, entry.text), one, other });
    }
    Ok(WantedFile { choice: Choice { package, version, kind, file }, any_of, locked: false })
}

/// Extra indexes before the one, as uv has it: where a name is in both, the private one is meant. The command line goes before a
/// requirements file, and that before the variables of other tools.
fn indexes(options: &IndexOptions, requirements: &Requirements) -> Result<Vec<Source>, Error> {
    if options.no_index || requirements.no_index {
        return Ok(Vec::new());
    }
    let of_others = || {
        let names = ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"];
        names.iter().find_map(|name| std::env::var(name).ok().filter(|text| !text.is_empty()))
    };
    let main = options.index_url.clone().filter(|text| !text.is_empty()).or_else(|| requirements.index_url.clone());
    let main = main.or_else(of_others).unwrap_or_else(|| DEFAULT_INDEX.to_owned());
    let extra = options.extra_index_url.iter().filter(|text| !text.is_empty()).chain(&requirements.extra_index_urls);
    extra.chain([&main]).map(|text| Source::parse(text, false)).collect()
}

fn find_links(options: &IndexOptions, requirements: &Requirements) -> Result<Vec<Source>, Error> {
    let given = options.find_links.iter().map(|text| Source::parse(text, true));
    let read = requirements.find_links.iter().map(|(text, folder)| {
        Ok(match Source::parse(text, true)? {
            Source::Path(path) => Source::Path(folder.join(path)),
            url @ Source::Url(_) => url,
        })
    });
    given.chain(read).collect()
}

fn rules(options: &IndexOptions, requirements: &Requirements) -> Result<Rules, Error> {
    Ok(Rules {
        no_binary: packages("--no-binary", &options.no_binary, &requirements.no_binary)?,
        only_binary: packages("--only-binary", &options.only_binary, &requirements.only_binary)?,
        prefer_binary: options.prefer_binary || requirements.prefer_binary,
        pre: options.pre || requirements.pre,
    })
}

fn packages(option: &str, names: &[String], read: &Packages) -> Result<Packages, Error> {
    let mut packages = read.clone();
    for name in names {
        match name.as_str() {
            ":all:" => packages.all = true,
            ":none:" => packages = Packages::default(),
            name => {
                let text = format!("{option} {name}");
                let refuse = |error: InvalidNameError| Error::Requirement { text, why: error.to_string() };
                packages.named.insert(name.parse().map_err(refuse)?);
            }
        }
    }
    Ok(packages)
}
