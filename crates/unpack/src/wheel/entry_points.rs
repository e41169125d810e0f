//! `entry_points.txt`: the programs that a wheel asks for
//! (<https://packaging.python.org/specifications/entry-points/>).

use std::collections::HashMap;

use crate::UnpackError;

use super::{dist_info::DistInfo, interpreter, view::View};

/// Checks the programs, where there are any.
pub(super) fn check(view: &View<'_>, dist_info: &DistInfo) -> Result<(), UnpackError> {
    let member = dist_info.member("entry_points.txt");
    let Some(text) = view.read(&member)? else { return Ok(()) };
    let checked = match str::from_utf8(&text) {
        Ok(text) => parse(text),
        Err(_) => Err("it is not UTF-8".to_owned()),
    };
    checked.map_err(|detail| view.refuse(Some(&member), detail).into())
}

/// Reads an INI file as configparser and importlib.metadata both do: with `=` alone between a key and its value, keys as
/// they are written, and comments on lines of their own. Only programs are looked at closely; what other groups mean is
/// the business of those who made them.
fn parse(text: &str) -> Result<(), String> {
    let mut group = None;
    let mut programs = HashMap::new();
    let mut indent = None;
    for (at, line) in text.lines().enumerate() {
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        let wrong = |why: &str| format!("line {}: {why}", at + 1);
        if let Some(rest) = content.strip_prefix('[') {
            let name = rest.strip_suffix(']').ok_or_else(|| wrong("a group that is not closed"))?;
            group = Some(name.trim());
            indent = None;
            continue;
        }
        let group = group.ok_or_else(|| wrong("an entry before the first group"))?;
        if !matches!(group, "console_scripts" | "gui_scripts") {
            continue;
        }
        // One reader takes it for more of the value before, another for an entry.
        let depth = line.len() - line.trim_start().len();
        if depth > *indent.get_or_insert(depth) {
            return Err(wrong("it is indented more than the entry before"));
        }
        indent = Some(depth);
        let (name, value) = content.split_once('=').ok_or_else(|| wrong("no value"))?;
        let (name, value) = (name.trim(), value.trim());
        program(name, value).map_err(|why| wrong(&why))?;
        if programs.insert(name, (group, value)).is_some_and(|before| before != (group, value)) {
            return Err(wrong(&format!("another program is called {name:?}")));
        }
    }
    Ok(())
}

fn program(name: &str, value: &str) -> Result<(), String> {
    if name.is_empty()
        || name == "."
        || name == ".."
        || name.contains(['/', '\\', ':'])
        || name.chars().any(char::is_control)
    {
        return Err(format!("{name:?} cannot be the name of a program"));
    }
    if interpreter::is_named_so(name) {
        return Err(format!("the program {name:?} would replace the environment's interpreter"));
    }
    if !is_reference(value) {
        return Err(format!("{value:?} is not module:object"));
    }
    Ok(())
}

/// `module(.module)*:attribute(.attribute)*`, and perhaps extras in brackets, which mean nothing any more.
fn is_reference(value: &str) -> bool {
    let object = match value.split_once('[') {
        Some((object, extras)) => {
            let Some(extras) = extras.strip_suffix(']') else { return false };
            let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ',' | ' ' | '\t');
            if !extras.chars().all(fits) {
                return false;
            }
            object.trim_end()
        }
        None => value,
    };
    let Some((module, attribute)) = object.split_once(':') else { return false };
    is_dotted(module.trim_end()) && is_dotted(attribute.trim_start())
}

fn is_dotted(path: &str) -> bool {
    path.split('.').all(|part| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c.is_alphabetic() || c == '_') && chars.all(|c| c.is_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_writers_make_is_fine() {
        for text in [
            "",
            "# nothing\n\n",
            "[console_scripts]\na = m:f\nA.b-c_d = m.n:C.f [x, y-z]\n\n[gui_scripts]\ng=m:f\n",
            "[console_scripts]\r\n  a = m:f\r\n  b = m : f\r\n\r\n",
            "\n    [console_scripts]\n    a = m:f\n    ",
            "[console_scripts]\na = m:f\na = m:f\n[console_scripts]\nb = m:f\n",
            "[other]\nno value\nx = y z; anything\n    more\n[distutils.commands]\na b = c\n",
            "[console_scripts]\n; comment\na = ünïcode:f\nb = m:f []\n",
        ] {
            assert_eq!(parse(text), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn what_could_do_harm_or_be_read_in_two_ways_is_refused() {
        for text in [
            "a = m:f",
            "[console_scripts\na = m:f",
            "[console_scripts]\na",
            "[console_scripts]\na =",
            "[console_scripts]\n= m:f",
            "[console_scripts]\na = m",
            "[console_scripts]\na = m:",
            "[console_scripts]\na = :f",
            "[console_scripts]\na = m:f()",
            "[console_scripts]\na = m:f # comment",
            "[console_scripts]\na = m-n:f",
            "[console_scripts]\na = 1m:f",
            "[console_scripts]\na = m:f [x",
            "[console_scripts]\na = m:f [x;y]",
            "[console_scripts]\na = m:f:g",
            "[console_scripts]\na: m:f",
            "[console_scripts]\na/b = m:f",
            "[gui_scripts]\n..\\b = m:f",
            "[console_scripts]\n.. = m:f",
            "[console_scripts]\nPyThOn3.exe = m:f",
            "[console_scripts]\na = m:f\na = m:g",
            "[console_scripts]\na = m:f\n[gui_scripts]\na = m:f",
            "[console_scripts]\na = m:f\n  b = m:f",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
