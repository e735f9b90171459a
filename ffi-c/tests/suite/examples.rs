//! The examples and the drivers of the conformance tests: they build without a warning, and
//! do what they should without a leak.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use frontegg_emulator::Emulator;
use serde_json::{Value, json};

use crate::install::{Installation, STRICT, root, run};
use crate::programs::{emulator, environment, valgrind};

fn tell_the_story(example: &str) {
    let program = Installation::plain().build(&root().join(example), &[]);
    let emulator = emulator();
    let mut command = valgrind(&program);
    environment(&emulator, &emulator.https_base_url(), &mut command);
    let output = run(&mut command);
    let [token, again, renewed, stats, authenticated, refreshed, consumed] =
        output.lines().collect::<Vec<_>>()[..]
    else {
        panic!("seven lines were expected:\n{output}");
    };
    // It lives an hour, of which valgrind may take a while.
    let hour = |line: &str, before: &str| {
        let rest = line.strip_prefix(before).and_then(|rest| rest.strip_suffix(" s"));
        rest.and_then(|left| left.parse().ok())
            .is_some_and(|left: u32| (3540..=3601).contains(&left))
    };
    assert!(hour(token, "token: eyJhbG… by authenticate, lives "), "{token}");
    assert_eq!(again, "the same token again: yes");
    assert!(hour(renewed, "after a 401 elsewhere: eyJhbG… by refresh, lives "), "{renewed}");
    assert_eq!(stats, "stats: 1 authentication, 1 refresh, 0 failures");
    let token = &emulator.api_tokens()[0];
    assert_eq!(
        authenticated,
        format!(
            "authenticated: eyJhbG… lives 3600 s, sub {}, tenant {}, type tenantApiToken",
            token.client_id, token.tenant_id
        )
    );
    assert_eq!(refreshed, "refreshed: eyJhbG… lives 3600 s");
    let (told, trace) = consumed.split_once(", trace ").expect("a trace id");
    assert!(told.starts_with("consumed refresh token: refresh_rejected: "), "{told}");
    assert!(told.ends_with("Refresh token is not valid"), "{told}");
    assert!(trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit()), "{trace}");
}

#[test]
fn the_c_example_tells_the_story() {
    tell_the_story("examples/c/example.c");
}

#[test]
fn the_cpp_example_tells_the_story() {
    tell_the_story("examples/cpp/example.cpp");
}

/// The README's snippet in this language builds without a warning.
fn the_snippet_builds(language: &str) {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("it is there");
    let fence = format!("```{language}\n");
    let (_, rest) = readme.split_once(&fence).expect("a snippet");
    let (snippet, _) = rest.split_once("```").expect("its end");
    let source =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("readme_{language}.{language}"));
    std::fs::write(&source, snippet).expect("a folder for tests");
    Installation::plain().build(&source, STRICT);
}

#[test]
fn the_c_snippet_of_the_readme_builds() {
    the_snippet_builds("c");
}

#[test]
fn the_cpp_snippet_of_the_readme_builds() {
    the_snippet_builds("cpp");
}

/// A driver that is spoken to; what clients and sources do is for the conformance tests to say.
struct Driver {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Driver {
    fn start(program: &Path, emulator: &Emulator) -> Self {
        let mut command = valgrind(program);
        environment(emulator, &emulator.https_base_url(), &mut command);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("valgrind can be started");
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, input, output }
    }

    fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.input, "{request}").expect("the driver listens");
        let line = self.output.next().expect("an answer").expect("text");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line} to {request}"))
    }

    fn do_it(&mut self, request: &Value) {
        assert_eq!(self.ask(request), json!({"ok": {}}), "{request}");
    }

    fn end(mut self) {
        drop(self.input);
        assert!(self.child.wait().expect("the driver ends").success());
    }
}

fn converse(program: &Path) {
    let emulator = emulator();
    let settings = json!({
        "base_url": emulator.https_base_url(), "ca_pem": emulator.ca_pem(), "max_attempts": 1,
        "deadline_ms": 60_000, "attempt_timeout_ms": 60_000, "headers": [["x-a", "b"]],
    });
    let mut driver = Driver::start(program, &emulator);
    of_a_client(&mut driver, &emulator, &settings);
    of_a_source(&mut driver, &emulator, &settings);
    of_errors(&mut driver);
    driver.end();
}

