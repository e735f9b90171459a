//! A child that is forked while its parent renews.

use std::time::{Duration, Instant};

use crate::forks::in_child;
use crate::source::fake::Fake;

use super::{LONG, ok, token};

#[test]
fn a_child_renews_when_the_token_is_due_whatever_its_parent_does() {
    let fake = Fake::new([]);
    let (engine, clock) = fake.engine();
    assert_eq!(token(&engine), ok("token-1"));
    clock.advance(Duration::from_secs(2900));
    fake.shut(true);
    assert_eq!(token(&engine), ok("token-1"));
    fake.await_requests(2);
    clock.advance(Duration::from_secs(1));
    assert!(engine.fresh().is_some(), "its renewal is under way");
    assert!(in_child(|| {
        clock.advance(Duration::from_secs(1));
        fake.shut(false);
        let patience = Instant::now() + LONG;
        let has_looked = engine.fresh().is_none() && token(&engine) == ok("token-1");
        // By authentication, in the background.
        while engine.peek().is_none_or(|token| token.as_str() == "token-1") {
            if Instant::now() > patience {
                return false;
            }
        }
        has_looked && fake.requests() == ["id", "refresh-1", "id"]
    }));
    fake.shut(false);
}

#[test]
fn a_fresh_token_is_at_hand_in_a_child_without_a_look_from_its_second_call_on() {
    let fake = Fake::new([]);
    let (engine, clock) = fake.engine();
    assert_eq!(token(&engine), ok("token-1"));
    assert!(in_child(|| {
        clock.advance(Duration::from_secs(1));
        engine.fresh().is_none() && token(&engine) == ok("token-1") && engine.fresh().is_some()
    }));
    assert!(engine.fresh().is_some());
}
