//! The JSON form: PEP 691, 700, 714, 740, 792.

use std::collections::BTreeMap;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, SeqAccess, Visitor},
};

use super::{
    listed::{Entry, Skipped},
    page::{MOST, Raw},
};

#[derive(Deserialize)]
struct Body {
    meta: Option<Meta>,
    name: Option<String>,
    files: Files,
    #[serde(rename = "project-status")]
    status: Option<StatusObject>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "api-version")]
    version: Option<String>,
}

#[derive(Deserialize)]
struct StatusObject {
    status: Option<String>,
    reason: Option<String>,
}

/// No more of them than a page may have.
struct Files(Vec<Maybe>);

impl<'de> Deserialize<'de> for Files {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FilesVisitor)
    }
}

struct FilesVisitor;

impl<'de> Visitor<'de> for FilesVisitor {
    type Value = Files;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of files")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Files, A::Error> {
        let mut files = Vec::new();
        while let Some(entry) = entries.next_element()? {
            if files.len() == MOST {
                return Err(A::Error::custom(format_args!("it has more than {MOST} files")));
            }
            files.push(entry);
        }
        Ok(Files(files))
    }
}

/// One damaged entry does not make the others unreadable.
#[derive(Deserialize)]
#[serde(untagged)]
enum Maybe {
    File(Box<Object>),
    Named { filename: String },
    Odd(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Object {
    filename: String,
    url: String,
    hashes: Option<BTreeMap<String, String>>,
    requires_python: Option<String>,
    yanked: Option<Yanked>,
    size: Option<u64>,
    core_metadata: Option<Announced>,
    /// PEP 714: the name before, which some servers still use.
    dist_info_metadata: Option<Announced>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Yanked {
    Plain(bool),
    Reason(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Announced {
    Plain(bool),
    Hashes(BTreeMap<String, String>),
}

/// Reads a page.
pub(super) fn read(body: &[u8]) -> Result<Raw, String> {
    // RFC 8259 lets a reader ignore the mark.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let mut raw = Raw { version: body.meta.and_then(|meta| meta.version), name: body.name, ..Raw::default() };
    if let Some(status) = body.status {
        (raw.status, raw.reason) = (status.status, status.reason);
    }
    const ODD: &str = "its entry has not the form of PEP 691";
    for (at, file) in body.files.0.into_iter().enumerate() {
        match file {
            Maybe::File(file) => raw.entries.push((*file).into()),
            Maybe::Named { filename } => raw.skipped.push(Skipped::new(&filename, ODD)),
            Maybe::Odd(_) => raw.skipped.push(Skipped::new(&format!("files[{at}]"), ODD)),
        }
    }
    Ok(raw)
}

impl From<Object> for Entry {
    fn from(file: Object) -> Self {
        Self {
            name: Some(file.filename),
            href: file.url,
            hashes: file.hashes.unwrap_or_default().into_iter().collect(),
            requires_python: file.requires_python,
            yanked: match file.yanked {
                None | Some(Yanked::Plain(false)) => None,
                Some(Yanked::Plain(true)) => Some(String::new()),
                Some(Yanked::Reason(reason)) => Some(reason),
            },
            size: file.size,
            metadata: match file.core_metadata.or(file.dist_info_metadata) {
                None | Some(Announced::Plain(false)) => None,
                Some(Announced::Plain(true)) => Some(Vec::new()),
                Some(Announced::Hashes(hashes)) => Some(hashes.into_iter().collect()),
            },
        }
    }
}
