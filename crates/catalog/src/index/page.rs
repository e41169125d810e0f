//! A page, and how its form is told.

use std::{borrow::Cow, fmt, path::PathBuf};

use url::Url;
use uv_normalize::PackageName;

use super::{
    html, json,
    listed::{Base, Entry, Listed, Skipped},
};

/// What to send as `Accept` when asking for a page: JSON, else HTML, as PEP 691 has it.
pub const ACCEPT: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

/// What an index says about a project as a whole (PEP 792).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Nothing special, and where nothing is said.
    #[default]
    Active,
    /// Its maintainers expect no more releases.
    Archived,
    /// Its maintainers say that something else should be used.
    Deprecated,
    /// The index holds it for harmful: no file may be taken.
    Quarantined,
}

/// Entries of a page. The largest projects have some ten thousand.
pub(super) const MOST: usize = 500_000;
/// Skipped entries that are kept.
const SHOWN: usize = 100;

/// What an index, or a directory, has of one project.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Page {
    /// The wheels and source distributions, in the order of the page. Empty for a project in quarantine.
    pub files: Vec<Listed>,
    /// Entries that are neither, or not of this project, or damaged, and why: the first hundred of them.
    pub skipped: Vec<Skipped>,
    /// How many there are in all.
    pub skipped_count: usize,
    /// What the index says of the project.
    pub status: Status,
    /// Why it says so, in its own words.
    pub reason: Option<String>,
    /// What the user should know about the page.
    pub warnings: Vec<String>,
}

/// A page that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// Neither HTML nor JSON of an index.
    #[error(
        "{page} came as {}, which is no page of an index: application/vnd.pypi.simple.v1+json or text/html is; \
         is it the URL of a simple index, such as https://index.example/simple/?",
        .got.as_deref().map_or_else(|| "a body without a content type".to_owned(), |got| format!("`{}`", got.escape_debug()))
    )]
    ContentType {
        /// The page, without credentials.
        page: String,
        /// The beginning of what it calls itself.
        got: Option<String>,
    },
    /// No JSON, or not what PEP 691 asks for.
    #[error("{page} is no JSON page of an index (PEP 691): {why}")]
    Json {
        /// The page, without credentials.
        page: String,
        /// What is wrong with it, and where.
        why: String,
    },
    /// A version of the API that is not known (PEP 629).
    #[error(
        "{page} speaks version `{}` of the simple API, and only 1.x is known here; a newer towline may know it",
        .version.escape_debug()
    )]
    Version {
        /// The page, without credentials.
        page: String,
        /// What it says.
        version: String,
    },
    /// A page with something to fill in and without a link.
    #[error(
        "{page} is no page of an index: it has a form to fill in, and no links; somebody between here and the index wants a login, most likely"
    )]
    Login {
        /// The page, without credentials.
        page: String,
    },
    /// More entries than any project has.
    #[error("{page} has more than {MOST} entries: it is no page of an index")]
    TooMany {
        /// The page, without credentials.
        page: String,
    },
    /// A URL that no page can be under.
    #[error("`{0}` cannot be the URL of an index: nothing can be below it; https://index.example/simple/ has the form")]
    Root(String),
    /// A directory or page on this machine that cannot be read.
    #[error("cannot read {}: {why}", .path.display())]
    Local {
        /// Where.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
}

/// The page of a project: below the index's URL, with the normalized name and a slash at the end (PEP 503). A query stays.
///
/// # Errors
/// When nothing can be below that URL (`mailto:…`).
pub fn project_url(index: &Url, project: &PackageName) -> Result<Url, IndexError> {
    let mut url = index.clone();
    url.set_fragment(None);
    match url.path_segments_mut() {
        Ok(mut path) => drop(path.pop_if_empty().push(project.as_ref()).push("")),
        Err(()) => return Err(IndexError::Root(shown(index))),
    }
    Ok(url)
}

/// A URL as it may be shown: without credentials and query.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only where there is nothing to take away.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// The two forms a page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Html,
}

/// What a page says, before any of it is judged.
#[derive(Debug, Default)]
pub(super) struct Raw {
    pub(super) version: Option<String>,
    pub(super) name: Option<String>,
    pub(super) status: Option<String>,
    pub(super) reason: Option<String>,
    /// `<base href>`.
    pub(super) base: Option<String>,
    pub(super) entries: Vec<Entry>,
    /// Something to fill in.
    pub(super) form: bool,
    /// Entries that are none at all.
    pub(super) skipped: Vec<Skipped>,
}

impl Page {
    /// Reads a page.
    ///
    /// `content_type` is the header's value; `base` is the URL the page came from, redirects followed.
    ///
    /// # Errors
    /// When the content type is none of an index, the JSON is none or not of PEP 691, or the version of the API is not known. HTML always
    /// can be read; a page without links has no files.
    pub fn parse(
        project: &PackageName,
        body: &[u8],
        content_type: Option<&str>,
        base: &Url,
    ) -> Result<Self, IndexError> {
        let form = form(content_type, base)?;
        Self::read(project, body, form, base, false)
    }

