//! Where symbolic links may lead.

use crate::{MemberName, Problem};

/// What Linux keeps, in bytes.
const LONGEST_TARGET: usize = 4095;

/// A link may lead anywhere inside the target, by a relative path whose `..` all stand at its start.
///
/// What stands after a name could be applied to wherever another link leads, so that two harmless links leave the
/// target together. With `..` only at the start they are applied to the link's own directory, which is a real one;
/// every further link on the way has passed the same rule.
pub(crate) fn check(name: &MemberName, target: &str) -> Result<(), Problem> {
    let refuse = |why| Err(Problem::Link { target: target.to_owned(), why });
    if target.is_empty() || target.contains('\0') {
        return refuse("it is empty or holds a NUL");
    }
    if target.len() > LONGEST_TARGET {
        return refuse("it is longer than a link can be");
    }
    if target.starts_with('/') {
        return refuse("it is absolute");
    }
    let parts = || target.split('/').filter(|part| !part.is_empty() && *part != ".");
    let up = parts().take_while(|part| *part == "..").count();
    if up >= name.depth() {
        return refuse("it leads out of the target");
    }
    if parts().skip(up).any(|part| part == "..") {
        return refuse("it climbs after a name");
    }
    Ok(())
}
