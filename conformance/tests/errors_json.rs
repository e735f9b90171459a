//! `errors.json` is the error table of the core, for every language to compare its own with.

use std::path::Path;

use frontegg_token::CODES;
use serde_json::{Value, json};

#[test]
fn errors_json_is_the_table_of_the_core() {
    let rows: Vec<Value> = CODES
        .iter()
        .map(|row| {
            json!({
                "number": row.code.number(),
                "code": row.name,
                "retryable": row.retryable,
                "when": row.when,
            })
        })
        .collect();
    let text = serde_json::to_string_pretty(&json!({ "errors": rows })).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("errors.json");
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|value| value == "1") {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    assert!(committed == text, "errors.json is stale: run the tests with UPDATE_GENERATED=1");
}
