//! Tar archives, compressed or not, from bytes that may still be arriving.
//!
//! One thread waits for bytes and decodes them, the calling one takes the tar apart and writes. Which tars are refused
//! because readers differ about them is said where the rule is: [`header`], [`pax`], [`members`].

mod header;
mod members;
mod number;
mod pax;
mod stream;

use std::{io::Write as _, sync::Arc};

use crate::{
    Codec, MemberName, Problem, Source, UnpackError,
    tree::{Content, Tree},
};
use members::{Kind, Member};
use stream::Stream;

/// Unpacks a tar into a tree.
pub(crate) fn unpack(source: &Arc<dyn Source>, tree: &Arc<Tree>, codec: Codec) -> Result<(), UnpackError> {
    let mut stream = Stream::start(source, codec, tree.limits())
        .map_err(|error| UnpackError::disk("start a thread for", tree.root(), error))?;
    let mut any = false;
    while let Some(member) = members::next(&mut stream)? {
        any |= place(&mut stream, tree, &member)?;
    }
    stream.drain()?;
    // A tar of nothing is what many a failure to make one leaves.
    if !any {
        return Err(Problem::Format { format: "tar", detail: "there is nothing in it".to_owned() }.at(0).into());
    }
    Ok(())
}

/// Makes what a member stands for. Whether that is anything: the target itself is there already.
fn place(stream: &mut Stream, tree: &Tree, member: &Member) -> Result<bool, UnpackError> {
    let Some(name) = tree.member(&member.name, member.at)? else {
        if member.kind == Kind::Directory {
            return Ok(false);
        }
        return Err(Problem::Name { why: "it is the target's own" }.of(&member.name, member.at).into());
    };
    match &member.kind {
        Kind::Directory => tree.directory(&name, member.at)?,
        Kind::Symlink(target) => tree.symlink(&name, target, member.at)?,
        Kind::HardLink(target) => match MemberName::parse(target, tree.limits()) {
            Ok(Some(target)) => tree.hard_link(&name, &target, member.at)?,
            Ok(None) | Err(_) => {
                let why = "it is no place in the target";
                return Err(Problem::Link { target: target.clone(), why }.of(&member.name, member.at).into());
            }
        },
        Kind::File => write(stream, tree, member, &name)?,
    }
    Ok(true)
}

fn write(stream: &mut Stream, tree: &Tree, member: &Member, name: &MemberName) -> Result<(), UnpackError> {
    let limit = tree.limits().bytes;
    if member.size > limit {
        return Err(Problem::TooManyBytes { limit }.of(&member.name, member.at).into());
    }
    tree.claim(name, member.at)?;
    let mut file = tree.create(name, member.executable, member.at)?;
    let mut left = member.size;
    while left > 0 {
        let piece = stream.piece(left)?;
        let bytes = piece.len() as u64;
        if bytes == 0 {
            return Err(Problem::Short { what: "a file" }.of(&member.name, stream.position()).into());
        }
        file.write_all(piece).map_err(|error| UnpackError::disk("write", tree.path(name), error))?;
        left -= bytes;
        tree.gauge().grow(bytes, stream.read()).map_err(|problem| problem.of(&member.name, member.at))?;
    }
    stream.skip(members::padding(member.size), "a file's last block")?;
    tree.wrote(name, Content { size: member.size, sha256: None });
    Ok(())
}
