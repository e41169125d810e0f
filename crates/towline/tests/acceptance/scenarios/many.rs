//! Row 24: many files in one command.

use super::story::Story;
use crate::support::{figure, is_content, journal_equals_log};

#[test]
fn row_24_of_93_files_each_has_its_own_budget_and_all_come() {
    let story = Story::open("row-24-93-packages");
    let mut paths: Vec<&str> = story.files().map(|(path, _)| path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths.len(), 93);
    let run = story.case.finish(story.command(&paths, &["--retries", "3"]));
    run.expect(0);
    for (path, content) in story.files() {
        assert!(is_content(&story.case.out().join(&path[1..]), content), "{path}\n{}", run.stderr);
    }
    journal_equals_log(&story.case.requests(), &[&run]);
    let requests = story.case.requests();
    let mut counts = [0; 5];
    for path in &paths {
        counts[requests.iter().filter(|entry| entry.path == *path).count()] += 1;
    }
    assert_eq!(counts, [0, 50, 25, 12, 6], "files by their number of requests");
    let finished = run.events.iter().filter(|event| event["event"] == "finished").count();
    assert_eq!(finished, 93);
    figure("93 files", &format!("{} requests: 50 + 25 x 2 + 12 x 3 + 6 x 4", requests.len()));
}
