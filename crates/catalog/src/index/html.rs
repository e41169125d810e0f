//! The HTML form: PEP 503, 592, 629, 658, 714, 792, and any page with links to archives.

use std::collections::BTreeMap;

use html5gum::{DefaultEmitter, HtmlString, Spanned, Token, Tokenizer};

use super::{
    listed::Entry,
    page::{MOST, Raw},
};

/// Reads a page. The tokenizer follows the HTML standard, so there is nothing that it cannot read.
pub(super) fn read(body: &[u8]) -> Raw {
    let mut emitter = DefaultEmitter::default();
    // What stands in `<script>` or `<title>` is no link.
    emitter.naively_switch_states(true);
    let mut raw = Raw::default();
    for token in Tokenizer::new_with_emitter(body, emitter) {
        let Ok(token) = token;
        let Token::StartTag(tag) = token else { continue };
        let attributes = Attributes(&tag.attributes);
        match tag.name.as_slice() {
            b"a" => raw.entries.extend(link(&attributes)),
            // The first one counts, for every link of the page (HTML standard, 4.2.3).
            b"base" if raw.base.is_none() => raw.base = attributes.get("href"),
            b"meta" => meta(&mut raw, &attributes),
            b"form" => raw.form = true,
            _ => {}
        }
        if raw.entries.len() > MOST {
            break;
        }
    }
    raw
}

/// Names are lower-cased and entities resolved by the tokenizer.
struct Attributes<'a>(&'a BTreeMap<HtmlString, Spanned<HtmlString, ()>>);

impl Attributes<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name.as_bytes()).map(|value| String::from_utf8_lossy(&value.value).into_owned())
    }
}

fn link(attributes: &Attributes<'_>) -> Option<Entry> {
    let href = attributes.get("href")?;
    let metadata = attributes.get("data-core-metadata").or_else(|| attributes.get("data-dist-info-metadata"));
    Some(Entry {
        name: None,
        href,
        hashes: Vec::new(),
        requires_python: attributes.get("data-requires-python"),
        yanked: attributes.get("data-yanked"),
        size: None,
        metadata: metadata.filter(|value| value != "false").map(|value| {
            value.split_once('=').map(|(name, hex)| (name.to_owned(), hex.to_owned())).into_iter().collect()
        }),
    })
}

fn meta(raw: &mut Raw, attributes: &Attributes<'_>) {
    let slot = match attributes.get("name").as_deref() {
        Some("pypi:repository-version") => &mut raw.version,
        Some("pypi:project-status") => &mut raw.status,
        Some("pypi:project-status-reason") => &mut raw.reason,
        _ => return,
    };
    if slot.is_none() {
        *slot = attributes.get("content");
    }
}
