//! Which crate may depend on which.

use cargo_metadata::DependencyKind::{Build, Development, Normal};

use super::{crates, direct, short};

/// Crate, the crates of ours it depends on, and those its tests depend on besides. A new crate gets a line here.
const ARROWS: [(&str, &[&str], &[&str]); 9] = [
    ("catalog", &["store"], &[]),
    ("client", &["transfer"], &["faults", "store"]),
    ("faults", &[], &[]),
    ("fetch", &["client", "store", "transfer", "unpack"], &["faults"]),
    ("python", &[], &[]),
    ("store", &[], &[]),
    ("towline", &["catalog", "client", "fetch", "python", "store", "transfer", "unpack"], &["faults"]),
    ("transfer", &[], &[]),
    ("unpack", &[], &[]),
];

/// Dependencies that belong to some crates only, in their tests as elsewhere; to nobody where the list is empty.
const BELONGINGS: [(&str, &[&str]); 15] = [
    // HTTP is spoken by the client, and by the origin that misbehaves.
    ("h2", &["client", "faults"]),
    ("hyper", &["client"]),
    ("hyper-util", &["client"]),
    ("reqwest", &["client"]),
    ("rustls", &["client", "faults"]),
    ("tokio-rustls", &["faults"]),
    ("rust-netrc", &["client"]),
    // Chance comes from outside of the law.
    ("fastrand", &["client"]),
    ("rand", &[]),
    // The user is spoken to by programs alone.
    ("anstream", &["towline"]),
    ("clap", &["faults", "towline"]),
    ("indicatif", &["towline"]),
    // Below the program a failure has a type.
    ("anyhow", &["towline"]),
    ("color-eyre", &[]),
    ("eyre", &[]),
];

/// Everything `transfer` may depend on: it does no I/O, reads no clock, draws no random number.
const TRANSFER_MAY: [&str; 1] = ["httpdate"];

#[test]
fn every_crate_depends_on_the_crates_below_it_and_no_other() {
    let mut found = Vec::new();
    for package in crates() {
        let ours = |kind| {
            let names = direct(package, kind).into_iter();
            names.filter(|name| name.starts_with("towline")).map(short).collect::<Vec<_>>()
        };
        assert!(ours(Build).is_empty(), "{} builds with {:?}", package.name, ours(Build));
        found.push((short(&package.name), ours(Normal), ours(Development)));
    }
    found.sort();
    let expected = ARROWS.map(|(name, normal, tests)| (name, normal.to_vec(), tests.to_vec()));
    assert_eq!(found, expected, "left: the manifests; right: the arrows of docs/architecture.md");
}

#[test]
fn reqwest_is_the_clients_and_what_else_belongs_to_one_crate_stays_there() {
    for package in crates() {
        for kind in [Normal, Development, Build] {
            for name in direct(package, kind) {
                let owners = BELONGINGS.iter().find(|(belonging, _)| *belonging == name).map(|(_, owners)| *owners);
                let mine = owners.is_none_or(|owners| owners.contains(&short(&package.name)));
                assert!(mine, "{} has {name} among its dependencies, which belongs to {owners:?}", package.name);
            }
        }
    }
}

#[test]
fn transfer_has_no_clock_no_network_and_no_chance_in_its_manifest() {
    let crates = crates();
    let transfer = crates.iter().find(|package| package.name == "towline-transfer").expect("the crate exists");
    assert_eq!(direct(transfer, Normal), TRANSFER_MAY);
}

#[test]
fn towers_retries_are_not_asked_for() {
    for package in crates() {
        for dependency in package.dependencies.iter().filter(|dependency| dependency.name == "tower") {
            assert_eq!(dependency.features, ["util"], "{}: {}", package.name, dependency.name);
        }
    }
}

#[test]
fn crates_live_in_a_folder_of_their_name_and_none_is_a_drawer() {
    for package in crates() {
        let folder = package.manifest_path.parent().and_then(|folder| folder.file_name());
        assert_eq!(folder, Some(short(&package.name)), "{}", package.manifest_path);
        let drawer = ["common", "core", "helpers", "misc", "shared", "types", "util", "utils"];
        assert!(!drawer.contains(&short(&package.name)), "{} says where code was put, not what it does", package.name);
    }
}
