//! Sources that share a store.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::Code;
use crate::source::engine::Engine;
use crate::store::{FileStore, MemoryStore};
use crate::token::Origin;

use super::faulty::Verdict::{Work, WorkAndFail};
use super::faulty::{Faulty, failing};
use super::service::{Stage, herd};
use super::token;

const HOUR: Duration = Duration::from_secs(3600);

fn pair() -> (Stage, Arc<Faulty>, Arc<Engine>, Arc<Engine>) {
    let (stage, store) = (Stage::new(), Arc::new(Faulty::default()));
    let (one, other) = (stage.sharing(store.clone()), stage.sharing(store.clone()));
    (stage, store, one, other)
}

fn live(stage: &Stage) -> usize {
    stage.state().api_tokens[0].live_refresh_tokens
}

fn all_ask(sources: &[Arc<Engine>]) -> String {
    let answers: Vec<_> = sources.iter().map(token).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    answers[0].clone().unwrap()
}

#[test]
fn siblings_share_one_token_by_files() {
    let (stage, folder) = (Stage::new(), TempDir::new().unwrap());
    let directory = folder.path().join("store");
    let store = || Arc::new(FileStore::in_directory(&directory).unwrap());
    let sources: Vec<_> = (0..10).map(|_| stage.sharing(store())).collect();
    for lifetimes in 0..3 {
        all_ask(&sources);
        assert_eq!(stage.requests(), (1, lifetimes));
        stage.clock.advance(HOUR);
    }
    assert_eq!(live(&stage), 1);
}

#[test]
fn siblings_share_one_token_and_one_refresh_token() {
    let stage = Stage::new();
    let store = Arc::new(MemoryStore::new());
    let sources: Vec<_> = (0..10).map(|_| stage.sharing(store.clone())).collect();
    all_ask(&sources);
    assert_eq!(stage.requests(), (1, 0));
    for lifetimes in 1..5 {
        stage.clock.advance(HOUR);
        all_ask(&sources);
        assert_eq!(stage.requests(), (1, lifetimes));
    }
    assert_eq!(live(&stage), 1);
    let stats: Vec<_> = sources.iter().map(|source| source.stats()).collect();
    assert_eq!(stats.iter().map(|it| it.store_hits).sum::<u64>(), 9 * 5);
    assert_eq!(stats.iter().map(|it| it.store_failures).sum::<u64>(), 0);
    assert_eq!(sources[9].peek().unwrap().origin(), Some(Origin::Store));
}

#[test]
fn a_hundred_sources_that_start_at_once_cost_one_request() {
    let stage = Stage::new();
    let store = Arc::new(MemoryStore::new());
    let sources: Vec<_> = (0..100).map(|_| stage.sharing(store.clone())).collect();
    let ask = || {
        let threads: Vec<_> = sources
            .iter()
            .map(|source| {
                let source = source.clone();
                std::thread::spawn(move || token(&source))
            })
            .collect();
        let answers: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(answers[0].is_ok() && answers.iter().all(|answer| *answer == answers[0]));
    };
    ask();
    assert_eq!(stage.requests(), (1, 0));
    stage.clock.advance(HOUR);
    ask();
    assert_eq!(stage.requests(), (1, 1));
}

#[test]
fn a_refresh_is_marked_before_it_is_sent_and_what_it_brings_is_saved_before_it_is_served() {
    let (stage, store, one, _) = pair();
    token(&one).unwrap();
    assert_eq!(store.seen(), ["load", "lease", "load", "save", "release"]);
    stage.clock.advance(HOUR);
    token(&one).unwrap();
    assert_eq!(store.seen(), ["load", "lease", "load", "save", "save", "release"]);
}

#[test]
fn no_fault_of_the_store_is_a_callers() {
    for operation in ["load", "lease", "save"] {
        let (stage, store, one, other) = pair();
        store.set(failing(operation));
        for lifetimes in 1..4 {
            assert!(token(&one).is_ok() && token(&other).is_ok(), "{operation}");
            let (authentications, refreshes) = stage.requests();
            assert!(authentications + refreshes <= 2 * lifetimes, "{operation}");
            assert_eq!(stage.state().api_tokens[0].rejected, 0, "{operation}");
            stage.clock.advance(HOUR);
        }
        let stats = one.stats();
        assert_eq!(stats.failures, 0);
        assert!(stats.store_failures > 0, "{operation}");
        assert_eq!(stats.store_error.unwrap().message(), "on purpose");
        store.heal();
        all_ask(&[one.clone(), other.clone()]);
        stage.clock.advance(HOUR);
        all_ask(&[one.clone(), other]);
        assert!(one.stats().store_error.is_none(), "{operation}");
    }
}

#[test]
fn a_store_that_panics_is_one_that_fails() {
    let (_stage, store, one, _) = pair();
    store.set(|_| panic!("on purpose"));
    token(&one).unwrap();
    assert_eq!(one.stats().store_failures, 1);
}

