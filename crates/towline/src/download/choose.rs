//! From what is asked for to files.

use std::collections::BTreeMap;
use std::rc::Rc;

use towline_catalog::index::Listed;
use towline_catalog::select::{self, Chosen, Rules};
use towline_catalog::{Place, Target};
use towline_store::Digest;
use uv_normalize::PackageName;
use uv_pep440::VersionSpecifiers;

use super::mirrors::Mirrors;
use super::pages::Indexes;
use super::wanted::{WantedFile, shown};
use crate::bring::{Elsewhere, Other};
use crate::exit::{Code, Error};
use crate::report::Report;

/// A package that a target needs.
#[derive(Debug, Clone)]
pub(super) struct Need {
    pub(super) package: PackageName,
    pub(super) specifiers: VersionSpecifiers,
    pub(super) hashes: Vec<Digest>,
    /// Index of the target.
    pub(super) target: usize,
    /// Where it is asked for.
    pub(super) origin: String,
}

/// What came of the needs: files, and the codes of what could not be had, which is told already.
pub(super) struct Found {
    pub(super) files: Vec<WantedFile>,
    /// Pages that could not be read: the files of other packages come all the same.
    pub(super) unread: Vec<(PackageName, Code)>,
    /// Needs that have no file, as they were told. Then nothing is brought: another target or version is asked for next, most likely.
    pub(super) misfits: Vec<String>,
}

/// Asks the indexes, each page once, and chooses.
pub(super) async fn choose(
    needs: &[Need],
    indexes: &Rc<Indexes>,
    rules: &Rules,
    targets: &[Target],
    report: &Report,
) -> Found {
    let listed = pages(needs, indexes).await;
    let mut found = Found { files: Vec::new(), unread: Vec::new(), misfits: Vec::new() };
    let unread = |(package, listed): (&PackageName, &Result<_, Code>)| Some((package.clone(), *listed.as_ref().err()?));
    found.unread = listed.iter().filter_map(unread).collect();
    for need in needs {
        let (Some(Ok(files)), Some(target)) = (listed.get(&need.package), targets.get(need.target)) else { continue };
        let wanted = select::Wanted { package: &need.package, specifiers: &need.specifiers, hashes: &need.hashes };
        match select::choose(wanted, files, rules, target) {
            Ok(chosen) => {
                warn(&chosen, report);
                found.files.push(WantedFile { choice: chosen.choice, any_of: chosen.any_of, locked: false });
            }
            Err(missing) => {
                let hint = missing.hint();
                let (origin, missing) = (need.origin.clone(), missing.to_string());
                let error = Error::NoFile { origin, missing, hint };
                report.error(&error);
                found.misfits.push(error.to_string());
            }
        }
    }
    found
}

fn warn(chosen: &Chosen, report: &Report) {
    let name = &chosen.choice.file.name;
    if let Some(reason) = &chosen.yanked {
        let reason = if reason.is_empty() { String::new() } else { format!(": {}", reason.escape_debug()) };
        report.say(&format!("warning: {name} was withdrawn by its maintainers{reason}"));
    }
    if chosen.pre_for_want {
        report.say(&format!("warning: {name} is a pre-release; there is nothing else that fits"));
    }
}

type Pages = BTreeMap<PackageName, Result<Vec<Listed>, Code>>;

async fn pages(needs: &[Need], indexes: &Rc<Indexes>) -> Pages {
    let local = tokio::task::LocalSet::new();
    let mut tasks = BTreeMap::new();
    for need in needs {
        let package = need.package.clone();
        tasks.entry(package.clone()).or_insert_with(|| {
            let indexes = Rc::clone(indexes);
            local.spawn_local(async move { indexes.listed(&package).await })
        });
    }
    local
        .run_until(async {
            let mut pages = Pages::new();
            for (package, task) in tasks {
                pages.insert(package, task.await.unwrap_or(Err(Code::Disk)));
            }
            pages
        })
        .await
}

/// Where an index has a file that the lock's own URL has no more: the same name, and a digest that the lock knows.
pub(super) fn elsewhere(wanted: &WantedFile, indexes: &Rc<Indexes>, mirrors: &Rc<Mirrors>) -> Option<Elsewhere> {
    if indexes.is_empty() || wanted.choice.file.hashes.is_empty() || !wanted.locked {
        return None;
    }
    let (package, file) = (wanted.choice.package.clone(), wanted.choice.file.clone());
    let (indexes, mirrors) = (Rc::clone(indexes), Rc::clone(mirrors));
    Some(Rc::new(move || {
        let (package, file, indexes, mirrors) =
            (package.clone(), file.clone(), Rc::clone(&indexes), Rc::clone(&mirrors));
        Box::pin(async move {
            let Ok(listed) = indexes.listed(&package).await else { return Other::default() };
            let same = listed.iter().filter(|listed| {
                let known = |digest: &Digest| listed.file.hashes.iter().find(|it| it.algorithm() == digest.algorithm());
                let agrees = |digest: &Digest| known(digest).is_none_or(|it| it == digest);
                listed.file.name == file.name && file.hashes.iter().all(agrees)
            });
            let (mut urls, mut path) = (Vec::new(), None);
            for place in same.flat_map(|listed| &listed.file.places).filter(|place| !file.places.contains(place)) {
                match place {
                    Place::Url(url) => urls.push(url),
                    Place::Path(there) => path = path.or(Some(there.clone())),
                }
            }
            let urls = mirrors.all(urls.into_iter()).into_iter();
            Other { urls: urls.map(|url| (url.clone(), shown(&url))).collect(), file: path }
        })
    }))
}
