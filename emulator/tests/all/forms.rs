//! Every form that an answer can be given, as bytes on the wire.

use std::io::{Read, Write};
use std::time::{Duration, SystemTime};

use flate2::read::{DeflateDecoder, GzDecoder, MultiGzDecoder, ZlibDecoder};
use frontegg_emulator::{Emulator, Fault, Options};
use serde_json::{Value, json};

use crate::wire::{
    Answer, End, V2, call, connect, credentials, exchange, post, quick, read_answer, request, start,
};

fn add(emulator: &Emulator, fault: &Value) {
    let fault: Fault = serde_json::from_value(fault.clone()).expect("a fault");
    emulator.add_faults([fault]).expect("a sensible one");
}

/// What comes of a genuine success in this form, and how the connection ends.
fn written(form: &Value) -> (Vec<u8>, End) {
    let emulator = start(quick());
    add(&emulator, &json!({"on": "any", "action": {"rewrite": {"form": form}}}));
    exchange(emulator.http_url(), &call(V2, &credentials()))
}

fn answer(form: &Value) -> Answer {
    Answer::parse(&written(form).0).expect("an answer")
}

fn text(form: &Value) -> String {
    String::from_utf8(written(form).0).expect("text")
}

fn read(mut decoder: impl Read) -> Value {
    let mut body = Vec::new();
    decoder.read_to_end(&mut body).expect("it is compressed so");
    serde_json::from_slice(&body).expect("JSON")
}

#[test]
fn anything_can_stand_before_a_body() {
    for (prefix, bytes) in
        [(json!({"base64": "77u//w=="}), &b"\xef\xbb\xbf\xff"[..]), (json!("x"), b"x")]
    {
        let answer = answer(&json!({ "prefix": prefix }));
        assert!(answer.body.starts_with(&[bytes, b"{"].concat()));
        assert_eq!(answer.promised_length(), answer.body.len());
    }
}

#[test]
fn a_body_can_be_a_string_of_itself() {
    let text = answer(&json!({"as_json_string": true})).json();
    let inner: Value = serde_json::from_str(text.as_str().expect("a string")).expect("JSON in it");
    assert!(inner["access_token"].is_string());
}

#[test]
fn a_coding_is_named_in_any_case_and_true_or_not() {
    let named = |form: &Value, name: &str| {
        let answer = answer(form);
        assert_eq!(answer.header("content-encoding"), Some(name));
        answer.body
    };
    for name in ["GZIP", "x-GZip"] {
        assert!(
            read(GzDecoder::new(&*named(&json!({"content_encoding": name}), name))).is_object()
        );
    }
    assert!(
        read(ZlibDecoder::new(&*named(&json!({"content_encoding": "Deflate"}), "Deflate")))
            .is_object()
    );
    let raw = named(&json!({"content_encoding": "deflate", "compress": "deflate"}), "deflate");
    assert!(read(DeflateDecoder::new(&*raw)).is_object());
    for form in
        [json!({"content_encoding": "br"}), json!({"content_encoding": "gzip", "compress": "none"})]
    {
        assert!(named(&form, form["content_encoding"].as_str().expect("text")).starts_with(b"{"));
    }
    let unsaid = answer(&json!({"compress": "gzip"}));
    assert_eq!(unsaid.header("content-encoding"), None);
    assert!(read(GzDecoder::new(&*unsaid.body)).is_object());
}

#[test]
fn gzip_can_have_members_and_lack_its_end() {
    let answer = answer(&json!({"content_encoding": "gzip", "gzip_members": 3}));
    assert_eq!(answer.body.windows(3).filter(|three| three == b"\x1f\x8b\x08").count(), 3);
    assert!(read(MultiGzDecoder::new(&*answer.body)).is_object());
    let cut = self::answer(&json!({"content_encoding": "gzip", "cut": 9}));
    assert_eq!(cut.promised_length(), cut.body.len());
    assert!(GzDecoder::new(&*cut.body).read_to_end(&mut Vec::new()).is_err());
}

#[test]
fn a_head_can_be_filled_up() {
    let (bytes, _) = written(&json!({"filler_headers": {"count": 150, "bytes": 20_000}}));
    let answer = Answer::parse(&bytes).expect("an answer");
    let fillers = answer.headers.iter().filter(|(name, _)| name.starts_with("x-filler-"));
    assert_eq!(fillers.count(), 150);
    let head = bytes.len() - answer.body.len();
    assert!((19_700..21_000).contains(&head), "{head}");
}

