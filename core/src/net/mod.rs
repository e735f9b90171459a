//! One HTTP exchange over ureq: limits, time-outs, roots, proxy, connection reuse.

mod cork;
mod failure;
mod lookups;
mod proxy;
mod resolver;
mod signal;
mod tcp;
mod tls;

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::config::Config;
use ureq::http::{HeaderMap, Request, Uri};
use ureq::tls::TlsConfig;
use ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector, RustlsConnector, SocksConnector,
};
use ureq::{Agent, http};
use zeroize::Zeroizing;

use crate::per_process::PerProcess;

pub(crate) use failure::Failure;
pub(crate) use lookups::Lookups;
#[cfg(feature = "redis")]
pub(crate) use lookups::{Key, Unresolved};
pub use proxy::Proxy;
use resolver::RememberingResolver;
use signal::Signal;
#[cfg(feature = "redis")]
pub(crate) use tcp::{go_on, is_pause, is_silent};
pub(crate) use tls::ClientCertificate;
#[cfg(feature = "redis")]
pub(crate) use tls::rustls_config;
pub use tls::{Certificates, Roots};

/// The largest answer that is read, in bytes, after decompression.
const MAX_BODY: u64 = 1024 * 1024;
/// Enough for the largest headers seen and small enough for thousands of connections.
const BUFFER: usize = 16 * 1024;
/// Idle connections kept; as many as a binding runs calls at once.
const MAX_IDLE: usize = 64;

/// What does not change from call to call.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) base: Uri,
    pub(crate) connect_timeout: Duration,
    pub(crate) proxy: Option<ureq::Proxy>,
    pub(crate) roots: Roots,
    pub(crate) client_certificate: Option<ClientCertificate>,
    pub(crate) user_agent: String,
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientCertificate(…)")
    }
}

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body; `Err` where it could not be read to its end.
    pub(crate) body: Result<Zeroizing<Vec<u8>>, Failure>,
}

/// How one exchange differs from another.
pub(crate) struct Exchange<'a> {
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    /// The budget of the whole exchange.
    pub(crate) timeout: Duration,
    /// A connection that has been idle for longer is not used.
    pub(crate) max_idle: Duration,
}

/// A pool of connections to the service, and the means to open more.
pub(crate) struct Transport {
    settings: Arc<Settings>,
    closed: AtomicBool,
    live: PerProcess<Live>,
}

/// What holds sockets and locks.
struct Live {
    agent: Agent,
    signal: Arc<Signal>,
}

impl Transport {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            closed: AtomicBool::new(false),
            live: PerProcess::new(),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Refuses further exchanges, and interrupts those under way.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        if let Some(live) = self.live.peek() {
            live.signal.close();
            live.agent.clone().shutdown();
        }
    }

    /// Has the calls that sleep look whether they are to end.
    pub(crate) fn wake(&self) {
        if let Some(live) = self.live.peek() {
            live.signal.wake_all();
        }
    }

    /// Sleeps; a close ends it early.
    pub(crate) fn sleep(&self, duration: Duration) {
        self.live.get(|| Live::new(&self.settings)).signal.wait(Some(duration), || false);
    }

    /// Sends one POST and reads its answer whole, or says what became of it.
    pub(crate) fn exchange(&self, exchange: &Exchange<'_>) -> Result<Answer, Failure> {
        let live = self.live.get(|| Live::new(&self.settings));
        if self.is_closed() {
            // A close that came before the agent was there could not shut it down.
            live.agent.clone().shutdown();
        }
        let mut request = Request::post(exchange.uri)
            .body(exchange.body)
            .expect("a valid URI makes a valid request");
        *request.headers_mut() = exchange.headers.clone();
        let request = live
            .agent
            .configure_request(request)
            .timeout_global(Some(exchange.timeout))
            .max_idle_age(exchange.max_idle)
            .build();
        let response = live.agent.run(request)?;
        let (parts, body) = response.into_parts();
        let length = body.content_length();
        let body = read(body.into_with_config().limit(u64::MAX).reader(), length);
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }
}

/// Reads a body to its end, or to the limit.
fn read(reader: impl Read, length: Option<u64>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let too_large = || Failure::invalid_response("the answer is over the limit of 1 MiB");
    if length.is_some_and(|length| length > MAX_BODY) {
        return Err(too_large());
    }
    // With the length known, the buffer never moves and leaves no copy behind.
    let expected = length.map_or(8 * 1024, |length| usize::try_from(length).unwrap_or(0) + 1);
    let mut body = Zeroizing::new(Vec::with_capacity(expected));
    reader.take(MAX_BODY + 1).read_to_end(&mut body).map_err(ureq::Error::from)?;
    if body.len() as u64 > MAX_BODY { Err(too_large()) } else { Ok(body) }
}

impl Live {
    fn new(settings: &Settings) -> Self {
        let signal = Arc::new(Signal::default());
        let resolver = RememberingResolver::new(Lookups::new(signal.clone()));
        let chain =
            ().chain(SocksConnector::default())
                .chain(ConnectProxyConnector::default())
                .chain(tcp::TcpConnector)
                .chain(RustlsConnector::default());
        let connector = cork::CorkConnector {
            chain: Forgetting { chain, resolver: resolver.clone() },
            service: settings.base.authority().expect("an endpoint has a host").clone(),
        };
        Self { agent: Agent::with_parts(config(settings), connector, resolver), signal }
    }
}

fn config(settings: &Settings) -> Config {
    let tls = if settings.base.scheme() == Some(&http::uri::Scheme::HTTPS) {
        tls::config(&settings.roots, settings.client_certificate.as_ref())
    } else {
        TlsConfig::default()
    };
    Config::builder()
        .tls_config(tls)
        .proxy(settings.proxy.clone())
        .user_agent(&settings.user_agent)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .accept("application/json")
        .timeout_connect(Some(settings.connect_timeout))
        .input_buffer_size(BUFFER)
        .output_buffer_size(BUFFER)
        .max_idle_connections(MAX_IDLE)
        .max_idle_connections_per_host(MAX_IDLE)
        .build()
}

/// Forgets the addresses of a host that could not be connected to.
#[derive(Debug)]
struct Forgetting<C> {
    chain: C,
    resolver: RememberingResolver,
}

impl<C: Connector> Connector for Forgetting<C> {
    type Out = C::Out;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let outcome = self.chain.connect(details, chained);
        if outcome.is_err() {
            self.resolver.forget(details.uri);
        }
        outcome
    }
}
