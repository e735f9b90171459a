//! The scenarios pass with the driver of Rust, and what is wrong is found.

use std::path::Path;

use tempfile::TempDir;

use frontegg_conformance::{Command, Named, Report, Suite, load};

const DRIVER: &str = env!("CARGO_BIN_EXE_conformance-driver-rust");

fn run(driver: &str, scenarios: Vec<Named>) -> Report {
    let driver: Command = format!("rust={driver}").parse().unwrap();
    Suite { drivers: vec![driver], scenarios, jobs: 4 }.run()
}

/// Runs one scenario that is written down here, and answers what the report says of it.
fn report_of(driver: &str, scenario: &str) -> String {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("subject.json"), scenario).unwrap();
    run(driver, load(folder.path()).unwrap()).to_string()
}

#[test]
fn every_scenario_passes_in_rust() {
    let scenarios = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")).unwrap();
    let all = scenarios.len() + 1; // and the error table
    let report = run(DRIVER, scenarios);
    assert!(report.failed() == 0 && report.passed() == all, "{report}");
}

#[test]
fn a_scenario_that_is_right_passes() {
    let report = report_of(
        DRIVER,
        r#"{"about": "x", "steps": [{"do": "authenticate"}], "service_saw": [{"status": 200}]}"#,
    );
    assert!(report.ends_with("2 passed, 0 failed"), "{report}");
}

#[test]
fn whatever_is_not_as_expected_is_found() {
    for (scenario, says) in [
        (
            r#"{"about": "a wrong value", "steps": [{"do": "authenticate", "expect": {"ok": {"lifetime_ms": 5}}}], "service_saw": [{}]}"#,
            "step 1: ok.lifetime_ms: expected 5, got 86400000",
        ),
        (
            r#"{"about": "a misspelt fact", "steps": [{"do": "authenticate", "secret": "x", "expect": {"error": {"status": 401}}}], "service_saw": [{}]}"#,
            "step 1: error.status: there is no such member",
        ),
        (
            r#"{"about": "an unexpected success", "steps": [{"do": "authenticate", "expect": {"error": {"code": "tls"}}}], "service_saw": [{}]}"#,
            "got a success",
        ),
        (
            r#"{"about": "an unexpected failure", "steps": [{"do": "authenticate", "secret": "x"}], "service_saw": [{}]}"#,
            "expected a success, got",
        ),
        (
            r#"{"about": "a request too many", "steps": [{"do": "authenticate"}], "service_saw": []}"#,
            "service_saw: expected 0 requests",
        ),
        (
            r#"{"about": "a request too few", "steps": [{"do": "authenticate"}], "service_saw": [{}, {}]}"#,
            "service_saw: expected 2 requests",
        ),
        (
            r#"{"about": "another request", "steps": [{"do": "authenticate"}], "service_saw": [{"kind": "refresh"}]}"#,
            "service_saw[0].kind: expected \"refresh\", got \"authenticate\"",
        ),
        (
            r#"{"about": "a fault that never hit", "service": {"faults": [{"on": "refresh", "action": {"hang": {}}}]}, "steps": [{"do": "authenticate"}], "service_saw": [{}]}"#,
            "service_counted.faults_left: expected 0, got 1",
        ),
        (
            r#"{"about": "a token presented twice", "steps": [{"do": "refresh"}, {"do": "refresh", "expect": {"error": {}}}], "service_saw": [{}, {}]}"#,
            "service_counted.presented_twice: expected 0, got 1",
        ),
        (
            r#"{"about": "a call of the bystander", "client": {"base_url": "{bystander_url}", "attempt_timeout_ms": 50, "max_attempts": 1}, "steps": [{"do": "authenticate", "expect": {"error": {}}}], "service_saw": []}"#,
            "somebody called the bystander",
        ),
        (
            r#"{"about": "a proxy that saw nothing", "proxy": {}, "steps": [{"do": "authenticate"}], "service_saw": [{}], "proxy_saw": [{}]}"#,
            "proxy_saw: expected 1 requests, got []",
        ),
        (
            r#"{"about": "another life", "source": {}, "steps": [{"do": "token", "expect": {"ok": {"lives_ms": {"max": 5}}}}], "service_saw": [{}]}"#,
            "step 1: ok.lives_ms: expected max 5, got 864",
        ),
        (
            r#"{"about": "a wrong count", "source": {}, "steps": [{"do": "token"}, {"do": "stats", "expect": {"refreshes": 1}}], "service_saw": [{}]}"#,
            "step 2: stats.refreshes: expected 1, got 0",
        ),
        (
            r#"{"about": "an event too many", "source": {}, "steps": [{"do": "token"}, {"do": "close_source"}, {"do": "events", "expect": []}], "service_saw": [{}]}"#,
            "step 3: expected the events [], got [\"authenticated\"]",
        ),
        (
            r#"{"about": "another error of an event", "client": {"max_attempts": 1}, "source": {}, "service": {"faults": [{"on": "any", "action": {"respond": {"status": 503}}}]}, "steps": [{"do": "token", "expect": {"error": {}}}, {"do": "events", "expect": ["failed: connect"]}], "service_saw": [{}]}"#,
            "got [\"failed: server_error\"]",
        ),
        (
            r#"{"about": "a token that is not the current one", "source": {}, "steps": [{"do": "token"}, {"do": "invalidate", "access_token": "x", "expect": {"ok": {"was_current": true}}}], "service_saw": [{}]}"#,
            "step 2: ok.was_current: expected true, got false",
        ),
        (
            r#"{"about": "a failure in a loop", "source": {}, "steps": [{"do": "repeat", "times": 2, "steps": [{"do": "close_source"}, {"do": "token"}]}], "service_saw": []}"#,
            "step 1, time 1, step 2: expected a success",
        ),
        (
            r#"{"about": "a job that there is not", "source": {}, "steps": [{"do": "wait", "job": "x"}], "service_saw": []}"#,
            "step 1: no job is called x",
        ),
    ] {
        let report = report_of(DRIVER, scenario);
        assert!(report.contains(says), "{scenario}\n{report}");
        assert!(report.ends_with("1 passed, 1 failed"), "{scenario}\n{report}");
    }
}

