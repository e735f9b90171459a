/* The driver of C: does what each line on standard input asks, and answers it in a line.
 *
 * Build it with
 *     cc *.c $(pkg-config --cflags --libs frontegg-token libcjson) -pthread -o driver */
#define _POSIX_C_SOURCE 200809L

#include "driver.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A call, which may run on a thread of its own. */
typedef struct job {
    char *name;
    thing **list, *thing;
    work *work;
    cJSON *request, *reply;
    pthread_t thread;
    struct job *next;
} job;

thing *clients, *sources;
static job *jobs;

void fail(const char *what) {
    fprintf(stderr, "driver: %s\n", what);
    exit(1);
}

void *zeroed(size_t size) {
    void *memory = calloc(1, size);
    if (memory == NULL) fail("out of memory");
    return memory;
}

const char *text(const cJSON *object, const char *key) {
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

void add_text(cJSON *object, const char *key, const char *value) {
    cJSON_AddItemToObject(object, key,
                          value == NULL ? cJSON_CreateNull() : cJSON_CreateString(value));
}

void add_number(cJSON *object, const char *key, int64_t value, int64_t unknown) {
    cJSON_AddItemToObject(object, key, value == unknown ? cJSON_CreateNull()
                                                        : cJSON_CreateNumber((double)value));
}

cJSON *done(void) {
    cJSON *reply = cJSON_CreateObject();
    cJSON_AddObjectToObject(reply, "ok");
    return reply;
}

static cJSON *token_set(const frontegg_client *handle, const frontegg_token_set *set) {
    cJSON *reply = done(), *ok = cJSON_GetObjectItem(reply, "ok");
    const char *claims = frontegg_token_set_claims_json(set);
    add_text(ok, "access_token", frontegg_token_set_access_token(set));
    add_text(ok, "refresh_token", frontegg_token_set_refresh_token(set));
    add_number(ok, "lifetime_ms", frontegg_token_set_lifetime_ms(set), -1);
    add_text(ok, "expires", frontegg_token_set_expires(set));
    add_text(ok, "trace_id", frontegg_token_set_trace_id(set));
    add_number(ok, "received_at_ms", frontegg_token_set_received_at_ms(set), -1);
    cJSON_AddItemToObject(ok, "claims", claims == NULL ? cJSON_CreateNull() : cJSON_Parse(claims));
    add_text(reply, "shown", frontegg_client_base_url(handle));
    return reply;
}

cJSON *failed(frontegg_error *error) {
    cJSON *reply = cJSON_CreateObject(), *facts = cJSON_AddObjectToObject(reply, "error");
    add_text(facts, "code", frontegg_error_code(error));
    add_number(facts, "number", frontegg_error_status(error), 0);
    add_text(facts, "message", frontegg_error_message(error));
    add_number(facts, "http_status", frontegg_error_http_status(error), 0);
    cJSON *messages = cJSON_AddArrayToObject(facts, "messages");
    for (size_t i = 0; i < frontegg_error_message_count(error); ++i) {
        cJSON_AddItemToArray(messages, cJSON_CreateString(frontegg_error_message_at(error, i)));
    }
    add_text(facts, "error_code", frontegg_error_error_code(error));
    add_text(facts, "trace_id", frontegg_error_trace_id(error));
    add_number(facts, "retry_after_ms", frontegg_error_retry_after_ms(error), -1);
    add_number(facts, "attempts", frontegg_error_attempts(error), -1);
    cJSON_AddBoolToObject(facts, "retryable", frontegg_error_retryable(error));
    add_text(reply, "shown", frontegg_error_message(error));
    frontegg_error_free(error);
    return reply;
}

static const struct {
    const char *key;
    void (*set)(frontegg_config *, const char *);
} texts[] = {
    {"region", frontegg_config_set_region},
    {"domain", frontegg_config_set_domain},
    {"base_url", frontegg_config_set_base_url},
    {"vendor_host", frontegg_config_set_vendor_host},
    {"proxy", frontegg_config_set_proxy},
    {"roots", frontegg_config_set_roots},
    {"ca_file", frontegg_config_set_ca_file},
    {"bearer", frontegg_config_set_bearer},
    {"user_agent_suffix", frontegg_config_set_user_agent_suffix},
};

static const struct {
    const char *key;
    void (*set)(frontegg_config *, uint64_t);
} spans[] = {
    {"connect_timeout_ms", frontegg_config_set_connect_timeout_ms},
    {"attempt_timeout_ms", frontegg_config_set_attempt_timeout_ms},
    {"deadline_ms", frontegg_config_set_deadline_ms},
    {"base_delay_ms", frontegg_config_set_retry_base_delay_ms},
    {"max_delay_ms", frontegg_config_set_retry_max_delay_ms},
};

frontegg_config *client_config(const cJSON *settings) {
    const bool from_env = cJSON_IsTrue(cJSON_GetObjectItem(settings, "from_env"));
    frontegg_config *config = from_env ? frontegg_config_new_from_env() : frontegg_config_new();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
        const char *value = text(settings, texts[i].key);
        if (value != NULL) texts[i].set(config, value);
    }
    for (size_t i = 0; i < sizeof spans / sizeof *spans; ++i) {
        const cJSON *span = cJSON_GetObjectItem(settings, spans[i].key);
        if (span != NULL) spans[i].set(config, (uint64_t)span->valuedouble);
    }
    const cJSON *allow_http = cJSON_GetObjectItem(settings, "allow_http");
    if (allow_http != NULL) frontegg_config_set_allow_http(config, cJSON_IsTrue(allow_http));
    const cJSON *attempts = cJSON_GetObjectItem(settings, "max_attempts");
    if (attempts != NULL) {
        frontegg_config_set_retry_max_attempts(config, (uint32_t)attempts->valuedouble);
    }
    const char *ca = text(settings, "ca_pem");
    if (ca != NULL) frontegg_config_set_ca_pem(config, ca, strlen(ca));
    const char *chain = text(settings, "client_certificate_pem");
    const char *key = text(settings, "client_key_pem");
    if (chain != NULL && key != NULL) {
        frontegg_config_set_client_certificate(config, chain, strlen(chain), key, strlen(key));
    }
    const cJSON *header;
    cJSON_ArrayForEach(header, cJSON_GetObjectItem(settings, "headers")) {
        frontegg_config_add_header(config, cJSON_GetStringValue(cJSON_GetArrayItem(header, 0)),
                                   cJSON_GetStringValue(cJSON_GetArrayItem(header, 1)));
    }
    return config;
}

