//! Programs that pretend to be interpreters.

use std::{
    io::Write,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use towline_python::Prober;

/// Long enough for every fake that answers, however busy the machine is.
pub(crate) const PATIENT: Duration = Duration::from_secs(30);

pub(crate) fn prober() -> Prober {
    Prober::new(PATIENT)
}

/// Writes an executable shell script, and the folders above it.
///
/// Another process writes it: a file that this one holds open for writing could be inherited by the child of a test that runs
/// at the same time, and could then not be executed.
pub(crate) fn script(path: &Path, body: &str) -> PathBuf {
    let write = r#"mkdir -p "$(dirname "$1")" && cat > "$1" && chmod 755 "$1""#;
    let mut child = Command::new("sh").args(["-c", write, "sh"]).arg(path).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("#!/bin/sh\n{body}\n").as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    path.to_owned()
}

/// A script that answers as the interpreter that `answer` describes.
pub(crate) fn python(path: &Path, answer: &Value) -> PathBuf {
    script(path, &says(answer))
}

pub(crate) fn says(answer: &Value) -> String {
    format!("cat <<'END'\nnoise of a wrapper\n@towline-probe {answer}\nEND")
}

/// CPython of some version on x86_64 with glibc 2.36, that calls `path` its own.
pub(crate) fn cpython(path: &Path, version: &str) -> Value {
    let release = version.find(|c: char| c != '.' && !c.is_ascii_digit()).map_or(version, |end| &version[..end]);
    let numbers: Vec<u8> = release.split('.').map(|part| part.parse().unwrap()).collect();
    let folders = json!({"purelib": "p", "platlib": "l", "scripts": "s", "data": "", "include": "i"});
    json!({"full": {
        "markers": {
            "implementation_name": "cpython",
            "implementation_version": version,
            "os_name": "posix",
            "platform_machine": "x86_64",
            "platform_python_implementation": "CPython",
            "platform_release": "1",
            "platform_system": "Linux",
            "platform_version": "2",
            "python_full_version": version,
            "python_version": format!("{}.{}", numbers[0], numbers[1]),
            "sys_platform": "linux",
        },
        "version": numbers,
        "implementation_version": [numbers[0], numbers[1]],
        "executable": raw(path),
        "base_executable": null,
        "prefix": "/fake",
        "base_prefix": "/fake",
        "scheme": folders,
        "venv_scheme": folders,
        "platform": "linux-x86_64",
        "soabi": null,
        "ext_suffix": null,
        "gil_disabled": false,
        "debug": false,
        "pointer_bits": 64,
        "elf": null,
        "musl": null,
        "glibc": "glibc 2.36",
    }})
}

pub(crate) fn pypy(path: &Path, version: &str) -> Value {
    let mut answer = cpython(path, version);
    let full = &mut answer["full"];
    full["markers"]["implementation_name"] = json!("pypy");
    full["markers"]["platform_python_implementation"] = json!("PyPy");
    full["markers"]["implementation_version"] = json!("7.3.11");
    full["implementation_version"] = json!([7, 3]);
    answer
}

/// A path as the script writes it: a character a byte.
pub(crate) fn raw(path: &Path) -> String {
    path.as_os_str().as_bytes().iter().map(|byte| char::from(*byte)).collect()
}
