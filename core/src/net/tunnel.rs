//! A tunnel through an HTTP proxy, by CONNECT.

use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ureq::http::header::PROXY_AUTHENTICATE;
use zeroize::Zeroizing;

use super::channel::{Channel, Prefixed};
use super::failure::{Failure, Stage};
use super::head::{Head, Input, NoHead};
use super::proxy_server::ProxyServer;
use crate::Code;

/// Asks the proxy at the other end of the channel for a tunnel to this host and port.
pub(super) fn open(
    proxy: &ProxyServer,
    mut channel: Box<dyn Channel>,
    target: &str,
    user_agent: &str,
    until: Instant,
) -> Result<Box<dyn Channel>, Failure> {
    let request = request(proxy, target, user_agent);
    channel.write_all(&request, until).map_err(|error| broken(proxy, error))?;
    let mut input = Input::default();
    let head = Head::read(&mut input, &mut *channel, until).map_err(|why| match why {
        NoHead::Broken { error, .. } => broken(proxy, error),
        NoHead::NotHttp => {
            Failure::not_sent(Code::Connect, format!("{proxy} does not answer in HTTP"))
        }
        NoHead::TooLarge(limit) => Failure::not_sent(
            Code::Connect,
            format!("the head of {proxy}'s answer is over {limit}"),
        ),
    })?;
    if !(200..300).contains(&head.status) {
        return Err(refusal(proxy, &head));
    }
    // A success has no body, whatever its headers say (RFC 9110, section 9.3.6): what follows
    // the head comes from the other end of the tunnel.
    if input.unused().is_empty() {
        return Ok(channel);
    }
    Ok(Box::new(Prefixed { prefix: Zeroizing::new(input.unused().to_vec()), channel }))
}

fn request(proxy: &ProxyServer, target: &str, user_agent: &str) -> Zeroizing<Vec<u8>> {
    let authorization = proxy.credentials.as_ref().map(|(user, password)| {
        let pair = Zeroizing::new(format!("{}:{}", user.expose(), password.expose()));
        Zeroizing::new(BASE64_STANDARD.encode(pair.as_bytes()))
    });
    let longest = 128 + 2 * target.len() + user_agent.len();
    let longest = longest + authorization.as_ref().map_or(0, |text| text.len() + 32);
    // With room for all: a reallocation would leave a copy behind.
    let mut request = Zeroizing::new(Vec::with_capacity(longest));
    let lines = [
        "CONNECT ",
        target,
        " HTTP/1.1\r\nHost: ",
        target,
        "\r\nUser-Agent: ",
        user_agent,
        "\r\nProxy-Connection: Keep-Alive\r\n",
    ];
    for part in lines {
        request.extend_from_slice(part.as_bytes());
    }
    if let Some(text) = &authorization {
        request.extend_from_slice(b"Proxy-Authorization: Basic ");
        request.extend_from_slice(text.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}

fn broken(proxy: &ProxyServer, error: std::io::Error) -> Failure {
    Failure::from_io(&format!("no tunnel through {proxy}"), error, Stage::BeforeSent)
}

/// What an answer other than a success means. What the proxy would refuse again is final: a
/// directory of users locks an account that fails a few times.
fn refusal(proxy: &ProxyServer, head: &Head) -> Failure {
    let status = head.status;
    let code = match status {
        408 | 425 | 429 | 500..=599 => Code::Connect,
        _ => Code::Proxy,
    };
    let mut message = format!("{proxy} refused the tunnel ({status})");
    if status == 407 {
        let reason = if proxy.credentials.is_some() {
            "does not accept the user name and password"
        } else {
            "asks for a user name and password, and none were given"
        };
        message = format!("{proxy} {reason} (407)");
        let schemes = schemes(head);
        if !schemes.is_empty() {
            message = format!("{message}: it wants {}", schemes.join(" or "));
            if !schemes.contains(&"Basic") {
                message.push_str("; this library speaks Basic alone");
            }
        }
    }
    Failure::not_sent(code, message)
}

/// Authentication schemes by the names that a proxy may be told to want: those of IANA's registry that
/// proxies use, and two that are not in it. Another word is not repeated: it may be the password.
const SCHEMES: [&str; 11] = [
    "Basic",
    "Bearer",
    "Digest",
    "HOBA",
    "Kerberos",
    "Mutual",
    "Negotiate",
    "NTLM",
    "OAuth",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
];

/// The authentication schemes that a 407 names. A list of challenges and one of parameters look
/// alike: a scheme is a word with a space or nothing behind it, a parameter has `=`.
fn schemes(head: &Head) -> Vec<&'static str> {
    let mut schemes = Vec::new();
    for challenge in head.words(PROXY_AUTHENTICATE) {
        let Some(word) = challenge.split_ascii_whitespace().next() else { continue };
        let is_scheme = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let known = SCHEMES.into_iter().find(|known| known.eq_ignore_ascii_case(word));
        let scheme = known.unwrap_or("a scheme of another name");
        if is_scheme && !schemes.contains(&scheme) {
            schemes.push(scheme);
        }
    }
    schemes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str, status: u16, challenges: &[&str]) -> (Code, String) {
        let proxy = ProxyServer::parse(url, "it").unwrap();
        let mut headers = ureq::http::HeaderMap::new();
        for challenge in challenges {
            headers.append(PROXY_AUTHENTICATE, challenge.parse().unwrap());
        }
        let failure = refusal(&proxy, &Head { status, is_http_11: true, headers });
        assert!(!failure.may_have_been_processed);
        (failure.code, failure.message)
    }

    #[test]
    fn a_refusal_says_which_proxy_and_what_it_wants() {
        for (challenges, says) in [
            (&["Negotiate", "Basic realm=\"a, b=c\""][..], "it wants Negotiate or Basic"),
            (&["NTLM, Basic realm=x"], "it wants NTLM or Basic"),
            (&["basic realm=x"], "it wants Basic"),
            (&["planted", "ntlm", "other x=y"], "it wants a scheme of another name or NTLM; this"),
            (&["Digest realm=\"r\", nonce=\"x\", qop=\"auth\""], "it wants Digest; this library"),
            (&[], "(407)"),
        ] {
            let (code, message) = refused("http://user:planted@p:3128", 407, challenges);
            assert_eq!(code, Code::Proxy);
            assert!(message.contains("p:3128") && message.contains(says), "{message}");
            assert!(!message.contains("planted") && !message.contains("realm"), "{message}");
        }
        let (_, message) = refused("http://p:3128", 407, &["Basic"]);
        assert!(message.contains("none were given"), "{message}");
    }

    #[test]
    fn what_may_pass_is_no_refusal_for_good() {
        for (status, code) in [
            (302, Code::Proxy),
            (403, Code::Proxy),
            (405, Code::Proxy),
            (408, Code::Connect),
            (429, Code::Connect),
            (502, Code::Connect),
            (503, Code::Connect),
        ] {
            assert_eq!(refused("p", status, &[]).0, code, "{status}");
        }
    }

    #[test]
    fn credentials_go_out_in_basic_and_the_buffer_never_moves() {
        let proxy = ProxyServer::parse("http://user:p%40ss@p:1", "it").unwrap();
        let request = request(&proxy, "[2001:db8::1]:443", "agent/1");
        let text = str::from_utf8(&request).unwrap();
        assert!(
            text.starts_with("CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n")
        );
        let line =
            format!("Proxy-Authorization: Basic {}\r\n", BASE64_STANDARD.encode("user:p@ss"));
        assert!(text.contains(&line) && text.ends_with("\r\n\r\n"), "{text}");
    }
}
