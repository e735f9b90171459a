//! Sources whose Redis fails, and comes back: they go on without it, and then with it.

use std::sync::Arc;

use frontegg_token::{EventKind, RedisStore, Roots};

use crate::fleet::{LITTLE, Member, Service};
use crate::server::{Server, rewritten};
use crate::wire::Wire;
use crate::{LONG, bounded, patient};

#[test]
fn killed_before_the_first_token() {
    bounded(|| {
        let (service, mut server) = (Service::start(), Server::start());
        let member = service.member(server.store());
        server.kill().unwrap();
        member.assert_goes_on("no connection to Redis");
        server.restart().unwrap();
        member.assert_recovers(&service, &service.member(server.store()));
    });
}

#[test]
fn killed_between_two_tokens() {
    bounded(|| {
        let (service, mut server) = (Service::start(), Server::start());
        let member = service.member(server.store());
        member.token();
        server.kill().unwrap();
        member.renew();
        member.assert_goes_on("no connection to Redis");
        server.restart().unwrap();
        member.assert_recovers(&service, &service.member(server.store()));
    });
}

#[test]
fn killed_in_the_middle_of_a_renewal() {
    bounded(|| {
        let (service, mut server) = (Service::start(), Server::start());
        let member = service.member(server.store());
        service.hold("authenticate");
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| member.token());
            service.until_requests(1);
            server.kill().unwrap();
            service.0.release();
            waiting.join().unwrap();
        });
        member.assert_store_failed("no connection to Redis");
        server.restart().unwrap();
        member.assert_recovers(&service, &service.member(server.store()));
    });
}

#[test]
fn restarted_and_empty() {
    bounded(|| {
        let (service, mut server) = (Service::start(), Server::start());
        let member = service.member(server.store());
        member.token();
        server.restart().unwrap();
        let token = member.renew();
        let newcomer = service.member(server.store());
        assert_eq!(newcomer.token(), token);
        for stats in [member.source.stats(), newcomer.source.stats()] {
            assert_eq!((stats.store_failures, stats.failures), (0, 0));
        }
    });
}

#[test]
fn standing_still() {
    bounded(|| {
        let (service, server) = (Service::start(), Server::start());
        let hurried = || server.builder().timeout(LITTLE).build().unwrap();
        let (warm, cold) = (service.member(server.store()), service.member(hurried()));
        let token = warm.token();
        server.pause().unwrap();
        let other = cold.token();
        assert_ne!(other, token);
        cold.assert_goes_on("the time for Redis was up");
        server.resume().unwrap();
        cold.assert_recovers(&service, &service.member(server.store()));
        assert_eq!(warm.source.stats().store_failures, 0);
    });
}

#[test]
fn cut_off() {
    let Some(wire) = Wire::lay() else { return };
    bounded(move || {
        let service = Service::start();
        let (server, url) = wire.server();
        let hurried = || RedisStore::builder(url.clone()).timeout(LITTLE).build().unwrap();
        let (warm, cold) = (service.member(hurried()), service.member(hurried()));
        let token = warm.token();
        server.until_free();
        wire.cut();
        assert_eq!(warm.token(), token);
        warm.renew();
        warm.assert_store_failed("the time for Redis was up");
        warm.renew();
        cold.assert_goes_on("the time for Redis was up while connecting");
        wire.mend();
        warm.assert_recovers(&service, &service.member(patient(url)));
    });
}

#[test]
fn without_memory() {
    bounded(|| {
        let (service, server) = (Service::start(), Server::start());
        let member = service.member(server.store());
        let token = member.token();
        server.command::<()>("CONFIG SET maxmemory 1");
        // What is there can be had.
        assert_eq!(service.member(server.store()).token(), token);
        member.renew();
        member.assert_goes_on("Redis answered OOM to the request");
        server.command::<()>("CONFIG SET maxmemory 0");
        member.assert_recovers(&service, &service.member(server.store()));
    });
}

#[test]
fn turned_into_a_replica() {
    bounded(|| {
        let (service, server) = (Service::start(), Server::start());
        let member = service.member(server.store());
        let token = member.token();
        server.until_free();
        server.command::<()>("REPLICAOF 127.0.0.1 1");
        assert_eq!(service.member(server.store()).token(), token);
        member.renew();
        member.assert_goes_on("Redis answered READONLY to the request");
        server.command::<()>("REPLICAOF NO ONE");
        member.assert_recovers(&service, &service.member(server.store()));
    });
}

#[test]
fn with_another_password() {
    bounded(|| {
        let service = Service::start();
        let rules = "--user fleet on >other ~* +@all";
        let server = Server::with(&rules.split(' ').collect::<Vec<_>>());
        let fleets = || {
            let url = format!("{}?user=fleet&pass=planted", server.url());
            patient(url).unwrap()
        };
        let member = service.member(fleets());
        member.assert_goes_on("Redis answered WRONGPASS to the password");
        server.command::<()>("ACL SETUSER fleet >planted");
        member.assert_recovers(&service, &service.member(fleets()));
        let lines = crate::log::lines();
        assert!(!lines.iter().any(|(_, line)| line.contains("planted")));
    });
}

#[test]
fn certified_by_an_unknown_authority() {
    bounded(|| {
        let (service, server) = (Service::start(), Server::secured(&[]));
        let builder = || RedisStore::builder(server.tls_url().unwrap()).timeout(LONG);
        let stranger = service.member(builder().roots(Roots::Bundled).build());
        stranger.assert_goes_on(
            "no TLS connection to Redis: the server's certificate was issued by an authority",
        );
        // The same server serves those who trust it.
        let trusting = || service.member(builder().roots(server.roots()).build());
        let token = trusting().token();
        assert_eq!(trusting().token(), token);
    });
}

#[test]
fn certified_for_another_host() {
    bounded(|| {
        let (service, server) = (Service::start(), Server::misnamed());
        let url = rewritten(server.tls_url(), "127.0.0.1", "localhost");
        let store = RedisStore::builder(url).timeout(LONG).roots(server.roots()).build();
        service.member(store).assert_goes_on(
            "the server's certificate is not for localhost, but for wrong.host.invalid",
        );
    });
}

/// While the store is away, each source is on its own; none loses its refresh token for it.
#[test]
fn away_for_a_whole_fleet() {
    bounded(|| {
        const MANY: usize = 8;
        let (service, mut server) = (Service::start(), Server::start());
        let shared = Arc::new(server.store());
        let members: Vec<Member> = (0..MANY).map(|_| service.member(shared.clone())).collect();
        let together = || {
            std::thread::scope(|scope| {
                let calls: Vec<_> =
                    members.iter().map(|member| scope.spawn(|| member.token())).collect();
                calls.into_iter().map(|call| call.join().unwrap()).collect::<Vec<_>>()
            })
        };
        let tokens = together();
        assert!(tokens.iter().all(|token| *token == tokens[0]));
        assert_eq!(service.requests(), 1);

        server.kill().unwrap();
        for member in &members {
            member.source.invalidate(&tokens[0]);
        }
        for (member, token) in members.iter().zip(together()) {
            assert_ne!(token, tokens[0]);
            member.assert_store_failed("no connection to Redis");
        }
        assert_eq!(service.requests(), 1 + MANY as u64);

        server.restart().unwrap();
        let newcomer = service.member(shared.clone());
        members[0].assert_recovers(&service, &newcomer);
        for member in &members[1..] {
            member.renew();
            assert!(member.source.stats().store_error.is_none());
            member.until_told(EventKind::StoreRecovered);
        }
    });
}
