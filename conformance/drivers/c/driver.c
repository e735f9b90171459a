/* The driver of C: does what each line on standard input asks, and answers it in a line.
 *
 * Build it with
 *     cc driver.c $(pkg-config --cflags --libs frontegg-token libcjson) -pthread -o driver */
#define _POSIX_C_SOURCE 200809L

#include <cjson/cJSON.h>
#include <frontegg_token.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A client by its name. One that was dropped is freed once no call uses it any more. */
typedef struct client {
    char *name;
    frontegg_client *handle;
    int calls;
    bool dropped;
    struct client *next;
} client;

/* One of the two calls, which may run on a thread of its own. */
typedef struct job {
    char *name;
    client *client;
    cJSON *request, *reply;
    pthread_t thread;
    struct job *next;
} job;

static client *clients;
static job *jobs;

static void fail(const char *what) {
    fprintf(stderr, "driver: %s\n", what);
    exit(1);
}

static const char *text(const cJSON *object, const char *key) {
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static void add_text(cJSON *object, const char *key, const char *value) {
    cJSON_AddItemToObject(object, key,
                          value == NULL ? cJSON_CreateNull() : cJSON_CreateString(value));
}

/* A number, or null where it is what stands for "unknown". */
static void add_number(cJSON *object, const char *key, int64_t value, int64_t unknown) {
    cJSON_AddItemToObject(object, key, value == unknown ? cJSON_CreateNull()
                                                        : cJSON_CreateNumber((double)value));
}

static cJSON *done(void) {
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

static cJSON *facts(const frontegg_error *error) {
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

static frontegg_config *config(const cJSON *settings) {
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

/* Where the client of this name is linked from; ends the program if there is none. */
static client **find(const char *name) {
    client **link = &clients;
    while (*link != NULL && ((*link)->dropped || strcmp((*link)->name, name) != 0)) {
        link = &(*link)->next;
    }
    if (*link == NULL) fail("no such client");
    return link;
}

/* Frees the clients that were dropped and are not in a call. */
static void sweep(void) {
    for (client **link = &clients; *link != NULL;) {
        client *this = *link;
        if (!this->dropped || this->calls > 0) {
            link = &this->next;
            continue;
        }
        *link = this->next;
        frontegg_client_free(this->handle);
        free(this->name);
        free(this);
    }
}

static cJSON *new_client(const cJSON *request) {
    frontegg_client *handle = NULL;
    frontegg_error *error = NULL;
    frontegg_config *settings = config(cJSON_GetObjectItem(request, "settings"));
    const frontegg_status status = frontegg_client_new(settings, &handle, &error);
    frontegg_config_free(settings);
    if (status != FRONTEGG_STATUS_OK) {
        cJSON *reply = facts(error);
        frontegg_error_free(error);
        return reply;
    }
    client *this = calloc(1, sizeof *this);
    if (this == NULL) fail("out of memory");
    this->name = strdup(text(request, "client"));
    this->handle = handle;
    this->next = clients;
    clients = this;
    return done();
}

static void *run(void *argument) {
    job *this = argument;
    const frontegg_client *handle = this->client->handle;
    frontegg_token_set *set = NULL;
    frontegg_error *error = NULL;
    frontegg_status status;
    if (strcmp(text(this->request, "op"), "authenticate") == 0) {
        status = frontegg_client_authenticate(handle, text(this->request, "client_id"),
                                              text(this->request, "secret"), &set, &error);
    } else {
        status = frontegg_client_refresh(handle, text(this->request, "refresh_token"), &set,
                                         &error);
    }
    this->reply = status == FRONTEGG_STATUS_OK ? token_set(handle, set) : facts(error);
    frontegg_token_set_free(set);
    frontegg_error_free(error);
    return NULL;
}

/* Ends a job that has run, and answers its reply. */
static cJSON *finish(job *this) {
    cJSON *reply = this->reply;
    --this->client->calls;
    sweep();
    cJSON_Delete(this->request);
    free(this->name);
    free(this);
    return reply;
}

/* Makes one of the two calls, here or on a thread. */
static cJSON *call(const cJSON *request) {
    const char *background = text(request, "background");
    job *this = calloc(1, sizeof *this);
    if (this == NULL) fail("out of memory");
    this->client = *find(text(request, "client"));
    this->request = cJSON_Duplicate(request, true);
    ++this->client->calls;
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
    if (strcmp(op, "close") == 0) {
        frontegg_client_close((*find(text(request, "client")))->handle);
        return done();
    }
    if (strcmp(op, "drop") == 0) {
        (*find(text(request, "client")))->dropped = true;
        sweep();
        return done();
    }
    return call(request);
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
    for (client *this = clients; this != NULL; this = this->next) {
        frontegg_client_close(this->handle);
        this->dropped = true;
    }
    while (jobs != NULL) cJSON_Delete(wait_for(jobs->name));
    sweep();
    return 0;
}
