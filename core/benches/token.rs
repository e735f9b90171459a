//! What a token at hand costs, as ratios in one run: against an `ArcSwap` load with a precise
//! look at the clock, alone, on two pinned threads, and on eight threads of two cores.
//!
//! `cargo bench -p frontegg-token --bench token`

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use frontegg_emulator::{Emulator, Options};
use frontegg_token::{Client, Credentials, Endpoint, FileStore, TokenSource};
use rustix::thread::{CpuSet, sched_setaffinity};

const ROUNDS: usize = 15;
const CALLS: u32 = 400_000;

/// The floor: what a careful cache by hand does.
struct ByHand {
    token: ArcSwap<(String, Instant)>,
}

fn main() {
    let emulator = Emulator::start(Options::default()).expect("a free port");
    let endpoint = Endpoint::url(&emulator.base_url()).expect("a good URL");
    let client = Client::builder(endpoint).build().expect("good settings");
    let credentials = Credentials::new(emulator.client_id(), emulator.secret()).expect("not empty");
    let build = || TokenSource::builder(client.clone(), credentials.clone());
    let source = build().build().expect("good settings");
    let token = source.token().expect("the emulator answers");
    let folder = tempfile::TempDir::new().expect("a disk");
    let store = FileStore::in_directory(folder.path().join("store"));
    let sharing = build().store(store).build().expect("good settings");
    sharing.token().expect("the emulator answers");
    folder.close().expect("the store has used it");
    let far = Instant::now() + Duration::from_secs(86_400);
    let by_hand = ByHand { token: ArcSwap::from_pointee((token.as_str().to_owned(), far)) };

    let floor = || {
        let current = by_hand.token.load();
        assert!(Instant::now() < current.1);
        black_box(current.0.as_str());
    };
    let owned = || {
        black_box(source.token().expect("fresh").as_str());
    };
    let borrowed = || {
        black_box(source.token_ref().expect("fresh").as_str());
    };
    let shared = || {
        black_box(sharing.token().expect("fresh").as_str());
    };
    let clock = || {
        black_box(Instant::now());
    };
    let layers: [(&str, &(dyn Fn() + Sync)); 5] = [
        ("ArcSwap load + Instant::now", &floor),
        ("token()", &owned),
        ("token_ref()", &borrowed),
        ("token() with a file store", &shared),
        ("Instant::now alone", &clock),
    ];
    println!(
        "{:<30} {:>10} {:>8} {:>12} {:>8} {:>12}",
        "", "1 thread", "x floor", "2 threads", "x one", "8 on 2"
    );
    let mut times = vec![[Vec::new(), Vec::new(), Vec::new()]; layers.len()];
    for _ in 0..ROUNDS {
        for (times, (_, call)) in times.iter_mut().zip(layers) {
            for (times, threads) in times.iter_mut().zip([1, 2, 8]) {
                times.push(measure(call, threads));
            }
        }
    }
    let floor = median(&mut times[0][0].clone());
    for (mut times, (name, _)) in times.into_iter().zip(layers) {
        let [one, two, eight] = [0, 1, 2].map(|column| median(&mut times[column]));
        // Throughput: two threads make two calls in that time.
        println!(
            "{name:<30} {one:>7.1} ns {:>8.2} {two:>9.1} ns {:>8.2} {eight:>9.1} ns",
            one / floor,
            2.0 * one / two,
        );
    }
}

/// Nanoseconds that a call takes each thread, each on a core of its own if there are enough.
fn measure(call: &(dyn Fn() + Sync), threads: usize) -> f64 {
    let start = Barrier::new(threads);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let spans: Vec<Duration> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|number| {
                let start = &start;
                scope.spawn(move || {
                    let mut core = CpuSet::new();
                    core.set(number % cores);
                    // Where that is not allowed, the system chooses.
                    let _ = sched_setaffinity(None, &core);
                    start.wait();
                    let begin = Instant::now();
                    for _ in 0..CALLS {
                        call();
                    }
                    begin.elapsed()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("no panic")).collect()
    });
    let total: Duration = spans.iter().sum();
    // Threads that share a core take turns.
    #[allow(clippy::cast_precision_loss)]
    let calls = f64::from(CALLS) * (threads * threads.div_ceil(cores)) as f64;
    total.as_secs_f64() * 1e9 / calls
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
