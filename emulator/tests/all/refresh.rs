//! Refresh tokens: single use, cap, expiry.

use frontegg_emulator::{ApiToken, Options};
use serde_json::json;

use crate::wire::{V2, authenticate, post, quick, refresh, start};

#[test]
fn a_refresh_token_serves_once() {
    let emulator = start(quick());
    let first = authenticate(&emulator);
    let second = refresh(&emulator, &first).expect("fresh");
    assert_ne!(first, second);
    assert_eq!(refresh(&emulator, &first), Err(401));
    assert_eq!(refresh(&emulator, &first), Err(401));
    assert_eq!(refresh(&emulator, "never seen"), Err(401));
    // No family is revoked.
    let third = refresh(&emulator, &second).expect("fresh");
    assert!(refresh(&emulator, &third).is_ok());

    let state = emulator.state();
    assert_eq!(state.refresh_tokens_presented_twice, 2);
    let token = &state.api_tokens[0];
    assert_eq!((token.authentications, token.refreshes, token.rejected), (1, 3, 2));
    assert_eq!(token.live_refresh_tokens, 1);
    let tokens: Vec<_> = state
        .requests
        .iter()
        .map(|request| (request.presented_refresh_token, request.issued_refresh_token))
        .collect();
    let expected = [
        (None, Some(1)),
        (Some(1), Some(2)),
        (Some(1), None),
        (Some(1), None),
        (None, None),
        (Some(2), Some(3)),
        (Some(3), Some(4)),
    ];
    assert_eq!(tokens, expected);
}

#[test]
fn without_rotation_the_same_token_comes_back() {
    let emulator = start(Options { rotation: false, ..quick() });
    let token = authenticate(&emulator);
    for _ in 0..3 {
        assert_eq!(refresh(&emulator, &token).as_deref(), Ok(token.as_str()));
    }
    let state = emulator.state();
    assert_eq!(state.refresh_tokens_presented_twice, 0);
    assert_eq!(state.api_tokens[0].live_refresh_tokens, 1);
}

#[test]
fn the_hundred_and_first_authentication_evicts_the_earliest() {
    let emulator = start(quick());
    let tokens: Vec<String> = (0..100).map(|_| authenticate(&emulator)).collect();
    assert_eq!(emulator.state().api_tokens[0].live_refresh_tokens, 100);
    // A refresh adds none, but makes its token the latest.
    let renewed = refresh(&emulator, &tokens[0]).expect("all are alive");
    let newest = authenticate(&emulator);
    assert_eq!(emulator.state().api_tokens[0].live_refresh_tokens, 100);
    assert_eq!(refresh(&emulator, &tokens[1]), Err(401), "the earliest is gone");
    for token in [&tokens[2], &tokens[99], &renewed, &newest] {
        assert!(refresh(&emulator, token).is_ok());
    }
    // An evicted token was never consumed.
    assert_eq!(emulator.state().refresh_tokens_presented_twice, 0);
}

#[test]
fn each_api_token_has_a_cap_of_its_own() {
    let api_tokens = vec![ApiToken::tenant("id", "top-secret"), ApiToken::user("other", "s")];
    let emulator = start(Options { api_tokens, refresh_token_cap: 2, ..quick() });
    let mine = authenticate(&emulator);
    for _ in 0..5 {
        assert_eq!(post(&emulator, V2, &json!({"clientId": "other", "secret": "s"})).status, 200);
    }
    let live: Vec<_> =
        emulator.state().api_tokens.iter().map(|token| token.live_refresh_tokens).collect();
    assert_eq!(live, [1, 2]);
    assert!(refresh(&emulator, &mine).is_ok());
}

#[test]
fn refresh_tokens_expire_by_the_services_clock() {
    let emulator = start(Options { refresh_token_lifetime: 3600, ..quick() });
    let (early, late) = (authenticate(&emulator), authenticate(&emulator));
    emulator.advance_clock(3500);
    assert!(refresh(&emulator, &early).is_ok());
    emulator.advance_clock(200);
    assert_eq!(refresh(&emulator, &late), Err(401));
    assert_eq!(emulator.state().api_tokens[0].live_refresh_tokens, 1, "the renewed one lives on");
    assert_eq!(emulator.state().refresh_tokens_presented_twice, 0, "it expired unused");
}

#[test]
fn expired_tokens_take_no_room_under_the_cap() {
    let emulator = start(Options { refresh_token_lifetime: 1000, refresh_token_cap: 2, ..quick() });
    let long_lived = authenticate(&emulator);
    let patch = json!({"refresh_token_lifetime": 10});
    emulator.set_options(patch.as_object().expect("an object")).expect("a live option");
    authenticate(&emulator);
    emulator.advance_clock(20);
    authenticate(&emulator);
    assert!(refresh(&emulator, &long_lived).is_ok(), "the expired one made room, not the earliest");
}
