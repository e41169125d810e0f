//! Which scenario files and which tests hold each row, and why one is held in part or not at all. `docs/scenarios.md`
//! is this table.

use std::path::Path;

use super::story::folder;

/// A row of the list.
struct Row {
    number: u8,
    what: &'static str,
    /// Files in `scenarios/`.
    files: &'static [&'static str],
    /// Tests of the acceptance list.
    tests: &'static [&'static str],
    /// What is left out, and why.
    rest: &'static str,
}

const fn row(
    number: u8,
    what: &'static str,
    files: &'static [&'static str],
    tests: &'static [&'static str],
    rest: &'static str,
) -> Row {
    Row { number, what, files, tests, rest }
}

const INDEX: &str = "Index pages and interpreter lists come with the part that reads them (`download`, `python`); \
                     their requests go through the same loop.";

const ROWS: &[Row] = &[
    row(1, "every GET answers 500", &["500-always"], &["row_01_500_for_ever_and_three_retries_are_four_requests"], ""),
    row(2, "503 always", &["503-always"], &["row_02_503_for_ever_and_five_retries_are_six_requests"], ""),
    row(
        3,
        "reset before headers",
        &["rst-before-head"],
        &["row_03_a_reset_before_the_head_and_one_retry_are_two_requests"],
        "",
    ),
    row(4, "two resets, then 500", &["rst-twice-then-500"], &["row_04_all_kinds_of_faults_share_one_budget"], ""),
    row(
        5,
        "nothing after the headers",
        &["silent-after-head"],
        &["row_05_silence_after_the_head_is_retried_whatever_kind_of_file_it_is"],
        INDEX,
    ),
    row(
        6,
        "TLS never completes",
        &["tls-never-answers"],
        &["row_06_a_handshake_that_never_completes_ends_in_time_and_no_retries_are_spoken_of"],
        "",
    ),
    row(
        7,
        "bad settings",
        &["rst-at-half"],
        &["row_07_settings_that_mean_nothing_are_refused_by_name_before_anything_is_asked"],
        "",
    ),
    row(
        8,
        "403 with problem details",
        &["problem-json"],
        &["row_08_a_refusal_is_not_retried_and_its_reason_is_shown"],
        "",
    ),
    row(
        9,
        "status table",
        &["row-09-status-table"],
        &["row_09_of_all_statuses_exactly_the_passing_ones_are_retried"],
        "101 is left out: it promises another protocol that nobody has asked for.",
    ),
    row(
        10,
        "24 of 36 bytes, then 206",
        &["short-body-then-range"],
        &["row_10_after_24_of_36_bytes_the_range_from_24_completes_it"],
        "",
    ),
    row(
        11,
        "the same without retries",
        &["short-body-then-range"],
        &["row_11_without_retries_a_short_body_is_an_error_and_what_came_is_kept"],
        "",
    ),
    row(
        12,
        "resume answered 200",
        &["range-ignored-on-resume"],
        &["row_12_a_range_that_is_ignored_costs_bytes_and_never_a_wrong_one"],
        "",
    ),
    row(
        13,
        "resume answered 200 of another length",
        &["range-ignored-and-size-changed"],
        &["row_13_a_file_that_changes_its_size_comes_whole_in_its_new_form"],
        "",
    ),
    row(
        14,
        "If-Range",
        &["strong-etag-resume", "row-14-strong-date", "weak-etag"],
        &["row_14_if_range_carries_a_strong_etag_or_a_strong_date_and_never_a_weak_one"],
        "",
    ),
    row(
        15,
        "206 that begins elsewhere",
        &["range-starts-at-zero", "range-shifted", "range-shifted-back", "range-mislabelled"],
        &["row_15_a_range_that_begins_elsewhere_is_never_appended"],
        "",
    ),
    row(
        16,
        "206 wider or shorter than asked",
        &["range-superset", "range-short"],
        &["row_16_of_a_wider_range_the_rest_is_skipped_and_a_shorter_one_is_gone_on_from"],
        "A shorter one is no error here: its bytes are kept (section 4.8 of the law).",
    ),
    row(
        17,
        "ETag changes",
        &["if-range-not-honoured", "changed-etag-new", "changed-etag-none", "changed-etag-same"],
        &["row_17_parts_of_two_versions_of_a_file_are_never_spliced"],
        "",
    ),
    row(
        18,
        "416 on resume",
        &["416-complete", "416-shrunk", "416-without-total", "close-delimited-whole", "row-18-shrunk"],
        &["row_18_a_416_completes_what_is_whole_and_restarts_what_has_shrunk_once"],
        "",
    ),
    row(
        19,
        "several breaks",
        &["several-breaks"],
        &["row_19_each_of_several_breaks_is_resumed_from_its_own_offset"],
        "",
    ),
    row(
        20,
        "break in the resume itself",
        &["break-during-resume", "tls-broken-off", "row-20-proxy-fails-the-resume"],
        &[
            "row_20_a_break_in_the_resume_itself_is_counted_and_the_loop_goes_on",
            "row_20_a_proxy_that_fails_the_resume_is_a_fault_like_any_other",
        ],
        "",
    ),
    row(
        21,
        "no Content-Length, cut",
        &["chunked-cut", "chunked-malformed", "chunked-clean-early-end", "close-delimited-cut"],
        &["row_21_a_body_without_length_that_is_cut_is_found_out"],
        "A chunked body that ends early and properly cannot be told from a whole one without a digest.",
    ),
    row(
        22,
        "429 with Retry-After",
        &["429-retry-after-seconds", "429-retry-after-date", "429-retry-after-absurd", "429-retry-after-garbage"],
        &[
            "row_22_retry_after_is_obeyed_in_seconds_and_as_a_date",
            "row_22_an_absurd_retry_after_is_shown_and_not_waited_for",
            "row_22_a_retry_after_that_means_nothing_is_ignored",
        ],
        "",
    ),
    row(
        23,
        "waits",
        &["500-always"],
        &["row_23_waits_double_up_to_the_cap_between_half_and_whole"],
        "The table of the true figures is a test of the crate transfer.",
    ),
    row(
        24,
        "93 files",
        &["row-24-93-packages"],
        &["row_24_of_93_files_each_has_its_own_budget_and_all_come"],
        "Warnings name the attempt instead of counting down. Index pages of 93 projects come with `download`.",
    ),
    row(
        25,
        "second mirror answers ranges only",
        &["mirror-dies-half-way"],
        &["row_25_what_one_mirror_began_another_one_finishes_at_the_same_offset"],
        "",
    ),
    row(26, "bad checksum first", &["mirror-lies"], &["row_26_a_mirror_with_wrong_bytes_is_left_for_the_next_one"], ""),
    row(27, "failed resume", &["resume-404"], &["row_27_a_resume_answered_404_leaves_the_partial_file_as_it_was"], ""),
    row(
        28,
        "kill -9, rerun",
        &["stall-mid-body"],
        &[
            "row_28_after_a_kill_the_next_run_goes_on_from_the_partial_file",
            "killed_at_a_random_moment_the_next_run_goes_on_where_the_partial_file_ends",
            "row_41_credentials_are_in_no_error_log_event_or_sidecar",
        ],
        "",
    ),
    row(
        29,
        "rerun with another URL",
        &["row-29-other-place"],
        &["row_29_bytes_of_another_url_are_adopted_under_a_digest_only"],
        "",
    ),
    row(
        30,
        "Content-Encoding",
        &["gzip-anyway", "gzip-label", "gzip-200-on-resume"],
        &["row_30_a_coded_answer_is_never_resumed_nor_taken_for_the_file"],
        "",
    ),
    row(
        31,
        "trickle for ever",
        &["trickle"],
        &["row_31_a_trickle_for_ever_ends_by_the_crawl_rule_and_the_text_says_how_much_came"],
        "",
    ),
    row(32, "slow but alive", &["slow-then-burst", "slow-but-healthy"], &["row_32_slow_but_alive_is_not_killed"], ""),
    row(33, "Ctrl-C, SIGTERM", &["stall-mid-body"], &["row_33_interrupted_either_way_the_partial_file_is_kept"], ""),
    row(
        34,
        "two processes",
        &["slow-but-healthy"],
        &[
            "row_34_two_processes_for_one_file_are_one_download",
            "two_and_twenty_processes_for_one_url_are_one_download",
            "twenty_processes_behind_a_lock_that_always_says_yes_have_the_right_bytes",
        ],
        "",
    ),
    row(
        35,
        "power loss",
        &["resume-404"],
        &["row_35_files_whose_bytes_a_power_loss_took_are_found_out_and_healed"],
        "Entries of the store (trees) are held against it by the tests of that crate.",
    ),
    row(
        36,
        "certificate error",
        &["tls-self-signed", "tls-expired", "tls-wrong-host"],
        &["row_36_a_certificate_that_is_not_acceptable_ends_it_at_once"],
        "",
    ),
    row(
        37,
        "HTTP/2 connections die",
        &["h2-refused-stream", "h2-goaway-at-half", "h2-reset-at-half", "h2-http11-required"],
        &["row_37_http_2_connections_that_die_are_replaced"],
        "",
    ),
    row(
        38,
        "DNS failure",
        &["tls-good"],
        &["row_38_a_host_that_does_not_exist_fails_at_once_or_leaves_it_to_the_mirror"],
        "",
    ),
    row(
        39,
        "signed URL expires",
        &["row-39-expiring-link", "row-39-expired-at-once"],
        &["row_39_an_expired_link_is_asked_for_anew_at_the_artifacts_own_url"],
        "",
    ),
    row(
        40,
        "200 with an error document",
        &["slow-down-document", "login-page", "row-40-login-page"],
        &["row_40_an_error_document_instead_of_the_file_is_found_out_by_the_digest"],
        "",
    ),
    row(
        41,
        "credentials",
        &["row-41-credentials"],
        &[
            "row_41_credentials_are_in_no_error_log_event_or_sidecar",
            "row_41_a_url_that_cannot_be_read_is_shown_without_its_password",
        ],
        "",
    ),
    row(
        42,
        "full disk",
        &["strong-etag-resume"],
        &[
            "row_42_a_full_disk_is_not_retried_and_the_next_run_uses_what_is_there",
            "a_full_disk_ends_with_exit_code_6_path_and_need_and_the_next_run_goes_on",
        ],
        "",
    ),
    row(
        43,
        "broken connections are not used again",
        &["row-43-no-broken-connection-again"],
        &["row_43_no_attempt_uses_the_connection_of_a_broken_one"],
        "",
    ),
    row(
        44,
        "resumed file and the next run",
        &["second-run-asks-nothing"],
        &["row_44_a_file_that_was_resumed_is_there_for_the_next_run"],
        "For another destination the file is asked for again until the store keeps archives (`download`, `sync`).",
    ),
    row(
        45,
        "If-Range defeats the range",
        &["if-range-always-misses"],
        &["row_45_where_if_range_defeats_the_range_a_digest_makes_it_a_plain_one"],
        "",
    ),
    row(
        46,
        "Content-Length negative, absent, wrong",
        &["length-negative", "length-too-large", "length-too-small", "length-absent"],
        &["row_46_no_content_length_makes_a_part_the_whole"],
        "One that is too small and consistent cannot be told from a right one without a digest.",
    ),
    row(
        47,
        "progress",
        &["row-47-progress"],
        &["row_47_positions_only_grow_the_total_is_constant_and_the_sum_is_the_size"],
        "",
    ),
    row(
        48,
        "removal of the partial file",
        &["row-48-removal-fails"],
        &["row_48_a_partial_file_that_cannot_be_removed_does_not_hide_why_it_had_to_be"],
        "Handles closed before the removal matter on Windows only, which is out of scope.",
    ),
    row(49, "no retries, cut at half", &["rst-at-half"], &["row_49_a_resume_that_advances_costs_no_retry"], ""),
    row(
        50,
        "no ranges, cut at half",
        &["no-ranges-cut-at-half"],
        &["row_50_without_ranges_the_file_is_read_again_and_right"],
        "",
    ),
    row(
        51,
        "invalid Content-Range",
        &["invalid-content-range-forever"],
        &["row_51_a_meaningless_content_range_does_not_get_round_the_budget"],
        "",
    ),
    row(
        52,
        "one byte a connection",
        &["one-byte-a-connection"],
        &["row_52_one_byte_a_connection_for_ever_ends_with_the_budget"],
        "",
    ),
];