#[test]
fn while_the_store_is_away_each_refreshes_for_itself() {
    let (stage, store, one, other) = pair();
    store.set(failing("load"));
    assert_ne!(token(&one), token(&other));
    stage.clock.advance(HOUR);
    assert_ne!(token(&one), token(&other));
    assert_eq!(stage.requests(), (2, 2));
    // Back again, it is given what one of them has.
    store.heal();
    stage.clock.advance(HOUR);
    all_ask(&[one, other]);
    assert_eq!(stage.requests(), (2, 3));
}

#[test]
fn a_mark_that_may_be_missing_means_no_refresh() {
    let (stage, store, one, other) = pair();
    all_ask(&[one.clone(), other.clone()]);
    stage.clock.advance(HOUR);
    store.set(failing("save"));
    token(&one).unwrap();
    assert_eq!(stage.requests(), (2, 0));
    // The refresh token is still the store's.
    store.heal();
    token(&other).unwrap();
    assert_eq!(stage.requests(), (2, 1));
}

#[test]
fn what_may_have_been_saved_is_not_used_by_its_finder_as_well() {
    let (stage, store, one, other) = pair();
    token(&one).unwrap();
    stage.clock.advance(HOUR);
    let mut saves = 0;
    store.set(move |operation| {
        saves += u32::from(operation == "save");
        if saves == 2 { WorkAndFail } else { Work }
    });
    token(&one).unwrap();
    store.heal();
    stage.clock.advance(HOUR);
    all_ask(&[one, other]);
    assert_eq!(stage.requests(), (1, 2));
    assert_eq!(stage.state().refresh_tokens_presented_twice, 0);
}

#[test]
fn a_refresh_that_was_not_sent_leaves_its_token_to_all() {
    let (stage, _, one, other) = pair();
    all_ask(&[one.clone(), other.clone()]);
    stage.clock.advance(HOUR);
    let limited = json!({"respond": {"status": 429}});
    stage.fault(json!({"on": "refresh", "times": 1, "action": limited}));
    assert_eq!(token(&one), Err(Code::RateLimited));
    token(&other).unwrap();
    assert_eq!(stage.requests(), (1, 2));
    assert_eq!(live(&stage), 1);
}

#[test]
fn a_lost_answer_costs_an_authentication_and_no_second_refresh() {
    let (stage, _, one, other) = pair();
    all_ask(&[one.clone(), other.clone()]);
    stage.clock.advance(HOUR);
    let lost = json!({"close": {"when": "after_processing"}});
    stage.fault(json!({"on": "refresh", "times": 1, "action": lost}));
    all_ask(&[one.clone(), other.clone()]);
    assert_eq!(stage.requests(), (2, 1));
    stage.clock.advance(HOUR);
    all_ask(&[one, other]);
    assert_eq!(stage.requests(), (2, 2));
}

#[test]
fn a_rejected_refresh_rereads_the_store_first() {
    let (stage, store, one, other) = pair();
    token(&one).unwrap();
    stage.clock.advance(HOUR);
    // After a look without the lease, and one with it.
    store.let_a_sibling_in(other, "load", 3);
    stage.fault(json!({"on": "refresh", "times": 1, "action": {"respond": {"status": 401}}}));
    token(&one).unwrap();
    assert_eq!((one.stats().fallbacks, one.stats().store_hits), (1, 1));
    assert_eq!(stage.requests(), (2, 1));
}

#[test]
fn a_refresh_token_that_a_sibling_took_first_is_not_sent() {
    let (stage, store, one, other) = pair();
    token(&one).unwrap();
    stage.clock.advance(HOUR);
    // After its look with the lease, and before its mark.
    store.let_a_sibling_in(other, "save", 1);
    token(&one).unwrap();
    assert_eq!((one.stats().refreshes, one.stats().store_hits), (0, 1));
    assert_eq!(stage.requests(), (1, 1));
}

#[test]
fn a_store_where_others_are_always_first_is_left_alone_after_a_while() {
    let (stage, store, one, _) = pair();
    token(&one).unwrap();
    stage.clock.advance(HOUR);
    store.seen();
    store.is_stubborn.store(true, Ordering::SeqCst);
    token(&one).unwrap();
    assert_eq!(stage.requests(), (2, 0));
    let saves = store.seen().iter().filter(|operation| **operation == "save").count();
    assert_eq!(saves, 4);
}

#[test]
fn a_refresh_token_of_an_entry_that_came_back_is_not_sent() {
    let (stage, store, one, _) = pair();
    token(&one).unwrap();
    let first = store.entry().unwrap();
    stage.clock.advance(HOUR);
    token(&one).unwrap();
    stage.clock.advance(HOUR);
    // As of a server that fails over to one which has not heard of the last save.
    store.put(&first);
    token(&one).unwrap();
    assert_eq!(stage.requests(), (2, 1));
    assert_eq!(one.stats().fallbacks, 0);
}

