//! The retry law of Towline as a pure state machine.
//!
//! A [`Transfer`] is one artifact's journey over one or more URLs of the same bytes. It decides what to ask next, where the
//! bytes of an answer belong, and when to stop; and it keeps the log of every attempt. It does no I/O, reads no clock and
//! draws no random number: time and jitter are arguments, so a night of waiting is tested in microseconds.
//!
//! ```text
//!            events in                            steps out
//!   driver ───────────────▶   Transfer   ───────────────▶   driver
//!   head, pieces, end,         rounds, splice, log           Send, Wait, Cut, Verify,
//!   fault, verified                                          Done, Fail
//! ```
//!
//! | module | what it decides |
//! |---|---|
//! | [`machine`] | the order of events: [`Transfer`] |
//! | [`step`] | what goes in and what comes out: [`Want`], [`Step`] |
//! | [`splice`](mod@splice) | where the bytes of an answer belong: [`splice()`] |
//! | [`fault`](mod@fault) | why an attempt ended, and whether another makes sense: [`Fault`], [`classify`] |
//! | [`rounds`] | which URL is asked, how often and after what wait: [`Rounds`](rounds::Rounds) |
//! | [`head`](mod@head) | what an answer claims: [`Head`] |
//! | [`validator`] | what may be sent in `If-Range`: [`Validator`] |
//! | [`policy`] | every number of the law: [`Policy`] |
//! | [`attempt`] | the log: [`Attempt`] |
//! | [`failure`] | why a transfer ended: [`Failure`] |
//! | [`redirect`] | which redirects are followed |
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use towline_transfer::{Head, Held, Piece, Policy, Step, Transfer, Want};
//!
//! let mut transfer = Transfer::new(Policy::default(), Want::one(), Held::nothing());
//! let Step::Send(ask) = transfer.next(Duration::ZERO, 0.5) else { panic!("the first step is a request") };
//! assert_eq!((ask.url, ask.from), (0, None));
//! transfer.head(&Head::parse(200, [("content-length", "5".as_bytes())]));
//! assert_eq!(transfer.place(5), Piece::Append { len: 5 });
//! transfer.appended(5);
//! assert!(matches!(transfer.next(Duration::from_secs(1), 0.5), Step::Done));
//! ```

pub mod attempt;
pub mod failure;
pub mod fault;
pub mod head;
pub mod machine;
pub mod policy;
pub mod redirect;
pub mod rounds;
pub mod splice;
pub mod step;
pub mod validator;

mod body;
mod passes;

pub use attempt::{Attempt, Hop};
pub use failure::{Cause, Failure};
pub use fault::{Contradiction, Fault, Misfit, Verdict, classify};
pub use head::{Framing, Head, Label};
pub use machine::Transfer;
pub use policy::Policy;
pub use splice::{Place, Splice, splice};
pub use step::{Ask, Held, Piece, Step, Want};
pub use validator::Validator;
