use super::lab::{Got, HOUR, Lab, seconds};
use super::*;
use crate::{Code, Policy};

fn token(number: u32) -> Got {
    Got::Token(format!("token-{number}"))
}

#[test]
fn a_token_is_fresh_then_due_then_urgent_then_expired() {
    let mut lab = Lab::with_token(HOUR);
    // Half way in the window of 70 to 80 %.
    lab.advance(seconds(2699));
    assert_eq!(lab.call(), token(1));
    lab.advance(seconds(1));
    assert_eq!(lab.call(), Got::TokenAndRenewal("token-1".into()));
    assert_eq!(lab.call(), token(1));
    lab.advance(seconds(869));
    assert_eq!(lab.call(), token(1));
    lab.advance(seconds(1));
    assert_eq!(lab.call(), Got::Wait);
    lab.advance(seconds(30));
    assert_eq!(lab.call(), Got::Wait);
    assert_eq!(lab.leg(), "refresh-1");
    let outcome = lab.grant(Some(HOUR)).unwrap();
    assert_eq!(lab.settle(outcome), Some(Ok("token-2".into())));
    assert_eq!(lab.call(), token(2));
    assert_eq!(lab.events(), [EventKind::Authenticated, EventKind::Refreshed]);
}

#[test]
fn lifetimes_from_seconds_to_centuries_behave() {
    let ages = [seconds(10), HOUR, seconds(180 * 86_400), seconds(2_687_784_526), Duration::MAX];
    for lifetime in ages {
        let mut lab = Lab::with_token(lifetime);
        let urgent = seconds(30).min(lifetime / 10);
        assert_eq!(lab.call(), token(1));
        let held = lab.state.held().unwrap();
        assert_eq!(
            (held.due, held.urgent),
            (lifetime.mul_f64(0.75), lifetime.saturating_sub(urgent))
        );
        assert!(held.left(lab.now).unwrap() == lifetime);
    }
}

#[test]
fn a_token_of_unknown_lifetime_is_used_once() {
    let mut lab = Lab::new(Policy::Auto);
    assert_eq!(lab.call(), Got::Wait);
    lab.leg();
    let outcome = lab.grant(None).unwrap();
    assert_eq!(lab.settle(outcome), Some(Ok("token-1".into())));
    assert_eq!(lab.call(), Got::Wait);
    assert_eq!(lab.leg(), "refresh-1");
}

#[test]
fn either_clock_ends_a_lifetime_and_neither_prolongs_it() {
    let mut lab = Lab::with_token(HOUR);
    lab.step_wall(-10 * 365 * 86_400);
    assert_eq!(lab.call(), token(1));
    lab.advance(seconds(3600));
    assert_eq!(lab.call(), Got::Wait);
    let mut lab = Lab::with_token(HOUR);
    lab.step_wall(10 * 365 * 86_400);
    assert_eq!(lab.call(), Got::Wait);
}

#[test]
fn a_token_that_expired_on_its_way_is_asked_for_anew_once() {
    for (policy, refresh_token, expected) in [
        (Policy::Auto, Some("refresh-1"), "refresh-1"),
        (Policy::RefreshFirst, Some("refresh-1"), "refresh-1"),
        (Policy::AuthenticateOnly, Some("refresh-1"), "authenticate"),
        (Policy::Auto, None, "authenticate"),
    ] {
        let begin = || {
            let mut lab = Lab::new(policy);
            lab.call();
            lab.leg();
            assert!(lab.grant_with(Some(seconds(10)), refresh_token, seconds(10)).is_none());
            assert_eq!(lab.call(), Got::Wait, "it goes on");
            assert_eq!(lab.leg(), expected);
            lab
        };
        let mut lab = begin();
        assert!(lab.grant_with(Some(HOUR), Some("refresh-2"), Duration::ZERO).is_some());
        assert_eq!(lab.call(), token(2));
        assert_eq!(lab.events().len(), 1);
        assert_eq!(lab.state.stats().failures, 0);

        let mut lab = begin();
        let outcome = lab.grant_with(Some(seconds(10)), Some("refresh-2"), seconds(10)).unwrap();
        assert_eq!(lab.settle(outcome), Some(Err(Code::InvalidResponse)));
        assert_eq!(lab.call(), Got::Error(Code::InvalidResponse));
        lab.advance(seconds(2));
        assert_eq!(lab.call(), Got::Wait);
        let next = if policy == Policy::AuthenticateOnly { "authenticate" } else { "refresh-2" };
        assert_eq!(lab.leg(), next, "the refresh token that came with it is good");
    }
}

