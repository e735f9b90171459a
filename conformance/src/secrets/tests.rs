use std::fmt::Write;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

use super::*;

const SECRET: &str = "kX9vQ2mLr7TzW4bNc8PyJ3hF";

fn secrets() -> Secrets {
    let mut secrets = Secrets::default();
    secrets.add_random("a secret", SECRET);
    secrets
}

fn form_of(text: &str) -> Option<&'static str> {
    secrets().search().find(text.as_bytes()).first().map(|found| found.form)
}

fn joined(bytes: &[u8], separator: &str, write: impl Fn(u8) -> String) -> String {
    bytes.iter().map(|byte| write(*byte)).collect::<Vec<_>>().join(separator)
}

/// Sixteen bytes a row, each with a prefix, in groups, with or without letters behind.
fn dump(bytes: &[u8], group: usize, letters: bool, prefix: &str) -> String {
    let mut text = String::new();
    for (row, bytes) in bytes.chunks(16).enumerate() {
        let _ = write!(text, "{prefix}{:08x}  ", row * 16);
        for group in bytes.chunks(group) {
            let _ = write!(text, "{} ", joined(group, "", |byte| format!("{byte:02x}")));
        }
        if letters {
            let shown = |byte: u8| if byte.is_ascii_graphic() { char::from(byte) } else { '.' };
            let shown: String = bytes.iter().map(|byte| shown(*byte)).collect();
            let _ = write!(text, " |{shown}|");
        }
        text.push('\n');
    }
    text
}

