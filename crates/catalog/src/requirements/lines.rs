//! From bytes to logical lines.

/// A logical line, and the number of the first line of it, from 1.
pub(super) type Line = (usize, String);

/// The text of a file. Latin-1 is read where a coding line (PEP 263) says so.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, String> {
    if let Some(text) = utf16(&bytes) {
        return text;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let bytes = error.into_bytes();
            let start: String = bytes.iter().take(400).map(|&byte| char::from(byte)).collect();
            let says = |line: &str| {
                let coding = line.split_once("coding").map(|(_, rest)| rest.trim_start_matches([':', '=', ' ']));
                line.trim_start().starts_with('#')
                    && coding.is_some_and(|name| {
                        let name = name.to_ascii_lowercase();
                        ["latin-1", "latin1", "iso-8859-1"].iter().any(|latin| name.starts_with(latin))
                    })
            };
            if start.lines().take(2).any(says) {
                return Ok(bytes.iter().map(|&byte| char::from(byte)).collect());
            }
            Err("it is not UTF-8: convert it".to_owned())
        }
    }
}

/// What PowerShell writes begins with a mark.
fn utf16(bytes: &[u8]) -> Option<Result<String, String>> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let units: Vec<u16> = bytes[2..].chunks(2).map(|pair| unit([pair[0], pair.get(1).copied().unwrap_or(0)])).collect();
    Some(
        String::from_utf16(&units).map_err(|_| "it is not UTF-16, though it begins so: convert it to UTF-8".to_owned()),
    )
}

/// Joins, takes comments off, drops what is empty, replaces `${VAR}`.
pub(super) fn logical(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Vec<Line> {
    let mut joined: Vec<Line> = Vec::new();
    let mut open: Option<Line> = None;
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    for (at, line) in text.lines().enumerate() {
        let comment = line.trim_start().starts_with('#');
        let goes_on = line.ends_with('\\') && !comment;
        // As in pip, a comment ends what was joined before it.
        let part = if comment { format!(" {line}") } else { line.trim_end_matches('\\').to_owned() };
        let (number, mut all) = open.take().unwrap_or((at + 1, String::new()));
        all += &part;
        if goes_on {
            open = Some((number, all));
        } else {
            joined.push((number, all));
        }
    }
    joined.extend(open);
    let stripped = joined.into_iter().map(|(number, line)| (number, without_comment(&line).trim().to_owned()));
    stripped.filter(|(_, line)| !line.is_empty()).map(|(number, line)| (number, expanded(&line, variable))).collect()
}

/// A comment begins at `#` at the start or after white space: URLs hold such signs, too.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (at, sign) in line.char_indices() {
        if sign == '#' && before.is_whitespace() {
            return &line[..at];
        }
        before = sign;
    }
    line
}

/// `${VAR}` alone, with capitals, digits and underscores; what is not set stays as it is.
fn expanded(line: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        out += before;
        let name = from[2..].split_once('}').map(|(name, _)| name).filter(|name| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        });
        match name.and_then(|name| Some((name, variable(name)?))) {
            Some((name, value)) => {
                out += &value;
                rest = &from[name.len() + 3..];
            }
            None => {
                out += "${";
                rest = &from[2..];
            }
        }
    }
    out + rest
}
