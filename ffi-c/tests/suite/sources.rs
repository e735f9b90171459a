//! The test programs for token sources: threads, closing, forks, observers.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use frontegg_emulator::{Emulator, Fault};
use serde_json::{Value, json};

use crate::install::{Installation, run};
use crate::programs::{check, emulator, environment, source, valgrind};

fn add_faults(emulator: &Emulator, faults: Value) {
    let faults: Vec<Fault> = serde_json::from_value(faults).expect("the faults are well written");
    emulator.add_faults(faults).expect("the faults make sense");
}

#[test]
fn a_source_works_and_is_clean() {
    check(&Installation::plain().build(&source("source_test.c"), &[]));
}

#[test]
fn an_observer_is_told_and_then_left_alone() {
    check(&Installation::plain().build(&source("observer_test.c"), &[]));
}

#[test]
fn sources_and_tokens_are_freed_in_any_order() {
    check(&Installation::plain().build(&source("source_frees_test.c"), &[]));
}

#[test]
fn the_cpp_source_works_and_is_clean() {
    check(&Installation::plain().build(&source("cpp_source_test.cpp"), &[]));
}

#[test]
fn a_thousand_threads_cost_one_request() {
    let program = Installation::testing().build(&source("herd_test.c"), &[]);
    let emulator = emulator();
    add_faults(
        &emulator,
        json!([
            {"on": "authenticate", "action": {"delay": {"ms": 200}}},
            {"on": "refresh", "action": {"delay": {"ms": 200}}},
            {"on": "authenticate", "delay_ms": 200, "action": {"respond": {"status": 503}}},
        ]),
    );
    let mut command = Command::new(program);
    environment(&emulator, &emulator.https_base_url(), &mut command);
    run(&mut command);
    let counts = emulator.state().counts;
    assert_eq!((counts.authenticate.total, counts.authenticate.ok), (2, 1), "{counts:?}");
    assert_eq!((counts.refresh.total, counts.refresh.ok), (1, 1), "{counts:?}");
}

#[test]
fn closing_a_source_wakes_all_who_wait() {
    let program = Installation::plain().build(&source("source_close_test.c"), &[]);
    let emulator = emulator();
    add_faults(&emulator, json!([{"on": "authenticate", "action": {"hang": {}}}]));
    let mut command = valgrind(&program);
    environment(&emulator, &emulator.https_base_url(), &mut command);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("valgrind runs");
    let arrived =
        emulator.wait_until(|state| state.counts.authenticate.total > 0, Duration::from_secs(60));
    child.stdin.take().expect("it is piped").write_all(b"\n").expect("the program listens");
    assert!(child.wait().expect("the program ends").success());
    assert!(arrived.is_some());
    assert_eq!(emulator.state().counts.authenticate.total, 1);
}

#[test]
fn two_hundred_forked_children_go_on_by_themselves() {
    let program = Installation::testing().build(&source("source_fork_test.c"), &[]);
    let emulator = emulator();
    // Each child renews for itself, and none is to evict another's refresh token, or its parent's.
    let options = json!({"refresh_token_cap": 1000});
    emulator.set_options(options.as_object().expect("an object")).expect("an option");
    add_faults(&emulator, json!([{"on": "refresh", "hold": true, "action": {"rewrite": {}}}]));
    let mut command = Command::new(&program);
    environment(&emulator, &emulator.https_base_url(), &mut command);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let arrived =
        emulator.wait_until(|state| state.counts.refresh.total > 0, Duration::from_secs(60));
    child.stdin.take().expect("it is piped").write_all(b"\n").expect("the program listens");
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    output.read_line(&mut line).expect("the program speaks");
    emulator.release();
    assert!(child.wait().expect("the program ends").success(), "{line}");
    assert!(arrived.is_some());
    let state = emulator.state();
    assert_eq!((state.counts.refresh.total, state.counts.refresh.ok), (1, 1));
    assert_eq!(state.refresh_tokens_presented_twice, 0);
    // The parent once, and at least each child whose token had expired.
    assert!(state.counts.authenticate.ok > 50, "{:?}", state.counts);
}
