//! Link arguments of a Node addon. They include `nodelete`: threads of the pool outlive the
//! worker thread that loaded the addon. And what tests need.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // As in the core.
    println!("cargo::rerun-if-env-changed=FRONTEGG_TESTING");
    println!("cargo::rustc-check-cfg=cfg(frontegg_testing)");
    if std::env::var_os("FRONTEGG_TESTING").is_some_and(|value| value == "1") {
        println!("cargo::rustc-cfg=frontegg_testing");
    }
    napi_build::setup();
}
