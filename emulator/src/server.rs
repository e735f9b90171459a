//! Listening: the doors of an emulator, the connections that come in, and what they share.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::connection::{Origin, serve};
use crate::fault::{Action, Close, CloseWhen, Delay, Fault, On};
use crate::http::Connection;
use crate::journal::{Arrival, Counts, State, Ticket};
use crate::jwt::Signer;
use crate::service::Service;

/// What the connections of one emulator share.
pub(crate) struct Shared {
    pub(crate) signer: Signer,
    service: Mutex<Service>,
    last_connection: AtomicU64,
    /// Told whenever something happened that [`State`] shows.
    changed: Notify,
}

impl Shared {
    pub(crate) fn new(signer: Signer, service: Service) -> Self {
        Shared {
            signer,
            service: Mutex::new(service),
            last_connection: AtomicU64::new(0),
            changed: Notify::new(),
        }
    }

    pub(crate) fn service(&self) -> MutexGuard<'_, Service> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state(&self) -> State {
        self.service().state()
    }

    /// Queues all of them or, if one is wrong, none.
    pub(crate) fn add_faults(&self, faults: Vec<Fault>) -> Result<(), String> {
        faults.iter().try_for_each(Fault::check)?;
        let mut service = self.service();
        for fault in faults {
            service.faults.push(fault);
        }
        Ok(())
    }

    pub(crate) fn take_fault(&self, on: On, connection: u64) -> Option<Arc<Fault>> {
        self.change(|service| {
            let fault = service.faults.take(on, connection)?;
            service.journal.counts.faults_served += 1;
            Some(fault)
        })
    }

    pub(crate) fn arrived(&self, arrival: Arrival<'_>) -> Ticket {
        self.change(|service| service.journal.arrived(arrival))
    }

    /// See [`Journal::answered`](crate::journal::Journal::answered).
    pub(crate) fn answered(&self, ticket: Ticket, status: Option<u16>) {
        self.change(|service| service.journal.answered(ticket, status));
    }

    fn count(&self, count: impl FnOnce(&mut Counts)) {
        self.change(|service| count(&mut service.journal.counts));
    }

    /// Lets go on what is held now.
    pub(crate) fn release(&self) {
        self.change(|service| service.releases += 1);
    }

    /// How often that was done.
    pub(crate) fn releases(&self) -> u64 {
        self.service().releases
    }

    /// Waits until it was done more often than that.
    pub(crate) async fn until_released(&self, before: u64) {
        self.until(|shared| shared.releases() != before).await;
    }

    /// Does something to the service that those who wait should see.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Service) -> T) -> T {
        let done = change(&mut self.service());
        self.changed.notify_waiters();
        done
    }

    /// Waits until all is as wanted. False if it is not so in time.
    pub(crate) async fn wait_until(
        &self,
        wanted: impl Fn(&Shared) -> bool,
        limit: Duration,
    ) -> bool {
        timeout(limit, self.until(wanted)).await.is_ok()
    }

    async fn until(&self, wanted: impl Fn(&Shared) -> bool) {
        loop {
            let changed = self.changed.notified();
            if wanted(self) {
                return;
            }
            changed.await;
        }
    }
}

/// A socket that listens, and what it speaks.
pub(crate) struct Door {
    pub(crate) listener: std::net::TcpListener,
    pub(crate) tls: Option<Arc<ServerConfig>>,
    pub(crate) control_only: bool,
}

impl Door {
    /// Takes in connections until its task is dropped. To be called within a runtime.
    pub(crate) fn open(self, shared: &Arc<Shared>) -> io::Result<()> {
        let listener = TcpListener::from_std(self.listener)?;
        let acceptor = self.tls.map(TlsAcceptor::from);
        let shared = Arc::clone(shared);
        let control_only = self.control_only;
        tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let (shared, acceptor) = (Arc::clone(&shared), acceptor.clone());
                        tokio::spawn(async move {
                            admit(&shared, stream, acceptor, control_only).await;
                        });
                    }
                    // Out of descriptors, mostly: some may be free soon.
                    Err(_) => sleep(Duration::from_millis(10)).await,
                }
            }
        });
        Ok(())
    }
}

