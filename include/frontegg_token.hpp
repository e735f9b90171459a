/*
 * frontegg_token.hpp: access tokens for programs that call Frontegg-protected APIs, for C++17.
 *
 * An independent project, not made by Frontegg. MIT OR Apache-2.0.
 *
 * A thin layer over frontegg_token.h, whose rules hold, with the habits of C++:
 *
 * Ownership. Config, Client, RedisConfig, TokenStore, SourceConfig, TokenSource, AccessToken and
 *   TokenSet own what they stand for and free it; they can be moved, not copied. A std::string_view that an object gives
 *   is followed by a NUL and lives as long as the object. One that was moved from can only be
 *   assigned to or destroyed.
 * Errors. What fails throws frontegg::Error (or std::bad_alloc). No destructor throws.
 * Threads. A Client, a TokenStore, a TokenSource, an AccessToken, a TokenSet and an Error may be
 *   used by any number of threads at once, a Config, RedisConfig or SourceConfig by one at a time. No thread may be in a
 *   call of a Client or TokenSource that is destroyed.
 * Observers. An exception that an observer lets out is dropped.
 * Strings. UTF-8, without a NUL inside. Copies made for a call are zeroed after it.
 */
#ifndef FRONTEGG_TOKEN_HPP
#define FRONTEGG_TOKEN_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frontegg_token.h"

namespace frontegg {

/// A point of time by the wall clock, in whole seconds or milliseconds.
template <typename Duration>
using Time = std::chrono::time_point<std::chrono::system_clock, Duration>;

namespace detail {

struct Free {
    void operator()(frontegg_config *config) const noexcept { frontegg_config_free(config); }
    void operator()(frontegg_client *client) const noexcept { frontegg_client_free(client); }
    void operator()(frontegg_redis_config *config) const noexcept {
        frontegg_redis_config_free(config);
    }
    void operator()(frontegg_token_store *store) const noexcept {
        frontegg_token_store_free(store);
    }
    void operator()(frontegg_source_config *config) const noexcept {
        frontegg_source_config_free(config);
    }
    void operator()(frontegg_token_source *source) const noexcept {
        frontegg_token_source_free(source);
    }
    void operator()(frontegg_access_token *token) const noexcept {
        frontegg_access_token_free(token);
    }
    void operator()(frontegg_token_set *set) const noexcept { frontegg_token_set_free(set); }
    void operator()(frontegg_error *error) const noexcept { frontegg_error_free(error); }
};

template <typename T>
using Handle = std::unique_ptr<T, Free>;

inline std::string_view view(const char *text) noexcept {
    return text == nullptr ? std::string_view() : std::string_view(text);
}

inline std::optional<std::string_view> optional(const char *text) noexcept {
    if (text == nullptr) return std::nullopt;
    return std::string_view(text);
}

template <typename Duration>
std::optional<Duration> optional(std::int64_t count) noexcept {
    if (count < 0) return std::nullopt;
    return Duration(count);
}

template <typename Duration>
std::optional<Time<Duration>> time(std::int64_t count) noexcept {
    if (count < 0) return std::nullopt;
    return Time<Duration>(Duration(count));
}

}  // namespace detail

/// Why a call failed: a status and the facts that are known. No secret and no token is in any of
/// them. Copies share the facts, and what it gives lives as long as one of them.
class Error : public std::runtime_error {
public:
    /// Takes an error of the C interface over. what() is the code and the message.
    Error(frontegg_status status, detail::Handle<frontegg_error> facts)
        : std::runtime_error(describe(status, frontegg_error_message(facts.get()))),
          status_(status),
          facts_(std::move(facts)) {}

    /// An error that knows a status and a message only.
    Error(frontegg_status status, const char *message)
        : std::runtime_error(describe(status, message)), status_(status) {}

