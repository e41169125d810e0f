//! What is shown of one file or page.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use towline_client::Event;
use towline_transfer::Attempt;

use super::events::Told;
use super::screen::Line;
use super::units::{self, bytes};
use super::{Report, ledger};
use crate::exit::Error;

/// What is shown of one file.
pub(crate) struct Job {
    report: Rc<Report>,
    name: String,
    page: bool,
    urls: RefCell<Vec<String>>,
    /// URLs and attempts that were given up for others.
    before: Cell<(usize, usize)>,
    /// Bytes that an attempt did not ask for, because they were there.
    saved: Cell<u64>,
    began: Instant,
    line: RefCell<Option<Line>>,
    held: Cell<u64>,
    size: Cell<Option<u64>>,
    /// Bytes that an earlier run had left.
    began_with: Cell<u64>,
    attempts: Cell<usize>,
    faults: Cell<usize>,
    reread: Cell<u64>,
    /// When progress was last told.
    told: Cell<Option<Instant>>,
    /// Members written, bytes in them, passes over the archive.
    written: Cell<(u64, u64, u64)>,
}

/// A tree at its place.
pub(crate) struct Tree {
    pub(crate) files: u64,
    pub(crate) links: u64,
    pub(crate) bytes: u64,
    /// The same stood there before.
    pub(crate) was_there: bool,
}

/// Progress is written at most this often.
const OFTEN: Duration = Duration::from_millis(100);

impl Job {
    pub(super) fn new(report: &Rc<Report>, name: &str, urls: Vec<String>, page: bool) -> Self {
        let job = Self {
            report: Rc::clone(report),
            name: name.to_owned(),
            page,
            urls: RefCell::new(urls),
            before: Cell::default(),
            saved: Cell::new(0),
            began: Instant::now(),
            line: RefCell::new(None),
            held: Cell::new(0),
            size: Cell::new(None),
            began_with: Cell::new(0),
            attempts: Cell::new(0),
            faults: Cell::new(0),
            reread: Cell::new(0),
            told: Cell::new(None),
            written: Cell::new((0, 0, 0)),
        };
        job.event(&Told::Started { urls: &job.urls.borrow() });
        job
    }

    /// Takes an event of the artifact.
    pub(crate) fn observe(&self, event: &towline_fetch::Event<'_>) {
        use towline_fetch::Event;
        match *event {
            Event::Leads { held, size } => self.leads(held, size),
            Event::Follows { held, size } => self.follows(held, size),
            Event::Grew { held, size } => self.grew(held, size),
            Event::Transfer(event) => self.take(&event),
            Event::Unpacking { written, bytes, passes } => self.unpacking(written, bytes, passes),
            _ => {}
        }
    }

    /// Bytes held, and the size if it is known.
    fn reached(&self) -> (u64, Option<u64>) {
        (self.held.get(), self.size.get())
    }

    fn unpacking(&self, written: u64, bytes: u64, passes: u64) {
        if self.written.replace((written, bytes, passes)) == (written, bytes, passes) {
            return;
        }
        self.event(&Told::Unpacking { written, bytes, passes });
        if self.size.get() == Some(self.held.get()) {
            self.bar(&format!("unpacking: {written} files, {}", units::bytes(bytes)));
        }
    }

    /// This process brings the file, and goes on from what is there.
    fn leads(&self, held: u64, size: Option<u64>) {
        self.began_with.set(held);
        self.grew(held, size);
        if held > 0 {
            let text = format!("{}: going on from {} that an earlier run left", self.name, bytes(held));
            self.note(&text, &format!("going on from {}", bytes(held)));
        }
    }

    /// Another process brings the file.
    fn follows(&self, held: u64, size: Option<u64>) {
        let text = format!("{}: another towline is bringing this file; following it", self.name);
        self.note(&text, "following another towline");
        self.event(&Told::Following);
        self.grew(held, size);
    }

