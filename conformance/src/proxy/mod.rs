//! A small proxy: tunnels by CONNECT or SOCKS, checks credentials, and answers what it is told to.

mod http;
mod settings;
mod socks;

use std::io::{self, Read};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use frontegg_emulator::TlsFront;
use serde::Serialize;
use socket2::Socket;

pub(crate) use settings::Settings;
use settings::{Answer, Protocol, Then};

/// A running proxy.
pub(crate) struct Proxy {
    /// Where it listens itself, without TLS.
    plain: SocketAddr,
    front: Option<TlsFront>,
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    seen: AtomicUsize,
    log: Mutex<Vec<Request>>,
    stopped: (Mutex<bool>, Condvar),
}

/// A request that the proxy saw.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Request {
    method: String,
    target: String,
    credentials: Credentials,
    /// Its answer, or the code of a reply by SOCKS; nothing if none was given.
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
    pub(crate) fn start(settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let plain = listener.local_addr()?;
        let front = match settings.protocol {
            Protocol::Https => Some(TlsFront::start(plain)?),
            _ => None,
        };
        let shared = Arc::new(Shared {
            settings,
            seen: AtomicUsize::new(0),
            log: Mutex::default(),
            stopped: Default::default(),
        });
        let ours = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ours.is_stopped() {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let shared = ours.clone();
                // An error means that one end is gone, which is the end of it.
                thread::spawn(move || shared.serve(stream));
            }
        });
        Ok(Proxy { plain, front, shared })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.front.as_ref().map_or(self.plain, TlsFront::address)
    }

    /// What it saw so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let (stopped, told) = &self.shared.stopped;
        *stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        told.notify_all();
        // Wakes the loop that accepts.
        let _ = TcpStream::connect(self.plain);
    }
}

impl Shared {
    fn serve(&self, client: TcpStream) -> io::Result<()> {
        let _ = client.set_nodelay(true);
        if self.settings.deaf {
            self.until_stopped();
            return Ok(());
        }
        match self.settings.protocol {
            Protocol::Http | Protocol::Https => self.serve_http(client),
            Protocol::Socks => self.serve_socks(client),
        }
    }