#[test]
fn lines_of_the_head_are_as_they_are_told() {
    let text = text(&json!({
        "status_line": "HTTP/1.1 200", "raw_headers": ["X-A:b", "X-C: d", " e"], "separator": ":",
        "line_end": "\n",
    }));
    assert!(text.starts_with("HTTP/1.1 200\nX-A:b\nX-C: d\n e\nfrontegg-trace-id:"), "{text}");
    assert!(text.contains("\nconnection:close\n\n{"), "{text}");
    assert!(!text.contains('\r'));
}

#[test]
fn names_of_headers_keep_their_case_and_nothing_usual_stands_beside_what_is_said() {
    let emulator = start(quick());
    for (headers, absent, present) in [
        (
            json!({"Content-Length": ["7", "8"]}),
            "content-length",
            &["Content-Length: 7", "Content-Length: 8"][..],
        ),
        (json!({"content-length": null}), "content-length", &[]),
        (
            json!({"CONTENT-TYPE": "text/html", "connection": null}),
            "connection",
            &["CONTENT-TYPE: text/html"],
        ),
        (
            json!({"Transfer-Encoding": "identity"}),
            "transfer-encoding",
            &["Transfer-Encoding: identity"],
        ),
    ] {
        add(
            &emulator,
            &json!({"on": "any", "action": {"respond": {"body": "{\"a\":1}", "headers": headers}}}),
        );
        let bytes = request("POST", V2, "connection: keep-alive\r\n", "{}");
        // None says how long the body is, or all lie: so each ends the connection but one.
        let (bytes, end) = if headers.get("connection").is_some() {
            (exchange(emulator.http_url(), &call(V2, &json!({}))).0, End::Orderly)
        } else {
            exchange(emulator.http_url(), &bytes)
        };
        let text = String::from_utf8(bytes).expect("text");
        assert_eq!(end, End::Orderly);
        assert!(!text.contains(&format!("\r\n{absent}: ")), "{text}");
        assert!(present.iter().all(|line| text.contains(&format!("\r\n{line}\r\n"))), "{text}");
        assert!(text.ends_with("\r\n\r\n{\"a\":1}"), "{text}");
    }
}

#[test]
fn answers_come_in_between() {
    let text = text(&json!({"interim": [
        {"status": 100}, {"status": 103, "headers": {"link": ["</a>", "</b>"]}},
    ]}));
    let between =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\nlink: </b>\r\n\r\n";
    assert!(text.starts_with(&format!("{between}HTTP/1.1 200 OK\r\n")), "{text}");
}

#[test]
fn chunks_are_of_any_form() {
    let emulator = start(quick());
    let form = json!({"chunks": {
        "size": 11, "extension": ";a=\"b\"", "upper_case": true, "zeros": 2, "trailers": {"x-t": "1"},
    }});
    add(
        &emulator,
        &json!({"on": "any", "action": {"respond": {"body": "hello world!", "form": form}}}),
    );
    let answer = post(&emulator, V2, &credentials());
    assert_eq!(
        answer.text(),
        "00B;a=\"b\"\r\nhello world\r\n001;a=\"b\"\r\n!\r\n000;a=\"b\"\r\nx-t: 1\r\n\r\n"
    );
    assert_eq!(
        (answer.header("transfer-encoding"), answer.header("content-length")),
        (Some("chunked"), None)
    );
}

#[test]
fn http_1_0_and_connection_close_end_the_connection() {
    let emulator = start(quick());
    for action in [
        json!({"rewrite": {"form": {"status_line": "HTTP/1.0 200 OK"}}}),
        json!({"rewrite": {"headers": {"Connection": "Close"}}}),
    ] {
        add(&emulator, &json!({"on": "any", "action": action}));
        let keep = "content-type: application/json\r\nconnection: keep-alive\r\n";
        let (bytes, end) =
            exchange(emulator.http_url(), &request("POST", V2, keep, &credentials().to_string()));
        assert!(bytes.ends_with(b"}"));
        assert_eq!(end, End::Orderly);
    }
}

#[test]
fn bytes_can_follow_an_answer_on_a_connection_that_goes_on() {
    let emulator = start(quick());
    add(
        &emulator,
        &json!({"on": "any", "action": {"respond": {"body": "a", "form": {"suffix": "more"}}}}),
    );
    let mut stream = connect(emulator.http_url());
    let bytes = request("POST", V2, "connection: keep-alive\r\n", "{}");
    stream.write_all(&bytes).expect("it reads");
    assert_eq!(read_answer(&mut stream).text(), "a");
    let mut more = [0; 4];
    stream.read_exact(&mut more).expect("more");
    assert_eq!(&more, b"more");
    stream.write_all(&bytes).expect("it reads");
    assert_eq!(read_answer(&mut stream).status, 415);
}

