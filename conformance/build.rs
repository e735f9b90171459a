//! Tells the driver of Rust whether the core that it is built with has a clock that can be moved.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=FRONTEGG_TESTING");
    println!("cargo::rustc-check-cfg=cfg(frontegg_testing)");
    if std::env::var_os("FRONTEGG_TESTING").is_some_and(|value| value == "1") {
        println!("cargo::rustc-cfg=frontegg_testing");
    }
}
