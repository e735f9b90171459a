//! Nothing confidential comes out of an answer.

use proptest::prelude::*;

use super::*;

#[test]
fn what_was_sent_or_looks_like_a_token_is_taken_out_of_messages() {
    let body = format!(r#"{{"errors":["bad {SECRET}!","got eyJhbGciOi.J9 here"]}}"#);
    let error = answer(400, &body).unwrap_err();
    assert_eq!(error.messages(), ["bad <redacted>!", "got <redacted> here"]);
    assert!(!format!("{error:?} {error}").contains(SECRET));
}

#[test]
fn the_value_of_a_header_of_the_user_s_is_taken_out_of_messages() {
    let mut sent = HeaderMap::new();
    let basic = STANDARD.encode("user:planted-password");
    for (name, value) in [
        ("authorization", "Bearer planted-bearer"),
        ("x-authorization", &format!("Basic {basic}")),
        ("x-short", "short"),
        ("x-latin", "caf\u{e9}planted-9"),
    ] {
        let mut value = ureq::http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
        value.set_sensitive(true);
        sent.insert(name, value);
    }
    for body in [
        "no planted-bearer here, in short",
        "no planted-password here, in short",
        "no PLANTED%2Dpassword here, in short",
        "no caf\u{e9}planted-9 here, in short",
        &format!("no {basic} here, in short"),
    ] {
        let answer =
            authentication().interpret(&sent, 403, &HeaderMap::new(), body.as_bytes(), UNIX_EPOCH);
        assert_eq!(answer.unwrap_err().messages(), ["no <redacted> here, in short"]);
    }
}

/// What a 2xx is, in a sentence, whatever it holds.
#[test]
fn a_success_without_tokens_is_described_and_never_quoted() {
    const TOKENS: &str = r#"{"access_token":"planted-1","refresh_token":"planted-2"}"#;
    let twice = serde_json::to_string(TOKENS).unwrap();
    for (body, what) in [
        (twice.clone(), "is a JSON string that holds JSON: it was encoded twice"),
        (serde_json::to_string(&twice).unwrap(), "it was encoded twice"),
        ("\"planted\"".to_owned(), "is a JSON string, not an object"),
        (format!("[{TOKENS}]"), "is a JSON array"),
        ("17".to_owned(), "is a JSON number"),
        ("true".to_owned(), "is a JSON boolean"),
        ("null".to_owned(), "is a JSON null"),
        (format!(r#"{{"data":{TOKENS}}}"#), "carries no access token but in an object inside it"),
        (r#"{"token":"planted"}"#.to_owned(), "carries no access token"),
        (format!(r#"{{"message":"planted","x":{twice}}}"#), "carries no access token"),
        (
            r#"{"access_token":"planted","errors":["planted"],"errorCode":"planted"}"#.to_owned(),
            "carries an error",
        ),
        (
            r#"{"error":{"message":"planted"},"access_token":"planted"}"#.to_owned(),
            "carries an error",
        ),
        (TOKENS[..30].to_owned(), "breaks off"),
        (format!("{TOKENS} planted"), "damaged"),
        (format!("{{{TOKENS}"), "damaged"),
        ("access_token=planted&x=1".to_owned(), "is a form"),
        ("planted".to_owned(), "is plain text"),
        ("Your token is planted\nplanted".to_owned(), "is plain text"),
        ("planted\0planted".to_owned(), "is not text"),
        ("<?xml version='1.0'?><token>planted</token>".to_owned(), "is an HTML page, or XML"),
        (r#"{"a":"<html><title>planted</title>"#.to_owned(), "breaks off"),
        ("x <html><title>planted</title>".to_owned(), "is plain text"),
        (String::new(), "is empty"),
        ("\u{feff}".to_owned(), "is empty"),
    ] {
        let error = answer(200, &body).unwrap_err();
        assert!(error.message().contains(what), "{body}: {error}");
        assert!(!format!("{error:?}").contains("planted"), "{error:?}");
        assert_eq!((error.messages().len(), error.error_code()), (0, None), "{body}");
    }
    let outcome = authentication().interpret(
        &HeaderMap::new(),
        200,
        &HeaderMap::new(),
        b"\xff\xfe{\0",
        UNIX_EPOCH,
    );
    assert!(outcome.unwrap_err().message().contains("not UTF-8"));
}

#[test]
fn of_a_page_the_title_is_told_without_tokens() {
    for (title, told) in [
        ("Welcome to Hotel Wi-Fi", Some("Welcome to Hotel Wi-Fi")),
        ("\n Sign\tin \n", Some("Sign in")),
        ("Hello 0f8fad5b-d9cb-469f-a165-70867728950e", Some("Hello <redacted>")),
        ("token=abc and more", Some("token=<redacted> and more")),
        ("averylongwordthatmaybeatoken it is", Some("<redacted> it is")),
        ("got eyJhbGci.x", Some("got <redacted>")),
        (SECRET, Some("<redacted>")),
        ("{\"access_token\":\"abc\"}", Some("<redacted>")),
        ("", None),
    ] {
        let page = format!("<!doctype html><html><head><TITLE lang=en>{title}</TITLE>planted");
        let error = answer(200, &page).unwrap_err();
        assert_eq!(error.messages().first().map(String::as_str), told, "{title}");
        assert!(!format!("{error:?}").contains("planted"));
    }
}

#[test]
fn tokens_of_a_failure_are_taken_out_of_its_messages() {
    for body in [
        r#"{"error":"cannot use planted","refresh_token":"planted"}"#,
        r#"{"errors":["planted, again"],"data":[{"accessToken":"planted"}]}"#,
        r#""{\"message\":\"planted\",\"refreshToken\":\"planted\"}""#,
        r#"{"message":"{\"access_token\":\"planted\"}"}"#,
        r#"{"message":"upstream said {\"access_token\":\"planted\""}"#,
        r#"{"errors":[{"message":"\"{\\\"token\\\":\\\"planted\\\"}\""}]}"#,
        r#"{"errors":["p","l","a","n","t","e","d","1","7"],"refreshToken":"planted17"}"#,
        "refresh_token=planted",
        "the access_token: \"planted\"",
    ] {
        let error = answer(500, body).unwrap_err();
        let mut shown = format!("{error:?} {error}");
        shown.retain(|c| c.is_ascii_alphanumeric());
        assert!(!shown.contains("planted"), "{body}: {shown}");
    }
    // A sentence about one is none.
    let body = r#"{"message":{"errors":"no"},"token":"is not valid"}"#;
    assert_eq!(answer(400, body).unwrap_err().messages(), ["no"]);
}

#[test]
fn what_is_confidential_is_in_no_fact_of_an_error() {
    let mut headers = HeaderMap::new();
    headers.insert(TRACE_ID, format!("x-{SECRET}").parse().unwrap());
    let body = format!(r#"{{"errors":["{SECRET}"],"errorCode":"{SECRET}"}}"#);
    let outcome =
        authentication().interpret(&HeaderMap::new(), 400, &headers, body.as_bytes(), UNIX_EPOCH);
    let error = outcome.unwrap_err();
    assert_eq!((error.trace_id(), error.error_code()), (None, None));
    assert_eq!(error.messages(), ["<redacted>"]);
    assert!(!format!("{error:?}").contains(SECRET));
}

/// Bodies with a planted word anywhere, in every shape that JSON has, and in others.
fn bodies() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(serde_json::json!("planted-token-17")),
        Just(serde_json::json!("planted-token-17 in words")),
        any::<u32>().prop_map(|number| serde_json::json!(number)),
        Just(serde_json::Value::Null),
    ];
    let name = prop_oneof![
        Just("access_token"),
        Just("refreshToken"),
        Just("token"),
        Just("errors"),
        Just("error"),
        Just("message"),
        Just("errorCode"),
        Just("error_description"),
        Just("data"),
        Just("planted-token-17"),
    ];
    let value = leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
            proptest::collection::vec((name.clone(), inner.clone()), 0..4).prop_map(|members| {
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
            // Encoded twice.
            inner.prop_map(|value| serde_json::Value::String(value.to_string())),
        ]
    });
    let front = prop_oneof![
        5 => Just(String::new()), 1 => Just("\u{feff}".to_owned()), 1 => "\\PC{0,8}",
    ];
    let cut = prop_oneof![3 => Just(usize::MAX), 1 => 0_usize..200];
    (front, value, cut).prop_map(|(front, value, cut)| {
        let body = format!("{front}{value}");
        body.chars().take(cut).collect()
    })
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic_or_repeat_the_secret(
        status in 100_u16..1000,
        front in ".*",
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut body = front.into_bytes();
        body.extend_from_slice(SECRET.as_bytes());
        body.extend(bytes);
        if let Err(error) = authentication().interpret(&HeaderMap::new(), status, &HeaderMap::new(), &body, UNIX_EPOCH) {
            let shown = format!("{error:?} {error}");
            prop_assert!(!shown.contains(SECRET));
        }
    }

    #[test]
    fn nothing_of_a_success_is_in_an_error(status in 200_u16..300, body in bodies()) {
        if let Err(error) = answer(status, &body) {
            prop_assert!(error.messages().is_empty() && error.error_code().is_none());
            prop_assert!(!format!("{error:?} {error}").contains("planted"), "{}", error);
        }
    }

    #[test]
    fn nothing_of_any_bytes_is_in_an_error_of_a_success(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let outcome = authentication().interpret(
            &HeaderMap::new(), 200, &HeaderMap::new(), &bytes, UNIX_EPOCH,
        );
        if let Err(error) = outcome {
            prop_assert!(error.messages().is_empty() || bytes.trim_ascii().starts_with(b"<"));
        }
    }
}
