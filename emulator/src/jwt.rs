//! Access tokens: JWTs by RS256 or HS256, and the JWKS to verify them.

use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use ring::{digest, hmac};
use rsa::pkcs1::EncodeRsaPrivateKey;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

/// Signs the access tokens of one emulator.
pub(crate) enum Signer {
    Rs256,
    Hs256(hmac::Key),
}

impl Signer {
    pub(crate) fn hs256(secret: &str) -> Self {
        Signer::Hs256(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// The signed token. The first one of a process by RS256 waits until the key is made.
    pub(crate) async fn sign(&self, claims: &Map<String, Value>) -> String {
        let claims = serde_json::to_vec(claims).expect("a map of JSON values is JSON");
        match self {
            Signer::Hs256(key) => {
                let mut token = BASE64URL.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
                push(&mut token, &claims);
                let tag = hmac::sign(key, token.as_bytes());
                push(&mut token, tag.as_ref());
                token
            }
            Signer::Rs256 => {
                let key = rsa_key().await;
                let header = json!({"alg": "RS256", "typ": "JWT", "kid": key.id});
                let mut token = BASE64URL.encode(header.to_string());
                push(&mut token, &claims);
                let mut signature = vec![0; key.pair.public().modulus_len()];
                key.pair
                    .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
                    .expect("a key of 2048 bits can sign");
                push(&mut token, &signature);
                token
            }
        }
    }

    /// The public keys; none for HS256.
    pub(crate) async fn jwks(&self) -> Value {
        let Signer::Rs256 = self else { return json!({"keys": []}) };
        let key = rsa_key().await;
        let public = RsaPublicKeyComponents::<Vec<u8>>::from(key.pair.public());
        json!({"keys": [{
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": key.id,
            "n": BASE64URL.encode(public.n),
            "e": BASE64URL.encode(public.e),
        }]})
    }
}

fn push(token: &mut String, part: &[u8]) {
    token.push('.');
    BASE64URL.encode_string(part, token);
}

struct RsaKey {
    pair: RsaKeyPair,
    id: String,
}

/// Starts to make the process's RSA key.
pub(crate) fn prepare_rsa_key() {
    key_channel();
}

/// Tells when the key is there. One serves all emulators of the process, since to make one can
/// take a second.
fn key_channel() -> watch::Receiver<Option<Arc<RsaKey>>> {
    static KEY: OnceLock<watch::Receiver<Option<Arc<RsaKey>>>> = OnceLock::new();
    KEY.get_or_init(|| {
        let (sender, receiver) = watch::channel(None);
        std::thread::spawn(move || sender.send_replace(Some(Arc::new(new_rsa_key()))));
        receiver
    })
    .clone()
}

async fn rsa_key() -> Arc<RsaKey> {
    let mut channel = key_channel();
    let key = channel.wait_for(Option::is_some).await.expect("the key is made, then kept");
    key.clone().expect("waited for")
}

fn new_rsa_key() -> RsaKey {
    let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).expect("a new RSA key");
    let der = key.to_pkcs1_der().expect("a new key encodes");
    let pair = RsaKeyPair::from_der(der.as_bytes()).expect("ring takes keys of 2048 bits");
    let id = digest::digest(&digest::SHA256, pair.public().as_ref());
    RsaKey { id: BASE64URL.encode(&id.as_ref()[..12]), pair }
}