#[test]
fn a_driver_that_cannot_be_started_or_dies_fails() {
    let scenario = r#"{"about": "x", "steps": [{"do": "authenticate"}], "service_saw": [{}]}"#;
    let report = report_of("/nonexistent/driver", scenario);
    assert!(report.contains("cannot start"), "{report}");
    assert!(report.ends_with("0 passed, 2 failed"), "{report}");
    // It takes what it is told for the name of a scenario's folder, and ends.
    let report = report_of(env!("CARGO_BIN_EXE_frontegg-conformance"), scenario);
    assert!(report.ends_with("0 passed, 2 failed"), "{report}");
}

#[cfg(unix)]
mod leaks {
    use super::*;

    const SCENARIO: &str =
        r#"{"about": "x", "steps": [{"do": "authenticate"}], "service_saw": [{}]}"#;

    /// A driver that is the right one but for what the shell does to its input and output.
    fn driver(folder: &TempDir, script: &str) -> String {
        let path = folder.path().join("driver.sh");
        std::fs::write(&path, script.replace("DRIVER", DRIVER)).unwrap();
        format!("sh {}", path.display())
    }

    #[test]
    fn a_secret_in_the_log_is_found_and_not_repeated() {
        let folder = TempDir::new().unwrap();
        let leaky = driver(&folder, "tee /dev/stderr | DRIVER");
        let report = report_of(&leaky, SCENARIO);
        assert!(report.contains("of a client secret stand in the log, as it is"), "{report}");
        assert!(report.ends_with("1 passed, 1 failed"), "{report}");
        // Secrets have 32 letters and digits.
        let words = report.split(|c: char| !c.is_ascii_alphanumeric());
        assert!(words.map(str::len).all(|length| length < 30), "{report}");
    }

