//! Row 7, and the command line as users meet it: settings, help, mistakes, exit codes, the text of a failure.

use std::process::Output;

use towline_faults::{Action, At, File, Rule, Script};

use super::story::{FILE, Story};
use crate::support::{Case, FAST, figure, program};

/// Every number of the law: option, variable, default as the help names it.
const SETTINGS: [(&str, &str, &str); 11] = [
    ("--retries", "TOWLINE_RETRIES", "8"),
    ("--connect-timeout", "TOWLINE_CONNECT_TIMEOUT", "10"),
    ("--header-timeout", "TOWLINE_HEADER_TIMEOUT", "60"),
    ("--stall-timeout", "TOWLINE_STALL_TIMEOUT", "30"),
    ("--crawl-timeout", "TOWLINE_CRAWL_TIMEOUT", "10m"),
    ("--max-wait", "TOWLINE_MAX_WAIT", "5m"),
    ("--max-time", "TOWLINE_MAX_TIME", "0"),
    ("--base-wait", "TOWLINE_BASE_WAIT", "500ms"),
    ("--cap-wait", "TOWLINE_CAP_WAIT", "30"),
    ("--max-redirects", "TOWLINE_MAX_REDIRECTS", "10"),
    ("--concurrency", "TOWLINE_CONCURRENCY", "16"),
];

