//! The test programs in C and C++, over HTTP and HTTPS, under valgrind where memory matters.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use frontegg_emulator::{ApiToken, Emulator, Fault, Options};
use serde_json::json;

use crate::install::{Installation, run};

/// A service with two API tokens, whose access tokens live an hour.
pub(crate) fn emulator() -> Emulator {
    Emulator::start(Options {
        api_tokens: vec![ApiToken::random(), ApiToken::random()],
        access_token_lifetime: 3600,
        request_log: 10,
        ..Options::default()
    })
    .expect("loopback has free ports")
}

/// A file with the CA's certificate, which is one for the whole process.
fn ca_file(emulator: &Emulator) -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("emulator-ca.pem");
        std::fs::write(&path, emulator.ca_pem()).expect("the folder is writable");
        path
    })
}

/// The environment that a program needs, and no proxy.
pub(crate) fn environment(emulator: &Emulator, base_url: &str, command: &mut Command) {
    let [first, second] = emulator.api_tokens() else { panic!("there are two API tokens") };
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command
        .env_remove("FRONTEGG_DOMAIN")
        .env_remove("FRONTEGG_REGION")
        .env_remove("FRONTEGG_VENDOR_HOST")
        .env_remove("FRONTEGG_TOKEN_STORE")
        .env_remove("RUST_BACKTRACE")
        .env("FRONTEGG_BASE_URL", base_url)
        .env("FRONTEGG_CA_FILE", ca_file(emulator))
        .env("FRONTEGG_CLIENT_ID", &first.client_id)
        .env("FRONTEGG_SECRET", first.secret.expose())
        .env("OTHER_CLIENT_ID", &second.client_id)
        .env("OTHER_SECRET", second.secret.expose())
        .env("EXPECTED_TENANT_ID", &first.tenant_id)
        .env("EXPECTED_VERSION", env!("CARGO_PKG_VERSION"));
}

pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(name)
}

/// Valgrind, in front of a program: an invalid access or a leak is a failure.
pub(crate) fn valgrind(program: &Path) -> Command {
    let mut command = Command::new("valgrind");
    command
        .args(["--quiet", "--error-exitcode=99", "--leak-check=full"])
        .args(["--show-leak-kinds=definite,indirect,possible"])
        .args(["--errors-for-leak-kinds=definite,indirect,possible"])
        .arg(concat!("--suppressions=", env!("CARGO_MANIFEST_DIR"), "/tests/valgrind.supp"))
        .arg(program);
    command
}

/// Runs a program over HTTP and over HTTPS, each under valgrind.
pub(crate) fn check(program: &Path) {
    check_with(program, |_| {});
}

/// The same with more in its environment.
pub(crate) fn check_with(program: &Path, add: impl Fn(&mut Command)) {
    for secure in [false, true] {
        let emulator = emulator();
        let url = if secure { emulator.https_base_url() } else { emulator.base_url() };
        let mut command = valgrind(program);
        environment(&emulator, &url, &mut command);
        add(&mut command);
        run(&mut command);
        let counts = emulator.state().counts;
        assert!(counts.authenticate.ok > 0, "{counts:?}");
        assert_eq!(counts.tls_handshakes > 0, secure, "{counts:?}");
    }
}

#[test]
fn the_c_interface_works_and_is_clean() {
    check(&Installation::plain().build(&source("api_test.c"), &[]));
}

#[test]
fn null_is_minded_nowhere() {
    check(&Installation::plain().build(&source("null_test.c"), &[]));
}

#[test]
fn handles_are_freed_in_any_order() {
    check(&Installation::plain().build(&source("frees_test.c"), &[]));
}

#[test]
fn the_cpp_layer_works_and_is_clean() {
    check(&Installation::plain().build(&source("cpp_test.cpp"), &[]));
}

#[test]
fn a_panic_comes_out_as_internal() {
    check(&Installation::testing().build(&source("panic_test.c"), &[]));
}

#[test]
fn a_panic_that_is_caught_prints_nothing() {
    let program = Installation::testing().build(&source("silence_test.c"), &[]);
    let emulator = emulator();
    let mut command = Command::new(program);
    environment(&emulator, &emulator.base_url(), &mut command);
    let output = command.env("RUST_BACKTRACE", "1").output().expect("the program can be started");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert_eq!(text, "");
}

