use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

const SECRET: &str = "Planted-Secret/0f8fad5b+d9cb";

fn text_of(text: &str) -> String {
    redacted(text, &[SECRET]).to_string()
}

fn joined(separator: &str, item: impl Fn(char) -> String) -> String {
    SECRET.chars().map(item).collect::<Vec<_>>().join(separator)
}

fn hexadecimal(text: &str, separator: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(separator)
}

fn bytewise(text: &str, item: impl Fn(u8) -> String) -> String {
    text.bytes().map(item).collect::<Vec<_>>().concat()
}

fn charwise(text: &str, item: impl Fn(char) -> String) -> String {
    text.chars().map(item).collect::<Vec<_>>().concat()
}

/// Every way in which a service was seen to quote, or might.
fn encodings(secret: &str) -> Vec<String> {
    let percent: String = bytewise(secret, |byte| format!("%{byte:02X}"));
    let some: String = secret.replace('/', "%2f").replace('+', "%2B").replace('a', "%61");
    let json: String = charwise(secret, |c| format!("\\u{:04x}", c as u32));
    vec![
        secret.to_owned(),
        secret.to_uppercase(),
        secret.to_lowercase(),
        percent.clone(),
        percent.replace('%', "%25"),
        some,
        json.clone(),
        json.replace('\\', "\\\\"),
        secret.replace('/', "\\/"),
        bytewise(secret, |byte| format!("\\x{byte:02x}")),
        bytewise(secret, |byte| format!("\\{byte:03o}")),
        bytewise(secret, |byte| format!("&#{byte};")),
        bytewise(secret, |byte| format!("&#x{byte:x};")),
        hexadecimal(secret, ""),
        hexadecimal(secret, "").to_uppercase(),
        hexadecimal(secret, ":"),
        hexadecimal(secret, " "),
        bytewise(secret, |byte| format!("0x{byte:02x}, ")),
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        STANDARD.encode(format!("id:{secret}")),
        STANDARD.encode(format!("{{\"clientId\":\"x\",\"secret\":\"{secret}\"}}")),
        STANDARD.encode(format!("x{secret}y")),
        format!("{:?}", secret.as_bytes()),
        format!("{:?}", secret.chars().collect::<Vec<_>>()),
        charwise(secret, |c| format!("{c} ")),
        charwise(secret, |c| format!("{c}-")),
        charwise(secret, |c| format!("{c}\u{200b}")),
        charwise(secret, |c| format!("{c}·")),
    ]
}

/// Whether a text shows so much of a secret, however it is cut up or encoded.
fn shows(text: &str, secret: &str) -> bool {
    let letters = |text: &str| -> Vec<u8> { text.bytes().filter_map(letter).collect() };
    let (text, secret) = (letters(text), letters(secret));
    secret.windows(8).any(|part| text.windows(8).any(|window| window == part))
}

#[test]
fn a_secret_is_taken_out_in_every_encoding() {
    for encoded in encodings(SECRET) {
        let out = text_of(&format!("cannot use {encoded} here"));
        assert!(out.starts_with("cannot use "), "{encoded}: {out}");
        let inside = out.trim_start_matches("cannot use ").trim_end_matches(" here");
        let rest: String = inside.replace(REDACTED, "");
        // A quote, a bracket or the last separator may stay.
        assert!(rest.len() <= 4 && inside.contains(REDACTED), "{encoded}: {out}");
    }
}

#[test]
fn a_part_of_a_secret_is_taken_out() {
    for text in
        ["0f8fad5b…", "plantedsecret", "PLANTED SECRET 0F", "…d5b+d9cb'", "bad: Planted-Secr"]
    {
        assert!(!shows(&text_of(text), SECRET), "{text}");
    }
    let encoded = STANDARD.encode(SECRET);
    assert!(!text_of(&encoded[..16]).contains(&encoded[2..14]));
    assert!(!text_of(&hexadecimal(SECRET, "")[..20]).contains("706c"));
}

