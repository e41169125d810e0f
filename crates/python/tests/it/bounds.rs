//! Programs that hang, die, talk rubbish, or cannot be run: each gets an error with its path, its end and its words.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::tempdir;
use towline_python::{ProbeError, Prober};

use crate::fake::{PATIENT, cpython, prober, python, says, script};

/// For those that hang.
const SHORT: Duration = Duration::from_millis(400);

fn error_of(body: &str, limit: Duration) -> (ProbeError, String) {
    let folder = tempdir().unwrap();
    let path = script(&folder.path().join("python"), body);
    let error = Prober::new(limit).probe(&path).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(path.to_str().unwrap()), "{text} names the file");
    assert!(!text.contains(['\n', '\u{1b}']), "{text:?} is one line");
    (error, text)
}

#[test]
fn what_ends_by_itself_without_an_answer() {
    for (body, parts) in [
        ("", &["gave no answer", "said nothing", "no Python"][..]),
        ("echo hello; echo there", &["gave no answer: hello | there"]),
        ("echo out; echo err >&2", &["gave no answer: err"]),
        ("echo ' @towline-probe {}'", &["gave no answer"]),
        ("exit 3", &["exit status: 3", "said nothing"]),
        ("echo broken >&2; exit 3", &["exit status: 3: broken", "3.6 or later"]),
        ("kill -SEGV $$", &["signal: 11"]),
        ("printf 'a\\033[2Jb\\377c\\n'; exit 1", &["a [2Jb\u{fffd}c"]),
        ("echo '@towline-probe {'", &["cannot be read", "EOF while parsing"]),
        ("echo '@towline-probe 7'", &["cannot be read"]),
        ("echo '@towline-probe {\"full\": {}}'", &["cannot be read", "missing field"]),
        ("echo '@towline-probe {\"too_old\": \"3.5.2\"}'", &["is Python 3.5.2", "3.6 is the oldest"]),
    ] {
        let (error, text) = error_of(body, PATIENT);
        for part in parts {
            assert!(text.contains(part), "`{body}`: {text} has {part}");
        }
        assert!(!matches!(error, ProbeError::Hung { .. } | ProbeError::TooMuch { .. }), "{error:?}");
    }
}

#[test]
fn an_answer_and_a_failure_is_a_failure() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("python");
    let body = format!("{}\nexit 1", says(&cpython(&path, "3.12.1")));
    let error = prober().probe(&script(&path, &body)).unwrap_err();
    assert!(matches!(error, ProbeError::Failed { .. }), "{error}");
}

#[test]
fn what_was_said_is_cut() {
    let (_, text) = error_of("for n in 1 2 3 4 5 6 7; do echo line$n; done; exit 1", PATIENT);
    assert!(text.ends_with("line1 | line2 | line3 | line4 | line5"), "{text}");
    let (_, text) = error_of("head -c 5000 /dev/zero | tr '\\0' x; exit 1", PATIENT);
    assert!(text.ends_with(&format!(": {}…", "x".repeat(400))), "{text}");
}

#[test]
fn what_hangs_is_killed_with_all_it_started() {
    for body in [
        "echo working; exec sleep 300",
        "echo working; sleep 300; echo done",
        "echo working; sleep 300 & wait",
        "echo working; trap '' TERM INT HUP; while :; do sleep 300; done",
        // Closed streams are no end.
        "echo working; exec >&- 2>&-; sleep 300",
    ] {
        let started = Instant::now();
        let (error, text) = error_of(body, SHORT);
        assert!(matches!(error, ProbeError::Hung { .. }), "`{body}`: {error:?}");
        assert!(started.elapsed() > SHORT && started.elapsed() < PATIENT, "`{body}`: {:?}", started.elapsed());
        assert!(text.contains("within 400ms"), "{text}");
    }
}

#[test]
fn nothing_is_left_running() {
    let folder = tempdir().unwrap();
    let (path, note) = (folder.path().join("python"), folder.path().join("pid"));
    let leave = format!("sleep 300 & echo $! > '{}'", note.display());
    let answers = says(&cpython(&path, "3.12.1"));
    for (body, limit, answered) in [
        // It holds the streams open after the end of the one that was asked.
        (format!("{leave}\n{answers}"), PATIENT, true),
        (format!("{leave}\nwait"), SHORT, false),
        (format!("{leave}\nexec cat /dev/zero"), PATIENT, false),
    ] {
        let started = Instant::now();
        assert_eq!(Prober::new(limit).probe(&script(&path, &body)).is_ok(), answered, "{body}");
        assert!(started.elapsed() < PATIENT, "{body}");
        let pid = fs::read_to_string(&note).unwrap();
        while runs(pid.trim()) {
            assert!(started.elapsed() < PATIENT, "{pid} still runs: {body}");
            thread::yield_now();
        }
    }
}

/// Whether a process exists and is no zombie.
fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

