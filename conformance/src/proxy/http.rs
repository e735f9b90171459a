//! CONNECT.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use frontegg_emulator::Headers;

use super::settings::{Answer, Then};
use super::{Credentials, Request, Shared};

const MAX_HEAD: usize = 16 * 1024;

impl Shared {
    pub(super) fn serve_http(&self, mut client: TcpStream) -> io::Result<()> {
        let head = read_head(&mut client)?;
        let mut words = head.split_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default().to_owned();
        let credentials = self.credentials_of(&head);
        let answer = self.next_answer().unwrap_or_else(|| {
            if self.settings.credentials.is_some() && credentials != Credentials::Right {
                Answer::refusal(407)
            } else if method != "CONNECT" {
                Answer::refusal(405)
            } else {
                Answer::default()
            }
        });
        if self.settings.hang {
            self.note(Request { method, target, credentials, status: None });
            return until_gone(client);
        }
        let mut then = answer.then((200..300).contains(&answer.status));
        let service = if then == Then::Tunnel { self.connect(&target) } else { None };
        let mut status = answer.status;
        let mut bytes = answer.encode();
        if then == Then::Tunnel && service.is_none() {
            (status, then, bytes) = (502, Then::Close, Answer::refusal(502).encode());
        }
        self.note(Request { method, target, credentials, status: Some(status) });
        for interim in &answer.interim {
            client.write_all(&head_of(interim.status, &interim.headers))?;
        }
        client.write_all(&bytes)?;
        Self::go_on(client, service, then, answer.carry)
    }

    fn credentials_of(&self, head: &str) -> Credentials {
        let given = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("proxy-authorization").then(|| value.trim())
        });
        let wanted = self.settings.credentials.as_ref();
        let wanted = wanted.map(|pair| format!("Basic {}", BASE64_STANDARD.encode(pair)));
        Credentials::compare(given, wanted.as_deref())
    }
}

impl Answer {
    fn encode(&self) -> Vec<u8> {
        if let Some(raw) = &self.raw {
            return raw.0.clone();
        }
        let mut headers = self.headers.clone();
        if let Some(filler) = self.filler_headers {
            for number in 1..=filler.count {
                let name = format!("x-filler-{number}");
                let length = (filler.bytes / filler.count).saturating_sub(name.len() + 4);
                headers.insert(name, frontegg_emulator::Values(vec!["f".repeat(length)]));
            }
        }
        let mut bytes = head_of(self.status, &headers);
        bytes.extend(&self.body.0);
        bytes
    }
}

fn head_of(status: u16, headers: &Headers) -> Vec<u8> {
    let reason = match status {
        100..200 => "Wait",
        200..300 => "Connection established",
        _ => "No",
    };
    let mut head = format!("HTTP/1.1 {status} {reason}\r\n");
    for (name, values) in headers {
        for value in &values.0 {
            let _ = write!(head, "{name}: {value}\r\n");
        }
    }
    head.push_str("\r\n");
    head.into_bytes()
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

/// Reads on, to no end but to learn that the client is gone.
pub(super) fn until_gone(mut client: TcpStream) -> io::Result<()> {
    io::copy(&mut client, &mut io::sink()).map(drop)
}
