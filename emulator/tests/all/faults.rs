//! Every fault, as bytes on the wire, and whether the request took effect.

use std::io::{Read, Write};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use flate2::read::GzDecoder;
use frontegg_emulator::{Emulator, Fault, State};
use serde_json::{Value, json};

use crate::wire::{
    Answer, End, V1, V2, V2_REFRESH, authenticate, call, claims, connect, credentials, exchange,
    parse_rfc3339, post, quick, read_answer, read_to_end, refresh, request, send, start,
};

fn faulty(fault: Value) -> Emulator {
    let emulator = start(quick());
    add(&emulator, fault);
    emulator
}

fn add(emulator: &Emulator, fault: Value) {
    let fault: Fault = serde_json::from_value(fault).expect("a fault");
    emulator.add_faults([fault]).expect("a sensible one");
}

#[allow(clippy::needless_pass_by_value)] // so that calls read like JSON
fn once(action: Value) -> Value {
    json!({"on": "authenticate", "action": action})
}

/// Authenticates, whatever comes of it.
fn attempt(emulator: &Emulator) -> (Vec<u8>, End) {
    exchange(emulator.http_url(), &call(V2, &credentials()))
}

/// How many authentications took effect.
fn effects(emulator: &Emulator) -> u64 {
    emulator.state().api_tokens[0].authentications
}

/// The status and the fault of the last request, as logged.
fn logged(emulator: &Emulator) -> (Option<u16>, Option<String>) {
    let last = emulator.state().requests.pop().expect("a request");
    assert!(last.answered_us.is_some_and(|answered| answered >= last.arrived_us));
    (last.status, last.fault)
}

#[test]
fn respond_gives_another_answer() {
    let emulator = faulty(once(json!({"respond": {
        "status": 503,
        "headers": {"retry-after": "7", "x-many": ["a", "b"], "frontegg-trace-id": "0123", "content-type": null},
        "body": "<h1>Busy</h1>",
    }})));
    let answer = post(&emulator, V2, &credentials());
    assert_eq!((answer.status, answer.text()), (503, "<h1>Busy</h1>"));
    assert_eq!(answer.header("retry-after"), Some("7"));
    assert_eq!(answer.header("frontegg-trace-id"), Some("0123"));
    assert_eq!(answer.header("content-type"), None);
    let many: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "x-many").collect();
    assert_eq!(many.len(), 2);
    assert_eq!(effects(&emulator), 0);
    assert_eq!(logged(&emulator), (Some(503), Some("respond".into())));
    assert_eq!(post(&emulator, V2, &credentials()).status, 200, "one fault, one request");
}

