//! Credentials of origins (section 4.12). They go with the first request, and appear nowhere else.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use netrc::Netrc;
use percent_encoding::percent_decode_str;
use url::Url;

/// A user name and a password. Neither is ever printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// User name.
    pub user: String,
    /// Password; empty where only a token was given as the user name.
    pub password: String,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Asks for credentials that nobody has given: called once for each origin that answers 401, with `scheme://host[:port]` and
/// the user name, if one is known. It may take its time: it runs on a thread for that.
pub type LookUp = dyn Fn(&str, Option<&str>) -> Option<Secret> + Send + Sync;

/// A netrc file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the netrc file {path}: {detail}; correct it, or name another one in NETRC")]
pub struct NetrcError {
    path: String,
    detail: String,
}

/// What is known of credentials. Cheap to clone; clones share what was learned.
#[derive(Clone, Default)]
pub struct Keys {
    netrc: Arc<HashMap<String, Secret>>,
    known: Arc<Mutex<HashMap<String, Option<Secret>>>>,
    look_up: Option<Arc<LookUp>>,
    /// Origins that it was asked for; held while it works, so that others wait for its answer.
    asked: Arc<tokio::sync::Mutex<HashSet<String>>>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("hosts", &self.netrc.len()).finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the file that `NETRC` names, else `~/.netrc`; no file is no error.
    ///
    /// # Errors
    /// When the file is there but cannot be read or parsed.
    pub fn from_netrc() -> Result<Self, NetrcError> {
        Netrc::get_file().map_or_else(|| Ok(Self::default()), |path| Self::from_netrc_file(&path))
    }

    /// Reads this netrc file.
    ///
    /// # Errors
    /// When it cannot be read or parsed.
    pub fn from_netrc_file(path: &Path) -> Result<Self, NetrcError> {
        let failed = |error: netrc::Error| NetrcError { path: path.display().to_string(), detail: error.to_string() };
        let hosts = Netrc::from_file(path).map_err(failed)?.hosts;
        let secret = |entry: netrc::Authenticator| Secret { user: entry.login, password: entry.password };
        let netrc = hosts.into_iter().map(|(host, entry)| (host, secret(entry))).collect();
        Ok(Self { netrc: Arc::new(netrc), ..Self::default() })
    }

    /// Asks `look_up` where nothing else is known.
    #[must_use]
    pub fn with_look_up(mut self, look_up: Arc<LookUp>) -> Self {
        self.look_up = Some(look_up);
        self
    }

    /// Takes user name and password out of a URL, and remembers them for its origin.
    pub(crate) fn strip(&self, url: &mut Url) {
        if url.username().is_empty() && url.password().is_none() {
            return;
        }
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let secret = Secret { user: decode(url.username()), password: decode(url.password().unwrap_or_default()) };
        // Only URLs that cannot have credentials refuse this, and those have none.
        let _ = (url.set_username(""), url.set_password(None));
        self.known().insert(origin(url), Some(secret));
    }

    /// As [`Keys::strip`] for the place of a redirect: what its origin is known by stays, whatever another one writes.
    pub(crate) fn strip_redirect(&self, url: &mut Url) {
        let known = self.get(url);
        self.strip(url);
        if known.is_some() {
            self.known().insert(origin(url), known);
        }
    }

    /// What goes with a request to this URL.
    pub(crate) fn get(&self, url: &Url) -> Option<Secret> {
        if let Some(known) = self.known().get(&origin(url)) {
            return known.clone();
        }
        let host = url.host_str()?;
        self.netrc.get(host).or_else(|| self.netrc.get("default")).cloned()
    }

    /// After a 401 to a request that had `sent`: what to send instead, if there is anything else. Asks once for each origin.
    pub(crate) async fn look_up(&self, url: &Url, sent: Option<&Secret>) -> Option<Secret> {
        let ask = Arc::clone(self.look_up.as_ref()?);
        let origin = origin(url);
        let mut asked = self.asked.lock().await;
        if !asked.contains(&origin) {
            let (to, user) = (origin.clone(), sent.map(|secret| secret.user.clone()));
            // A look-up that panics has found nothing.
            let found = tokio::task::spawn_blocking(move || ask(&to, user.as_deref())).await.ok().flatten();
            asked.insert(origin.clone());
            if let Some(found) = found {
                self.known().insert(origin, Some(found));
            }
        }
        self.get(url).filter(|known| Some(known) != sent)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Option<Secret>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `scheme://host[:port]`, the port only where it is not the scheme's own.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_leave_the_url_and_stay_with_its_origin() {
        let keys = Keys::default();
        let mut url: Url = "https://us%40er:p%2Bw+d%26=@host.example/a?b".parse().unwrap();
        keys.strip(&mut url);
        assert_eq!(url.as_str(), "https://host.example/a?b");
        assert_eq!(keys.get(&url), Some(Secret { user: "us@er".into(), password: "p+w+d&=".into() }));
        for other in ["http://host.example/a", "https://host.example:444/", "https://other.example/"] {
            assert_eq!(keys.get(&other.parse().unwrap()), None, "{other}");
        }
        assert!(!format!("{keys:?} {:?}", keys.get(&url)).contains("us@er"));
    }
}
