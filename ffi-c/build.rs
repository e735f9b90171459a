//! Gives the shared library the name under which programs look for it at run time, and the
//! library for the tests what they need.

/// Rises with every change that breaks programs which are already linked; the same as
/// `FRONTEGG_ABI_VERSION`.
const ABI: u32 = 0;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // As in the core.
    println!("cargo::rerun-if-env-changed=FRONTEGG_TESTING");
    println!("cargo::rustc-check-cfg=cfg(frontegg_testing)");
    if std::env::var_os("FRONTEGG_TESTING").is_some_and(|value| value == "1") {
        println!("cargo::rustc-cfg=frontegg_testing");
    }
    let target = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let argument = match target.as_str() {
        "linux" | "android" | "freebsd" | "netbsd" | "openbsd" | "dragonfly" => {
            format!("-Wl,-soname,libfrontegg_token.so.{ABI}")
        }
        "macos" | "ios" => format!("-Wl,-install_name,@rpath/libfrontegg_token.{ABI}.dylib"),
        _ => return,
    };
    println!("cargo::rustc-cdylib-link-arg={argument}");
}
