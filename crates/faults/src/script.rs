//! Scripts: what a server has, and what it does to whoever asks.

use crate::action::{Action, Etag};
use crate::content::Content;
use crate::measure::{optional_size, seconds};
use crate::rule::Rule;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Everything a [`Server`](crate::Server) needs to know. In Rust it is built up, for others it is a TOML file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Script {
    #[serde(default)]
    pub(crate) listen: Option<SocketAddr>,
    #[serde(default)]
    pub(crate) tls: bool,
    #[serde(default)]
    pub(crate) http2: bool,
    #[serde(default)]
    pub(crate) proxy: bool,
    #[serde(default, rename = "host")]
    pub(crate) hosts: Vec<String>,
    #[serde(default, rename = "file")]
    pub(crate) files: Vec<File>,
    #[serde(default, rename = "dir")]
    pub(crate) dirs: Vec<Dir>,
    #[serde(default, rename = "rule")]
    pub(crate) rules: Vec<Rule>,
}

impl Script {
    /// A server with nothing to serve and nothing to break.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a script from TOML text. Directories in it are relative to the working directory.
    ///
    /// # Errors
    ///
    /// If the text is not TOML, has keys or values that mean nothing, or a pattern is malformed.
    pub fn from_toml(text: &str) -> Result<Self, ScriptError> {
        let script: Self = toml::from_str(text)?;
        script.checked()
    }

    /// Reads a script file. Directories in it are relative to the file.
    ///
    /// # Errors
    ///
    /// As [`Script::from_toml`], or if the file cannot be read.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ScriptError> {
        let path = path.as_ref();
        let read = |source| ScriptError::Read { path: path.to_owned(), source };
        let mut script = Self::from_toml(&std::fs::read_to_string(path).map_err(read)?)?;
        let base = path.parent().unwrap_or(Path::new(""));
        for dir in &mut script.dirs {
            dir.path = base.join(&dir.path);
        }
        Ok(script)
    }

    /// Listens here; default: a free port of 127.0.0.1.
    #[must_use]
    pub fn listen(mut self, addr: SocketAddr) -> Self {
        self.listen = Some(addr);
        self
    }

    /// Speaks TLS with a certificate for localhost, 127.0.0.1 and ::1 from a CA of its own
    /// ([`Server::ca_pem`](crate::Server::ca_pem)); plain HTTP on the same port is answered too.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Offers HTTP/2: by ALPN if TLS is on, else to clients that begin with its preface.
    #[must_use]
    pub fn http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// Forwards for others: absolute-form requests to other hosts, and CONNECT. Default: 405.
    #[must_use]
    pub fn proxy(mut self) -> Self {
        self.proxy = true;
        self
    }

    /// Adds a name to the certificate, and to those that are served from here in absolute-form requests.
    #[must_use]
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, file: File) -> Self {
        self.files.push(file);
        self
    }

    /// Serves a directory under a prefix such as `/files`; its distributions and interpreters are indexed.
    #[must_use]
    pub fn dir(mut self, prefix: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.dirs.push(Dir { prefix: prefix.into(), path: path.into() });
        self
    }

    /// Adds a rule behind those that are there.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    fn checked(self) -> Result<Self, ScriptError> {
        for rule in &self.rules {
            if let Some(pattern) = rule.pattern() {
                glob::Pattern::new(pattern)
                    .map_err(|source| ScriptError::Pattern { pattern: pattern.to_owned(), source })?;
            }
        }
        Ok(self)
    }
}

/// A script that could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// The file could not be read.
    #[error("could not read the script {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The text is not a script.
    #[error("not a fault script")]
    Parse(#[from] toml::de::Error),
    /// The path of a rule is not a pattern.
    #[error("`{pattern}` is not a path pattern")]
    Pattern {
        /// The text.
        pattern: String,
        /// Why.
        source: glob::PatternError,
    },
}

/// A directory that is served.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Dir {
    #[serde(default = "files_prefix")]
    pub(crate) prefix: String,
    pub(crate) path: PathBuf,
}

fn files_prefix() -> String {
    "/files".to_owned()
}

/// One file that is served.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "FileText")]
pub struct File {
    pub(crate) path: String,
    pub(crate) content: Content,
    pub(crate) etag: Option<Etag>,
    pub(crate) last_modified: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) digest: bool,
}

impl File {
    /// A file of generated bytes (see [`Content::generated`]).
    pub fn generated(path: impl Into<String>, size: u64, seed: u64) -> Self {
        Self::new(path, Content::generated(size, seed))
    }

    /// A file of these bytes.
    pub fn bytes(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(path, Content::bytes(bytes))
    }

    /// A file of any content. Defaults: a strong ETag, a Last-Modified at the start of 2025, a type by the
    /// ending of the name, a digest in the index.
    pub fn new(path: impl Into<String>, content: Content) -> Self {
        Self {
            path: path.into(),
            content,
            etag: None,
            last_modified: Some(LAST_MODIFIED.to_owned()),
            content_type: None,
            digest: true,
        }
    }

    /// Another entity tag than one made from the content.
    #[must_use]
    pub fn etag(mut self, etag: Etag) -> Self {
        self.etag = Some(etag);
        self
    }

    /// Another Last-Modified; `None` leaves the header out.
    #[must_use]
    pub fn last_modified(mut self, date: Option<String>) -> Self {
        self.last_modified = date;
        self
    }

    /// Another Content-Type.
    #[must_use]
    pub fn content_type(mut self, value: impl Into<String>) -> Self {
        self.content_type = Some(value.into());
        self
    }

    /// Whether the index names a digest (default: yes).
    #[must_use]
    pub fn digest(mut self, advertised: bool) -> Self {
        self.digest = advertised;
        self
    }

    /// The bytes.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }
}

/// A file as a script has it: `size` and `seed`, or `text`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct FileText {
    path: String,
    #[serde(default, deserialize_with = "optional_size")]
    size: Option<u64>,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    etag: Option<Etag>,
    #[serde(default)]
    last_modified: Option<String>,
    #[serde(default)]
    content_type: Option<String>,
    #[serde(default = "yes")]
    digest: bool,
}

impl TryFrom<FileText> for File {
    type Error = String;

    fn try_from(text: FileText) -> Result<Self, String> {
        let content = match (text.size, text.text) {
            (Some(size), None) => Content::generated(size, text.seed),
            (None, Some(text)) => Content::bytes(text),
            _ => return Err(format!("the file {} needs either `size` or `text`", text.path)),
        };
        let mut file = Self::new(text.path, content);
        file.etag = text.etag;
        file.content_type = text.content_type;
        file.digest = text.digest;
        match text.last_modified.as_deref() {
            None => {}
            Some("none") => file.last_modified = None,
            Some("now") => file.last_modified = Some(httpdate::fmt_http_date(std::time::SystemTime::now())),
            Some(_) => file.last_modified = text.last_modified,
        }
        Ok(file)
    }
}

fn yes() -> bool {
    true
}

impl Action {
    /// When a Retry-After date of so many seconds from now is.
    pub(crate) fn date(offset: i64) -> String {
        let now = std::time::SystemTime::now();
        #[expect(clippy::cast_precision_loss, reason = "seconds of a header, far below 2^53")]
        let apart = seconds(offset.unsigned_abs() as f64);
        let then = if offset < 0 { now.checked_sub(apart) } else { now.checked_add(apart) };
        httpdate::fmt_http_date(then.unwrap_or(now))
    }
}

const LAST_MODIFIED: &str = "Wed, 01 Jan 2025 00:00:00 GMT";
