//! `sources cached CALLS [THREADS]`: what a token at hand costs, in nanoseconds a call;
//! `sources herd [CALLERS]`: how long so many callers of an empty source take until all have a
//! token, in milliseconds; `sources slowest`: the slowest call while a due token is renewed, in
//! microseconds, and of how many calls; `sources memory [SOURCES]`: bytes for each of so many
//! sources that have a token; `sources cold`: how long the first token of a process takes, in
//! milliseconds, settings and all, from the store of the environment if it names one. For
//! `benches/sources.py`, beside programs of the other languages that do the same.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use frontegg_token::{
    Client, ClientBuilder, Credentials, Proxy, Roots, TokenSource, TokenSourceBuilder,
};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number =
        |index: usize, default| arguments.get(index).map_or(default, |text| text.parse().unwrap());
    match arguments.first().map(String::as_str) {
        Some("cached") => cached(number(1, 1_000_000), number(2, 1)),
        Some("herd") => herd(number(1, 1_000)),
        Some("slowest") => slowest(),
        Some("cold") => cold(),
        Some("memory") => memory(number(1, 10_000)),
        _ => panic!("sources cached|herd|slowest|cold|memory …"),
    }
}

fn cold() {
    let begin = Instant::now();
    let source = TokenSourceBuilder::from_env_with(client()).build().unwrap();
    black_box(source.token().unwrap().as_str());
    println!("{:.3}", begin.elapsed().as_secs_f64() * 1e3);
}

fn sources() -> impl Fn() -> TokenSource {
    let make = builders();
    move || make().build().unwrap()
}

fn client() -> Client {
    let mut builder = ClientBuilder::from_env().proxy(Proxy::None);
    if let Ok(file) = env::var("FRONTEGG_CA_FILE") {
        builder = builder.roots(Roots::pem_file(file));
    }
    builder.build().unwrap()
}

fn builders() -> impl Fn() -> TokenSourceBuilder {
    let client = client();
    let credentials = Credentials::from_env().unwrap();
    move || TokenSource::builder(client.clone(), credentials.clone())
}

#[allow(clippy::cast_precision_loss)]
fn cached(calls: usize, threads: usize) {
    let source = sources()();
    source.token().unwrap();
    let start = Barrier::new(threads + 1);
    let begin = thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                start.wait();
                for _ in 0..calls {
                    black_box(source.token().unwrap().as_str());
                }
            });
        }
        start.wait();
        Instant::now()
    });
    println!("{:.1}", begin.elapsed().as_secs_f64() * 1e9 / calls as f64 / threads as f64);
}

fn herd(callers: usize) {
    let make = sources();
    // Connected and warm, as a process that has run for a while.
    make().token().unwrap();
    let source = make();
    let start = Barrier::new(callers);
    let spans: Vec<(Instant, Instant)> = thread::scope(|scope| {
        let ask = || {
            start.wait();
            let begin = Instant::now();
            source.token().unwrap();
            (begin, Instant::now())
        };
        let small = || thread::Builder::new().stack_size(128 * 1024);
        let threads: Vec<_> =
            (0..callers).map(|_| small().spawn_scoped(scope, ask).unwrap()).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let begin = spans.iter().map(|span| span.0).min().unwrap();
    let end = spans.iter().map(|span| span.1).max().unwrap();
    println!("{:.1}", (end - begin).as_secs_f64() * 1e3);
}

fn slowest() {
    // Due at once.
    let source = builders()().renewal_window(0.0..=0.0).build().unwrap();
    source.token().unwrap();
    let (mut slowest, mut calls) = (Duration::ZERO, 0_u64);
    while calls % 1000 != 0 || source.stats().refreshes == 0 {
        let begin = Instant::now();
        source.token().unwrap();
        slowest = slowest.max(begin.elapsed());
        calls += 1;
    }
    println!("{:.1} of {calls} calls", slowest.as_secs_f64() * 1e6);
}

fn memory(number: usize) {
    let make = sources();
    let token = make().token().unwrap();
    let before = resident();
    let all: Vec<TokenSource> = (0..number).map(|_| make()).collect();
    for source in &all {
        source.token().unwrap();
    }
    let each = (resident() - before) / number;
    println!("{each} (of which the token itself: {})", token.authorization().len());
}

/// Bytes of memory in use, where the system tells.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("it is there");
    line.split_whitespace().nth(1).expect("a number").parse::<usize>().expect("a number") * 1024
}
