// The C++ layer: ownership, exceptions and types, against the emulator.
#include "check.hpp"

#include <thread>
#include <vector>

using namespace std::chrono_literals;

static_assert(owns<frontegg::Config> && owns<frontegg::Client> && owns<frontegg::TokenSet>);
static_assert(std::is_nothrow_copy_constructible_v<frontegg::Error>);
static_assert(std::is_base_of_v<std::runtime_error, frontegg::Error>);

static void a_token_set_tells_all(const frontegg::Client &client) {
    const auto id = variable("FRONTEGG_CLIENT_ID");
    frontegg::TokenSet set = client.authenticate(id, variable("FRONTEGG_SECRET"));
    CHECK(set.access_token().substr(0, 3) == "eyJ");
    CHECK(set.lifetime() == 3600s);
    CHECK(set.expires()->find(" GMT") != std::string_view::npos);
    CHECK(set.trace_id()->size() == 32);
    CHECK(set.subject() == id);
    CHECK(set.tenant_id() == variable("EXPECTED_TENANT_ID"));
    CHECK(set.token_type() == "tenantApiToken");
    CHECK(set.claims_json()->front() == '{');
    CHECK(*set.expires_at() - *set.issued_at() == 3600s);
    CHECK(set.received_at() - *set.issued_at() < 60s);
    CHECK(set.received_at() <= std::chrono::system_clock::now());

    frontegg::TokenSet moved = std::move(set);
    CHECK(moved.subject() == id);
    set = client.refresh(*moved.refresh_token());
    CHECK(set.subject() == id);
    CHECK(set.refresh_token() != moved.refresh_token());
}

static void an_exception_has_the_facts(const frontegg::Client &client) {
    const frontegg::Error error = thrown([&] { client.refresh("unknown"); });
    CHECK(error.status() == FRONTEGG_STATUS_REFRESH_REJECTED);
    CHECK(error.code() == "refresh_rejected");
    CHECK(error.what() == "refresh_rejected: " + std::string(error.message()));
    CHECK(error.http_status() == 401);
    CHECK(error.messages() == std::vector<std::string_view>{"Refresh token is not valid"});
    CHECK(!error.error_code());
    CHECK(error.trace_id()->size() == 32);
    CHECK(!error.retry_after());
    CHECK(error.attempts() == 1);
    CHECK(!error.retryable());
    const frontegg::Error copy = error;
    CHECK(copy.trace_id() == error.trace_id());
}

static void bad_arguments_are_thrown(const frontegg::Client &client) {
    using namespace std::string_view_literals;
    for (auto work : std::vector<void (*)(const frontegg::Client &)>{
             [](auto &c) { c.authenticate("id\0x"sv, "secret"); },
             [](auto &c) { c.authenticate("id", "secret\0"sv); },
             [](auto &c) { c.authenticate("id", ""); },
             [](auto &c) { c.refresh("\xff"); },
             [](auto &) { frontegg::Client(frontegg::Config()); },
             [](auto &) { frontegg::Client(frontegg::Config().region("mars")); },
             [](auto &) { frontegg::Client(frontegg::Config().region("us").deadline(0s)); },
             [](auto &) { frontegg::Config().deadline(-1ms); },
             [](auto &) { frontegg::Config().domain("a\0b"sv); },
             [](auto &) { frontegg::Client(emulator().ca_pem({})); },
             [](auto &) { frontegg::Client(emulator().client_certificate("x", "y")); },
             [](auto &) { frontegg::Client(emulator().add_header("host", "x")); },
         }) {
        const frontegg::Error error = thrown([&] { work(client); });
        CHECK(error.status() == FRONTEGG_STATUS_INVALID_ARGUMENT);
        CHECK(error.code() == "invalid_argument");
        CHECK(!error.message().empty());
        CHECK(!error.http_status() && !error.trace_id() && error.attempts() == 0);
    }
}

static void every_setting_is_taken() {
    frontegg::Config config;
    config.region("us")
        .vendor_host("acme.frontegg.com")
        .allow_http(true)
        .connect_timeout(1s)
        .attempt_timeout(2s)
        .deadline(std::chrono::milliseconds::max())
        .retry_max_attempts(1)
        .retry_base_delay(0ms)
        .retry_max_delay(1min)
        .proxy("none")
        .roots("bundled")
        .add_header("x-gateway", "key")
        .bearer("token")
        .user_agent_suffix("cpp_test/1");
    CHECK(frontegg::Client(config).base_url() == "https://api.us.frontegg.com/identity");
    CHECK(frontegg::Client(frontegg::Config().domain("acme")).base_url() ==
          "https://acme.frontegg.com/identity");
}

static void a_client_is_shared_moved_and_closed() {
    frontegg::Client first = frontegg::Client(emulator());
    frontegg::Client client = std::move(first);
    first = frontegg::Client::from_env();
    CHECK(first.base_url() == client.base_url());
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&client] {
            const auto id = variable("FRONTEGG_CLIENT_ID");
            CHECK(client.authenticate(id, variable("FRONTEGG_SECRET")).subject() == id);
        });
    }
    for (std::thread &thread : threads) thread.join();
    client.close();
    const frontegg::Error error = thrown([&] { client.refresh("any"); });
    CHECK(error.status() == FRONTEGG_STATUS_CLOSED);
}

int main() {
    const frontegg::Client client(emulator());
    a_token_set_tells_all(client);
    an_exception_has_the_facts(client);
    bad_arguments_are_thrown(client);
    every_setting_is_taken();
    a_client_is_shared_moved_and_closed();
}
