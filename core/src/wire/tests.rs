use std::time::{Duration, UNIX_EPOCH};

use super::*;

const SECRET: &str = "planted-secret";

fn authentication() -> Outgoing {
    Outgoing::authenticate(&Credentials::new("the-id", SECRET).unwrap())
}

fn answer(status: u16, body: &str) -> Result<TokenSet, Error> {
    authentication().interpret(
        &HeaderMap::new(),
        status,
        &HeaderMap::new(),
        body.as_bytes(),
        UNIX_EPOCH,
    )
}

fn lifetime(body: &str) -> Option<Duration> {
    answer(200, body).unwrap().lifetime()
}

#[test]
fn bodies_that_go_out_are_json_in_the_service_s_naming() {
    let credentials = Credentials::new("a\"b", "ü\\\u{1}").unwrap();
    let sent: serde_json::Value =
        serde_json::from_slice(&Outgoing::authenticate(&credentials).body).unwrap();
    assert_eq!(sent, serde_json::json!({"clientId": "a\"b", "secret": "ü\\\u{1}"}));
    let sent: serde_json::Value =
        serde_json::from_slice(&Outgoing::refresh(&"r".into()).body).unwrap();
    assert_eq!(sent, serde_json::json!({"refreshToken": "r"}));
}

#[test]
fn a_body_never_outgrows_its_buffer() {
    let worst = "\u{1}".repeat(500);
    let outgoing = Outgoing::refresh(&worst.as_str().into());
    assert!(outgoing.body.len() <= 64 + 6 * worst.len());
    assert_eq!(outgoing.body.capacity(), 64 + 6 * worst.len());
}

#[test]
fn either_naming_and_both_at_once_are_read() {
    for body in [
        r#"{"access_token":"a","refresh_token":"r","expires_in":60,"expires":"x"}"#,
        r#"{"accessToken":"a","refreshToken":"r","expiresIn":60,"expires":"x"}"#,
        r#"{"access_token":"a","accessToken":"b","refreshToken":"r","expires_in":60,"expires":"x"}"#,
        r#"{"access_token":"","accessToken":"a","refresh_token":null,"refreshToken":"r","expiresIn":60,"expires":"x","more":{"n":1}}"#,
    ] {
        let tokens = answer(200, body).unwrap();
        assert_eq!(tokens.access_token().as_str(), "a", "{body}");
        assert_eq!(tokens.refresh_token().unwrap().as_str(), "r", "{body}");
        assert_eq!(tokens.expires(), Some("x"));
        assert_eq!(tokens.lifetime(), Some(Duration::from_secs(60)));
    }
}