    #[test]
    fn a_secret_in_the_log_is_found_in_every_form_that_tools_write() {
        let folder = TempDir::new().unwrap();
        for (tool, form) in [
            ("od -An -v -t u1", "a list of numbers"),
            ("od -v -t x1", "hexadecimal"),
            ("od -v -t x2", "hexadecimal"),
            ("od -v -t x1z", "hexadecimal"),
            ("base64", "base64"),
            ("base64 -w 0", "base64"),
            ("fold -w 5", "as it is"),
            ("sed 's/./& /g'", "as it is"),
        ] {
            let script = format!(
                r#"while IFS= read -r line; do
                    printf '%s\n' "$line"
                    printf '%s' "$line" | {tool} >&2
                done | DRIVER"#
            );
            // What the driver's own log shows is not the subject.
            let report = report_of(&driver(&folder, &script), SCENARIO);
            let found = format!("of a client secret stand in the log, {form}");
            assert!(report.contains(&found), "{tool}\n{report}");
        }
    }

    #[test]
    fn a_token_in_the_log_is_found_and_not_repeated() {
        let folder = TempDir::new().unwrap();
        let leaky = driver(&folder, "DRIVER | tee /dev/stderr");
        let report = report_of(&leaky, SCENARIO);
        assert!(report.contains("stand in the log"), "{report}");
        assert!(!report.contains("eyJ"), "{report}");
    }

    #[test]
    fn a_token_in_what_is_shown_is_found_and_not_repeated() {
        let folder = TempDir::new().unwrap();
        let script = r#"DRIVER | sed -u 's/"access_token":"\([^"]*\)"\(.*\)"shown":"/"access_token":"\1"\2"shown":"\1/'"#;
        let report = report_of(&driver(&folder, script), SCENARIO);
        assert!(report.contains("stands in a reply"), "{report}");
        assert!(!report.contains("eyJ"), "{report}");
    }

    #[test]
    fn a_token_of_a_source_in_what_is_shown_is_found_and_not_repeated() {
        let folder = TempDir::new().unwrap();
        let script =
            r#"DRIVER | sed -u 's/"token":"\([^"]*\)"\(.*\)"shown":"/"token":"\1"\2"shown":"\1/'"#;
        let scenario = r#"{"about": "x", "source": {}, "steps": [{"do": "token"}], "service_saw": [{"status": 200}]}"#;
        let report = report_of(&driver(&folder, script), scenario);
        assert!(report.contains("stands in a reply"), "{report}");
        assert!(!report.contains("eyJ"), "{report}");
    }

    #[test]
    fn callers_who_got_different_answers_are_found() {
        let folder = TempDir::new().unwrap();
        // The second answer to the two callers, behind those to what made the source and them.
        let script = r#"DRIVER | sed -u '6s/"origin":"authenticate"/"origin":"refresh"/'"#;
        let scenario = r#"{"about": "x", "source": {}, "steps": [{"do": "token", "callers": 2}], "service_saw": [{}]}"#;
        let report = report_of(&driver(&folder, script), scenario);
        assert!(report.contains("step 1: caller 1 got"), "{report}");
        assert!(!report.contains("eyJ"), "{report}");
    }

    #[test]
    fn a_line_that_nobody_asked_for_is_found() {
        let folder = TempDir::new().unwrap();
        let chatty = driver(&folder, "DRIVER; echo bye");
        let report = report_of(&chatty, SCENARIO);
        assert!(report.contains("a line that nobody asked for: bye"), "{report}");
        assert!(report.ends_with("0 passed, 2 failed"), "{report}");
    }

    #[test]
    fn another_error_table_is_found() {
        let folder = TempDir::new().unwrap();
        let script = r#"DRIVER | sed -u 's/"code":"tls"/"code":"ssl"/'"#;
        let report = report_of(&driver(&folder, script), SCENARIO);
        assert!(report.contains("FAILED  rust  the error table"), "{report}");
        assert!(report.ends_with("1 passed, 1 failed"), "{report}");
    }
}
