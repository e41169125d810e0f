//! Small good and bad locks, each with its verdict.

use std::fs;

use serde::Deserialize;
use towline_catalog::lock::{Lock, Selection};

use super::{fixtures, shown, targets};

#[derive(Deserialize)]
struct Index {
    files: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    file: String,
    expect: String,
    why: String,
    env: String,
    packaging: String,
}

/// Good locks of what is no file: it is named.
const NO_FILES: [&str; 2] = ["pylock.ok_vcs.toml", "pylock.ok_directory.toml"];

/// The build number decides between wheels of one tag, says the specification; `packaging` does not ask it here.
const HIGHER_BUILD: (&str, &str) = ("pylock.ok_best_wheel.toml", "alpha-1.0-2-cp312-cp312-manylinux_2_17_x86_64.whl");

#[test]
fn verdicts() {
    let Some(fixtures) = fixtures() else { return };
    let targets = targets(&fixtures);
    let folder = fixtures.join("locks/handmade/pylock");
    let index: Index = serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    assert!(index.files.len() >= 53, "{}", index.files.len());
    let mut wrong = Vec::new();
    for case in &index.files {
        let read = Lock::read(&folder.join(&case.file));
        let got = read.and_then(|lock| lock.choose(&targets[&case.env], &Selection::default()));
        let no_file = got.as_ref().is_ok_and(|locked| locked.files.is_empty() && locked.left_out.len() == 1);
        let got = got.map(|locked| locked.files);
        let said = match &got {
            Ok(chosen) => format!("ok {}", shown(chosen).join(", ")),
            Err(error) => error.to_string().replace(&format!("{}/", folder.display()), ""),
        };
        println!("{:<34} {:<7} {said}", case.file, case.expect);
        let right = match case.expect.as_str() {
            "accept" if NO_FILES.contains(&case.file.as_str()) => no_file,
            "accept" if case.file == HIGHER_BUILD.0 => {
                got.as_ref().is_ok_and(|chosen| matches!(&**chosen, [one] if one.file.name.as_str() == HIGHER_BUILD.1))
            }
            "accept" => got.as_ref().is_ok_and(|chosen| {
                chosen.iter().all(|choice| {
                    case.packaging.contains(&format!("\"{}\"", choice.package))
                        && (case.packaging.contains(&format!("\"{}\"", choice.file.name))
                            || case.packaging.contains("\"archive\", null"))
                }) && case.packaging.matches("[\"").count() == chosen.len()
            }),
            // A sentence with the file, a line, and a way out.
            "reject" => got.is_err() && said.starts_with(&format!("{}:", case.file)) && said.contains("; "),
            _ => true,
        };
        if !right {
            wrong.push(format!("{} ({}): {said}", case.file, case.why));
        }
    }
    assert_eq!(wrong, [] as [String; 0]);
}
