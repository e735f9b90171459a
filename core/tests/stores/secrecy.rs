//! What somebody learns who can read all that a server has.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use redis::Commands;

use crate::bounded;
use crate::fleet::Service;
use crate::server::Server;

/// Shorter ones occur by chance.
const RUN: usize = 8;

/// All keys, and their values as the server would hand them to another.
fn contents(server: &Server) -> Vec<Vec<u8>> {
    let mut connection = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    let keys: Vec<Vec<u8>> = connection.keys("*").unwrap();
    let values: Vec<Vec<u8>> = keys.iter().map(|key| connection.get(key).unwrap()).collect();
    keys.into_iter().chain(values).collect()
}

/// The text itself, and as it might be written.
fn forms(secret: &str) -> [Vec<u8>; 4] {
    let digits = secret.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    let hex: String = digits.map(|digit| char::from_digit(digit.into(), 16).unwrap()).collect();
    [secret.into(), hex.into(), STANDARD.encode(secret).into(), URL_SAFE.encode(secret).into()]
}

#[test]
fn neither_keys_nor_entries_nor_leases_tell_a_secret() {
    bounded(|| {
        let (service, server) = (Service::start(), Server::start());
        let members = [0, 1].map(|which| service.member_of(which, server.store()));
        let mut secrets: BTreeSet<String> = BTreeSet::new();
        for api_token in service.0.api_tokens() {
            secrets.insert(api_token.client_id.clone());
            secrets.insert(api_token.secret.expose().to_owned());
        }
        let mut seen = Vec::new();
        for member in &members {
            secrets.insert(member.token().as_str().to_owned());
            seen.extend(contents(&server));
            // In the midst of a renewal: with a lease, and a refresh token that is marked.
            service.hold("refresh");
            let requests = service.requests();
            std::thread::scope(|scope| {
                let renewed = scope.spawn(|| member.renew());
                service.until_requests(requests + 1);
                let with_lease = contents(&server);
                assert!(with_lease.iter().any(|key| key.ends_with(b":lease")));
                seen.extend(with_lease);
                service.0.release();
                secrets.insert(renewed.join().unwrap().as_str().to_owned());
            });
            seen.extend(contents(&server));
        }
        let runs: BTreeSet<Vec<u8>> = secrets
            .iter()
            .flat_map(|secret| forms(secret))
            .flat_map(|form| form.windows(RUN).map(<[u8]>::to_vec).collect::<Vec<_>>())
            .collect();
        for text in seen {
            assert!(!text.windows(RUN).any(|run| runs.contains(run)));
        }
    });
}