/// Takes a connection up to its first request.
async fn admit(
    shared: &Shared,
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    control_only: bool,
) {
    let _ = stream.set_nodelay(true);
    let id = shared.last_connection.fetch_add(1, Ordering::Relaxed) + 1;
    if control_only {
        return serve(shared, stream, Origin { id, tls: false, control_only }).await;
    }
    shared.count(|counts| counts.connections += 1);
    let fault = shared.take_fault(On::Connection, id);
    let close = fault.as_ref().and_then(|fault| match fault.action {
        Action::Close(Close { when: CloseWhen::AfterHandshake, rst }) => Some(rst),
        _ => None,
    });
    let stream = match fault {
        Some(fault) if close.is_none() || acceptor.is_none() => survive(&fault, stream).await,
        Some(fault) => {
            sleep(Duration::from_millis(fault.delay_ms)).await;
            Some(stream)
        }
        None => Some(stream),
    };
    let Some(stream) = stream else { return };
    let Some(acceptor) = acceptor else {
        serve(shared, stream, Origin { id, tls: false, control_only }).await;
        return shared.change(|service| service.faults.connection_ended(id));
    };
    match acceptor.accept(stream).into_fallible().await {
        Ok(stream) => {
            shared.count(|counts| counts.tls_handshakes += 1);
            if let Some(rst) = close {
                return Connection::new(stream).abort(rst);
            }
            serve(shared, stream, Origin { id, tls: true, control_only }).await;
            shared.change(|service| service.faults.connection_ended(id));
        }
        Err((_, stream)) => {
            shared.count(|counts| counts.tls_failures += 1);
            // The alert is on its way.
            Connection::new(stream).close_unread().await;
        }
    }
}

/// Gives back the connection if the fault does not end it.
async fn survive(fault: &Fault, stream: TcpStream) -> Option<TcpStream> {
    sleep(Duration::from_millis(fault.delay_ms)).await;
    if let Action::Delay(Delay { ms, .. }) = fault.action {
        sleep(Duration::from_millis(ms)).await;
        return Some(stream);
    }
    if matches!(
        fault.action,
        Action::Close(Close { when: CloseWhen::MidHandshake, .. })
            | Action::Alert { .. }
            | Action::ServerHello { .. }
    ) {
        // What is unread when a connection is closed makes the end a reset. An error says that the
        // client is gone.
        let _ = stream.readable().await;
        let _ = stream.try_read(&mut [0; 16 * 1024]);
    }
    let mut connection = Connection::new(stream);
    match &fault.action {
        Action::Close(Close { rst, .. }) => connection.abort(*rst),
        Action::Garbage { bytes } => {
            say(connection, &bytes.0).await;
        }
        Action::Alert { description } => say(connection, &record(21, &[2, *description])).await,
        Action::ServerHello { version, cipher } => {
            say(connection, &record(22, &server_hello(*version, *cipher))).await;
        }
        _ => connection.until_gone().await,
    }
    None
}

async fn say(mut connection: Connection<TcpStream>, bytes: &[u8]) {
    if connection.send(bytes).await.is_ok() {
        connection.close_unread().await;
    }
}

/// A record of TLS without encryption: its type, a version that all accept, its length.
fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("a short one");
    [&[kind, 3, 3], &length.to_be_bytes()[..], content].concat()
}

/// With a random of 32 bytes, no session and no extensions.
fn server_hello(version: u16, cipher: u16) -> Vec<u8> {
    let parts = [&version.to_be_bytes()[..], &[7; 32], &[0], &cipher.to_be_bytes(), &[0]].concat();
    [&[2, 0, 0, u8::try_from(parts.len()).expect("38")], &parts[..]].concat()
}
