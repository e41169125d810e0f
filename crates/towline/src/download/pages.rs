//! What indexes and directories have of a package.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use tokio::sync::OnceCell;
use towline_catalog::index::{ACCEPT, IndexError, Listed, Page, Skipped, Status, project_url};
use towline_catalog::without_secrets;
use towline_client::transfer::{Cause, Fault};
use towline_client::{Client, PageError, PageRequest, Url};
use uv_normalize::PackageName;

use super::wanted::shown;
use crate::exit::{Code, Error};
use crate::report::Report;

/// Where packages are looked for.
pub(super) struct Indexes {
    client: Client,
    report: Rc<Report>,
    /// The first that has a package is the only one for it: or whoever owns a name on a public index could take the place of a
    /// private package.
    indexes: Vec<Source>,
    /// All of these count.
    find_links: Vec<(Source, OnceCell<Option<Body>>)>,
}

/// An index, or a place with archives.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Url(Url),
    Path(PathBuf),
}

/// A page that came.
struct Body {
    url: Url,
    content_type: Option<String>,
    bytes: Vec<u8>,
}

/// Why there is no list.
enum Told {
    /// It stands on the screen, with its attempts.
    Already(Code),
    Not(Error),
}

impl From<IndexError> for Told {
    fn from(error: IndexError) -> Self {
        Self::Not(error.into())
    }
}

impl Source {
    /// Reads what a user wrote: a URL, or where `paths` a path.
    pub(super) fn parse(text: &str, paths: bool) -> Result<Self, Error> {
        let refuse = |why: String| Error::IndexUrl { text: without_secrets(text), why };
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Self::Url(url)),
            Ok(url) if url.scheme() == "file" => {
                let path = url.to_file_path().map_err(|()| refuse("it is no path of this machine".to_owned()))?;
                Ok(Self::Path(path))
            }
            Ok(url) if text.contains("://") => {
                Err(refuse(format!("`{}` is none of https, http and file", url.scheme())))
            }
            _ if paths || Path::new(text).is_dir() => Ok(Self::Path(PathBuf::from(text))),
            _ => Err(refuse("it is neither a URL, as https://index.example/simple/, nor a directory".to_owned())),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Url(url) => shown(url),
            Self::Path(path) => path.display().to_string(),
        }
    }
}

impl Indexes {
    pub(super) fn new(client: Client, report: Rc<Report>, indexes: Vec<Source>, find_links: Vec<Source>) -> Self {
        let find_links = find_links.into_iter().map(|source| (source, OnceCell::new())).collect();
        Self { client, report, indexes, find_links }
    }

    /// Whether nothing is to be asked.
    pub(super) fn is_empty(&self) -> bool {
        self.indexes.is_empty() && self.find_links.is_empty()
    }

    /// All files that are listed for a package. Why there is no list is told here.
    pub(super) async fn listed(&self, package: &PackageName) -> Result<Vec<Listed>, Code> {
        self.look_up(package).await.map_err(|told| match told {
            Told::Already(code) => code,
            Told::Not(error) => {
                self.report.error(&error);
                error.code()
            }
        })
    }

    async fn look_up(&self, package: &PackageName) -> Result<Vec<Listed>, Told> {
        let mut files = Vec::new();
        for (source, cell) in &self.find_links {
            match source {
                Source::Path(path) => files.extend(self.taken(package, Page::links(package, path)?, source)),
                Source::Url(url) => {
                    if let Some(page) = Page::link(package, url) {
                        files.extend(self.taken(package, page, source));
                        continue;
                    }
                    let what = format!("the links of {}", shown(url));
                    let body = cell.get_or_try_init(|| self.body(&what, url, "*/*"));
                    match body.await? {
                        Some(body) => files.extend(self.taken(package, parsed(package, body)?, source)),
                        None => self.report.say(&format!("warning: there is nothing at {} (--find-links)", shown(url))),
                    }
                }
            }
        }
        for source in &self.indexes {
            let page = match source {
                Source::Path(path) => Some(Page::local(package, path)?).filter(|page| !page.files.is_empty()),
                Source::Url(url) => {
                    let url = project_url(url, package)?;
                    let body = self.body(&format!("the index page of {package}"), &url, ACCEPT).await?;
                    body.map(|body| parsed(package, &body)).transpose()?
                }
            };
            if let Some(page) = page {
                files.extend(self.taken(package, page, source));
                break;
            }
        }
        Ok(files)
    }

    /// What a page says besides.
    fn taken(&self, package: &PackageName, page: Page, source: &Source) -> Vec<Listed> {
        let of = |skipped: &&Skipped| page.files.is_empty() && skipped.name.to_lowercase().contains(&as_named(package));
        if let Some(skipped) = page.skipped.iter().find(of) {
            self.report.say(&format!("warning: {}: a file of {package} cannot be used: {skipped}", source.shown()));
        }
        for warning in &page.warnings {
            self.report.say(&format!("warning: {warning}"));
        }
        if page.status == Status::Quarantined {
            let reason = page.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            self.report.say(&format!("warning: {} holds the project in quarantine{reason}", source.shown()));
        }
        page.files
    }

    /// A page; `None` where there is none.
    async fn body(&self, what: &str, url: &Url, accept: &str) -> Result<Option<Body>, Told> {
        let request = PageRequest { accept: accept.to_owned(), ..PageRequest::new(url.clone()) };
        let job = self.report.page(what, shown(url));
        let outcome = self.client.page(&request, |event| job.take(&event)).await;
        let outcome = outcome.map_err(|error| Told::Not(Error::Setup { what: what.to_owned(), error }))?;
        match outcome.result {
            Ok(page) => {
                job.read(page.body.len() as u64);
                Ok(Some(Body { url: page.url, content_type: page.content_type, bytes: page.body }))
            }
            Err(PageError::Transfer(failure)) if is_missing(&failure.cause) => {
                job.read(0);
                Ok(None)
            }
            Err(error) => {
                let error = Error::Page { what: what.to_owned(), url: shown(url), error };
                job.failed(&error, &outcome.log, false);
                Err(Told::Already(error.code()))
            }
        }
    }
}

/// As it stands in names of files, most of the time.
fn as_named(package: &PackageName) -> String {
    package.as_dist_info_name().into_owned()
}

fn parsed(package: &PackageName, body: &Body) -> Result<Page, IndexError> {
    Page::parse(package, &body.bytes, body.content_type.as_deref(), &body.url)
}

/// Whether the origin says that there is no such thing.
pub(super) const fn is_missing(cause: &Cause) -> bool {
    matches!(cause, Cause::NoUrl(Fault::Status { code: 404 | 410, .. }))
}
