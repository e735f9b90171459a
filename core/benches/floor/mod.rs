//! The two floors: what the same exchange costs without this library.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use ureq::http::Uri;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

const PATH: &str = "/identity/resources/auth/v2/api-token";

/// Where the service is, and who asks.
pub(crate) struct Target {
    /// The base URL, ending in `/identity`.
    pub(crate) base_url: String,
    /// The CA to trust, in PEM.
    pub(crate) ca_pem: Vec<u8>,
    /// The API token's client id.
    pub(crate) client_id: String,
    /// The API token's secret.
    pub(crate) secret: String,
}

impl Target {
    fn body(&self) -> String {
        format!(r#"{{"clientId":"{}","secret":"{}"}}"#, self.client_id, self.secret)
    }

    fn url(&self) -> String {
        format!("{}{}", self.base_url.trim_end_matches("/identity"), PATH)
    }
}

/// The least that can be done: one TLS connection, one write, and reads up to the length
/// that the answer's head names.
pub(crate) struct Bare {
    stream: StreamOwned<ClientConnection, TcpStream>,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Bare {
    /// Connects.
    pub(crate) fn new(target: &Target) -> Self {
        let uri: Uri = target.url().parse().unwrap();
        let (host, port) = (uri.host().unwrap().to_owned(), uri.port_u16().unwrap());
        let mut roots = RootCertStore::empty();
        for certificate in rustls::pki_types::CertificateDer::pem_slice_iter(&target.ca_pem) {
            roots.add(certificate.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(host.clone()).unwrap();
        let socket = TcpStream::connect((host.as_str(), port)).unwrap();
        socket.set_nodelay(true).unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let body = target.body();
        let request = format!(
            "POST {PATH} HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        Self {
            stream: StreamOwned::new(connection, socket),
            request: request.into_bytes(),
            buffer: vec![0; 64 * 1024],
        }
    }

    /// One exchange; answers the length of the body.
    pub(crate) fn call(&mut self) -> usize {
        self.stream.write_all(&self.request).unwrap();
        let mut filled = 0;
        loop {
            filled += self.stream.read(&mut self.buffer[filled..]).unwrap();
            let read = &self.buffer[..filled];
            let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") else {
                continue;
            };
            let head = std::str::from_utf8(&read[..end]).unwrap();
            let length = head
                .split("\r\n")
                .find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    name.eq_ignore_ascii_case("content-length")
                        .then(|| value.trim().parse().ok())?
                })
                .unwrap();
            if filled == end + 4 + length {
                return length;
            }
        }
    }
}

/// ureq as its documentation shows it, with a time-out.
pub(crate) struct Ureq {
    agent: ureq::Agent,
    url: String,
    body: String,
}

impl Ureq {
    /// Connects at the first call.
    pub(crate) fn new(target: &Target) -> Self {
        let certificates: Vec<_> = parse_pem(&target.ca_pem)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&certificates)).build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(Duration::from_secs(30)))
            .build();
        Self { agent: config.into(), url: target.url(), body: target.body() }
    }

    /// One exchange; answers the length of the body.
    pub(crate) fn call(&mut self) -> usize {
        let request = self.agent.post(&self.url).header("content-type", "application/json");
        request.send(&self.body).unwrap().body_mut().read_to_vec().unwrap().len()
    }
}
