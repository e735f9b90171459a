//! `/_emulator/`: state, clock, options, reset, and that no secret shows.

use std::io::Write;

use frontegg_emulator::{Emulator, Kind, Options, State};
use serde_json::{Value, json};

use crate::wire::{
    Answer, V1_REFRESH, V2, V2_REFRESH, authenticate, connect, credentials, parse_rfc3339, post,
    quick, read_to_end, refresh, request, send, start,
};

fn control(emulator: &Emulator, method: &str, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let path = format!("/_emulator/{path}");
    send(emulator.control_url(), &request(method, &path, "", &body))
}

fn state(emulator: &Emulator) -> Value {
    control(emulator, "GET", "state", &Value::Null).json()
}

#[test]
fn the_log_tells_all_but_secrets() {
    let emulator = start(Options::default());
    let secrets = "authorization: Bearer sesame\r\ncookie: sid=sesame\r\nproxy-authorization: Basic sesame\r\n";
    let headers =
        format!("content-type: application/json\r\nX-Thing: 1\r\nx-thing: 2\r\n{secrets}");
    let body = json!({"clientId": "id", "secret": "top-secret", "extra": 1}).to_string();
    let bytes = request("POST", &format!("/p{V2}?token=sesame"), &headers, &body);
    let answer = send(emulator.http_url(), &bytes).json();
    let token = answer["refresh_token"].as_str().expect("a token");
    let next = refresh(&emulator, token).expect("fresh");
    assert_eq!(refresh(&emulator, token), Err(401));

    let text = control(&emulator, "GET", "state", &Value::Null);
    let debug = format!("{:?} {emulator:?}", emulator.state());
    for shown in [text.text(), &debug] {
        let access_token = answer["access_token"].as_str().expect("a token");
        for secret in ["top-secret", "sesame", token, &next, access_token] {
            assert!(!shown.contains(secret), "{secret} shows");
        }
    }
    let state: State = serde_json::from_slice(&text.body).expect("the state");
    let seen = &state.requests[0];
    assert_eq!((seen.seq, seen.kind, seen.version, seen.tls), (1, Kind::Authenticate, 2, false));
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", &*format!("/p{V2}")));
    assert_eq!((seen.status, &seen.fault), (Some(200), &None));
    assert_eq!(seen.body_fields, ["clientId", "extra", "secret"]);
    let expected = [
        (
            "authorization",
            "Bearer sha256:d0c04f4b1951e4aeaaec8223ed2039e542f3aae805a6fa7f6d794e5afff5d272",
        ),
        ("cookie", "sha256:9deca344e61c9b13ab723a9719766cfabe9804eeeaef952ba5fe25ab4f58a725"),
        (
            "proxy-authorization",
            "Basic sha256:d0c04f4b1951e4aeaaec8223ed2039e542f3aae805a6fa7f6d794e5afff5d272",
        ),
        ("x-thing", "1, 2"),
        ("content-type", "application/json"),
    ];
    for (name, value) in expected {
        assert_eq!(seen.headers[name], value);
    }
    parse_rfc3339(&seen.arrived_at);
    assert!(seen.answered_us >= Some(seen.arrived_us));
    assert!(state.requests[1].arrived_us >= seen.arrived_us);
    assert_ne!(state.requests[1].connection, seen.connection);
    let of_handle = State { clock: state.clock.clone(), ..emulator.state() };
    assert_eq!(state, of_handle, "the handle shows the same");
}

#[test]
fn options_and_credentials_do_not_print_their_secrets() {
    let options = Options {
        api_tokens: vec![frontegg_emulator::ApiToken::tenant("id", "top-secret")],
        hs256_secret: Some("shared".into()),
        ..quick()
    };
    let text = format!("{options:?}");
    assert!(text.contains("\"id\"") && !text.contains("top-secret") && !text.contains("shared"));
}

