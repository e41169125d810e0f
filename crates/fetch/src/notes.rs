//! What the next run has to know, kept beside the bytes.

use std::{cell::RefCell, rc::Rc};

use towline_client::Event;
use towline_store::{Key, Note, Spool};

use crate::Artifact;

/// Writes down what the transfer learns.
pub(crate) struct Notes {
    spool: Rc<RefCell<Spool>>,
    /// A name for each URL that gives nothing of it away.
    sources: Vec<String>,
    note: RefCell<Note>,
}

impl Notes {
    /// From the note of an earlier run on.
    pub(crate) fn new(spool: &Rc<RefCell<Spool>>, artifact: &Artifact) -> Self {
        let sources = artifact.urls.iter().map(|url| Key::of_url(url.as_str()).as_str().to_owned()).collect();
        let digest = artifact.digest.clone();
        let note = Note { digest, name: Some(artifact.name.clone()), ..spool.borrow().note().clone() };
        Self { spool: Rc::clone(spool), sources, note: RefCell::new(note) }
    }

    /// The validator that an earlier run noted, and the index of its URL.
    pub(crate) fn validator(&self) -> Option<(usize, String)> {
        let note = self.note.borrow();
        let url = self.sources.iter().position(|source| Some(source) == note.validator_source.as_ref())?;
        Some((url, note.validator.clone()?))
    }

    pub(crate) fn take(&self, event: &Event<'_>) {
        if matches!(event, Event::Grew { .. }) {
            return;
        }
        let mut note = self.note.borrow_mut();
        let before = note.clone();
        match event {
            Event::Answered { size } => note.size = *size,
            Event::Vouched { url, validator } => {
                note.validator = Some((*validator).to_owned());
                note.validator_source = self.sources.get(*url).cloned();
            }
            Event::Cut { .. } | Event::Unvouched => (note.validator, note.validator_source) = (None, None),
            _ => return,
        }
        if *note != before {
            // Only a later run misses it; the bytes are what counts.
            let _ = self.spool.borrow_mut().set_note(note.clone());
        }
    }
}
