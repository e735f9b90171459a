//! What a URL says beside the server, and what code says of the same.

use std::fs;
use std::time::Duration;

use ::log::Level;
use frontegg_emulator::{Emulator, Options};
use frontegg_token::{Code, IntoTokenStore, RedisStore, Roots, TokenStore};
use tempfile::TempDir;

use crate::server::{Server, rewritten};
use crate::{Brief, LONG, assert_fault, log, patient};

#[test]
fn a_url_sets_the_time_out_unless_code_does() {
    // As long to connect as for the answers.
    let second = Duration::from_secs(1);
    let of = |store: RedisStore| store.timeout();
    assert_eq!(of(RedisStore::new("redis://host").unwrap()), second / 2);
    assert_eq!(of(RedisStore::new("redis://host?timeout=1s").unwrap()), 2 * second);
    let named = "redis://host?timeout=1500ms".into_token_store().unwrap().unwrap();
    assert_eq!(named.timeout(), 3 * second);
    let builder = || RedisStore::builder("redis://host?timeout=1s").timeout(5 * second);
    assert_eq!(of(builder().build().unwrap()), 10 * second);
    // A bad one is an error all the same.
    for url in ["redis://host?timeout=1", "redis://host?timeout=0s"] {
        let error = RedisStore::builder(url).timeout(second).build().unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
    }
    let zero = RedisStore::builder("redis://host?timeout=1s").timeout(Duration::ZERO).build();
    assert_eq!(zero.unwrap_err().code(), Code::InvalidArgument);
}

#[test]
fn a_url_sets_the_prefix_of_keys_unless_code_does() {
    let server = Server::start();
    let url = format!("{}?key_prefix=app%3A", server.url());
    let keys = || server.command::<Vec<String>>("KEYS *");
    patient(url.clone()).unwrap().put(None, b"e").unwrap();
    assert!(keys()[0].starts_with("app:{"), "{:?}", keys());
    server.command::<()>("FLUSHALL");
    let code = RedisStore::builder(url).timeout(LONG).key_prefix("code:").build().unwrap();
    code.put(None, b"e").unwrap();
    assert!(keys()[0].starts_with("code:{"), "{:?}", keys());
}

/// A file of that in a folder, as a URL writes it.
fn file(folder: &TempDir, name: &str, text: &[u8]) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().replace('/', "%2F")
}

#[test]
fn a_url_names_the_authorities_unless_code_does() {
    let (server, folder) = (Server::secured(&[]), TempDir::new().unwrap());
    let ca = file(&folder, "ca.pem", server.ca_pem().unwrap().as_bytes());
    let url = |query: &str| format!("{}?{query}", server.tls_url().unwrap());
    for query in
        [format!("ca_file={ca}"), format!("ssl_cert_reqs=required&ssl_ca_certs={ca}&protocol=3")]
    {
        let store = patient(url(&query)).unwrap();
        store.put(None, b"e").unwrap();
        assert_eq!(store.entry().unwrap(), b"e");
    }
    let plain = rewritten(Some(url(&format!("ssl=true&ca_file={ca}"))), "rediss", "redis");
    assert_eq!(patient(plain).unwrap().entry().unwrap(), b"e");
    let code = RedisStore::builder(url(&format!("ca_file={ca}"))).timeout(LONG);
    assert_fault(code.roots(Roots::Bundled).build().unwrap().get(), "no TLS connection");

    // What was named is meant, and nothing of its name is told.
    let empty = file(&folder, "planted.pem", b"nothing");
    for (query, says) in [
        ("ca_file=/planted/ca.pem".to_owned(), "`ca_file`"),
        ("ca_file=".to_owned(), "`ca_file`"),
        (format!("ca_file={empty}"), "no certificate"),
    ] {
        let error = RedisStore::new(url(&query)).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().contains(says), "{error}");
        assert!(!error.message().contains("planted"), "{error}");
    }
}

#[test]
fn a_url_names_the_certificate_of_the_client() {
    // The authority of all of this process.
    let emulator = Emulator::start(Options { mtls: true, ..Options::default() }).unwrap();
    let chain = emulator.client_certificate_pem().unwrap();
    let key = emulator.client_key_pem().unwrap();
    let server = Server::secured(&["--tls-auth-clients", "yes"]);
    let folder = TempDir::new().unwrap();
    let ca = file(&folder, "ca.pem", server.ca_pem().unwrap().as_bytes());
    let certificate = file(&folder, "planted.pem", chain.as_bytes());
    let both = file(&folder, "both.pem", format!("{key}\n{chain}").as_bytes());
    let key = file(&folder, "key.pem", key.as_bytes());
    let url = |query: &str| format!("{}?ca_file={ca}{query}", server.tls_url().unwrap());
    for query in [
        format!("&cert_file={certificate}&key_file={key}"),
        format!("&ssl_certfile={certificate}&ssl_keyfile={key}"),
        format!("&cert_file={both}"),
    ] {
        assert!(patient(url(&query)).unwrap().put(None, b"e").unwrap());
    }
    assert_fault(patient(url("")).unwrap().get(), "");
    for query in [
        format!("&key_file={key}"),
        format!("&cert_file={certificate}"),
        format!("&cert_file={certificate}&key_file=planted"),
        "&cert_file=planted&key_file=planted".to_owned(),
    ] {
        let error = RedisStore::new(url(&query)).expect_err(&query);
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().contains("_file`"), "{error}");
        assert!(!error.message().contains("planted"), "{error}");
    }
}

#[test]
fn a_user_without_a_password_is_nobody_or_an_error() {
    let server = Server::on_port(&[]);
    for user in ["default:@", "default@", ":@", "@"] {
        let url = rewritten(server.tcp_url(), "//", &format!("//{user}"));
        patient(url).unwrap().get().unwrap();
    }
    let other = rewritten(server.tcp_url(), "//", "//planted:@");
    let error = RedisStore::new(other).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(!error.message().contains("planted"));
}

#[test]
fn what_is_ignored_is_told_once_and_by_name_alone() {
    log::keep();
    let server = Server::start();
    let query = "Client_Name=planted&retryOnTimeout=planted&Client_Name=planted&timeout=60s";
    let store = RedisStore::new(format!("{}?{query}", server.url())).unwrap();
    store.put(None, b"e").unwrap();
    store.get().unwrap();
    let lines = log::lines();
    let told: Vec<_> = lines.iter().filter(|(_, line)| line.contains("Client_Name")).collect();
    let line = "the URL of Redis has parameters that change nothing here: \
                Client_Name, retryOnTimeout";
    assert_eq!(told, [&(Level::Warn, line.to_owned())]);
}

#[test]
fn a_store_is_known_by_the_scheme_of_its_url() {
    for url in ["redis://host", "Rediss://host", "VALKEY://host", "valkeys://host", "unix:///s"] {
        assert!(url.into_token_store().unwrap().is_some(), "{url}");
    }
    for url in [
        "redis-sentinel://planted",
        "rediss://planted?ssl_cert_reqs=none",
        "redis://planted?timeout=planted",
        "redis",
        "redis://:planted@host:planted",
        "planted.redis.cache.windows.net:6380,password=planted,ssl=True",
    ] {
        let error = url.into_token_store().err().expect(url);
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(!format!("{error:?}").contains("planted"), "{error:?}");
    }
}
