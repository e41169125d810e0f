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

/// Runs one file to its end and checks it: exit code, bytes, journal == log. Gives requests and the bytes sent, in files.
#[track_caller]
fn arrives(case: &Case, content: &Content, more: &[String], what: &str) -> (usize, f64) {
    let run = case.run(&["/a.whl"], &strs(more));
    assert_eq!(run.code, Some(0), "{what}\n{}", run.stderr);
    assert!(is_content(&case.out().join("a.whl"), content), "{what}: other bytes");
    journal_equals_log(&case.requests(), &[&run]);
    (case.requests().len(), case.sent() as f64 / content.size() as f64)
}

#[test]
fn a_reset_at_half_costs_two_requests_and_the_file_once() {
    for (name, size) in sizes() {
        for vouch in VOUCHES {
            let rst = |script: Script| script.rule(Rule::on("/a.whl").nth(1).act(Action::RstAt(At::Fraction(0.5))));
            let (case, content, more) = case(size, vouch, rst);
            let (requests, ratio) = arrives(&case, &content, &more, name);
            figure("reset at half", &format!("{name}, {vouch:?}: {requests} requests, {ratio:.4} times the bytes"));
            assert_eq!(requests, 2, "{name} {vouch:?}");
            assert!(ratio <= if size >= 17_000_000 { 1.01 } else { 1.0 }, "{name} {vouch:?}: {ratio}");
        }
    }
}

#[test]
fn a_link_cut_every_5_percent_finishes_with_1_01_times_the_bytes() {
    for (name, size) in sizes() {
        for vouch in VOUCHES {
            let lossy = |script: Script| script.rule(Rule::on("/a.whl").act(Action::Every(At::Fraction(0.05))));
            let (case, content, more) = case(size, vouch, lossy);
            let (requests, ratio) = arrives(&case, &content, &more, name);
            figure("cut every 5 %", &format!("{name}, {vouch:?}: {requests} requests, {ratio:.4} times the bytes"));
            assert!((20..=22).contains(&requests), "{name} {vouch:?}: {requests}");
            assert!(ratio <= 1.01, "{name} {vouch:?}: {ratio}");
        }
    }
}

#[test]
fn a_link_cut_every_32_kib_finishes_with_1_01_times_the_bytes() {
    for vouch in VOUCHES {
        let lossy = |script: Script| script.rule(Rule::on("/a.whl").act(Action::Every(At::Byte(32 * 1024))));
        let (case, content, more) = case(600_000, vouch, lossy);
        let (requests, ratio) = arrives(&case, &content, &more, "600 KB");
        figure("cut every 32 KiB", &format!("600 KB, {vouch:?}: {requests} requests, {ratio:.4} times the bytes"));
        assert!(requests <= 20 && ratio <= 1.01, "{vouch:?}: {requests} requests, {ratio}");
    }
}

#[test]
fn one_byte_a_connection_for_ever_fails_after_retries_plus_1() {
    for (name, size) in sizes() {
        for vouch in VOUCHES {
            let drip = |script: Script| script.rule(Rule::on("/a.whl").act(Action::Every(At::Byte(1))));
            let (case, _, more) = case(size, vouch, drip);
            let run = case.run(&["/a.whl"], &strs(&more));
            run.expect(3);
            assert_eq!(case.requests().len(), 9, "{name} {vouch:?}\n{}", run.stderr);
            assert!(!case.out().join("a.whl").exists(), "{name} {vouch:?}: a half file at its place");
            journal_equals_log(&case.requests(), &[&run]);
        }
        figure("one byte a connection", &format!("{name}: fails after 9 requests"));
    }
}

#[test]
fn without_range_the_result_is_right() {
    for (name, size) in sizes() {
        for vouch in VOUCHES {
            let rules = |script: Script| {
                script
                    .rule(Rule::on("/a.whl").nth(1).act(Action::RstAt(At::Fraction(0.5))).act(Action::NoRanges))
                    .rule(Rule::on("/a.whl").act(Action::NoRanges))
            };
            let (case, content, more) = case(size, vouch, rules);
            let (requests, ratio) = arrives(&case, &content, &more, name);
            figure(
                "server without Range",
                &format!("{name}, {vouch:?}: {requests} requests, {ratio:.4} times the bytes"),
            );
            assert!(requests == 2 && ratio <= 1.51, "{name} {vouch:?}: {requests} requests, {ratio}");
        }
    }
}

