/* Token sources, and the clock of the process. */
#define _POSIX_C_SOURCE 200809L
#include "driver.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Of a library that was built for the tests, and in no header. */
void frontegg_testing_advance_clock(uint64_t milliseconds);
void frontegg_testing_step_wall_clock(int64_t milliseconds);

typedef struct {
    frontegg_token_source *handle;
    pthread_mutex_t lock;
    cJSON *events; /* those that nobody has asked for yet */
} source;

/* The observer: collects events, on whichever thread they come. */
static void observe(const frontegg_event *event, void *user_data) {
    source *this = user_data;
    cJSON *told = cJSON_CreateObject();
    add_text(told, "kind", frontegg_event_kind_name(event->kind));
    cJSON_AddNumberToObject(told, "generation", (double)event->generation);
    add_text(told, "code", frontegg_error_code(event->error));
    pthread_mutex_lock(&this->lock);
    cJSON_AddItemToArray(this->events, told);
    pthread_mutex_unlock(&this->lock);
}

static cJSON *take_events(source *this) {
    pthread_mutex_lock(&this->lock);
    cJSON *events = this->events;
    this->events = cJSON_CreateArray();
    pthread_mutex_unlock(&this->lock);
    return events;
}

static void release(void *handle) {
    source *this = handle;
    frontegg_token_source_free(this->handle);
    cJSON_Delete(this->events);
    pthread_mutex_destroy(&this->lock);
    free(this);
}

static cJSON *new_source(const cJSON *request) {
    const cJSON *settings = cJSON_GetObjectItem(request, "settings");
    const cJSON *window = cJSON_GetObjectItem(settings, "renewal_window");
    const cJSON *deadline = cJSON_GetObjectItem(settings, "deadline_ms");
    const char *policy = text(settings, "policy");
    const cJSON *store = cJSON_GetObjectItem(settings, "store");
    source *this = zeroed(sizeof *this);
    pthread_mutex_init(&this->lock, NULL);
    this->events = cJSON_CreateArray();

    frontegg_source_config *config = frontegg_source_config_new();
    frontegg_source_config_set_observer(config, observe, this);
    if (window != NULL) {
        frontegg_source_config_set_renewal_window(config,
                                                  cJSON_GetArrayItem(window, 0)->valuedouble,
                                                  cJSON_GetArrayItem(window, 1)->valuedouble);
    }
    if (policy != NULL) frontegg_source_config_set_policy(config, policy);
    if (deadline != NULL) {
        frontegg_source_config_set_deadline_ms(config, (uint64_t)deadline->valuedouble);
    }

    frontegg_error *error = NULL;
    frontegg_status status = store == NULL ? FRONTEGG_STATUS_OK : give_store(config, store, &error);
    if (status != FRONTEGG_STATUS_OK) {
        /* There is none to be made. */
    } else if (cJSON_IsTrue(cJSON_GetObjectItem(request, "from_env"))) {
        const cJSON *given = cJSON_GetObjectItem(request, "client_settings");
        frontegg_config *client = NULL;
        if (given != NULL) {
            cJSON *on_top = cJSON_Duplicate(given, true);
            if (cJSON_GetObjectItem(on_top, "from_env") == NULL) {
                cJSON_AddTrueToObject(on_top, "from_env");
            }
            client = client_config(on_top);
            cJSON_Delete(on_top);
        }
        status = frontegg_token_source_new_from_env(client, config, &this->handle, &error);
        frontegg_config_free(client);
    } else {
        const frontegg_client *client = find(clients, text(request, "client"))->handle;
        status = frontegg_token_source_new(client, text(request, "client_id"),
                                           text(request, "secret"), config, &this->handle, &error);
    }
    frontegg_source_config_free(config);
    if (status != FRONTEGG_STATUS_OK) {
        release(this);
        return failed(error);
    }
    add(&sources, text(request, "source"), this, release);
    return done();
}

static cJSON *about(const frontegg_access_token *token) {
    cJSON *reply = done(), *ok = cJSON_GetObjectItem(reply, "ok");
    const char *claims = frontegg_access_token_claims_json(token);
    add_text(ok, "token", frontegg_access_token_token(token));
    add_text(ok, "authorization", frontegg_access_token_authorization(token));
    add_number(ok, "expires_at_ms", frontegg_access_token_expires_at_ms(token), -1);
    add_number(ok, "renewal_due_at_ms", frontegg_access_token_renewal_due_at_ms(token), -1);
    add_text(ok, "origin", frontegg_access_token_origin(token));
    cJSON_AddItemToObject(ok, "claims", claims == NULL ? cJSON_CreateNull() : cJSON_Parse(claims));
    add_text(reply, "shown", frontegg_access_token_origin(token));
    return reply;
}

