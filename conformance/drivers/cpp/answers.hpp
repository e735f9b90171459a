// What the driver answers, for each type of the library.
#pragma once

#include <frontegg_token.hpp>
#include <nlohmann/json.hpp>
#include <optional>

using Json = nlohmann::json;

inline const Json done = {{"ok", Json::object()}};

template <typename T>
Json nullable(const std::optional<T> &value) {
    return value ? Json(*value) : Json();
}

inline Json milliseconds(const std::optional<std::chrono::milliseconds> &span) {
    return span ? Json(span->count()) : Json();
}

inline Json answer(const frontegg::Client &client, const frontegg::TokenSet &set) {
    const auto claims = set.claims_json();
    return {
        {"ok",
         {
             {"access_token", set.access_token()},
             {"refresh_token", nullable(set.refresh_token())},
             {"lifetime_ms", milliseconds(set.lifetime())},
             {"expires", nullable(set.expires())},
             {"trace_id", nullable(set.trace_id())},
             {"received_at_ms", set.received_at().time_since_epoch().count()},
             {"claims", claims ? Json::parse(*claims) : Json()},
         }},
        {"shown", client.base_url()},
    };
}

inline Json answer(const frontegg::AccessToken &token) {
    const auto since_1970 = [](const auto &time) {
        return time ? Json(time->time_since_epoch().count()) : Json();
    };
    const auto claims = token.claims_json();
    return {
        {"ok",
         {
             {"token", token.token()},
             {"authorization", token.authorization()},
             {"expires_at_ms", since_1970(token.expires_at())},
             {"renewal_due_at_ms", since_1970(token.renewal_due_at())},
             {"origin", token.origin()},
             {"claims", claims ? Json::parse(*claims) : Json()},
         }},
        {"shown", token.origin()},
    };
}

inline Json answer(const frontegg::Error &error) {
    return {
        {"error",
         {
             {"code", error.code()},
             {"number", static_cast<int>(error.status())},
             {"message", error.message()},
             {"http_status", nullable(error.http_status())},
             {"messages", error.messages()},
             {"error_code", nullable(error.error_code())},
             {"trace_id", nullable(error.trace_id())},
             {"retry_after_ms", milliseconds(error.retry_after())},
             {"attempts", error.attempts()},
             {"retryable", error.retryable()},
         }},
        {"shown", error.what()},
    };
}

inline Json answer(const frontegg::Stats &stats, const std::optional<frontegg::Error> &store_error) {
    return {{"ok",
             {{"authentications", stats.authentications},
              {"refreshes", stats.refreshes},
              {"fallbacks", stats.fallbacks},
              {"failures", stats.failures},
              {"waits", stats.waits},
              {"store_hits", stats.store_hits},
              {"store_failures", stats.store_failures},
              {"store_error", store_error ? Json{{"code", store_error->code()},
                                                 {"message", store_error->message()}}
                                          : Json()},
              {"authenticating_only", stats.authenticating_only}}}};
}