#[test]
fn lifetimes_are_seconds_in_any_number() {
    for (value, expected) in [
        ("86400", Some(Duration::from_secs(86_400))),
        ("600.5", Some(Duration::from_millis(600_500))),
        ("\"3600\"", Some(Duration::from_secs(3600))),
        ("2687784526", Some(Duration::from_secs(2_687_784_526))),
        ("0", None),
        ("-1", None),
        ("1e300", None),
        ("null", None),
        ("true", None),
        ("\"soon\"", None),
        ("\"NaN\"", None),
    ] {
        let body = format!(r#"{{"access_token":"a","expires_in":{value}}}"#);
        assert_eq!(lifetime(&body), expected, "{value}");
    }
}

#[test]
fn an_odd_expires_changes_nothing() {
    for value in ["\"\"", "\"string\"", "\"Mon, 31 Jul 2003 10:59:33 GMT\"", "5", "null", "{}"] {
        let body = format!(r#"{{"access_token":"a","expires_in":60,"expires":{value}}}"#);
        assert_eq!(lifetime(&body), Some(Duration::from_secs(60)), "{value}");
    }
}

#[test]
fn success_without_a_token_is_an_error() {
    for body in [
        "",
        "null",
        "[]",
        "\"a\"",
        "{}",
        "{\"access_token\":\"a\"",
        r#"{"access_token":""}"#,
        r#"{"access_token":" "}"#,
        r#"{"access_token":7}"#,
        r#"{"access_token":"a\u0000b"}"#,
        r#"{"access_token":"a\r\nx: y"}"#,
        r#"{"access_token":"a","errors":["no"]}"#,
        r#"{"access_token":"a","error":"no"}"#,
        r#"{"errors":[{"message":"ER-00004"}]}"#,
        "<html><title>Sign in</title></html>",
    ] {
        let error = answer(200, body).expect_err(body);
        assert_eq!(error.code(), Code::InvalidResponse, "{body}");
        assert_eq!(error.http_status(), Some(200));
        assert!(!error.is_retryable());
    }
    assert!(answer(200, r#"{"access_token":"a","errors":[],"error":null}"#).is_ok());
}

#[test]
fn statuses_have_their_codes() {
    for (status, code, refresh_code) in [
        (301, Code::InvalidResponse, Code::InvalidResponse),
        (400, Code::Rejected, Code::Rejected),
        (401, Code::InvalidCredentials, Code::RefreshRejected),
        (403, Code::Forbidden, Code::Forbidden),
        (404, Code::Rejected, Code::Rejected),
        (408, Code::ServerError, Code::ServerError),
        (429, Code::RateLimited, Code::RateLimited),
        (499, Code::Rejected, Code::Rejected),
        (500, Code::ServerError, Code::ServerError),
        (599, Code::ServerError, Code::ServerError),
        (999, Code::InvalidResponse, Code::InvalidResponse),
    ] {
        assert_eq!(answer(status, "").unwrap_err().code(), code, "{status}");
        let refresh = Outgoing::refresh(&"r".into());
        let error = refresh
            .interpret(&HeaderMap::new(), status, &HeaderMap::new(), b"", UNIX_EPOCH)
            .unwrap_err();
        assert_eq!(error.code(), refresh_code, "{status}");
        // The one answer that says the token was not consumed.
        assert_eq!(error.is_retryable(), status == 429, "{status}");
    }
}

#[test]
fn messages_are_read_from_every_shape() {
    for (body, messages, code) in [
        (r#"{"errors":["a","b"],"errorCode":"ER-01183"}"#, &["a", "b"][..], Some("ER-01183")),
        (r#"{"statusCode":401,"error":"Unauthorized","message":"m"}"#, &["m"], None),
        (r#"{"statusCode":400,"error":"Bad Request","message":["m","n"]}"#, &["m", "n"], None),
        (r#"{"errors":["a"],"message":"m"}"#, &["a", "m"], None),
        (r#"{"errors":[{"message":"ER-00004"}]}"#, &["ER-00004"], None),
        (r#"{"error":"Token expired"}"#, &["Token expired"], None),
        (r#"{"error":"x","error_description":"y"}"#, &["x", "y"], None),
        (r#"{"errors":"one"}"#, &["one"], None),
        ("upstream connect error", &["upstream connect error"], None),
        ("\n\n  two \t words  \nmore", &["two words"], None),
        ("<!doctype html><HTML><Title>502 Bad Gateway</TITLE>", &["502 Bad Gateway"], None),
        ("<p>nothing</p>", &[], None),
        (r#"{"errors":["cut o"#, &[], None),
        (r#"{"errors":[null,7,{}]}"#, &[], None),
        ("", &[], None),
    ] {
        let error = answer(400, body).unwrap_err();
        assert_eq!(error.messages(), messages, "{body}");
        assert_eq!(error.error_code(), code, "{body}");
    }
}

#[test]
fn a_byte_order_mark_is_ignored() {
    let tokens = r#"{"access_token":"a","refresh_token":"r","expires_in":60}"#;
    for mark in ["\u{feff}", "\u{feff}\u{feff}", "\u{feff}\r\n", " \u{feff} "] {
        let tokens = answer(200, &format!("{mark}{tokens}")).unwrap();
        assert_eq!(tokens.refresh_token().unwrap().as_str(), "r", "{mark:?}");
        let error = answer(400, &format!("{mark}{{\"errors\":[\"no\"],\"errorCode\":\"ER-1\"}}"));
        let error = error.unwrap_err();
        assert_eq!((error.messages(), error.error_code()), (&["no".to_owned()][..], Some("ER-1")));
    }
    let error = answer(502, "\u{feff}<html><title>Bad Gateway</title>").unwrap_err();
    assert_eq!(error.messages(), ["Bad Gateway"]);
    assert_eq!(answer(502, "\u{feff}no such route").unwrap_err().messages(), ["no such route"]);
}

fn at(date: &str) -> HeaderMap {
    HeaderMap::from_iter([(ureq::http::header::DATE, date.parse().unwrap())])
}

#[test]
fn a_wait_counts_from_the_answer_s_own_date() {
    let mut headers = at("Sun, 07 Jun 2026 12:34:56 GMT");
    headers.insert("x-rate-limit-reset", "2026-06-07T12:34:57Z".parse().unwrap());
    let outcome = authentication().interpret(&HeaderMap::new(), 429, &headers, b"", UNIX_EPOCH);
    assert_eq!(outcome.unwrap_err().retry_after(), Some(Duration::from_millis(1001)));
    headers.remove("x-rate-limit-reset");
    headers.insert("retry-after", "Sun, 07 Jun 2026 12:35:06 GMT".parse().unwrap());
    headers.insert("age", "4".parse().unwrap());
    let outcome = authentication().interpret(&HeaderMap::new(), 503, &headers, b"", UNIX_EPOCH);
    assert_eq!(outcome.unwrap_err().retry_after(), Some(Duration::from_secs(6)));
}

#[test]
fn a_token_that_was_issued_a_while_ago_lives_for_what_is_left_of_it() {
    use base64::Engine;
    let jwt = |claims: &str| {
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims);
        format!("eyJhbGciOiJIUzI1NiJ9.{claims}.c2ln")
    };
    let date = "Thu, 01 Jan 1970 00:16:40 GMT"; // 1000
    for (claims, expires_in, headers, expected) in [
        (r#"{"iat":1000,"exp":4600}"#, "3600", at(date), Some(3600)),
        (r#"{"iat":400,"exp":1600}"#, "3600", at(date), Some(600)),
        (r#"{"exp":1600}"#, "null", at(date), Some(600)),
        (r#"{"iat":"x","exp":1600}"#, "3600", at(date), Some(600)),
        (r#"{"iat":400,"exp":1600}"#, "60", at(date), Some(60)),
        // Its clocks disagree.
        (r#"{"iat":300,"exp":900}"#, "3600", at(date), Some(600)),
        (r#"{"exp":900}"#, "3600", at(date), Some(3600)),
        (r#"{"exp":1000}"#, "null", at(date), None),
        (r#"{"iat":400,"exp":1600}"#, "3600", at("yesterday"), Some(1200)),
        (r#"{"iat":400,"exp":1600}"#, "3600", HeaderMap::new(), Some(1200)),
    ] {
        let body = format!(r#"{{"access_token":"{}","expires_in":{expires_in}}}"#, jwt(claims));
        // This host's clock is years ahead.
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let outcome =
            authentication().interpret(&HeaderMap::new(), 200, &headers, body.as_bytes(), now);
        let lifetime = outcome.unwrap().lifetime();
        assert_eq!(lifetime, expected.map(Duration::from_secs), "{claims} {expires_in}");
    }
}

#[test]
fn long_messages_are_cut() {
    let error = answer(500, &"é".repeat(10_000)).unwrap_err();
    assert_eq!(error.messages()[0].chars().count(), 301);
    let body = serde_json::json!({ "errors": (0..100).collect::<Vec<_>>().iter().map(ToString::to_string).collect::<Vec<_>>() });
    assert_eq!(answer(500, &body.to_string()).unwrap_err().messages().len(), 16);
}

#[test]
fn the_trace_id_is_kept_on_success_and_failure() {
    let mut headers = HeaderMap::new();
    headers.insert(TRACE_ID, "abc".parse().unwrap());
    let ok = authentication().interpret(
        &HeaderMap::new(),
        200,
        &headers,
        br#"{"accessToken":"a"}"#,
        UNIX_EPOCH,
    );
    assert_eq!(ok.unwrap().trace_id(), Some("abc"));
    let failed = authentication().interpret(&HeaderMap::new(), 500, &headers, b"", UNIX_EPOCH);
    assert_eq!(failed.unwrap_err().trace_id(), Some("abc"));
}

mod secrecy;
