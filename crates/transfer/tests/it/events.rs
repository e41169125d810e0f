//! Events in any order, with any numbers: the machine never panics, and never runs into a circle.

use std::time::Duration;

use proptest::prelude::*;
use towline_transfer::{
    Contradiction, Fault, Framing, Head, Held, Hop, Label, Piece, Policy, Step, Transfer, Validator, Want,
};

#[derive(Debug, Clone)]
enum Event {
    Next(u64, f64),
    Head(Head),
    Place(usize),
    Appended(usize),
    Compared(usize, Option<usize>),
    Cut(u64),
    End(Framing),
    Fault(Fault),
    Verified(Option<String>),
    Hop,
    Answered(u16),
    Shared,
    Cool(usize, u64),
    /// What a good driver would do with the next so many bytes.
    Bytes(usize, bool),
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..20, Just(u64::MAX), Just(u64::MAX - 1), Just(1 << 40), any::<u64>()]
}

fn length() -> impl Strategy<Value = usize> {
    number().prop_map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

fn jitter() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..=1.0, Just(f64::NAN), Just(f64::INFINITY), Just(-1.0), any::<f64>()]
}

fn label() -> impl Strategy<Value = Label> {
    prop_oneof![
        Just(Label::Missing),
        Just(Label::Malformed),
        (number(), number(), proptest::option::of(number())).prop_map(|(first, last, total)| Label::Satisfied {
            first,
            last,
            total
        }),
        number().prop_map(|total| Label::Unsatisfied { total }),
    ]
}

fn validator() -> impl Strategy<Value = Validator> {
    prop_oneof![
        (0..3).prop_map(|tag| Validator::ETag(format!("\"{tag}\""))),
        (0..3).prop_map(|date| Validator::Modified(format!("{date}"))),
    ]
}

fn framing() -> impl Strategy<Value = Framing> {
    prop_oneof![Just(Framing::Told), Just(Framing::Close)]
}

fn head() -> impl Strategy<Value = Head> {
    let status = prop_oneof![Just(200_u16), Just(206), Just(416), Just(503), any::<u16>()];
    let coding = proptest::option::weighted(0.1, Just("gzip".to_owned()));
    let flags = (any::<bool>(), any::<bool>(), proptest::bool::weighted(0.1));
    let numbers = (proptest::option::of(number()), proptest::option::of(number()));
    (status, label(), numbers, framing(), proptest::option::of(validator()), coding, flags).prop_map(
        |(status, label, (length, wait), framing, validator, coding, (redirected, trusted_credentials, multipart))| {
            Head {
                status,
                label,
                length,
                framing,
                validator,
                retry_after: wait.map(Duration::from_secs),
                coding,
                multipart,
                redirected,
                trusted_credentials,
            }
        },
    )
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Reset),
        Just(Fault::Refused),
        Just(Fault::Certificate(String::new())),
        Just(Fault::Disk(String::new())),
        number().prop_map(|at| Fault::Contradiction(Contradiction::Bytes { at })),
        (number(), number()).prop_map(|(was, is)| Fault::Contradiction(Contradiction::Size { was, is })),
        Just(Fault::Contradiction(Contradiction::Validator)),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (number(), jitter()).prop_map(|(now, jitter)| Event::Next(now, jitter)),
        6 => head().prop_map(Event::Head),
        6 => (length(), any::<bool>()).prop_map(|(len, equal)| Event::Bytes(len, equal)),
        1 => length().prop_map(Event::Place),
        1 => length().prop_map(Event::Appended),
        1 => (length(), proptest::option::of(length())).prop_map(|(len, differs)| Event::Compared(len, differs)),
        1 => number().prop_map(Event::Cut),
        2 => framing().prop_map(Event::End),
        2 => fault().prop_map(Event::Fault),
        2 => proptest::option::of(Just("digest".to_owned())).prop_map(Event::Verified),
        1 => Just(Event::Hop),
        1 => any::<u16>().prop_map(Event::Answered),
        1 => Just(Event::Shared),
        1 => (0_usize..5, number()).prop_map(|(url, until)| Event::Cool(url, until)),
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    let duration = || number().prop_map(Duration::from_secs);
    let count = prop_oneof![0_u32..10, Just(u32::MAX)];
    (count, proptest::option::of(duration()), duration(), duration(), duration(), duration(), 0_usize..5).prop_map(
        |(retries, max_time, max_wait, base_wait, cap_wait, spread, max_blind_attempts)| Policy {
            retries,
            max_time,
            max_wait,
            base_wait,
            cap_wait,
            retry_after_spread: spread,
            shared_spread: spread,
            max_blind_attempts: if max_blind_attempts == 0 { usize::MAX } else { max_blind_attempts * 100 },
            ..Policy::default()
        },
    )
}

fn begin() -> impl Strategy<Value = Transfer> {
    let want = (proptest::collection::vec(0_usize..3, 0..4), proptest::option::of(number()), any::<bool>())
        .prop_map(|(origins, size, digest)| Want { origins, size, digest, page: false });
    let held = (number(), proptest::option::of(number()), proptest::option::of((0_usize..4, validator())))
        .prop_map(|(len, size, validator)| Held { len, size, validator });
    let held = prop_oneof![Just(Held::nothing()), held];
    (policy(), want, held).prop_map(|(policy, want, held)| Transfer::new(policy, want, held))
}

