//! Tells the crate whether the interpreter that it is built for has a GIL, and whether it is built
//! for the tests.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // As in the core.
    println!("cargo::rerun-if-env-changed=FRONTEGG_TESTING");
    println!("cargo::rustc-check-cfg=cfg(frontegg_testing)");
    if std::env::var_os("FRONTEGG_TESTING").is_some_and(|value| value == "1") {
        println!("cargo::rustc-cfg=frontegg_testing");
    }
    pyo3_build_config::use_pyo3_cfgs();
}
