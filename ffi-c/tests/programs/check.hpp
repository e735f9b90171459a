// What the test programs in C++ share: a check that reports and ends, what it is to own
// something, a client of the emulator, and a source.
#ifndef CHECK_HPP
#define CHECK_HPP

#include <frontegg_token.hpp>

#include <cstdlib>
#include <iostream>
#include <string>
#include <type_traits>

#define CHECK(condition)                                                                    \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            std::cerr << __FILE__ << ':' << __LINE__ << ": " #condition " does not hold\n"; \
            std::exit(1);                                                                   \
        }                                                                                   \
    } while (0)

template <typename T>
constexpr bool owns = std::is_nothrow_move_constructible_v<T> &&
                      std::is_nothrow_move_assignable_v<T> && !std::is_copy_constructible_v<T> &&
                      !std::is_copy_assignable_v<T> && std::is_nothrow_destructible_v<T>;

// A variable of the environment that has to be there.
inline std::string variable(const char *name) {
    const char *value = std::getenv(name);
    CHECK(value != nullptr);
    return value;
}

// The settings for the emulator that the environment names.
inline frontegg::Config emulator() {
    frontegg::Config config;
    config.base_url(variable("FRONTEGG_BASE_URL")).ca_file(variable("FRONTEGG_CA_FILE"));
    return config;
}

// A source of the first API token.
inline frontegg::TokenSource source(
    const frontegg::Client &client,
    const frontegg::SourceConfig &config = frontegg::SourceConfig()) {
    return {client, variable("FRONTEGG_CLIENT_ID"), variable("FRONTEGG_SECRET"), config};
}

// What this throws, which has to be an Error.
template <typename Work>
frontegg::Error thrown(const Work &work) {
    try {
        work();
    } catch (const frontegg::Error &error) {
        return error;
    }
    std::cerr << "nothing was thrown\n";
    std::exit(1);
}

#endif
