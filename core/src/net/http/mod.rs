//! One HTTP exchange over ureq: limits, time-outs, roots, proxy, connection reuse.

mod answer;
mod connector;
mod exchanging;
mod in_flight;
mod pool;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ureq::Agent;
use ureq::config::Config;
use ureq::http::{HeaderMap, Request, Uri};

use self::connector::{LaterResolver, NetConnector};
use self::in_flight::InFlight;
use super::client_certificate::ClientCertificate;
use super::failure::Failure;
use super::lookups::{Key, Lookups};
use super::proxy_server::ProxyServer;
use super::roots::Roots;
use super::signal::Signal;
use crate::Code;
use crate::clock::from_now;
use crate::per_process::PerProcess;

pub(crate) use self::answer::Answer;
#[cfg(any(test, fuzzing))]
pub(super) use self::answer::read as read_answer;
pub(crate) use self::pool::KEPT_FOR;

/// What does not change from call to call.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The service's host and port.
    pub(crate) service: Key,
    /// Whether it is spoken to without TLS.
    pub(crate) is_plain: bool,
    pub(crate) connect_timeout: Duration,
    pub(crate) proxy: Option<ProxyServer>,
    pub(crate) roots: Roots,
    pub(crate) client_certificate: Option<ClientCertificate>,
    pub(crate) user_agent: String,
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
        self.live.get(|| Live::new(&self.settings)).signal.wait(duration, || false);
    }

    /// Sends one POST and reads its answer whole, or says what became of it.
    pub(crate) fn exchange(&self, exchange: &Exchange<'_>) -> Result<Answer, Failure> {
        let live = self.live.get(|| Live::new(&self.settings));
        if self.is_closed() {
            // A close that came before the agent was there could not shut it down.
            live.agent.clone().shutdown();
        }
        // As long as the true body, which ureq does not get to see.
        let mut request = Request::post(exchange.uri)
            .body(vec![0; exchange.body.len()])
            .expect("a valid URI makes a valid request");
        let open = exchange.headers.iter().filter(|(_, value)| !value.is_sensitive());
        request.headers_mut().extend(open.map(|(name, value)| (name.clone(), value.clone())));
        let until = from_now(exchange.timeout);
        let in_flight = InFlight::new(exchange.headers, exchange.body, until, exchange.max_idle);
        let mut unforeseen = None;
        let in_flight = in_flight.over(|| unforeseen = live.agent.run(request).err());
        match (in_flight.outcome, unforeseen) {
            (Some(outcome), _) => outcome,
            // Nothing was asked of a connection: the agent was shut down, say.
            (None, Some(error)) => Err(Failure::not_sent(Code::Internal, error.to_string())),
            (None, None) => Err(Failure::not_sent(Code::Internal, "no connection was used")),
        }
    }
}

impl Live {
    fn new(settings: &Arc<Settings>) -> Self {
        let signal = Arc::new(Signal::default());
        let connector = NetConnector {
            settings: settings.clone(),
            lookups: Lookups::new(signal.clone()),
            pool: Arc::default(),
            tls: OnceLock::new(),
        };
        Self { agent: Agent::with_parts(config(settings), connector, LaterResolver), signal }
    }
}

/// Time-outs, proxies and idle connections are not ureq's affair here.
fn config(settings: &Settings) -> Config {
    Config::builder()
        .proxy(None)
        .user_agent(&settings.user_agent)
        .accept("application/json")
        .accept_encoding("gzip")
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        .build()
}
