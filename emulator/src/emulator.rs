//! The handle of a running emulator.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio_rustls::rustls::ServerConfig;

use crate::fault::Fault;
use crate::journal::State;
use crate::jwt::{self, Signer};
use crate::options::{Algorithm, ApiToken, Options};
use crate::pki::{self, Authority, Face, Identity, TlsFault, Wants};
use crate::random;
use crate::server::{Door, Shared};
use crate::service::Service;

/// A running identity service. Dropping it stops it at once and breaks its connections.
///
/// Any number of them run side by side, each on ports of its own and with a state of its own; they
/// share the CA and the RS256 key of the process. All methods may be called from any thread.
pub struct Emulator {
    shared: Arc<Shared>,
    api_tokens: Vec<ApiToken>,
    hs256_secret: Option<String>,
    addresses: Addresses,
    ca_pem: String,
    client: Option<Identity>,
    runtime: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Origins: scheme, host and port.
struct Addresses {
    http: String,
    https: String,
    control: String,
    /// Those with a faulty certificate, and it as PEM.
    faulty: Vec<(TlsFault, String, String)>,
    mtls: Option<String>,
    mtls_tls12: Option<String>,
}

impl Emulator {
    /// Listens and serves, on threads of its own. When it returns, connections are accepted.
    ///
    /// Fails where a port is taken, an address is not ours, or a TLS name is none.
    pub fn start(mut options: Options) -> io::Result<Self> {
        if options.api_tokens.is_empty() {
            options.api_tokens.push(ApiToken::random());
        }
        let (signer, hs256_secret) = match options.algorithm {
            Algorithm::RS256 => {
                jwt::prepare_rsa_key();
                (Signer::Rs256, None)
            }
            Algorithm::HS256 => {
                let secret = options.hs256_secret.get_or_insert_with(|| random::uuid().into());
                (Signer::hs256(secret.expose()), Some(secret.expose().to_owned()))
            }
        };
        let authority = pki::authority()?;
        let client = options.mtls.then(|| authority.client()).transpose()?;
        let (doors, addresses) = doors(&options)?;
        let api_tokens = options.api_tokens.clone();
        let issuer = options.issuer.clone().unwrap_or_else(|| addresses.https.clone());
        let workers = options.workers;
        let shared = Arc::new(Shared::new(signer, Service::new(options, issuer)));
        let runtime = runtime(workers)?;
        let handle = runtime.handle().clone();
        let entered = runtime.enter();
        for door in doors {
            door.open(&shared)?;
        }
        drop(entered);
        let (stop, stopped) = oneshot::channel();
        let thread =
            std::thread::Builder::new().name("frontegg-emulator".into()).spawn(move || {
                // An error says that the sender is gone, and means the same.
                let _ = runtime.block_on(stopped);
                runtime.shutdown_timeout(Duration::from_secs(1));
            })?;
        Ok(Emulator {
            shared,
            api_tokens,
            hs256_secret,
            addresses,
            ca_pem: authority.pem(),
            client,
            runtime: handle,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// `http://host:port`.
    pub fn http_url(&self) -> &str {
        &self.addresses.http
    }

    /// `https://host:port`, with a certificate of the CA.
    pub fn https_url(&self) -> &str {
        &self.addresses.https
    }

    /// The origin that serves `/_emulator/` alone. Its connections count nowhere and meet no
    /// faults.
    pub fn control_url(&self) -> &str {
        &self.addresses.control
    }

    /// What a client takes as its base URL: `http://host:port/identity`.
    pub fn base_url(&self) -> String {
        format!("{}/identity", self.addresses.http)
    }

    /// The same over TLS.
    pub fn https_base_url(&self) -> String {
        format!("{}/identity", self.addresses.https)
    }

    /// The origin whose certificate has this fault, if [`Options::tls_faults`] asked for it.
    pub fn https_faulty_url(&self, fault: TlsFault) -> Option<&str> {
        self.faulty(fault).map(|(_, url, _)| url.as_str())
    }

    /// That certificate.
    pub fn faulty_certificate_pem(&self, fault: TlsFault) -> Option<&str> {
        self.faulty(fault).map(|(_, _, pem)| pem.as_str())
    }

    fn faulty(&self, fault: TlsFault) -> Option<&(TlsFault, String, String)> {
        self.addresses.faulty.iter().find(|(known, ..)| *known == fault)
    }

    /// The origin that wants a client certificate, if [`Options::mtls`] asked for it.
    pub fn mtls_url(&self) -> Option<&str> {
        self.addresses.mtls.as_deref()
    }

    /// The same in TLS 1.2 alone, where the handshake itself fails without a certificate.
    pub fn mtls_tls12_url(&self) -> Option<&str> {
        self.addresses.mtls_tls12.as_deref()
    }

    /// The CA's certificate. It is made anew in every process.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The same as OpenSSL writes it with a purpose: `BEGIN TRUSTED CERTIFICATE`.
    pub fn trusted_ca_pem(&self) -> io::Result<String> {
        pki::authority().map(Authority::trusted_pem)
    }

    /// The certificate of another CA: the issuer of [`TlsFault::UnknownIssuer`].
    pub fn other_ca_pem(&self) -> io::Result<String> {
        pki::another().map(Authority::pem).map_err(io::Error::other)
    }

    /// A certificate that [`mtls_url`](Self::mtls_url) accepts.
    pub fn client_certificate_pem(&self) -> Option<&str> {
        self.client.as_ref().map(|client| client.certificate_pem.as_str())
    }

    /// The key of that certificate, PKCS #8.
    pub fn client_key_pem(&self) -> Option<&str> {
        self.client.as_ref().map(|client| client.key_pem.as_str())
    }

    /// A client's certificate and key of another CA, which [`mtls_url`](Self::mtls_url) refuses.
    pub fn other_client_pem(&self) -> io::Result<[String; 2]> {
        let other = pki::another().map_err(io::Error::other)?;
        other.client().map(|client| [client.certificate_pem, client.key_pem])
    }

    /// A client's certificate and key on the curve P-521, which few can sign with.
    pub fn p521_client_pem(&self) -> io::Result<[String; 2]> {
        let client = pki::authority()?.p521_client()?;
        Ok([client.certificate_pem, client.key_pem])
    }

    /// The API tokens that exist; at least one.
    pub fn api_tokens(&self) -> &[ApiToken] {
        &self.api_tokens
    }

    /// The client id of the first API token.
    pub fn client_id(&self) -> &str {
        &self.api_tokens[0].client_id
    }

    /// The secret of the first API token.
    pub fn secret(&self) -> &str {
        self.api_tokens[0].secret.expose()
    }

    /// The key that signs by HS256; nothing for RS256.
    pub fn hs256_secret(&self) -> Option<&str> {
        self.hs256_secret.as_deref()
    }

    /// What happened so far.
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// Waits until the state is as wanted, and answers it; nothing if it is not so within `limit`.
    ///
    /// For what a client cannot see: that a request has arrived which gets no answer, say. What a
    /// client got an answer to is in the state already.
    ///
    /// # Panics
    ///
    /// Within an asynchronous task of tokio, which must not block.
    pub fn wait_until(&self, wanted: impl Fn(&State) -> bool, limit: Duration) -> Option<State> {
        let wanted = |shared: &Shared| wanted(&shared.state());
        self.runtime.block_on(self.shared.wait_until(wanted, limit)).then(|| self.state())
    }

    /// Queues faults for the next requests: all of them or, if one makes no sense, none.
    pub fn add_faults(&self, faults: impl IntoIterator<Item = Fault>) -> Result<(), String> {
        self.shared.add_faults(faults.into_iter().collect())
    }

    /// Forgets the faults that wait.
    pub fn clear_faults(&self) {
        self.shared.service().faults.clear();
    }

    /// Lets the requests go on that are held now; see [`Fault::hold`].
    pub fn release(&self) {
        self.shared.release();
    }

    /// Moves the service's clock, forward or back. Lifetimes run by it; the rate limit does not.
    pub fn advance_clock(&self, seconds: i64) {
        self.shared.service().clock.advance(seconds);
    }

    /// Changes *live* [`Options`]; says what is wrong if others are named, or a value does not fit.
    pub fn set_options(&self, patch: &Map<String, Value>) -> Result<(), String> {
        self.shared.service().set_options(patch)
    }

    /// Back to the start: no refresh token lives, no fault waits, nothing was counted or logged,
    /// the clock is right, the options are those of the start. The API tokens and the keys stay.
    pub fn reset(&self) {
        self.shared.service().reset();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator").field("http", &self.addresses.http).finish_non_exhaustive()
    }
}

fn runtime(workers: usize) -> io::Result<Runtime> {
    match workers {
        0 | 1 => Builder::new_current_thread().enable_all().build(),
        workers => Builder::new_multi_thread().worker_threads(workers).enable_all().build(),
    }
}

fn doors(options: &Options) -> io::Result<(Vec<Door>, Addresses)> {
    let mut doors = Vec::new();
    let authority = pki::authority()?;
    let good = authority.shown(Face::Good(&options.tls_names, options.host))?;
    let mut open = |port: u16, tls: Option<Arc<ServerConfig>>, control_only: bool| {
        let listener = TcpListener::bind((options.host, port))?;
        listener.set_nonblocking(true)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let origin = format!("{scheme}://{}", reachable(listener.local_addr()?));
        doors.push(Door { listener, tls, control_only });
        io::Result::Ok(origin)
    };
    let mut addresses = Addresses {
        http: open(options.http_port, None, false)?,
        https: open(options.https_port, Some(authority.server(&good, Wants::Nothing)?), false)?,
        control: open(options.control_port, None, true)?,
        faulty: Vec::new(),
        mtls: None,
        mtls_tls12: None,
    };
    if options.tls_faults {
        for fault in TlsFault::ALL {
            let shown = authority.shown(Face::Bad(fault))?;
            let origin = open(0, Some(authority.server(&shown, Wants::Nothing)?), false)?;
            addresses.faulty.push((fault, origin, shown.pem()));
        }
    }
    if options.mtls {
        let mut wants = |wants| open(0, Some(authority.server(&good, wants)?), false);
        addresses.mtls = Some(wants(Wants::Certificate)?);
        addresses.mtls_tls12 = Some(wants(Wants::CertificateInTls12)?);
    }
    Ok((doors, addresses))
}

/// Where to connect to: an address that means "all" is none, so the loopback one stands for it.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