static cJSON *token(void *handle, const cJSON *request) {
    const frontegg_token_source *source_handle = ((source *)handle)->handle;
    const cJSON *min_validity = cJSON_GetObjectItem(request, "min_validity_ms");
    const cJSON *timeout = cJSON_GetObjectItem(request, "timeout_ms");
    frontegg_access_token *answered = NULL;
    frontegg_error *error = NULL;
    frontegg_status status;
    if (min_validity == NULL && timeout == NULL) {
        status = frontegg_token_source_token(source_handle, &answered, &error);
    } else {
        status = frontegg_token_source_token_with(
            source_handle, min_validity == NULL ? 0 : (uint64_t)min_validity->valuedouble,
            timeout == NULL ? FRONTEGG_SOURCE_DEADLINE : (uint64_t)timeout->valuedouble, &answered,
            &error);
    }
    if (status != FRONTEGG_STATUS_OK) return failed(error);
    cJSON *reply = about(answered);
    frontegg_access_token_free(answered);
    return reply;
}

static cJSON *peek(const frontegg_token_source *source_handle) {
    cJSON *reply = done();
    frontegg_access_token *current = frontegg_token_source_peek(source_handle);
    add_text(cJSON_GetObjectItem(reply, "ok"), "token", frontegg_access_token_token(current));
    frontegg_access_token_free(current);
    return reply;
}

static cJSON *stats(const frontegg_token_source *source_handle) {
    cJSON *reply = done(), *ok = cJSON_GetObjectItem(reply, "ok");
    frontegg_stats stats;
    frontegg_token_source_stats(source_handle, &stats, sizeof stats);
    cJSON_AddNumberToObject(ok, "authentications", (double)stats.authentications);
    cJSON_AddNumberToObject(ok, "refreshes", (double)stats.refreshes);
    cJSON_AddNumberToObject(ok, "fallbacks", (double)stats.fallbacks);
    cJSON_AddNumberToObject(ok, "failures", (double)stats.failures);
    cJSON_AddNumberToObject(ok, "waits", (double)stats.waits);
    cJSON_AddNumberToObject(ok, "store_hits", (double)stats.store_hits);
    cJSON_AddNumberToObject(ok, "store_failures", (double)stats.store_failures);
    frontegg_error *error = frontegg_token_source_store_error(source_handle);
    if (error == NULL) {
        cJSON_AddNullToObject(ok, "store_error");
    } else {
        cJSON *told = cJSON_AddObjectToObject(ok, "store_error");
        add_text(told, "code", frontegg_error_code(error));
        add_text(told, "message", frontegg_error_message(error));
        frontegg_error_free(error);
    }
    cJSON_AddBoolToObject(ok, "authenticating_only", stats.authenticating_only);
    return reply;
}

cJSON *answer_of_source(const char *op, const cJSON *request) {
    const char *name = text(request, "source");
    if (strcmp(op, "advance_clock") == 0) {
        frontegg_testing_advance_clock((uint64_t)cJSON_GetObjectItem(request, "ms")->valuedouble);
        return done();
    }
    if (strcmp(op, "step_wall_clock") == 0) {
        frontegg_testing_step_wall_clock((int64_t)cJSON_GetObjectItem(request, "ms")->valuedouble);
        return done();
    }
    if (name == NULL) return NULL;
    if (strcmp(op, "new_source") == 0) return new_source(request);
    if (strcmp(op, "token") == 0) return start(&sources, name, token, request);
    if (strcmp(op, "drop_source") == 0) {
        drop(&sources, name);
        return done();
    }
    source *this = find(sources, name)->handle;
    if (strcmp(op, "peek") == 0) return peek(this->handle);
    if (strcmp(op, "stats") == 0) return stats(this->handle);
    if (strcmp(op, "set_credentials") == 0) {
        frontegg_error *error = NULL;
        const frontegg_status status = frontegg_token_source_set_credentials(
            this->handle, text(request, "client_id"), text(request, "secret"), &error);
        return status == FRONTEGG_STATUS_OK ? done() : failed(error);
    }
    cJSON *reply = done(), *ok = cJSON_GetObjectItem(reply, "ok");
    if (strcmp(op, "invalidate") == 0) {
        cJSON_AddBoolToObject(
            ok, "was_current",
            frontegg_token_source_invalidate(this->handle, text(request, "token")));
    } else if (strcmp(op, "events") == 0) {
        cJSON_AddItemToObject(ok, "events", take_events(this));
    } else if (strcmp(op, "close_source") == 0) {
        frontegg_token_source_close(this->handle);
    } else {
        fail("an operation that is none");
    }
    return reply;
}

void close_sources(void) {
    for (thing *this = sources; this != NULL; this = this->next) {
        frontegg_token_source_close(((source *)this->handle)->handle);
        this->dropped = true;
    }
}