/// Every source of the acceptance list.
fn sources() -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/acceptance");
    let files = crate::support::files_under(&dir).into_iter();
    files.map(|path| std::fs::read_to_string(path).expect("a source can be read")).collect()
}

fn page() -> String {
    let mut page = "\
# Scenarios

Each row of the list of scenarios that other tools' test suites hold, with the files in `scenarios/` that the fault server
plays, and the tests in `crates/towline/tests/acceptance/` that run the program against them and compare bytes, requests,
exit code and log. The last column says what is left out, and why. The test `every_row_has_its_files_and_its_tests` compares
this page with the table in the tests; with `TOWLINE_WRITE_DOCS=1` it writes it.

| # | what happens | scenario files | tests | left out |
|---|---|---|---|---|
"
    .to_owned();
    for row in ROWS {
        let list = |names: &[&str], suffix: &str| {
            names.iter().map(|name| format!("`{name}{suffix}`")).collect::<Vec<_>>().join(", ")
        };
        let (files, tests) = (list(row.files, ".toml"), list(row.tests, ""));
        page += &format!("| {} | {} | {files} | {tests} | {} |\n", row.number, row.what, row.rest);
    }
    page
}

#[test]
fn every_row_has_its_files_and_its_tests() {
    let numbers: Vec<u8> = ROWS.iter().map(|row| row.number).collect();
    assert_eq!(numbers, (1..=52).collect::<Vec<u8>>(), "all 52 rows, in order");
    let sources = sources();
    for row in ROWS {
        let held = !row.files.is_empty() && !row.tests.is_empty();
        assert!(held || !row.rest.is_empty(), "row {}: files and tests, or a reason", row.number);
        for file in row.files {
            let path = folder().join(file).with_extension("toml");
            towline_faults::Script::load(&path).unwrap_or_else(|error| panic!("row {}: {error:?}", row.number));
            assert!(sources.contains(&format!("\"{file}\"")), "row {}: {file} is used", row.number);
        }
        for test in row.tests {
            assert!(
                sources.contains(&format!("#[test]\nfn {test}() {{")),
                "row {}: there is a test {test}",
                row.number
            );
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scenarios.md");
    if std::env::var_os("TOWLINE_WRITE_DOCS").is_some() {
        std::fs::write(&path, page()).expect("docs/scenarios.md can be written");
    }
    let written = std::fs::read_to_string(&path).expect("docs/scenarios.md is there");
    assert_eq!(written, page(), "docs/scenarios.md is this table; TOWLINE_WRITE_DOCS=1 writes it");
    let held = ROWS.iter().filter(|row| !row.tests.is_empty()).count();
    crate::support::figure("scenarios", &format!("{held} of {} rows have files and tests", ROWS.len()));
}
