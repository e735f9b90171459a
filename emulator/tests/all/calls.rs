//! The two calls: what they answer, and how they refuse.

use std::time::{Duration, SystemTime};

use frontegg_emulator::{ApiToken, Options, RequiredHeader};
use serde_json::{Value, json};

use crate::wire::{
    V1, V1_REFRESH, V2, V2_REFRESH, authenticate, call, claims, credentials, parse_rfc3339, post,
    quick, refresh, request, send, start,
};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn v2_answers_in_snake_case_with_all_four_members() {
    let emulator = start(Options { access_token_lifetime: 600, ..quick() });
    let before = SystemTime::now();
    let answer = post(&emulator, V2, &credentials());
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let trace = answer.header("frontegg-trace-id").expect("a trace id");
    assert!(trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit()), "{trace}");
    let body = answer.json();
    assert_eq!(keys(&body), ["access_token", "expires", "expires_in", "refresh_token"]);
    assert_eq!(body["expires_in"], 600);
    let expires =
        httpdate::parse_http_date(body["expires"].as_str().expect("text")).expect("RFC 1123");
    let earliest = before + Duration::from_secs(599);
    assert!(expires >= earliest && expires <= SystemTime::now() + Duration::from_secs(600));
}

#[test]
fn v1_is_the_same_in_camel_case() {
    let emulator = start(quick());
    let first = post(&emulator, V1, &credentials()).json();
    assert_eq!(keys(&first), ["accessToken", "expires", "expiresIn", "refreshToken"]);
    let second =
        post(&emulator, V1_REFRESH, &json!({"refreshToken": first["refreshToken"]})).json();
    assert_eq!(keys(&second), ["accessToken", "expires", "expiresIn", "refreshToken"]);
    // One service: a token of v1 is one of v2.
    let third = post(&emulator, V2_REFRESH, &json!({"refreshToken": second["refreshToken"]}));
    assert_eq!(third.status, 200);
}

#[test]
fn any_prefix_may_stand_in_front() {
    let emulator = start(quick());
    for prefix in ["/frontegg", "/a/b/c", ""] {
        let answer = post(&emulator, &format!("{prefix}{V2}?x=1"), &credentials());
        assert_eq!(answer.status, 200, "{prefix}");
    }
    let answer = post(&emulator, "/x?y", &credentials());
    assert_eq!(answer.status, 404);
    assert_eq!(
        answer.json(),
        json!({"statusCode": 404, "error": "Not Found", "message": "Cannot POST /x"})
    );
}

#[test]
fn claims_tell_whose_token_it_is() {
    let tenant = ApiToken { tenant_id: "t1".into(), ..ApiToken::tenant("id", "top-secret") };
    let user = ApiToken {
        user_id: Some("u1".into()),
        email: Some("a@example.com".into()),
        roles: vec!["admin".into()],
        permissions: vec!["read".into(), "write".into()],
        ..ApiToken::user("person", "s")
    };
    let emulator = start(Options {
        api_tokens: vec![tenant, user],
        issuer: Some("https://acme.frontegg.com".into()),
        audience: "acme".into(),
        application_id: Some("app".into()),
        access_token_lifetime: 900,
        ..quick()
    });
    let of_tenant = claims(&post(&emulator, V2, &credentials()).json()["access_token"]);
    for (name, value) in [
        ("iss", json!("https://acme.frontegg.com")),
        ("sub", json!("id")),
        ("aud", json!("acme")),
        ("type", json!("tenantApiToken")),
        ("tenantId", json!("t1")),
        ("applicationId", json!("app")),
        ("userId", Value::Null),
        ("email", Value::Null),
    ] {
        assert_eq!(of_tenant[name], value, "{name}");
    }
    let lived = of_tenant["exp"].as_u64().zip(of_tenant["iat"].as_u64());
    assert_eq!(lived.map(|(exp, iat)| exp - iat), Some(900));

    let answer = post(&emulator, V2, &json!({"clientId": "person", "secret": "s"})).json();
    let of_user = claims(&answer["access_token"]);
    assert_eq!(of_user["type"], "userApiToken");
    assert_eq!((&of_user["userId"], &of_user["email"]), (&json!("u1"), &json!("a@example.com")));
    assert_eq!(
        (&of_user["roles"], &of_user["permissions"]),
        (&json!(["admin"]), &json!(["read", "write"]))
    );
    assert_ne!(of_user["jti"], of_tenant["jti"]);
}

