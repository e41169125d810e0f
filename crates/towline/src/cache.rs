//! `towline cache`: what is kept between runs.

use std::io::{self, Write as _};
use std::time::{Duration, SystemTime};

use towline_store::{Amount, Keep, Store, Usage};

use crate::args::{Cache, Shared};
use crate::exit::{Code, Error};
use crate::report::{ERROR, bytes, say};
use crate::session::cache_dir;

/// Does what is asked, and prints everything, errors included.
pub(crate) fn run(cache: Cache, shared: &Shared) -> Code {
    let done = act(cache, shared);
    done.unwrap_or_else(|error| {
        say(&format!("{ERROR}: {error}"));
        error.code()
    })
}

fn act(cache: Cache, shared: &Shared) -> Result<Code, Error> {
    let store = Store::open(cache_dir(shared)?)?;
    match cache {
        Cache::Dir => print(&store.root().display().to_string())?,
        Cache::Info => print(&table(&store, &store.usage()?))?,
        Cache::Prune { unused_for } => removed(&store, Keep { unused_for, partials_for: Keep::PARTIALS }, shared)?,
        Cache::Clean => removed(&store, Keep { unused_for: Duration::ZERO, partials_for: Duration::ZERO }, shared)?,
        Cache::Verify => return verify(&store, shared),
    }
    Ok(Code::Ok)
}

fn table(store: &Store, usage: &Usage) -> String {
    let rows = [
        ("partial files", usage.partials),
        ("trees on their way", usage.stages),
        ("entries", usage.trees),
        ("archives", usage.archives),
        ("in all", usage.total()),
    ];
    let mut text = store.root().display().to_string();
    for (name, Amount { count, bytes: size }) in rows {
        text += &format!("\n{name:<20}{count:>8}{:>12}", bytes(size));
    }
    text
}

fn removed(store: &Store, keep: Keep, shared: &Shared) -> Result<(), Error> {
    let usage = store.prune(SystemTime::now(), keep)?;
    let Amount { count, bytes: size } = usage.total();
    if !shared.quiet {
        let word = if count == 1 { "thing" } else { "things" };
        say(&format!("removed {count} {word}, {}, from {}", bytes(size), store.root().display()));
    }
    Ok(())
}

fn verify(store: &Store, shared: &Shared) -> Result<Code, Error> {
    let mut seen = 0_u64;
    let damages = store.verify(|path| {
        seen += 1;
        if shared.verbose {
            say(&path.display().to_string());
        }
    })?;
    for damage in &damages {
        let end = if damage.removed { "removed" } else { "it could not be removed" };
        say(&format!("{ERROR}: {} is damaged: {}; {end}", damage.path.display(), damage.what));
    }
    if !shared.quiet {
        let word = if seen == 1 { "archive or entry" } else { "archives and entries" };
        say(&format!("{seen} {word} looked at, {} damaged", damages.len()));
    }
    Ok(if damages.is_empty() { Code::Ok } else { Code::Verification })
}

/// Writes a line to standard output, and makes sure that it is there.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(Error::Stdout)
}