fn output(args: &[&str], env: &[(&str, &str)]) -> Output {
    program().args(args).envs(env.iter().copied()).output().expect("the program runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn row_07_settings_that_mean_nothing_are_refused_by_name_before_anything_is_asked() {
    let story = Story::open("rst-at-half");
    let url = story.case.server.url(FILE);
    for (option, variable, _) in SETTINGS {
        for value in ["foo", "-1", "999999999999"] {
            for given in [vec!["get", &url, option, value], vec![option, value, "get", &url]] {
                let output = output(&given, &[]);
                assert_eq!(output.status.code(), Some(2), "{option} {value}");
                let text = stderr(&output);
                assert!(text.contains(option) && text.contains(value), "{option} {value}: {text}");
                assert!(!text.contains(variable), "{option} {value} did not come from {variable}: {text}");
            }
            let joined = format!("{option}={value}");
            assert_eq!(output(&["get", &url, &joined], &[]).status.code(), Some(2), "{joined}");
            let output = output(&["get", &url], &[(variable, value)]);
            assert_eq!(output.status.code(), Some(2), "{variable}={value}");
            let text = stderr(&output);
            assert!(text.contains(variable) && text.contains(value), "{variable}={value}: {text}");
        }
    }
    assert!(story.case.server.journal().is_empty(), "the server saw nothing");
    figure("bad settings", &format!("{} options and variables, 3 values each: exit 2, 0 requests", SETTINGS.len()));
}

#[test]
fn the_help_names_the_variable_and_the_default_of_every_number_of_the_law() {
    for args in [&["get", "--help"][..], &["--help"]] {
        let output = output(args, &[]);
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let law = text.split("Retry law").nth(1).expect("a section for the law");
        let law = law.split("General options").next().expect("its end");
        // One piece for each option: wrapping and blank lines do not matter.
        let pieces: Vec<String> =
            law.split("      --").skip(1).map(|piece| piece.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(pieces.len(), SETTINGS.len(), "{law}");
        for (option, variable, default) in SETTINGS {
            let name = option.trim_start_matches('-');
            let piece = pieces.iter().find(|piece| piece.split(' ').next() == Some(name));
            let piece = piece.unwrap_or_else(|| panic!("{option} is in the help: {pieces:#?}"));
            assert!(piece.contains(&format!("[env: {variable}=]")), "{piece}");
            assert!(piece.contains(&format!("[default: {default}]")), "{piece}");
        }
        for option in
            ["--cache-dir", "--resolve", "--keyring", "--events", "--quiet", "--verbose", "--no-progress", "--color"]
        {
            assert!(text.contains(option), "{option}");
        }
    }
    let text = String::from_utf8_lossy(&output(&["--help"], &[]).stdout).into_owned();
    let codes = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(codes.contains("Exit codes: 0 ok, 1 bad input, 2 usage, 3 network (worth another try), 4 verification failed, 5 archive refused, 6 local disk, 7 not found, 130 interrupted."), "{codes}");
}

#[test]
fn mistakes_of_usage_exit_with_2_and_say_what_to_do() {
    let digest = "0".repeat(64);
    let (one, two) = ("http://127.0.0.1:1/one/a.bin", "http://127.0.0.1:1/two/a.bin");
    let other = "http://127.0.0.1:1/b.bin";
    let carried = format!("{one}#sha256={digest}");
    let others = "1".repeat(64);
    let rows: &[(&[&str], &str)] = &[
        (&["get"], "<URL>"),
        (&[], "Usage"),
        (&["fetch", one], "fetch"),
        (&["get", one, other, "-o", "x"], "use --dir"),
        (&["get", one, "-o", "x", "-d", "y"], "cannot be used with"),
        (&["get", "not a url"], "it has to begin with https:// or http://"),
        (&["get", "http://"], "http://"),
        (&["get", "http://host:port/a"], "http://host:port/a"),
        (&["get", "ftp://host/a.bin"], "`ftp` is neither http nor https"),
        (&["get", one, "--mirror", "ftp://host/a.bin"], "`ftp` is neither http nor https"),
        (&["get", one, "--sha256", "abc"], "--sha256"),
        (&["get", one, "--sha256", &others[1..]], "--sha256"),
        (&["get", one, other, "--sha256", &digest], "end each with #sha256=HEX"),
        (&["get", one, other, "--mirror", two], "--mirror is for one URL"),
        (&["get", one, two], "both become a.bin"),
        (&["get", one, one], "both become a.bin"),
        (&["get", "http://host/"], "names no file: say with --output"),
        (&["get", &carried, "--sha256", &others], "carries the digest"),
        (&["get", "http://host/a.bin#sha256=junk"], "cannot be used"),
        (&["get", "http://host/a.bin#sha512=00"], "sha512 is not checked here: give sha256"),
        (&["get", "http://host/a%1b.bin"], "names no file: say with --output"),
        (&["get", one, "--quiet", "--verbose"], "cannot be used with"),
        (&["get", one, "-o", "-", "--events", "-"], "cannot both go to standard output"),
        (&["get", one, "--color", "blue"], "--color"),
        (&["get", one, "--resolve", "nonsense"], "HOST:PORT:ADDR"),
    ];
    for (args, text) in rows {
        let output = output(args, &[]);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(text), "{args:?} should say {text}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{args:?}");
    }
    figure("mistakes of usage", &format!("{} commands: exit 2", rows.len()));
}

#[test]
fn each_exit_code_is_reached() {
    let whole = || Case::new(Script::new().file(File::generated(FILE, 40_000, 1)));
    let broken =
        |action| Case::new(Script::new().file(File::generated(FILE, 40_000, 1)).rule(Rule::on(FILE).act(action)));
    let wrong = "0".repeat(64);
    let mut reached = Vec::new();
    let mut reach = |code: i32, run: crate::support::Run| {
        run.expect(code);
        reached.push(code);
    };
    reach(0, whole().run(&[FILE], &[]));
    let case = whole();
    let netrc = case.dir.path().join("netrc");
    std::fs::write(&netrc, "machine\n").expect("a netrc");
    let mut command = case.get();
    command.env("NETRC", &netrc).arg(case.server.url(FILE)).arg("-d").arg(case.out());
    reach(1, case.finish(command));
    reach(2, whole().run(&[FILE], &["--retries", "many"]));
    reach(3, broken(Action::Status(500)).run(&[FILE], &["--retries", "0"]));
    reach(4, whole().run(&[FILE], &["--sha256", &wrong]));
    let no_archive = Case::new(Script::new().file(File::generated("/a.whl", 40_000, 1)));
    reach(5, no_archive.run(&["/a.whl"], &["--unpack"]));
    let case = whole();
    std::fs::write(case.out(), "a file where a folder should be").expect("a file");
    reach(6, case.run(&[FILE], &[]));
    reach(7, whole().run(&["/nothing.bin"], &[]));
    reach(7, broken(Action::Status(410)).run(&[FILE], &[]));
    let case = broken(Action::stall_at(At::Fraction(0.5)));
    let mut command = case.get();
    let child =
        command.arg(case.server.url(FILE)).arg("-d").arg(case.out()).stderr(std::process::Stdio::piped()).spawn();
    let child = child.expect("the program runs");
    super::story::until("the server is silent", || case.sent() == 20_000 && !case.partials().is_empty());
    let kill = std::process::Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status();
    assert!(kill.is_ok_and(|status| status.success()));
    let output = child.wait_with_output().expect("the program ends");
    reach(130, crate::support::Run::read(&output, &case.events(), std::time::Duration::ZERO));
    figure("exit codes", &format!("{reached:?} reached"));
}

/// The text with what differs from run to run filtered out.
fn filtered(text: &str, addr: &str) -> String {
    let mut out = String::new();
    let words = text.replace(addr, "HOST");
    for line in words.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let mut line = String::new();
        for (at, word) in words.iter().enumerate() {
            let is_time = word.parse::<f64>().is_ok()
                && words.get(at + 1).is_some_and(|unit| unit.trim_end_matches(&[',', ';'][..]) == "s");
            let separator = if at == 0 { "" } else { " " };
            line += &format!("{separator}{}", if is_time { "T" } else { word });
        }
        out += &line;
        out.push('\n');
    }
    out
}