    /// What went wrong, to switch on.
    frontegg_status status() const noexcept { return status_; }
    /// Its name, such as `rate_limited`, the same in every language.
    std::string_view code() const noexcept { return detail::view(frontegg_status_name(status_)); }
    /// One sentence for a person.
    std::string_view message() const noexcept {
        return std::string_view(what()).substr(code().size() + 2);
    }
    /// The HTTP status, where there was an answer.
    std::optional<int> http_status() const noexcept {
        const int status = frontegg_error_http_status(facts_.get());
        return status == 0 ? std::nullopt : std::optional<int>(status);
    }
    /// The service's own messages, in its order; often one, may be none.
    std::vector<std::string_view> messages() const {
        std::vector<std::string_view> all(frontegg_error_message_count(facts_.get()));
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i] = detail::view(frontegg_error_message_at(facts_.get(), i));
        }
        return all;
    }
    /// The service's own error code, such as `ER-01183`.
    std::optional<std::string_view> error_code() const noexcept {
        return detail::optional(frontegg_error_error_code(facts_.get()));
    }
    /// The `frontegg-trace-id` of the answer: what Frontegg's support asks for.
    std::optional<std::string_view> trace_id() const noexcept {
        return detail::optional(frontegg_error_trace_id(facts_.get()));
    }
    /// How long the service asked to wait, counted from the answer.
    std::optional<std::chrono::milliseconds> retry_after() const noexcept {
        return detail::optional<std::chrono::milliseconds>(
            frontegg_error_retry_after_ms(facts_.get()));
    }
    /// How many requests the call made, or tried to make.
    std::uint32_t attempts() const noexcept { return frontegg_error_attempts(facts_.get()); }
    /// Whether the same call, made later, can succeed.
    bool retryable() const noexcept { return frontegg_error_retryable(facts_.get()); }

private:
    static std::string describe(frontegg_status status, const char *message) {
        return std::string(detail::view(frontegg_status_name(status)))
            .append(": ")
            .append(detail::view(message));
    }

    frontegg_status status_;
    std::shared_ptr<const frontegg_error> facts_;
};

namespace detail {

/// A copy with a NUL at its end, zeroed when it goes.
class Text {
public:
    explicit Text(std::string_view text) : text_(text) {
        if (text_.find('\0') != std::string::npos) {
            wipe();
            throw Error(FRONTEGG_STATUS_INVALID_ARGUMENT, "a string has a NUL inside");
        }
    }
    Text(const Text &) = delete;
    Text &operator=(const Text &) = delete;
    ~Text() { wipe(); }

    operator const char *() const noexcept { return text_.c_str(); }

private:
    void wipe() noexcept {
        volatile char *bytes = text_.data();
        for (std::size_t i = 0; i < text_.size(); ++i) bytes[i] = 0;
    }

    std::string text_;
};

/// Runs a call of the C interface, and answers its output or throws its error.
template <typename T, typename Call>
Handle<T> call(Call &&work) {
    T *output = nullptr;
    frontegg_error *error = nullptr;
    const frontegg_status status = work(&output, &error);
    Handle<T> owned(output);
    if (status != FRONTEGG_STATUS_OK) throw Error(status, Handle<frontegg_error>(error));
    return owned;
}

/// A span as the C interface takes it.
inline std::uint64_t count(std::chrono::milliseconds span) {
    if (span.count() < 0) {
        throw Error(FRONTEGG_STATUS_INVALID_ARGUMENT, "a span of time is negative");
    }
    return static_cast<std::uint64_t>(span.count());
}

}  // namespace detail

/// The settings of a Client. Give exactly one of region, domain and base_url, or take the endpoint
/// from the environment; all else has a default. Setters can be chained. A bad value surfaces when
/// a Client is made of it.
class Config {
public:
    /// Every setting at its default; still lacks an endpoint.
    Config() : Config(frontegg_config_new()) {}

    /// Takes the endpoint from exactly one of `FRONTEGG_BASE_URL`, `FRONTEGG_DOMAIN` and
    /// `FRONTEGG_REGION`, and the vendor host from `FRONTEGG_VENDOR_HOST`. They are read now.
    static Config from_env() { return Config(frontegg_config_new_from_env()); }

