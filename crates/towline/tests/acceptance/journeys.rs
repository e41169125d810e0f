//! Files of all sizes over links that break.

use towline_faults::{Action, At, Content, Etag, File, Rule, Script};

use crate::support::{Case, figure, full, is_content, journal_equals_log};

/// Sizes of the claims, by name.
fn sizes() -> Vec<(&'static str, u64)> {
    let mut sizes = vec![("2 KB", 2_000), ("40 KB", 40_000), ("600 KB", 600_000), ("17 MB", 17_000_000)];
    if full() {
        sizes.push(("1 GB", 1_000_000_000));
    }
    sizes
}

/// What vouches for a file.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Vouch {
    Digest,
    StrongETag,
}

const VOUCHES: [Vouch; 2] = [Vouch::Digest, Vouch::StrongETag];

/// A case with one file, and the arguments that its digest asks for.
fn case(size: u64, vouch: Vouch, rules: impl FnOnce(Script) -> Script) -> (Case, Content, Vec<String>) {
    let content = Content::generated(size, size);
    let etag = match vouch {
        Vouch::Digest => Etag::None,
        Vouch::StrongETag => Etag::Strong("v1".to_owned()),
    };
    let case = Case::new(rules(Script::new().file(File::generated("/a.whl", size, size).etag(etag))));
    let more = match vouch {
        Vouch::Digest => vec!["--sha256".to_owned(), content.sha256()],
        Vouch::StrongETag => Vec::new(),
    };
    (case, content, more)
}

fn strs(more: &[String]) -> Vec<&str> {
    more.iter().map(String::as_str).collect()
}

#[test]
fn a_reset_at_half_costs_two_requests_and_the_file_once() {
    for (name, size) in sizes() {
        for vouch in VOUCHES {
            let rst = |script: Script| script.rule(Rule::on("/a.whl").nth(1).act(Action::RstAt(At::Fraction(0.5))));
            let (case, content, more) = case(size, vouch, rst);
            let run = case.run(&["/a.whl"], &strs(&more));
            run.expect(0);
            assert!(is_content(&case.out().join("a.whl"), &content), "{name} {vouch:?}");
            let (requests, ratio) = (case.requests().len(), case.sent() as f64 / size as f64);
            figure("reset at half", &format!("{name}, {vouch:?}: {requests} requests, {ratio:.4} times the bytes"));
            assert_eq!(requests, 2, "{name} {vouch:?}\n{}", run.stderr);
            assert!(ratio <= if size >= 17_000_000 { 1.01 } else { 1.0 }, "{name} {vouch:?}: {ratio}");
            journal_equals_log(&case.requests(), &[&run]);
        }
    }
}
