//! What the libraries show of themselves.

use std::process::Command;

use crate::header::functions;
use crate::install::{Installation, run};

#[test]
fn the_shared_library_exports_the_functions_of_the_header_and_nothing_else() {
    let library = Installation::plain().library();
    let listing = run(Command::new("nm").args(["--dynamic", "--defined-only"]).arg(library));
    let mut exported: Vec<_> =
        listing.lines().filter_map(|line| line.split_whitespace().last()).collect();
    let mut declared = functions();
    exported.sort_unstable();
    declared.sort_unstable();
    assert_eq!(exported, declared);
}

#[test]
fn the_static_library_defines_every_function() {
    let library = Installation::plain().static_library();
    let listing =
        run(Command::new("nm").args(["--extern-only", "--defined-only", "--quiet"]).arg(library));
    for function in functions() {
        assert!(listing.contains(&format!(" T {function}\n")), "{function}");
    }
    assert!(!listing.contains("frontegg_testing"), "the clock can be moved");
}

#[test]
fn only_a_library_for_the_tests_can_move_the_clock() {
    let list = |library| {
        run(Command::new("nm").args(["--dynamic", "--defined-only"]).arg(library))
            .matches(" T frontegg_testing_")
            .count()
    };
    assert_eq!(list(Installation::testing().library()), 2);
    assert_eq!(list(Installation::plain().library()), 0);
    let header =
        std::fs::read_to_string(crate::install::root().join("include/frontegg_token.h")).unwrap();
    assert!(!header.contains("frontegg_testing"));
}

#[test]
fn the_name_at_run_time_carries_the_abi_version() {
    let library = Installation::plain().library();
    let dynamic = run(Command::new("readelf").arg("--dynamic").arg(library));
    let header =
        std::fs::read_to_string(crate::install::root().join("include/frontegg_token.h")).unwrap();
    let abi = header
        .lines()
        .find_map(|line| line.strip_prefix("#define FRONTEGG_ABI_VERSION "))
        .expect("the header names the ABI's version");
    assert!(dynamic.contains(&format!("soname: [libfrontegg_token.so.{abi}]")), "{dynamic}");
    let needed: Vec<_> = dynamic
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| line.split_once('[')?.1.split('.').next())
        .collect();
    for library in needed {
        // What every system has: no TLS library, no HTTP library.
        let system = ["libc", "libm", "libgcc_s", "libdl", "libpthread"];
        assert!(system.contains(&library) || library.starts_with("ld-linux"), "{library}");
    }
}