    /// Bytes came, here or in the process that is followed.
    fn grew(&self, held: u64, size: Option<u64>) {
        let before = self.held.replace(held);
        self.size.set(size.or_else(|| self.size.get()));
        if !self.page {
            let mut line = self.line.borrow_mut();
            line.get_or_insert_with(|| self.report.screen.line(&self.name)).set(held, self.size.get());
            self.report.screen.moved(before, held);
        }
        let due = self.told.get().is_none_or(|told| told.elapsed() >= OFTEN);
        if due || size.is_some_and(|size| size == held) {
            self.told.set(Some(Instant::now()));
            self.event(&Told::Progress { held, size: self.size.get() });
        }
    }

    /// Takes an event of the transfer.
    pub(crate) fn take(&self, event: &Event<'_>) {
        match event {
            Event::Answered { size } => self.size.set(*size),
            Event::Grew { held } => self.grew(*held, self.size.get()),
            Event::Cut { held } => {
                self.event(&Told::Cut { held: *held });
                self.told.set(None);
                self.grew(*held, None);
            }
            Event::Ended { attempt, record } => self.ended(*attempt, record),
            Event::Waiting { wait } => self.event(&Told::Waiting { seconds: wait.as_secs_f64() }),
            Event::Verifying => self.bar("checking the digest"),
            _ => {}
        }
    }

    fn ended(&self, number: usize, record: &Attempt) {
        let (urls, attempts) = self.before.get();
        let number = attempts + number;
        self.attempts.set(number);
        self.reread.set(self.reread.get() + record.reread);
        if record.to > record.from {
            self.saved.set(self.saved.get() + record.from.saturating_sub(record.reread));
        }
        self.event(&Told::Progress { held: record.to, size: self.size.get() });
        let asked = self.urls.borrow();
        let url = asked.get(urls + record.url).map_or("", String::as_str);
        self.event(&Told::attempt(number, record, url));
        drop(asked);
        // That an index has no such page is an answer.
        let missing = self.page && matches!(record.status(), Some(404 | 410));
        if let Some(fault) = record.fault.as_ref().filter(|_| !missing) {
            self.faults.set(self.faults.get() + 1);
            let wait =
                if record.waited.is_zero() { String::new() } else { format!(" in {}", units::time(record.waited)) };
            let at = ledger::position(record.to, self.size.get());
            let fault = ledger::cause(fault, record.note.as_deref());
            let text = format!(
                "{}: attempt {number} ended at {at}: {fault}{}",
                self.name,
                if wait.is_empty() { String::new() } else { format!("; next{wait}") }
            );
            let next = ordinal(number + 1);
            // Of a page the last attempt stands in the error, and one that was followed at once in the line that ends it.
            if !self.page || !wait.is_empty() {
                self.note(&text, &format!("resuming at {}{wait}, {next} time: {fault}", bytes(record.to)));
            }
        } else {
            self.bar("");
        }
        if self.report.verbose {
            ledger::hops(record).for_each(|hop| self.report.say(&format!("{}:   {hop}", self.name)));
        }
    }

    /// None of the URLs has it, and these are asked now.
    pub(crate) fn elsewhere(&self, urls: Vec<String>) {
        let mut all = self.urls.borrow_mut();
        self.before.set((all.len(), self.attempts.get()));
        let text = format!("not found; asking {} for it", urls.join(", "));
        all.extend(urls);
        drop(all);
        self.note(&format!("{}: {text}", self.name), &text);
    }

    /// The page is there.
    pub(crate) fn read(&self, size: u64) {
        let attempts = self.attempts.get();
        if self.faults.get() > 0 {
            self.report.say(&format!("{}: {}{}", self.name, bytes(size), self.story()));
        }
        self.event(&Told::Read { size, attempts });
        self.report.tally.borrow_mut().faults += self.faults.get();
    }

    /// The file is at its place.
    pub(crate) fn finished(&self, place: &Path) {
        self.close();
        self.came();
        let text = format!("{}: {}{}", place.display(), bytes(self.held.get()), self.story());
        self.report.say(&text);
        self.event(&Told::Finished {
            path: &place.to_string_lossy(),
            size: self.held.get(),
            attempts: self.attempts.get(),
        });
    }

