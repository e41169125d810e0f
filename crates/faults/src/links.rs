//! Signed links: places that exist for a while.

use crate::measure::seconds;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// The links given out so far.
#[derive(Debug, Default)]
pub(crate) struct Links {
    given: Mutex<HashMap<u64, Link>>,
}

#[derive(Debug)]
struct Link {
    uses: Option<u64>,
    until: Option<Instant>,
}

/// What a path is with respect to links.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// An ordinary path, or the one behind a good link.
    Path(&'a str),
    /// A link that has expired or never was.
    Expired,
}

impl Links {
    /// A new link to `path`.
    pub(crate) fn sign(&self, path: &str, uses: Option<u64>, lasts: Option<f64>) -> String {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let number = given.len() as u64 + 1;
        given.insert(number, Link { uses, until: lasts.map(|s| Instant::now() + seconds(s)) });
        format!("{PREFIX}{number}{path}")
    }

    /// Follows a link, which uses it up by one.
    pub(crate) fn follow<'a>(&self, path: &'a str) -> Place<'a> {
        let Some(rest) = path.strip_prefix(PREFIX) else { return Place::Path(path) };
        let digits = rest.find('/').unwrap_or(rest.len());
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let link = rest[..digits].parse::<u64>().ok().and_then(|number| given.get_mut(&number));
        match link {
            Some(Link { until: Some(until), .. }) if Instant::now() >= *until => Place::Expired,
            Some(Link { uses: Some(0), .. }) | None => Place::Expired,
            Some(link) => {
                link.uses = link.uses.map(|n| n - 1);
                Place::Path(&rest[digits..])
            }
        }
    }
}

const PREFIX: &str = "/signed/";
