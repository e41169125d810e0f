//! Numbers in header fields.

/// What a numeric field of a header holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// Only blanks or NULs.
    Blank,
    /// Octal, or GNU's base 256.
    Value(u64),
    /// Below zero, which only base 256 can say.
    Negative,
}

/// Reads a field: blanks, octal digits, and then nothing but blanks and NULs; or GNU's base 256. `None` for anything else,
/// where readers stop early, guess, or take the header for the archive's end.
pub(super) fn number(field: &[u8]) -> Option<Number> {
    match field {
        [0x80, rest @ ..] => base256(rest).map(Number::Value),
        [0xff, ..] => Some(Number::Negative),
        _ => octal(field),
    }
}

fn base256(bytes: &[u8]) -> Option<u64> {
    let value = bytes.iter().try_fold(0_u64, |value, byte| Some(value.checked_mul(256)? | u64::from(*byte)))?;
    // Many readers keep it in a signed number.
    i64::try_from(value).is_ok().then_some(value)
}

fn octal(field: &[u8]) -> Option<Number> {
    let field = &field[field.iter().take_while(|byte| **byte == b' ').count()..];
    let digits = field.iter().take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let (digits, rest) = field.split_at(digits);
    if rest.iter().any(|byte| !matches!(byte, b' ' | 0)) {
        return None;
    }
    if digits.is_empty() {
        return Some(Number::Blank);
    }
    // At most 12 digits of 3 bits.
    Some(Number::Value(digits.iter().fold(0, |value, digit| value * 8 + u64::from(digit - b'0'))))
}
