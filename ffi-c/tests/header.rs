//! The generated header is up to date.

use std::path::Path;

#[test]
fn the_committed_header_is_the_generated_one() {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = crate_dir.join("../include/frontegg_token.h");
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
