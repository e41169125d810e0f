//! `towline download`: the right files, all of them, whatever the network does.

mod kills;
mod lists;
mod locks;
mod odd;
mod pages;
mod sets;

use std::process::Command;

use towline_faults::{Content, File, Script};

use crate::support::{Case, FAST, Run, is_content, program};

/// A set of files: their names, and what is in them.
pub(crate) struct Set {
    files: Vec<(String, u64)>,
}

impl Set {
    /// So many wheels, of the sizes that wheels have: most are small, some are not.
    pub(crate) fn new(count: u64) -> Self {
        let size = |at: u64| match at % 10 {
            0 => 3_000_000,
            1..=3 => 300_000 + at * 1_111,
            _ => 20_000 + at * 777,
        };
        Self { files: (0..count).map(|at| (format!("pkg{at}-1.{at}-py3-none-any.whl"), size(at))).collect() }
    }

    pub(crate) fn path(&self, at: usize) -> String {
        format!("/files/{}", self.files[at].0)
    }

    pub(crate) fn name(&self, at: usize) -> &str {
        &self.files[at].0
    }

    pub(crate) fn content(&self, at: usize) -> Content {
        Content::generated(self.files[at].1, at as u64)
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    pub(crate) fn size(&self) -> u64 {
        self.files.iter().map(|(_, size)| size).sum()
    }

    /// What is asked for: exact versions.
    pub(crate) fn requirements(&self) -> Vec<String> {
        (0..self.len()).map(|at| format!("pkg{at}==1.{at}")).collect()
    }

    /// The origin that has them, as an index and as files.
    pub(crate) fn case(&self, rules: impl FnOnce(Script) -> Script) -> Case {
        let script = (0..self.len())
            .fold(Script::new(), |script, at| script.file(File::generated(self.path(at), self.files[at].1, at as u64)));
        Case::new(rules(script))
    }

    /// The files that are there and right.
    pub(crate) fn right(&self, case: &Case) -> usize {
        (0..self.len()).filter(|&at| is_content(&case.out().join(self.name(at)), &self.content(at))).count()
    }
}

/// `towline download` with this case's index, cache, events and fast waits, for a target that needs no interpreter.
pub(crate) fn command(case: &Case) -> Command {
    let mut command = program();
    command.arg("download").args(FAST).args(["--python-version", "3.12", "--platform", "linux"]);
    command.arg("--index-url").arg(case.server.url("/simple/")).arg("-d").arg(case.out());
    command.arg("--cache-dir").arg(case.dir.path().join("cache")).arg("--events").arg(case.events());
    command
}

pub(crate) fn run(case: &Case, more: &[&str]) -> Run {
    let mut command = command(case);
    command.args(more);
    case.finish(command)
}

/// Requests for files, not for pages.
pub(crate) fn bodies(case: &Case) -> usize {
    case.requests().iter().filter(|entry| entry.path.starts_with("/files/")).count()
}