    /// `eu`, `us`, `ca` or `au`. The host that a region's workspaces share needs vendor_host too.
    Config &region(std::string_view name) { return set(frontegg_config_set_region, name); }
    /// The workspace's own domain: `acme` for `acme.frontegg.com`, or a full host name.
    Config &domain(std::string_view name) { return set(frontegg_config_set_domain, name); }
    /// `https` or `http`; `/identity` is appended unless the path ends in it.
    Config &base_url(std::string_view url) { return set(frontegg_config_set_base_url, url); }
    /// The host name that stands for the workspace, sent on refresh. By default an own domain's.
    Config &vendor_host(std::string_view host) {
        return set(frontegg_config_set_vendor_host, host);
    }
    /// Whether plain `http` to a host that is not loopback is allowed. false by default.
    Config &allow_http(bool allow) noexcept {
        frontegg_config_set_allow_http(config_.get(), allow);
        return *this;
    }
    /// How long to connect at most, name resolution apart, TLS included. 5 s by default.
    Config &connect_timeout(std::chrono::milliseconds timeout) {
        return set(frontegg_config_set_connect_timeout_ms, timeout);
    }
    /// How long one request takes at most, connecting included. 10 s by default.
    Config &attempt_timeout(std::chrono::milliseconds timeout) {
        return set(frontegg_config_set_attempt_timeout_ms, timeout);
    }
    /// How long a call takes at most, with all its requests and waits. 30 s by default.
    Config &deadline(std::chrono::milliseconds deadline) {
        return set(frontegg_config_set_deadline_ms, deadline);
    }
    /// How many requests a call makes at most. 4 by default; 1 turns retries off.
    Config &retry_max_attempts(std::uint32_t attempts) noexcept {
        frontegg_config_set_retry_max_attempts(config_.get(), attempts);
        return *this;
    }
    /// The first wait is drawn from zero to this; the range doubles each time. 250 ms by default.
    Config &retry_base_delay(std::chrono::milliseconds delay) {
        return set(frontegg_config_set_retry_base_delay_ms, delay);
    }
    /// The widest that the range becomes. 5 s by default.
    Config &retry_max_delay(std::chrono::milliseconds delay) {
        return set(frontegg_config_set_retry_max_delay_ms, delay);
    }
    /// `environment` (the default), `none`, or a URL.
    Config &proxy(std::string_view proxy) { return set(frontegg_config_set_proxy, proxy); }
    /// Whom to trust: `platform` (the default) or `bundled`.
    Config &roots(std::string_view roots) { return set(frontegg_config_set_roots, roots); }
    /// Trusts the certificate authorities in this PEM text, and no others.
    Config &ca_pem(std::string_view pem) noexcept {
        frontegg_config_set_ca_pem(config_.get(), pem.data(), pem.size());
        return *this;
    }
    /// Trusts the certificate authorities in this PEM file, and no others. It is read now.
    Config &ca_file(std::string_view path) { return set(frontegg_config_set_ca_file, path); }
    /// A client certificate chain and its private key, both in PEM.
    Config &client_certificate(std::string_view chain_pem, std::string_view key_pem) noexcept {
        frontegg_config_set_client_certificate(config_.get(), chain_pem.data(), chain_pem.size(),
                                               key_pem.data(), key_pem.size());
        return *this;
    }
    /// A header to send with every request; repeatable. Its value is treated as a secret.
    Config &add_header(std::string_view name, std::string_view value) {
        frontegg_config_add_header(config_.get(), detail::Text(name), detail::Text(value));
        return *this;
    }
    /// A token to send as `Authorization: Bearer`. Frontegg's calls want none.
    Config &bearer(std::string_view token) { return set(frontegg_config_set_bearer, token); }
    /// Names the calling program in `User-Agent`, behind this library.
    Config &user_agent_suffix(std::string_view suffix) {
        return set(frontegg_config_set_user_agent_suffix, suffix);
    }

    /// The handle of the C interface; still owned by this object.
    const frontegg_config *get() const noexcept { return config_.get(); }

private:
    explicit Config(frontegg_config *config) noexcept : config_(config) {}

    Config &set(void (*setter)(frontegg_config *, const char *), std::string_view text) {
        setter(config_.get(), detail::Text(text));
        return *this;
    }
    Config &set(void (*setter)(frontegg_config *, std::uint64_t), std::chrono::milliseconds span) {
        setter(config_.get(), detail::count(span));
        return *this;
    }

    detail::Handle<frontegg_config> config_;
};

/// The answer of one authentication or refresh. Its tokens are zeroed when it goes.
class TokenSet {
public:
    /// Takes a token set of the C interface over.
    explicit TokenSet(detail::Handle<frontegg_token_set> set) noexcept : set_(std::move(set)) {}

