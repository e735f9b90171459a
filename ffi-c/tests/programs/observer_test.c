/* An observer is told of every event, may use its source and close it, and is left alone once the
 * source is freed. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>
#include <time.h>

enum { LIMIT = 16 };

/* What was told so far. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int count;
    int32_t kinds[LIMIT];
    uint64_t generations[LIMIT];
    frontegg_error *errors[LIMIT]; /* copies */
    const frontegg_token_source *to_close;
    bool freed;
} record;

static void observe(const frontegg_event *event, void *user_data) {
    record *told = user_data;
    pthread_mutex_lock(&told->lock);
    CHECK(!told->freed);
    CHECK(told->count < LIMIT);
    told->kinds[told->count] = event->kind;
    told->generations[told->count] = event->generation;
    told->errors[told->count] = frontegg_error_clone(event->error);
    ++told->count;
    const frontegg_token_source *to_close = told->to_close;
    pthread_cond_broadcast(&told->changed);
    pthread_mutex_unlock(&told->lock);
    if (to_close != NULL) frontegg_token_source_close(to_close);
}

/* Takes longer than a close waits for a renewal, and until somebody closes. */
static void dawdle(const frontegg_event *event, void *user_data) {
    record *told = user_data;
    (void)event;
    pthread_mutex_lock(&told->lock);
    ++told->count;
    pthread_cond_broadcast(&told->changed);
    pthread_mutex_unlock(&told->lock);
    const struct timespec second = {.tv_sec = 1};
    nanosleep(&second, NULL);
    pthread_mutex_lock(&told->lock);
    CHECK(!told->freed);
    told->kinds[0] = 1;
    pthread_mutex_unlock(&told->lock);
}

/* Waits for an event, and checks it. */
static void expect(record *told, int index, frontegg_event_kind kind, uint64_t generation,
                   frontegg_status status) {
    pthread_mutex_lock(&told->lock);
    while (told->count <= index) pthread_cond_wait(&told->changed, &told->lock);
    CHECK(told->kinds[index] == kind);
    CHECK(told->generations[index] == generation);
    CHECK(frontegg_error_status(told->errors[index]) == status);
    pthread_mutex_unlock(&told->lock);
}

static frontegg_token_source *observed_by(const frontegg_client *client,
                                          frontegg_observer observer, record *told) {
    frontegg_source_config *config = frontegg_source_config_new();
    frontegg_source_config_set_observer(config, observer, told);
    frontegg_token_source *source = emulator_source(client, config);
    frontegg_source_config_free(config);
    return source;
}

static frontegg_token_source *observed(const frontegg_client *client, record *told) {
    return observed_by(client, observe, told);
}

/* Frees a source, after which nothing may be told. */
static void free_source(frontegg_token_source *source, record *told) {
    frontegg_token_source_free(source);
    pthread_mutex_lock(&told->lock);
    told->freed = true;
    pthread_mutex_unlock(&told->lock);
    for (int i = 0; i < told->count; ++i) frontegg_error_free(told->errors[i]);
}

int main(void) {
    frontegg_client *client = emulator_client();
    record told = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    frontegg_token_source *source = observed(client, &told);

    frontegg_access_token *token = token_of(source);
    expect(&told, 0, FRONTEGG_EVENT_KIND_AUTHENTICATED, 1, FRONTEGG_STATUS_OK);
    CHECK(frontegg_token_source_invalidate(source, frontegg_access_token_token(token)));
    frontegg_access_token_free(token);
    frontegg_access_token_free(token_of(source));
    expect(&told, 1, FRONTEGG_EVENT_KIND_REFRESHED, 2, FRONTEGG_STATUS_OK);

    CHECK(frontegg_token_source_set_credentials(source, "nobody", "nothing", NULL) ==
          FRONTEGG_STATUS_OK);
    for (int i = 0; i < 3; ++i) {
        CHECK(frontegg_token_source_token(source, &token, NULL) ==
              FRONTEGG_STATUS_INVALID_CREDENTIALS);
    }
    expect(&told, 2, FRONTEGG_EVENT_KIND_FAILED, 2, FRONTEGG_STATUS_INVALID_CREDENTIALS);
    expect(&told, 3, FRONTEGG_EVENT_KIND_THROTTLED, 2, FRONTEGG_STATUS_INVALID_CREDENTIALS);
    CHECK(told.count == 4);
    CHECK(strlen(frontegg_error_trace_id(told.errors[2])) == 32);
    CHECK_TEXT(frontegg_error_trace_id(told.errors[3]), frontegg_error_trace_id(told.errors[2]));
    free_source(source, &told);

    /* One that closes its source, while a caller is in it. */
    record closing = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    source = observed(client, &closing);
    closing.to_close = source;
    const frontegg_status status = frontegg_token_source_token(source, &token, NULL);
    CHECK(status == FRONTEGG_STATUS_OK || status == FRONTEGG_STATUS_CLOSED);
    frontegg_access_token_free(token);
    expect(&closing, 0, FRONTEGG_EVENT_KIND_AUTHENTICATED, 1, FRONTEGG_STATUS_OK);
    free_source(source, &closing);

    /* One that is slow keeps nobody from a token, and is waited for by whoever frees the source. */
    record slow = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    source = observed_by(client, dawdle, &slow);
    frontegg_access_token_free(token_of(source));
    pthread_mutex_lock(&slow.lock);
    while (slow.count == 0) pthread_cond_wait(&slow.changed, &slow.lock);
    pthread_mutex_unlock(&slow.lock);
    free_source(source, &slow);
    CHECK(slow.count == 1 && slow.kinds[0] == 1);

    for (int32_t kind = 1; kind <= FRONTEGG_EVENT_KIND_STORE_RECOVERED; ++kind) {
        CHECK(strlen(frontegg_event_kind_name(kind)) > 0);
    }
    CHECK_TEXT(frontegg_event_kind_name(FRONTEGG_EVENT_KIND_FELL_BACK), "fell_back");
    CHECK(frontegg_event_kind_name(0) == NULL && frontegg_event_kind_name(10) == NULL);
    frontegg_client_free(client);
    return 0;
}
