//! RECORD: every file listed, each row true.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    io::Read as _,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::{
    ArchiveError, MemberName, UnpackError,
    names::{Entry, Kind},
};

use super::{
    dist_info::DistInfo,
    rows::{NoRow, Row, Rows},
    view::View,
};

/// Beside the path, which has a limit of its own: a hash of 64 bytes, encoded, and a size.
const BESIDE_PATH: usize = 512;

/// Holds RECORD against the tree.
pub(super) fn check(view: &View<'_>, dist_info: &DistInfo, hashes: bool) -> Result<(), UnpackError> {
    let record = dist_info.member("RECORD");
    if view.file(&record).is_none() {
        return Err(view.refuse(None, format!("{record} is missing")).into());
    }
    // RECORD cannot have its own hash, and signatures are made of RECORD.
    let exempt = ["RECORD", "RECORD.jws", "RECORD.p7s"].map(|file| dist_info.member(file));
    let hasher = RandomState::new();
    let mut listed = HashMap::new();
    let mut rows = Rows::new(view.open(&record)?, view.tree().limits().name + BESIDE_PATH);
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(NoRow::Disk(error)) => return Err(view.unread(&record, error)),
            Err(NoRow::Malformed(why)) => return Err(view.refuse(Some(&record), why).into()),
        };
        let Some((name, entry)) = member(view, &record, &row)? else { continue };
        if exempt.iter().any(|exempt| exempt == name.as_str()) {
            continue;
        }
        let digest = hasher.hash_one((row.hash, row.size));
        if listed.insert(name, digest).is_some_and(|before| before != digest) {
            return Err(view.refuse(Some(&record), format!("it lists {name} twice, and differently")).into());
        }
        check_size(view, name, entry, row.size)?;
        if hashes {
            check_hash(view, name, entry, row.hash)?;
        }
    }
    let unlisted = view.names().iter().filter(|(name, entry)| {
        let bound = entry.kind != Kind::Directory && !exempt.iter().any(|exempt| exempt == name.as_str());
        bound && !listed.contains_key(name)
    });
    // The first of the archive: names come in no order.
    match unlisted.min_by_key(|(name, entry)| (entry.at, *name)) {
        Some((name, _)) => Err(view.refuse(Some(name.as_str()), "RECORD does not list it").into()),
        None => Ok(()),
    }
}

/// The file that a row is about; none, where the row names a directory.
fn member<'a>(
    view: &View<'a>,
    record: &str,
    row: &Row<'_>,
) -> Result<Option<(&'a MemberName, &'a Entry)>, ArchiveError> {
    let refuse = |why: String| view.refuse(Some(record), format!("it lists {:?}, {why}", row.path));
    // Older wheels have a slash before paths that are relative all the same.
    let path = row.path.trim_start_matches('/');
    let find = |path: &str| match MemberName::parse(path, view.tree().limits()) {
        Ok(name) => Ok(name.and_then(|name| view.names().get_key_value(name.as_str()))),
        Err(problem) => Err(refuse(problem.to_string())),
    };
    let mut found = find(path)?;
    if found.is_none() && path.contains('\\') {
        // Some writers on Windows separate by backslashes here, and by slashes in the archive (maturin, for pywinpty 3.0.3).
        found = find(&path.replace('\\', "/"))?;
    }
    match found {
        Some((_, entry)) if entry.kind == Kind::Directory => Ok(None),
        Some(found) => Ok(Some(found)),
        None => Err(refuse("which is not there".to_owned())),
    }
}

fn check_size(view: &View<'_>, name: &MemberName, entry: &Entry, size: &str) -> Result<(), ArchiveError> {
    if size.is_empty() || size.parse() == Ok(entry.size) {
        return Ok(());
    }
    Err(view.refuse(Some(name.as_str()), format!("it has {} bytes, but RECORD says {size:?}", entry.size)))
}

fn check_hash(view: &View<'_>, name: &MemberName, entry: &Entry, hash: &str) -> Result<(), UnpackError> {
    let refuse = |detail: String| UnpackError::from(view.refuse(Some(name.as_str()), detail));
    let Some((algorithm, expected)) = hash.split_once('=') else {
        return Err(refuse(if hash.is_empty() {
            "RECORD has no hash for it".into()
        } else {
            format!("RECORD's {hash:?} is no hash")
        }));
    };
    let found = match algorithm.to_ascii_lowercase().as_str() {
        "sha256" => match view.names().sha256(entry) {
            Some(known) => known.to_vec(),
            None => digest::<Sha256>(view, name)?,
        },
        "sha384" => digest::<Sha384>(view, name)?,
        "sha512" => digest::<Sha512>(view, name)?,
        "md5" | "sha1" | "sha224" => return Err(refuse(format!("{algorithm} is too weak for RECORD"))),
        _ => return Err(refuse(format!("its hash in RECORD is made by {algorithm:?}, which is not known here"))),
    };
    // Encoded rather than decoded, so that only one spelling is right; some writers pad it.
    if BASE64_URL_SAFE_NO_PAD.encode(found) == expected.trim_end_matches('=') {
        return Ok(());
    }
    Err(refuse(format!("its content has not the {algorithm} that RECORD says")))
}

/// Of a file as it is on the disk, where it was not hashed on its way there.
fn digest<D: Digest>(view: &View<'_>, name: &MemberName) -> Result<Vec<u8>, UnpackError> {
    let mut file = view.open(name.as_str())?;
    let mut digest = D::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(digest.finalize().to_vec()),
            Ok(read) => digest.update(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(view.unread(name.as_str(), error)),
        }
    }
}
