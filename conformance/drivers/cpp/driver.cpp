// The driver of C++: does what each line on standard input asks, and answers it in a line.
//
// Build it with
//     c++ -std=c++17 driver.cpp $(pkg-config --cflags --libs frontegg-token nlohmann_json) -pthread
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

#include "answers.hpp"

// Of a library that was built for the tests, and in no header.
extern "C" void frontegg_testing_advance_clock(std::uint64_t milliseconds);
extern "C" void frontegg_testing_step_wall_clock(std::int64_t milliseconds);

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

using SharedStore = std::shared_ptr<frontegg::TokenStore>;

static SharedStore make_store(const Json &asked) {
    const std::string kind = asked.at("kind");
    if (kind == "memory") return std::make_shared<frontegg::MemoryStore>();
    if (kind == "file") {
        if (!asked.contains("directory")) return std::make_shared<frontegg::FileStore>();
        return std::make_shared<frontegg::FileStore>(asked["directory"].get<std::string>());
    }
    if (kind != "redis") throw std::invalid_argument("a store of a kind that C++ does not have");
    frontegg::RedisConfig config(asked.at("url").get<std::string>());
    if (asked.contains("timeout_ms")) {
        config.timeout(std::chrono::milliseconds(asked["timeout_ms"].get<std::int64_t>()));
    }
    if (asked.contains("key_prefix")) config.key_prefix(asked["key_prefix"].get<std::string>());
    if (asked.contains("roots_pem")) config.ca_pem(asked["roots_pem"].get<std::string>());
    return std::make_shared<frontegg::RedisStore>(config);
}

// By name, or one that is made; those with a name of their own are shared.
static void give_store(frontegg::SourceConfig &config, const Json &asked) {
    static std::map<std::string, SharedStore> stores;
    if (asked.is_string()) {
        config.store(asked.get<std::string>());
    } else if (!asked.contains("name")) {
        config.store(*make_store(asked));
    } else {
        SharedStore &store = stores[asked["name"]];
        if (store == nullptr) store = make_store(asked);
        config.store(*store);
    }
}

// A source and the events that nobody has asked for yet.
class Source {
public:
    explicit Source(const Json &request, const frontegg::Client *client)
        : source_(make(request, settings(request.value("settings", Json::object())), client)) {}

    const frontegg::TokenSource *operator->() const noexcept { return &source_; }

    Json take_events() {
        const std::lock_guard lock(mutex_);
        return std::exchange(events_, Json::array());
    }

private:
    frontegg::SourceConfig settings(const Json &given) {
        frontegg::SourceConfig config;
        config.observer([this](const frontegg::Event &event) {
            const auto error = event.error();
            const std::lock_guard lock(mutex_);
            events_.push_back({{"kind", event.name()},
                               {"generation", event.generation()},
                               {"code", error ? Json(error->code()) : Json()}});
        });
        if (given.contains("renewal_window")) {
            config.renewal_window(given["renewal_window"][0], given["renewal_window"][1]);
        }
        if (given.contains("policy")) config.policy(given["policy"].get<std::string>());
        if (given.contains("deadline_ms")) {
            config.deadline(std::chrono::milliseconds(given["deadline_ms"].get<std::int64_t>()));
        }
        if (given.contains("store")) give_store(config, given["store"]);
        return config;
    }

    static frontegg::TokenSource make(const Json &request, const frontegg::SourceConfig &config,
                                      const frontegg::Client *client) {
        using frontegg::TokenSource;
        if (client != nullptr) {
            return TokenSource(*client, request.at("client_id").get<std::string>(),
                               request.at("secret").get<std::string>(), config);
        }
        if (!request.contains("client_settings")) return TokenSource::from_env(config);
        Json on_top = request["client_settings"];
        on_top.emplace("from_env", true);
        return TokenSource::from_env(::config(on_top), config);
    }

    // Before the source, whose observer uses them.
    std::mutex mutex_;
    Json events_ = Json::array();
    frontegg::TokenSource source_;
};

using SharedClient = std::shared_ptr<const frontegg::Client>;
using SharedSource = std::shared_ptr<Source>;

