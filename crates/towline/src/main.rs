//! `towline`: puts Python distributions and interpreters on a disk over networks that break.
//!
//! | module | what it does |
//! |---|---|
//! | `args` | the command line and its environment variables |
//! | `get` | `towline get`: one file, or several, whatever they are |
//! | `download` | `towline download`: the files of requirements or of a lock |
//! | `session`, `bring` | what the commands share: many files at once, each to its place |
//! | `cache` | `towline cache`: what is kept between runs |
//! | `manual` | completions and manual pages |
//! | `report` | bars, lines, the ledger of attempts, events |
//! | `exit` | failures of the program and their exit codes |

mod args;
mod bring;
mod cache;
mod download;
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
    match &args.command {
        args::Command::Get(get) => wait(get::run(get, &args.shared)),
        args::Command::Download(download) => wait(download::run(download, &args.shared)),
        args::Command::Cache(cache) => cache::run(*cache, &args.shared).into(),
        args::Command::Completions { shell } => manual::completions(*shell).into(),
        args::Command::Man { dir } => manual::pages(dir.as_deref()).into(),
    }
}

fn wait(work: impl Future<Output = exit::Code>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::fail(&exit::Error::Runtime(error)),
    };
    let code = runtime.block_on(work);
    // A look-up of a name, or a digest, may still be under way on another thread: nobody waits for it.
    runtime.shutdown_background();
    code.into()
}
