//! Brings an archive and unpacks it while it arrives: `cargo run -p towline-fetch --example tree -- URL DIRECTORY`.

#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::error::Error;

use towline_client::{Client, Options, Url};
use towline_fetch::{Artifact, Done, Event, Fetcher, Goal, Tree};
use towline_store::Store;
use towline_unpack::{Format, Unpacker};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(at)) = (args.next(), args.next()) else { return Err("give a URL and a directory".into()) };
    let url: Url = url.parse()?;
    let name = url.path_segments().and_then(Iterator::last).unwrap_or_default().to_owned();
    let Some((format, _)) = Format::of_name(&name) else { return Err("this name is no archive's".into()) };

    let store = Store::open(std::env::temp_dir().join("towline-example"))?;
    let fetcher = Fetcher::new(Client::new(Options::default()), store, Unpacker::new(2)?);
    let artifact = Artifact { name, urls: vec![url], digest: None, size: None };
    let goal = Goal::Tree { at: at.into(), tree: Tree::of(format) };
    let observe = |event: Event<'_>| {
        if let Event::Transfer(towline_client::Event::Ended { attempt, record }) = event {
            println!("attempt {attempt}: {} to {}", record.from, record.to);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match runtime.block_on(fetcher.fetch(&artifact, &goal, observe)).result? {
        Done::Tree { unpacked, .. } => println!("{} files, {} bytes", unpacked.files, unpacked.bytes),
        other => println!("{other:?}"),
    }
    Ok(())
}