#[test]
fn counts_are_by_call_and_status() {
    let emulator = start(quick());
    authenticate(&emulator);
    post(&emulator, V2, &json!({}));
    assert_eq!(refresh(&emulator, "x"), Err(401));
    post(&emulator, V1_REFRESH, &json!({"refreshToken": "x"}));
    post(&emulator, "/elsewhere", &json!({}));
    // Control over a port of the service is no request, only a connection.
    send(emulator.http_url(), &request("GET", "/_emulator/health", "", ""));
    let counts = state(&emulator)["counts"].clone();
    assert_eq!(
        counts,
        json!({
            "requests": 5, "malformed": 0,
            "authenticate": {"total": 2, "ok": 1, "by_status": {"200": 1, "400": 1}},
            "refresh": {"total": 2, "ok": 0, "by_status": {"401": 2}},
            "connections": 6,
            "tls_handshakes": 0,
            "tls_failures": 0,
            "faults_served": 0,
        })
    );
}

#[test]
fn the_log_keeps_the_newest_or_nothing() {
    let emulator = start(Options { request_log: 3, ..quick() });
    for _ in 0..5 {
        authenticate(&emulator);
    }
    let kept: Vec<u64> = emulator.state().requests.iter().map(|request| request.seq).collect();
    assert_eq!(kept, [3, 4, 5]);
    let emulator = start(Options { request_log: 0, ..quick() });
    authenticate(&emulator);
    let state = emulator.state();
    assert_eq!((state.requests.len(), state.counts.authenticate.ok), (0, 1));
}

#[test]
fn the_clock_moves_both_ways() {
    let emulator = start(quick());
    let moved = control(&emulator, "POST", "clock", &json!({"advance_seconds": 3600})).json();
    assert_eq!(moved["offset_seconds"], 3600);
    let ahead = parse_rfc3339(moved["now"].as_str().expect("a time"));
    let by = ahead.duration_since(std::time::SystemTime::now()).expect("it is ahead").as_secs();
    assert!((3000..=3600).contains(&by), "{by}");
    emulator.advance_clock(-7200);
    assert_eq!(state(&emulator)["clock"]["offset_seconds"], -3600);
    // Tokens are issued by it.
    let answer = post(&emulator, V2, &credentials()).json();
    let expires = httpdate::parse_http_date(answer["expires"].as_str().expect("text"));
    let lifetime = std::time::Duration::from_secs(86_400);
    assert!(expires.expect("a date") < std::time::SystemTime::now() + lifetime);
    // Absurd steps do no harm.
    for step in [i64::MAX, i64::MIN, i64::MIN] {
        control(&emulator, "POST", "clock", &json!({"advance_seconds": step}));
        assert_eq!(post(&emulator, V2, &credentials()).status, 200);
    }
}

#[test]
fn options_change_while_it_runs() {
    let emulator = start(quick());
    let patch =
        json!({"access_token_lifetime": 12, "required_header": {"name": "x-a", "value": "b"}});
    let now = control(&emulator, "POST", "options", &patch).json();
    assert_eq!(
        (&now["access_token_lifetime"], &now["required_header"]["name"]),
        (&json!(12), &json!("x-a"))
    );
    assert_eq!(control(&emulator, "GET", "options", &Value::Null).json(), now);
    assert_eq!(post(&emulator, V2, &credentials()).status, 403);
    control(&emulator, "POST", "options", &json!({"required_header": null}));
    assert_eq!(post(&emulator, V2, &credentials()).json()["expires_in"], 12);
    for wrong in
        [json!({"http_port": 1}), json!({"rotation": "no"}), json!({"rate_limit": -1}), json!([])]
    {
        let answer = control(&emulator, "POST", "options", &wrong);
        assert_eq!(answer.status, 400, "{wrong}");
        assert!(answer.json()["errors"][0].is_string());
    }
}