fn of_a_client(driver: &mut Driver, emulator: &Emulator, settings: &Value) {
    driver.do_it(&json!({"op": "new_client", "client": "a", "settings": settings}));
    let authenticate = json!({
        "op": "authenticate", "client": "a",
        "client_id": emulator.client_id(), "secret": emulator.secret(),
    });
    let reply = driver.ask(&authenticate);
    assert_eq!(reply["ok"]["lifetime_ms"], 3_600_000);
    assert_eq!(reply["ok"]["claims"]["sub"], emulator.client_id());
    assert!(reply["shown"].is_string());

    let mut background = authenticate;
    background["background"] = json!("job");
    driver.do_it(&background);
    let refresh =
        json!({"op": "refresh", "client": "a", "refresh_token": "unknown", "background": "other"});
    driver.do_it(&refresh);
    // The other job keeps its client until it has ended.
    driver.do_it(&json!({"op": "drop", "client": "a"}));
    let facts = &driver.ask(&json!({"op": "wait", "job": "other"}))["error"];
    assert_eq!(facts["code"], "refresh_rejected");
    assert_eq!(facts["number"], 21);
    assert_eq!(facts["messages"], json!(["Refresh token is not valid"]));
    assert_eq!(facts["error_code"], json!(null));
    assert_eq!(facts["attempts"], 1);
    assert_eq!(
        driver.ask(&json!({"op": "wait", "job": "job"}))["ok"]["trace_id"].as_str().map(str::len),
        Some(32)
    );
}

fn of_a_source(driver: &mut Driver, emulator: &Emulator, settings: &Value) {
    let new_source = json!({
        "op": "new_source", "source": "s", "client": "c", "client_id": emulator.client_id(),
        "secret": emulator.secret(), "settings": {"renewal_window": [0.5, 0.5], "policy": "auto"},
    });
    driver.do_it(&json!({"op": "new_client", "client": "c", "settings": settings}));
    driver.do_it(&new_source);
    let first = &driver.ask(&json!({"op": "token", "source": "s"}))["ok"];
    assert_eq!(first["origin"], "authenticate");
    assert_eq!(first["claims"]["sub"], emulator.client_id());
    let text = |token: &Value| token["token"].as_str().expect("a token").to_owned();
    assert_eq!(first["authorization"], format!("Bearer {}", text(first)));
    let left = first["expires_at_ms"].as_i64().expect("it expires")
        - first["renewal_due_at_ms"].as_i64().expect("it is renewed");
    assert!((1_799_000..=1_801_000).contains(&left), "{left}");
    assert_eq!(driver.ask(&json!({"op": "peek", "source": "s"}))["ok"]["token"], first["token"]);
    driver.do_it(&json!({"op": "advance_clock", "ms": 3_600_000}));
    driver.do_it(&json!({"op": "step_wall_clock", "ms": -1}));
    driver.do_it(&json!({"op": "token", "source": "s", "background": "job"}));
    let second = &driver.ask(&json!({"op": "wait", "job": "job"}))["ok"];
    assert_eq!(second["origin"], "refresh");
    let invalidate = json!({"op": "invalidate", "source": "s", "token": text(second)});
    assert_eq!(driver.ask(&invalidate)["ok"]["was_current"], true);
    assert_eq!(driver.ask(&invalidate)["ok"]["was_current"], false);
    assert_eq!(
        driver.ask(&json!({"op": "stats", "source": "s"})),
        json!({"ok": {
            "authentications": 1, "refreshes": 1, "fallbacks": 0, "failures": 0, "waits": 2,
            "store_hits": 0, "store_failures": 0, "store_error": null,
            "authenticating_only": false,
        }})
    );
    driver.do_it(&json!({"op": "close_source", "source": "s"}));
    assert_eq!(
        driver.ask(&json!({"op": "events", "source": "s"}))["ok"]["events"],
        json!([
            {"kind": "authenticated", "generation": 1, "code": null},
            {"kind": "refreshed", "generation": 2, "code": null},
        ])
    );
    assert_eq!(driver.ask(&json!({"op": "token", "source": "s"}))["error"]["code"], "closed");
    driver.do_it(&json!({"op": "drop_source", "source": "s"}));
}

fn of_errors(driver: &mut Driver) {
    let reply =
        driver.ask(&json!({"op": "new_client", "client": "b", "settings": {"region": "mars"}}));
    assert_eq!(reply["error"]["code"], "invalid_argument");
    assert_eq!(reply["error"]["http_status"], json!(null));
    let reply = driver.ask(&json!({"op": "errors"}));
    let table = std::fs::read_to_string(root().join("conformance/errors.json")).unwrap();
    let table: Value = serde_json::from_str(&table).unwrap();
    let pairs = |table: &Value| -> Vec<(Value, Value)> {
        let rows = table["errors"].as_array().expect("a list");
        rows.iter().map(|row| (row["number"].clone(), row["code"].clone())).collect()
    };
    assert_eq!(pairs(&reply["ok"]), pairs(&table));
}

#[test]
fn the_c_driver_speaks_the_protocol() {
    let folder = root().join("conformance/drivers/c");
    let more = ["sources.c", "stores.c"].map(|file| folder.join(file));
    let [sources, stores] = more.each_ref().map(|path| path.to_str().expect("the folder is UTF-8"));
    let driver = Installation::testing();
    converse(&driver.build(&folder.join("driver.c"), &[sources, stores, "-lcjson"]));
}

#[test]
fn the_cpp_driver_speaks_the_protocol() {
    let source = root().join("conformance/drivers/cpp/driver.cpp");
    converse(&Installation::testing().build(&source, &[]));
}