fn feed(transfer: &mut Transfer, event: Event) {
    match event {
        Event::Next(now, jitter) => {
            transfer.next(Duration::from_secs(now), jitter);
        }
        Event::Head(head) => transfer.head(&head),
        Event::Place(len) => {
            let _ = transfer.place(len);
        }
        Event::Appended(len) => transfer.appended(len),
        Event::Compared(len, differs) => transfer.compared(len, differs),
        Event::Cut(at) => transfer.cut(at),
        Event::End(framing) => transfer.end(framing),
        Event::Fault(fault) => transfer.fault(fault),
        Event::Verified(mismatch) => transfer.verified(mismatch),
        Event::Hop => {
            transfer.hop(Hop { url: String::new(), range: None, if_range: false, status: None, reached: true })
        }
        Event::Answered(status) => transfer.answered(status),
        Event::Shared => transfer.shared(),
        Event::Cool(url, until) => transfer.cool(url, Duration::from_secs(until)),
        Event::Bytes(len, equal) => match transfer.place(len) {
            Piece::Append { len: piece } => {
                assert!(piece > 0 && piece <= len);
                transfer.appended(piece);
            }
            Piece::Compare { len: piece, .. } => {
                assert!(piece > 0 && piece <= len);
                transfer.compared(piece, (!equal).then_some(piece - 1));
            }
            Piece::Cut { at } => transfer.cut(at),
            Piece::Stop => {}
        },
    }
}

/// From any state a driver that only ever reports resets comes to an end.
fn ends(mut transfer: Transfer) {
    let mut now = Duration::from_secs(1 << 30);
    // As many attempts as any policy here allows with a bounded budget, and steps between them.
    for _ in 0..5000 {
        match transfer.next(now, 0.5) {
            Step::Send(_) => transfer.fault(Fault::Reset),
            Step::Wait(wait) => {
                assert!(!wait.is_zero());
                now = now.saturating_add(wait);
            }
            Step::Cut(_) => {}
            Step::Verify => transfer.verified(Some("wrong".to_owned())),
            Step::Done | Step::Fail(_) => return,
        }
    }
    panic!("no end: {transfer:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_any_order_with_any_numbers_nothing_panics(
        mut transfer in begin(),
        events in proptest::collection::vec(event(), 0..60),
    ) {
        for event in events {
            feed(&mut transfer, event);
            let _ = (transfer.held(), transfer.size(), transfer.vouched(), transfer.cools_until(4));
        }
    }

    #[test]
    fn from_any_state_it_comes_to_an_end(
        retries in 0_u32..10,
        urls in 0_usize..4,
        digest in any::<bool>(),
        size in proptest::option::of(number()),
        events in proptest::collection::vec(event(), 0..40),
    ) {
        let want = Want { origins: vec![0; urls], size, digest, page: false };
        let policy = Policy { retries, ..Policy::default() };
        let mut transfer = Transfer::new(policy, want, Held::nothing());
        for event in events {
            // A cooling without end would be waited for.
            if !matches!(event, Event::Cool(..)) {
                feed(&mut transfer, event);
            }
        }
        ends(transfer);
    }
}

#[test]
fn asked_in_the_middle_of_an_attempt_it_is_as_if_that_had_been_given_up() {
    let want = Want { digest: true, ..Want::one() };
    let mut transfer = Transfer::new(Policy::default(), want, Held::nothing());
    assert!(matches!(transfer.next(Duration::ZERO, 0.5), Step::Send(_)));
    assert!(matches!(transfer.next(Duration::ZERO, 0.5), Step::Wait(_)));
    assert_eq!(transfer.log()[0].fault, Some(Fault::Closed));
    assert!(matches!(transfer.next(Duration::from_secs(1), 0.5), Step::Send(_)));
    transfer.head(&Head::parse(200, [("content-length", "10".as_bytes())]));
    transfer.appended(5);
    assert!(matches!(transfer.next(Duration::from_secs(1), 0.5), Step::Send(_)), "half a file earns a resume");
    assert_eq!((transfer.log()[1].fault.clone(), transfer.held()), (Some(Fault::Closed), 5));
}

#[test]
fn the_end_is_the_end() {
    let mut transfer = Transfer::new(Policy { retries: 0, ..Policy::default() }, Want::one(), Held::nothing());
    transfer.next(Duration::ZERO, 0.5);
    transfer.fault(Fault::Reset);
    transfer.fault(Fault::Refused);
    let end = transfer.next(Duration::ZERO, 0.5);
    assert_eq!(transfer.log()[0].fault, Some(Fault::Reset), "the first cause counts");
    transfer.fault(Fault::Disk("full".to_owned()));
    transfer.head(&Head::parse(200, []));
    transfer.verified(None);
    assert!(matches!(end, Step::Fail(_)));
    assert_eq!(transfer.next(Duration::MAX, 0.5), end);
}

#[test]
fn a_disk_that_fails_between_attempts_ends_it_too() {
    let mut transfer = Transfer::new(Policy::default(), Want::one(), Held::nothing());
    transfer.fault(Fault::Disk("full".to_owned()));
    assert!(matches!(transfer.next(Duration::ZERO, 0.5), Step::Fail(_)));
    assert!(transfer.log().is_empty());
}