#[test]
fn faults_come_one_by_one_or_as_a_list_whole_or_not_at_all() {
    let emulator = start(quick());
    let respond = json!({"on": "any", "action": {"respond": {"status": 500}}});
    let pending = |answer: Answer| answer.json()["faults_pending"].as_u64();
    assert_eq!(pending(control(&emulator, "POST", "faults", &respond)), Some(1));
    assert_eq!(pending(control(&emulator, "POST", "faults", &json!([respond, respond]))), Some(3));
    let answer = control(
        &emulator,
        "POST",
        "faults",
        &json!([respond, {"on": "any", "action": {"no": {}}}]),
    );
    assert_eq!(answer.status, 400);
    assert_eq!(state(&emulator)["faults_pending"], 3);
    assert_eq!(pending(control(&emulator, "DELETE", "faults", &Value::Null)), Some(0));
    assert_eq!(post(&emulator, V2, &credentials()).status, 200);
}

#[test]
fn reset_leaves_only_the_credentials() {
    let emulator = start(quick());
    let token = authenticate(&emulator);
    control(&emulator, "POST", "options", &json!({"rotation": false}));
    control(&emulator, "POST", "clock", &json!({"advance_seconds": 5}));
    control(&emulator, "POST", "faults", &json!({"on": "any", "action": {"hang": {}}}));
    assert_eq!(control(&emulator, "POST", "reset", &Value::Null).status, 200);
    let state = emulator.state();
    assert_eq!((state.clock.offset_seconds, state.faults_pending, state.requests.len()), (0, 0, 0));
    assert_eq!(state.counts, frontegg_emulator::Counts::default());
    assert_eq!(
        (state.api_tokens[0].authentications, state.api_tokens[0].live_refresh_tokens),
        (0, 0)
    );
    assert_eq!(refresh(&emulator, &token), Err(401));
    let token = authenticate(&emulator);
    assert_ne!(refresh(&emulator, &token), Ok(token), "rotation is on again");
    assert_eq!(emulator.state().requests[0].seq, 1);
}

#[test]
fn an_answer_from_before_a_reset_counts_nowhere() {
    let emulator = start(quick());
    control(&emulator, "POST", "faults", &json!({"on": "any", "action": {"hang": {}}}));
    let mut stream = connect(emulator.http_url());
    stream.write_all(&crate::wire::call(V2_REFRESH, &json!({}))).expect("it reads");
    let waited =
        control(&emulator, "GET", "state?wait_requests=1&timeout_ms=60000", &Value::Null).json();
    assert_eq!(waited["requests"][0]["answered_us"], Value::Null);
    emulator.reset();
    authenticate(&emulator);
    let before = emulator.state().requests;
    stream.shutdown(std::net::Shutdown::Write).expect("the client goes");
    read_to_end(&mut stream);
    assert_eq!(emulator.state().requests, before);
}

#[test]
fn waiting_ends_in_time() {
    let emulator = start(quick());
    let answer = control(&emulator, "GET", "state?wait_requests=1&timeout_ms=1", &Value::Null);
    assert_eq!(answer.json()["counts"]["requests"], 0);
    let never = emulator.wait_until(|_| false, std::time::Duration::from_millis(1));
    assert_eq!(never, None);
}

#[test]
fn unknown_paths_and_methods_are_told() {
    let emulator = start(quick());
    assert_eq!(control(&emulator, "GET", "health", &Value::Null).json(), json!({"status": "ok"}));
    assert_eq!(control(&emulator, "GET", "reset", &Value::Null).status, 405);
    assert_eq!(control(&emulator, "GET", "nothing", &Value::Null).status, 404);
    assert_eq!(control(&emulator, "POST", "clock", &json!({"seconds": 1})).status, 400);
    // The control port is for control alone.
    assert_eq!(send(emulator.control_url(), &crate::wire::call(V2, &credentials())).status, 404);
    assert_eq!(emulator.state().counts.requests, 0);
}
