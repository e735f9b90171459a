//! SOCKS5 (RFC 1928, with user and password by RFC 1929), and SOCKS4a.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpStream};

use super::http::until_gone;
use super::settings::{Answer, Then};
use super::{Credentials, Request, Shared};

/// SOCKS5's codes.
const SUCCEEDED: u8 = 0;
const UNREACHABLE: u8 = 4;
/// Those of SOCKS4.
const GRANTED: u8 = 0x5A;
const REJECTED: u8 = 0x5B;

impl Shared {
    pub(super) fn serve_socks(&self, mut client: TcpStream) -> io::Result<()> {
        if self.settings.hang {
            let [version] = take(&mut client)?;
            let method = format!("SOCKS{version}");
            let credentials = Credentials::None;
            self.note(Request { method, target: String::new(), credentials, status: None });
            return until_gone(client);
        }
        match take(&mut client)? {
            [4] => self.serve_socks4(client),
            [5] => self.serve_socks5(client),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn serve_socks5(&self, mut client: TcpStream) -> io::Result<()> {
        let answer = self.next_answer();
        let [methods] = take(&mut client)?;
        let mut offered = vec![0; methods.into()];
        client.read_exact(&mut offered)?;
        let answer = answer.unwrap_or_default();
        let wanted = u8::from(self.settings.credentials.is_some()) * 2;
        let refused = |credentials, target: &str, status: u16| {
            let (method, target) = ("SOCKS5".to_owned(), target.to_owned());
            self.note(Request { method, target, credentials, status: Some(status) });
        };
        if let Some(method) = &answer.method {
            refused(Credentials::None, "", 0);
            client.write_all(&method.0)?;
            return Self::go_on(client, None, answer.then(false), None);
        }
        if !offered.contains(&wanted) {
            refused(Credentials::None, "", 0xFF);
            return client.write_all(&[5, 0xFF]);
        }
        client.write_all(&[5, wanted])?;
        let mut credentials = Credentials::None;
        if wanted == 2 {
            let [1] = take(&mut client)? else { return Err(io::ErrorKind::InvalidData.into()) };
            let given = format!("{}:{}", text(&mut client)?, text(&mut client)?);
            credentials = Credentials::compare(Some(&given), self.settings.credentials.as_deref());
            if credentials == Credentials::Wrong {
                refused(credentials, "", 1);
                return client.write_all(&[1, 1]);
            }
            client.write_all(&[1, 0])?;
        }
        let [5, 1, 0, kind] = take(&mut client)? else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let host = match kind {
            1 => Ipv4Addr::from(take::<4>(&mut client)?).to_string(),
            3 => text(&mut client)?,
            _ => format!("[{}]", Ipv6Addr::from(take::<16>(&mut client)?)),
        };
        let target = format!("{host}:{}", u16::from_be_bytes(take(&mut client)?));
        let mut code = answer.code.unwrap_or(SUCCEEDED);
        let (service, then) = self.lead(&target, &answer, code == SUCCEEDED);
        if then == Then::Tunnel && service.is_none() {
            code = UNREACHABLE;
        }
        let method = "SOCKS5".into();
        self.note(Request { method, target, credentials, status: Some(code.into()) });
        let mut reply = match &answer.raw {
            Some(raw) => raw.0.clone(),
            None => vec![5, code, 0, 1, 0, 0, 0, 0, 0, 0],
        };
        reply.extend(&answer.body.0);
        client.write_all(&reply)?;
        Self::go_on(client, service, then, answer.carry)
    }

    fn serve_socks4(&self, mut client: TcpStream) -> io::Result<()> {
        let answer = self.next_answer().unwrap_or_default();
        let [1] = take(&mut client)? else { return Err(io::ErrorKind::InvalidData.into()) };
        let port = u16::from_be_bytes(take(&mut client)?);
        let address: [u8; 4] = take(&mut client)?;
        let user = text_to_nul(&mut client)?;
        let named = matches!(address, [0, 0, 0, last] if last != 0);
        let host =
            if named { text_to_nul(&mut client)? } else { Ipv4Addr::from(address).to_string() };
        let wanted = self.settings.credentials.as_deref();
        let wanted = wanted.map(|pair| pair.split_once(':').map_or(pair, |(user, _)| user));
        let given = (!user.is_empty()).then_some(user.as_str());
        let credentials = Credentials::compare(given, wanted);
        let target = format!("{host}:{port}");
        let known = wanted.is_none() || credentials == Credentials::Right;
        let mut code = answer.code.unwrap_or(if known { GRANTED } else { REJECTED });
        let (service, then) = self.lead(&target, &answer, code == GRANTED);
        if then == Then::Tunnel && service.is_none() {
            code = REJECTED;
        }
        let method = if named { "SOCKS4a" } else { "SOCKS4" }.into();
        self.note(Request { method, target, credentials, status: Some(code.into()) });
        let mut reply = match &answer.raw {
            Some(raw) => raw.0.clone(),
            None => vec![0, code, 0, 0, 0, 0, 0, 0],
        };
        reply.extend(&answer.body.0);
        client.write_all(&reply)?;
        Self::go_on(client, service, then, answer.carry)
    }

    fn lead(&self, target: &str, answer: &Answer, success: bool) -> (Option<TcpStream>, Then) {
        let then = answer.then(success);
        (if then == Then::Tunnel { self.connect(target) } else { None }, then)
    }
}

fn take<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A text behind its length.
fn text(stream: &mut TcpStream) -> io::Result<String> {
    let [length] = take(stream)?;
    let mut bytes = vec![0; length.into()];
    stream.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn text_to_nul(stream: &mut TcpStream) -> io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        match take(stream)? {
            [0] => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
            [byte] if bytes.len() < 512 => bytes.push(byte),
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
}
