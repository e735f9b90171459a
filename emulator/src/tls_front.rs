//! TLS in front of a server that speaks none.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::pki::{self, Face, Wants};

/// Ends TLS with a certificate of the [CA](crate::Emulator::ca_pem) in front of another server on
/// this host, such as a proxy. Dropping it stops it at once and breaks its connections.
pub struct TlsFront {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TlsFront {
    /// Listens on a free port of the loopback address, and passes on to `server` what it decrypts.
    pub fn start(server: SocketAddr) -> io::Result<Self> {
        let host = Ipv4Addr::LOCALHOST.into();
        let authority = pki::authority()?;
        let shown = authority.shown(Face::Good(&[], host))?;
        let acceptor = TlsAcceptor::from(authority.server(&shown, Wants::Nothing)?);
        let listener = std::net::TcpListener::bind((host, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let listener = TcpListener::from_std(listener)?;
        drop(entered);
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("tls-front".into()).spawn(move || {
            runtime.spawn(async move {
                // A listener on the loopback address fails where there are no descriptors.
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(pass_on(acceptor.clone(), client, server));
                }
            });
            // An error says that the sender is gone, and means the same.
            let _ = runtime.block_on(stopped);
            runtime.shutdown_timeout(Duration::from_secs(1));
        })?;
        Ok(TlsFront { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn pass_on(acceptor: TlsAcceptor, client: TcpStream, server: SocketAddr) {
    let _ = client.set_nodelay(true);
    let Ok(mut client) = acceptor.accept(client).await else { return };
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let _ = server.set_nodelay(true);
    // An error says that one end is gone, which is the end of it.
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for TlsFront {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsFront").field("address", &self.address).finish_non_exhaustive()
    }
}