#[test]
fn an_outage_of_40_seconds_is_ridden_out() {
    // A hundredth of the law's waits meets a hundredth of the outage; with TOWLINE_FULL the real ones do.
    let (outage, waits) = if full() { (40.0, ["500ms", "30"]) } else { (0.4, ["5ms", "300ms"]) };
    for (name, size) in sizes().into_iter().take(4) {
        for vouch in VOUCHES {
            if full() && (size != 17_000_000 || vouch == Vouch::StrongETag) {
                continue;
            }
            let rules = |script: Script| {
                let cut = Rule::on("/a.whl").nth(1).act(Action::RstAt(At::Fraction(0.5)));
                script.rule(cut).rule(Rule::on("/a.whl").nth(2).limit(1).act(Action::Outage(outage)))
            };
            let (case, content, mut more) = case(size, vouch, rules);
            more.extend(["--base-wait", waits[0], "--cap-wait", waits[1]].map(str::to_owned));
            let run = case.run(&["/a.whl"], &strs(&more));
            run.expect(0);
            assert!(is_content(&case.out().join("a.whl"), &content), "{name}: other bytes");
            let ratio = case.sent() as f64 / size as f64;
            let (attempts, took) = (run.attempts().len(), run.took.as_secs_f64());
            figure(
                "outage",
                &format!("{name}, {vouch:?}: {outage} s, {attempts} attempts, {took:.1} s, {ratio:.4} times the bytes"),
            );
            assert!(took >= outage && ratio <= 1.01, "{name} {vouch:?}: {took} s, {ratio}");
        }
    }
}

#[test]
fn one_junk_answer_in_the_middle_costs_one_attempt_and_no_byte() {
    let junk = || {
        [
            ("login page", Action::LoginPage),
            ("404 at the server's whim is not junk: 503", Action::Status(503)),
            ("garbage", Action::Garbage("What?\r\n\r\n".to_owned())),
            ("416", Action::NotSatisfiable(towline_faults::Total::Other(10))),
        ]
    };
    for (name, size) in sizes() {
        for vouch in VOUCHES {
            for (kind, action) in junk() {
                let rules = |script: Script| {
                    let cut = Rule::on("/a.whl").nth(1).act(Action::RstAt(At::Fraction(0.5)));
                    script.rule(cut).rule(Rule::on("/a.whl").nth(2).act(action))
                };
                let (case, content, more) = case(size, vouch, rules);
                let run = case.run(&["/a.whl"], &strs(&more));
                run.expect(0);
                assert!(is_content(&case.out().join("a.whl"), &content), "{name} {kind}: other bytes");
                journal_equals_log(&case.requests(), &[&run]);
                assert_eq!(case.requests().len(), 3, "{name} {vouch:?} {kind}\n{}", run.stderr);
                let held = |at: usize| run.attempts()[at]["to"].as_u64();
                assert_eq!(held(0), held(1), "{name} {vouch:?} {kind}: a byte was lost");
            }
        }
        figure("one junk answer", &format!("{name}: 3 requests, nothing of what was held is lost"));
    }
}

/// Two origins of the same file; what the first does is given.
fn mirrors(size: u64, vouch: Vouch, first: Rule) -> (Case, Case, Content, Vec<String>) {
    let (one, content, more) = case(size, vouch, |script| script.rule(first));
    let (two, _, _) = case(size, vouch, |script| script);
    (one, two, content, more)
}

