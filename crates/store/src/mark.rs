//! Whose stage it is.

use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use crate::{
    StoreError, identity,
    ownership::{Liveness, Owner},
    persist,
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

/// Marks a stage as this process's. A mark is whole or missing: half of one would name nobody who could be found dead, and the stage
/// would stay for a day.
pub(crate) fn write(stage: &Path, token: &Token) -> Result<(), StoreError> {
    let mark = Mark { token: token.clone(), owner: Owner::current() };
    let text = serde_json::to_vec(&mark).map_err(|error| StoreError::at("mark", stage, error.into()))?;
    persist::write_whole(&stage.join(FILE), &text)
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
