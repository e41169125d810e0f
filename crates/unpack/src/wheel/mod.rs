//! The rules of wheels, held against an unpacked tree
//! (<https://packaging.python.org/specifications/binary-distribution-format/>).

mod data;
mod dist_info;
mod entry_points;
mod headers;
mod identity;
mod interpreter;
mod record;
mod rows;
mod view;

use crate::{UnpackError, tree::Tree};

use self::{dist_info::DistInfo, identity::Identity, view::View};

/// Checks a tree that was unpacked from a wheel against the wheel's file name, where that is known; RECORD's hashes only
/// where asked for.
pub(crate) fn check(tree: &Tree, name: Option<&str>, hashes: bool) -> Result<(), UnpackError> {
    let names = tree.names();
    let view = View::new(tree, &names);
    let dist_info = DistInfo::find(&view)?;
    if let Some(name) = name {
        let said = Identity::of_file_name(name).map_err(|detail| view.refuse(None, detail))?;
        dist_info.must_be(&view, &said, "the file name")?;
    }
    dist_info.check_version_of_format(&view)?;
    dist_info.check_metadata(&view)?;
    record::check(&view, &dist_info, hashes)?;
    data::check(&view, &dist_info)?;
    entry_points::check(&view, &dist_info)
}