#[test]
fn much_is_read_and_no_more() {
    const LIMIT: usize = 1 << 20;
    let folder = tempdir().unwrap();
    let path = folder.path().join("python");
    let answer = says(&cpython(&path, "3.12.1"));
    let line = format!("noise of a wrapper\n@towline-probe {}\n", cpython(&path, "3.12.1"));
    for (body, fine) in [
        (format!("head -c {} /dev/zero; echo; {answer}", LIMIT - line.len() - 1), true),
        (format!("head -c {} /dev/zero; echo; {answer}", LIMIT - line.len()), false),
        (format!("head -c {LIMIT} /dev/zero >&2; {answer}"), true),
        (format!("head -c {} /dev/zero >&2; {answer}", LIMIT + 1), false),
        ("exec cat /dev/zero".to_owned(), false),
        ("exec cat /dev/zero >&2".to_owned(), false),
    ] {
        match prober().probe(&script(&path, &body)) {
            Ok(_) => assert!(fine, "{body}"),
            Err(ProbeError::TooMuch { limit: LIMIT, .. }) => assert!(!fine, "{body}"),
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[test]
fn what_cannot_be_started() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("plain"), "hello\n").unwrap();
    fs::write(at("empty"), "").unwrap();
    fs::set_permissions(at("empty"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(at("folder")).unwrap();
    script(&at("orphan"), "");
    fs::write(at("orphan"), "#!/nowhere/python\n").unwrap();
    std::os::unix::fs::symlink("nowhere", at("dangling")).unwrap();
    for (name, parts) in [
        ("plain", &["Permission denied", "make it executable"][..]),
        ("folder", &["Permission denied"]),
        ("missing", &["No such file", "that exists"]),
        ("dangling", &["No such file"]),
        ("orphan", &["No such file", "whose loader does"]),
        ("empty", &["Exec format"]),
    ] {
        let error = prober().probe(&at(name)).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, ProbeError::Start { .. }), "{name}: {text}");
        assert!(parts.iter().chain(&[name]).all(|part| text.contains(part)), "{text}");
    }
}

#[test]
fn answers_that_cannot_be() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("python");
    for (pointer, value, part) in [
        ("/full/markers/python_full_version", json!("three"), "version that cannot be read"),
        ("/full/markers/implementation_version", json!(""), "version that cannot be read"),
        ("/full/markers/implementation_name", json!("jython"), "no wheel can be chosen"),
        ("/full/markers/implementation_name", json!("snakepy"), "snakepy"),
        ("/full/platform", json!("win-amd64"), "`win-amd64` is none"),
        ("/full/platform", json!("linux-pdp11"), "processor is not known"),
        ("/full/prefix", json!("/\u{100}"), "stands for no byte"),
        ("/full/version", json!([3, 300, 0]), "cannot be read"),
        ("/full/executable", Value::Null, "cannot be read"),
    ] {
        let mut answer = cpython(&path, "3.12.1");
        *answer.pointer_mut(pointer).unwrap() = value;
        let error = prober().probe(&python(&path, &answer)).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains(path.to_str().unwrap()), "{pointer}: {error}");
    }
}

#[test]
fn an_answer_is_taken_as_it_is() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("python");
    let mut answer = cpython(&path, "3.13.0+local");
    answer["full"]["prefix"] = json!("/\u{ff}a\u{80}");
    answer["full"]["gil_disabled"] = json!(true);
    answer["full"]["debug"] = json!(true);
    answer["full"]["base_executable"] = json!("/base/python");
    let found = prober().probe(&python(&path, &answer)).unwrap();
    assert_eq!(found.to_string(), format!("CPython 3.13.0+local free-threaded debug at {}", path.display()));
    assert_eq!(found.prefix.as_os_str().as_encoded_bytes(), b"/\xffa\x80");
    assert_eq!(found.base_executable, Path::new("/base/python"));
    assert_eq!(found.release(), [3, 13, 0]);
    assert!(found.in_venv());
    assert!(found.tags.to_string().starts_with("cp313-cp313td-manylinux_2_36_x86_64\n"), "{}", found.tags);
    assert!(!found.tags.to_string().contains("abi3-"));
    // The last answer counts; standard input is empty; an interpreter that does not know itself is what was run.
    answer["full"]["executable"] = json!("");
    let first = says(&cpython(&path, "3.9.1"));
    let found = prober().probe(&script(&path, &format!("{first}\ncat\n{}", says(&answer)))).unwrap();
    assert_eq!((found.release(), found.executable), ([3, 13, 0], path));
}

#[test]
fn pypy_builds_are_no_builds_of_cpython() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("pypy3");
    let mut answer = crate::fake::pypy(&path, "3.9.16");
    answer["full"]["debug"] = json!(true);
    let found = prober().probe(&python(&path, &answer)).unwrap();
    assert!(found.build.debug);
    assert_eq!((found.implementation.name.as_str(), found.implementation.version), ("pypy", (7, 3)));
    assert!(found.tags.to_string().starts_with("pp39-pypy39_pp73-manylinux_2_36_x86_64\n"));
}
