//! The command line. Every limit and wait of the retry law has an option and an environment variable.

mod cache;
mod download;
mod limits;
mod value;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use towline_client::Override;
use towline_store::Digest;

pub(crate) use cache::Cache;
pub(crate) use download::{Download, Format, Groups, InOrder, IndexOptions, Targets};
pub(crate) use limits::Limits;

/// Brings Python distributions and interpreters over networks that break: a download that dies is continued at the byte
/// where it died, in this run or the next, and when towline gives up it lists every attempt.
///
/// It does not resolve dependencies: give it URLs (later also locks).
///
/// Exit codes: 0 ok, 1 bad input, 2 usage, 3 network (worth another try), 4 verification failed, 5 archive refused, 6 local
/// disk, 7 not found, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "towline", version, max_term_width = 100, propagate_version = true, args_override_self = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) shared: Shared,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring a file, whatever it is, or several at once
    Get(Get),
    /// Bring the files of requirements or of a lock into a folder, for any platform
    Download(Box<Download>),
    /// Look after the cache
    #[command(subcommand)]
    Cache(Cache),
    /// Print a script that completes the command line, for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write one for each command into a folder
    Man {
        /// The folder
        #[arg(short, long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// Bring files. A partial file is kept in the cache directory and continued by the next run; the destination is only ever
/// seen whole.
#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    /// What to bring; `#sha256=HEX` at the end gives its digest. With --unpack also a file on this machine
    #[arg(value_name = "URL", required = true)]
    pub(crate) urls: Vec<String>,
    /// Where to put it; `-` is standard output, written when the file is whole and right
    #[arg(short, long, value_name = "FILE", conflicts_with = "dir")]
    pub(crate) output: Option<PathBuf>,
    /// Folder to put it into, under the last part of the URL's path [default: the current one]
    #[arg(short, long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// SHA-256 of the file, 64 hex digits: it is refused if it differs, and left alone if it is there already
    #[arg(long, value_name = "HEX", value_parser = value::sha256)]
    pub(crate) sha256: Option<Digest>,
    /// Another URL of the same bytes; may be repeated
    #[arg(long, value_name = "URL")]
    pub(crate) mirror: Vec<String>,
    /// Unpack it while it arrives, into a folder of its name without .whl, .zip, .tar.gz and the like; the archive itself is not kept. The folder appears when everything is there and right. One that exists already is left alone: that is fine if it holds the same, and an error if not
    #[arg(long, conflicts_with = "output")]
    pub(crate) unpack: bool,
}

/// Options of every command.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Shared {
    #[command(flatten)]
    pub(crate) limits: Limits,
    /// Directory for partial files, and for trees on their way [default: the platform's cache directory]
    #[arg(long, global = true, env = "TOWLINE_CACHE_DIR", value_name = "DIR", help_heading = GENERAL)]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Find a host at a given address, as curl's option of that name; may be repeated
    #[arg(long, global = true, value_name = "HOST:PORT:ADDR", help_heading = GENERAL)]
    pub(crate) resolve: Vec<Override>,
    /// Program that is asked for credentials after a 401, as `PROGRAM get ORIGIN USER` (for example `keyring`); a user name in the URL is handed to it
    #[arg(long, global = true, env = "TOWLINE_KEYRING", value_name = "PROGRAM", help_heading = GENERAL)]
    pub(crate) keyring: Option<OsString>,
    /// Write every event and attempt as a line of JSON to a file, or to standard output (`-`)
    #[arg(long, global = true, value_name = "FILE", help_heading = GENERAL)]
    pub(crate) events: Option<PathBuf>,
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = GENERAL)]
    pub(crate) quiet: bool,
    /// Say what each attempt asked and was answered
    #[arg(short, long, global = true, help_heading = GENERAL)]
    pub(crate) verbose: bool,
    /// Lines instead of bars
    #[arg(long, global = true, env = "TOWLINE_NO_PROGRESS", value_parser = clap::builder::FalseyValueParser::new(), help_heading = GENERAL)]
    pub(crate) no_progress: bool,
    /// When to use colours; NO_COLOR is obeyed
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", help_heading = GENERAL)]
    pub(crate) color: Color,
}

const GENERAL: &str = "General options";

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// Reads the command line; a mistake is printed, with the environment variable it came from, and ends with exit code 2.
pub(crate) fn parse() -> Result<Args, ExitCode> {
    let parsed = Args::try_parse().and_then(check);
    parsed.map_err(|error| {
        let mistake = error.use_stderr();
        // Nothing more can be said when even this cannot be printed.
        let _ = error.print();
        if let Some(variable) = mistake.then(|| variable_of(&error)).flatten() {
            crate::report::say(&format!("\nThe value comes from the environment variable {variable}."));
        }
        ExitCode::from(if mistake { 2 } else { 0 })
    })
}

/// The definitions, for completions and manual pages.
pub(crate) fn definitions() -> clap::Command {
    Args::command()
}

/// What clap cannot express.
fn check(args: Args) -> Result<Args, clap::Error> {
    let refuse = |text: &str| Err(Args::command().error(ErrorKind::ArgumentConflict, text));
    let stdout = |path: &Option<PathBuf>| path.as_ref().is_some_and(|path| path.as_os_str() == "-");
    if let Command::Download(download) = &args.command
        && download.format == Format::Json
        && stdout(&args.shared.events)
    {
        return refuse("--format json and --events cannot both go to standard output");
    }
    let Command::Get(get) = &args.command else { return Ok(args) };
    if get.urls.len() > 1 {
        if get.output.is_some() {
            return refuse("--output takes one file, and several URLs were given: use --dir");
        }
        if get.sha256.is_some() {
            return refuse("--sha256 is for one URL: with several, end each with #sha256=HEX");
        }
        if !get.mirror.is_empty() {
            return refuse("--mirror is for one URL, and several were given");
        }
    }
    if stdout(&get.output) && stdout(&args.shared.events) {
        return refuse("--output and --events cannot both go to standard output");
    }
    Ok(args)
}

/// The environment variable that a refused value was read from: clap names the option only.
fn variable_of(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return None };
    let long = argument.strip_prefix("--")?.split([' ', '=']).next()?;
    let given = format!("--{long}");
    let typed = std::env::args().any(|arg| arg == given || arg.starts_with(&format!("{given}=")));
    let command = Args::command();
    let variable = command.get_arguments().find(|arg| arg.get_long() == Some(long))?.get_env()?.to_owned();
    (!typed && std::env::var_os(&variable).is_some()).then(|| variable.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_hold() {
        Args::command().debug_assert();
    }
}