#[test]
fn a_lost_refresh_is_never_repeated_and_an_unsent_one_is() {
    let processed = [Code::Interrupted, Code::Timeout, Code::ServerError, Code::RefreshRejected];
    for code in processed {
        let mut lab = Lab::with_token(HOUR);
        lab.advance(seconds(2700));
        lab.call();
        assert_eq!(lab.leg(), "refresh-1");
        assert!(lab.fail(code).is_none(), "{code}: the flight goes on");
        assert_eq!(lab.leg(), "authenticate");
        assert!(lab.grant(Some(HOUR)).is_some());
        let expected = [EventKind::Authenticated, EventKind::FellBack, EventKind::Authenticated];
        assert_eq!(lab.events(), expected);
        assert_eq!(lab.state.stats().fallbacks, 1);
    }
    for code in [Code::Connect, Code::Tls, Code::Timeout] {
        let mut lab = Lab::with_token(HOUR);
        lab.advance(seconds(2700));
        lab.call();
        assert_eq!(lab.leg(), "refresh-1");
        assert!(lab.fail_unsent(code).is_some(), "{code}: the flight is over");
        lab.advance(HOUR);
        lab.call();
        assert_eq!(lab.leg(), "refresh-1");
    }
}

#[test]
fn the_refresh_token_of_an_answer_is_the_next_one_whatever_it_is() {
    for (given, next) in
        [(Some("other"), "other"), (Some("refresh-1"), "refresh-1"), (None, "authenticate")]
    {
        let mut lab = Lab::with_token(HOUR);
        lab.advance(seconds(2700));
        lab.call();
        lab.leg();
        assert!(lab.grant_with(Some(HOUR), given, Duration::ZERO).is_some());
        lab.advance(seconds(2700));
        lab.call();
        assert_eq!(lab.leg(), next);
    }
}

#[test]
fn a_failure_takes_nothing_from_a_valid_token_and_is_tried_again() {
    let mut lab = Lab::with_token(HOUR);
    lab.advance(seconds(2700));
    lab.call();
    lab.leg();
    lab.fail(Code::ServerError);
    lab.leg();
    let outcome = lab.fail(Code::ServerError).unwrap();
    assert_eq!(lab.settle(outcome), Some(Ok("token-1".into())));
    assert_eq!(lab.call(), token(1));
    // 7.5 % of the lifetime.
    lab.advance(seconds(269));
    assert_eq!(lab.call(), token(1));
    lab.advance(seconds(1));
    assert_eq!(lab.call(), Got::TokenAndRenewal("token-1".into()));
    assert_eq!(
        lab.events(),
        [
            EventKind::Authenticated,
            EventKind::FellBack,
            EventKind::Failed,
            EventKind::ServedWhileFailing
        ]
    );
}