#[test]
fn of_two_mirrors_one_may_die_lie_answer_404_or_cool() {
    let ways = || {
        [
            (
                "dies half way",
                Rule::on("/a.whl").nth(1).act(Action::RstAt(At::Fraction(0.5))),
                Some(Rule::on("/a.whl").act(Action::RstBeforeHead)),
            ),
            ("lies", Rule::on("/a.whl").act(Action::Corrupt(At::Fraction(0.3))), None),
            ("answers 404", Rule::on("/a.whl").act(Action::Status(404)), None),
            (
                "cools",
                Rule::on("/a.whl")
                    .act(Action::Status(429))
                    .act(Action::RetryAfter(towline_faults::RetryAfter::Seconds(60))),
                None,
            ),
        ]
    };
    for (name, size) in sizes() {
        for vouch in VOUCHES {
            for (way, rule, then) in ways() {
                if way == "lies" && vouch == Vouch::StrongETag {
                    continue;
                }
                let (one, two, content, more) = mirrors(size, vouch, rule);
                if let Some(then) = then {
                    one.server.set_script(
                        Script::new()
                            .file(File::generated("/a.whl", size, size).etag(Etag::Strong("v1".to_owned())))
                            .rule(Rule::on("/a.whl").nth(1).act(Action::RstAt(At::Fraction(0.5))))
                            .rule(then),
                    );
                }
                let mut more = more;
                more.extend(["--mirror".to_owned(), two.server.url("/a.whl")]);
                let run = one.run(&["/a.whl"], &strs(&more));
                run.expect(0);
                assert!(is_content(&one.out().join("a.whl"), &content), "{name} {vouch:?} {way}: other bytes");
                let (asked, other) = (one.requests().len(), two.requests());
                let mut journal = one.requests();
                journal.extend(two.requests());
                assert_eq!(journal.len(), run.attempts().len(), "{name} {vouch:?} {way}\n{}", run.stderr);
                let sent = (one.sent() + two.sent()) as f64 / size as f64;
                figure(
                    "mirrors",
                    &format!(
                        "{name}, {vouch:?}, first {way}: {asked} + {} requests, {sent:.4} times the bytes",
                        other.len()
                    ),
                );
                if way == "dies half way" {
                    assert_eq!(other[0].range, Some(format!("bytes={}-", size / 2)), "{name}: not at the same offset");
                    assert!(sent <= 1.01, "{name}: {sent}");
                }
            }
        }
    }
}

/// What happens, by which rules, and the exit code.
type Way = (&'static str, fn(Script) -> Script, i32);

#[test]
fn without_digest_and_validator_the_result_is_right_or_a_truthful_failure() {
    let ways: [Way; 4] = [
        ("reset at half", |script| script.rule(Rule::on("/a.whl").nth(1).act(Action::RstAt(At::Fraction(0.5)))), 0),
        ("cut every 5 %", |script| script.rule(Rule::on("/a.whl").act(Action::Every(At::Fraction(0.05)))), 3),
        (
            "one junk answer",
            |script| {
                let cut = Rule::on("/a.whl").nth(1).act(Action::RstAt(At::Fraction(0.5)));
                script.rule(cut).rule(Rule::on("/a.whl").nth(2).act(Action::LoginPage))
            },
            0,
        ),
        (
            "end of connection as end, cut once",
            |script| {
                let cut = Rule::on("/a.whl").nth(1).act(Action::CloseDelimited).act(Action::FinAt(At::Fraction(0.5)));
                script.rule(cut).rule(Rule::on("/a.whl").act(Action::CloseDelimited))
            },
            0,
        ),
    ];
    for (name, size) in sizes() {
        for (way, rules, code) in &ways {
            let content = Content::generated(size, size);
            let file = File::generated("/a.whl", size, size).etag(Etag::None).last_modified(None);
            let case = Case::new(rules(Script::new().file(file)));
            let run = case.run(&["/a.whl"], &[]);
            run.expect(*code);
            journal_equals_log(&case.requests(), &[&run]);
            let place = case.out().join("a.whl");
            match code {
                0 => assert!(is_content(&place, &content), "{name} {way}: other bytes"),
                _ => assert!(!place.exists(), "{name} {way}: a half file at its place"),
            }
            figure("nothing vouches", &format!("{name}, {way}: exit code {code}, {} requests", case.requests().len()));
        }
    }
}