#[test]
fn a_short_secret_is_taken_out_as_it_is() {
    assert_eq!(
        &*redacted("no pw here, nor pw%21", &["pw", ""]),
        "no <redacted> here, nor <redacted>%21"
    );
    assert_eq!(&*redacted("no ü\\ here", &["ü\\"]), "no <redacted> here");
}

#[test]
fn ordinary_messages_stay_as_they_are() {
    for text in [
        "Invalid authentication",
        "Refresh token is not valid",
        "invalid token: expired",
        "The refresh token: malformed, or of another workspace",
        "Bearer authentication required",
        "\"clientId\" is required",
        "clientId must be a string; secret must be a string",
        "Token expired at 2026-06-07T12:34:56.789Z",
        "upstream connect error or disconnect/reset before headers. reset reason: connection timeout",
        "GET https://api.us.frontegg.com:443/identity/resources/auth/v2/api-token/token/refresh",
        "HttpClientErrorExceptionUnauthorized (nginx/1.25.3-1~bookworm+1)",
        "ER-00004, ER-01183 of 10.0.0.1, 10.0.0.2 and ::1",
        "a [31mc [object Object] {0} [a, b]",
        "Ungültig – 無効",
        "1 2 3 4 5 6 7 8",
        "100 % & more; a\\b",
        "",
    ] {
        assert_eq!(text_of(text), text);
    }
}

#[test]
fn what_looks_like_a_token_is_taken_out() {
    for (text, expected) in [
        ("got eyJhbGciOi.J9 here", "got <redacted> here"),
        ("got %65yJhbGciOi.J9 here", "got <redacted> here"),
        ("got e y J h b G c i O i and so on\nnext", "got <redacted>\nnext"),
        ("user 0f8fad5b-d9cb-469f-a165-70867728950e unknown", "user <redacted> unknown"),
        ("use dGhpcyBpcyBhIHRva2Vu+/x= now", "use <redacted> now"),
        ("access_token=abc&expires_in=60", "access_token=<redacted>&expires_in=60"),
        ("refreshToken: 'a b c', next", "refreshToken: '<redacted>', next"),
        ("Authorization: Bearer abc12345", "Authorization: Bearer <redacted>"),
        ("<access_token>abc</access_token>", "<access_token><redacted></access_token>"),
        ("upstream said {\"refresh_token\":\"abc\"", "upstream said <redacted>"),
        ("upstream said {\\\"x\\\":\\\"abc\\\"} again", "upstream said <redacted>"),
        (
            "dump 65, 79, 4a, 68, 62, 47, 63, 69, 4f, 69, 4a, 49, 55, 7a, 49, 31 end",
            "dump <redacted> end",
        ),
    ] {
        assert_eq!(text_of(text), expected, "{text}");
    }
}

#[test]
fn joined_characters_leave_no_trace() {
    for separator in ["", " ", "\", \"", "\n", ".", "\u{200b}", " - "] {
        let out = text_of(&joined(separator, |c| c.to_string()));
        assert!(!shows(&out, SECRET), "{separator:?}: {out}");
    }
}

proptest! {
    #[test]
    fn no_secret_comes_through(
        secret in "([A-Za-z0-9]{6}[/+_-]?){2,8}",
        which in 0_usize..29,
        front in "\\PC{0,20}",
        back in "\\PC{0,20}",
    ) {
        let encoded = &encodings(&secret)[which];
        let out = redacted(&format!("{front} {encoded} {back}"), &[&secret]);
        let letters = |text: &str| -> String { text.chars().filter(char::is_ascii_alphanumeric).collect() };
        prop_assert!(!out.contains(encoded.as_str()));
        prop_assert!(!letters(&out).to_lowercase().contains(&letters(&secret).to_lowercase()));
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC*", secret in "\\PC{0,30}") {
        let out = redacted(&text, &[&secret]);
        prop_assert!(secret.is_empty() || !out.contains(&secret) || REDACTED.contains(&secret));
    }
}