// Makes one of the two calls.
static Json call(const SharedClient &client, const Json &request) try {
    const auto text = [&](const char *key) { return request.at(key).get<std::string>(); };
    return answer(*client, request.at("op") == "authenticate"
                               ? client->authenticate(text("client_id"), text("secret"))
                               : client->refresh(text("refresh_token")));
} catch (const frontegg::Error &error) {
    return answer(error);
}

// Asks a source for a token.
static Json token(const SharedSource &source, const Json &request) try {
    const std::chrono::milliseconds min_validity(request.value("min_validity_ms", 0));
    if (request.contains("timeout_ms")) {
        return answer((*source)->token(
            min_validity, std::chrono::milliseconds(request["timeout_ms"].get<std::int64_t>())));
    }
    return answer(min_validity.count() == 0 ? (*source)->token() : (*source)->token(min_validity));
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
    Json handle(const Json &request) try {
        const std::string op = request.at("op");
        if (op == "errors") return errors();
        if (op == "wait") return jobs_.extract(request.at("job").get<std::string>()).mapped().get();
        if (op == "advance_clock") {
            frontegg_testing_advance_clock(request.at("ms"));
        } else if (op == "step_wall_clock") {
            frontegg_testing_step_wall_clock(request.at("ms"));
        } else if (request.contains("source")) {
            return handle_source(op, request.at("source"), request);
        } else {
            return handle_client(op, request.at("client"), request);
        }
        return done;
    } catch (const frontegg::Error &error) {
        return answer(error);
    }

    // Jobs that nobody waited for are interrupted, and end before what they use.
    ~Driver() {
        for (const auto &[name, source] : sources_) (*source)->close();
        for (const auto &[name, client] : clients_) client->close();
    }

private:
    Json handle_client(const std::string &op, const std::string &name, const Json &request) {
        if (op == "new_client") {
            clients_[name] =
                std::make_shared<const frontegg::Client>(config(request.at("settings")));
            return done;
        }
        const SharedClient client = clients_.at(name);
        if (op == "close") {
            client->close();
        } else if (op == "drop") {
            clients_.erase(name);
        } else {
            return start(call, client, request);
        }
        return done;
    }

    Json handle_source(const std::string &op, const std::string &name, const Json &request) {
        if (op == "new_source") {
            const bool from_env = request.value("from_env", false);
            sources_[name] = std::make_shared<Source>(
                request, from_env ? nullptr : clients_.at(request.at("client")).get());
            return done;
        }
        const SharedSource shared = sources_.at(name);
        Source &source = *shared;
        if (op == "token") return start(token, shared, request);
        if (op == "peek") {
            const auto current = source->peek();
            return {{"ok", {{"token", current ? Json(current->token()) : Json()}}}};
        }
        if (op == "invalidate") {
            const bool was_current = source->invalidate(request.at("token").get<std::string>());
            return {{"ok", {{"was_current", was_current}}}};
        }
        if (op == "stats") return answer(source->stats(), source->store_error());
        if (op == "events") return {{"ok", {{"events", source.take_events()}}}};
        if (op == "set_credentials") {
            source->set_credentials(request.at("client_id").get<std::string>(),
                                    request.at("secret").get<std::string>());
        } else if (op == "close_source") {
            source->close();
        } else {
            sources_.erase(name);
        }
        return done;
    }

    // Here, or in the background: such a job keeps what it uses, whatever becomes of the name.
    template <typename Shared>
    Json start(Json (*work)(const Shared &, const Json &), const Shared &of, const Json &request) {
        if (!request.contains("background")) return work(of, request);
        jobs_[request["background"]] = std::async(std::launch::async, work, of, request);
        return done;
    }

    std::map<std::string, SharedClient> clients_;
    std::map<std::string, SharedSource> sources_;
    std::map<std::string, std::future<Json>> jobs_;
};

int main() {
    Driver driver;
    for (std::string line; std::getline(std::cin, line);) {
        std::cout << driver.handle(Json::parse(line)).dump() << std::endl;
    }
}
