//! Index pages under the retry law.

use towline_faults::{Action, At, RetryAfter, Rule};

use super::{Set, bodies, run};
use crate::support::{figure, journal_equals_log};

const PAGE: &str = "/simple/pkg0/";

fn table() -> [(&'static str, Vec<Action>); 4] {
    [
        ("cut", vec![Action::FinAt(At::Fraction(0.5))]),
        ("reset", vec![Action::RstAt(At::Fraction(0.5))]),
        ("503", vec![Action::Status(503)]),
        ("429 with Retry-After", vec![Action::Status(429), Action::RetryAfter(RetryAfter::Seconds(0))]),
    ]
}

fn rule(actions: Vec<Action>) -> Rule {
    actions.into_iter().fold(Rule::on(PAGE), Rule::act)
}

#[test]
fn a_page_that_fails_once_is_no_failure() {
    let set = Set::new(1);
    for (what, actions) in table() {
        let case = set.case(|script| script.rule(rule(actions).nth(1)));
        let done = run(&case, &["pkg0"]);
        done.expect(0);
        journal_equals_log(&case.requests(), &[&done]);
        let pages = case.requests().len() - bodies(&case);
        figure("a page that fails once", &format!("{what}: {pages} requests for the page"));
        assert_eq!((pages, bodies(&case), set.right(&case)), (2, 1, 1), "{what}");
        assert!(done.stderr.contains("1 fault survived"), "{what}\n{}", done.stderr);
    }
}

#[test]
fn a_page_that_fails_for_ever_costs_the_budget_and_lists_its_attempts() {
    let set = Set::new(2);
    for (what, actions) in table() {
        for retries in [0, 3] {
            let case = set.case(|script| script.rule(rule(actions.clone())));
            let done = run(&case, &["pkg0", "pkg1", "--retries", &retries.to_string()]);
            done.expect(3);
            journal_equals_log(&case.requests(), &[&done]);
            let asked = case.requests().iter().filter(|entry| entry.path == PAGE).count();
            // 4.2: what brought enough fills the budget up, and after the last that did exactly so many follow.
            let attempts = done.attempts();
            let mine = attempts.iter().filter(|attempt| attempt["artifact"] == "the index page of pkg0");
            let refilled = mine.filter(|attempt| attempt["refilled"] == true).count();
            assert!(refilled == 0 || matches!(what, "cut" | "reset"), "{what}");
            figure(
                "a page that fails for ever",
                &format!("{what}, {retries} retries: {asked} requests, {refilled} of them before the last refill"),
            );
            assert_eq!(asked - refilled, retries + 1, "{what}");
            assert!(done.stderr.contains("could not read the index page of pkg0: "), "{what}\n{}", done.stderr);
            assert!(done.stderr.contains(&format!("attempt {asked}   ")), "{what}\n{}", done.stderr);
            assert_eq!(set.right(&case), 1, "{what}: the other package comes all the same\n{}", done.stderr);
        }
    }
}

#[test]
fn what_the_index_does_not_have_is_not_found_and_nothing_is_brought() {
    let set = Set::new(1);
    let case = set.case(|script| script);
    for (wanted, said) in [("pkg9", "nothing of it is listed"), ("pkg0>=2", "listed are version 1.0")] {
        let done = run(&case, &["pkg0", wanted]);
        done.expect(7);
        assert!(done.stderr.contains(said), "{}", done.stderr);
        assert!(!done.stderr.contains("survived"), "{}", done.stderr);
        assert!(!case.out().exists());
    }
    assert_eq!(bodies(&case), 0);
}
