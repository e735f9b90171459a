//! One client shared by many threads, and two clients side by side.

use std::sync::Barrier;
use std::thread;

use frontegg_emulator::{Algorithm, ApiToken, Emulator, Options};
use frontegg_token::{Client, Credentials, Endpoint, Proxy, Roots};

const THREADS: usize = 64;
const CALLS: usize = 10_000;

#[test]
fn two_clients_shared_by_64_threads_neither_fail_nor_mix() {
    let emulator = Emulator::start(Options {
        algorithm: Algorithm::HS256,
        api_tokens: vec![ApiToken::random(), ApiToken::random()],
        ..Options::default()
    })
    .unwrap();
    let client = || {
        Client::builder(Endpoint::url(&emulator.https_base_url()).unwrap())
            .roots(Roots::pem(emulator.ca_pem().as_bytes()))
            .proxy(Proxy::None)
            .build()
            .unwrap()
    };
    let holders: Vec<(Client, Credentials, &str)> = emulator
        .api_tokens()
        .iter()
        .map(|token| {
            let credentials = Credentials::new(&*token.client_id, token.secret.expose()).unwrap();
            (client(), credentials, &*token.client_id)
        })
        .collect();
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (client, credentials, client_id) = &holders[number % 2];
            let start = &start;
            scope.spawn(move || {
                start.wait();
                let mut refresh_token = None;
                for _ in 0..CALLS / THREADS {
                    // Authentications and refreshes by turns, each thread with its own token.
                    let tokens = match refresh_token.take() {
                        None => client.authenticate(credentials),
                        Some(token) => client.refresh(&token),
                    }
                    .unwrap();
                    let claims = tokens.access_token().claims().unwrap();
                    assert_eq!(claims.subject(), Some(*client_id));
                    refresh_token = tokens.refresh_token().cloned();
                }
            });
        }
    });
    let counts = emulator.state().counts;
    assert_eq!(counts.requests, (CALLS / THREADS * THREADS) as u64);
    assert!(counts.connections <= THREADS as u64, "{} connections", counts.connections);
}