#[test]
fn the_static_library_serves_as_well() {
    let program = Installation::plain().build_static(&source("api_test.c"));
    let linked = run(Command::new("readelf").arg("--dynamic").arg(&program));
    assert!(!linked.contains("frontegg"), "{linked}");
    let emulator = emulator();
    let mut command = Command::new(program);
    environment(&emulator, &emulator.https_base_url(), &mut command);
    run(&mut command);
}

#[test]
fn odd_answers_are_told_in_full() {
    let program = Installation::plain().build(&source("answers_test.c"), &[]);
    let emulator = emulator();
    let faults: Vec<Fault> = serde_json::from_value(json!([
        {"on": "authenticate", "action": {"respond": {
            "status": 400, "json": {"errors": ["before\u{0}after"]}}}},
        {"on": "authenticate", "action": {"rewrite": {"jwt": {"sub": "before\u{0}after"}}}},
        {"on": "authenticate", "action": {"rewrite": {"set": {"access_token": "a\u{0}b"}}}},
        {"on": "authenticate", "action": {"respond": {
            "status": 429, "headers": {"retry-after": "3600"},
            "json": {"errors": ["first", "second"], "errorCode": "ER-00429"}}}},
        {"on": "authenticate", "action": {"respond": {"status": 503}}},
        {"on": "authenticate", "action": {"rewrite": {}}},
        {"on": "authenticate", "action": {"respond": {
            "status": 200, "json": {"access_token": "opaque"}}}},
    ]))
    .expect("the faults are well written");
    emulator.add_faults(faults).expect("the faults make sense");
    let mut command = valgrind(&program);
    environment(&emulator, &emulator.base_url(), &mut command);
    run(&mut command);
    assert_eq!(emulator.state().faults_pending, 0);
}

#[test]
fn closing_interrupts_a_call_in_another_thread() {
    let program = Installation::plain().build(&source("close_test.c"), &[]);
    let emulator = emulator();
    let hang: Fault =
        serde_json::from_value(json!({"on": "authenticate", "action": {"hang": {}}})).unwrap();
    emulator.add_faults([hang]).expect("the fault makes sense");
    let mut command = valgrind(&program);
    environment(&emulator, &emulator.https_base_url(), &mut command);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("valgrind runs");
    let arrived =
        emulator.wait_until(|state| state.counts.authenticate.total > 0, Duration::from_secs(60));
    child.stdin.take().expect("it is piped").write_all(b"\n").expect("the program listens");
    assert!(child.wait().expect("the program ends").success());
    assert!(arrived.is_some());
}

#[test]
fn a_forked_child_goes_on_by_itself() {
    let program = Installation::plain().build(&source("fork_test.c"), &[]);
    let emulator = emulator();
    let mut command = Command::new(&program);
    environment(&emulator, &emulator.https_base_url(), &mut command);
    run(&mut command);
    let counts = emulator.state().counts;
    assert_eq!((counts.authenticate.ok, counts.connections), (5, 2), "{counts:?}");
}

#[test]
fn sixty_four_threads_share_two_clients() {
    let program = Installation::plain().build(&source("threads_test.c"), &[]);
    let emulator = emulator();
    let mut command = Command::new(&program);
    environment(&emulator, &emulator.https_base_url(), &mut command);
    run(command.env("CALLS", "10000"));
    let state = emulator.state();
    for token in &state.api_tokens {
        assert_eq!((token.authentications, token.rejected), (5000, 0));
    }
    assert_eq!(state.counts.authenticate.total, 10_000, "no call was repeated");
    assert!(state.counts.connections <= 2 * 64, "{:?}", state.counts);
}

#[test]
fn threads_leave_nothing_behind() {
    let program = Installation::plain().build(&source("threads_test.c"), &[]);
    let emulator = emulator();
    let mut command = valgrind(&program);
    environment(&emulator, &emulator.https_base_url(), &mut command);
    run(command.env("CALLS", "200"));
}