    fn until_stopped(&self) {
        let (stopped, told) = &self.stopped;
        let mut stopped = stopped.lock().unwrap_or_else(PoisonError::into_inner);
        while !*stopped {
            stopped = told.wait(stopped).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn is_stopped(&self) -> bool {
        *self.stopped.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was said of the next request.
    fn next_answer(&self) -> Option<Answer> {
        self.settings.answer(self.seen.fetch_add(1, Ordering::Relaxed))
    }

    fn connect(&self, target: &str) -> Option<TcpStream> {
        let service = TcpStream::connect(self.settings.route.as_deref().unwrap_or(target)).ok()?;
        let _ = service.set_nodelay(true);
        Some(service)
    }

    fn note(&self, request: Request) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    }

    /// What happens after the answer.
    fn go_on(
        client: TcpStream,
        service: Option<TcpStream>,
        then: Then,
        carry: Option<u64>,
    ) -> io::Result<()> {
        match (then, service) {
            (Then::Tunnel, Some(service)) => tunnel(client, service, carry),
            (Then::Hang, _) => http::until_gone(client),
            (Then::Reset, _) => Socket::from(client).set_linger(Some(Duration::ZERO)),
            _ => Ok(()),
        }
    }
}

impl Credentials {
    fn compare(given: Option<&str>, wanted: Option<&str>) -> Self {
        match given {
            None => Credentials::None,
            Some(_) if given == wanted => Credentials::Right,
            Some(_) => Credentials::Wrong,
        }
    }
}

/// Carries bytes both ways until both ends have said their last, or so many came back.
fn tunnel(client: TcpStream, service: TcpStream, carry: Option<u64>) -> io::Result<()> {
    let (client_out, service_in) = (client.try_clone()?, service.try_clone()?);
    let back = thread::spawn(move || match carry {
        None => copy(service_in, client_out),
        Some(bytes) => {
            let _ = io::copy(&mut service_in.take(bytes), &mut &client_out);
            let _ = client_out.shutdown(Shutdown::Both);
        }
    });
    copy(client, service);
    let _ = back.join();
    Ok(())
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use serde_json::json;

    use super::*;

    fn exchange(proxy: &Proxy, request: &str) -> String {
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn settings(json: serde_json::Value) -> Settings {
        let settings: Settings = serde_json::from_value(json).unwrap();
        settings.check().unwrap();
        settings
    }

    /// A service that sends back each byte plus one.
    fn service() -> SocketAddr {
        let service = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = service.local_addr().unwrap();
        thread::spawn(move || {
            for stream in service.incoming() {
                let mut stream = stream.unwrap();
                let mut byte = [0];
                while stream.read_exact(&mut byte).is_ok() {
                    stream.write_all(&[byte[0] + 1]).unwrap();
                }
            }
        });
        address
    }

    fn seen(proxy: &Proxy) -> serde_json::Value {
        json!(proxy.requests())
    }

    #[test]
    fn it_tunnels_whom_it_knows_and_refuses_the_rest() {
        let target = service();
        let proxy =
            Proxy::start(settings(json!({"credentials": "user:pass", "refuse": [503]}))).unwrap();
        let connect = format!("CONNECT {target} HTTP/1.1\r\n");
        let authorization = format!("Proxy-Authorization: Basic {}\r\n", "dXNlcjpwYXNz");
        assert!(exchange(&proxy, &format!("{connect}\r\n")).starts_with("HTTP/1.1 503"));
        assert!(exchange(&proxy, &format!("{connect}\r\n")).starts_with("HTTP/1.1 407"));
        let answer = exchange(&proxy, &format!("{connect}{authorization}\r\nx"));
        assert_eq!(answer, "HTTP/1.1 200 Connection established\r\n\r\ny");
        let request = |credentials: &str, status: u16| json!({"method": "CONNECT", "target": target.to_string(), "credentials": credentials, "status": status});
        let expected = [request("none", 503), request("none", 407), request("right", 200)];
        assert_eq!(seen(&proxy), json!(expected));
    }

    #[test]
    fn it_answers_what_it_is_told_to() {
        let target = service();
        let proxy = Proxy::start(settings(json!({"answers": [
            {"status": 407, "headers": {"Proxy-Authenticate": ["Negotiate", "NTLM"]}, "body": "no"},
            {"interim": [{"status": 100}, {"status": 103, "headers": {"a": "b"}}], "status": 204,
             "headers": {"content-length": "0"}, "body": {"base64": "AQI="}},
            {"raw": "HTTP/1.1 200", "then": "reset"},
            {"filler_headers": {"count": 2, "bytes": 50}, "then": "close"},
            {"carry": 1, "times": 0},
        ]})))
        .unwrap();
        let connect = format!("CONNECT {target} HTTP/1.1\r\n\r\n");
        assert_eq!(
            exchange(&proxy, &connect),
            "HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\nno"
        );
        assert_eq!(
            exchange(&proxy, &format!("{connect}a")),
            "HTTP/1.1 100 Wait\r\n\r\nHTTP/1.1 103 Wait\r\na: b\r\n\r\n\
             HTTP/1.1 204 Connection established\r\ncontent-length: 0\r\n\r\n\u{1}\u{2}b"
        );
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        stream.write_all(connect.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let error = stream.read_to_end(&mut answer).unwrap_err();
        assert_eq!(
            (error.kind(), &*answer),
            (io::ErrorKind::ConnectionReset, &b"HTTP/1.1 200"[..])
        );
        assert_eq!(
            exchange(&proxy, &connect),
            "HTTP/1.1 200 Connection established\r\nx-filler-1: fffffffffff\r\nx-filler-2: fffffffffff\r\n\r\n"
        );
        for _ in 0..2 {
            let answer = exchange(&proxy, &format!("{connect}ab"));
            assert_eq!(answer, "HTTP/1.1 200 Connection established\r\n\r\nb");
        }
        let seen = proxy.requests();
        let statuses: Vec<_> = seen.iter().map(|request| request.status.unwrap()).collect();
        assert_eq!(statuses, [407, 204, 200, 200, 200, 200]);
    }

    /// Sends and compares in turn, until the proxy closes or the last is done.
    fn dialogue(proxy: &Proxy, parts: &[(&[u8], &[u8])]) {
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        for (send, expect) in parts {
            stream.write_all(send).unwrap();
            let mut got = vec![0; expect.len()];
            stream.read_exact(&mut got).unwrap();
            assert_eq!(got, *expect);
        }
    }

    #[test]
    fn it_speaks_socks() {
        let target = service();
        let port = target.port().to_be_bytes();
        let proxy = Proxy::start(settings(json!({"protocol": "socks"}))).unwrap();
        let by_name = [&b"\x05\x01\x00\x03\x09localhost"[..], &port].concat();
        let by_address = [&b"\x05\x01\x00\x01\x7f\x00\x00\x01"[..], &port].concat();
        let done = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
        let greeting = (&b"\x05\x02\x00\x02"[..], &b"\x05\x00"[..]);
        dialogue(&proxy, &[greeting, (&by_name, done), (b"a", b"b")]);
        dialogue(&proxy, &[greeting, (&by_address, done), (b"a", b"b")]);
        let socks4 = [&b"\x04\x01"[..], &port, b"\x7f\x00\x00\x01\x00"].concat();
        let socks4a = [&b"\x04\x01"[..], &port, b"\x00\x00\x00\x01me\x00localhost\x00"].concat();
        let granted = b"\x00\x5a\x00\x00\x00\x00\x00\x00";
        dialogue(&proxy, &[(&socks4, granted), (b"a", b"b")]);
        dialogue(&proxy, &[(&socks4a, granted), (b"a", b"b")]);
        let request = |method: &str, host: &str, credentials: &str, status: u16| json!({"method": method, "target": format!("{host}:{}", target.port()), "credentials": credentials, "status": status});
        assert_eq!(
            seen(&proxy),
            json!([
                request("SOCKS5", "localhost", "none", 0),
                request("SOCKS5", "127.0.0.1", "none", 0),
                request("SOCKS4", "127.0.0.1", "none", 0x5A),
                request("SOCKS4a", "localhost", "wrong", 0x5A),
            ])
        );
    }

    #[test]
    fn socks_checks_credentials_and_refuses() {
        let target = service();
        let proxy = Proxy::start(settings(json!({
            "protocol": "socks", "credentials": "me:pw",
            "answers": [{"code": 2}, {"method": "HTTP/1.1 400 Bad\r\n\r\n"}],
        })))
        .unwrap();
        let connect =
            [&b"\x05\x01\x00\x03\x09localhost"[..], &target.port().to_be_bytes()].concat();
        let asks = (&b"\x05\x01\x02"[..], &b"\x05\x02"[..]);
        let right = (&b"\x01\x02me\x02pw"[..], &b"\x01\x00"[..]);
        let refused = (&connect[..], &b"\x05\x02"[..]);
        dialogue(&proxy, &[asks, right, refused]);
        dialogue(&proxy, &[(asks.0, b"HTTP/1.1 400 Bad\r\n\r\n")]);
        dialogue(&proxy, &[asks, (b"\x01\x02me\x02no", b"\x01\x01")]);
        dialogue(&proxy, &[(b"\x05\x01\x00", b"\x05\xff")]);
        dialogue(&proxy, &[asks, right, (&connect, b"\x05\x00")]);
        let seen = proxy.requests();
        let seen: Vec<_> = seen.iter().map(|it| (it.credentials, it.status.unwrap())).collect();
        let expected = [
            (Credentials::Right, 2),
            (Credentials::None, 0),
            (Credentials::Wrong, 1),
            (Credentials::None, 0xFF),
            (Credentials::Right, 0),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_deaf_one_keeps_connections_until_it_is_stopped() {
        let proxy = Proxy::start(settings(json!({"deaf": true}))).unwrap();
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        assert!(stream.read(&mut [0]).is_err());
        assert!(proxy.requests().is_empty());
        drop(proxy);
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn an_answer_that_never_comes_is_a_mistake() {
        for settings in [
            json!({"answers": [{"times": 0}, {}]}),
            json!({"answers": [{}], "refuse": [403]}),
            json!({"answers": [{"status": 100}]}),
        ] {
            let settings: Settings = serde_json::from_value(settings).unwrap();
            assert!(settings.check().is_err());
        }
    }
}
