//! A small proxy: tunnels by CONNECT, checks credentials, refuses on demand.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use crate::scenario;

const MAX_HEAD: usize = 16 * 1024;

/// A running proxy.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    settings: scenario::Proxy,
    seen: AtomicUsize,
    log: Mutex<Vec<Request>>,
    stopped: AtomicBool,
}

/// A request that the proxy saw.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Request {
    method: String,
    target: String,
    credentials: Credentials,
    /// Its answer; nothing if none was given.
    status: Option<u16>,
}

/// What a request had to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Credentials {
    None,
    Right,
    Wrong,
}

impl Proxy {
    pub(crate) fn start(settings: scenario::Proxy) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            settings,
            seen: AtomicUsize::new(0),
            log: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let ours = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ours.stopped.load(Ordering::Acquire) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let shared = ours.clone();
                // An error means that one end is gone, which is the end of it.
                thread::spawn(move || shared.serve(stream));
            }
        });
        Ok(Proxy { address, shared })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it saw so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Release);
        // Wakes the loop that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let head = read_head(&mut client)?;
        let mut words = head.split_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default().to_owned();
        let credentials = self.credentials(&head);
        let number = self.seen.fetch_add(1, Ordering::Relaxed);
        let refusal = if let Some(status) = self.settings.refuse.get(number) {
            Some(*status)
        } else if self.settings.credentials.is_some() && credentials != Credentials::Right {
            Some(407)
        } else {
            (method != "CONNECT").then_some(405)
        };
        let service = match refusal {
            None if !self.settings.hang => {
                TcpStream::connect(self.settings.route.as_ref().unwrap_or(&target)).ok()
            }
            _ => None,
        };
        let status = match (&service, refusal) {
            _ if self.settings.hang => None,
            (_, Some(status)) => Some(status),
            (Some(_), None) => Some(200),
            (None, None) => Some(502),
        };
        let request = Request { method, target, credentials, status };
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        match (status, service) {
            (Some(200), Some(service)) => {
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
                tunnel(client, service)
            }
            (Some(status), _) => {
                let answer = format!(
                    "HTTP/1.1 {status} No\r\nproxy-authenticate: Basic realm=\"proxy\"\r\n\
                     content-length: 0\r\nconnection: close\r\n\r\n"
                );
                client.write_all(answer.as_bytes())
            }
            (None, _) => io::copy(&mut client, &mut io::sink()).map(drop),
        }
    }

    fn credentials(&self, head: &str) -> Credentials {
        let given = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("proxy-authorization").then(|| value.trim())
        });
        let wanted = self.settings.credentials.as_ref();
        let wanted = wanted.map(|pair| format!("Basic {}", BASE64_STANDARD.encode(pair)));
        match given {
            None => Credentials::None,
            Some(given) if Some(given) == wanted.as_deref() => Credentials::Right,
            Some(_) => Credentials::Wrong,
        }
    }
}

/// Reads up to the empty line, byte by byte so as to leave what follows.
fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
        if head.len() > MAX_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Carries bytes both ways until both ends have said their last.
fn tunnel(client: TcpStream, service: TcpStream) -> io::Result<()> {
    let (client_out, service_in) = (client.try_clone()?, service.try_clone()?);
    let back = thread::spawn(move || carry(service_in, client_out));
    carry(client, service);
    let _ = back.join();
    Ok(())
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(proxy: &Proxy, request: &str) -> String {
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn it_tunnels_whom_it_knows_and_refuses_the_rest() {
        let service = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let target = service.local_addr().unwrap();
        let echo = thread::spawn(move || {
            let (mut stream, _) = service.accept().unwrap();
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            stream.write_all(&byte).unwrap();
        });
        let settings = scenario::Proxy {
            credentials: Some("user:pass".into()),
            refuse: vec![503],
            ..scenario::Proxy::default()
        };
        let proxy = Proxy::start(settings).unwrap();
        let connect = format!("CONNECT {target} HTTP/1.1\r\n");
        let authorization = format!("Proxy-Authorization: Basic {}\r\n", "dXNlcjpwYXNz");
        assert!(exchange(&proxy, &format!("{connect}\r\n")).starts_with("HTTP/1.1 503"));
        assert!(exchange(&proxy, &format!("{connect}\r\n")).starts_with("HTTP/1.1 407"));
        let answer = exchange(&proxy, &format!("{connect}{authorization}\r\nx"));
        assert_eq!(answer, "HTTP/1.1 200 Connection established\r\n\r\nx");
        echo.join().unwrap();
        let seen: Vec<_> = proxy.requests().iter().map(|it| (it.credentials, it.status)).collect();
        let expected = [
            (Credentials::None, Some(503)),
            (Credentials::None, Some(407)),
            (Credentials::Right, Some(200)),
        ];
        assert_eq!(seen, expected);
    }
}
