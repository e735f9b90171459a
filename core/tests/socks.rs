//! Through a SOCKS5 proxy, with and without a password. (CONNECT is for the conformance
//! scenarios.)

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use frontegg_emulator::{Algorithm, Emulator, Options};
use frontegg_token::{Client, Code, Credentials, Endpoint, RetryPolicy, Roots};

/// A SOCKS5 proxy that leads everything to one port, and says which port was asked for. With a
/// password it asks for `user` and that.
fn proxy(port: u16, password: Option<&'static str>) -> (u16, Receiver<u16>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, ports) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let asked = asked.clone();
            thread::spawn(move || {
                serve(stream.unwrap(), port, password, &|port| asked.send(port).unwrap());
            });
        }
    });
    (address.port(), ports)
}

fn take<const N: usize>(stream: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

fn text(stream: &mut TcpStream) -> String {
    let [length] = take(stream);
    let mut bytes = vec![0; length.into()];
    stream.read_exact(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn serve(mut client: TcpStream, port: u16, password: Option<&str>, asked: &dyn Fn(u16)) {
    let [5, methods] = take(&mut client) else { panic!("not SOCKS5") };
    let mut offered = vec![0; methods.into()];
    client.read_exact(&mut offered).unwrap();
    if let Some(password) = password {
        client.write_all(&[5, 2]).unwrap();
        let [1] = take(&mut client) else { panic!("another version") };
        let right = text(&mut client) == "user" && text(&mut client) == password;
        client.write_all(&[1, u8::from(!right)]).unwrap();
        if !right {
            return;
        }
    } else {
        client.write_all(&[5, 0]).unwrap();
    }
    let [5, 1, 0, kind] = take(&mut client) else { panic!("not a CONNECT") };
    match kind {
        1 => drop(take::<4>(&mut client)),
        3 => drop(text(&mut client)),
        _ => drop(take::<16>(&mut client)),
    }
    asked(u16::from_be_bytes(take(&mut client)));
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    let mut service = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (mut back, mut from) = (client.try_clone().unwrap(), service.try_clone().unwrap());
    thread::spawn(move || std::io::copy(&mut from, &mut back));
    let _ = std::io::copy(&mut client, &mut service);
}

#[test]
fn a_service_is_reached_through_socks() {
    let options = Options { algorithm: Algorithm::HS256, ..Options::default() };
    let emulator = Emulator::start(options).unwrap();
    let port = emulator.https_url().rsplit(':').next().unwrap().parse().unwrap();
    let credentials = Credentials::new(emulator.client_id(), emulator.secret()).unwrap();
    let client = |proxy: String| {
        Client::builder(Endpoint::url(&format!("https://localhost:{port}")).unwrap())
            .roots(Roots::pem(emulator.ca_pem().as_bytes()))
            .retry(RetryPolicy::NONE)
            .proxy(proxy.parse().unwrap())
            .build()
            .unwrap()
    };

    let (open, ports) = proxy(port, None);
    let through = client(format!("socks5://127.0.0.1:{open}"));
    let tokens = through.authenticate(&credentials).unwrap();
    through.refresh(tokens.refresh_token().unwrap()).unwrap();
    assert_eq!(ports.try_iter().collect::<Vec<_>>(), [port], "one connection for both");

    let (locked, ports) = proxy(port, Some("p@ss"));
    client(format!("socks5://user:p%40ss@127.0.0.1:{locked}")).authenticate(&credentials).unwrap();
    assert_eq!(ports.try_iter().count(), 1);
    let error = client(format!("socks5://user:planted@127.0.0.1:{locked}"))
        .authenticate(&credentials)
        .unwrap_err();
    assert_eq!(error.code(), Code::Proxy, "{error}");
    assert!(!format!("{error:?}").contains("planted"));
}
