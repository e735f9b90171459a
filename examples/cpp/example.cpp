// Keep a valid access token at hand; then the two calls beneath, and what a rejected refresh token
// looks like.
//
// Build it with
//     c++ -std=c++17 example.cpp $(pkg-config --cflags --libs frontegg-token) -o example
// and run it with FRONTEGG_BASE_URL (or FRONTEGG_DOMAIN, or FRONTEGG_REGION and
// FRONTEGG_VENDOR_HOST), FRONTEGG_CLIENT_ID and FRONTEGG_SECRET in the environment, and
// FRONTEGG_CA_FILE for a service whose certificate is not publicly trusted.
#include <chrono>
#include <cstdlib>
#include <frontegg_token.hpp>
#include <iostream>
#include <string>

static std::string variable(const char *name) {
    const char *value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// Never print a whole token.
static std::string describe(const frontegg::AccessToken &token) {
    using namespace std::chrono;
    std::string text(token.token().substr(0, 6));
    text.append("… by ").append(token.origin());
    if (const auto expires_at = token.expires_at()) {
        const auto left = round<seconds>(*expires_at - system_clock::now());
        text.append(", lives ").append(std::to_string(left.count())).append(" s");
    }
    return text;
}

static std::string describe(const frontegg::TokenSet &tokens) {
    const std::string start(tokens.access_token().substr(0, 6));
    if (const auto lifetime = tokens.lifetime()) {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*lifetime);
        return start + "… lives " + std::to_string(seconds.count()) + " s";
    }
    return start + "… lives for one use";  // nobody said how long
}

int main() try {
    // The endpoint comes from the environment, every other setting is at its default.
    frontegg::Config config = frontegg::Config::from_env();
    if (const auto ca_file = variable("FRONTEGG_CA_FILE"); !ca_file.empty()) {
        config.ca_file(ca_file);
    }
    // Make one client, and one source for each API token, and share them among the threads of the
    // program. A bad setting throws here. An API token is a client id and a secret, made in the
    // workspace's settings.
    const auto client_id = variable("FRONTEGG_CLIENT_ID"), secret = variable("FRONTEGG_SECRET");
    const frontegg::Client client(config);
    const frontegg::TokenSource source(client, client_id, secret);

    // Ask the source each time that you call your API, and send what it answers: authorization() is
    // the value of the header `Authorization`.
    const frontegg::AccessToken token = source.token();
    std::cout << "token: " << describe(token) << '\n';

    // While the token is fresh that costs some nanoseconds; then it is renewed in good time.
    const bool same = source.token().token() == token.token();
    std::cout << "the same token again: " << (same ? "yes" : "no") << '\n';

    // If your API answers 401 all the same, say so, and ask once more.
    source.invalidate(token);
    std::cout << "after a 401 elsewhere: " << describe(source.token()) << '\n';

    const frontegg::Stats stats = source.stats();
    std::cout << "stats: " << stats.authentications << " authentication, " << stats.refreshes
              << " refresh, " << stats.failures << " failures\n";

    // Beneath are two calls. Authenticate:
    const frontegg::TokenSet first = client.authenticate(client_id, secret);

    // Claims are for display: their signature was not checked.
    std::cout << "authenticated: " << describe(first) << ", sub " << first.subject().value_or("-")
              << ", tenant " << first.tenant_id().value_or("-") << ", type "
              << first.token_type().value_or("-") << '\n';

    // Refresh: before the access token expires, the refresh token gets a new pair.
    const std::string_view refresh_token = first.refresh_token().value();
    const frontegg::TokenSet second = client.refresh(refresh_token);
    std::cout << "refreshed: " << describe(second) << '\n';

    // It is single-use: presented again, it is rejected, and the remedy is to authenticate.
    try {
        client.refresh(refresh_token);
    } catch (const frontegg::Error &error) {
        if (error.status() != FRONTEGG_STATUS_REFRESH_REJECTED) throw;
        std::cout << "consumed refresh token: " << error.code() << ": " << error.message()
                  << ", trace " << error.trace_id().value_or("-") << '\n';
    }
} catch (const std::exception &error) {
    std::cerr << error.what() << '\n';
    return 1;
}
