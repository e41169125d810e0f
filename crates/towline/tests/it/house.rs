//! What `docs/architecture.md` promises about the workspace, held against the workspace itself.

mod arrows;
mod graph;
mod papers;
mod sources;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package};

/// The whole dependency graph: every platform, every feature, tests included.
fn metadata() -> &'static Metadata {
    static METADATA: OnceLock<Metadata> = OnceLock::new();
    METADATA.get_or_init(|| {
        MetadataCommand::new()
            .manifest_path(root().join("Cargo.toml"))
            .features(CargoOpt::AllFeatures)
            .other_options(["--locked".to_owned()])
            .exec()
            .expect("`cargo metadata --locked` describes the workspace")
    })
}

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates live in `crates/`").to_owned()
}

/// A file of the workspace, by its path from the root.
fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
}

/// A TOML file of the workspace.
fn toml(path: &str) -> toml::Table {
    read(path).parse().unwrap_or_else(|error| panic!("{path} is no TOML: {error}"))
}

/// The crates of the workspace.
fn crates() -> Vec<&'static Package> {
    metadata().workspace_packages()
}

/// A crate's name as the documents have it: without the common prefix.
fn short(name: &str) -> &str {
    name.strip_prefix("towline-").unwrap_or(name)
}

/// The direct dependencies of a crate of one kind, sorted.
fn direct(package: &Package, kind: DependencyKind) -> Vec<&str> {
    let of_kind = package.dependencies.iter().filter(|dependency| dependency.kind == kind);
    let mut names: Vec<_> = of_kind.map(|dependency| dependency.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}
