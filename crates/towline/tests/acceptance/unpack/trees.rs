//! What an archive has to become, and what stands in a folder.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// What is at a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Folder,
    File {
        sha256: [u8; 32],
        /// Whether somebody may execute it.
        runs: bool,
    },
    Link(String),
}

/// All paths of a tree, relative to it.
pub(super) type Nodes = BTreeMap<String, Node>;

impl Node {
    pub(super) fn file(content: &[u8], runs: bool) -> Self {
        Self::File { sha256: Sha256::digest(content).into(), runs }
    }
}

/// Puts a node and the folders above it into a tree.
pub(super) fn put(nodes: &mut Nodes, name: &str, node: Node) {
    for (at, _) in name.match_indices('/') {
        nodes.insert(name[..at].to_owned(), Node::Folder);
    }
    nodes.insert(name.to_owned(), node);
}

/// What stands in a folder.
pub(super) fn nodes(dir: &Path) -> Nodes {
    let mut found = Nodes::new();
    let mut open = vec![String::new()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(dir.join(&folder)).expect("a folder").map(|entry| entry.expect("an entry")) {
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let (path, kind) = (entry.path(), entry.file_type().expect("its type"));
            let node = if kind.is_dir() {
                open.push(name.clone());
                Node::Folder
            } else if kind.is_symlink() {
                Node::Link(fs::read_link(path).expect("a link").to_string_lossy().into_owned())
            } else {
                assert!(kind.is_file(), "{name} is something else");
                let mode = entry.metadata().expect("its mode").permissions().mode();
                assert_eq!(mode & 0o7022, 0, "{name}: mode {mode:o}");
                Node::File { sha256: hash(&path), runs: mode & 0o111 != 0 }
            };
            found.insert(name, node);
        }
    }
    found
}

/// Without holding the file in memory, which may be of any size.
fn hash(path: &Path) -> [u8; 32] {
    let mut file = fs::File::open(path).expect("a file");
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match std::io::Read::read(&mut file, &mut buffer).expect("its content") {
            0 => return hasher.finalize().into(),
            read => hasher.update(&buffer[..read]),
        }
    }
}

/// The first differences, for a message; `None`: it is exactly that tree.
pub(super) fn difference(dir: &Path, wanted: &Nodes) -> Option<String> {
    let found = nodes(dir);
    if found == *wanted {
        return None;
    }
    let mut text = format!("{} paths, wanted {}", found.len(), wanted.len());
    let missing = wanted.keys().filter(|name| !found.contains_key(*name)).map(|name| ("missing", name));
    let over = found.keys().filter(|name| !wanted.contains_key(*name)).map(|name| ("too many", name));
    let other = found.iter().filter(|(name, node)| wanted.get(*name).is_some_and(|wanted| wanted != *node));
    for (what, name) in missing.chain(over).chain(other.map(|(name, _)| ("other", name))).take(5) {
        let _ = write!(text, "; {what}: {name} {:?}", found.get(name));
    }
    Some(text)
}
