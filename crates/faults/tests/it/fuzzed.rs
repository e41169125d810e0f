//! The body of the fuzz target `script`, on scripts that were valid before somebody was at them.

#[path = "../../../../fuzz/bodies/script.rs"]
mod script;

use std::{fs, path::Path};

use proptest::{collection::vec, prelude::*, sample::Index};

/// Every scenario of the repository.
fn scenarios() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut texts = files
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect::<Vec<_>>();
    texts.sort();
    assert!(!texts.is_empty());
    texts
}

/// Pieces that mean something, beside any others.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~\n]{0,12}",
        "-?[0-9]{1,20}",
        "\"-?[0-9]{0,19}(\\.[0-9]{1,3})?( ?(%|B|KiB|MB|GiB|s|ms|min|\\.\\.|-))?[0-9]{0,3}\"",
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_scenarios((pick, edits) in (any::<Index>(), vec((any::<Index>(), 0..12_usize, piece()), 1..4))) {
        let texts = scenarios();
        let mut text = texts[pick.index(texts.len())].chars().collect::<Vec<_>>();
        for (at, drop, piece) in edits {
            let at = at.index(text.len() + 1);
            let end = (at + drop).min(text.len());
            text.splice(at..end, piece.chars());
        }
        script::body(text.into_iter().collect::<String>().as_bytes());
    }

    /// Instead of a value, any other.
    #[test]
    fn other_values((pick, at, piece) in (any::<Index>(), any::<Index>(), piece())) {
        let texts = scenarios();
        let text = &texts[pick.index(texts.len())];
        let values = text.lines().filter(|line| line.contains(" = ")).collect::<Vec<_>>();
        if values.is_empty() {
            return Ok(());
        }
        let line = *at.get(&values);
        let (key, _) = line.split_once(" = ").unwrap();
        script::body(text.replacen(line, &format!("{key} = {piece}"), 1).as_bytes());
    }

    #[test]
    fn any_text(bytes in vec(any::<u8>(), 0..200)) {
        script::body(&bytes);
    }
}
