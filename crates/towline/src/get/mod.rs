//! `towline get`: one file, or several at once.

mod bring;
mod plan;

use std::rc::Rc;
use std::sync::Arc;

use towline_client::keys::{Keys, LookUp, Secret};
use towline_client::{Client, Options};
use towline_fetch::Fetcher;
use towline_store::Store;
use towline_unpack::Unpacker;

use crate::args::{Get, Shared};
use crate::exit::{Code, Error, chain};
use crate::report::{ERROR, Job, Report};
use bring::bring;

/// Brings what the command names; prints everything, errors included.
pub(crate) async fn run(get: &Get, shared: &Shared) -> Code {
    let mut jobs = Vec::new();
    let work = async { all(get, shared, &mut jobs).await };
    let code = tokio::select! {
        biased;
        () = interrupted() => None,
        code = work => Some(code),
    };
    match code {
        Some(Ok(code)) => code,
        Some(Err(error)) => {
            crate::report::say(&format!("{ERROR}: {error}"));
            error.code()
        }
        // The transfers are dropped by now: what came is kept.
        None => {
            jobs.iter().filter(|(_, done)| !done.get()).for_each(|(job, _)| job.interrupted());
            Code::Interrupted
        }
    }
}

type Jobs = Vec<(Rc<Job>, Rc<std::cell::Cell<bool>>)>;

async fn all(get: &Get, shared: &Shared, jobs: &mut Jobs) -> Result<Code, Error> {
    let plans = plan::plans(get)?;
    let client = Client::new(Options {
        policy: shared.limits.policy(),
        concurrency: shared.limits.concurrency(),
        overrides: shared.resolve.clone(),
        keys: keys(shared)?,
        user_agent: concat!("towline/", env!("CARGO_PKG_VERSION")).to_owned(),
        ..Options::default()
    });
    let report = Report::new(shared)?;
    let store = Store::open(cache_dir(shared)?)?;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let unpacker = Unpacker::new(if get.unpack { threads } else { 1 }).map_err(Error::Runtime)?;
    let fetcher = Fetcher::new(client, store, unpacker);
    // A file that waits for its turn holds no partial file open, and does not make other processes wait for it.
    let turns = Rc::new(tokio::sync::Semaphore::new(shared.limits.concurrency()));
    let local = tokio::task::LocalSet::new();
    let mut tasks = Vec::new();
    for plan in plans {
        let job = Rc::new(report.job(&plan.artifact.name, plan.shown.clone()));
        let done = Rc::new(std::cell::Cell::new(false));
        jobs.push((Rc::clone(&job), Rc::clone(&done)));
        let (fetcher, turns) = (fetcher.clone(), Rc::clone(&turns));
        tasks.push(local.spawn_local(async move {
            let _turn = turns.acquire().await;
            let code = bring(&fetcher, &plan, &job).await;
            done.set(true);
            code
        }));
    }
    local
        .run_until(async {
            let mut worst = Code::Ok;
            for task in tasks {
                // A file that fails does not stop the others; the first one's code is the command's.
                let code = task.await.unwrap_or(Code::Disk);
                worst = if worst == Code::Ok { code } else { worst };
            }
            Ok(worst)
        })
        .await
}

/// Ctrl-C, or a polite request to end.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut term) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = term.recv() => {}
        interrupt = tokio::signal::ctrl_c() => {
            if interrupt.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

fn cache_dir(shared: &Shared) -> Result<std::path::PathBuf, Error> {
    use etcetera::BaseStrategy;
    if let Some(dir) = &shared.cache_dir {
        return Ok(dir.clone());
    }
    let strategy = etcetera::choose_base_strategy().map_err(|_| Error::NoCacheDir)?;
    Ok(strategy.cache_dir().join("towline"))
}

fn keys(shared: &Shared) -> Result<Keys, Error> {
    let keys = Keys::from_netrc()?;
    let Some(program) = shared.keyring.clone() else { return Ok(keys) };
    let look_up: Arc<LookUp> = Arc::new(move |origin, user| ask_keyring(&program, origin, user));
    Ok(keys.with_look_up(look_up))
}

/// Asks the program as pip and uv do: `PROGRAM get ORIGIN USER` prints the password.
fn ask_keyring(program: &std::ffi::OsStr, origin: &str, user: Option<&str>) -> Option<Secret> {
    let user = user.unwrap_or("oauth2accesstoken");
    let mut command = std::process::Command::new(program);
    command.arg("get").arg(origin).arg(user).stdin(std::process::Stdio::null()).stderr(std::process::Stdio::inherit());
    match command.output() {
        Ok(output) if output.status.success() => {
            let password = String::from_utf8(output.stdout).ok()?.trim_end_matches(['\r', '\n']).to_owned();
            (!password.is_empty()).then(|| Secret { user: user.to_owned(), password })
        }
        Ok(_) => None,
        Err(error) => {
            crate::report::say(&format!(
                "warning: cannot ask {} for credentials: {}",
                program.to_string_lossy(),
                chain(&error)
            ));
            None
        }
    }
}
