//! `towline`: puts Python distributions and interpreters on a disk over networks that break.
//!
//! | module | what it does |
//! |---|---|
//! | `args` | the command line and its environment variables |
//! | `get` | `towline get`: one file, or several, whatever they are |
//! | `session`, `bring` | what the commands share: many files at once, each to its place |
//! | `report` | bars, lines, the ledger of attempts, events |
//! | `exit` | failures of the program and their exit codes |

mod args;
mod bring;
mod exit;
mod get;
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
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::fail(&exit::Error::Runtime(error)),
    };
    let code = match &args.command {
        args::Command::Get(get) => runtime.block_on(get::run(get, &args.shared)),
    };
    // A look-up of a name, or a digest, may still be under way on another thread: nobody waits for it.
    runtime.shutdown_background();
    code.into()
}
