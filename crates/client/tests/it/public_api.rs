//! No type of the HTTP library is in a public signature: it could not be replaced or raised without breaking callers.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Names that a source file imports from crates whose types must stay inside.
fn imported(source: &str) -> BTreeSet<String> {
    let mut names: BTreeSet<String> =
        ["reqwest", "hyper", "hyper_util", "tower", "h2", "rustls"].map(str::to_owned).into();
    let inside = names.clone();
    for line in source.split(';').map(str::trim) {
        let Some(at) = line.rfind("use ") else { continue };
        let path = &line[at + 4..];
        if inside.contains(path.split("::").next().unwrap_or_default()) {
            names.extend(words(path).skip(1).map(str::to_owned));
        }
    }
    names
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Public items and fields: from `pub ` to the brace, semicolon or comma that ends their signature.
fn signatures(source: &str) -> Vec<String> {
    let code: Vec<&str> = source.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).collect();
    let starts = code.iter().enumerate().filter(|(_, line)| line.trim_start().starts_with("pub "));
    starts
        .map(|(at, line)| {
            let field = line.trim_end().ends_with(',');
            let to = code[at..].iter().position(|line| field || line.contains(['{', ';'])).unwrap_or(0);
            code[at..=at + to].join(" ")
        })
        .collect()
}

/// Private parts of a tuple struct are nobody's business.
fn public_part(signature: &str) -> &str {
    match signature.split_once('(') {
        Some((name, fields)) if name.contains("struct") && !fields.contains("pub ") => name,
        _ => signature,
    }
}

#[test]
fn no_type_of_the_http_library_is_public() {
    let mut seen = 0;
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let source = fs::read_to_string(&path).unwrap();
        let inside = imported(&source);
        for signature in signatures(&source) {
            seen += 1;
            let leaked: Vec<_> = words(public_part(&signature)).filter(|word| inside.contains(*word)).collect();
            assert!(leaked.is_empty(), "{}: {leaked:?} in `{signature}`", path.display());
        }
    }
    assert!(seen > 50, "only {seen} signatures were found");
}

#[test]
fn the_check_finds_what_it_is_made_for() {
    let source = "use reqwest::{Response, Url as Other};\npub fn a(\n    r: Response,\n) {\npub struct B {\n    pub c: hyper::Uri,\n}\n";
    let inside = imported(source);
    let leaks = |text: &str| words(public_part(text)).any(|word| inside.contains(word));
    let found = signatures(source);
    assert_eq!(found.iter().map(|text| leaks(text)).collect::<Vec<_>>(), [true, false, true], "{found:?}");
}