#[test]
fn respond_can_process_compress_and_tell_times() {
    let emulator = faulty(json!({"on": "any", "process": true, "action": {"respond": {
        "status": 429,
        "headers": {"x-rate-limit-reset": "{rfc3339+0.3}", "retry-after": "{httpdate+2}"},
        "json": {"message": ["slow down"]},
        "gzip": true,
    }}}));
    let before = SystemTime::now();
    let answer = post(&emulator, V2, &credentials());
    let after = SystemTime::now();
    let mut body = String::new();
    GzDecoder::new(answer.body.as_slice()).read_to_string(&mut body).expect("gzip");
    assert_eq!((answer.status, body.as_str()), (429, r#"{"message":["slow down"]}"#));
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let reset = parse_rfc3339(answer.header("x-rate-limit-reset").expect("a time"));
    let (ms, offset) = (Duration::from_millis(1), Duration::from_millis(300));
    assert!(reset + ms > before + offset && reset <= after + offset);
    let retry = httpdate::parse_http_date(answer.header("retry-after").expect("a time"));
    let retry = retry.expect("a date");
    assert!(retry > before + Duration::from_secs(1) && retry <= after + Duration::from_secs(2));
    assert_eq!(effects(&emulator), 1);
}

#[test]
fn answers_without_a_body_have_none() {
    let emulator = faulty(once(json!({"respond": {"status": 204, "body": "ignored"}})));
    let answer = post(&emulator, V2, &credentials());
    assert_eq!((answer.status, answer.body.len(), answer.header("content-length")), (204, 0, None));
    add(&emulator, once(json!({"respond": {}})));
    let answer = post(&emulator, V2, &credentials());
    assert_eq!((answer.status, answer.promised_length()), (200, 0));
}

#[test]
fn rewrite_alters_members_names_and_headers() {
    let emulator = faulty(once(json!({"rewrite": {
        "set": {"expires_in": 0.5, "extra": null},
        "remove": ["expires"],
        "naming": "camel",
        "status": 201,
        "headers": {"x-more": "yes"},
        "content_type": "text/plain",
    }})));
    let answer = post(&emulator, V2, &credentials());
    assert_eq!((answer.status, answer.header("x-more")), (201, Some("yes")));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    let body = answer.json();
    let names: Vec<_> = body.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["accessToken", "expiresIn", "extra", "refreshToken"]);
    assert_eq!(body["expiresIn"], 0.5);
    assert_eq!(effects(&emulator), 1);
    assert!(refresh(&emulator, body["refreshToken"].as_str().expect("text")).is_ok());

    add(&emulator, once(json!({"rewrite": {"naming": "snake"}})));
    assert!(post(&emulator, V1, &credentials()).json()["access_token"].is_string());
}

#[test]
fn rewrite_alters_claims_and_signs_them_again() {
    let emulator = faulty(once(
        json!({"rewrite": {"jwt": {"exp": 5, "tenantId": null}, "pad_claims": 20_000}}),
    ));
    let answer = post(&emulator, V2, &credentials()).json();
    let token = answer["access_token"].as_str().expect("a token");
    assert!((20_000..21_500).contains(&token.len()), "{}", token.len());
    let claims = claims(&answer["access_token"]);
    assert_eq!(
        (&claims["exp"], &claims["tenantId"], &claims["sub"]),
        (&json!(5), &Value::Null, &json!("id"))
    );
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let secret = emulator.hs256_secret().expect("HS256").as_bytes();
    let tag =
        ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret), signed.as_bytes());
    assert_eq!(base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(tag), signature);
}

#[test]
fn rewrite_can_compress_and_chunk_at_once() {
    let emulator =
        faulty(once(json!({"rewrite": {"gzip": true, "chunked": true, "pad_claims": 2000}})));
    let answer = post(&emulator, V2, &credentials());
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    assert_eq!(
        (answer.header("content-length"), answer.header("content-encoding")),
        (None, Some("gzip"))
    );
    let whole = answer.unchunked();
    let body: Value = serde_json::from_reader(GzDecoder::new(whole.as_slice())).expect("JSON");
    assert!(body["access_token"].is_string());
}

#[test]
fn rewrite_leaves_a_genuine_failure_alone() {
    let emulator = faulty(once(json!({"rewrite": {"status": 201}})));
    assert_eq!(post(&emulator, V2, &json!({"clientId": "id", "secret": "wrong"})).status, 401);
}

#[test]
fn delay_holds_the_answer_back() {
    let emulator = start(quick());
    for fault in [
        once(json!({"delay": {"ms": 60}})),
        once(json!({"delay": {"ms": 60, "when": "after"}})),
        once(json!({"rewrite": {}, "delay_ms": 60})),
        json!({"on": "authenticate", "delay_ms": 60, "action": {"respond": {"status": 200}}}),
    ] {
        add(&emulator, fault.clone());
        let sent = Instant::now();
        assert_eq!(post(&emulator, V2, &credentials()).status, 200);
        assert!(sent.elapsed() >= Duration::from_millis(60), "{fault}");
    }
    assert_eq!(effects(&emulator), 3);
}

#[test]
fn a_delay_is_before_or_after_the_effect() {
    for (when, effect) in [("before", 0), ("after", 1)] {
        let emulator = faulty(once(json!({"delay": {"ms": 3_600_000, "when": when}})));
        let mut stream = connect(emulator.http_url());
        stream.write_all(&call(V2, &credentials())).expect("it reads");
        let wanted = |state: &State| {
            state.counts.requests == 1 && state.api_tokens[0].authentications == effect
        };
        let state = emulator.wait_until(wanted, Duration::from_secs(60)).expect("it arrives");
        assert_eq!(state.requests[0].answered_us, None, "{when}");
    }
}

