//! Gives the shared library the name under which programs look for it at run time.

/// Rises with every change that breaks programs which are already linked; the same as
/// `FRONTEGG_ABI_VERSION`.
const ABI: u32 = 0;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
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
