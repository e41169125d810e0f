//! When a rule matches.

use crate::raw::{Client, get};
use towline_faults::{Action, File, Rule, Script, Server, Since};

fn server(rules: impl IntoIterator<Item = Rule>) -> Server {
    let script = Script::new().file(File::generated("/a", 100, 1)).file(File::generated("/b", 100, 2));
    Server::start(rules.into_iter().fold(script, Script::rule)).unwrap()
}

fn statuses(server: &Server, path: &str, n: usize) -> Vec<u16> {
    (0..n).map(|_| get(server.addr(), path, &[]).status).collect()
}

#[test]
fn turns_are_counted_for_each_path() {
    let table: [(Rule, [u16; 4]); 6] = [
        (Rule::on("/a").nth(2), [200, 500, 200, 200]),
        (Rule::on("/?").nth(2..=3), [200, 500, 500, 200]),
        (Rule::on("/*").nth(3..), [200, 200, 500, 500]),
        (Rule::any().every(2), [200, 500, 200, 500]),
        (Rule::any().limit(3), [500, 500, 500, 200]),
        (Rule::on("/c"), [200, 200, 200, 200]),
    ];
    for (rule, wanted) in table {
        let text = format!("{rule:?}");
        let server = server([rule.act(Action::Status(500))]);
        assert_eq!(statuses(&server, "/a", 4), wanted, "{text}");
    }
    let both = server([Rule::any().nth(1).act(Action::Status(500))]);
    assert_eq!((statuses(&both, "/a", 2), statuses(&both, "/b", 2)), (vec![500, 200], vec![500, 200]));
}

#[test]
fn the_first_match_wins_and_all_rules_count() {
    let server = server([
        Rule::on("/a").nth(1).act(Action::Status(503)),
        Rule::on("/a").nth(2).act(Action::Status(500)),
        Rule::on("/a").act(Action::Status(404)),
    ]);
    assert_eq!(statuses(&server, "/a", 3), [503, 500, 404]);
    server.set_script(Script::new());
    assert_eq!(statuses(&server, "/a", 1), [200]);
}

#[test]
fn conditions_look_at_the_request() {
    let refuse = || Action::Status(500);
    let ranged = [("Range", "bytes=50-")];
    for (rule, plain, with_range) in [
        (Rule::any().range(true), 200, 500),
        (Rule::any().range(false), 500, 206),
        (Rule::any().range_from(50), 200, 500),
        (Rule::any().range_from(51), 200, 206),
        (Rule::any().method("HEAD"), 200, 206),
        (Rule::any().http2(true), 200, 206),
        (Rule::any().between(0.0, 60.0, Since::FirstRequest), 500, 500),
        (Rule::any().between(60.0, 90.0, Since::Start), 200, 206),
    ] {
        let text = format!("{rule:?}");
        let server = server([rule.act(refuse())]);
        assert_eq!(get(server.addr(), "/a", &[]).status, plain, "{text}");
        assert_eq!(get(server.addr(), "/a", &ranged).status, with_range, "{text}");
    }
    let server = server([Rule::any().connection(2).act(refuse())]);
    let (mut one, mut two) = (Client::connect(server.addr()), Client::connect(server.addr()));
    assert_eq!(one.request("GET", "/a", &[]).status, 200);
    assert_eq!(two.request("GET", "/a", &[]).status, 500);
    assert_eq!(one.request("GET", "/a", &[]).status, 200);
}

#[test]
fn nonsense_in_a_script_is_refused() {
    for text in [
        "rules = 1",
        "[[rule]]\nact = [\"explode\"]",
        "[[rule]]\nnth = 0\nact = []",
        "[[rule]]\nnth = \"5-2\"\nact = []",
        "[[rule]]\nact = [{ rst-at = \"150%\" }]",
        "[[rule]]\nact = [{ stall-at = { at = 1, four = 2 } }]",
        "[[rule]]\nact = [{ stall-before-head = -1 }]",
        "[[rule]]\non = \"a***\"\nact = []",
        "[[file]]\npath = \"/a\"",
        "[[file]]\npath = \"/a\"\nsize = \"many\"",
    ] {
        assert!(Script::from_toml(text).is_err(), "{text}");
    }
}
