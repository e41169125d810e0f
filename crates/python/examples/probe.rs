//! Asks the interpreters that are named, and prints what they are: `cargo run --example probe -- /usr/bin/python3`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example speaks to whoever runs it")]

use std::{env, path::Path, process::ExitCode, time::Duration};

use towline_python::Prober;

fn main() -> ExitCode {
    let prober = Prober::new(Duration::from_secs(10));
    let mut code = ExitCode::SUCCESS;
    for path in env::args_os().skip(1) {
        match prober.probe(Path::new(&path)) {
            Ok(found) => println!("{found}\n{found:#?}"),
            Err(error) => {
                eprintln!("error: {error}");
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}