    pub(super) fn read(
        project: &PackageName,
        body: &[u8],
        form: Form,
        url: &Url,
        local: bool,
    ) -> Result<Self, IndexError> {
        let raw = match form {
            Form::Json => json::read(body).map_err(|why| IndexError::Json { page: shown(url), why })?,
            Form::Html => html::read(body),
        };
        if raw.form && raw.entries.is_empty() {
            return Err(IndexError::Login { page: shown(url) });
        }
        let mut page = Self::default();
        page.judge_version(raw.version.as_deref(), url)?;
        page.judge_name(raw.name.as_deref(), project, url);
        page.judge_status(raw.status.as_deref(), url);
        page.reason = raw.reason.map(|reason| reason.chars().filter(|c| !c.is_control()).take(500).collect());
        let many = raw.entries.len() + raw.skipped.len();
        if many > MOST {
            return Err(IndexError::TooMany { page: shown(url) });
        }
        raw.skipped.into_iter().for_each(|skipped| page.skip(skipped));
        let base = raw.base.and_then(|base| url.join(base.trim()).ok());
        let base = Base { url: base.as_ref().unwrap_or(url), local };
        for entry in raw.entries {
            match entry.judge(project, &base) {
                Ok(_) if page.status == Status::Quarantined => {}
                Ok(listed) => page.files.push(listed),
                Err(skipped) => page.skip(skipped),
            }
        }
        Ok(page)
    }

    pub(super) fn skip(&mut self, skipped: Skipped) {
        self.skipped_count += 1;
        if self.skipped.len() < SHOWN {
            self.skipped.push(skipped);
        }
    }

    /// PEP 629: what names no version is 1.0.
    fn judge_version(&mut self, version: Option<&str>, url: &Url) -> Result<(), IndexError> {
        /// The last version whose keys are read here.
        const MINOR: u64 = 4;
        let Some(version) = version else { return Ok(()) };
        let numbers = version
            .trim()
            .split_once('.')
            .and_then(|(major, minor)| Some((major.parse::<u64>().ok()?, minor.parse::<u64>().ok()?)));
        match numbers {
            Some((1, minor)) => {
                if minor > MINOR {
                    self.warnings.push(format!(
                        "{} speaks version 1.{minor} of the simple API; what is newer than 1.{MINOR} is not understood",
                        shown(url)
                    ));
                }
                Ok(())
            }
            _ => Err(IndexError::Version { page: shown(url), version: version.chars().take(40).collect() }),
        }
    }

    fn judge_name(&mut self, name: Option<&str>, project: &PackageName, url: &Url) {
        let Some(name) = name else { return };
        if name.parse::<PackageName>().ok().as_ref() != Some(project) {
            let name: String = name.chars().take(80).collect();
            let page = shown(url);
            self.warnings.push(format!("{page} is the page of `{}`, not of `{project}`", name.escape_debug()));
        }
    }

    fn judge_status(&mut self, status: Option<&str>, url: &Url) {
        self.status = match status.map(str::trim) {
            None | Some("active") => Status::Active,
            Some("archived") => Status::Archived,
            Some("deprecated") => Status::Deprecated,
            Some("quarantined") => Status::Quarantined,
            Some(other) => {
                let other: String = other.chars().take(40).collect();
                self.warnings.push(format!(
                    "{} gives the project the status `{}`, which is not known; taken as active",
                    shown(url),
                    other.escape_debug()
                ));
                Status::Active
            }
        };
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Archived => "archived",
            Self::Deprecated => "deprecated",
            Self::Quarantined => "in quarantine",
        })
    }
}

/// The form that a content type means. `application/json` is what a plain file server says of a page that is stored.
fn form(content_type: Option<&str>, url: &Url) -> Result<Form, IndexError> {
    let essence = content_type.map(|text| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    match essence.as_deref() {
        Some("application/vnd.pypi.simple.v1+json" | "application/json") => return Ok(Form::Json),
        Some("application/vnd.pypi.simple.v1+html" | "text/html" | "application/xhtml+xml") => return Ok(Form::Html),
        _ => {}
    }
    let version = essence.as_deref().and_then(|essence| essence.strip_prefix("application/vnd.pypi.simple.v"));
    if let Some((version, _)) = version.and_then(|rest| rest.split_once('+')) {
        return Err(IndexError::Version { page: shown(url), version: version.chars().take(40).collect() });
    }
    Err(IndexError::ContentType { page: shown(url), got: content_type.map(|text| text.chars().take(80).collect()) })
}

/// The beginning of a text from a page, for a list that a person reads.
pub(super) fn beginning(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(200) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}
