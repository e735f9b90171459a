//! `layers LAYER CALLS [CALLERS]`: makes so many authentications and exits, for
//! `benches/layers.py`, which measures the process from outside.
//!
//! Layers: `rustls` (a bare loop) and `ureq`, both by one caller, and `core`.

#[path = "../benches/floor/mod.rs"]
mod floor;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

use frontegg_token::{Client, Credentials, Endpoint, Proxy, Roots};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number =
        |index: usize, default| arguments.get(index).map_or(default, |text| text.parse().unwrap());
    let (calls, callers) = (number(1, 1), number(2, 1));
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let target = floor::Target {
        base_url: variable("FRONTEGG_BASE_URL"),
        ca_pem: fs::read(variable("FRONTEGG_CA_FILE")).unwrap(),
        client_id: variable("FRONTEGG_CLIENT_ID"),
        secret: variable("FRONTEGG_SECRET"),
    };
    match arguments.first().map(String::as_str) {
        Some("rustls") => {
            let mut bare = floor::Bare::new(&target);
            (0..calls).for_each(|_| assert!(bare.call() > 0));
        }
        Some("ureq") => {
            let mut plain = floor::Ureq::new(&target);
            (0..calls).for_each(|_| assert!(plain.call() > 0));
        }
        Some("core") => core(&target, calls, callers),
        _ => panic!("layers rustls|ureq|core CALLS [CALLERS]"),
    }
}

fn core(target: &floor::Target, calls: usize, callers: usize) {
    let client = Client::builder(Endpoint::url(&target.base_url).unwrap())
        .roots(Roots::pem(&target.ca_pem))
        .proxy(Proxy::None)
        .build()
        .unwrap();
    let credentials = Credentials::new(&*target.client_id, &*target.secret).unwrap();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < calls {
                    client.authenticate(&credentials).unwrap();
                }
            });
        }
    });
}
