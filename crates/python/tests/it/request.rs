//! What users write, and which interpreters fit.

use proptest::prelude::*;
use serde_json::json;
use tempfile::tempdir;
use towline_python::{Interpreter, Mismatch, Request};

use crate::fake::{cpython, prober, pypy, python};

#[test]
fn forms() {
    for (text, again) in [
        ("any", "any"),
        ("Python", "any"),
        ("3", "3"),
        ("3.12", "3.12"),
        (" 3.12.1 ", "3.12.1"),
        ("312", "3.12"),
        ("39", "3.9"),
        ("3.13t", "3.13+freethreaded"),
        ("313t", "3.13+freethreaded"),
        ("3.13d", "3.13+debug"),
        ("3.13td", "3.13+freethreaded+debug"),
        ("3.13+freethreaded", "3.13+freethreaded"),
        ("3.13+debug+freethreaded", "3.13+freethreaded+debug"),
        ("3.14.0rc1", "3.14.0rc1"),
        ("3.15a2t", "3.15a2+freethreaded"),
        (">=3.11", ">=3.11"),
        (">=3.9, <3.12", ">=3.9,<3.12"),
        ("==3.12.*", "==3.12.*"),
        ("~=3.11", "~=3.11"),
        (">=3.13t", ">=3.13+freethreaded"),
        ("cpython", "cpython"),
        ("CPython3.12", "cpython3.12"),
        ("cpython@3.12", "cpython3.12"),
        ("python3.12", "3.12"),
        ("python>=3.12", ">=3.12"),
        ("cp312", "cpython3.12"),
        ("cp313t", "cpython3.13+freethreaded"),
        ("pypy", "pypy"),
        ("pypy3.9", "pypy3.9"),
        ("pypy@3.9.16", "pypy3.9.16"),
        ("pp39", "pypy3.9"),
        ("pypy>=3.9", "pypy>=3.9"),
        ("graalpy3.11", "graalpy3.11"),
        ("python+freethreaded", "python+freethreaded"),
    ] {
        let request: Request = text.parse().unwrap();
        assert!(matches!(request, Request::Any | Request::Fitting(_)), "{text}: {request:?}");
        assert_eq!(request.to_string(), again, "{text}");
        assert_eq!(again.parse::<Request>().unwrap(), request, "{text}");
    }
    for text in ["/usr/bin/python3", "./env", ".", "..", "env/", " a/b", "3.12/bin/python"] {
        assert_eq!(text.parse::<Request>().unwrap(), Request::At(text.into()));
    }
    for text in ["python-nightly", "myenv", "pythonw", ".venv", "python3.12-intel64", "cpython3.x", "PyPyX"] {
        assert_eq!(text.parse::<Request>().unwrap(), Request::Named(text.to_owned()));
    }
}

#[test]
fn what_asks_for_nothing() {
    for (text, part) in [
        ("", "empty"),
        ("  ", "empty"),
        ("a\0/b", "can exist"),
        ("3.x", "no version"),
        ("3.12.1.2", "three numbers"),
        ("3.12+local", "such a version"),
        ("1!3.12", "such a version"),
        (">=", "no range"),
        (">=3.12,", "no range"),
        ("==3.12.*.1", "no range"),
        ("3999", "no such version"),
        ("-c", "such a name"),
        ("my env", "such a name"),
        ("my\u{7}env", "such a name"),
    ] {
        let error = text.parse::<Request>().unwrap_err().to_string();
        assert!(error.contains(part) && error.contains("pypy3.9"), "{text:?}: {error}");
        assert!(!error.contains('\u{7}') && !error.contains('\0'));
    }
    let long = "x".repeat(10_000).parse::<Request>().unwrap_err().to_string();
    assert!(long.len() < 400, "{long}");
}

#[test]
fn what_fits() {
    use Mismatch::{Debug, FreeThreaded, Implementation, Locked, Release, Version};
    let is = |name: &str, version: &str, build: &str| -> Interpreter {
        let folder = tempdir().unwrap();
        let path = folder.path().join("python");
        let mut answer = if name == "pypy" { pypy(&path, version) } else { cpython(&path, version) };
        answer["full"]["gil_disabled"] = json!(build.contains('t'));
        answer["full"]["debug"] = json!(build.contains('d'));
        prober().probe(&python(&path, &answer)).unwrap()
    };
    for (request, interpreter, fits) in [
        ("3", ("c", "3.12.1", ""), None),
        ("3.12", ("c", "3.12.1", ""), None),
        ("3.1", ("c", "3.12.1", ""), Some(Version)),
        ("3.12.1", ("c", "3.12.1", ""), None),
        ("3.12.1", ("c", "3.12.10", ""), Some(Version)),
        ("3.12", ("c", "3.12.1+local", ""), None),
        ("3.14", ("c", "3.14.0rc1", ""), None),
        ("3.14.0rc1", ("c", "3.14.0rc1", ""), None),
        ("3.14.0rc1", ("c", "3.14.0rc1+local", ""), None),
        ("3.14.0rc1", ("c", "3.14.0", ""), Some(Version)),
        (">=3.14", ("c", "3.14.0rc1", ""), None),
        (">=3.14.0rc2", ("c", "3.14.0rc1", ""), Some(Version)),
        (">=3.14.0rc1", ("c", "3.14.0rc1", ""), None),
        (">=3.11,<3.12", ("c", "3.11.7", ""), None),
        (">=3.11,<3.12", ("c", "3.12.0", ""), Some(Version)),
        ("==3.12.*", ("c", "3.12.4", ""), None),
        ("3.9", ("pypy", "3.9.16", ""), None),
        ("pypy", ("pypy", "3.9.16", ""), None),
        ("pypy3.9", ("pypy", "3.9.16", ""), None),
        ("pypy3.10", ("pypy", "3.9.16", ""), Some(Version)),
        ("pypy", ("c", "3.9.16", ""), Some(Implementation)),
        ("cpython", ("pypy", "3.9.16", ""), Some(Implementation)),
        ("3.13", ("c", "3.13.0", "t"), Some(FreeThreaded)),
        (">=3.13", ("c", "3.13.0", "t"), Some(FreeThreaded)),
        ("3.13t", ("c", "3.13.0", "t"), None),
        ("3.13t", ("c", "3.13.0", ""), Some(Locked)),
        ("cpython", ("c", "3.13.0", "t"), None),
        ("3.13", ("c", "3.13.0", "d"), Some(Debug)),
        ("3.13d", ("c", "3.13.0", "d"), None),
        ("3.13d", ("c", "3.13.0", ""), Some(Release)),
        ("3.13td", ("c", "3.13.0", "td"), None),
        ("3.13td", ("c", "3.13.0", "t"), Some(Release)),
        ("python+debug", ("c", "3.13.0", ""), Some(Release)),
    ] {
        let Request::Fitting(wish) = request.parse().unwrap() else { panic!("{request}") };
        let (name, version, build) = interpreter;
        assert_eq!(wish.check(&is(name, version, build)).err(), fits, "{request} and {interpreter:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,12}|[0-9.<>=~!,+tdcpyhonr@ ]{0,16}") {
        if let Ok(request) = text.parse::<Request>() {
            let again = request.to_string().parse::<Request>();
            prop_assert_eq!(again, Ok(request));
        }
    }
}
