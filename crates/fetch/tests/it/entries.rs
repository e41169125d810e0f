//! Entries of the store, kept archives, and files that are on the disk already.

use std::path::Path;

use towline_faults::{Action, At};
use towline_fetch::{Artifact, Done, FetchError, Goal, Tree};
use towline_store::{Algorithm, Digest};
use towline_unpack::Format;

use crate::support::{Case, archive, at, block_on, expected, files, listing, members, tar};

fn entry(archive: bool) -> Goal {
    Goal::Entry { tree: tar(), archive }
}

#[test]
fn an_entry_is_brought_once_and_found_by_the_digest_of_its_bytes() {
    let bytes = archive();
    // Without a digest the bytes have to be brought to know what they are; the entry is the same.
    let case = Case::new([at(1, Action::RstAt(At::Fraction(0.3)))]);
    let Done::Entry(found) = case.run(&case.artifact(None), &entry(false)).done() else { panic!("an entry") };
    assert_eq!(files(found.path()), expected());
    assert_eq!((found.description().files, found.description().size), (members().len() as u64, bytes.len() as u64));
    assert_eq!(case.kept(), 0);
    let asked = case.requests();
    let Done::Entry(again) = case.run(&case.artifact(Some(&bytes)), &entry(false)).done() else { panic!("an entry") };
    assert_eq!(again.path(), found.path());
    case.run(&case.artifact(Some(&bytes)), &case.tree()).done();
    case.assert_tree();
    assert_eq!(case.requests(), asked, "nothing was asked for what is there");
    // A tree that is handed out is nobody else's.
    std::fs::write(case.place().join("pkg-1.0/part0/file0.bin"), "changed").unwrap();
    assert_eq!(files(found.path()), expected());
}

#[test]
fn an_entry_that_was_held_to_other_rules_does_not_count() {
    let bytes = archive();
    let case = Case::new([]);
    let artifact = case.artifact(Some(&bytes));
    case.run(&artifact, &entry(false)).done();
    let wheel = Goal::Entry { tree: Tree::of(Format::Wheel), archive: false };
    let error = case.run(&artifact, &wheel).error();
    assert!(matches!(error, FetchError::Archive(_)), "a tar is no wheel: {error:?}");
    assert_eq!(case.requests(), 2);
}

#[test]
fn a_kept_archive_serves_when_its_tree_is_gone() {
    let bytes = archive();
    let case = Case::new([]);
    let artifact = case.artifact(Some(&bytes));
    let Done::Entry(found) = case.run(&artifact, &entry(true)).done() else { panic!("an entry") };
    let digest = artifact.digest.clone().unwrap();
    let kept = case.store().archive(&digest).unwrap().expect("the archive is kept");
    assert_eq!(std::fs::read(&kept).unwrap(), bytes);
    found.remove().unwrap();
    case.run(&artifact, &case.tree()).done();
    case.assert_tree();
    assert_eq!(case.requests(), 1);
    // One that was changed behind our back does not.
    std::fs::remove_dir_all(case.place()).unwrap();
    std::fs::write(&kept, "something else").unwrap();
    case.run(&artifact, &case.tree()).done();
    case.assert_tree();
    assert_eq!(case.requests(), 2);
}

#[test]
fn a_local_file_is_unpacked_by_the_same_rules() {
    let bytes = archive();
    let case = Case::new([]);
    let file = case.dir.path().join(crate::support::NAME);
    std::fs::write(&file, &bytes).unwrap();
    let unpack = |digest: Option<&[u8]>| {
        let (fetcher, artifact, tree) = (case.fetcher(), case.artifact(digest), case.tree());
        block_on(fetcher.unpack_file(&file, &artifact, &tree, |_| {}))
    };
    let error = unpack(Some(b"another")).expect_err("another digest");
    assert!(matches!(error, FetchError::Digest { .. }), "{error:?}");
    case.assert_nothing();
    assert!(matches!(unpack(Some(&bytes)), Ok(Done::Tree { .. })));
    case.assert_tree();
    assert_eq!(
        Digest::of_file(Algorithm::Sha256, &file).unwrap(),
        case.artifact(Some(&bytes)).digest.unwrap(),
        "it is not touched"
    );

    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    std::fs::remove_dir_all(case.place()).unwrap();
    let error = unpack(None).expect_err("half an archive");
    assert!(matches!(error, FetchError::Archive(_)), "{error:?}");
    case.assert_nothing();
    assert_eq!(case.requests(), 0);
}

#[test]
fn a_local_file_is_copied_whole_and_right_or_not_at_all() {
    let bytes = archive();
    let case = Case::new([]);
    let from = case.dir.path().join("from.tar");
    std::fs::write(&from, &bytes).unwrap();
    let dest = case.dir.path().join("out/deep/to.tar");
    let copy = |artifact: &Artifact, from: &Path, dest: &Path| {
        block_on(case.fetcher().copy_file(from, artifact, dest, |_| {}))
    };
    let right = case.artifact(Some(&bytes));
    assert!(matches!(copy(&right, &from, &dest).unwrap(), Done::File));
    assert_eq!(std::fs::read(&dest).unwrap(), bytes);
    assert!(matches!(copy(&right, &from, &dest).unwrap(), Done::WasThere));
    // Without a digest, the file itself is all that can be told to be the same.
    assert!(matches!(copy(&case.artifact(None), &from, &dest).unwrap(), Done::File));
    assert!(matches!(copy(&case.artifact(None), &from, &from).unwrap(), Done::WasThere));
    assert_eq!(std::fs::read(&from).unwrap(), bytes);
    // What is there is left alone by a file that is not what was asked for.
    let error = copy(&case.artifact(Some(b"other")), &from, &dest).unwrap_err();
    assert!(matches!(error, FetchError::Digest { .. }), "{error:?}");
    assert_eq!(std::fs::read(&dest).unwrap(), bytes);
    let missing = case.dir.path().join("missing");
    assert!(matches!(copy(&right, &missing, &dest.with_extension("x")), Err(FetchError::Local { .. })));
    assert!(copy(&right, case.dir.path(), &dest.with_extension("y")).is_err(), "a folder is no file");
    assert!(copy(&right, &from, case.dir.path()).is_err(), "nor can it be replaced by one");
    let beside: Vec<_> = listing(dest.parent().unwrap());
    assert_eq!(beside, [dest], "nothing is left beside it");
    assert_eq!(case.requests(), 0);
}
