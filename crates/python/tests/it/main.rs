//! Interpreters, real and fake.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(clippy::print_stdout, reason = "what was left out or compared is printed")]

mod bounds;
mod cache;
mod fake;
mod find;
mod platform;
mod real;
mod request;
mod venv;