void add(thing **list, const char *name, void *handle, void (*release)(void *)) {
    thing *this = zeroed(sizeof *this);
    this->name = strdup(name);
    this->handle = handle;
    this->release = release;
    this->next = *list;
    *list = this;
}

thing *find(thing *list, const char *name) {
    while (list != NULL && (list->dropped || strcmp(list->name, name) != 0)) list = list->next;
    if (list == NULL) fail("no such client or source");
    return list;
}

void drop(thing **list, const char *name) {
    find(*list, name)->dropped = true;
    sweep(list);
}

void sweep(thing **list) {
    for (thing **link = list; *link != NULL;) {
        thing *this = *link;
        if (!this->dropped || this->calls > 0) {
            link = &this->next;
            continue;
        }
        *link = this->next;
        this->release(this->handle);
        free(this->name);
        free(this);
    }
}

static void release_client(void *handle) { frontegg_client_free(handle); }

static cJSON *new_client(const cJSON *request) {
    frontegg_client *handle = NULL;
    frontegg_error *error = NULL;
    frontegg_config *config = client_config(cJSON_GetObjectItem(request, "settings"));
    const frontegg_status status = frontegg_client_new(config, &handle, &error);
    frontegg_config_free(config);
    if (status != FRONTEGG_STATUS_OK) return failed(error);
    add(&clients, text(request, "client"), handle, release_client);
    return done();
}

