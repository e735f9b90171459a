//! A fleet, simulated: many holders of one API token, each with the state machine of the
//! product, a service and perhaps a store, in virtual time.
//!
//! One seed is one story: how many holders, how long their tokens live, and which faults they
//! meet; it is the same each time. `watch` has what must hold in all of them. Where it does not,
//! the test says how to play that seed again, and tells it event by event.

// Spans and numbers of holders are far from any limit.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

mod count;
mod day;
mod flight;
mod holder;
mod network;
mod plan;
mod rng;
mod service;
mod store;
mod trace;
mod visit;
mod watch;
mod world;

use plan::{Plan, Shared};
use world::World;

use super::fake::soak;

/// Says how to play a seed again, if it ends in a panic.
struct Replay(u64, Option<Shared>);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let shared = self.1.map_or("without", |shared| match shared {
                Shared::Server => "server",
                Shared::Files => "files",
            });
            let test =
                format!("cargo test -p frontegg-token --lib fleet::small::{shared} -- --nocapture");
            eprintln!("again, event by event: FLEET_SEED={} {test}", self.0);
        }
    }
}

/// Lives through a plan.
fn live(plan: Plan, told: bool) -> World {
    let _replay = Replay(plan.seed, plan.shared);
    let mut world = World::new(plan);
    world.told = told;
    world.run();
    world.check_end();
    world
}

fn campaign(shared: Option<Shared>, seeds: u64) {
    if let Some(seed) = std::env::var_os("FLEET_SEED") {
        let seed = seed.to_str().and_then(|seed| seed.parse().ok()).expect("a seed is a number");
        live(Plan::of_seed(seed, shared), true);
        return;
    }
    for seed in 0..soak(seeds, 20 * seeds) {
        live(Plan::of_seed(seed, shared), false);
    }
}

/// Small fleets in trouble, and what they share.
mod small {
    use super::*;

    #[test]
    fn without_a_store() {
        campaign(None, 3000);
    }

    #[test]
    fn server() {
        campaign(Some(Shared::Server), 5000);
    }

    #[test]
    fn files() {
        campaign(Some(Shared::Files), 3000);
    }
}

#[test]
fn a_seed_is_the_same_story_each_time() {
    let tell = |seed| live(Plan::of_seed(seed, Some(Shared::Server)), false).hash;
    for seed in 0..20 {
        assert_eq!(tell(seed), tell(seed));
    }
    assert_ne!(tell(1), tell(2));
}