#[test]
fn the_text_of_a_failure_tells_each_attempt_and_what_is_kept() {
    let script = Script::new()
        .file(File::generated(FILE, 600_000, 1))
        .rule(Rule::on(FILE).nth(1).act(Action::RstAt(At::Fraction(0.5))))
        .rule(Rule::on(FILE).nth(2).act(Action::Status(503)))
        .rule(Rule::on(FILE).nth(3).act(Action::FinAt(At::Byte(10))))
        .rule(Rule::on(FILE).nth(4).act(Action::IgnoreRange).act(Action::RstAt(At::Byte(1000))))
        .rule(Rule::on(FILE).act(Action::RstBeforeHead));
    let case = Case::new(script);
    let run = case.run(&[FILE], &["--retries", "3", "--quiet"]);
    run.expect(3);
    let expected = "\
error: could not download a.bin: 4 attempts in a row brought almost nothing new (10 bytes)
  attempt 1   0 B -> 300.0 kB        connection reset by peer after T s
  attempt 2   300.0 kB -> 300.0 kB   503 Service Unavailable, waited T s
  attempt 3   300.0 kB -> 300.0 kB   body ended at byte 300010 of 600000 after T s, waited T s
  attempt 4   300.0 kB -> 300.0 kB   connection reset by peer after T s, 1.0 kB re-read, waited T s
  attempt 5   300.0 kB -> 300.0 kB   connection reset by peer after T s
  hint: 300.0 of 600.0 kB are kept; the same command continues from there
";
    assert_eq!(filtered(&run.stderr, &case.server.addr().to_string()), expected, "\n{}", run.stderr);
    crate::support::journal_equals_log(&case.requests(), &[&run]);
}

#[test]
fn of_many_attempts_the_first_three_and_the_last_ten_are_shown() {
    let story = Story::open("500-always");
    let run = story.get(&["--retries", "19", "--base-wait", "1ms", "--cap-wait", "1ms", "--quiet"]);
    story.tells(&run, 3, &["whole 500"; 20]);
    let shown: Vec<&str> = run.stderr.lines().filter_map(|line| line.trim_start().strip_prefix("attempt ")).collect();
    let numbers: Vec<&str> = shown.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(numbers, ["1", "2", "3", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20"]);
    assert!(run.stderr.contains("… 7 attempts in between, all of them in --events"), "{}", run.stderr);
}

#[test]
fn without_a_terminal_there_are_lines_and_no_escapes_and_quiet_means_quiet() {
    let story = Story::open("rst-at-half");
    let run = story.get(&[]);
    run.expect(0);
    let expected = format!(
        "a.bin: attempt 1 ended at 300.0 of 600.0 kB: connection reset by peer\n{}: 600.0 kB in T s, 2 attempts, 1 fault survived\n",
        story.out().display()
    );
    assert_eq!(filtered(&run.stderr, "-"), expected, "\n{}", run.stderr);
    assert!(run.stdout.is_empty());
    let story = Story::open("rst-at-half");
    let run = story.get(&["--quiet"]);
    run.expect(0);
    assert_eq!(run.stderr, "");
    let story = Story::open("rst-at-half");
    let mut command = story.command(&[FILE], &["--color", "always"]);
    command.env_remove("NO_COLOR").args(["--retries", "0"]);
    story.case.finish(command).expect(0);
    // Colours where they are asked for, none with NO_COLOR.
    for (color, no_color, escapes) in
        [("always", "", true), ("auto", "", false), ("never", "", false), ("auto", "1", false)]
    {
        let story = Story::open("500-always");
        let mut command = story.command(&[FILE], &["--retries", "0", "--color", color]);
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        if !no_color.is_empty() {
            command.env("NO_COLOR", no_color);
        }
        let run = story.case.finish(command);
        run.expect(3);
        assert_eq!(run.stderr.contains('\u{1b}'), escapes, "{color} {no_color}: {:?}", run.stderr);
    }
}

#[test]
fn options_may_stand_before_or_after_the_command_and_variables_work_as_well() {
    let story = Story::open("500-always");
    let url = story.case.server.url(FILE);
    let cache = story.case.dir.path().join("cache");
    let cache = cache.to_string_lossy();
    let wait = FAST;
    let before = [&wait[..], &["--retries", "1", "--cache-dir", &cache, "get", &url, "-o", "x.bin"]].concat();
    assert_eq!(output(&before, &[]).status.code(), Some(3));
    assert_eq!(story.asked().len(), 2);
    let env = [("TOWLINE_RETRIES", "2"), ("TOWLINE_CACHE_DIR", &*cache), ("TOWLINE_BASE_WAIT", "0.001")];
    assert_eq!(output(&["get", &url, "-o", "x.bin"], &env).status.code(), Some(3));
    assert_eq!(story.asked().len(), 5);
    // What is typed wins over the variable.
    assert_eq!(output(&["get", &url, "-o", "x.bin", "--retries", "0"], &env).status.code(), Some(3));
    assert_eq!(story.asked().len(), 6);
}
