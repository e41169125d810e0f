//! Every archive of the corpus gets its verdict, from a complete file.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use towline_unpack::{UnpackError, Unpacker};

use crate::{
    fixtures::{Case, Expect, cases},
    room::{Room, unpack},
};

/// Generous: the slowest ones write 64 MiB, in a debug build beside other work.
const AT_MOST: Duration = Duration::from_secs(60);

#[test]
fn every_archive_gets_its_verdict() {
    let unpacker = Unpacker::new(2).unwrap();
    let mut table = String::new();
    let (mut right, mut wrong) = (0, Vec::new());
    for case in cases().iter().filter(|case| !is_stream(case)) {
        let began = Instant::now();
        let judged = catch_unwind(AssertUnwindSafe(|| judge(&unpacker, case))).unwrap_or_else(|_| Err("panic".into()));
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
    println!("{right} archives have their verdict, {} have not", wrong.len());
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
            match &case.contents {
                Some(wanted) if normal(wanted) != contents => Err(differs(&normal(wanted), &contents)),
                _ => Ok(format!("{} files, {} links, {} bytes", unpacked.files, unpacked.links, unpacked.bytes)),
            }
        }
        (Err(UnpackError::Archive(error)), Expect::Reject | Expect::Either) => Ok(error.to_string()),
        (Err(error), _) => Err(format!("{error} ({error:?})")),
    }
}

/// Names as they stand in the corpus, as places in the target.
fn normal(wanted: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let normal =
        |name: &str| name.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/");
    wanted.iter().map(|(name, content)| (normal(name), content.clone())).collect()
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
