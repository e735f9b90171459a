//! HTTPS: the CA, faulty certificates, client certificates; and IPv6.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv6Addr};
use std::process::{Command, Stdio};

use frontegg_emulator::{Emulator, Fault, Options, TlsFault};
use serde_json::{Value, json};
use ureq::Agent;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::wire::{Answer, V2, connect, credentials, quick, read_answer, request, start};

fn agent(emulator: &Emulator, client: Option<ClientCert>) -> Agent {
    let ca = Certificate::from_pem(emulator.ca_pem().as_bytes()).expect("a certificate");
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&[ca]))
        .client_cert(client)
        .build();
    Agent::config_builder().tls_config(tls).proxy(None).build().new_agent()
}

fn post(agent: &Agent, origin: &str) -> Result<Value, ureq::Error> {
    let request = agent.post(format!("{origin}{V2}")).header("content-type", "application/json");
    let text = request.send(credentials().to_string())?.body_mut().read_to_string()?;
    Ok(serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn https_serves_whoever_trusts_the_ca() {
    let emulator = start(quick());
    let agent = agent(&emulator, None);
    for origin in [emulator.https_url(), &emulator.https_url().replace("127.0.0.1", "localhost")] {
        assert!(post(&agent, origin).expect("trusted")["access_token"].is_string());
    }
    let state = emulator.state();
    assert!(state.requests.iter().all(|request| request.tls));
    assert_eq!((state.counts.tls_handshakes, state.counts.tls_failures), (2, 0));

    let stranger = Agent::config_builder().proxy(None).build().new_agent();
    assert!(post(&stranger, emulator.https_url()).is_err());
    let failed = |state: &frontegg_emulator::State| state.counts.tls_failures == 1;
    assert!(emulator.wait_until(failed, std::time::Duration::from_secs(60)).is_some());
}

#[test]
fn a_certificate_can_have_more_names() {
    let emulator = start(Options { tls_names: vec!["auth.example.com".into()], ..quick() });
    assert!(post(&agent(&emulator, None), emulator.https_url()).is_ok());
    assert!(Emulator::start(Options { tls_names: vec!["n\u{f6}".into()], ..quick() }).is_err());
}

#[test]
fn faulty_certificates_are_refused_by_those_who_look() {
    let emulator = start(Options { tls_faults: true, ..quick() });
    let agent = agent(&emulator, None);
    for (fault, complaint) in [
        (TlsFault::Expired, "expired"),
        (TlsFault::NotYetValid, "not valid yet"),
        (TlsFault::WrongHost, "not valid for name"),
        (TlsFault::NoAlternativeName, "not valid for name"),
        (TlsFault::WrongPurpose, "extended key usage"),
        (TlsFault::UnknownIssuer, "UnknownIssuer"),
        (TlsFault::SelfSigned, "UnknownIssuer"),
        (TlsFault::SelfSignedCa, "CaUsedAsEndEntity"),
        (TlsFault::Version1, "UnsupportedCertVersion"),
        (TlsFault::P521, "HandshakeFailure"),
    ] {
        let origin = emulator.https_faulty_url(fault).expect("asked for");
        let error = post(&agent, origin).expect_err("a bad certificate").to_string();
        assert!(error.contains(complaint), "{fault:?}: {error}");
    }
    assert!(post(&agent, emulator.https_url()).is_ok());
    assert_eq!(emulator.state().counts.requests, 1);
}

#[test]
fn faulty_certificates_are_good_to_whoever_trusts_them() {
    let emulator = start(Options { tls_faults: true, ..quick() });
    let agent = |pem: &str| {
        let root = Certificate::from_pem(pem.as_bytes()).expect("a certificate");
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[root])).build();
        Agent::config_builder().tls_config(tls).proxy(None).build().new_agent()
    };
    let origin = |fault| emulator.https_faulty_url(fault).expect("asked for");
    let own = emulator.faulty_certificate_pem(TlsFault::SelfSigned).expect("asked for");
    assert!(post(&agent(own), origin(TlsFault::SelfSigned)).is_ok());
    let other = emulator.other_ca_pem().expect("it can be made");
    assert!(post(&agent(&other), origin(TlsFault::UnknownIssuer)).is_ok());
    let ca = emulator.faulty_certificate_pem(TlsFault::SelfSignedCa).expect("asked for");
    assert!(post(&agent(ca), origin(TlsFault::SelfSignedCa)).is_err(), "rustls takes no CA");
}

