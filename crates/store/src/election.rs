//! Who leads an artifact: a chain of symbolic links, each created exclusively.
//!
//! `lead` names the token of the first leader; `<token>.next` names who succeeded it. A successor of a dead leader
//! is whoever creates `<token>.next`, and as tokens are never used twice, a late process cannot break anything but
//! the one leadership it looked at. This only saves downloads: that no two processes write to one file follows from
//! the names of the partial files alone.

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use crate::{
    ownership::{Owner, Phase, Verdict},
    sidecar::{Found, Sidecar},
    token::Token,
};

const FIRST: &str = "lead";
/// Far beyond what adoption leaves behind (it shortens the chain each time).
const LONGEST: usize = 1000;

/// Where the chain ends.
#[derive(Debug)]
pub(crate) enum Chain {
    /// At somebody alive.
    Led(Token),
    /// At nobody: `link` is to be created.
    Vacant { link: PathBuf, passed: Vec<Token> },
}

/// Follows the chain to its first living leader.
pub(crate) fn walk(dir: &Path, me: &Owner) -> io::Result<Chain> {
    let mut link = dir.join(FIRST);
    let mut passed = Vec::new();
    loop {
        let Some(token) = read(&link)? else { return Ok(Chain::Vacant { link, passed }) };
        if leads(dir, &token, me)? {
            return Ok(Chain::Led(token));
        }
        if passed.len() >= LONGEST || passed.contains(&token) {
            // Damage: start a new chain.
            let link = dir.join(FIRST);
            remove(&link)?;
            return Ok(Chain::Vacant { link, passed });
        }
        link = next(dir, &token);
        passed.push(token);
    }
}

fn read(link: &Path) -> io::Result<Option<Token>> {
    match fs::read_link(link) {
        Ok(target) => match target.to_str().and_then(Token::parse) {
            Some(token) => Ok(Some(token)),
            None => remove(link).map(|()| None),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        // Not a symbolic link.
        Err(error) if error.kind() == ErrorKind::InvalidInput => remove(link).map(|()| None),
        Err(error) => Err(error),
    }
}

fn leads(dir: &Path, token: &Token, me: &Owner) -> io::Result<bool> {
    Ok(match Sidecar::load(dir, token)? {
        Found::Missing => false,
        Found::Unknown { silent } => !silent,
        Found::Known(sidecar) => match sidecar.state {
            Phase::Stopped | Phase::Failed => false,
            // Moved to its destination already.
            Phase::Complete if !Sidecar::part(dir, token).exists() => false,
            Phase::Complete | Phase::Growing => sidecar.verdict(me) == Verdict::Live,
        },
    })
}

fn next(dir: &Path, token: &Token) -> PathBuf {
    dir.join(format!("{token}.next"))
}

/// Creates the link: `false` when somebody was faster, or the directory is gone.
pub(crate) fn stand(link: &Path, token: &Token) -> io::Result<bool> {
    match symlink(token.as_str(), link) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes a link back that did not win.
pub(crate) fn step_down(link: &Path, token: &Token) {
    if matches!(read(link), Ok(Some(found)) if found == *token) {
        let _ = remove(link);
    }
}

/// The leader makes itself the head of the chain and drops what stood before it.
///
/// The head is replaced before a link is removed, so a walk that starts now finds the leader, and one under way that
/// revives a removed link finds the leader when it walks again to make sure.
pub(crate) fn shorten(dir: &Path, token: &Token, passed: &[Token]) -> io::Result<()> {
    if passed.is_empty() {
        return Ok(());
    }
    let fresh = dir.join(format!("{token}.head"));
    symlink(token.as_str(), &fresh)?;
    fs::rename(&fresh, dir.join(FIRST))?;
    for old in passed {
        remove(&next(dir, old))?;
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
