// The C++ layer of token sources: ownership, exceptions, observers, types.
#include "check.hpp"

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

static_assert(owns<frontegg::SourceConfig> && owns<frontegg::TokenSource> &&
              owns<frontegg::AccessToken>);

static void a_token_tells_all(const frontegg::Client &client) {
    std::optional<frontegg::TokenSource> its = source(client);
    CHECK(!its->peek());
    const frontegg::AccessToken token = its->token();
    CHECK(token.token().substr(0, 3) == "eyJ");
    CHECK(token.authorization() == "Bearer " + std::string(token.token()));
    CHECK(token.origin() == "authenticate");
    CHECK(token.subject() == variable("FRONTEGG_CLIENT_ID"));
    CHECK(token.tenant_id() == variable("EXPECTED_TENANT_ID"));
    CHECK(token.token_type() == "tenantApiToken");
    CHECK(token.claims_json()->front() == '{');
    CHECK(*token.claimed_expiry() - *token.issued_at() == 3600s);
    const auto left = *token.expires_at() - std::chrono::system_clock::now();
    CHECK(left > 3540s && left < 3601s);
    const auto due = *token.expires_at() - *token.renewal_due_at();
    CHECK(due >= 720s && due <= 1080s);
    CHECK(its->peek()->token() == token.token());
    its.reset();
    CHECK(token.subject() == variable("FRONTEGG_CLIENT_ID"));
}

static void a_source_is_asked_in_every_way(const frontegg::Client &client) {
    const frontegg::TokenSource its = source(client);
    const frontegg::AccessToken first = its.token();
    CHECK(its.token(1min).token() == first.token());
    CHECK(its.token(0s, 0s).token() == first.token());
    CHECK(!its.invalidate("another"));
    CHECK(its.invalidate(first));
    CHECK(!its.invalidate(first.token()));
    const frontegg::AccessToken second = its.token(10min, 1min);
    CHECK(second.origin() == "refresh");
    CHECK(second.token() != first.token());

    its.set_credentials(variable("OTHER_CLIENT_ID"), variable("OTHER_SECRET"));
    CHECK(its.token().subject() == variable("OTHER_CLIENT_ID"));
    const frontegg::Stats stats = its.stats();
    CHECK(stats.authentications == 2 && stats.refreshes == 1 && stats.failures == 0);
    CHECK(!stats.authenticating_only);

    its.close();
    CHECK(thrown([&] { its.token(); }).status() == FRONTEGG_STATUS_CLOSED);
    CHECK(!its.peek());
}

static void bad_arguments_are_thrown(const frontegg::Client &client) {
    using namespace std::string_view_literals;
    const frontegg::TokenSource its = source(client);
    using frontegg::SourceConfig;
    for (const auto &work : std::vector<std::function<void()>>{
             [&] { frontegg::TokenSource(client, "", "secret"); },
             [&] { frontegg::TokenSource(client, "id\0x"sv, "secret"); },
             [&] { source(client, SourceConfig().policy("lazy")); },
             [&] { source(client, SourceConfig().renewal_window(0.8, 0.7)); },
             [&] { source(client, SourceConfig().deadline(0s)); },
             [&] { SourceConfig().deadline(-1ms); },
             [&] { its.token(2h); },
             [&] { its.token(-1ms); },
             [&] { its.token(0s, -1ms); },
             [&] { its.invalidate("a\0b"sv); },
             [&] { its.set_credentials("id", ""); },
             [&] { frontegg::TokenSource::from_env(frontegg::Config::from_env().region("us")); },
         }) {
        const frontegg::Error error = thrown(work);
        CHECK(error.status() == FRONTEGG_STATUS_INVALID_ARGUMENT);
        CHECK(!error.message().empty());
    }
}

static void an_observer_is_told_and_may_throw(const frontegg::Client &client) {
    std::atomic<int> calls = 0;
    std::optional<frontegg::Error> kept;
    frontegg::SourceConfig config;
    config.observer([&calls, &kept](const frontegg::Event &event) {
        ++calls;
        CHECK(event.name() == (event.kind() == FRONTEGG_EVENT_KIND_FAILED ? "failed" : "throttled"));
        CHECK(event.generation() == 0);
        kept = event.error();
        throw std::runtime_error("of the observer's own");
    });
    {
        const frontegg::TokenSource its(client, "nobody", "nothing", config);
        // The source keeps the observer, not the config.
        config = frontegg::SourceConfig();
        for (int i = 0; i < 3; ++i) {
            CHECK(thrown([&] { its.token(); }).code() == "invalid_credentials");
        }
    }
    CHECK(calls == 2);
    CHECK(kept->code() == "invalid_credentials" && kept->trace_id()->size() == 32);
}

static void sources_are_shared_and_moved(const frontegg::Client &client) {
    std::atomic<int> first_calls = 0, second_calls = 0;
    frontegg::SourceConfig config;
    frontegg::TokenSource its =
        source(client, config.observer([&](const auto &) { ++first_calls; }));
    its.token();
    // The first source is gone with its observer, the second one goes on with its own.
    its = source(client, config.observer([&](const auto &) { ++second_calls; }));
    CHECK(first_calls == 1);
    frontegg::TokenSource moved = std::move(its);
    its = frontegg::TokenSource::from_env(emulator(), config.observer(nullptr));
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            CHECK(moved.token().subject() == variable("FRONTEGG_CLIENT_ID"));
            CHECK(its.token().subject() == variable("FRONTEGG_CLIENT_ID"));
        });
    }
    for (std::thread &thread : threads) thread.join();
    CHECK(moved.stats().authentications == 1 && its.stats().authentications == 1);
    moved.close();
    CHECK(first_calls == 1 && second_calls == 1);
    CHECK(!frontegg::TokenSource::from_env().peek());
}

int main() {
    const frontegg::Client client(emulator());
    a_token_tells_all(client);
    a_source_is_asked_in_every_way(client);
    bad_arguments_are_thrown(client);
    an_observer_is_told_and_may_throw(client);
    sources_are_shared_and_moved(client);
}
