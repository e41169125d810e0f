//! `towline download`: the files of requirements or of a lock, into a folder.
//!
//! | module | what it does |
//! |---|---|
//! | `inputs` | which packages and files the requirements and locks ask for |
//! | `targets` | for whom |
//! | `pages` | what indexes and directories have |
//! | `choose` | from packages to files |
//! | `wanted` | the files, each once, and where each goes |
//! | `mirrors` | other places of the same bytes |
//! | `list` | the files as people and programs read them |

mod choose;
mod inputs;
mod list;
mod mirrors;
mod pages;
mod targets;
mod wanted;

use std::io::Write as _;
use std::rc::Rc;
use std::time::Instant;

use towline_catalog::Target;

use crate::args::{Download, Format, Shared};
use crate::bring::Ended;
use crate::exit::{Code, Error};
use crate::session::{self, Jobs, Session, first_failure};
use mirrors::Mirrors;
use pages::Indexes;
use wanted::Wanted;

/// Brings what the command names; prints everything, errors included.
pub(crate) async fn run(args: &Download, shared: &Shared) -> Code {
    session::run(async |jobs| download(args, shared, jobs).await).await
}

async fn download(args: &Download, shared: &Shared, jobs: &Jobs) -> Result<Code, Error> {
    let began = Instant::now();
    let mirrors = Rc::new(Mirrors::parse(&args.index.mirror)?);
    let (targets, input) = prepare(args, shared).await?;
    let session = Session::new(shared, args.unpack)?;
    input.warnings.iter().for_each(|warning| session.report.say(&format!("warning: {warning}")));
    let indexes = Indexes::new(session.client.clone(), Rc::clone(&session.report), input.indexes, input.find_links);
    let indexes = Rc::new(indexes);
    let found = choose::choose(&input.needs, &indexes, &input.rules, &targets, &session.report).await;
    if !found.misfits.is_empty() {
        show(args, &Wanted::default(), None, &mirrors, &found.misfits)?;
        return Ok(Code::NotFound);
    }
    let mut wanted = Wanted::default();
    for file in input.files.into_iter().chain(found.files) {
        wanted.add(file)?;
    }
    wanted.settle(args.unpack)?;
    if input.unresolved && !wanted.files().is_empty() {
        session.report.say(
            "note: what these need is not resolved: a lock names it (`uv lock`, `uv pip compile`, `pip lock`), and can be given instead",
        );
    }
    // The others come all the same.
    let built =
        input.left_out.into_iter().map(|left| Error::Built { at: left.at, what: left.what, without: left.without });
    let mut errors = Vec::new();
    if !found.unread.is_empty() {
        let error = Error::Unread(found.unread.iter().map(|(package, _)| package.to_string()).collect());
        errors.push(error.to_string());
        if found.unread.len() > 1 {
            session.report.error(&error);
        }
    }
    let mut not_had: Vec<Code> = found.unread.into_iter().map(|(_, code)| code).collect();
    for error in built {
        session.report.error(&error);
        errors.push(error.to_string());
        not_had.push(error.code());
    }
    let not_had = first_failure(not_had);
    if args.dry_run {
        show(args, &wanted, None, &mirrors, &errors)?;
        return Ok(not_had);
    }
    let ended = bring(args, &session, &wanted, &indexes, &mirrors, jobs).await?;
    let tally = session.report.settle();
    if !ended.is_empty() {
        session.report.say(&tally.line(began.elapsed()));
    }
    let right = wanted.files().iter().zip(&ended).filter(|(_, ended)| ended.code == Code::Ok);
    let right: Vec<_> = right.map(|(file, _)| file.choice.file.name.to_string()).collect();
    let mut codes: Vec<Code> = ended.iter().map(|ended| ended.code).chain([not_had]).collect();
    if args.sums
        && !right.is_empty()
        && let Err(error) = list::sums(&args.dir, right)
    {
        session.report.error(&error);
        errors.push(error.to_string());
        codes.push(error.code());
    }
    show(args, &wanted, Some(&ended), &mirrors, &errors)?;
    if tally.failed.len() > 1 {
        session.report.error(&Error::Several(tally.failed));
    }
    Ok(first_failure(codes))
}

/// Asks interpreters and reads files, which may take its time: Ctrl-C is heard meanwhile.
async fn prepare(args: &Download, shared: &Shared) -> Result<(Vec<Target>, inputs::Input), Error> {
    let (args, shared) = (args.clone(), shared.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let targets = targets::all(&args.targets, &shared)?;
        let input = inputs::read(&args, &targets)?;
        Ok((targets, input))
    });
    reading.await.map_err(|error| Error::Runtime(std::io::Error::other(error)))?
}

async fn bring(
    args: &Download,
    session: &Session,
    wanted: &Wanted,
    indexes: &Rc<Indexes>,
    mirrors: &Rc<Mirrors>,
    jobs: &Jobs,
) -> Result<Vec<Ended>, Error> {
    let plan = |file| wanted::plan(file, &args.dir, args.unpack, mirrors, choose::elsewhere(file, indexes, mirrors));
    let plans = wanted.files().iter().map(plan).collect::<Result<Vec<_>, _>>()?;
    if plans.len() > 1 {
        session.report.expect(plans.len(), plans.iter().filter_map(|plan| plan.artifact.size).sum());
    }
    Ok(session.bring_all(plans, jobs).await)
}

/// Prints the list, where one is asked for.
fn show(
    args: &Download,
    wanted: &Wanted,
    ended: Option<&[Ended]>,
    mirrors: &Mirrors,
    errors: &[String],
) -> Result<(), Error> {
    let text = match args.format {
        Format::Json => list::json(wanted, ended, args, mirrors, errors)?,
        Format::Text if wanted.files().is_empty() && !errors.is_empty() => return Ok(()),
        Format::Text if ended.is_none() => list::dry_run(wanted, &args.dir, args.unpack)?,
        Format::Text => return Ok(()),
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(Error::Stdout)
}