    /// A JSON Web Token to present to an API.
    std::string_view access_token() const noexcept {
        return detail::view(frontegg_token_set_access_token(get()));
    }
    /// Good for one Client::refresh. A workspace without rotation may leave it out.
    std::optional<std::string_view> refresh_token() const noexcept {
        return detail::optional(frontegg_token_set_refresh_token(get()));
    }
    /// How long the access token lives, from the moment before it was asked for. Nothing if nobody
    /// said: then the token is good for one use.
    std::optional<std::chrono::milliseconds> lifetime() const noexcept {
        return detail::optional<std::chrono::milliseconds>(frontegg_token_set_lifetime_ms(get()));
    }
    /// The answer's `expires` as the service wrote it; for display only.
    std::optional<std::string_view> expires() const noexcept {
        return detail::optional(frontegg_token_set_expires(get()));
    }
    /// When the answer had been read, by this machine's clock.
    Time<std::chrono::milliseconds> received_at() const noexcept {
        return Time<std::chrono::milliseconds>(
            std::chrono::milliseconds(frontegg_token_set_received_at_ms(get())));
    }
    /// The `frontegg-trace-id` of the answer: what Frontegg's support asks for.
    std::optional<std::string_view> trace_id() const noexcept {
        return detail::optional(frontegg_token_set_trace_id(get()));
    }
    /// All claims of the access token as a JSON object, NOT verified: for display and scheduling,
    /// never to decide on access. Nothing if the token is no readable JWT.
    std::optional<std::string_view> claims_json() const noexcept {
        return detail::optional(frontegg_token_set_claims_json(get()));
    }
    /// The claim `sub`, not verified: the client id of the API token.
    std::optional<std::string_view> subject() const noexcept {
        return detail::optional(frontegg_token_set_subject(get()));
    }
    /// The claim `tenantId`, not verified: the account that the API token belongs to.
    std::optional<std::string_view> tenant_id() const noexcept {
        return detail::optional(frontegg_token_set_tenant_id(get()));
    }
    /// The claim `type`, not verified: `tenantApiToken` or `userApiToken`.
    std::optional<std::string_view> token_type() const noexcept {
        return detail::optional(frontegg_token_set_token_type(get()));
    }
    /// The claim `iat`, not verified: when the token was issued, by the service's clock.
    std::optional<Time<std::chrono::seconds>> issued_at() const noexcept {
        return detail::time<std::chrono::seconds>(frontegg_token_set_issued_at(get()));
    }
    /// The claim `exp`, not verified: when the token expires, by the service's clock.
    std::optional<Time<std::chrono::seconds>> expires_at() const noexcept {
        return detail::time<std::chrono::seconds>(frontegg_token_set_expires_at(get()));
    }

    /// The handle of the C interface; still owned by this object.
    const frontegg_token_set *get() const noexcept { return set_.get(); }

private:
    detail::Handle<frontegg_token_set> set_;
};

/// The two calls of the service, stateless but for a pool of connections. Make one, and share it
/// among any number of threads.
class Client {
public:
    /// Checks the settings, and throws what is wrong with them. Opens no connection.
    explicit Client(const Config &config)
        : client_(detail::call<frontegg_client>([&](auto client, auto error) {
              return frontegg_client_new(config.get(), client, error);
          })) {}

    /// A client with the endpoint that the environment names; see Config::from_env.
    static Client from_env() { return Client(Config::from_env()); }

    /// Exchanges the client id and secret of an API token for a fresh token set. Blocks for the
    /// config's deadline at most; repeats the request after a passing failure.
    ///
    /// The service keeps 100 refresh tokens alive per API token: the authentication that makes one
    /// more invalidates the earliest. So keep the token set, and refresh it.
    TokenSet authenticate(std::string_view client_id, std::string_view secret) const {
        const detail::Text id(client_id), key(secret);
        return TokenSet(detail::call<frontegg_token_set>([&](auto set, auto error) {
            return frontegg_client_authenticate(client_.get(), id, key, set, error);
        }));
    }

    /// Exchanges a refresh token for a fresh token set. It is single-use: whatever comes of the
    /// call, do not present it again unless Error::retryable says so, but authenticate.
    TokenSet refresh(std::string_view refresh_token) const {
        const detail::Text token(refresh_token);
        return TokenSet(detail::call<frontegg_token_set>([&](auto set, auto error) {
            return frontegg_client_refresh(client_.get(), token, set, error);
        }));
    }

    /// Interrupts the calls under way in other threads: they throw an Error of code `closed`, as do
    /// all that follow. From any thread.
    void close() const noexcept { frontegg_client_close(client_.get()); }

