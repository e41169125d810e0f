//! Which packages and files the requirements and locks ask for.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use towline_catalog::lock::{self, Lock, Selection};
use towline_catalog::requirements::{Asked, Direct, Entry, Requirements, What};
use towline_catalog::select::Rules;
use towline_catalog::{Choice, FileName, Kind, Target, without_secrets};
use towline_client::Url;
use towline_unpack::Format;
use uv_normalize::InvalidNameError;

use super::choose::Need;
use super::pages::Source;
use super::wanted::WantedFile;
use crate::args::{Download, Groups, InOrder, IndexOptions};
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
    /// Wheels that were named and do not fit a target, and where they were named. Another target may take them.
    unfit: Vec<(String, FileName)>,
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
    let given = args.requirements.iter().map(|path| local(path)).collect::<Result<Vec<_>, _>>()?;
    for path in &given {
        if is_lock(path) {
            locks.push(path);
        } else {
            requirements.read(path, &|name| std::env::var(name).ok())?;
        }
    }
    let mut input = Input {
        needs: Vec::new(),
        files: Vec::new(),
        indexes: indexes(&args.index, &requirements)?,
        find_links: find_links(&args.index, &requirements)?,
        rules: rules(&args.index, &requirements)?,
        unresolved: false,
        left_out: Vec::new(),
        warnings: Vec::new(),
        unfit: Vec::new(),
    };
    for path in locks {
        input.lock(path, targets, &selection)?;
    }
    for (at, target) in targets.iter().enumerate() {
        input.requirements(&requirements, at, target)?;
    }
    input.judge_wheels(targets)?;
    input.warnings.append(&mut requirements.warnings);
    Ok(input)
}

/// Whether an argument is a lock, by its name, or as TOML. Some call requirements `requirements.lock`: then the first lines tell.
fn is_lock(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is = |end: &str| path.extension().is_some_and(|found| found == end) && path.is_file();
    Lock::is_name(name) || is("toml") || is("lock") && begins_as_a_lock(path)
}

fn begins_as_a_lock(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(4096).read_to_end(&mut head));
    let text = String::from_utf8_lossy(&head);
    read.is_ok() && text.lines().any(|line| line.starts_with("version = ") || line.starts_with("lock-version = "))
}

/// The path of `-r`.
fn local(path: &Path) -> Result<PathBuf, Error> {
    let text = path.to_string_lossy();
    if !text.contains("://") {
        return Ok(path.to_path_buf());
    }
    let refuse = |why: &str| Error::Requirement { text: without_secrets(&text), why: why.to_owned() };
    match Url::parse(&text) {
        Ok(url) if url.scheme() == "file" => url.to_file_path().map_err(|()| refuse("it is no path of this machine")),
        _ => Err(refuse("a requirements file of the network is not read: bring it first (`towline get`)")),
    }
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
            let name = direct.file.name.as_str();
            if direct.kind == Kind::Wheel && !target.takes(name) {
                self.unfit.push((entry.origin.to_string(), direct.file.name.clone()));
                continue;
            }
            self.files.push(file(entry, direct));
        }
        for entry in active.built {
            let What::Built(what) = &entry.what else { continue };
            let at = format!("{}: `{}`", entry.origin, entry.text);
            self.leave_out(LeftOut { at, what: what.clone(), without: None });
        }
        Ok(())
    }

    /// A wheel that is named has to be for one of the targets.
    fn judge_wheels(&self, targets: &[Target]) -> Result<(), Error> {
        let taken = |name: &FileName| self.files.iter().any(|file| file.choice.file.name == *name);
        let Some((origin, name)) = self.unfit.iter().find(|(_, name)| !taken(name)) else { return Ok(()) };
        let targets = targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(" nor for ");
        Err(Error::NoFile {
            origin: origin.clone(),
            missing: format!("{name} is not for {targets}"),
            hint: "name another wheel, or another target with --python-version and --platform",
        })
    }

    /// Several targets say the same.
    fn leave_out(&mut self, left: LeftOut) {
        if !self.left_out.contains(&left) {
            self.left_out.push(left);
        }
    }
}

/// A file that a requirement names, with the digests that it has to have.
fn file(entry: &Entry, direct: &Direct) -> WantedFile {
    let Direct { package, version, kind, mut file } = direct.clone();
    let mut any_of = entry.hashes.clone();
    if let (true, [only]) = (file.hashes.is_empty(), any_of.as_slice()) {
        file.hashes.add(only.clone());
        any_of.clear();
    }
    WantedFile { choice: Choice { package, version, kind, file }, any_of, locked: false }
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
            // As in pip: beside the file, else in the working directory.
            Source::Path(path) => {
                Source::Path(Some(folder.join(&path)).filter(|beside| beside.exists()).unwrap_or(path))
            }
            url @ Source::Url(_) => url,
        })
    });
    given.chain(read).collect()
}

fn rules(options: &IndexOptions, requirements: &Requirements) -> Result<Rules, Error> {
    let mut rules = Rules {
        prefer_binary: options.prefer_binary || requirements.prefer_binary,
        pre: options.pre || requirements.pre,
        ..Rules::default()
    };
    // What comes later goes before, as in pip: the command line in its order, then the files.
    let of = |kind, names: &[InOrder]| names.iter().map(|it| (it.at, kind, it.text.clone())).collect::<Vec<_>>();
    let mut given = of(Kind::Wheel, &options.only_binary);
    given.extend(of(Kind::Sdist, &options.no_binary));
    given.sort_by_key(|(at, ..)| *at);
    let option = |kind| if kind == Kind::Wheel { "--only-binary" } else { "--no-binary" };
    for (_, kind, names) in given {
        let refuse = |error: InvalidNameError| Error::Requirement {
            text: format!("{} {names}", option(kind)),
            why: error.to_string(),
        };
        rules.only(kind, &names).map_err(refuse)?;
    }
    for (kind, names, origin) in &requirements.forms {
        let text = format!("{origin}: {} {names}", option(*kind));
        rules.only(*kind, names).map_err(|error| Error::Requirement { text, why: error.to_string() })?;
    }
    Ok(rules)
}
