//! Text that may be a script of faults.

use towline_faults::Script;

/// Reads the text: it is a script, or there are words about what is wrong, and never another time something else.
pub(crate) fn body(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = || Script::from_toml(text).map(|script| format!("{script:?}")).map_err(|error| error.to_string());
    let once = read();
    if let Err(words) = &once {
        assert!(!words.trim().is_empty(), "no words for {text:?}");
    }
    assert_eq!(once, read(), "{text:?}");
}