#[test]
fn the_wait_with_a_token_in_hand_is_bounded_both_ways_and_ends_when_it_is_urgent() {
    for (lifetime, wait) in [(10, 1), (600, 45), (86_400, 300)] {
        let mut lab = Lab::with_token(seconds(lifetime));
        lab.advance(seconds(lifetime).mul_f64(0.75));
        lab.call();
        lab.leg();
        lab.fail(Code::ServerError);
        if lab.flight.is_some() {
            lab.leg();
            lab.fail(Code::ServerError);
        }
        lab.advance(seconds(wait).saturating_sub(Duration::from_nanos(1)));
        assert_eq!(lab.call(), token(1), "{lifetime}");
        lab.advance(Duration::from_nanos(1));
        assert_eq!(lab.call(), Got::TokenAndRenewal("token-1".into()), "{lifetime}");
    }
    // A wait that would reach into the urgent time ends with its beginning.
    let mut lab = Lab::with_token(HOUR);
    lab.advance(seconds(3500));
    lab.call();
    lab.leg();
    lab.fail_unsent(Code::Connect);
    lab.advance(seconds(69));
    assert_eq!(lab.call(), token(1));
    lab.advance(seconds(1));
    assert_eq!(lab.call(), Got::Wait);
    lab.leg();
    let outcome = lab.fail_unsent(Code::Connect).unwrap();
    assert_eq!(lab.settle(outcome), Some(Ok("token-1".into())));
    // Urgent, failing, and still valid.
    assert_eq!(lab.call(), token(1));
    lab.advance(seconds(1));
    assert_eq!(lab.call(), Got::Wait);
}

#[test]
fn with_nothing_to_serve_a_failure_is_remembered_for_a_while_that_doubles() {
    for (code, longest) in [(Code::ServerError, 30.0), (Code::InvalidCredentials, 60.0)] {
        let mut lab = Lab::new(Policy::Auto);
        let mut expected = 1.0_f64;
        for _ in 0..10 {
            assert_eq!(lab.call(), Got::Wait);
            lab.leg();
            let outcome = lab.fail(code).unwrap();
            assert_eq!(lab.settle(outcome), Some(Err(code)));
            assert_eq!(lab.call(), Got::Error(code));
            assert!((lab.refused_for() - expected).abs() < 0.001, "{code} {expected}");
            expected = (expected * 2.0).min(longest);
            let wait = Duration::from_secs_f64(lab.refused_for());
            lab.advance(wait.saturating_sub(Duration::from_nanos(1)));
            assert_eq!(lab.call(), Got::Error(code));
            lab.advance(Duration::from_micros(1));
        }
        // One event for each failure, however many calls it refused.
        let throttled = lab.events().iter().filter(|kind| **kind == EventKind::Throttled).count();
        assert_eq!(throttled, 10);
        assert_eq!(lab.call(), Got::Wait);
        lab.leg();
        lab.grant(Some(HOUR));
        lab.advance(HOUR);
        lab.call();
        lab.leg();
        lab.fail_unsent(Code::Connect);
        assert!((lab.refused_for() - 1.0).abs() < 0.001, "a success ends the growth");
    }
}

#[test]
fn waits_differ_by_a_quarter_either_way() {
    for (draw, expected) in [(0.0, 0.75), (1.0, 1.25)] {
        let mut lab = Lab::new(Policy::Auto);
        lab.draw = draw;
        lab.call();
        lab.leg();
        lab.fail(Code::ServerError);
        assert!((lab.refused_for() - expected).abs() < 0.001);
    }
}

#[test]
fn a_wait_that_the_service_announces_is_kept_up_to_a_quarter_of_an_hour() {
    for (announced, wait) in [(seconds(20), 20.5), (seconds(86_400), 900.5), (seconds(0), 1.5)] {
        let mut lab = Lab::new(Policy::Auto);
        lab.call();
        lab.leg();
        lab.limit(announced);
        assert!((lab.refused_for() - wait).abs() < 0.001, "{announced:?}");
    }
}

#[test]
fn with_a_token_in_hand_an_announced_wait_prolongs_the_wait_and_never_shortens_it() {
    // Without one, it would be 7.5 % of the lifetime: 270 s.
    for (announced, wait) in [(0, 270), (20, 270), (600, 601)] {
        let mut lab = Lab::with_token(HOUR);
        lab.advance(seconds(2700));
        lab.call();
        assert_eq!(lab.leg(), "refresh-1");
        assert!(lab.limit(seconds(announced)).is_some());
        lab.advance(seconds(wait - 1));
        assert_eq!(lab.call(), token(1), "{announced}");
        lab.advance(seconds(1));
        assert_eq!(lab.call(), Got::TokenAndRenewal("token-1".into()), "{announced}");
        assert_eq!(lab.leg(), "refresh-1", "after a 429 the refresh token is as good as before");
    }
}

