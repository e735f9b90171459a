//! The headers: up to date, and fit for every standard and compiler by themselves.

use std::path::Path;
use std::process::Command;

use crate::install::{STRICT, root, run};

#[test]
fn the_committed_header_is_the_generated_one() {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = root().join("include/frontegg_token.h");
    let mut generated = Vec::new();
    cbindgen::generate(crate_dir).expect("the crate is readable").write(&mut generated);
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|value| value == "1") {
        std::fs::write(&header, &generated).expect("the header is writable");
    }
    let committed = std::fs::read(&header).unwrap_or_default();
    assert!(
        committed == generated,
        "include/frontegg_token.h is out of date; UPDATE_GENERATED=1 renews it"
    );
}

fn compile(compilers: &[&str], language: &str, standards: &[&str], header: &str) {
    for compiler in compilers {
        for standard in standards {
            run(Command::new(compiler)
                .arg(format!("-std={standard}"))
                .args(STRICT)
                .args(["-fsyntax-only", "-x", language])
                .arg(root().join("include").join(header)));
        }
    }
}

#[test]
fn the_header_compiles_alone_as_c_and_as_cpp() {
    compile(&["gcc", "clang"], "c", &["c99", "c11", "c17"], "frontegg_token.h");
    compile(&["g++", "clang++"], "c++", &["c++17", "c++20"], "frontegg_token.h");
}

#[test]
fn the_cpp_header_compiles_alone() {
    compile(&["g++", "clang++"], "c++", &["c++17", "c++20"], "frontegg_token.hpp");
}

/// The functions that the header declares.
pub(crate) fn functions() -> Vec<String> {
    let header = std::fs::read_to_string(root().join("include/frontegg_token.h"))
        .expect("the header is readable");
    let declarations = header.lines().filter(|line| !line.starts_with([' ', '/', '#']));
    let names = declarations.filter_map(|line| line.split_once('(')).filter_map(|(before, _)| {
        before.rsplit([' ', '*']).next().filter(|name| name.starts_with("frontegg_"))
    });
    names.map(str::to_owned).collect()
}

#[test]
fn every_function_is_called_with_null_by_the_test_for_that() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/null_test.c");
    let source = std::fs::read_to_string(source).expect("the test is readable");
    let functions = functions();
    assert!(functions.len() > 50, "{functions:?}");
    for function in functions {
        assert!(source.contains(&format!("{function}(")), "{function} is not in null_test.c");
    }
}

#[test]
fn statuses_are_those_of_the_error_table() {
    let table = std::fs::read_to_string(root().join("conformance/errors.json"))
        .expect("the table is readable");
    let table: serde_json::Value = serde_json::from_str(&table).expect("the table is JSON");
    let rows = table["errors"].as_array().expect("the table is a list");
    let header = std::fs::read_to_string(root().join("include/frontegg_token.h"))
        .expect("the header is readable");
    let count = header.lines().filter(|line| line.starts_with("    FRONTEGG_STATUS_")).count();
    assert_eq!(count, rows.len() + 1, "success, and every row");
    for row in rows {
        let name = row["code"].as_str().expect("a code is text").to_uppercase();
        let line = format!("    FRONTEGG_STATUS_{name} = {},", row["number"]);
        assert!(header.contains(&line), "{line}");
    }
}