    /// Where this client calls, such as `https://api.us.frontegg.com/identity`.
    std::string_view base_url() const noexcept {
        return detail::view(frontegg_client_base_url(client_.get()));
    }

    /// The handle of the C interface; still owned by this object.
    const frontegg_client *get() const noexcept { return client_.get(); }

private:
    detail::Handle<frontegg_client> client_;
};

/// A place where sources of the same API token share its tokens: a MemoryStore, a FileStore or a
/// RedisStore. Any number of sources and threads may use one, and sources keep what they need of it:
/// it can be destroyed while they use it. What is in it is sealed with the API token's secret. A
/// store of another kind is written in Rust.
class TokenStore {
public:
    /// Takes a store of the C interface over.
    explicit TokenStore(detail::Handle<frontegg_token_store> store) noexcept
        : store_(std::move(store)) {}

    /// The handle of the C interface; still owned by this object.
    const frontegg_token_store *get() const noexcept { return store_.get(); }

private:
    detail::Handle<frontegg_token_store> store_;
};

/// In this process's memory, for sources that cannot be one source. A forked child has an empty one.
class MemoryStore : public TokenStore {
public:
    /// An empty store.
    MemoryStore()
        : TokenStore(detail::Handle<frontegg_token_store>(frontegg_token_store_new_memory())) {}
};

/// In files, for the processes of one user on one host.
class FileStore : public TokenStore {
public:
    /// In the user's cache; see frontegg_token_store_new_file.
    FileStore() : TokenStore(make(nullptr)) {}
    /// In this directory, which is made on first use where it is missing, and is the user's alone.
    /// Throws if it is there and not fit to be trusted. It should be on a local disk.
    explicit FileStore(std::string_view directory) : TokenStore(make(detail::Text(directory))) {}

private:
    static detail::Handle<frontegg_token_store> make(const char *directory) {
        return detail::call<frontegg_token_store>([&](auto store, auto error) {
            return frontegg_token_store_new_file(directory, store, error);
        });
    }
};

/// The settings of a RedisStore. Setters can be chained. A bad value surfaces when a store is made
/// of it.
class RedisConfig {
public:
    /// For the server at this URL, as frontegg_redis_config_new describes it:
    /// `redis://[[user]:password@]host[:port][/database]`, `rediss://...` for TLS, or `unix:///path`.
    /// It is treated as a secret.
    explicit RedisConfig(std::string_view url)
        : config_(frontegg_redis_config_new(detail::Text(url))) {}

    /// How long the server's answers may take, all those of one renewal together, and how long
    /// connecting may take: beyond that, a source goes on without the store. 250 ms by default.
    RedisConfig &timeout(std::chrono::milliseconds timeout) {
        frontegg_redis_config_set_timeout_ms(config_.get(), detail::count(timeout));
        return *this;
    }
    /// What all keys begin with. `frontegg-token:` by default.
    RedisConfig &key_prefix(std::string_view prefix) {
        frontegg_redis_config_set_key_prefix(config_.get(), detail::Text(prefix));
        return *this;
    }
    /// Whom to trust, where the URL asks for TLS: `platform` (the default) or `bundled`.
    RedisConfig &roots(std::string_view roots) {
        frontegg_redis_config_set_roots(config_.get(), detail::Text(roots));
        return *this;
    }
    /// Trusts the certificate authorities in this PEM text, and no others.
    RedisConfig &ca_pem(std::string_view pem) noexcept {
        frontegg_redis_config_set_ca_pem(config_.get(), pem.data(), pem.size());
        return *this;
    }
    /// Trusts the certificate authorities in this PEM file, and no others. It is read now.
    RedisConfig &ca_file(std::string_view path) {
        frontegg_redis_config_set_ca_file(config_.get(), detail::Text(path));
        return *this;
    }
    /// A client certificate chain and its private key, both in PEM.
    RedisConfig &client_certificate(std::string_view chain_pem, std::string_view key_pem) noexcept {
        frontegg_redis_config_set_client_certificate(config_.get(), chain_pem.data(),
                                                     chain_pem.size(), key_pem.data(),
                                                     key_pem.size());
        return *this;
    }

    /// The handle of the C interface; still owned by this object.
    const frontegg_redis_config *get() const noexcept { return config_.get(); }

private:
    detail::Handle<frontegg_redis_config> config_;
};

