//! Redirects: followed by the driver, anew on each attempt (section 4.1).

use towline_client::transfer::redirect::Refused;
use towline_client::transfer::{Cause, Fault, Policy};
use towline_client::{Client, Override, Url};
use towline_faults::{Action, At, Rule, Script, Server};

use crate::support::{
    Memory, PATH, assert_journal_equals_log, content, fetch, options, quick, requests, retries, run, script, trusting,
    url, wanted,
};

const SIZE: u64 = 50_000;

#[tokio::test]
async fn a_signed_link_is_asked_for_anew_on_each_attempt() {
    // Each link is good for one request; the file behind it breaks every 10 kB.
    let script = script(SIZE)
        .rule(Rule::on(PATH).act(Action::SignedLink { uses: Some(1), seconds: None }))
        .rule(Rule::on("/signed/*").act(Action::Every(At::Byte(10_000))));
    let server = Server::start(script).unwrap();
    let run = run(&server, options(retries(0)), Memory::of(&content(SIZE))).await;
    run.assert_brought(&content(SIZE));
    for attempt in &run.log {
        assert_eq!(attempt.hops.len(), 2, "{attempt:?}");
        assert!(attempt.hops[0].url.ends_with(PATH), "the artifact's own URL comes first: {attempt:?}");
        assert_eq!((attempt.hops[0].status, attempt.hops[1].status.is_some()), (Some(302), true));
    }
    let statuses: Vec<_> = requests(&server).iter().filter_map(|entry| entry.status).collect();
    assert!(!statuses.contains(&403), "no link was used twice: {statuses:?}");
}

#[tokio::test]
async fn a_link_that_expired_is_retried_and_a_404_of_the_artifact_is_not() {
    for code in [401, 403, 404, 410] {
        let there = Rule::on("/there").nth(1..=2).act(Action::Status(code));
        let here = Rule::on(PATH).act(Action::Redirect("/there".to_owned()));
        let file = towline_faults::File::generated("/there", SIZE, 1);
        let server = Server::start(Script::new().file(file).rule(here).rule(there)).unwrap();
        run(&server, options(quick()), Memory::default()).await.assert_brought(&content(SIZE));
        let server = Server::start(script(SIZE).rule(Rule::any().nth(1).act(Action::Status(code)))).unwrap();
        let run = run(&server, options(quick()), Memory::default()).await;
        assert!(matches!(run.cause(), Cause::NoUrl(Fault::Status { .. })), "{code}: {:?}", run.cause());
        assert_eq!(requests(&server).len(), 1);
    }
}

#[tokio::test]
async fn ten_hops_and_no_more() {
    for (hops, max, works) in [(10, 10, true), (11, 10, false), (1, 0, false), (3, 3, true)] {
        let server = Server::start(script(SIZE).rule(Rule::on(PATH).act(Action::RedirectHops(hops)))).unwrap();
        let policy = Policy { max_hops: max, ..quick() };
        let run = run(&server, options(policy), Memory::default()).await;
        if works {
            run.assert_brought(&content(SIZE));
            assert_eq!(run.log[0].hops.len(), hops as usize + 1);
        } else {
            assert_eq!(*run.cause(), Cause::NoUrl(Fault::Redirect(Refused::TooMany(max))));
            assert_eq!(requests(&server).len(), max + 1);
        }
    }
}

#[tokio::test]
async fn loops_and_places_that_are_none_are_refused() {
    for (place, refused) in [
        ("{path}", Refused::TooMany(10)),
        ("ftp://{host}/a", Refused::NoPlace),
        ("file:///etc/passwd", Refused::NoPlace),
        ("http://[::bad/", Refused::NoPlace),
    ] {
        let server = Server::start(script(SIZE).rule(Rule::any().act(Action::Redirect(place.to_owned())))).unwrap();
        let run = run(&server, options(quick()), Memory::default()).await;
        assert_eq!(*run.cause(), Cause::NoUrl(Fault::Redirect(refused)), "{place}");
        assert_eq!(run.log.len(), 1);
    }
    let nowhere = Rule::any().act(Action::Status(302)).act(Action::RemoveHeader("location".to_owned()));
    let server = Server::start(script(SIZE).rule(nowhere)).unwrap();
    let run = run(&server, options(quick()), Memory::default()).await;
    assert_eq!(*run.cause(), Cause::NoUrl(Fault::Redirect(Refused::NoPlace)));
}

#[tokio::test]
async fn never_from_https_to_http() {
    let plain = Server::start(script(SIZE)).unwrap();
    let rule = Rule::any().act(Action::Redirect(plain.url(PATH)));
    let server = Server::start(script(SIZE).tls().rule(rule)).unwrap();
    let run = run(&server, trusting(&server, quick()), Memory::default()).await;
    assert_eq!(*run.cause(), Cause::NoUrl(Fault::Redirect(Refused::Downgrade)));
    assert!(plain.journal().is_empty());
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let there = Server::start(script(SIZE)).unwrap();
    let rule = Rule::any().act(Action::Redirect(there.url(PATH)));
    let here = Server::start(script(SIZE).rule(rule)).unwrap();
    let url: Url = here.url(PATH).replace("//", "//me:secret@").parse().unwrap();
    let run = fetch(&Client::new(options(quick())), wanted(&[url], &Memory::default()), Memory::default()).await;
    run.assert_brought(&content(SIZE));
    assert!(requests(&here)[0].authorization && !requests(&there)[0].authorization);
}

#[tokio::test]
async fn a_redirect_cannot_change_the_credentials_of_another_origin() {
    let auth = || Action::Auth { user: "me".to_owned(), password: "right".to_owned() };
    let there = Server::start(script(SIZE).rule(Rule::any().act(auth()))).unwrap();
    let evil = there.url(PATH).replace("//", "//me:wrong@");
    let here = Server::start(script(SIZE).rule(Rule::any().act(Action::Redirect(evil)))).unwrap();
    let client = Client::new(options(quick()));
    let known: Url = there.url(PATH).replace("//", "//me:right@").parse().unwrap();
    for url in [known.clone(), url(&here, PATH), known] {
        fetch(&client, wanted(&[url], &Memory::default()), Memory::default()).await.assert_brought(&content(SIZE));
    }
}

#[tokio::test]
async fn a_break_behind_a_redirect_to_another_host_is_resumed_there() {
    let cut = Rule::any().nth(1).act(Action::FinAt(At::Fraction(0.5)));
    let there = Server::start(script(SIZE).rule(cut)).unwrap();
    let place = format!("http://files.example:{}{PATH}", there.addr().port());
    let here = Server::start(script(SIZE).rule(Rule::any().act(Action::Redirect(place)))).unwrap();
    let mut options = options(quick());
    let fixed = format!("files.example:{}:127.0.0.1", there.addr().port());
    options.overrides = vec![fixed.parse::<Override>().unwrap()];
    let run = fetch(&Client::new(options), wanted(&[url(&here, PATH)], &Memory::default()), Memory::default()).await;
    run.assert_brought(&content(SIZE));
    assert_eq!(requests(&here).len(), 2, "both attempts began at the artifact's own URL");
    let mut both = here.journal();
    both.extend(there.journal());
    // Alternating: here, there, here, there.
    both.sort_by_key(|entry| (entry.range.is_some(), entry.status != Some(302)));
    assert_journal_equals_log(&both, &run.log);
}
