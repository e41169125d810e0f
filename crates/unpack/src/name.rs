//! Names of members.

use crate::{Limits, Problem};

/// A member's name as a place inside the target: relative, its components neither empty nor `.` nor `..`.
///
/// A leading `./`, repeated and trailing slashes are dropped, as every tool does. A backslash is a character like any
/// other here, unless the name would climb or be absolute if it were a separator. Refused besides: NUL and other control characters
/// (a newline in a name breaks RECORD and every listing), and invisible format characters (Unicode `Cf`), which make
/// one name look like another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberName(Box<str>);

impl MemberName {
    /// Reads a name as it stands in an archive.
    ///
    /// # Errors
    /// [`Problem::Name`] when it is empty, absolute, climbs, is too long or too deep, or holds a forbidden character;
    /// `Ok(None)` for the target itself (`.` or `./`).
    pub fn parse(name: &str, limits: &Limits) -> Result<Option<Self>, Problem> {
        let refuse = |why: &'static str| Err(Problem::Name { why });
        if name.is_empty() {
            return refuse("it is empty");
        }
        if name.len() > limits.name {
            return refuse("it is too long");
        }
        if name.chars().any(forbidden) {
            return refuse("it holds a control or invisible character");
        }
        if name.starts_with('/') {
            return refuse("it is absolute");
        }
        if name.split(['/', '\\']).any(|part| part == "..") {
            return refuse("it climbs with `..`");
        }
        let parts = || name.split('/').filter(|part| !part.is_empty() && *part != ".");
        if parts().count() > limits.depth {
            return refuse("it is too deep");
        }
        if parts().any(|part| part.len() > LONGEST_COMPONENT) {
            return refuse("a part of it is longer than 255 bytes");
        }
        let joined = parts().collect::<Vec<_>>().join("/");
        // Not of the raw name: a `./` before it does not make it another.
        if joined.starts_with('\\') || drive(&joined) {
            return refuse("it is absolute where a backslash or a drive has a meaning");
        }
        Ok((!joined.is_empty()).then(|| Self(joined.into())))
    }

    /// The name with `/` between its components.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directory it is in; `None` at the top.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.into()))
    }

    /// The number of components.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.split('/').count()
    }
}

impl std::borrow::Borrow<str> for MemberName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for MemberName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What Linux and macOS file systems take.
const LONGEST_COMPONENT: usize = 255;

/// `C:` and the like: absolute, or relative to another drive, on Windows.
fn drive(name: &str) -> bool {
    matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// Controls (`Cc`), line separators, and those of `Cf` that show nothing: they hide in a text or turn its direction
/// (<https://www.unicode.org/reports/tr36/>). What `Cf` has besides are number signs and the like, which are seen.
fn forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}