/// In Redis or Valkey, for processes on any hosts.
class RedisStore : public TokenStore {
public:
    /// Checks the settings, and throws what is wrong with them. Opens no connection.
    explicit RedisStore(const RedisConfig &config)
        : TokenStore(detail::call<frontegg_token_store>([&](auto store, auto error) {
              return frontegg_token_store_new_redis(config.get(), store, error);
          })) {}
    /// The same with every setting but the URL at its default.
    explicit RedisStore(std::string_view url) : RedisStore(RedisConfig(url)) {}
};

/// What happened to a TokenSource. Lent to an observer for the time of the call.
class Event {
public:
    /// Wraps an event of the C interface.
    explicit Event(const frontegg_event &event) noexcept : event_(event) {}

    /// What happened, to switch on. Later versions add kinds.
    frontegg_event_kind kind() const noexcept { return event_.kind; }
    /// Its name, such as `fell_back`, the same in every language.
    std::string_view name() const noexcept {
        return detail::view(frontegg_event_kind_name(event_.kind));
    }
    /// How many tokens the source has had by then.
    std::uint64_t generation() const noexcept { return event_.generation; }
    /// Why, where something failed. A copy, which may be kept.
    std::optional<Error> error() const {
        if (event_.error == nullptr) return std::nullopt;
        return Error(frontegg_error_status(event_.error),
                     detail::Handle<frontegg_error>(frontegg_error_clone(event_.error)));
    }

private:
    const frontegg_event &event_;
};

/// Is told of the events of a TokenSource, one at a time and in their order: on a thread of the
/// library that renews, or on one of yours that is in a call for a token; never under a lock. It may
/// use the source, even close it, but must not destroy it. While it runs, the next event waits, and
/// so does whoever closes the source.
using Observer = std::function<void(const Event &)>;

/// The settings of a TokenSource, each of which has a default. Setters can be chained. A bad value
/// surfaces when a source is made of it.
class SourceConfig {
public:
    /// Every setting at its default.
    SourceConfig() : config_(frontegg_source_config_new()) {}

    /// From which part of its lifetime on a token is renewed in the background: each token's point
    /// is drawn from this range within 0 to 1. 0.7 to 0.8 by default.
    SourceConfig &renewal_window(double from, double to) noexcept {
        frontegg_source_config_set_renewal_window(config_.get(), from, to);
        return *this;
    }
    /// How to renew: `auto` (the default), `refresh_first` or `authenticate_only`.
    SourceConfig &policy(std::string_view policy) {
        frontegg_source_config_set_policy(config_.get(), detail::Text(policy));
        return *this;
    }
    /// How long a renewal takes at most, and how long a call waits for one, unless it says
    /// otherwise. The client's deadline by default.
    SourceConfig &deadline(std::chrono::milliseconds deadline) {
        frontegg_source_config_set_deadline_ms(config_.get(), detail::count(deadline));
        return *this;
    }
    /// Who is told of events. The sources made of this config keep it as long as they need it. None
    /// by default, and for an empty function.
    SourceConfig &observer(Observer observer) {
        observer_ = observer ? std::make_shared<Observer>(std::move(observer)) : nullptr;
        frontegg_source_config_set_observer(config_.get(), observer_ ? tell : nullptr,
                                            observer_.get());
        return *this;
    }
    /// Where to share tokens with other sources of the same API token. None by default; the last
    /// that was set counts, of a store and a name. A store that fails makes no call fail.
    SourceConfig &store(const TokenStore &store) noexcept {
        frontegg_source_config_set_store(config_.get(), store.get());
        return *this;
    }
    /// The same by name: `memory` (none: each source for itself), `file` (in the user's cache),
    /// `file:` and the path of a directory, or a URL of Redis or Valkey.
    SourceConfig &store(std::string_view name) {
        frontegg_source_config_set_store_name(config_.get(), detail::Text(name));
        return *this;
    }

    /// The handle of the C interface; still owned by this object.
    const frontegg_source_config *get() const noexcept { return config_.get(); }

private:
    friend class TokenSource;

    static void tell(const frontegg_event *event, void *observer) noexcept {
        try {
            (*static_cast<Observer *>(observer))(Event(*event));
        } catch (...) {
            // Nobody could catch it: the caller is not C++.
        }
    }

    std::shared_ptr<Observer> observer_;
    detail::Handle<frontegg_source_config> config_;
};

