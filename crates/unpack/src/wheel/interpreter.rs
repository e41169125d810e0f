//! Names that belong to an environment's interpreter.

/// Whether a program of this name would be taken for the interpreter: `python`, `pythonw`, `python3.13t`, `pypy3` and so
/// on, in any case, with any ending that Windows runs.
pub(super) fn is_named_so(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name =
        [".exe", ".py", ".pyw", ".bat", ".cmd", ".com"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    let version = ["graalpython", "graalpy", "python", "pypy"].iter().find_map(|family| name.strip_prefix(family));
    let Some(version) = version else { return false };
    let version = version.strip_prefix('w').unwrap_or(version);
    let version = version.strip_suffix('d').unwrap_or(version);
    let version = version.strip_suffix('t').unwrap_or(version);
    version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_are_known_by_their_names() {
        for name in [
            "python",
            "Python3",
            "PyThOn3.exe",
            "pythonw.exe",
            "pythonw",
            "python3.13",
            "python3.13t",
            "python3.14td",
            "pypy",
            "pypy3",
            "PYPY3.11.EXE",
            "graalpy",
            "graalpy3.12",
            "graalpython",
            "python.py",
            "python3.bat",
            "python.",
        ] {
            assert!(is_named_so(name), "{name}");
        }
        for name in [
            "ipython",
            "python-config",
            "python3-config",
            "pythonize",
            "bpython",
            "py",
            "pypy-audit",
            "pip3.11",
            "",
            "py.test",
        ] {
            assert!(!is_named_so(name), "{name}");
        }
    }
}
