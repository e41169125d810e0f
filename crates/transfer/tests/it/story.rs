//! Stories: what a person could tell of one transfer.

mod earlier;
mod forever;
mod identity;
mod junk;
mod links;
mod log;
mod ranges;
mod sizes;
mod wrong;

use std::time::Duration;

use towline_transfer::{Ask, Fault, Validator};

use crate::driver::{Answer, Run};
use crate::model::{File, content};

const SIZE: usize = 2000;

fn bytes() -> Vec<u8> {
    content(1, SIZE)
}

fn file() -> File {
    File::new(&bytes())
}

fn tagged() -> File {
    file().etag("\"1\"")
}

fn other() -> File {
    File::new(&content(2, SIZE)).etag("\"2\"")
}

/// A login page: shorter, without a validator.
fn junk() -> Answer {
    File::new(&content(3, 300)).whole().field("content-type", "text/html")
}

/// A server told by the number of the request, from 1.
fn script(mut answers: impl FnMut(usize, &Ask) -> Answer) -> impl FnMut(&Ask, Duration) -> Answer {
    let mut number = 0;
    move |ask, _| {
        number += 1;
        answers(number, ask)
    }
}

fn etag(text: &str) -> Validator {
    Validator::ETag(text.to_owned())
}

fn faults(run: &Run) -> Vec<Option<Fault>> {
    run.log.iter().map(|attempt| attempt.fault.clone()).collect()
}
