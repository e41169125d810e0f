//! Finds an interpreter and prints what it is, or all there are: `cargo run --example probe -- '>=3.11'`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example speaks to whoever runs it")]

use std::{env, error::Error, process::ExitCode, time::Duration};

use towline_python::{Cache, Finder, Interpreter, Prober, Surroundings};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let surroundings = Surroundings::from_variables(env::current_dir()?, |name| env::var_os(name));
    let cache = Cache::at(env::temp_dir().join("towline-interpreters"));
    let prober = Prober::new(Duration::from_secs(10)).with_cache(cache);
    let finder = Finder::new(&surroundings, &prober);
    let Some(request) = env::args().nth(1) else {
        for (candidate, answer) in finder.all() {
            match answer {
                Ok(interpreter) => println!("{interpreter} ({})", candidate.source),
                Err(error) => println!("{error}"),
            }
        }
        return Ok(());
    };
    let found = finder.find(&request.parse()?)?;
    println!("{} ({})", found.interpreter, found.source);
    show(&found.interpreter);
    Ok(())
}

fn show(found: &Interpreter) {
    println!("prefix       {}", found.prefix.display());
    println!("base         {} ({})", found.base_prefix.display(), found.base_executable.display());
    println!("build        {:?}", found.build);
    println!("scheme       {:?}", found.scheme);
    println!("environments {:?}", found.venv_scheme);
    println!("platform     {} ({:?})", found.platform.pretty(), found.platform.os());
    println!("markers      {:?}", found.markers);
    for tag in found.tags.to_string().lines().take(5) {
        println!("tag          {tag}");
    }
    println!("             and {} more", found.tags.to_string().lines().count().saturating_sub(5));
}
