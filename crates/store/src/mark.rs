//! Whose stage it is.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use crate::{
    identity,
    ownership::{Liveness, Owner},
    token::Token,
    tree,
};

const FILE: &str = "owner.json";
/// How long nothing in a stage may change before it counts as abandoned, where its owner cannot be asked: it is of
/// another host or boot, or its mark was lost in a power failure. A transfer gives up long before.
const SILENT: Duration = Duration::from_secs(24 * 60 * 60);

/// Stands beside the tree that is being made.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    token: Token,
    owner: Owner,
}

/// Marks a stage as this process's.
pub(crate) fn write(stage: &Path, token: &Token) -> io::Result<()> {
    let mark = Mark { token: token.clone(), owner: Owner::current() };
    let text = serde_json::to_vec(&mark)?;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(stage.join(FILE))?.write_all(&text)
}

/// Whether nobody will ever go on with a stage.
pub(crate) fn is_abandoned(stage: &Path, token: &Token, me: &Owner, now: SystemTime) -> io::Result<bool> {
    let mark = fs::read(stage.join(FILE)).ok().and_then(|text| serde_json::from_slice::<Mark>(&text).ok());
    let here = mark.filter(|mark| mark.token == *token && me.place.is(&mark.owner.place));
    match here.map(|mark| identity::liveness(&mark.owner, token.as_str(), me)) {
        Some(Liveness::Alive | Liveness::Stopped) => Ok(false),
        Some(Liveness::Dead) => Ok(true),
        Some(Liveness::Unsure) | None => {
            let newest = tree::measure(stage)?.newest;
            Ok(now.duration_since(newest).is_ok_and(|silent| silent > SILENT))
        }
    }
}