#[test]
fn openssl_reads_the_odd_ones() {
    let emulator = start(Options { tls_faults: true, ..quick() });
    let [certificate, key] = emulator.p521_client_pem().expect("it can be made");
    let faulty = |fault| emulator.faulty_certificate_pem(fault).expect("asked for").to_owned();
    for (pem, arguments, says) in [
        (faulty(TlsFault::Version1), ["x509", "-noout", "-text"], "Version: 1 (0x0)"),
        (faulty(TlsFault::P521), ["x509", "-noout", "-text"], "NIST CURVE: P-521"),
        (certificate, ["x509", "-noout", "-text"], "TLS Web Client Authentication"),
        (key, ["pkey", "-noout", "-text"], "NIST CURVE: P-521"),
        (
            emulator.trusted_ca_pem().expect("it can be made"),
            ["x509", "-noout", "-text"],
            "Trusted Uses:",
        ),
    ] {
        let mut openssl = Command::new("openssl")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("openssl is installed");
        openssl.stdin.take().expect("piped").write_all(pem.as_bytes()).expect("it reads");
        let output = openssl.wait_with_output().expect("it ends");
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(text.contains(says), "{says}\n{text}");
    }
}

#[test]
fn a_handshake_can_end_in_an_alert_or_an_old_version() {
    let emulator = start(quick());
    let agent = agent(&emulator, None);
    for (action, complaint) in [
        (json!({"alert": {"description": 40}}), "HandshakeFailure"),
        (json!({"alert": {"description": 70}}), "ProtocolVersion"),
        (json!({"server_hello": {"version": 770, "cipher": 49_171}}), "Tls12Or13"),
    ] {
        let fault = json!({"on": "connection", "action": action});
        emulator.add_faults([serde_json::from_value(fault).expect("a fault")]).expect("one");
        let error = post(&agent, emulator.https_url()).expect_err("it fails").to_string();
        assert!(error.contains(complaint), "{error}");
    }
    assert!(post(&agent, emulator.https_url()).is_ok());
}

#[test]
fn mtls_in_tls_1_2_fails_within_the_handshake() {
    let emulator = start(Options { mtls: true, ..quick() });
    let origin = emulator.mtls_tls12_url().expect("asked for");
    assert!(post(&agent(&emulator, None), origin).is_err());
    let failed = |state: &frontegg_emulator::State| state.counts.tls_failures == 1;
    assert!(emulator.wait_until(failed, std::time::Duration::from_secs(60)).is_some());
    let [certificate, key] = emulator.other_client_pem().expect("it can be made");
    let certificate = Certificate::from_pem(certificate.as_bytes()).expect("a certificate");
    let key = PrivateKey::from_pem(key.as_bytes()).expect("a key");
    let other = ClientCert::new_with_certs(&[certificate], key);
    let error = post(&agent(&emulator, Some(other)), origin).expect_err("of another CA");
    assert!(error.to_string().contains("UnknownCA"), "{error}");
}

#[test]
fn mtls_wants_a_certificate_of_the_ca() {
    let emulator = start(Options { mtls: true, ..quick() });
    let certificate = emulator.client_certificate_pem().expect("asked for");
    let certificate = Certificate::from_pem(certificate.as_bytes()).expect("a certificate");
    let key = emulator.client_key_pem().expect("asked for");
    let key = PrivateKey::from_pem(key.as_bytes()).expect("a key");
    let client = ClientCert::new_with_certs(&[certificate], key);
    let origin = emulator.mtls_url().expect("asked for");
    assert!(post(&agent(&emulator, Some(client)), origin).is_ok());
    assert!(post(&agent(&emulator, None), origin).is_err());
    assert_eq!(emulator.state().counts.requests, 1);
}

