//! Access tokens verify, with nothing but what the emulator publishes.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use frontegg_emulator::{Algorithm, Emulator, Options};
use ring::hmac;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

use crate::wire::{V2, credentials, post, request, send, start};

/// Header, signed part and signature of a new access token.
fn token_parts(emulator: &Emulator) -> (Value, String, Vec<u8>) {
    let answer = post(emulator, V2, &credentials()).json();
    let token = answer["access_token"].as_str().expect("a token");
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let header = BASE64URL.decode(signed.split('.').next().expect("a header")).expect("base64url");
    let header = serde_json::from_slice(&header).expect("JSON");
    (header, signed.to_owned(), BASE64URL.decode(signature).expect("base64url"))
}

fn keys(emulator: &Emulator, path: &str) -> Value {
    send(emulator.http_url(), &request("GET", path, "", "")).json()["keys"].clone()
}

#[test]
fn rs256_verifies_with_the_published_key() {
    let emulator = start(Options::default());
    let keys = keys(&emulator, "/.well-known/jwks.json");
    let key = &keys[0];
    assert_eq!(
        (&key["kty"], &key["use"], &key["alg"]),
        (&json!("RSA"), &json!("sig"), &json!("RS256"))
    );
    let number =
        |name: &str| BASE64URL.decode(key[name].as_str().expect("text")).expect("base64url");
    let public = RsaPublicKeyComponents { n: number("n"), e: number("e") };
    assert_eq!(public.n.len(), 256, "2048 bits");
    let (header, signed, signature) = token_parts(&emulator);
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": key["kid"]}));
    let verified = public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature);
    assert!(verified.is_ok());
    let forged = public.verify(&RSA_PKCS1_2048_8192_SHA256, b"forged", &signature);
    assert!(forged.is_err());
}

#[test]
fn the_keys_are_also_published_behind_a_prefix() {
    let emulator = start(Options::default());
    let keys = |path| keys(&emulator, path);
    assert_eq!(keys("/x/identity/.well-known/jwks.json"), keys("/.well-known/jwks.json"));
    let log = emulator.state().requests;
    assert!(log.iter().all(|request| request.kind == frontegg_emulator::Kind::Other));
}

#[test]
fn hs256_verifies_with_the_shared_secret_and_publishes_none() {
    let emulator = start(Options {
        algorithm: Algorithm::HS256,
        hs256_secret: Some("shared".into()),
        ..Options::default()
    });
    assert_eq!(emulator.hs256_secret(), Some("shared"));
    let (header, signed, signature) = token_parts(&emulator);
    assert_eq!(header, json!({"alg": "HS256", "typ": "JWT"}));
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"shared");
    assert!(hmac::verify(&key, signed.as_bytes(), &signature).is_ok());
    assert_eq!(keys(&emulator, "/.well-known/jwks.json"), json!([]));
}

#[test]
fn each_emulator_has_a_random_secret_by_default() {
    let options = || Options { algorithm: Algorithm::HS256, ..Options::default() };
    let (one, two) = (start(options()), start(options()));
    assert!(one.hs256_secret().is_some());
    assert_ne!(one.hs256_secret(), two.hs256_secret());
}
