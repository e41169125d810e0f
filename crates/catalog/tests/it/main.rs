//! What is chosen, and what is refused.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(clippy::print_stdout, reason = "what was left out or compared is printed")]

mod index;
mod lock;
mod select;
mod target;
