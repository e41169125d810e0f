//! Every archive of the corpus gets its verdict, from a complete file.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    os::unix::fs::PermissionsExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};
use towline_unpack::{Codec, UnpackError, Unpacker, decoder};

use crate::{
    fixtures::{Case, Expect, cases},
    room::{Room, hex, unpack},
};

/// Generous: the slowest ones write 64 MiB, in a debug build beside other work.
const AT_MOST: Duration = Duration::from_secs(60);

#[test]
fn every_archive_gets_its_verdict() {
    let unpacker = Unpacker::new(2).unwrap();
    every(|case| !is_stream(case), |case| judge(&unpacker, case));
}

#[test]
fn every_bare_stream_gets_its_verdict() {
    every(is_stream, judge_stream);
}

/// Prints a table of files and verdicts.
fn every(which: impl Fn(&Case) -> bool, judge: impl Fn(&Case) -> Result<String, String>) {
    let mut table = String::new();
    let (mut right, mut wrong) = (0, Vec::new());
    for case in cases().iter().filter(|case| which(case)) {
        let began = Instant::now();
        let judged = catch_unwind(AssertUnwindSafe(|| judge(case))).unwrap_or_else(|_| Err("panic".into()));
        let judged = judged.and_then(|said| {
            let took = began.elapsed();
            if took < AT_MOST { Ok(said) } else { Err(format!("took {took:?}; {said}")) }
        });
        let (mark, said) = match &judged {
            Ok(said) => ("ok   ", said),
            Err(why) => ("WRONG", why),
        };
        let line = format!("{mark} {:<6} {}: {said}", format!("{:?}", case.expect).to_lowercase(), case.label());
        let _ = writeln!(table, "{line}");
        if judged.is_ok() { right += 1 } else { wrong.push(line) }
    }
    print!("{table}");
    println!("{right} files have their verdict, {} have not", wrong.len());
    assert!(wrong.is_empty(), "{} verdicts are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

pub(crate) fn is_stream(case: &Case) -> bool {
    let name = case.name();
    name.ends_with(".deflate") || (name.ends_with(".zst") && !name.ends_with(".tar.zst"))
}

/// `Ok`: what happened, and it may. `Err`: what happened instead.
fn judge(unpacker: &Unpacker, case: &Case) -> Result<String, String> {
    let room = Room::new();
    let result = unpack(unpacker, case.bytes(), case.name(), &room);
    if !room.outside_is_untouched() {
        return Err("something happened outside the target".to_owned());
    }
    match (result, case.expect) {
        (Ok(_), Expect::Reject) => Err(format!("accepted, with {:?}", names(&room.contents()))),
        (Ok(unpacked), _) => {
            if let Some(unseemly) = room.unseemly() {
                return Err(unseemly);
            }
            let contents = room.contents();
            if unpacked.files + unpacked.links != contents.len() as u64 {
                return Err(format!("{unpacked:?} for {} files and links", contents.len()));
            }
            match case.contents.as_ref().map(normal) {
                Some(wanted) if wanted != without_known(case, &contents) => Err(differs(&wanted, &contents)),
                _ => Ok(format!("{} files, {} links, {} bytes", unpacked.files, unpacked.links, unpacked.bytes)),
            }
        }
        (Err(UnpackError::Archive(error)), Expect::Reject | Expect::Either) => Ok(error.to_string()),
        (Err(error), _) => Err(format!("{error} ({error:?})")),
    }
}

fn judge_stream(case: &Case) -> Result<String, String> {
    let codec = if case.name().ends_with(".zst") { Codec::Zstd } else { Codec::Deflate };
    let mut decoder = decoder(codec, Arc::new(case.bytes()));
    let (mut digest, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 64 << 10]);
    let end = loop {
        match decoder.decode(&mut buffer) {
            Ok(0) => break Ok(()),
            Ok(read) => {
                digest.update(&buffer[..read]);
                bytes += read;
            }
            Err(error) => break Err(error),
        }
    };
    match (end, case.expect) {
        (Ok(()), Expect::Reject) => Err(format!("accepted, with {bytes} bytes")),
        (Ok(()), _) => match (&case.decoded, hex(&digest.finalize())) {
            (Some(wanted), found) if *wanted != found => Err(format!("{bytes} bytes of {found}")),
            _ => Ok(format!("{bytes} bytes")),
        },
        (Err(UnpackError::Archive(error)), Expect::Reject | Expect::Either) => Ok(error.to_string()),
        (Err(error), _) => Err(format!("{error} ({error:?})")),
    }
}

/// Members that the index leaves out although, by its own words, they may be there.
const KNOWN: [(&str, &[&str]); 4] = [
    ("hard_inside-1.0.tar.gz", &["hard_inside-1.0/again.py"]),
    ("t_case-1.0.tar.gz", &["t_case-1.0/X.py", "t_case-1.0/x.py"]),
    ("t_sym_loop-1.0.tar.gz", &["t_sym_loop-1.0/loop"]),
    ("t_twotop-1.0.tar.gz", &["other-1.0/x.py"]),
];

fn without_known(case: &Case, contents: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let known = KNOWN.iter().filter(|(file, _)| *file == case.name()).flat_map(|(_, names)| *names).collect::<Vec<_>>();
    contents
        .iter()
        .filter(|(name, _)| !known.contains(&&name.as_str()))
        .map(|(name, is)| (name.clone(), is.clone()))
        .collect()
}

/// Names as they stand in the corpus, as places in the target; hard links as the files they are.
fn normal(wanted: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let normal =
        |name: &str| name.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/");
    let content = |content: &String| match content.strip_prefix("hardlink:") {
        Some(target) => wanted[target].clone(),
        None => content.clone(),
    };
    wanted.iter().map(|(name, is)| (normal(name), content(is))).collect()
}

fn differs(wanted: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> String {
    let of = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>| {
        a.iter()
            .filter(|(name, content)| b.get(*name) != Some(content))
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    format!("other contents: missing or different {:?}, not asked for {:?}", of(wanted, found), of(found, wanted))
}

fn names(contents: &BTreeMap<String, String>) -> Vec<&String> {
    contents.keys().collect()
}

#[test]
fn what_is_executable_stays_so() {
    let unpacker = Unpacker::new(1).unwrap();
    for case in cases() {
        let executable: &[&str] = match case.name() {
            "good_exec-1.0-py3-none-any.whl" => &["good_exec/run.sh"],
            "good_exec_s-1.0.tar.gz" => &["good_exec_s-1.0/run.sh"],
            "mode_zero-1.0-py3-none-any.whl" | "good_basic-1.0-py3-none-any.whl" => &[],
            _ => continue,
        };
        let room = Room::new();
        unpack(&unpacker, case.bytes(), case.name(), &room).unwrap();
        for name in room.contents().into_keys() {
            let mode = fs::metadata(room.target().join(&name)).unwrap().permissions().mode();
            // For everybody who may read it, and nobody may do what the umask forbids.
            let wanted = if executable.contains(&name.as_str()) { (mode & 0o444) >> 2 } else { 0 };
            assert_eq!(mode & 0o111, wanted, "{}: {name} has the mode {mode:o}", case.label());
        }
    }
}
