//! TLS: who is trusted, and who is not.

use frontegg_token::{RedisStore, RedisStoreBuilder, Roots, TokenStore};

use crate::impostor::Impostor;
use crate::pki::Authority;
use crate::server::{Folder, Server};
use crate::{Brief, LONG, NAME, WHILE, assert_fault, bounded};

/// A server with TLS, and the folder of its certificates.
struct Secured {
    port: u16,
    server: Server,
    _certificates: Folder,
}

impl Secured {
    fn start(authority: &Authority, names: &[&str], clients: &str) -> Self {
        let folder = Folder::new();
        let mut options = authority.options(names, &folder);
        options.extend(["--tls-auth-clients".to_owned(), clients.to_owned()]);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let (server, port) = Server::on_port("--tls-port", &options);
        Self { port, server, _certificates: folder }
    }

    fn builder(&self, host: &str) -> RedisStoreBuilder {
        RedisStore::builder(format!("rediss://{host}:{}", self.port))
    }
}

#[test]
fn a_server_of_a_trusted_authority_serves() {
    let authority = Authority::new("one");
    let server = Secured::start(&authority, &["localhost", "127.0.0.1"], "no");
    for host in ["localhost", "127.0.0.1"] {
        let store = server.builder(host).roots(authority.roots()).build().unwrap();
        for _ in 0..3 {
            let entry = vec![b'e'; 100_000];
            let before = store.entry();
            assert!(store.put(before.as_deref(), &entry).unwrap());
            assert!(store.entry().unwrap() == entry);
        }
        let connections: String = server.server.command("CLIENT LIST TYPE normal");
        let open = connections.lines().filter(|line| line.contains("127.0.0.1:")).count();
        assert_eq!(open, 1, "one connection for all");
    }
}

#[test]
fn a_server_of_another_authority_or_name_does_not() {
    let (authority, another) = (Authority::new("one"), Authority::new("another"));
    let server = Secured::start(&authority, &["localhost"], "no");
    for roots in [another.roots(), Ok(Roots::Platform), Ok(Roots::Bundled)] {
        let store = server.builder("localhost").roots(roots).build().unwrap();
        for error in store.errors(LONG) {
            assert_fault::<()>(Err(error), "UnknownIssuer");
        }
    }
    let store = server.builder("127.0.0.1").roots(authority.roots()).build().unwrap();
    assert_fault(store.get(), "not valid for name");
}

#[test]
fn a_client_shows_its_certificate() {
    let authority = Authority::new("one");
    let server = Secured::start(&authority, &["localhost"], "yes");
    let builder = || server.builder("localhost").roots(authority.roots());
    let identity = authority.identity(&["a client"]);
    let (chain, key) = (identity.certificate.as_bytes(), identity.key.as_bytes());
    assert!(builder().client_certificate(chain, key).build().unwrap().put(None, b"e").unwrap());
    assert_fault(builder().build().unwrap().get(), "");
}

#[test]
fn tls_and_none_do_not_mix() {
    let authority = Authority::new("one");
    let server = Secured::start(&authority, &["localhost"], "no");
    let plain = RedisStore::new(format!("redis://localhost:{}", server.port)).unwrap();
    assert_fault(bounded(move || plain.get()), "");
    let (_server, port) = Server::on_port("--port", &[]);
    let store = RedisStore::new(format!("rediss://localhost:{port}")).unwrap();
    assert_fault(bounded(move || store.load(NAME, WHILE)), "");
}

#[test]
fn a_handshake_that_goes_nowhere_ends_in_time() {
    let silent = Impostor::start(|mut stream, _| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let store = RedisStore::new(silent.tls_url()).unwrap();
    for error in bounded(move || store.errors(WHILE)) {
        assert_fault::<()>(Err(error), "the time for Redis was up");
    }
}