#[test]
fn a_step_of_the_wall_clock_neither_ends_a_wait_nor_prolongs_it() {
    for step in [10 * 365 * 86_400, -10 * 365 * 86_400] {
        let mut lab = Lab::new(Policy::Auto);
        lab.call();
        lab.leg();
        lab.fail(Code::ServerError);
        lab.step_wall(step);
        assert_eq!(lab.call(), Got::Error(Code::ServerError));
        lab.advance(seconds(1));
        assert_eq!(lab.call(), Got::Wait);
    }
}

#[test]
fn an_invalidated_token_is_renewed_once_and_a_loop_of_401s_does_not_hammer() {
    let mut lab = Lab::with_token(HOUR);
    assert!(!lab.state.invalidate("another", lab.now));
    assert!(lab.state.invalidate("token-1", lab.now));
    assert!(!lab.state.invalidate("token-1", lab.now));
    assert_eq!(lab.call(), Got::Wait);
    assert!(!lab.state.invalidate("token-1", lab.now));
    assert_eq!(lab.leg(), "refresh-1");
    lab.grant(Some(HOUR));
    // The new one is rejected as well: it serves on, for 1 s.
    assert!(lab.state.invalidate("token-2", lab.now));
    assert_eq!(lab.call(), token(2));
    lab.advance(seconds(1));
    let mut waits = Vec::new();
    for number in 2..9 {
        assert_eq!(lab.call(), Got::Wait, "{number}");
        lab.leg();
        lab.grant(Some(HOUR));
        let current = format!("token-{}", number + 1);
        assert!(lab.state.invalidate(&current, lab.now));
        let mut waited = 0;
        while lab.call() == Got::Token(current.clone()) {
            lab.advance(seconds(1));
            waited += 1;
            assert!(lab.state.invalidate(&current, lab.now) || lab.call() == Got::Wait);
        }
        waits.push(waited);
    }
    assert_eq!(waits, [0, 2, 4, 8, 16, 30, 30]);
}

#[test]
fn new_credentials_and_an_invalidation_end_the_memory_of_a_rejection() {
    let mut lab = Lab::new(Policy::Auto);
    lab.call();
    lab.leg();
    lab.fail(Code::InvalidCredentials);
    assert_eq!(lab.call(), Got::Error(Code::InvalidCredentials));
    lab.state.replace_credentials(true);
    assert_eq!(lab.call(), Got::Wait);

    for (code, again) in [(Code::InvalidCredentials, true), (Code::ServerError, false)] {
        let mut lab = Lab::with_token(HOUR);
        lab.advance(seconds(2700));
        lab.call();
        lab.leg();
        lab.fail(Code::RefreshRejected);
        lab.leg();
        lab.fail(code);
        assert!(lab.state.invalidate("token-1", lab.now));
        let expected = if again { Got::Wait } else { Got::Error(code) };
        assert_eq!(lab.call(), expected);
    }
}

#[test]
fn other_credentials_take_all_that_the_old_ones_brought() {
    for same in [true, false] {
        let mut lab = Lab::with_token(HOUR);
        lab.advance(seconds(2700));
        lab.call();
        lab.leg();
        lab.state.replace_credentials(same);
        let late = lab.grant(Some(HOUR)).unwrap();
        assert!(matches!(late, Outcome::Superseded));
        assert_eq!(lab.settle(late), None);
        let expected = if same { Got::TokenAndRenewal("token-1".into()) } else { Got::Wait };
        assert_eq!(lab.call(), expected);
        assert_eq!(lab.leg(), "authenticate", "the refresh token was on its way");
    }
}