/// An access token that a TokenSource answered. It stays readable whatever becomes of its source.
class AccessToken {
public:
    /// Takes an access token of the C interface over.
    explicit AccessToken(detail::Handle<frontegg_access_token> token) noexcept
        : token_(std::move(token)) {}

    /// The token itself: a JSON Web Token to present to an API.
    std::string_view token() const noexcept {
        return detail::view(frontegg_access_token_token(get()));
    }
    /// The value of an `Authorization` header: `Bearer `, and then the token.
    std::string_view authorization() const noexcept {
        return detail::view(frontegg_access_token_authorization(get()));
    }
    /// When it expires, by this machine's clock as it stood when the token was asked for. Nothing
    /// if its lifetime is unknown: then it is good for one use.
    std::optional<Time<std::chrono::milliseconds>> expires_at() const noexcept {
        return detail::time<std::chrono::milliseconds>(frontegg_access_token_expires_at_ms(get()));
    }
    /// From when on its source renews it in the background, by the same clock.
    std::optional<Time<std::chrono::milliseconds>> renewal_due_at() const noexcept {
        return detail::time<std::chrono::milliseconds>(
            frontegg_access_token_renewal_due_at_ms(get()));
    }
    /// What its source got it by: `authenticate`, `refresh`, or `store` where a sibling had put it
    /// into a shared store.
    std::string_view origin() const noexcept {
        return detail::view(frontegg_access_token_origin(get()));
    }
    /// All claims as a JSON object, NOT verified: for display and scheduling, never to decide on
    /// access. Nothing if the token is no readable JWT.
    std::optional<std::string_view> claims_json() const noexcept {
        return detail::optional(frontegg_access_token_claims_json(get()));
    }
    /// The claim `sub`, not verified: the client id of the API token.
    std::optional<std::string_view> subject() const noexcept {
        return detail::optional(frontegg_access_token_subject(get()));
    }
    /// The claim `tenantId`, not verified: the account that the API token belongs to.
    std::optional<std::string_view> tenant_id() const noexcept {
        return detail::optional(frontegg_access_token_tenant_id(get()));
    }
    /// The claim `type`, not verified: `tenantApiToken` or `userApiToken`.
    std::optional<std::string_view> token_type() const noexcept {
        return detail::optional(frontegg_access_token_token_type(get()));
    }
    /// The claim `iat`, not verified: when the token was issued, by the service's clock.
    std::optional<Time<std::chrono::seconds>> issued_at() const noexcept {
        return detail::time<std::chrono::seconds>(frontegg_access_token_issued_at(get()));
    }
    /// The claim `exp`, not verified: when the token expires, by the service's clock. The source
    /// goes by expires_at.
    std::optional<Time<std::chrono::seconds>> claimed_expiry() const noexcept {
        return detail::time<std::chrono::seconds>(frontegg_access_token_claimed_expiry(get()));
    }

    /// The handle of the C interface; still owned by this object.
    const frontegg_access_token *get() const noexcept { return token_.get(); }

private:
    detail::Handle<frontegg_access_token> token_;
};

/// What a TokenSource has done so far: counts since it was made; a forked child starts anew.
using Stats = frontegg_stats;

/// Keeps a valid access token of one API token at hand. Make one for each API token, and share it
/// among any number of threads.
class TokenSource {
public:
    /// Checks the settings, and throws what is wrong with them. Contacts nobody until a token is
    /// asked for. Client and config can be destroyed at once; a client that is closed can renew
    /// nothing any more.
    TokenSource(const Client &client, std::string_view client_id, std::string_view secret,
                const SourceConfig &config = SourceConfig())
        : observer_(config.observer_),
          source_(detail::call<frontegg_token_source>([&](auto source, auto error) {
              return frontegg_token_source_new(client.get(), detail::Text(client_id),
                                               detail::Text(secret), config.get(), source, error);
          })) {}

    /// A source with the endpoint that the environment names, see Config::from_env, the API token
    /// that `FRONTEGG_CLIENT_ID` and `FRONTEGG_SECRET` name, and the store that
    /// `FRONTEGG_TOKEN_STORE` names, if it does and the config has none.
    static TokenSource from_env(const SourceConfig &config = SourceConfig()) {
        return TokenSource(nullptr, config);
    }
    /// The same with a client of these settings.
    static TokenSource from_env(const Config &client_config,
                                const SourceConfig &config = SourceConfig()) {
        return TokenSource(client_config.get(), config);
    }

