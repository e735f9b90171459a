//! The examples and the drivers of the conformance tests: they build without a warning, and
//! do what they should without a leak.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;

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

/// Speaks the drivers' protocol; what clients and sources do is for the conformance tests to say.
fn converse(program: &Path) {
    let emulator = emulator();
    let mut command = valgrind(program);
    environment(&emulator, &emulator.https_base_url(), &mut command);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("valgrind can be started");
    let mut input = child.stdin.take().expect("piped");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let mut ask = |request: Value| -> Value {
        writeln!(input, "{request}").expect("the driver listens");
        let mut line = String::new();
        output.read_line(&mut line).expect("the driver answers");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line} to {request}"))
    };
    let done = json!({"ok": {}});
    let settings = json!({
        "base_url": emulator.https_base_url(), "ca_pem": emulator.ca_pem(), "max_attempts": 1,
        "deadline_ms": 60_000, "attempt_timeout_ms": 60_000, "headers": [["x-a", "b"]],
    });
    assert_eq!(ask(json!({"op": "new_client", "client": "a", "settings": settings})), done);
    let authenticate = json!({
        "op": "authenticate", "client": "a",
        "client_id": emulator.client_id(), "secret": emulator.secret(),
    });
    let reply = ask(authenticate.clone());
    assert_eq!(reply["ok"]["lifetime_ms"], 3_600_000);
    assert_eq!(reply["ok"]["claims"]["sub"], emulator.client_id());
    assert!(reply["shown"].is_string());

    let mut background = authenticate;
    background["background"] = json!("job");
    assert_eq!(ask(background), done);
    let refresh =
        json!({"op": "refresh", "client": "a", "refresh_token": "unknown", "background": "other"});
    assert_eq!(ask(refresh), done);
    // The other job keeps its client until it has ended.
    assert_eq!(ask(json!({"op": "drop", "client": "a"})), done);
    let facts = &ask(json!({"op": "wait", "job": "other"}))["error"];
    assert_eq!(facts["code"], "refresh_rejected");
    assert_eq!(facts["number"], 21);
    assert_eq!(facts["messages"], json!(["Refresh token is not valid"]));
    assert_eq!(facts["error_code"], json!(null));
    assert_eq!(facts["attempts"], 1);
    assert_eq!(
        ask(json!({"op": "wait", "job": "job"}))["ok"]["trace_id"].as_str().map(str::len),
        Some(32)
    );

    let new_source = json!({
        "op": "new_source", "source": "s", "client": "c", "client_id": emulator.client_id(),
        "secret": emulator.secret(), "settings": {"renewal_window": [0.5, 0.5], "policy": "auto"},
    });
    assert_eq!(ask(json!({"op": "new_client", "client": "c", "settings": settings})), done);
    assert_eq!(ask(new_source), done);
    let first = &ask(json!({"op": "token", "source": "s"}))["ok"];
    assert_eq!(first["origin"], "authenticate");
    assert_eq!(first["claims"]["sub"], emulator.client_id());
    let text = |token: &Value| token["token"].as_str().expect("a token").to_owned();
    assert_eq!(first["authorization"], format!("Bearer {}", text(first)));
    let left = first["expires_at_ms"].as_i64().expect("it expires")
        - first["renewal_due_at_ms"].as_i64().expect("it is renewed");
    assert!((1_799_000..=1_801_000).contains(&left), "{left}");
    assert_eq!(ask(json!({"op": "peek", "source": "s"}))["ok"]["token"], first["token"]);
    assert_eq!(ask(json!({"op": "advance_clock", "ms": 3_600_000})), done);
    assert_eq!(ask(json!({"op": "step_wall_clock", "ms": -1})), done);
    assert_eq!(ask(json!({"op": "token", "source": "s", "background": "job"})), done);
    let second = &ask(json!({"op": "wait", "job": "job"}))["ok"];
    assert_eq!(second["origin"], "refresh");
    let invalidate = json!({"op": "invalidate", "source": "s", "token": text(second)});
    assert_eq!(ask(invalidate.clone())["ok"]["was_current"], true);
    assert_eq!(ask(invalidate)["ok"]["was_current"], false);
    assert_eq!(
        ask(json!({"op": "stats", "source": "s"})),
        json!({"ok": {
            "authentications": 1, "refreshes": 1, "fallbacks": 0, "failures": 0, "waits": 2,
            "store_hits": 0, "store_failures": 0, "store_error": null,
            "authenticating_only": false,
        }})
    );
    assert_eq!(ask(json!({"op": "close_source", "source": "s"})), done);
    assert_eq!(
        ask(json!({"op": "events", "source": "s"}))["ok"]["events"],
        json!([
            {"kind": "authenticated", "generation": 1, "code": null},
            {"kind": "refreshed", "generation": 2, "code": null},
        ])
    );
    assert_eq!(ask(json!({"op": "token", "source": "s"}))["error"]["code"], "closed");
    assert_eq!(ask(json!({"op": "drop_source", "source": "s"})), done);

    let reply = ask(json!({"op": "new_client", "client": "b", "settings": {"region": "mars"}}));
    assert_eq!(reply["error"]["code"], "invalid_argument");
    assert_eq!(reply["error"]["http_status"], json!(null));
    let reply = ask(json!({"op": "errors"}));
    let table = std::fs::read_to_string(root().join("conformance/errors.json")).unwrap();
    let table: Value = serde_json::from_str(&table).unwrap();
    let pairs = |table: &Value| -> Vec<(Value, Value)> {
        let rows = table["errors"].as_array().expect("a list");
        rows.iter().map(|row| (row["number"].clone(), row["code"].clone())).collect()
    };
    assert_eq!(pairs(&reply["ok"]), pairs(&table));
    drop(input);
    assert!(child.wait().expect("the driver ends").success());
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