/* One of the two calls. */
static cJSON *call(void *handle, const cJSON *request) {
    frontegg_token_set *set = NULL;
    frontegg_error *error = NULL;
    frontegg_status status;
    if (strcmp(text(request, "op"), "authenticate") == 0) {
        status = frontegg_client_authenticate(handle, text(request, "client_id"),
                                              text(request, "secret"), &set, &error);
    } else {
        status = frontegg_client_refresh(handle, text(request, "refresh_token"), &set, &error);
    }
    if (status != FRONTEGG_STATUS_OK) return failed(error);
    cJSON *reply = token_set(handle, set);
    frontegg_token_set_free(set);
    return reply;
}

static void *run(void *argument) {
    job *this = argument;
    this->reply = this->work(this->thing->handle, this->request);
    return NULL;
}

/* Ends a job that has run, and answers its reply. */
static cJSON *finish(job *this) {
    cJSON *reply = this->reply;
    --this->thing->calls;
    sweep(this->list);
    cJSON_Delete(this->request);
    free(this->name);
    free(this);
    return reply;
}

cJSON *start(thing **list, const char *name, work *work, const cJSON *request) {
    const char *background = text(request, "background");
    job *this = zeroed(sizeof *this);
    this->list = list;
    this->thing = find(*list, name);
    this->work = work;
    this->request = cJSON_Duplicate(request, true);
    ++this->thing->calls;
    if (background == NULL) {
        run(this);
        return finish(this);
    }
    this->name = strdup(background);
    this->next = jobs;
    jobs = this;
    if (pthread_create(&this->thread, NULL, run, this) != 0) fail("no thread");
    return done();
}

static cJSON *wait_for(const char *name) {
    job **link = &jobs;
    while (*link != NULL && strcmp((*link)->name, name) != 0) link = &(*link)->next;
    if (*link == NULL) fail("no such job");
    job *this = *link;
    *link = this->next;
    pthread_join(this->thread, NULL);
    return finish(this);
}

/* The table of errors as C knows it. */
static cJSON *errors(void) {
    cJSON *reply = done();
    cJSON *rows = cJSON_AddArrayToObject(cJSON_GetObjectItem(reply, "ok"), "errors");
    for (int32_t number = 1; number < 100; ++number) {
        if (frontegg_status_name(number) == NULL) continue;
        cJSON *row = cJSON_CreateObject();
        cJSON_AddNumberToObject(row, "number", number);
        cJSON_AddStringToObject(row, "code", frontegg_status_name(number));
        cJSON_AddItemToArray(rows, row);
    }
    return reply;
}

static cJSON *answer(const cJSON *request) {
    const char *op = text(request, "op");
    if (op == NULL) fail("a line that is no request");
    if (strcmp(op, "new_client") == 0) return new_client(request);
    if (strcmp(op, "wait") == 0) return wait_for(text(request, "job"));
    if (strcmp(op, "errors") == 0) return errors();
    cJSON *reply = answer_of_source(op, request);
    if (reply != NULL) return reply;
    const char *name = text(request, "client");
    if (strcmp(op, "close") == 0) {
        frontegg_client_close(find(clients, name)->handle);
        return done();
    }
    if (strcmp(op, "drop") == 0) {
        drop(&clients, name);
        return done();
    }
    return start(&clients, name, call, request);
}

int main(void) {
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0) {
        cJSON *request = cJSON_Parse(line), *reply = answer(request);
        char *printed = cJSON_PrintUnformatted(reply);
        puts(printed);
        fflush(stdout);
        free(printed);
        cJSON_Delete(reply);
        cJSON_Delete(request);
    }
    free(line);
    close_sources();
    for (thing *this = clients; this != NULL; this = this->next) {
        frontegg_client_close(this->handle);
        this->dropped = true;
    }
    while (jobs != NULL) cJSON_Delete(wait_for(jobs->name));
    sweep(&sources);
    sweep(&clients);
    free_stores();
    return 0;
}
