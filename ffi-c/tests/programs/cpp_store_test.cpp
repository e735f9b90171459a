// The C++ layer of shared stores: ownership, exceptions, what sources tell of them.
#include "check.hpp"

#include <functional>
#include <vector>

using namespace std::chrono_literals;

static_assert(owns<frontegg::TokenStore> && owns<frontegg::MemoryStore> &&
              owns<frontegg::FileStore> && owns<frontegg::RedisStore> &&
              owns<frontegg::RedisConfig>);

static void a_store_is_shared_and_destroyed_while_in_use(const frontegg::Client &client) {
    frontegg::SourceConfig config;
    {
        frontegg::TokenStore store = frontegg::MemoryStore();
        const frontegg::TokenStore moved = std::move(store);
        config.store("file").store(moved);
    }
    const frontegg::TokenSource one = source(client, config), two = source(client, config);
    const frontegg::AccessToken token = one.token();
    CHECK(token.origin() == "authenticate" && two.token().origin() == "store");
    CHECK(two.token().token() == token.token());
    CHECK(two.stats().store_hits == 1 && !two.store_error());

    const std::string directory = variable("STORE_DIRECTORY");
    CHECK(source(client, frontegg::SourceConfig().store(frontegg::FileStore(directory)))
              .token().origin() == "authenticate");
    CHECK(source(client, frontegg::SourceConfig().store("file:" + directory)).token().origin() ==
          "store");
}

static void a_failure_is_told(const frontegg::Client &client) {
    int told = 0;
    std::optional<frontegg::Error> error;
    {
        frontegg::SourceConfig config;
        config.store(frontegg::FileStore(variable("FRONTEGG_CA_FILE") + "/below"));
        config.observer([&told](const frontegg::Event &event) {
            if (event.kind() == FRONTEGG_EVENT_KIND_STORE_FAILED) ++told;
        });
        const frontegg::TokenSource its = source(client, config);
        CHECK(its.token().origin() == "authenticate");
        CHECK(its.stats().store_failures == 1);
        error = its.store_error();
    }
    CHECK(told == 1);
    CHECK(error->status() == FRONTEGG_STATUS_STORE && error->retryable());
}

static void bad_arguments_are_thrown(const frontegg::Client &client) {
    using frontegg::RedisConfig, frontegg::RedisStore;
    RedisStore(RedisConfig("rediss://localhost").timeout(1s).key_prefix("acme:").roots("bundled"));
    for (const auto &work : std::vector<std::function<void()>>{
             [&] { source(client, frontegg::SourceConfig().store("ftp://user:planted@host")); },
             [&] { frontegg::FileStore(variable("FRONTEGG_CA_FILE")); },
             [&] { RedisStore("ftp://user:planted@host"); },
             [&] { RedisStore(RedisConfig("redis://localhost").timeout(0ms)); },
             [&] { RedisConfig("redis://localhost").timeout(-1ms); },
             [&] { RedisStore(RedisConfig("rediss://localhost").ca_pem("no PEM")); },
         }) {
        const frontegg::Error error = thrown(work);
        CHECK(error.status() == FRONTEGG_STATUS_INVALID_ARGUMENT);
        CHECK(std::string(error.what()).find("planted") == std::string::npos);
    }
}

int main() {
    const frontegg::Client client(emulator());
    a_store_is_shared_and_destroyed_while_in_use(client);
    a_failure_is_told(client);
    bad_arguments_are_thrown(client);
}
