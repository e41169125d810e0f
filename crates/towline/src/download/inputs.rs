//! Which packages and files the requirements and locks ask for.

use std::path::Path;

use towline_catalog::lock::{LeftOut, Lock, Selection};
use towline_catalog::select::{Packages, Rules};
use towline_catalog::{Choice, File, FileName, Hashes, Kind, Place, Target};
use towline_client::Url;
use uv_distribution_filename::DistFilename;
use uv_pep440::{Operator, VersionSpecifiers};
use uv_pep508::{Requirement, VerbatimUrl, VersionOrUrl};

use super::choose::Need;
use super::pages::Source;
use super::wanted::{WantedFile, shown};
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
    /// Packages of locks that are no files.
    pub(super) left_out: Vec<LeftOut>,
    pub(super) warnings: Vec<String>,
}

/// Where files are looked for when nothing says it.
const DEFAULT_INDEX: &str = "https://pypi.org/simple/";

/// Reads everything the command line names.
pub(super) fn read(args: &Download, targets: &[Target]) -> Result<Input, Error> {
    let mut input = Input {
        needs: Vec::new(),
        files: Vec::new(),
        indexes: indexes(&args.index)?,
        find_links: args.index.find_links.iter().map(|text| Source::parse(text, true)).collect::<Result<_, _>>()?,
        rules: rules(&args.index)?,
        unresolved: false,
        left_out: Vec::new(),
        warnings: Vec::new(),
    };
    let selection = selection(&args.groups)?;
    for text in &args.inputs {
        let path = Path::new(text);
        if is_lock(path) {
            input.lock(path, targets, &selection)?;
        } else {
            input.argument(text, targets)?;
        }
    }
    for path in &args.requirements {
        input.lock(path, targets, &selection)?;
    }
    Ok(input)
}

/// Whether an argument is a lock: a requirement has no such name, and no slash before the first `@`.
fn is_lock(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    Lock::is_name(name) || path.extension().is_some_and(|end| end == "toml" || end == "lock") && path.is_file()
}

fn selection(groups: &Groups) -> Result<Selection, Error> {
    let refuse = |text: &str, error: uv_normalize::InvalidNameError| Error::Requirement {
        text: text.to_owned(),
        why: error.to_string(),
    };
    let mut selection = Selection {
        all_extras: groups.all_extras,
        all_groups: groups.all_groups,
        no_default_groups: groups.no_default_groups,
        ..Selection::default()
    };
    for text in &groups.extra {
        selection.extras.insert(text.parse().map_err(|error| refuse(text, error))?);
    }
    for text in &groups.group {
        selection.groups.insert(text.parse().map_err(|error| refuse(text, error))?);
    }
    Ok(selection)
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
                if !self.left_out.contains(&left) {
                    self.left_out.push(left);
                }
            }
        }
        Ok(())
    }

    fn argument(&mut self, text: &str, targets: &[Target]) -> Result<(), Error> {
        let refuse = |why: String| Error::Requirement { text: text.to_owned(), why };
        let requirement: Requirement<VerbatimUrl> =
            text.parse().map_err(|error: uv_pep508::Pep508Error| refuse(error.message.to_string()))?;
        for (at, target) in targets.iter().enumerate() {
            if !requirement.evaluate_markers(target.markers(), &[]) {
                continue;
            }
            let specifiers = match &requirement.version_or_url {
                Some(VersionOrUrl::Url(url)) => {
                    self.files.push(direct(&requirement, url, &refuse)?);
                    break;
                }
                Some(VersionOrUrl::VersionSpecifier(specifiers)) => specifiers.clone(),
                None => VersionSpecifiers::empty(),
            };
            self.unresolved |=
                !specifiers.iter().any(|one| matches!(one.operator(), Operator::Equal | Operator::ExactEqual));
            let (package, origin) = (requirement.name.clone(), format!("`{text}`"));
            self.needs.push(Need { package, specifiers, hashes: Vec::new(), target: at, origin });
        }
        Ok(())
    }
}

/// `name @ URL#sha256=…`.
fn direct(
    requirement: &Requirement<VerbatimUrl>,
    url: &VerbatimUrl,
    refuse: &dyn Fn(String) -> Error,
) -> Result<WantedFile, Error> {
    let mut url: Url = url.to_url().as_str().parse().map_err(|error: url::ParseError| refuse(error.to_string()))?;
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(url.fragment().unwrap_or_default().as_bytes())
        .filter(|(name, _)| !matches!(&**name, "egg" | "subdirectory"))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.set_fragment(None);
    let hashes = Hashes::parse(pairs.iter().map(|(name, hex)| (name.as_str(), hex.as_str())));
    let hashes = hashes.map_err(|error| refuse(error.to_string()))?;
    let last = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    let last = percent_encoding::percent_decode_str(last).decode_utf8_lossy().into_owned();
    let name = FileName::new(&last).map_err(|error| refuse(error.to_string()))?;
    let dist = DistFilename::try_from_filename_with_reason(&last, &requirement.name)
        .map_err(|error| refuse(format!("{} is no wheel or source distribution: {error}", shown(&url))))?;
    let kind = match &dist {
        DistFilename::WheelFilename(_) => Kind::Wheel,
        DistFilename::SourceDistFilename(_) => Kind::Sdist,
    };
    let place = match url.scheme() {
        "http" | "https" => Place::Url(url),
        "file" => Place::Path(url.to_file_path().map_err(|()| refuse("it is no path of this machine".to_owned()))?),
        scheme => return Err(refuse(format!("a URL of the scheme `{scheme}` cannot be downloaded"))),
    };
    let file = File { name, places: vec![place], hashes, size: None };
    let choice = Choice { package: requirement.name.clone(), version: Some(dist.version().clone()), kind, file };
    Ok(WantedFile { choice, any_of: Vec::new(), locked: false })
}

/// Extra indexes before the one, as uv has it: where a name is in both, the private one is meant.
fn indexes(options: &IndexOptions) -> Result<Vec<Source>, Error> {
    if options.no_index {
        return Ok(Vec::new());
    }
    let of_others =
        || ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"].iter().find_map(|name| std::env::var(name).ok());
    let main = options.index_url.clone().or_else(of_others).filter(|text| !text.is_empty());
    let main = main.unwrap_or_else(|| DEFAULT_INDEX.to_owned());
    let extra = options.extra_index_url.iter().filter(|text| !text.is_empty());
    extra.chain([&main]).map(|text| Source::parse(text, false)).collect()
}

fn rules(options: &IndexOptions) -> Result<Rules, Error> {
    Ok(Rules {
        no_binary: packages("--no-binary", &options.no_binary)?,
        only_binary: packages("--only-binary", &options.only_binary)?,
        prefer_binary: options.prefer_binary,
        pre: options.pre,
    })
}

fn packages(option: &str, names: &[String]) -> Result<Packages, Error> {
    let mut packages = Packages::default();
    for name in names {
        match name.as_str() {
            ":all:" => packages.all = true,
            ":none:" => packages = Packages::default(),
            name => {
                let refuse = |error: uv_normalize::InvalidNameError| Error::Requirement {
                    text: format!("{option} {name}"),
                    why: error.to_string(),
                };
                packages.named.insert(name.parse().map_err(refuse)?);
            }
        }
    }
    Ok(packages)
}
