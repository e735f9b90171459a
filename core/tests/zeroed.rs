//! What is confidential is zeroed: after calls, with the connection still open, nothing of it is
//! in the memory of the process. Looked for in a process of its own, where nobody else has it.
//!
//! Over TLS that holds for what is sent. Of what comes, rustls makes a copy that it does not zero.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::process::{Command, Stdio};

use frontegg_emulator::{Algorithm, Emulator, Options};
use frontegg_token::{Client, Credentials, Endpoint, Proxy, RetryPolicy, Roots};

const CHILD: &str = "FRONTEGG_TEST_ZEROED";
/// What this process has of confidential texts it has with each bit of these turned.
const MASK: u8 = 0x55;

fn masked(text: &[u8]) -> Vec<u8> {
    text.iter().map(|byte| byte ^ MASK).collect()
}

#[test]
fn nothing_confidential_is_left_behind() {
    if let Ok(url) = std::env::var(CHILD) {
        return child(&url);
    }
    let options = Options { algorithm: Algorithm::HS256, ..Options::default() };
    let emulator = Emulator::start(options).unwrap();
    for (url, count) in [(emulator.http_url(), 5), (emulator.https_url(), 1)] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "nothing_confidential_is_left_behind", "--nocapture"])
            .env(CHILD, url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let parts = [emulator.client_id(), emulator.ca_pem()];
        for part in parts
            .map(|part| part.as_bytes().to_vec())
            .into_iter()
            .chain([masked(emulator.secret().as_bytes())])
        {
            input.write_all(&u32::try_from(part.len()).unwrap().to_be_bytes()).unwrap();
            input.write_all(&part).unwrap();
        }
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let looked = format!("looked for {count}");
        assert!(output.status.success() && said.contains(&looked), "{url}: {said}");
    }
}

fn child(url: &str) {
    let mut input = std::io::stdin();
    let mut next = || {
        let mut length = [0; 4];
        input.read_exact(&mut length).unwrap();
        let mut part = vec![0; u32::from_be_bytes(length) as usize];
        input.read_exact(&mut part).unwrap();
        part
    };
    let (id, ca, secret) = (next(), next(), next());
    let client = Client::builder(Endpoint::url(url).unwrap())
        .proxy(Proxy::None)
        .roots(Roots::pem(&ca))
        .retry(RetryPolicy::NONE)
        .build()
        .unwrap();
    let mut kept = vec![("secret", secret.clone())];
    {
        let plain = String::from_utf8(masked(&secret)).unwrap();
        let credentials = Credentials::new(String::from_utf8(id).unwrap(), plain).unwrap();
        let first = client.authenticate(&credentials).unwrap();
        let second = client.refresh(first.refresh_token().unwrap()).unwrap();
        for tokens in [first, second] {
            kept.push(("access token", masked(tokens.access_token().as_str().as_bytes())));
            kept.push((
                "refresh token",
                masked(tokens.refresh_token().unwrap().as_str().as_bytes()),
            ));
        }
    }
    if url.starts_with("https") {
        kept.truncate(1);
    }
    for (what, text) in &kept {
        // The signature of an access token; all of the others.
        let part = &text[text.len() - 32..];
        assert_eq!(places(part), Vec::<String>::new(), "{what} is in memory");
    }
    println!("looked for {}", kept.len());
    drop(client);
}

/// Where in this process's memory a text is, given masked.
fn places(wanted: &[u8]) -> Vec<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let memory = File::open("/proc/self/mem").unwrap();
    let mut found = Vec::new();
    let mut buffer = vec![0; 1024 * 1024];
    for line in maps.lines() {
        let mut words = line.split_ascii_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let address = |text| u64::from_str_radix(text, 16).unwrap();
        let (mut at, end) = (address(start), address(end));
        while at < end {
            let amount = usize::try_from(end - at).unwrap().min(buffer.len());
            let Ok(amount) = memory.read_at(&mut buffer[..amount], at) else { break };
            let is_there = buffer[..amount]
                .windows(wanted.len())
                .any(|window| window.iter().zip(wanted).all(|(one, other)| one ^ MASK == *other));
            if is_there {
                found.push(line.to_owned());
            }
            // What lies across the end of a part is seen by the next one.
            at += (amount - wanted.len().min(amount - 1)) as u64;
            if amount < buffer.len() {
                break;
            }
        }
    }
    buffer.fill(0);
    found
}
