//! Completions and manual pages, made of the definitions of the command line.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::definitions;
use crate::exit::{Code, Error};
use crate::report::{ERROR, say};

/// Prints a completion script.
pub(crate) fn completions(shell: Shell) -> Code {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut definitions(), "towline", &mut script);
    told(to_stdout(&script))
}

/// Prints the manual page, or writes one for each command: `towline.1`, `towline-get.1` and so on.
pub(crate) fn pages(dir: Option<&Path>) -> Code {
    // There is no page about the page.
    let mut command = definitions().disable_help_subcommand(true);
    command.build();
    let Some(dir) = dir else {
        let mut page = Vec::new();
        let rendered = Man::new(command).render(&mut page).map_err(Error::Stdout);
        return told(rendered.and_then(|()| to_stdout(&page)));
    };
    let written = fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command, dir));
    told(written.map_err(|source| Error::Write { path: dir.to_path_buf(), source }))
}

fn to_stdout(bytes: &[u8]) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(Error::Stdout)
}

fn told(done: Result<(), Error>) -> Code {
    match done {
        Ok(()) => Code::Ok,
        Err(error) => {
            say(&format!("{ERROR}: {error}"));
            error.code()
        }
    }
}
