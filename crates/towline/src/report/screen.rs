//! The terminal, or what stands in for it.

use std::cell::RefCell;
use std::io::{IsTerminal, Write};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Bars on a terminal, lines elsewhere, nothing with `--quiet`.
pub(super) struct Screen {
    bars: Option<MultiProgress>,
    /// The bar of a whole set, below the others.
    set: RefCell<Option<Set>>,
    quiet: bool,
}

struct Set {
    bar: ProgressBar,
    files: usize,
    ended: usize,
    /// Bytes held of all of them.
    bytes: u64,
}

/// What one file shows.
pub(super) struct Line {
    bar: Option<ProgressBar>,
    name: String,
}

/// Below this many columns a bar is reduced to its percentage.
const NARROW: u16 = 90;
/// So many characters of a name are shown beside a note.
const SHORT: usize = 16;

impl Screen {
    pub(super) fn new(quiet: bool, no_progress: bool) -> Self {
        let bars = !quiet && !no_progress && std::io::stderr().is_terminal();
        let target = || MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        Self { bars: bars.then(target), set: RefCell::default(), quiet }
    }

    pub(super) fn has_bars(&self) -> bool {
        self.bars.is_some()
    }

    /// A line above the bars.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            self.error(text);
        }
    }

    /// The same, with `--quiet`, too.
    pub(super) fn error(&self, text: &str) {
        let print = || say(text);
        match &self.bars {
            Some(bars) => bars.suspend(print),
            None => print(),
        }
    }

    /// A bar for a set of files.
    pub(super) fn expect(&self, files: usize, bytes: u64) {
        let Some(bars) = &self.bars else { return };
        // At the top: a terminal that has no room for all bars has room for this one.
        let bar = bars.insert(0, ProgressBar::new(bytes));
        bar.set_style(style(columns() < NARROW));
        let set = Set { bar, files, ended: 0, bytes: 0 };
        set.show();
        *self.set.borrow_mut() = Some(set);
    }

    /// A file of the set has ended.
    pub(super) fn ended(&self) {
        if let Some(set) = &mut *self.set.borrow_mut() {
            set.ended += 1;
            set.show();
        }
    }

    /// So much is held of a file of the set, and was before.
    pub(super) fn moved(&self, before: u64, held: u64) {
        if let Some(set) = &mut *self.set.borrow_mut() {
            set.bytes = set.bytes.saturating_sub(before) + held;
            set.bar.set_position(set.bytes);
        }
    }

    /// The set has ended.
    pub(super) fn settle(&self) {
        if let Some(set) = self.set.borrow_mut().take() {
            set.bar.finish_and_clear();
        }
    }

    pub(super) fn line(&self, name: &str) -> Line {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::no_length());
            bar.set_style(style(columns() < NARROW));
            bar.set_message(name.to_owned());
            bar
        });
        Line { bar, name: name.to_owned() }
    }
}

impl Set {
    fn show(&self) {
        if self.bar.length().is_some_and(|length| length < self.bytes) {
            self.bar.set_length(self.bytes);
        }
        self.bar.set_position(self.bytes);
        self.bar.set_message(format!("{} of {} files", self.ended, self.files));
    }
}

/// A line on standard error. One that is full or gone must not end a download, as `eprintln!` would.
pub(crate) fn say(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

impl Line {
    /// The position is what is on disk, never more.
    pub(super) fn set(&self, held: u64, size: Option<u64>) {
        let Some(bar) = &self.bar else { return };
        match size {
            Some(size) if bar.length() != Some(size) => bar.set_length(size),
            _ => {}
        }
        bar.set_position(held);
    }

    /// What is going on, beside the name.
    pub(super) fn note(&self, text: &str) {
        let Some(bar) = &self.bar else { return };
        if text.is_empty() {
            bar.set_message(self.name.clone());
        } else {
            // File names are long, and what happens matters more.
            let short: String = self.name.chars().take(SHORT).collect();
            let more = if short.len() < self.name.len() { "…" } else { "" };
            bar.set_message(format!("{short}{more}: {text}"));
        }
    }

    pub(super) fn close(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style(narrow: bool) -> ProgressStyle {
    let template = if narrow {
        "{wide_msg} {percent:>3}%"
    } else {
        "{wide_msg} {bar:20} {decimal_bytes:>9} of {decimal_total_bytes:9} {decimal_bytes_per_sec:>11} {eta:>4}"
    };
    ProgressStyle::with_template(template)
        .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("━╸─"))
}

fn columns() -> u16 {
    rustix::termios::tcgetwinsize(std::io::stderr()).map_or(80, |size| size.ws_col)
}