#[test]
fn what_is_held_goes_on_when_it_is_released() {
    let emulator = start(quick());
    for (action, status, effect) in [
        (json!({"rewrite": {}}), 200, 1),
        (json!({"respond": {"status": 503}, "hold": true}), 503, 1),
    ] {
        let held = json!({"on": "authenticate", "hold": true, "action": action});
        add(&emulator, held);
        let seen = emulator.state().counts.requests;
        let mut stream = connect(emulator.http_url());
        stream.write_all(&call(V2, &credentials())).expect("it reads");
        let arrived = |state: &State| state.counts.requests > seen;
        emulator.wait_until(arrived, Duration::from_secs(60)).expect("it arrives");
        assert_eq!(emulator.state().requests.pop().expect("it").answered_us, None);
        emulator.release();
        assert_eq!(read_answer(&mut stream).status, status);
        assert_eq!(effects(&emulator), effect);
    }
}

#[test]
fn what_is_held_takes_no_effect_if_the_client_goes() {
    let emulator = faulty(json!({"on": "authenticate", "hold": true, "action": {"rewrite": {}}}));
    let mut stream = connect(emulator.http_url());
    stream.write_all(&call(V2, &credentials())).expect("it reads");
    stream.shutdown(std::net::Shutdown::Write).expect("the client goes");
    assert_eq!(read_to_end(&mut stream), (Vec::new(), End::Orderly));
    assert_eq!((logged(&emulator), effects(&emulator)), ((None, Some("rewrite".into())), 0));
}

#[test]
fn hang_answers_nothing_until_the_client_goes() {
    let emulator = faulty(once(json!({"hang": {}})));
    let mut stream = connect(emulator.http_url());
    stream.write_all(&call(V2, &credentials())).expect("it reads");
    let minute = Duration::from_secs(60);
    let state =
        emulator.wait_until(|state| state.counts.requests == 1, minute).expect("it arrives");
    assert_eq!((state.requests[0].answered_us, state.requests[0].status), (None, None));
    stream.shutdown(std::net::Shutdown::Write).expect("the client goes");
    assert_eq!(read_to_end(&mut stream), (Vec::new(), End::Orderly));
    assert_eq!(logged(&emulator), (None, Some("hang".into())));
    assert_eq!(effects(&emulator), 0);
}

#[test]
fn close_breaks_the_connection_before_or_after_the_effect() {
    let emulator = start(quick());
    for (when, rst, end, effect) in [
        ("after_read", false, End::Orderly, 0),
        ("after_read", true, End::Reset, 0),
        ("after_processing", false, End::Orderly, 1),
        ("after_processing", true, End::Reset, 2),
        ("before_read", true, End::Reset, 2),
    ] {
        add(&emulator, once(json!({"close": {"when": when, "rst": rst}})));
        assert_eq!(attempt(&emulator), (Vec::new(), end), "{when}");
        assert_eq!(effects(&emulator), effect, "{when}");
        assert_eq!(logged(&emulator), (None, Some("close".into())));
    }
}

