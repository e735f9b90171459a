//! TLS: who is trusted, and who is not.

use frontegg_emulator::{Emulator, Options};
use frontegg_token::{RedisStore, RedisStoreBuilder, Roots, TokenStore};

use crate::impostor::Impostor;
use crate::server::{Server, rewritten};
use crate::{Brief, LONG, NAME, WHILE, assert_fault, bounded, patient};

fn builder(server: &Server) -> RedisStoreBuilder {
    RedisStore::builder(server.tls_url().unwrap()).timeout(LONG)
}

#[test]
fn a_server_of_a_trusted_authority_serves() {
    let server = Server::secured(&[]);
    for host in ["localhost", "127.0.0.1"] {
        let url = rewritten(server.tls_url(), "127.0.0.1", host);
        let store = RedisStore::builder(url).timeout(LONG).roots(server.roots()).build().unwrap();
        for _ in 0..3 {
            let entry = vec![b'e'; 100_000];
            let before = store.entry();
            assert!(store.put(before.as_deref(), &entry).unwrap());
            assert!(store.entry().unwrap() == entry);
        }
        let connections: String = server.command("CLIENT LIST TYPE normal");
        let open = connections.lines().filter(|line| line.contains("127.0.0.1:")).count();
        assert_eq!(open, 1, "one connection for all");
    }
}

#[test]
fn a_server_of_another_authority_or_name_does_not() {
    let server = Server::secured(&[]);
    for roots in [Roots::Platform, Roots::Bundled] {
        let store = builder(&server).roots(roots).build().unwrap();
        for error in store.errors(LONG) {
            assert_fault::<()>(Err(error), "issued by an authority that is not trusted");
        }
    }
    let server = Server::misnamed();
    let store = builder(&server).roots(server.roots()).build().unwrap();
    assert_fault(store.get(), "certificate is not for 127.0.0.1");
}

#[test]
fn a_client_shows_its_certificate() {
    // The authority of all of this process.
    let options = Options { mtls: true, ..Options::default() };
    let emulator = Emulator::start(options).unwrap();
    let chain = emulator.client_certificate_pem().unwrap().as_bytes();
    let key = emulator.client_key_pem().unwrap().as_bytes();

    let server = Server::secured(&["--tls-auth-clients", "yes"]);
    let builder = || builder(&server).roots(server.roots());
    assert!(builder().client_certificate(chain, key).build().unwrap().put(None, b"e").unwrap());
    assert_fault(builder().build().unwrap().get(), "");
}

#[test]
fn tls_and_none_do_not_mix() {
    let server = Server::secured(&[]);
    let plain = patient(rewritten(server.tls_url(), "rediss", "redis")).unwrap();
    assert_fault(bounded(move || plain.get()), "");
    let server = Server::on_port(&[]);
    let store = patient(rewritten(server.tcp_url(), "redis", "rediss")).unwrap();
    assert_fault(bounded(move || store.load(NAME, WHILE)), "");
}

#[test]
fn a_handshake_that_goes_nowhere_ends_in_time() {
    let silent = Impostor::start(|mut stream, _| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let store = patient(silent.tls_url()).unwrap();
    for error in bounded(move || store.errors(WHILE)) {
        assert_fault::<()>(Err(error), "the time for Redis was up");
    }
}
