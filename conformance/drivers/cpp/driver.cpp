// The driver of C++: does what each line on standard input asks, and answers it in a line.
//
// Build it with
//     c++ -std=c++17 driver.cpp $(pkg-config --cflags --libs frontegg-token nlohmann_json) -pthread
#include <frontegg_token.hpp>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

using Json = nlohmann::json;
using Shared = std::shared_ptr<const frontegg::Client>;

static const Json done = {{"ok", Json::object()}};

template <typename T>
static Json nullable(const std::optional<T> &value) {
    return value ? Json(*value) : Json();
}

static Json milliseconds(const std::optional<std::chrono::milliseconds> &span) {
    return span ? Json(span->count()) : Json();
}

static Json answer(const frontegg::Client &client, const frontegg::TokenSet &set) {
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

static Json answer(const frontegg::Error &error) {
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

static frontegg::Config config(const Json &settings) {
    using frontegg::Config;
    static const std::map<std::string, Config &(Config::*)(std::string_view)> texts = {
        {"region", &Config::region},
        {"domain", &Config::domain},
        {"base_url", &Config::base_url},
        {"vendor_host", &Config::vendor_host},
        {"proxy", &Config::proxy},
        {"roots", &Config::roots},
        {"ca_file", &Config::ca_file},
        {"bearer", &Config::bearer},
        {"user_agent_suffix", &Config::user_agent_suffix},
    };
    static const std::map<std::string, Config &(Config::*)(std::chrono::milliseconds)> spans = {
        {"connect_timeout_ms", &Config::connect_timeout},
        {"attempt_timeout_ms", &Config::attempt_timeout},
        {"deadline_ms", &Config::deadline},
        {"base_delay_ms", &Config::retry_base_delay},
        {"max_delay_ms", &Config::retry_max_delay},
    };
    Config config = settings.value("from_env", false) ? Config::from_env() : Config();
    for (const auto &[key, value] : settings.items()) {
        if (const auto text = texts.find(key); text != texts.end()) {
            (config.*text->second)(value.get<std::string>());
        } else if (const auto span = spans.find(key); span != spans.end()) {
            (config.*span->second)(std::chrono::milliseconds(value.get<std::int64_t>()));
        } else if (key == "allow_http") {
            config.allow_http(value);
        } else if (key == "max_attempts") {
            config.retry_max_attempts(value);
        } else if (key == "ca_pem") {
            config.ca_pem(value.get<std::string>());
        } else if (key == "client_certificate_pem") {
            config.client_certificate(value.get<std::string>(),
                                      settings.at("client_key_pem").get<std::string>());
        } else if (key == "headers") {
            for (const auto &header : value) {
                config.add_header(header.at(0).get<std::string>(), header.at(1).get<std::string>());
            }
        }
    }
    return config;
}

// Makes one of the two calls.
static Json call(const Shared &client, const Json &request) try {
    const auto text = [&](const char *key) { return request.at(key).get<std::string>(); };
    return answer(*client, request.at("op") == "authenticate"
                               ? client->authenticate(text("client_id"), text("secret"))
                               : client->refresh(text("refresh_token")));
} catch (const frontegg::Error &error) {
    return answer(error);
}

// The table of errors as C++ knows it.
static Json errors() {
    Json rows = Json::array();
    for (int number = 1; number < 100; ++number) {
        if (const char *code = frontegg_status_name(number)) {
            rows.push_back({{"number", number}, {"code", code}});
        }
    }
    return {{"ok", {{"errors", rows}}}};
}

class Driver {
public:
    Json handle(const Json &request) {
        const std::string op = request.at("op");
        if (op == "errors") return errors();
        if (op == "wait") return jobs_.extract(request.at("job").get<std::string>()).mapped().get();
        const std::string name = request.at("client");
        if (op == "new_client") return make(name, request.at("settings"));
        // A call in the background keeps its client, whatever becomes of the name.
        const Shared client = clients_.at(name);
        if (op == "close") {
            client->close();
        } else if (op == "drop") {
            clients_.erase(name);
        } else if (request.contains("background")) {
            jobs_[request["background"]] = std::async(std::launch::async, call, client, request);
        } else {
            return call(client, request);
        }
        return done;
    }

    // Jobs that nobody waited for are interrupted, and end before their clients.
    ~Driver() {
        for (const auto &[name, client] : clients_) client->close();
    }

private:
    Json make(const std::string &name, const Json &settings) try {
        clients_[name] = std::make_shared<const frontegg::Client>(config(settings));
        return done;
    } catch (const frontegg::Error &error) {
        return answer(error);
    }

    std::map<std::string, Shared> clients_;
    std::map<std::string, std::future<Json>> jobs_;
};

int main() {
    Driver driver;
    for (std::string line; std::getline(std::cin, line);) {
        std::cout << driver.handle(Json::parse(line)).dump() << std::endl;
    }
}