#[test]
fn before_read_does_not_wait_for_the_body() {
    let emulator = faulty(once(json!({"close": {"when": "before_read"}})));
    let mut stream = connect(emulator.http_url());
    let head = format!("POST {V2} HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("it reads");
    assert_eq!(read_to_end(&mut stream), (Vec::new(), End::Orderly));
    assert_eq!(emulator.state().requests[0].body_fields, Vec::<String>::new());
}

#[test]
fn the_lost_answer_consumes_the_refresh_token() {
    let emulator = start(quick());
    let token = authenticate(&emulator);
    add(&emulator, json!({"on": "refresh", "action": {"close": {"when": "after_processing"}}}));
    let bytes = call(V2_REFRESH, &json!({"refreshToken": token}));
    assert_eq!(exchange(emulator.http_url(), &bytes).0, b"");
    assert_eq!(refresh(&emulator, &token), Err(401));
    let state = emulator.state();
    assert_eq!(state.refresh_tokens_presented_twice, 1);
    assert_eq!(state.requests[1].issued_refresh_token, Some(2), "issued, and nobody knows it");
}

#[test]
fn answers_break_off_in_head_or_body() {
    let emulator = start(quick());
    add(&emulator, once(json!({"close": {"when": "mid_headers"}})));
    let (bytes, end) = attempt(&emulator);
    assert!(bytes.starts_with(b"HTTP/1.1 200 OK\r\n") && Answer::parse(&bytes).is_none());
    assert_eq!((end, logged(&emulator).0), (End::Orderly, None));

    add(&emulator, once(json!({"close": {"when": "mid_body"}})));
    let answer = Answer::parse(&attempt(&emulator).0).expect("a head");
    assert_eq!(answer.body.len(), answer.promised_length() / 2);
    assert_eq!(logged(&emulator).0, Some(200));

    add(&emulator, once(json!({"truncate": {"bytes": 10}})));
    let answer = Answer::parse(&attempt(&emulator).0).expect("a head");
    assert_eq!(answer.body.len(), 10);
    assert!(answer.promised_length() > 10);
    assert_eq!(effects(&emulator), 3);
}

#[test]
fn drip_is_slow_but_whole() {
    let emulator = start(quick());
    for headers in [false, true] {
        add(&emulator, once(json!({"drip": {"bytes": 100, "interval_ms": 2, "headers": headers}})));
        let sent = Instant::now();
        let answer = post(&emulator, V2, &credentials());
        assert_eq!((answer.status, answer.body.len()), (200, answer.promised_length()));
        let drops = u64::try_from(answer.body.len() / 100).expect("few");
        assert!(sent.elapsed() >= Duration::from_millis(2 * drops));
    }
}

#[test]
fn redirect_leads_away() {
    let emulator =
        faulty(once(json!({"redirect": {"status": 307, "location": "http://127.0.0.1:1/x"}})));
    let answer = post(&emulator, V2, &credentials());
    assert_eq!((answer.status, answer.header("location")), (307, Some("http://127.0.0.1:1/x")));
    assert_eq!(effects(&emulator), 0);
}

#[test]
fn oversize_is_exact_and_plausible() {
    let emulator = faulty(once(json!({"oversize": {"bytes": 2_000_000}})));
    let answer = post(&emulator, V2, &credentials());
    assert_eq!((answer.promised_length(), answer.body.len()), (2_000_000, 2_000_000));
    assert!(answer.json()["access_token"].is_string());
    add(&emulator, once(json!({"oversize": {"bytes": 100_000, "chunked": true}})));
    let answer = post(&emulator, V2, &credentials());
    assert_eq!((answer.header("content-length"), answer.unchunked().len()), (None, 100_000));
    assert_eq!(effects(&emulator), 0);
}

#[test]
fn close_idle_breaks_the_promise_to_keep_the_connection() {
    let emulator = faulty(once(json!({"close_idle": {}})));
    let mut stream = connect(emulator.http_url());
    let headers = "content-type: application/json\r\nconnection: keep-alive\r\n";
    stream.write_all(&request("POST", V2, headers, &credentials().to_string())).expect("it reads");
    let answer = read_answer(&mut stream);
    assert_eq!((answer.status, answer.header("connection")), (200, Some("keep-alive")));
    assert_eq!(read_to_end(&mut stream), (Vec::new(), End::Orderly));
}

#[test]
fn garbage_is_what_it_says() {
    let emulator = faulty(once(json!({"garbage": {"bytes": "not http at all"}})));
    assert_eq!(attempt(&emulator), (b"not http at all".to_vec(), End::Orderly));
    assert_eq!(logged(&emulator), (None, Some("garbage".into())));
}

#[test]
fn connections_fail_before_anything_is_read() {
    let emulator = start(quick());
    let silent = |emulator: &Emulator| read_to_end(&mut connect(emulator.http_url()));
    add(&emulator, json!({"on": "connection", "action": {"close": {"when": "before_read"}}}));
    assert_eq!(silent(&emulator), (Vec::new(), End::Orderly));
    add(
        &emulator,
        json!({"on": "connection", "action": {"close": {"when": "before_read", "rst": true}}}),
    );
    assert_eq!(silent(&emulator), (Vec::new(), End::Reset));
    add(&emulator, json!({"on": "connection", "action": {"garbage": {"bytes": "?!"}}}));
    assert_eq!(silent(&emulator), (b"?!".to_vec(), End::Orderly));
    add(&emulator, json!({"on": "connection", "action": {"delay": {"ms": 30}}}));
    let sent = Instant::now();
    assert_eq!(post(&emulator, V2, &credentials()).status, 200);
    assert!(sent.elapsed() >= Duration::from_millis(30));
    add(&emulator, json!({"on": "connection", "action": {"hang": {}}}));
    let mut stream = connect(emulator.http_url());
    stream.write_all(&call(V2, &credentials())).expect("it takes it in");
    stream.shutdown(std::net::Shutdown::Write).expect("the client goes");
    assert_eq!(read_to_end(&mut stream), (Vec::new(), End::Orderly));
    // The control port is spared.
    add(
        &emulator,
        json!({"on": "connection", "times": 0, "action": {"close": {"when": "before_read"}}}),
    );
    assert_eq!(
        send(emulator.control_url(), &request("GET", "/_emulator/health", "", "")).status,
        200
    );
    assert_eq!(emulator.state().counts.requests, 1);
}

#[test]
fn faults_are_taken_in_turn_by_kind_skip_and_times() {
    let emulator = start(quick());
    let respond = |on: &str, skip: u64, times: u64, status: u16| json!({"on": on, "skip": skip, "times": times, "action": {"respond": {"status": status}}});
    add(&emulator, respond("refresh", 0, 1, 500));
    add(&emulator, respond("authenticate", 1, 2, 501));
    add(&emulator, respond("any", 0, 1, 502));
    add(&emulator, respond("any", 3, 0, 503));
    assert_eq!(emulator.state().faults_pending, 4);
    let statuses: Vec<u16> = (0..8).map(|_| post(&emulator, V2, &credentials()).status).collect();
    // The first passes the skipping fault and takes the third; the last fault starts after three
    // more.
    assert_eq!(statuses, [502, 501, 501, 200, 200, 200, 503, 503]);
    assert_eq!(refresh(&emulator, "x"), Err(500));
    let state = emulator.state();
    assert_eq!((state.faults_pending, state.counts.faults_served), (1, 6));
    emulator.clear_faults();
    assert_eq!(post(&emulator, V2, &credentials()).status, 200);
}

#[test]
fn senseless_faults_are_refused() {
    for fault in [
        json!({"on": "authenticate"}),
        json!({"on": "teapot", "action": {"hang": {}}}),
        json!({"on": "any", "action": {}}),
        json!({"on": "any", "action": {"hang": {}, "drip": {"bytes": 1, "interval_ms": 1}}}),
        json!({"on": "any", "action": {"explode": {}}}),
        json!({"on": "any", "action": {"truncate": {"bytes": 1, "rst": true}}}),
        json!({"on": "any", "action": {"hang": {"ms": 1}}}),
        json!({"on": "any", "action": {"respond": {"code": 500}}}),
        json!({"on": "any", "action": {"respond": {"status": 100}}}),
        json!({"on": "any", "action": {"respond": {"headers": {"retry-after": 1}}}}),
        json!({"on": "any", "action": {"respond": {"body": "x", "json": {}}}}),
        json!({"on": "any", "action": {"drip": {"bytes": 0, "interval_ms": 1}}}),
        json!({"on": "any", "action": {"hang": {}, "delay_ms": -1}}),
        json!({"on": "any", "process": false, "action": {"rewrite": {}}}),
        json!({"on": "connection", "hold": true, "action": {"delay": {"ms": 1}}}),
        json!({"on": "any", "hold": 1, "action": {"hang": {}}}),
        json!({"on": "any", "process": true, "action": {"close": {"when": "before_read"}}}),
        json!({"on": "connection", "action": {"respond": {}}}),
        json!({"on": "connection", "action": {"close": {"when": "mid_body"}}}),
        json!({"on": "any", "often": 1, "action": {"hang": {}}}),
    ] {
        let read = serde_json::from_value::<Fault>(fault.clone());
        assert!(read.is_err(), "{fault}");
    }
}
