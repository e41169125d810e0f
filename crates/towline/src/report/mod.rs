//! What the user sees: one bar for each file's whole life, or lines, and events for machines.

mod events;
mod job;
mod ledger;
mod screen;
mod tally;
mod units;

use std::cell::RefCell;
use std::rc::Rc;

use crate::args::{Color, Shared};
use crate::exit::Error;
use events::Events;
pub(crate) use job::{Job, Tree};
use screen::Screen;
pub(crate) use screen::say;
pub(crate) use tally::Tally;
pub(crate) use units::bytes;

/// How an error begins.
pub(crate) const ERROR: &str = "\x1b[1;31merror\x1b[0m";

/// Everything that is shown goes through here.
pub(crate) struct Report {
    screen: Screen,
    events: RefCell<Option<Events>>,
    verbose: bool,
    tally: RefCell<Tally>,
}

impl Report {
    /// As the options say.
    pub(crate) fn new(shared: &Shared) -> Result<Rc<Self>, Error> {
        let choice = match shared.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        let events = shared.events.as_deref().map(Events::open).transpose()?;
        let screen = Screen::new(shared.quiet, shared.no_progress);
        let tally = RefCell::default();
        Ok(Rc::new(Self { screen, events: RefCell::new(events), verbose: shared.verbose, tally }))
    }

    /// A file that is wanted. `urls` are as they may be shown.
    pub(crate) fn job(self: &Rc<Self>, name: &str, urls: Vec<String>) -> Job {
        Job::new(self, name, urls, false)
    }

    /// A page that is wanted: it has no bar, and is spoken of only when something happens to it.
    pub(crate) fn page(self: &Rc<Self>, name: &str, url: String) -> Job {
        Job::new(self, name, vec![url], true)
    }

    /// So many files of a set are to come, of so many bytes as far as is known: they get a bar together.
    pub(crate) fn expect(&self, files: usize, bytes: u64) {
        self.screen.expect(files, bytes);
    }

    /// What came of the set. It is complete when all of its files have ended.
    pub(crate) fn settle(&self) -> Tally {
        self.screen.settle();
        self.tally.take()
    }

    /// An error that ends one of several things.
    pub(crate) fn error(&self, error: &Error) {
        self.screen.error(&format!("{ERROR}: {error}"));
    }

    /// A line on standard error, unless `--quiet`.
    pub(crate) fn say(&self, text: &str) {
        self.screen.say(text);
    }
}
