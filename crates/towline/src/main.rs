//! `towline`: puts Python distributions and interpreters on a disk over networks that break.
//!
//! | module | what it does |
//! |---|---|
//! | `args` | the command line and its environment variables |
//! | `get` | `towline get`: one file, or several, whatever they are |
//! | `session`, `bring` | what the commands share: many files at once, each to its place |
//! | `cache` | `towline cache`: what is kept between runs |
//! | `manual` | completions and manual pages |
//! | `report` | bars, lines, the ledger of attempts, events |
//! | `exit` | failures of the program and their exit codes |

mod args;
mod bring;
mod cache;
mod exit;
mod get;
mod manual;
mod report;
mod session;

use std::process::ExitCode;

fn main() -> ExitCode {
    match args::parse() {
        Ok(args) => run(args),
        Err(code) => code,
    }
}

fn run(args: args::Args) -> ExitCode {
    let get = match &args.command {
        args::Command::Get(get) => get,
        args::Command::Cache(cache) => return cache::run(*cache, &args.shared).into(),
        args::Command::Completions { shell } => return manual::completions(*shell).into(),
        args::Command::Man { dir } => return manual::pages(dir.as_deref()).into(),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::fail(&exit::Error::Runtime(error)),
    };
    let code = runtime.block_on(get::run(get, &args.shared));
    // A look-up of a name, or a digest, may still be under way on another thread: nobody waits for it.
    runtime.shutdown_background();
    code.into()
}
