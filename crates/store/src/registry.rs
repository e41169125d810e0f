//! Which spools this very process holds. A process identifier says only that the process lives, not that the
//! transfer inside it does.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use crate::token::Token;

static HELD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// An entry in the registry, as long as it lives.
#[derive(Debug)]
pub(crate) struct Held(Token);

impl Held {
    pub(crate) fn new(token: Token) -> Self {
        HELD.lock().unwrap_or_else(PoisonError::into_inner).insert(token.as_str().to_owned());
        Self(token)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.lock().unwrap_or_else(PoisonError::into_inner).remove(self.0.as_str());
    }
}

pub(crate) fn holds(token: &str) -> bool {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).contains(token)
}
