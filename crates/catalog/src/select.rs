//! Which of the listed files a requirement means.
//!
//! [`choose`] takes the newest version that fits, and of it the best wheel, else the source distribution; the rules are those of pip, which
//! say more than the standards do:
//!
//! 1. A file counts when its version is in the specifiers, its form is allowed ([`Rules`]), the target takes it (tags, `requires-python`), and
//!    its digest is one of those that are asked for, where any are.
//! 2. Pre-releases count when they are asked for ([`Rules::pre`]), when the specifiers name one, or when there is nothing else (PEP 440).
//! 3. Yanked files count only when the specifiers pin one version and nothing else fits (PEP 592).
//! 4. Of what is left: a file whose digest is asked for before one that shows none; a wheel before a source distribution of a newer version
//!    with [`Rules::prefer_binary`]; the newest version; the best tag; the highest build number; and, which no rule of pip decides,
//!    `.tar.gz` before other source distributions and then names in their order, so that the order of the page never matters.

mod missing;
mod rules;

use std::cmp::Reverse;

pub use missing::{Counts, NotFound};
pub use rules::{Packages, Rules};
use towline_store::Digest;
use uv_distribution_filename::{BuildTag, DistFilename, SourceDistExtension};
use uv_normalize::PackageName;
use uv_pep440::{Operator, Version, VersionSpecifiers};

use crate::{Choice, Kind, Place, Target, index::Listed};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The package.
    pub package: &'a PackageName,
    /// Its versions; none restrict nothing.
    pub specifiers: &'a VersionSpecifiers,
    /// Digests of which the file has to have one; empty: any file will do (hash mode is the caller's to demand).
    pub hashes: &'a [Digest],
}

/// A file, and what the user should know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chosen {
    /// The file. With [`Wanted::hashes`], its digests hold the one that was asked for where that is known: the index shows it, or only one
    /// was given.
    pub choice: Choice,
    /// Withdrawn by its maintainers, and why; the reason may be empty. A warning is due.
    pub yanked: Option<String>,
    /// A pre-release that was taken only for want of anything else. A warning is due.
    pub pre_for_want: bool,
    /// Where several digests are allowed and the index shows none: one of these has to be right, and nobody knows which before the file
    /// is there. Empty otherwise.
    pub any_of: Vec<Digest>,
}

/// Why a file does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Version,
    Form,
    Tags,
    Python,
    Hash,
}

/// A file that counts, and how it compares: the greatest is the best.
struct Candidate<'a> {
    listed: &'a Listed,
    hashed: bool,
    /// Lower is better; a source distribution has none.
    rank: Option<u32>,
}

/// Chooses a file. The order of `files` does not matter.
///
/// # Errors
/// When none fits: what there is, and what each kind of file was left out for.
pub fn choose<'a>(
    wanted: Wanted<'_>,
    files: impl IntoIterator<Item = &'a Listed>,
    rules: &Rules,
    target: &Target,
) -> Result<Chosen, Box<NotFound>> {
    let mut missing = NotFound::new(wanted, target);
    let mut candidates = Vec::new();
    let python = target.python();
    for listed in files.into_iter().filter(|listed| listed.dist.name() == wanted.package) {
        match judge(listed, wanted, rules, target, &python) {
            Ok(candidate) => candidates.push(candidate),
            Err(cause) => missing.count(listed, cause),
        }
    }

    let pre = rules.pre || names_pre_release(wanted.specifiers);
    let finals = candidates.iter().any(|candidate| !candidate.listed.version().any_prerelease());
    let pre_for_want = !pre && !finals;
    if !pre && finals {
        candidates.retain(|candidate| !candidate.listed.version().any_prerelease());
    }
    // Yanked files count only where the pin has nothing else: then they all are.
    let all_yanked = candidates.iter().all(|candidate| candidate.listed.yanked.is_some());
    if !(all_yanked && pins(wanted.specifiers)) {
        candidates.retain(|candidate| {
            let stays = candidate.listed.yanked.is_none();
            if !stays {
                missing.count_yanked(candidate.listed);
            }
            stays
        });
    }
    match candidates.into_iter().max_by(|a, b| a.key(rules).cmp(&b.key(rules))) {
        Some(best) => Ok(chosen(best, wanted, pre_for_want)),
        None => Err(Box::new(missing)),
    }
}

