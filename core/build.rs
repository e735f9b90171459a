//! Switches on what tests alone need: a clock that can be moved, faults on purpose, and the model
//! checker's locks. By variables and not by features, which anybody's dependencies may switch on.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for (variable, name) in
        [("FRONTEGG_TESTING", "frontegg_testing"), ("FRONTEGG_MODEL", "frontegg_model")]
    {
        println!("cargo::rerun-if-env-changed={variable}");
        println!("cargo::rustc-check-cfg=cfg({name})");
        if std::env::var_os(variable).is_some_and(|value| value == "1") {
            println!("cargo::rustc-cfg={name}");
        }
    }
}
