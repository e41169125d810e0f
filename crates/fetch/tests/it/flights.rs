//! One flight for each artifact.

use std::rc::Rc;

use towline_faults::{Action, At};
use towline_fetch::{Done, Goal};

use crate::support::{Case, always, archive, at, block_on, expected, files, tar};

#[test]
fn many_who_want_one_artifact_share_one_download() {
    let bytes = archive();
    for digest in [true, false] {
        let case = Case::new([always(Action::Pace(4_000_000)).act(Action::Every(At::Fraction(0.3)))]);
        let artifact = case.artifact(digest.then_some(&bytes[..]));
        let place = |at: usize| case.dir.path().join(format!("out/{at}"));
        let (fetcher, other) = (Rc::new(case.fetcher()), Rc::new(case.fetcher()));
        block_on(tokio::task::LocalSet::new().run_until(async {
            let mut all = Vec::new();
            for wanted in 0..6 {
                let goal = match wanted {
                    0..3 => Goal::Tree { at: place(wanted), tree: tar() },
                    3 => Goal::File(place(wanted)),
                    4 => Goal::Held,
                    _ => Goal::Entry { tree: tar(), archive: false },
                };
                // Two fetchers: what is shared is the store, not the object.
                let fetcher = Rc::clone(if wanted % 2 == 0 { &fetcher } else { &other });
                let artifact = artifact.clone();
                all.push(tokio::task::spawn_local(async move { fetcher.fetch(&artifact, &goal, |_| {}).await }));
            }
            for (wanted, one) in all.into_iter().enumerate() {
                let done = one.await.unwrap().result.unwrap_or_else(|error| panic!("{wanted}: {error:?}"));
                match done {
                    Done::Tree { .. } => assert_eq!(files(&place(wanted)), expected(), "{wanted}"),
                    Done::File => assert_eq!(std::fs::read(place(wanted)).unwrap(), bytes),
                    Done::Held(held) => {
                        assert_eq!(held.len, bytes.len() as u64);
                        held.used();
                    }
                    Done::Entry(entry) => assert_eq!(files(entry.path()), expected()),
                    Done::WasThere => panic!("{wanted}: nothing was there"),
                }
            }
        }));
        assert_eq!(case.sent(), bytes.len() as u64, "digest {digest}: one download for all");
        assert_eq!(case.kept(), 0);
    }
}

#[test]
fn who_follows_takes_over_where_the_first_gave_up() {
    let bytes = archive();
    let case = Case::new([at(1, Action::stall_at(At::Fraction(0.5)))]);
    let artifact = case.artifact(Some(&bytes));
    let (first, second) = (case.fetcher(), case.fetcher());
    let (tree, half) = (case.tree(), bytes.len() as u64 / 2);
    block_on(async {
        let file = Goal::File(case.dir.path().join("file"));
        let (led, followed) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
        let leads = first.fetch(&artifact, &file, |event| {
            if matches!(event, towline_fetch::Event::Leads { .. }) {
                led.notify_one();
            }
        });
        let observe = |event: towline_fetch::Event<'_>| {
            use towline_fetch::Event::{Follows, Grew};
            // All that came before the stall: given up earlier, what was on its way would come twice.
            if matches!(event, Follows { held, .. } | Grew { held, .. } if held >= half) {
                followed.notify_one();
            }
        };
        let follows = async {
            led.notified().await;
            second.fetch(&artifact, &tree, observe).await
        };
        let given_up = async {
            tokio::select! {
                outcome = leads => panic!("it stalls: {:?}", outcome.result),
                () = followed.notified() => {}
            }
        };
        let ((), outcome) = tokio::join!(given_up, follows);
        assert!(matches!(outcome.result, Ok(Done::Tree { .. })), "{:?}", outcome.result);
    });
    case.assert_tree();
    assert_eq!(case.sent(), bytes.len() as u64);
}
