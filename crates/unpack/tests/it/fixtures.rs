//! The corpus beside the repository: `shared/fixtures/archives`, with a verdict for every file.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use serde::Deserialize;

/// What has to become of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Expect {
    Accept,
    Reject,
    Either,
}

/// A row of an `index.json`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Case {
    pub(crate) file: String,
    pub(crate) expect: Expect,
    /// Name to SHA-256 or `symlink:TARGET`.
    pub(crate) contents: Option<BTreeMap<String, String>>,
    /// SHA-256 of what a bare stream decodes to.
    pub(crate) decoded: Option<String>,
    #[serde(skip)]
    pub(crate) folder: String,
    #[serde(skip)]
    pub(crate) path: PathBuf,
}

#[derive(Deserialize)]
struct Index {
    files: Vec<Case>,
}

impl Case {
    /// Its file name, without folders.
    pub(crate) fn name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or(&self.file)
    }

    /// Where the table names it.
    pub(crate) fn label(&self) -> String {
        format!("{}/{}", self.folder, self.file)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).unwrap()
    }
}

/// Every file of every index, or nothing where the corpus is not there. A test machine has to have it.
pub(crate) fn cases() -> Vec<Case> {
    let fixtures = env::var_os("TOWLINE_FIXTURES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures")), PathBuf::from);
    let archives = fixtures.join("archives");
    if !archives.is_dir() {
        let why = format!("no corpus at {}: set TOWLINE_FIXTURES to its parent", archives.display());
        let must = ["CI", "TOWLINE_CI"].iter().any(|name| env::var_os(name).is_some());
        assert!(!must, "{why}");
        println!("SKIPPED: {why}");
        return Vec::new();
    }
    let mut cases = Vec::new();
    for folder in fs::read_dir(&archives).unwrap().map(|entry| entry.unwrap().path()) {
        let Ok(index) = fs::read(folder.join("index.json")) else { continue };
        let index: Index = serde_json::from_slice(&index).unwrap();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        cases.extend(index.files.into_iter().map(|case| Case {
            folder: name.clone(),
            path: folder.join(&case.file),
            ..case
        }));
    }
    cases.sort_by_key(Case::label);
    assert!(cases.len() > 100, "the corpus at {} is not whole", archives.display());
    cases
}