#[test]
fn a_body_and_garbage_can_be_any_bytes() {
    let emulator = start(quick());
    let bytes = json!({"base64": "AP+AfwA="});
    add(&emulator, &json!({"on": "any", "action": {"respond": {"body": bytes}}}));
    assert_eq!(post(&emulator, V2, &credentials()).body, [0, 255, 128, 127, 0]);
    add(&emulator, &json!({"on": "any", "action": {"garbage": {"bytes": bytes}}}));
    assert_eq!(exchange(emulator.http_url(), &call(V2, &credentials())).0, [0, 255, 128, 127, 0]);
}

#[test]
fn a_date_is_the_services_or_one_of_its_own() {
    let emulator = start(Options { date: true, ..quick() });
    emulator.advance_clock(3600);
    let date = |answer: &Answer| {
        let date = answer.header("date").map(httpdate::parse_http_date);
        let date = date.expect("a date").expect("a date");
        date.duration_since(SystemTime::now()).unwrap_or_default()
    };
    let ahead = date(&post(&emulator, V2, &credentials())).as_secs();
    assert!((3540..=3600).contains(&ahead), "{ahead}");
    for (value, ahead) in [("{service_httpdate-3500}", 100), ("{httpdate+200}", 200)] {
        add(&emulator, &json!({"on": "any", "action": {"rewrite": {"headers": {"date": value}}}}));
        let got = date(&post(&emulator, V2, &credentials()));
        assert!(got <= Duration::from_secs(ahead) && got > Duration::from_secs(ahead - 60));
    }
    for (value, date) in [(json!(null), None), (json!("never"), Some("never"))] {
        add(&emulator, &json!({"on": "any", "action": {"respond": {"headers": {"date": value}}}}));
        assert_eq!(post(&emulator, V2, &credentials()).header("date"), date);
    }
    emulator.set_options(json!({"date": false}).as_object().expect("an object")).expect("live");
    assert_eq!(post(&emulator, V2, &credentials()).header("date"), None);
}

#[test]
fn a_fault_can_be_of_one_connection() {
    let emulator = start(quick());
    add(
        &emulator,
        &json!({"on": "any", "times": 0, "same_connection": true, "action": {"respond": {"status": 503}}}),
    );
    let bytes = request(
        "POST",
        V2,
        "content-type: application/json\r\nconnection: keep-alive\r\n",
        &credentials().to_string(),
    );
    let mut hit = connect(emulator.http_url());
    let status = |stream: &mut std::net::TcpStream| {
        stream.write_all(&bytes).expect("it reads");
        read_answer(stream).status
    };
    assert_eq!(status(&mut hit), 503);
    let mut spared = connect(emulator.http_url());
    assert_eq!((status(&mut spared), status(&mut hit)), (200, 503));
    assert_eq!(emulator.state().faults_pending, 1);
    drop(hit);
    let gone = |state: &frontegg_emulator::State| state.faults_pending == 0;
    assert!(emulator.wait_until(gone, Duration::from_secs(60)).is_some());
    assert_eq!(status(&mut spared), 200);
}

#[test]
fn an_idle_connection_can_be_reset() {
    let emulator = start(quick());
    add(&emulator, &json!({"on": "any", "action": {"close_idle": {"rst": true}}}));
    let mut stream = connect(emulator.http_url());
    let keep = "content-type: application/json\r\nconnection: keep-alive\r\n";
    stream.write_all(&request("POST", V2, keep, &credentials().to_string())).expect("it reads");
    assert_eq!(read_answer(&mut stream).header("connection"), Some("keep-alive"));
    assert_eq!(crate::wire::read_to_end(&mut stream), (Vec::new(), End::Reset));
}

#[test]
fn senseless_forms_are_refused() {
    for form in [
        json!({"chunks": {"size": 0}}),
        json!({"interim": [{"status": 200}]}),
        json!({"gzip_members": 0}),
        json!({"filler_headers": {"count": 0, "bytes": 1}}),
        json!({"prefix": {"base64": "?"}}),
        json!({"prefix": 1}),
        json!({"compress": "br"}),
        json!({"colour": 1}),
    ] {
        for action in ["respond", "rewrite"] {
            let fault = json!({"on": "any", "action": {action: {"form": form}}});
            assert!(serde_json::from_value::<Fault>(fault).is_err(), "{form}");
        }
    }
    for fault in [
        json!({"on": "any", "action": {"close": {"when": "mid_handshake"}}}),
        json!({"on": "any", "action": {"close": {"when": "after_handshake"}}}),
        json!({"on": "connection", "same_connection": true, "action": {"hang": {}}}),
    ] {
        assert!(serde_json::from_value::<Fault>(fault.clone()).is_err(), "{fault}");
    }
}
