//! The test programs for shared stores.

use std::path::Path;

use crate::install::Installation;
use crate::programs::{check_with, source};

/// Runs a program with a directory of its own for stores in files.
fn check(name: &str) {
    let program = Installation::plain().build(&source(name), &[]);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stores-of").join(name);
    let _ = std::fs::remove_dir_all(&directory);
    check_with(&program, |command| {
        command.env("STORE_DIRECTORY", &directory);
    });
    std::fs::remove_dir_all(&directory).expect("the program has used its directory");
}

#[test]
fn stores_are_shared_and_clean() {
    check("store_test.c");
}

#[test]
fn the_cpp_stores_are_shared_and_clean() {
    check("cpp_store_test.cpp");
}