    /// The tree is at its place.
    pub(crate) fn finished_tree(&self, place: &Path, tree: &Tree) {
        self.close();
        let (written, _, passes) = self.written.get();
        let path = &place.to_string_lossy();
        let (files, links, bytes) = (tree.files, tree.links, tree.bytes);
        let was_there = tree.was_there;
        if was_there {
            self.report.tally.borrow_mut().there += 1;
        } else {
            self.came();
        }
        self.event(&Told::Unpacked { path, files, links, bytes, written, passes, was_there });
        let word = if files == 1 { "file" } else { "files" };
        let what = format!("{files} {word}, {}", units::bytes(bytes));
        let text = if was_there {
            format!("{path}: the same is there already: {what}")
        } else {
            format!("{path}: {what}{}", self.story())
        };
        self.report.say(&text);
        self.event(&Told::Finished { path, size: self.held.get(), attempts: self.attempts.get() });
    }

    /// The file was there already, verified.
    pub(crate) fn was_there(&self, place: &Path) {
        self.close();
        self.report.tally.borrow_mut().there += 1;
        self.report.say(&format!("{}: already there, and its digest is right", place.display()));
        self.event(&Told::WasThere { path: &place.to_string_lossy() });
    }

    fn came(&self) {
        let mut tally = self.report.tally.borrow_mut();
        tally.came += 1;
        tally.bytes += self.held.get();
        tally.saved += self.saved.get();
        tally.faults += self.faults.get();
    }

    /// How it came, for the line that ends it.
    fn story(&self) -> String {
        let mut text = format!(" in {}", units::time(self.began.elapsed()));
        let (faults, earlier) = (self.faults.get(), self.began_with.get());
        if faults > 0 {
            let word = if faults == 1 { "fault" } else { "faults" };
            text += &format!(", {} attempts, {faults} {word} survived", self.attempts.get());
        }
        if earlier > 0 {
            text += &format!(", {} of it from an earlier run", bytes(earlier));
        }
        if self.reread.get() > 0 {
            text += &format!(", {} re-read", bytes(self.reread.get()));
        }
        text
    }

    /// The file does not come. `log` are the attempts of this run.
    pub(crate) fn failed(&self, error: &Error, log: &[Attempt], kept: bool) {
        self.close();
        let (held, size) = self.reached();
        // What happened the only time is the error: where no page comes, all say the same.
        let log = if self.page && log.len() == 1 && ledger::is_fault(error) { &[] } else { log };
        let text = ledger::failure(error, log, self.urls.borrow().len() > 1, kept.then_some((held, size)));
        if !self.page {
            self.report.tally.borrow_mut().failed.push(self.name.clone());
        }
        self.report.screen.error(&text);
        let code = error.code() as u8;
        self.event(&Told::Failed { error: &error.to_string(), exit_code: code, held, size });
    }

    /// The user has interrupted the program: says what is kept, if anything is.
    pub(crate) fn interrupted(&self) {
        self.close();
        self.report.screen.settle();
        let (held, size) = self.reached();
        if held > 0 {
            self.report.screen.error(&format!("interrupted: {}", ledger::kept(&self.name, held, size)));
        }
        self.event(&Told::Interrupted { held, size });
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether anything of it is there.
    pub(crate) fn has_bytes(&self) -> bool {
        self.held.get() > 0
    }

    fn close(&self) {
        if let Some(line) = self.line.borrow_mut().take() {
            line.close();
        }
        if !self.page {
            self.report.screen.ended();
        }
    }

    /// A line where there are no bars, or the same in the bar.
    fn note(&self, line: &str, bar: &str) {
        if self.report.screen.has_bars() && !self.page {
            self.bar(bar);
        } else {
            self.report.say(line);
        }
    }

    fn bar(&self, text: &str) {
        if let Some(line) = &*self.line.borrow() {
            line.note(text);
        }
    }

    fn event(&self, told: &Told<'_>) {
        let mut events = self.report.events.borrow_mut();
        if let Some(open) = &mut *events
            && !open.write(&self.name, self.began.elapsed(), told)
        {
            *events = None;
        }
    }
}

fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
