//! The program: starts a fault server and tells where it is.

use clap::{Args, Parser, Subcommand};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use towline_faults::{Action, At, File, Hold, Rule, Script, Server};

/// An HTTP server that misbehaves on purpose, to see what a downloader does about it.
///
/// Point any client at it. A script (TOML) says what goes wrong and when; for the commonest faults a flag is
/// enough. The journal tells what was asked and what was sent.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until interrupted.
    Serve(Box<Serve>),
    /// Read scripts and say what is wrong with them.
    Check {
        /// Script files.
        #[arg(required = true)]
        scripts: Vec<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct Serve {
    /// A script. Without one: no faults but those of the flags.
    script: Option<PathBuf>,
    /// Address to listen on [default: the script's, or a free port of 127.0.0.1].
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Serve this directory under /files/, as a package index under /simple/, and its interpreters as
    /// /python-downloads.json.
    #[arg(long)]
    dir: Vec<PathBuf>,
    /// Serve a generated file as /files/SIZE.bin, such as 17MB. May be repeated.
    #[arg(long, value_name = "SIZE")]
    size: Vec<String>,
    /// Write the journal as NDJSON, a line for each finished request; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Print nothing but the base URL.
    #[arg(long)]
    print_url: bool,
    /// Speak TLS. Clients must trust the certificate written by --ca.
    #[arg(long)]
    tls: bool,
    /// Write the CA certificate (PEM) to this file.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Offer HTTP/2.
    #[arg(long)]
    http2: bool,
    /// Be a forward proxy too.
    #[arg(long)]
    proxy: bool,
    #[command(flatten)]
    faults: Faults,
}

/// Faults without a script. They come behind the rules of the script and hold for every path under --on.
#[derive(Debug, Args)]
#[command(next_help_heading = "Faults")]
struct Faults {
    /// Paths the flags below apply to.
    #[arg(long, default_value = "/files/*")]
    on: String,
    /// Only the nth request for a path: 1, 2-5, 3-.
    #[arg(long)]
    nth: Option<towline_faults::Nth>,
    /// Reset every response after so many bytes, or this share of the file.
    #[arg(long, value_name = "BYTES|PERCENT")]
    every: Option<At>,
    /// Reset at this place of the response.
    #[arg(long, value_name = "BYTES|PERCENT")]
    rst_at: Option<At>,
    /// Close at this place of the response.
    #[arg(long, value_name = "BYTES|PERCENT")]
    fin_at: Option<At>,
    /// Go silent at this place of the response.
    #[arg(long, value_name = "BYTES|PERCENT")]
    stall_at: Option<At>,
    /// How long --stall-at lasts: seconds or `forever`.
    #[arg(long, value_name = "SECONDS", default_value = "forever")]
    stall_for: Hold,
    /// Bytes per second of each response.
    #[arg(long, value_name = "BYTES")]
    pace: Option<u64>,
    /// Answer with this status.
    #[arg(long)]
    status: Option<u16>,
    /// Ignore Range and send everything.
    #[arg(long)]
    ignore_range: bool,
}

impl Faults {
    fn rule(self) -> Option<Rule> {
        let hold = self.stall_for;
        let actions = [
            self.every.map(Action::Every),
            self.rst_at.map(Action::RstAt),
            self.fin_at.map(Action::FinAt),
            self.stall_at.map(|at| Action::StallAt { at, hold }),
            self.pace.map(Action::Pace),
            self.status.map(Action::Status),
            self.ignore_range.then_some(Action::IgnoreRange),
        ];
        let mut rule = Rule::on(self.on);
        if let Some(nth) = self.nth {
            rule = rule.nth(nth);
        }
        let mut any = false;
        for action in actions.into_iter().flatten() {
            rule = rule.act(action);
            any = true;
        }
        any.then_some(rule)
    }
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(serve) => run(*serve),
        Command::Check { scripts } => check(&scripts),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "a program tells the user what failed")]
fn complain(error: &dyn std::error::Error) {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
}

fn check(scripts: &[PathBuf]) -> Result<(), Box<dyn std::error::Error>> {
    for script in scripts {
        Script::load(script)?;
    }
    Ok(())
}

fn run(serve: Serve) -> Result<(), Box<dyn std::error::Error>> {
    let mut script = match &serve.script {
        Some(path) => Script::load(path)?,
        None => Script::new(),
    };
    for dir in serve.dir {
        script = script.dir("/files", dir);
    }
    for size in &serve.size {
        let At::Byte(bytes) = size.parse::<At>()? else { return Err(format!("`{size}` is not a size").into()) };
        script = script.file(File::generated(format!("/files/{size}.bin"), bytes, 0));
    }
    if let Some(addr) = serve.listen {
        script = script.listen(addr);
    }
    if serve.tls {
        script = script.tls();
    }
    if serve.http2 {
        script = script.http2();
    }
    if serve.proxy {
        script = script.proxy();
    }
    if let Some(rule) = serve.faults.rule() {
        script = script.rule(rule);
    }
    let server = match serve.journal {
        None => Server::start(script)?,
        Some(path) if path.as_os_str() == "-" => Server::start_with_journal(script, Box::new(io::stdout()))?,
        Some(path) => Server::start_with_journal(script, Box::new(std::fs::File::create(path)?))?,
    };
    if let (Some(path), Some(pem)) = (&serve.ca, server.ca_pem()) {
        std::fs::write(path, pem)?;
    }
    announce(&server, serve.print_url)?;
    loop {
        std::thread::park();
    }
}

/// The URL goes to standard output only when it is asked for: a journal may be there.
fn announce(server: &Server, bare: bool) -> io::Result<()> {
    let url = server.url("");
    if bare {
        writeln!(io::stdout(), "{url}")
    } else {
        writeln!(io::stderr(), "serving at {url} (files: {url}/files/, index: {url}/simple/)")
    }
}

const EXAMPLES: &str = "\
Examples:
  towline-faults serve --dir dist                       a plain server and package index
  towline-faults serve --size 17MB --every 5%           a link that dies every 5 % of the file
  towline-faults serve --size 1GB --rst-at 50% --nth 1  one reset in the middle, then peace
  towline-faults serve scenarios/rst-at-half.toml --journal -

A script:
  [[file]]
  path = \"/a.bin\"
  size = \"17MB\"
  [[rule]]
  on = \"/a.bin\"
  nth = 1
  act = [{ rst-at = \"50%\" }]

All actions: docs/faults.md";