    TokenSource(TokenSource &&) noexcept = default;
    TokenSource &operator=(TokenSource &&other) noexcept {
        // The source that goes needs its observer until it is gone.
        source_ = std::move(other.source_);
        observer_ = std::move(other.observer_);
        return *this;
    }

    /// A valid access token: at once if there is one, else by renewal. Cheap while the token is
    /// fresh: do not keep the token, but ask each time that one is needed. Blocks for the source's
    /// deadline at most, and only where there is no token, or one in its last 30 s or the last
    /// tenth of its lifetime. An expired token is never answered.
    AccessToken token() const {
        return AccessToken(detail::call<frontegg_access_token>([&](auto token, auto error) {
            return frontegg_token_source_token(source_.get(), token, error);
        }));
    }
    /// The same with at least so much of its life left, up to nine tenths of the lifetime that the
    /// service gives.
    AccessToken token(std::chrono::milliseconds min_validity) const {
        return token_with(detail::count(min_validity), FRONTEGG_SOURCE_DEADLINE);
    }
    /// The same, waiting for so long at most; zero does not wait at all. The renewal goes on.
    AccessToken token(std::chrono::milliseconds min_validity,
                      std::chrono::milliseconds timeout) const {
        return token_with(detail::count(min_validity), detail::count(timeout));
    }

    /// The current token if it is valid. Never blocks, and starts no renewal.
    std::optional<AccessToken> peek() const noexcept {
        detail::Handle<frontegg_access_token> token(frontegg_token_source_peek(source_.get()));
        if (token == nullptr) return std::nullopt;
        return AccessToken(std::move(token));
    }

    /// Tells that a resource server answered 401 to this token. It is dropped if it is still the
    /// current one; answers whether it was. The next call for a token renews.
    bool invalidate(const AccessToken &token) const noexcept {
        return frontegg_token_source_invalidate(source_.get(),
                                                frontegg_access_token_token(token.get()));
    }
    /// The same for a token that was kept as a string.
    bool invalidate(std::string_view token) const {
        return frontegg_token_source_invalidate(source_.get(), detail::Text(token));
    }

    /// Goes on with other credentials, such as a rotated secret. A token of another client id is
    /// dropped; one of the same stays until it is due.
    void set_credentials(std::string_view client_id, std::string_view secret) const {
        frontegg_error *error = nullptr;
        const frontegg_status status = frontegg_token_source_set_credentials(
            source_.get(), detail::Text(client_id), detail::Text(secret), &error);
        if (status != FRONTEGG_STATUS_OK) {
            throw Error(status, detail::Handle<frontegg_error>(error));
        }
    }

    /// What the source has done so far.
    Stats stats() const noexcept {
        Stats stats{};
        frontegg_token_source_stats(source_.get(), &stats, sizeof stats);
        return stats;
    }

    /// What the shared store's last failure was; nothing once it works again.
    std::optional<Error> store_error() const {
        detail::Handle<frontegg_error> error(frontegg_token_source_store_error(source_.get()));
        if (error == nullptr) return std::nullopt;
        const frontegg_status status = frontegg_error_status(error.get());
        return Error(status, std::move(error));
    }

    /// Fails all calls with an Error of code `closed`, those that wait at once, interrupts a
    /// renewal under way, and blocks until its thread has ended. From any thread. The client stays
    /// open. The destructor does the same.
    void close() const noexcept { frontegg_token_source_close(source_.get()); }

    /// The handle of the C interface; still owned by this object.
    const frontegg_token_source *get() const noexcept { return source_.get(); }

private:
    TokenSource(const frontegg_config *client_config, const SourceConfig &config)
        : observer_(config.observer_),
          source_(detail::call<frontegg_token_source>([&](auto source, auto error) {
              return frontegg_token_source_new_from_env(client_config, config.get(), source, error);
          })) {}

    AccessToken token_with(std::uint64_t min_validity, std::uint64_t timeout) const {
        return AccessToken(detail::call<frontegg_access_token>([&](auto token, auto error) {
            return frontegg_token_source_token_with(source_.get(), min_validity, timeout, token,
                                                    error);
        }));
    }

    // Outlives the source, which goes first.
    std::shared_ptr<Observer> observer_;
    detail::Handle<frontegg_token_source> source_;
};

}  // namespace frontegg

#endif  // FRONTEGG_TOKEN_HPP
