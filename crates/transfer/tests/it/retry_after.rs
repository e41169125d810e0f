//! Section 4.5: `Retry-After` in all forms, and what comes of it.

use std::time::Duration;

use towline_transfer::{Cause, Fault, Head, Policy};

use crate::driver::{Answer, Setup};
use crate::model::{File, content};

const DATE: &str = "Tue, 24 Nov 2026 12:00:00 GMT";

fn parsed(value: &str, date: Option<&str>) -> Option<Duration> {
    let date = date.map(|date| ("Date", date.as_bytes()));
    Head::parse(503, [("Retry-After", value.as_bytes())].into_iter().chain(date)).retry_after
}

#[test]
fn the_value() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let table = [
        ("0", seconds(0)),
        ("1", seconds(1)),
        ("007", seconds(7)),
        (" 120 ", seconds(120)),
        ("1000000", seconds(1_000_000)),
        ("18446744073709551615", seconds(u64::MAX)),
        ("1000000000000000000000000000000", seconds(u64::MAX)),
        // Dates count from the answer's own Date.
        ("Tue, 24 Nov 2026 12:00:30 GMT", seconds(30)),
        ("Tue, 24 Nov 2026 12:00:00 GMT", seconds(0)),
        ("Tuesday, 24-Nov-26 12:01:00 GMT", seconds(60)),
        ("Tue Nov 24 12:02:00 2026", seconds(120)),
        ("Tue, 24 Nov 2026 11:59:59 GMT", seconds(0)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", seconds(0)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", seconds(251_606_779_199)),
        // Garbage is ignored.
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("1s", None),
        ("0x10", None),
        ("1, 2", None),
        ("soon", None),
        ("Tue, 31 Feb 2026 12:00:00 GMT", None),
        ("Tue, 24 Nov 2026 12:00:30", None),
        ("\u{0661}", None),
    ];
    for (value, expected) in table {
        assert_eq!(parsed(value, Some(DATE)), expected, "{value:?}");
    }
}

#[test]
fn a_date_without_a_readable_date_beside_it_is_ignored() {
    for date in [None, Some(""), Some("today")] {
        assert_eq!(parsed("Tue, 24 Nov 2026 12:00:30 GMT", date), None);
        assert_eq!(parsed("30", date), Some(Duration::from_secs(30)));
    }
}

#[test]
fn bytes_that_are_no_text_are_ignored() {
    assert_eq!(Head::parse(503, [("retry-after", &b"\xff1"[..])]).retry_after, None);
}

#[test]
fn it_is_waited_for_with_at_most_a_tenth_more_and_at_most_a_second_where_that_is_little() {
    let table = [(0, 0., 1.), (1, 1., 2.), (10, 10., 11.), (20, 20., 22.), (300, 300., 330.)];
    for (asked, least, most) in table {
        for jitter in [0., 0.5, 1.] {
            let wait = Policy::default().retry_after(Duration::from_secs(asked), jitter).as_secs_f64();
            assert!((wait - (least + (most - least) * jitter)).abs() < 1e-6, "{asked} {jitter}: {wait}");
        }
    }
    let huge = Policy::default().retry_after(Duration::MAX, 1.);
    assert_eq!(huge, Duration::MAX);
}

fn once(value: &'static str, status: u16) -> crate::driver::Run {
    let bytes = content(1, 2000);
    let file = File::new(&bytes);
    let mut first = true;
    Setup::digest(&bytes).jitter(|| 0.).run(|ask, _| {
        if std::mem::take(&mut first) { Answer::status(status).field("retry-after", value) } else { file.answer(ask) }
    })
}

#[test]
fn the_wait_is_the_one_asked_for() {
    for status in [429, 503, 500, 408, 403, 413] {
        let run = once("42", status);
        assert_eq!(run.ok(&content(1, 2000)).waits, [(1, Duration::from_secs(42))], "{status}");
        assert!(run.log[0].waited_as_asked());
    }
}

#[test]
fn up_to_max_wait_it_is_waited_for_and_beyond_the_url_is_struck_off_with_the_number_shown() {
    assert_eq!(once("300", 503).ok(&content(1, 2000)).waits, [(1, Duration::from_secs(300))]);
    for value in ["301", "1000000", "1000000000000000000000000000000"] {
        let run = once(value, 503);
        assert_eq!(run.requests(), 1);
        let Cause::NoUrl(Fault::Status { retry_after: Some(asked), .. }) = run.failed().cause else {
            panic!("{:?}", run.failure)
        };
        assert!(asked > Duration::from_secs(300));
    }
}

#[test]
fn garbage_leaves_the_usual_wait() {
    for value in ["-1", "soon", "1.5"] {
        assert_eq!(once(value, 503).ok(&content(1, 2000)).waits, [(1, Duration::from_millis(250))], "{value}");
        // For these two it is the header that makes them worth another try.
        assert_eq!(once(value, 413).requests(), 1, "{value}");
    }
}
