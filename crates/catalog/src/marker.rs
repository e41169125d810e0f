//! Markers of unknown origin.
//!
//! The crate that reads them recurses with their brackets, and turns them into diagrams that can be exponential in the number of extras and
//! groups that they name. What tools write is far below these bounds.

use std::collections::BTreeSet;

use uv_pep508::MarkerTree;

/// Bytes; tools write some hundred.
const LONGEST: usize = 16 * 1024;
/// How many brackets.
const BRACKETS: usize = 50;
/// Different texts in quotes, where extras or groups are asked for: each may be a variable.
const NAMES: usize = 32;

/// Reads a marker.
///
/// # Errors
/// When it is none, or costs too much: one line that says why.
pub(crate) fn parse(text: &str) -> Result<MarkerTree, String> {
    check(text)?;
    text.parse().map_err(|error: uv_pep508::Pep508Error| error.message.to_string())
}

/// Whether a marker, or a line with one in it, can be read at a price that it is worth.
///
/// # Errors
/// What there is too much of.
pub(crate) fn check(text: &str) -> Result<(), String> {
    if text.len() > LONGEST || text.matches('(').count() > BRACKETS {
        return Err("the marker is too long".to_owned());
    }
    // The crate adds 1 to numbers of 64 bits.
    if text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 18) {
        return Err("a number in the marker has more than 18 digits".to_owned());
    }
    if text.contains("extra") || text.contains("dependency_groups") {
        let names: BTreeSet<&str> = text.split(['\'', '"']).skip(1).step_by(2).collect();
        if names.len() > NAMES {
            return Err(format!("the marker asks for more than {NAMES} extras and groups"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_costs_too_much_is_not_read() {
        let pairs = |count: usize| {
            let pair = |at| format!("('a{at}' in extras and 'b{at}' in extras)");
            (0..count).map(pair).collect::<Vec<_>>().join(" or ")
        };
        assert!(parse(&pairs(8)).is_ok());
        for text in [pairs(20), "(".repeat(200_000), format!("python_version < '{}'", "1".repeat(30))] {
            assert!(parse(&text).is_err());
        }
    }
}