#[test]
fn rejected_credentials_are_everybodys() {
    let (stage, store, one, other) = pair();
    let third = stage.sharing(store);
    let rejected = json!({"respond": {"status": 401}});
    stage.fault(json!({"on": "authenticate", "times": 2, "action": rejected}));
    for source in [&one, &other, &third] {
        assert_eq!(token(source), Err(Code::InvalidCredentials));
    }
    assert_eq!(stage.requests(), (1, 0));
    stage.clock.advance(Duration::from_millis(1_300));
    for source in [&third, &other, &one] {
        assert_eq!(token(source), Err(Code::InvalidCredentials));
    }
    assert_eq!(stage.requests(), (2, 0), "and the next wait is longer");
    stage.clock.advance(Duration::from_millis(1_300));
    assert_eq!(token(&one), Err(Code::InvalidCredentials));
    assert_eq!(stage.requests(), (2, 0));
    stage.clock.advance(Duration::from_millis(1_300));
    all_ask(&[other, one, third]);
    assert_eq!(stage.requests(), (3, 0));
}

#[test]
fn an_invalidated_token_is_not_taken_from_the_store_again() {
    let (stage, _, one, other) = pair();
    let first = all_ask(&[one.clone(), other.clone()]);
    assert!(one.invalidate(&first));
    let second = token(&one).unwrap();
    assert_ne!(first, second);
    assert_eq!(stage.requests(), (1, 1));
    assert!(other.invalidate(&first));
    assert_eq!(token(&other).unwrap(), second);
    assert_eq!(stage.requests(), (1, 1));
}

#[test]
fn a_damaged_entry_is_replaced() {
    for damage in [b"".as_slice(), b"{}", &[0xff; 3000]] {
        let (stage, store, one, other) = pair();
        token(&one).unwrap();
        store.put(damage);
        all_ask(&[other.clone(), stage.sharing(store.clone())]);
        assert_eq!(stage.requests(), (2, 0));
        assert_eq!(other.stats().store_failures, 0);
    }
}

#[test]
fn an_entry_with_a_flipped_bit_in_any_byte_is_replaced() {
    let (stage, store, one, _) = pair();
    token(&one).unwrap();
    let bytes = store.entry().unwrap().len();
    for byte in 0..bytes {
        let mut damaged = store.entry().unwrap();
        damaged[byte] ^= 1 << (byte % 8);
        store.put(&damaged);
        // A process of its own, which finds it, and then one that finds what came of that.
        let both = [stage.sharing(store.clone()), stage.sharing(store.clone())];
        all_ask(&both);
        let hits = both.each_ref().map(|source| source.stats().store_hits);
        assert_eq!((hits, both[0].stats().store_failures), ([0, 1], 0), "byte {byte}");
    }
    assert_eq!(stage.requests(), (bytes as u64 + 1, 0));
}

#[test]
fn an_entry_under_another_name_is_replaced() {
    let (stage, store, one, _) = pair();
    let other = stage.stranger(store.clone());
    let text = token(&one).unwrap();
    let entry = store.entry().unwrap();
    token(&other).unwrap();
    store.put(&entry);
    let late = stage.stranger(store.clone());
    assert_ne!(token(&late).unwrap(), text);
    assert_eq!((late.stats().store_hits, late.stats().store_failures), (0, 0));
}

#[test]
fn an_entry_tells_nothing() {
    let (stage, store, one, _) = pair();
    let text = token(&one).unwrap();
    let entry = store.entry().unwrap();
    for secret in [&text, "generation", "token", "refresh", "lifetime"] {
        for part in secret.as_bytes().windows(secret.len().min(8)) {
            assert!(!entry.windows(part.len()).any(|run| run == part), "{secret}");
        }
    }
    // Not even that it is the same token.
    stage.clock.advance(HOUR);
    token(&one).unwrap();
    assert_ne!(store.entry().unwrap()[..40], entry[..40]);
}

#[test]
fn more_life_than_the_store_has_is_renewed_for() {
    let (stage, _, one, other) = pair();
    token(&one).unwrap();
    stage.clock.advance(Duration::from_secs(1800));
    let answer = other.obtain(Duration::from_secs(3000), HOUR).unwrap();
    assert_eq!(answer.origin(), Some(Origin::Refresh));
    assert_eq!(stage.requests(), (1, 1));
}

#[test]
fn a_herd_in_each_of_two_sources_costs_one_request() {
    let (stage, _, one, other) = pair();
    let (here, there) = std::thread::scope(|scope| {
        let there = scope.spawn(|| herd(&other, 200));
        (herd(&one, 200), there.join().unwrap())
    });
    assert!(here[0].is_ok() && here.iter().chain(&there).all(|answer| *answer == here[0]));
    assert_eq!(stage.requests(), (1, 0));
}