/// A body of which the secret is a part.
fn body() -> Vec<u8> {
    format!(r#"{{"clientId":"some-id","secret":"{SECRET}"}}"#).into_bytes()
}

#[test]
fn it_is_found_as_it_is_and_cut_and_with_something_between() {
    for text in [
        format!("the secret is {SECRET}."),
        format!("cut: {}…", &SECRET[..8]),
        format!("cut: …{}", &SECRET[16..]),
        format!("cut: {}", &SECRET[7..15]),
        joined(SECRET.as_bytes(), ".", |byte| char::from(byte).to_string()),
        joined(SECRET.as_bytes(), "', '", |byte| char::from(byte).to_string()),
        joined(SECRET.as_bytes(), "\0", |byte| char::from(byte).to_string()),
        joined(SECRET.as_bytes(), "\n", |byte| char::from(byte).to_string()),
        format!("{:?}", SECRET.chars().collect::<Vec<_>>()),
        format!("{:#?}", SECRET.chars().collect::<Vec<_>>()),
    ] {
        assert_eq!(form_of(&text), Some("as it is"), "{text}");
    }
    assert_eq!(form_of(&SECRET[..7]), None);
    assert_eq!(form_of(&SECRET.to_ascii_lowercase()), None);
}

#[test]
fn it_is_found_escaped() {
    let each = |write: fn(u8) -> String| joined(SECRET.as_bytes(), "", write);
    for text in [
        each(|byte| format!("%{byte:02x}")),
        each(|byte| format!("%{byte:02X}")),
        each(|byte| format!("\\x{byte:02x}")),
        each(|byte| format!("\\u{byte:04x}")),
        each(|byte| format!("\\u{{{byte:x}}}")),
        each(|byte| format!("\\{byte:03o}")),
        each(|byte| format!("&#{byte};")),
        each(|byte| format!("&#x{byte:x};")),
        each(|byte| format!("={byte:02X}")),
        // Every third alone.
        SECRET.char_indices().fold(String::new(), |text, (at, c)| {
            if at % 3 == 0 { format!("{text}%{:02x}", u32::from(c)) } else { format!("{text}{c}") }
        }),
        // Twice, as within a log in JSON.
        each(|byte| format!("\\\\u{byte:04x}")).replace("\\\\", "\\"),
    ] {
        assert_eq!(form_of(&format!("TRACE x: \"{text}\"\n")), Some("escaped"), "{text}");
    }
}

#[test]
fn it_is_found_in_lists_of_numbers() {
    let vector = body();
    for text in [
        format!("{vector:?}"),
        format!("{vector:#?}"),
        format!("{:?}", SECRET.as_bytes()),
        joined(SECRET.as_bytes(), " ", |byte| byte.to_string()),
        joined(SECRET.as_bytes(), ", ", |byte| format!("{byte}u8")),
        joined(SECRET.as_bytes(), ", ", |byte| format!("{byte:03}")),
        format!(
            "Uint8Array(24) [\n  {}\n]",
            joined(SECRET.as_bytes(), ",\n  ", |byte| format!("{byte:>3}"))
        ),
        format!("TRACE x: [{}", &format!("{:?}", &SECRET.as_bytes()[3..11])[1..]),
    ] {
        assert_eq!(form_of(&text), Some("a list of numbers"), "{text}");
    }
    assert_eq!(form_of(&format!("{:?}", &SECRET.as_bytes()[..7])), None);
}

#[test]
fn it_is_found_in_hexadecimal() {
    let body = body();
    let lower = joined(&body, "", |byte| format!("{byte:02x}"));
    for text in [
        lower.clone(),
        lower.to_uppercase(),
        format!("0x{lower}"),
        format!("{body:02x?}"),
        format!("{body:#04x?}"),
        format!("{body:02X?}"),
        joined(&body, ":", |byte| format!("{byte:02x}")),
        joined(&body, "-", |byte| format!("{byte:02X}")),
        joined(&body, ", ", |byte| format!("0x{byte:02X}")),
        format!(
            "<Buffer {} … 36 more bytes>",
            joined(&SECRET.as_bytes()[..10], " ", |byte| format!("{byte:02x}"))
        ),
        dump(&body, 1, true, ""),
        dump(&body, 2, true, "TRACE some_crate::util: "),
        dump(&body, 4, false, ""),
        dump(&body, 16, false, ""),
    ] {
        assert!(form_of(&text).is_some(), "{text}");
    }
    for text in [dump(&body, 1, false, ""), dump(&body, 2, false, "TRACE some_crate::util: ")] {
        assert_eq!(form_of(&text), Some("hexadecimal"), "{text}");
    }
    // As `od -x` shows it: in words, the second byte of each first.
    let swapped: Vec<u8> = body.chunks(2).flat_map(|two| two.iter().rev().copied()).collect();
    assert_eq!(form_of(&dump(&swapped, 2, false, "")), Some("hexadecimal"));
}

#[test]
fn it_is_found_letter_by_letter() {
    for text in [
        joined(SECRET.as_bytes(), ", ", |byte| format!("b'{}'", char::from(byte))),
        joined(SECRET.as_bytes(), ",\n    ", |byte| format!("u8 \"{}\"", char::from(byte))),
    ] {
        assert_eq!(form_of(&text), Some("letter by letter"), "{text}");
    }
}

#[test]
fn it_is_found_in_base64_at_every_alignment() {
    for before in ["", "a", "ab", "abc", "user:"] {
        for after in ["", "x", "xy"] {
            let bytes = format!("{before}{SECRET}{after}");
            for text in [BASE64_STANDARD.encode(&bytes), BASE64_URL_SAFE_NO_PAD.encode(&bytes)] {
                assert_eq!(form_of(&format!("Basic {text}")), Some("base64"), "{text}");
                // Something that is of the same letters stands before it.
                for glued in ["", "x", "xy", "xyz"] {
                    assert_eq!(form_of(&format!("/{glued}{text}")), Some("base64"), "{text}");
                }
            }
        }
    }
    let cut = &BASE64_STANDARD.encode(SECRET)[..11];
    assert_eq!(form_of(cut), Some("base64"));
}

#[test]
fn it_is_found_in_one_form_within_another() {
    let basic = format!(
        "proxy-authorization: Basic {}\r\n",
        BASE64_STANDARD.encode(format!("user:{SECRET}"))
    );
    for text in [
        format!("{:?}", basic.as_bytes()),
        dump(basic.as_bytes(), 2, false, "TRACE x: "),
        joined(basic.as_bytes(), "", |byte| format!("{byte:02x}")),
        BASE64_STANDARD.encode(joined(SECRET.as_bytes(), "", |byte| format!("%{byte:02x}"))),
        BASE64_STANDARD.encode(BASE64_STANDARD.encode(SECRET)),
    ] {
        assert!(form_of(&text).is_some(), "{text}");
    }
}

#[test]
fn what_is_found_is_told_with_its_place() {
    let secrets = secrets();
    let text = format!("first line\nsecond: {SECRET}\nthird: {:?}\n", SECRET.as_bytes());
    let found = secrets.search().find(text.as_bytes());
    let told: Vec<_> = found.iter().map(|it| (it.form, &text[it.at..it.at + 3])).collect();
    assert_eq!(told, [("as it is", "kX9"), ("a list of numbers", "107")]);
    assert!(found.iter().all(|it| it.what == "a secret" && it.length == SECRET.len()));
}

#[test]
fn each_owner_is_told_of_its_own() {
    let (mut one, mut two) = (secrets(), Secrets::default());
    two.add_random("another", "Zq8Lw3Vb6Xn1Md5Kf0Gh");
    one.add("a refresh token", "0b9c4a52-77de-4f31-8a3e-2f6d1c90ab47");
    let search = Secrets::search_all([&one, &two]);
    let owners =
        |text: &str| search.find(text.as_bytes()).iter().map(|it| it.owner).collect::<Vec<_>>();
    assert_eq!(owners("Zq8Lw3Vb6Xn1Md5Kf0Gh"), [1]);
    assert_eq!(owners("77de4f318a3e"), [0]);
    assert_eq!(owners("77de4f318a3"), [] as [usize; 0], "that can be anything");
    assert_eq!(owners("0b9c4a52 77de 4f31 Zq8Lw3Vb"), [0, 1]);
}

#[test]
fn a_part_of_a_token_is_found() {
    let mut secrets = Secrets::default();
    let payload = "eyJzdWIiOiJzb21lYm9keSIsImp0aSI6IlJuNGJLOHZMMnFXN3hZMyJ9";
    let signature = "Tg6Rw2-Yk9Jb4_Vn1Xc7Lm5Zp3Qd8";
    secrets.add("an access token", &format!("eyJhbGciOiJIUzI1NiJ9.{payload}.{signature}"));
    let search = secrets.search();
    for text in [&signature[..12], &payload[30..], &format!("{:?}", &signature.as_bytes()[5..20])] {
        assert_eq!(search.find(text.as_bytes()).len(), 1, "{text}");
    }
    assert!(search.find(b"eyJhbGciOiJIUzI1NiJ9").is_empty());
}

#[test]
fn a_text_that_is_not_random_counts_as_a_whole() {
    let mut secrets = Secrets::default();
    secrets.add("a secret", "p\u{e4}\"not-the-secret");
    secrets.add("a secret", "short");
    let search = secrets.search();
    for text in ["not-the-secret", "n.o.t t.h.e s.e.c.r.e.t", "not%2dthe%2dsecret"] {
        assert_eq!(search.find(text.as_bytes()).len(), 1, "{text}");
    }
    for text in ["not-the-secre", "short"] {
        assert!(search.find(text.as_bytes()).is_empty(), "{text}");
    }
    assert_eq!(secrets.mask("it is not-the-secret"), "it is <secret>");
}

#[test]
fn an_ordinary_log_holds_nothing() {
    let mut log = String::new();
    for number in 0..2000_u32 {
        let _ = writeln!(
            log,
            "TRACE rustls::client::hs: [{number}] ClientHello {{ random: {:032x}, cipher_suites: [TLS13_AES_256_GCM_SHA384], n: {number} }}",
            u128::from(number) * 0x1234_5678_9ABC_DEF0_1234_5678_9ABC
        );
    }
    assert_eq!(form_of(&log), None);
}