#[test]
fn what_was_not_asked_for_is_not_there() {
    let emulator = start(quick());
    assert_eq!(emulator.https_faulty_url(TlsFault::Expired), None);
    assert_eq!(emulator.faulty_certificate_pem(TlsFault::Expired), None);
    assert_eq!(
        (emulator.mtls_url(), emulator.client_certificate_pem(), emulator.client_key_pem()),
        (None, None, None)
    );
}

#[test]
fn faults_work_under_tls_and_before_it() {
    let emulator = start(quick());
    let agent = agent(&emulator, None);
    let faults: Vec<Fault> = serde_json::from_value(json!([
        {"on": "connection", "action": {"close": {"when": "before_read"}}},
        {"on": "connection", "action": {"garbage": {"bytes": "no TLS"}}},
        {"on": "authenticate", "action": {"truncate": {"bytes": 5}}},
        {"on": "authenticate", "action": {"close": {"when": "after_processing", "rst": true}}},
        {"on": "authenticate", "action": {"drip": {"bytes": 50, "interval_ms": 1}}},
    ]))
    .expect("faults");
    emulator.add_faults(faults).expect("sensible ones");
    for _ in 0..4 {
        assert!(post(&agent, emulator.https_url()).is_err());
    }
    assert!(post(&agent, emulator.https_url()).is_ok());
    let state = emulator.state();
    assert_eq!((state.counts.faults_served, state.api_tokens[0].authentications), (5, 3));
}

#[test]
fn a_connection_breaks_amid_its_handshake_or_after_it() {
    for (when, handshakes) in [("mid_handshake", 0), ("after_handshake", 1)] {
        for rst in [false, true] {
            let emulator = start(quick());
            let fault =
                json!({"on": "connection", "action": {"close": {"when": when, "rst": rst}}});
            emulator.add_faults([serde_json::from_value(fault).expect("a fault")]).expect("one");
            let agent = agent(&emulator, None);
            let error = post(&agent, emulator.https_url()).expect_err("it breaks");
            // A client that has sent its request by then sees a reset either way.
            if rst && when == "mid_handshake" {
                assert!(error.to_string().contains("reset"), "{error}");
            }
            let counts = emulator.state().counts;
            assert_eq!((counts.tls_handshakes, counts.requests), (handshakes, 0), "{when}");
            assert!(post(&agent, emulator.https_url()).is_ok());
        }
    }
}

#[test]
fn a_plain_request_to_https_is_no_handshake() {
    let emulator = start(quick());
    let origin = emulator.https_url().replace("https", "http");
    let mut stream = connect(&origin);
    stream.write_all(&request("GET", "/", "", "")).expect("it takes it in");
    let mut all = Vec::new();
    // It may be told off by an alert, or cut off.
    let _ = stream.read_to_end(&mut all);
    assert!(Answer::parse(&all).is_none());
    let failed = |state: &frontegg_emulator::State| state.counts.tls_failures == 1;
    assert!(emulator.wait_until(failed, std::time::Duration::from_secs(60)).is_some());
}

#[test]
fn ipv6_works_like_ipv4() {
    let emulator = start(Options { host: IpAddr::V6(Ipv6Addr::LOCALHOST), ..quick() });
    assert!(emulator.http_url().starts_with("http://[::1]:"), "{}", emulator.http_url());
    assert_eq!(emulator.base_url(), format!("{}/identity", emulator.http_url()));
    let mut stream = connect(emulator.http_url());
    let headers = "content-type: application/json\r\n";
    stream.write_all(&request("POST", V2, headers, &credentials().to_string())).expect("it reads");
    assert_eq!(read_answer(&mut stream).status, 200);
    assert!(post(&agent(&emulator, None), emulator.https_url()).is_ok());
}

#[test]
fn all_addresses_are_reached_by_the_loopback_one() {
    let emulator =
        start(Options { host: "0.0.0.0".parse().expect("an address"), workers: 2, ..quick() });
    assert!(post(&agent(&emulator, None), emulator.https_url()).is_ok());
    assert!(emulator.https_base_url().starts_with("https://127.0.0.1:"));
}
