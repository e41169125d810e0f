//! The directory: held against what was done by the local headers, and followed for the rest.

use std::fs;

use super::{
    batch::{self, Batch},
    descriptor,
    end::End,
    header::{Central, Local},
    invalid,
    mode::Mode,
    scan::Scanned,
    text,
    window::Window,
    work::Work,
};
use crate::{MemberName, Problem, UnpackError};

/// Bytes that are read ahead in the directory: 64 KiB.
const AHEAD: usize = 64 << 10;
/// The longest target of a symbolic link.
const LONGEST_TARGET: u64 = 4096;

/// Waits for the end of the archive, and does what is left.
pub(super) fn finish(work: &Work, scanned: &Scanned, links: bool) -> Result<(), UnpackError> {
    let size = work.source.size().map_err(UnpackError::Source)?;
    let end = End::read(&*work.source, size)?;
    let limit = work.tree.limits().members;
    if end.count > limit {
        return Err(Problem::TooManyMembers { limit }.at(end.end).into());
    }
    let mut modes = Vec::new();
    let rest = compare(work, scanned, &end, &mut modes)?;
    follow(work, scanned, &end, rest)?;
    work.flight.wait();
    work.go_on()?;
    modes.iter().try_for_each(|special| apply(work, special, links))
}

/// A member whose mode says more than that it is a file or a directory.
struct Special {
    name: MemberName,
    mode: Mode,
    at: u64,
}

/// Reads the directory, holds it against the local headers that were followed, and returns the headers of the others.
fn compare(work: &Work, scanned: &Scanned, end: &End, modes: &mut Vec<Special>) -> Result<Vec<Central>, UnpackError> {
    let limits = work.tree.limits();
    let mut window = Window::new(&*work.source, AHEAD);
    let mut seen = vec![false; scanned.locals.len()];
    let (mut rest, mut at, mut count) = (Vec::new(), end.start, 0);
    while at < end.end {
        let central = Central::read(&mut window, at, end.end, limits)?;
        (at, count) = (central.end, count + 1);
        if count > end.count {
            break;
        }
        let mode = Mode::of(&central).map_err(|problem| central.header.error(problem, central.at))?;
        if mode != Mode::Plain {
            let shown = text::decode(&central.header.name, central.header.utf8());
            let name = shown.and_then(|name| MemberName::parse(&name, limits));
            if let Some(name) = name.map_err(|problem| central.header.error(problem, central.at))? {
                modes.push(Special { name, mode, at: central.at });
            }
        }
        match scanned.locals.binary_search_by_key(&central.local, |local| local.at) {
            Ok(index) if seen[index] => {
                let problem = invalid("two headers of the directory are of one member");
                return Err(central.header.error(problem, central.at).into());
            }
            Ok(index) => {
                seen[index] = true;
                scanned.locals[index].agrees(&central)?;
            }
            Err(_) if central.local >= scanned.end => rest.push(central),
            Err(_) => {
                let problem = invalid(format!("no member starts at byte {}", central.local));
                return Err(central.header.error(problem, central.at).into());
            }
        }
    }
    if count != end.count {
        let (here, there) = (count.to_string(), end.count.to_string());
        return Err(Problem::Disagrees { what: "the number of members", here, there }.at(end.end).into());
    }
    match seen.iter().position(|seen| !seen) {
        Some(index) => {
            let hidden = &scanned.locals[index];
            Err(hidden.header.error(invalid("the directory does not have it"), hidden.at).into())
        }
        None => Ok(rest),
    }
}

/// Unpacks the members that only the directory tells the sizes of. Together with those before they cover the archive, from
/// its first byte to the directory, without gaps.
fn follow(work: &Work, scanned: &Scanned, end: &End, mut rest: Vec<Central>) -> Result<(), UnpackError> {
    rest.sort_by_key(|central| central.local);
    let mut window = Window::new(&*work.source, 0);
    let mut batch = Batch::default();
    let done = (|| {
        let mut at = scanned.end;
        for (index, central) in rest.iter().enumerate() {
            work.go_on()?;
            if central.local != at {
                let what = "where the next member starts";
                let (here, there) = (central.local.to_string(), at.to_string());
                return Err(central.header.error(Problem::Disagrees { what, here, there }, central.at).into());
            }
            let local = Local::read(&mut window, at, work.tree.limits())?;
            local.agrees(central)?;
            let next = rest.get(index + 1).map_or(end.start, |next| next.local);
            let data_end = local.data.saturating_add(central.header.packed);
            if data_end > end.start {
                let problem = Problem::Short { what: "a member's data" };
                return Err(local.header.error(problem, local.at).into());
            }
            descriptor::check(&mut window, &local, central, data_end, next)?;
            work.take(&mut batch, &local, &central.header)?;
            at = next;
        }
        if at != end.start {
            let (here, there) = (end.start.to_string(), at.to_string());
            let what = "where the directory starts";
            return Err(Problem::Disagrees { what, here, there }.at(at).into());
        }
        Ok(())
    })();
    batch::flush(work, &mut batch);
    done
}

/// Makes a file executable, or a link of what is written in it.
fn apply(work: &Work, special: &Special, links: bool) -> Result<(), UnpackError> {
    let name = &special.name;
    match special.mode {
        Mode::Plain => Ok(()),
        Mode::Executable => work.tree.make_executable(name),
        Mode::Link if !links => {
            Err(Problem::Special { what: "symbolic link in a wheel" }.of(name.as_str(), special.at).into())
        }
        Mode::Link => {
            let path = work.tree.path(name);
            let read = || {
                if fs::metadata(&path)?.len() > LONGEST_TARGET {
                    return Ok(None);
                }
                fs::read(&path).map(|bytes| String::from_utf8(bytes).ok())
            };
            let Some(target) = read().map_err(|error| UnpackError::disk("read", &path, error))? else {
                let why = "it is too long, or not UTF-8";
                return Err(Problem::Link { target: String::new(), why }.of(name.as_str(), special.at).into());
            };
            work.tree.replace_by_link(name, &target, special.at)
        }
    }
}
