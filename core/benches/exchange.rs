//! One warm authentication over TLS: a bare rustls loop, ureq, and this library.
//!
//! Compare the three within one run; each figure includes the emulator's own work.

mod floor;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use frontegg_emulator::{Algorithm, Emulator, Options};
use frontegg_token::{Client, Credentials, Endpoint, Proxy, Roots};

fn exchange(criterion: &mut Criterion) {
    let options = Options { algorithm: Algorithm::HS256, ..Options::default() };
    let emulator = Emulator::start(options).unwrap();
    let target = floor::Target {
        base_url: emulator.https_base_url(),
        ca_pem: emulator.ca_pem().as_bytes().to_vec(),
        client_id: emulator.client_id().to_owned(),
        secret: emulator.secret().to_owned(),
    };
    let mut bare = floor::Bare::new(&target);
    let mut plain = floor::Ureq::new(&target);
    let client = Client::builder(Endpoint::url(&target.base_url).unwrap())
        .roots(Roots::pem(&target.ca_pem))
        .proxy(Proxy::None)
        .build()
        .unwrap();
    let credentials = Credentials::new(emulator.client_id(), emulator.secret()).unwrap();

    let mut group = criterion.benchmark_group("authenticate over a warm TLS connection");
    group.bench_function("bare rustls loop", |bench| bench.iter(|| black_box(bare.call())));
    group.bench_function("ureq", |bench| bench.iter(|| black_box(plain.call())));
    group.bench_function("frontegg-token", |bench| {
        bench.iter(|| black_box(client.authenticate(&credentials).unwrap()));
    });
    group.finish();
}

criterion_group!(benches, exchange);
criterion_main!(benches);