#[test]
fn a_minimum_validity_renews_and_one_that_cannot_be_met_is_refused() {
    let mut lab = Lab::with_token(HOUR);
    assert_eq!(lab.call_for(seconds(3241)), Got::Error(Code::InvalidArgument));
    assert_eq!(lab.call_for(seconds(3240)), token(1));
    lab.advance(seconds(600));
    assert_eq!(lab.call_for(seconds(3000)), token(1));
    assert_eq!(lab.call_for(seconds(3001)), Got::Wait);
    assert_eq!(lab.call(), token(1), "others go on");
    lab.leg();
    lab.fail_unsent(Code::Connect);
    assert_eq!(lab.call_for(seconds(3001)), Got::Error(Code::Connect));
    assert_eq!(lab.call(), token(1));
}

#[test]
fn evictions_make_auto_authenticate_for_a_while_and_then_try_once() {
    let renew = |lab: &mut Lab, rejected: bool| {
        lab.advance(HOUR);
        assert_eq!(lab.call(), Got::Wait);
        let mut legs = 1;
        if lab.leg() != "authenticate" && rejected {
            lab.fail(Code::RefreshRejected);
            lab.leg();
            legs += 1;
        }
        lab.grant(Some(HOUR));
        legs
    };
    for (policy, expected) in [
        (
            Policy::Auto,
            [2, 2, 2].into_iter().chain([1; 19]).chain([2]).chain([1; 19]).chain([2]).collect(),
        ),
        (Policy::RefreshFirst, vec![2; 43]),
        (Policy::AuthenticateOnly, vec![1; 43]),
    ] {
        let mut lab = Lab::new(policy);
        lab.call();
        lab.leg();
        lab.grant(Some(HOUR));
        let legs: Vec<i32> = (0..43).map(|_| renew(&mut lab, true)).collect();
        let expected: Vec<i32> = expected;
        assert_eq!(legs, expected, "{policy:?}");
        if policy == Policy::Auto {
            assert!(lab.state.stats().authenticating_only);
            // The crowd is gone: a refresh succeeds again, and that is that.
            for _ in 0..25 {
                assert_eq!(renew(&mut lab, false), 1);
            }
            assert!(!lab.state.stats().authenticating_only);
            assert!(lab.state.stats().refreshes > 0);
        }
    }
}

#[test]
fn a_service_that_refuses_each_refresh_is_spared_them_for_a_while() {
    let refusals = [(Code::Rejected, 404, true), (Code::Forbidden, 403, true)];
    let pages = [(Code::InvalidResponse, 200, true), (Code::InvalidResponse, 302, true)];
    let others = [(Code::ServerError, 500, false), (Code::Interrupted, 0, false)];
    for (code, status, counts) in refusals.into_iter().chain(pages).chain(others) {
        let mut lab = Lab::with_token(HOUR);
        let mut refreshes = 0;
        for _ in 0..43 {
            lab.advance(HOUR);
            lab.call();
            if lab.leg() != "authenticate" {
                refreshes += 1;
                let error = Error::new(code, "on purpose");
                assert!(
                    lab.answer(Err(if status == 0 { error } else { error.with_status(status) }))
                        .is_none()
                );
                lab.leg();
            }
            lab.grant(Some(HOUR));
        }
        assert_eq!(refreshes, if counts { 5 } else { 43 }, "{code} {status}");
        assert_eq!(lab.state.stats().authenticating_only, counts);
    }
}

#[test]
fn a_reused_refresh_token_that_is_rejected_in_the_end_is_no_eviction() {
    let mut lab = Lab::with_token(HOUR);
    for _ in 0..6 {
        for _ in 0..2 {
            lab.advance(HOUR);
            lab.call();
            let token = lab.leg();
            assert_ne!(token, "authenticate");
            lab.grant_with(Some(HOUR), Some(&token), Duration::ZERO);
        }
        lab.advance(HOUR);
        lab.call();
        lab.leg();
        lab.fail(Code::RefreshRejected);
        lab.leg();
        lab.grant(Some(HOUR));
    }
    assert!(!lab.state.stats().authenticating_only);
}

#[test]
fn closed_is_closed() {
    let mut lab = Lab::with_token(HOUR);
    lab.state.close();
    assert_eq!(lab.call(), Got::Error(Code::Closed));
    assert!(lab.state.held().is_none());
    assert!(!lab.state.invalidate("token-1", lab.now));
}
