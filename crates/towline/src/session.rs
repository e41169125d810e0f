//! What every command that brings something needs: a client, a store, threads, a report, and somebody who listens for Ctrl-C.

use std::cell::{Cell, RefCell};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{self, Stdio};
use std::rc::Rc;
use std::sync::Arc;

use etcetera::BaseStrategy as _;
use tokio::sync::Semaphore;
use towline_client::keys::{Keys, LookUp, Secret};
use towline_client::{Client, Options};
use towline_fetch::Fetcher;
use towline_store::Store;
use towline_unpack::Unpacker;

use crate::args::Shared;
use crate::bring::{Ended, Plan, bring};
use crate::exit::{Code, Error, chain};
use crate::report::{ERROR, Job, Report};

/// One run of a command.
pub(crate) struct Session {
    pub(crate) report: Rc<Report>,
    pub(crate) client: Client,
    fetcher: Fetcher,
    /// A file that waits for its turn holds no partial file open, and does not make other processes wait for it.
    turns: Rc<Semaphore>,
}

/// What was begun, and whether it has ended: for the last words after Ctrl-C.
#[derive(Clone, Default)]
pub(crate) struct Jobs {
    begun: Rc<RefCell<Vec<Begun>>>,
    /// How many wait for their turn.
    waiting: Rc<Cell<usize>>,
}

struct Begun {
    job: Rc<Job>,
    done: Rc<Cell<bool>>,
}

impl Jobs {
    fn add(&self, job: &Rc<Job>) -> Rc<Cell<bool>> {
        let done = Rc::new(Cell::new(false));
        self.waiting.set(self.waiting.get().saturating_sub(1));
        self.begun.borrow_mut().push(Begun { job: Rc::clone(job), done: Rc::clone(&done) });
        done
    }
}

/// Runs a command until it ends or is interrupted; prints the error of the whole command.
pub(crate) async fn run(work: impl AsyncFnOnce(&Jobs) -> Result<Code, Error>) -> Code {
    let jobs = Jobs::default();
    let code = tokio::select! {
        biased;
        () = interrupted() => None,
        code = work(&jobs) => Some(code),
    };
    match code {
        Some(Ok(code)) => code,
        Some(Err(error)) => {
            crate::report::say(&format!("{ERROR}: {error}"));
            error.code()
        }
        // The transfers are dropped by now: what came is kept.
        None => {
            jobs.interrupted();
            Code::Interrupted
        }
    }
}

impl Jobs {
    /// The last words: a line for each file of which something came, and one for the others.
    fn interrupted(&self) {
        let begun = self.begun.borrow();
        let open: Vec<_> = begun.iter().filter(|begun| !begun.done.get()).collect();
        open.iter().for_each(|begun| begun.job.interrupted());
        let bare = open.iter().filter(|begun| !begun.job.has_bytes()).count() + self.waiting.get();
        match (open.as_slice(), bare) {
            (_, 0) if !open.is_empty() => {}
            ([only], 1) if self.waiting.get() == 0 => {
                crate::report::say(&format!("interrupted: nothing of {} had come", only.job.name()));
            }
            (_, 0) => crate::report::say("interrupted"),
            (_, 1) => crate::report::say("interrupted: nothing of one more file had come"),
            (_, bare) => crate::report::say(&format!("interrupted: nothing of {bare} files had come")),
        }
    }
}

impl Session {
    /// As the options say. `unpacks`: whether trees are wanted.
    pub(crate) fn new(shared: &Shared, unpacks: bool) -> Result<Self, Error> {
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
        let unpacker = Unpacker::new(if unpacks { threads } else { 1 }).map_err(Error::Runtime)?;
        let fetcher = Fetcher::new(client.clone(), store, unpacker);
        let turns = Rc::new(Semaphore::new(shared.limits.concurrency()));
        Ok(Self { report, client, fetcher, turns })
    }

    /// Brings everything, and says how each ended, in the same order. One that fails does not stop the others.
    pub(crate) async fn bring_all(&self, plans: Vec<Plan>, jobs: &Jobs) -> Vec<Ended> {
        let local = tokio::task::LocalSet::new();
        let mut tasks = Vec::new();
        jobs.waiting.set(plans.len());
        for plan in plans {
            let job = Rc::new(self.report.job(&plan.artifact.name, plan.shown.clone()));
            let (fetcher, turns, jobs) = (self.fetcher.clone(), Rc::clone(&self.turns), jobs.clone());
            tasks.push(local.spawn_local(async move {
                let _turn = turns.acquire().await;
                let done = jobs.add(&job);
                let ended = bring(&fetcher, &plan, &job).await;
                done.set(true);
                ended
            }));
        }
        local
            .run_until(async {
                let mut all = Vec::new();
                for task in tasks {
                    let lost = |error: tokio::task::JoinError| Ended::failed(Code::Disk, error.to_string());
                    all.push(task.await.unwrap_or_else(lost));
                }
                all
            })
            .await
    }
}

/// The code of a command over several files: that of the first one that failed.
pub(crate) fn first_failure(codes: impl IntoIterator<Item = Code>) -> Code {
    codes.into_iter().find(|&code| code != Code::Ok).unwrap_or(Code::Ok)
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

/// Where partial files, entries and kept archives are.
pub(crate) fn cache_dir(shared: &Shared) -> Result<PathBuf, Error> {
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
fn ask_keyring(program: &OsStr, origin: &str, user: Option<&str>) -> Option<Secret> {
    let user = user.unwrap_or("oauth2accesstoken");
    let mut command = process::Command::new(program);
    command.arg("get").arg(origin).arg(user).stdin(Stdio::null()).stderr(Stdio::inherit());
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
