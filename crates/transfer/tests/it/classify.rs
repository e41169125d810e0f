//! Section 4.6: every status and every fault.

use std::time::Duration;

use towline_transfer::redirect::Refused;
use towline_transfer::splice::Known;
use towline_transfer::{Contradiction, Fault, Head, Misfit, Policy, Splice, Verdict, classify, splice};

/// As the law lists them, written down a second time.
const ALWAYS: [u16; 15] = [408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527];
const IF_ASKED: [u16; 2] = [403, 413];
const IF_REDIRECTED: [u16; 4] = [401, 403, 404, 410];
const COOLS_THE_ORIGIN: [u16; 2] = [429, 503];

#[test]
fn every_status_with_and_without_retry_after_redirect_and_credentials() {
    let policy = Policy::default();
    let waits =
        [None, Some(0), Some(1), Some(300), Some(301), Some(u64::MAX)].map(|wait| wait.map(Duration::from_secs));
    for code in 100..=599 {
        for retry_after in waits {
            for (redirected, trusted_credentials) in [(false, false), (true, false), (false, true), (true, true)] {
                let fault = Fault::Status { code, retry_after, redirected, trusted_credentials };
                let again = ALWAYS.contains(&code)
                    || (retry_after.is_some() && IF_ASKED.contains(&code))
                    || (redirected && IF_REDIRECTED.contains(&code))
                    || (trusted_credentials && code == 401);
                let expected = match retry_after {
                    _ if !again => Verdict::StrikeOff,
                    None => Verdict::Retry,
                    Some(wait) if wait > policy.max_wait => Verdict::StrikeOff,
                    Some(wait) => Verdict::RetryAfter { wait, origin: COOLS_THE_ORIGIN.contains(&code) },
                };
                assert_eq!(classify(&fault, &policy), expected, "{fault:?}");
            }
        }
    }
}

#[test]
fn every_status_but_three_is_a_fault_that_keeps_what_the_head_said() {
    for status in (100..=599).filter(|status| ![200, 206, 416].contains(status)) {
        for held in [0, 5] {
            let mut head = Head::parse(status, [("retry-after", "7".as_bytes()), ("content-length", b"5")]);
            (head.redirected, head.trusted_credentials) = (held == 5, held == 0);
            let expected = Fault::Status {
                code: status,
                retry_after: Some(Duration::from_secs(7)),
                redirected: held == 5,
                trusted_credentials: held == 0,
            };
            let known = Known { held, size: Some(10), ..Known::default() };
            assert_eq!(splice(known, &head), Splice::Fault(expected));
        }
    }
}

#[test]
fn every_other_fault() {
    let text = String::new;
    let dns = |missing, answered| Fault::Dns { missing, answered, detail: text() };
    let second = Duration::from_secs(1);
    let strike_off = [
        dns(true, false),
        Fault::Certificate(text()),
        Fault::ProxyCredentials,
        Fault::Url(text()),
        Fault::Redirect(Refused::NoPlace),
        Fault::Redirect(Refused::TooMany(10)),
        Fault::Redirect(Refused::Downgrade),
    ];
    let retry = [
        dns(false, false),
        dns(false, true),
        dns(true, true),
        Fault::Unreachable(text()),
        Fault::Refused,
        Fault::ConnectTimeout(second),
        Fault::Tls(text()),
        Fault::Tunnel(text()),
        Fault::HeaderTimeout(second),
        Fault::Reset,
        Fault::Closed,
        Fault::Protocol(text()),
        Fault::Stalled(second),
        Fault::Crawled { bytes: 1, within: second },
        Fault::Short { at: 1, end: 2 },
        Fault::Part { end: 2 },
        Fault::Coded(text()),
        Fault::Misfit(Misfit::Hole { first: 2, held: 1 }),
        Fault::Misfit(Misfit::Unlabelled),
        Fault::Misfit(Misfit::Multipart),
        Fault::Contradiction(Contradiction::Bytes { at: 1 }),
        Fault::Contradiction(Contradiction::Size { was: 1, is: 2 }),
        Fault::Contradiction(Contradiction::Validator),
        Fault::Contradiction(Contradiction::Unsatisfiable),
        Fault::Mismatch { got: text() },
    ];
    let policy = Policy::default();
    for fault in strike_off {
        assert_eq!(classify(&fault, &policy), Verdict::StrikeOff, "{fault:?}");
    }
    for fault in retry {
        assert_eq!(classify(&fault, &policy), Verdict::Retry, "{fault:?}");
    }
    assert_eq!(classify(&Fault::Disk(text()), &policy), Verdict::Abort);
}

#[test]
fn faults_that_never_reached_a_server_say_so() {
    let text = String::new;
    let unreached = [
        Fault::Dns { missing: true, answered: false, detail: text() },
        Fault::Unreachable(text()),
        Fault::Refused,
        Fault::ConnectTimeout(Duration::ZERO),
        Fault::Tls(text()),
        Fault::Certificate(text()),
        Fault::Tunnel(text()),
        Fault::ProxyCredentials,
        Fault::Url(text()),
    ];
    for fault in unreached {
        assert!(!fault.reached(), "{fault:?}");
    }
    for fault in [Fault::HeaderTimeout(Duration::ZERO), Fault::Reset, Fault::Closed, Fault::Protocol(text())] {
        assert!(fault.reached(), "{fault:?}");
    }
}
