//! Virtual environments, made by the interpreters of this machine.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::Path,
    process::{Command, Stdio},
};

use tempfile::tempdir;
use towline_python::Interpreter;

use crate::{fake::prober, real::interpreters};

/// Makes an environment; some installations cannot.
fn environment(of: &Interpreter, folder: &Path) -> bool {
    let mut command = Command::new(&of.executable);
    command.args(["-m", "venv", "--without-pip"]).arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
    let made = command.status().unwrap().success();
    if !made {
        println!("{of} makes no virtual environment in {}", folder.display());
    }
    made
}

#[test]
fn an_environment_is_told_from_its_base() {
    let mut made = 0;
    for base in interpreters() {
        // Nor need its name be text.
        let root = tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let names: [&[u8]; 2] = [b"env \xff\xc3\xa9", b"env \xc3\xa9"];
        let mut folders = names.into_iter().map(|name| root.join(OsStr::from_bytes(name)));
        // From 3.11 on `venv` itself wants text.
        let Some(folder) = folders.find(|folder| environment(&base, folder)) else { continue };
        made += 1;
        let found = prober().probe(&folder.join("bin/python")).unwrap();
        assert!(found.in_venv(), "{found}");
        assert_eq!((&found.prefix, &found.base_prefix), (&folder, &base.base_prefix), "{found}");
        assert_eq!(found.executable, folder.join("bin/python"));
        assert_eq!((&found.version, &found.markers), (&base.version, &base.markers));
        assert_eq!(found.tags.to_string(), base.tags.to_string());
        assert_eq!(found.scheme, base.venv_scheme.below(&folder), "{found}");
        assert_eq!(found.venv_scheme, base.venv_scheme, "{found}");
        assert!(found.scheme.purelib.is_dir(), "{found}: {}", found.scheme.purelib.display());
    }
    println!("{made} environments");
}

#[test]
fn what_is_installed_there_is_not_run() {
    for base in interpreters() {
        let root = tempdir().unwrap();
        let folder = root.path().join("env");
        if !environment(&base, &folder) {
            continue;
        }
        let packages = base.venv_scheme.below(&folder).purelib;
        let breaks = "import os; os.write(1, b'\\n@towline-probe {}\\n'); os._exit(7)";
        for name in
            ["sitecustomize.py", "usercustomize.py", "json.py", "platform.py", "struct.py", "_manylinux.py", "bad.pth"]
        {
            fs::write(packages.join(name), breaks).unwrap();
        }
        // Against the rules, these are run when the interpreter is used as usual.
        let usual = Command::new(folder.join("bin/python")).args(["-c", ""]).stdout(Stdio::null()).status().unwrap();
        assert!(!usual.success(), "{base}: the trap works");
        let found = prober().probe(&folder.join("bin/python")).unwrap();
        assert_eq!(found.version, base.version);
        let left =
            fs::read_dir(&packages).unwrap().filter(|entry| entry.as_ref().unwrap().file_name() == "__pycache__");
        assert_eq!(left.count(), 0, "{base}: no .pyc files are written");
    }
}