fn judge<'a>(
    listed: &'a Listed,
    wanted: Wanted<'_>,
    rules: &Rules,
    target: &Target,
    python: &Version,
) -> Result<Candidate<'a>, Cause> {
    if !wanted.specifiers.contains(listed.version()) {
        return Err(Cause::Version);
    }
    if !rules.allows(wanted.package, listed.kind()) {
        return Err(Cause::Form);
    }
    let rank = match &listed.dist {
        DistFilename::WheelFilename(wheel) => Some(target.rank(wheel).ok_or(Cause::Tags)?),
        DistFilename::SourceDistFilename(_) => None,
    };
    if listed.requires_python.as_ref().is_some_and(|specifiers| !specifiers.contains(python)) {
        return Err(Cause::Python);
    }
    let hashed = match fits(listed, wanted.hashes) {
        Some(false) => return Err(Cause::Hash),
        fits => fits == Some(true),
    };
    Ok(Candidate { listed, hashed, rank })
}

/// Whether a file has one of the digests; `None` where it shows none of their kinds.
fn fits(listed: &Listed, hashes: &[Digest]) -> Option<bool> {
    let mut known = listed.file.hashes.iter().filter_map(|shown| {
        let mut same = hashes.iter().filter(|digest| digest.algorithm() == shown.algorithm()).peekable();
        same.peek()?;
        Some(same.any(|digest| digest == shown))
    });
    let first = known.next()?;
    Some(first || known.any(|fits| fits))
}

impl<'a> Candidate<'a> {
    fn key(&self, rules: &Rules) -> impl Ord + use<'a> {
        let listed = self.listed;
        let build: Option<&BuildTag> = match &listed.dist {
            DistFilename::WheelFilename(wheel) => wheel.build_tag(),
            DistFilename::SourceDistFilename(_) => None,
        };
        let plain = matches!(
            &listed.dist,
            DistFilename::SourceDistFilename(sdist) if sdist.extension == SourceDistExtension::TarGz
        );
        (
            self.hashed,
            rules.prefer_binary && listed.kind() == Kind::Wheel,
            listed.version(),
            self.rank.map(Reverse),
            build,
            plain,
            Reverse(&listed.file.name),
            listed.file.hashes.best().map(ToString::to_string),
            listed.file.places.first().map(|place| match place {
                Place::Path(path) => (true, path.to_string_lossy().into_owned()),
                Place::Url(url) => (false, url.to_string()),
            }),
        )
    }
}

fn chosen(best: Candidate<'_>, wanted: Wanted<'_>, pre_for_want: bool) -> Chosen {
    let listed = best.listed;
    let mut file = listed.file.clone();
    let mut any_of = Vec::new();
    if !best.hashed {
        match wanted.hashes {
            [] => {}
            [only] => file.hashes.add(only.clone()),
            several => any_of = several.to_vec(),
        }
    }
    Chosen {
        choice: Choice {
            package: wanted.package.clone(),
            version: Some(listed.version().clone()),
            kind: listed.kind(),
            file,
        },
        yanked: listed.yanked.clone(),
        pre_for_want: pre_for_want && listed.version().any_prerelease(),
        any_of,
    }
}

/// Whether one exact version is asked for.
fn pins(specifiers: &VersionSpecifiers) -> bool {
    specifiers.iter().any(|one| matches!(one.operator(), Operator::Equal | Operator::ExactEqual))
}

/// PEP 440: a specifier that names a pre-release lets them in; `!=` names what is not wanted.
fn names_pre_release(specifiers: &VersionSpecifiers) -> bool {
    specifiers
        .iter()
        .any(|one| one.any_prerelease() && !matches!(one.operator(), Operator::NotEqual | Operator::NotEqualStar))
}