#[test]
fn failures_look_like_the_services_own() {
    let emulator = start(quick());
    let malformed = json!({"errors": ["Invalid input json"], "errorCode": "ER-00006"});
    let wrong = json!({"errors": ["Invalid authentication"]});
    let both = json!({"errors": ["clientId must be a string", "secret must be a string"]});
    let no_secret = json!({"errors": ["secret must be a string"]});
    let no_token = json!({"errors": ["refreshToken must be a string"]});
    let dead = json!({"errors": ["Refresh token is not valid"]});
    for (path, body, status, expected) in [
        (V2, r#"{"clientId":"id","secret":"wrong"}"#, 401, &wrong),
        (V2, r#"{"clientId":"nobody","secret":"top-secret"}"#, 401, &wrong),
        (V2, r#"{"clientId":"","secret":""}"#, 401, &wrong),
        (V2, "{\"clientId\":", 400, &malformed),
        (V2, "", 400, &malformed),
        (V2, "{} {}", 400, &malformed),
        (V2, "{}", 400, &both),
        (V2, "[]", 400, &both),
        (V2, r#"{"clientId":"id","secret":7}"#, 400, &no_secret),
        (V2, r#"{"clientId":"id","secret":null}"#, 400, &no_secret),
        (V2_REFRESH, r#"{"refresh_token":"x"}"#, 400, &no_token),
        (V2_REFRESH, r#"{"refreshToken":"unknown"}"#, 401, &dead),
        (V1_REFRESH, r#"{"refreshToken":"unknown"}"#, 401, &dead),
    ] {
        let bytes = request("POST", path, "content-type: application/json\r\n", body);
        let answer = send(emulator.http_url(), &bytes);
        assert_eq!((answer.status, &answer.json()), (status, expected), "{path} {body}");
        assert!(answer.header("frontegg-trace-id").is_some());
    }
    let invalid_utf8 = b"POST /identity/resources/auth/v2/api-token HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
        connection: close\r\ncontent-length: 4\r\n\r\n\"\xff\xfe\"";
    assert_eq!(send(emulator.http_url(), invalid_utf8).json(), malformed);
}

#[test]
fn method_and_content_type_are_checked() {
    let emulator = start(quick());
    let body = credentials().to_string();
    for method in ["GET", "PUT", "DELETE"] {
        let answer = send(emulator.http_url(), &request(method, V2, "", &body));
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
        assert_eq!(answer.json()["statusCode"], 405);
    }
    for (content_type, status) in [
        ("content-type: application/json\r\n", 200),
        ("Content-Type: Application/JSON;charset=utf-8\r\n", 200),
        ("content-type: text/plain\r\n", 415),
        ("content-type: application/json5\r\n", 415),
        ("", 415),
    ] {
        let answer = send(emulator.http_url(), &request("POST", V2, content_type, &body));
        assert_eq!(answer.status, status, "{content_type}");
    }
}

#[test]
fn a_vendor_host_can_be_required_of_refreshes() {
    let emulator = start(Options { vendor_host: Some("acme.frontegg.com".into()), ..quick() });
    let token = authenticate(&emulator);
    let body = json!({"refreshToken": token}).to_string();
    let refresh_with = |header: &str| {
        let headers = format!("content-type: application/json\r\n{header}");
        send(emulator.http_url(), &request("POST", V2_REFRESH, &headers, &body))
    };
    for header in ["", "frontegg-vendor-host: other.frontegg.com\r\n"] {
        let answer = refresh_with(header);
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json(), json!({"errors": ["Vendor host is missing or unknown"]}));
    }
    // It was not consumed.
    assert_eq!(refresh_with("Frontegg-Vendor-Host: acme.frontegg.com\r\n").status, 200);
}

#[test]
fn a_gateway_can_want_a_header() {
    let required_header = Some(RequiredHeader { name: "X-Gate".into(), value: "open".into() });
    let emulator = start(Options { required_header, ..quick() });
    let answer = post(&emulator, V2, &credentials());
    assert_eq!((answer.status, answer.text()), (403, "gateway: forbidden\n"));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    let headers = "content-type: application/json\r\nx-gate: open\r\n";
    let bytes = request("POST", V2, headers, &credentials().to_string());
    assert_eq!(send(emulator.http_url(), &bytes).status, 200);
}

#[test]
fn api_tokens_can_be_switched_off() {
    let emulator = start(quick());
    let token = authenticate(&emulator);
    let patch = json!({"api_tokens_disabled": true});
    emulator.set_options(patch.as_object().expect("an object")).expect("a live option");
    let answer = post(&emulator, V2, &credentials());
    assert_eq!(
        (answer.status, answer.json()),
        (403, json!({"errors": ["Api tokens are disabled"]}))
    );
    assert_eq!(refresh(&emulator, &token), Err(403));
}

#[test]
fn the_rate_limit_says_when_it_ends() {
    let emulator = start(Options { rate_limit: 3, ..quick() });
    let sent = SystemTime::now();
    // A second may end in between, so that more than three succeed.
    let mut answers = (0..).map(|_| post(&emulator, V2, &credentials()));
    let answer = answers.find(|answer| answer.status != 200).expect("a refusal");
    let by_status = emulator.state().counts.authenticate.by_status;
    assert!(by_status[&200] >= 3, "{by_status:?}");
    assert_eq!(by_status[&429], 1);
    assert_eq!((answer.status, answer.json()), (429, json!({"errors": ["Too many requests"]})));
    assert_eq!(answer.header("retry-after"), None);
    let reset = answer.header("x-rate-limit-reset").expect("a time");
    let reset = parse_rfc3339(reset);
    assert!(reset > sent, "it lies ahead");
    let latest = SystemTime::now() + Duration::from_millis(1001);
    assert!(reset <= latest, "by no more than the window, to the next millisecond");
    // Refreshes have no such limit; nor do failures escape it.
    assert_eq!(refresh(&emulator, "unknown"), Err(401));
}

#[test]
fn a_handle_is_for_any_thread() {
    fn any_thread<T: Send + Sync>(_: &T) {}
    any_thread(&start(quick()));
}

#[test]
fn emulators_do_not_know_each_other() {
    let (one, two) = (start(quick()), start(quick()));
    let token = authenticate(&one);
    assert_eq!(refresh(&two, &token), Err(401));
    assert_eq!(one.state().counts.requests, 1);
    assert_eq!(two.state().counts.requests, 1);
    drop(one);
    let answer = send(two.http_url(), &call(V2, &credentials()));
    assert_eq!(answer.status, 200);
}
