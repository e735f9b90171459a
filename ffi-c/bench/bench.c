/* For core/benches/layers.py:
 *
 * bench CALLS [CALLERS]           makes so many authentications and exits
 * bench cached CALLS [CALLERS]    has each caller ask a source for its fresh token so often, and
 *                                 prints the nanoseconds from one call of a caller to its next
 * bench herd [CALLERS]            lets so many callers (1,000) loose on an empty source, and prints
 *                                 the milliseconds from the first call until all have its token */
#define _POSIX_C_SOURCE 200809L

#include <frontegg_token.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static frontegg_client *client;
static frontegg_token_source *source;
static const char *client_id, *secret;
static atomic_long left;
static long calls;
static pthread_barrier_t barrier;

/* When a caller made its first call, and when its last had returned. */
typedef struct {
    pthread_t thread;
    double begin, end;
} span;

static void fail(const frontegg_error *error) {
    fprintf(stderr, "%s\n", frontegg_error_message(error));
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void *authenticate(void *unused) {
    while (atomic_fetch_sub(&left, 1) > 0) {
        frontegg_token_set *tokens = NULL;
        frontegg_error *error = NULL;
        if (frontegg_client_authenticate(client, client_id, secret, &tokens, &error) != 0) {
            fail(error);
        }
        frontegg_token_set_free(tokens);
    }
    return unused;
}

static void *ask(void *argument) {
    span *this = argument;
    pthread_barrier_wait(&barrier);
    this->begin = now();
    for (long i = 0; i < calls; i++) {
        frontegg_access_token *token = NULL;
        frontegg_error *error = NULL;
        if (frontegg_token_source_token(source, &token, &error) != 0) fail(error);
        frontegg_access_token_free(token);
    }
    this->end = now();
    return NULL;
}

static span *ask_at_once(long callers) {
    span *spans = calloc((size_t)callers, sizeof *spans);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    pthread_barrier_init(&barrier, NULL, (unsigned)callers);
    for (long i = 0; i < callers; i++) {
        if (pthread_create(&spans[i].thread, &small, ask, &spans[i]) != 0) exit(1);
    }
    for (long i = 0; i < callers; i++) pthread_join(spans[i].thread, NULL);
    pthread_barrier_destroy(&barrier);
    pthread_attr_destroy(&small);
    return spans;
}

static void cached(long callers) {
    frontegg_access_token *token = NULL;
    frontegg_error *error = NULL;
    if (frontegg_token_source_token(source, &token, &error) != 0) fail(error);
    frontegg_access_token_free(token);
    span *spans = ask_at_once(callers);
    double total = 0;
    for (long i = 0; i < callers; i++) total += spans[i].end - spans[i].begin;
    printf("%.2f\n", total / (double)callers / (double)calls);
    free(spans);
}

static void herd(long callers) {
    calls = 1;
    span *spans = ask_at_once(callers);
    double begin = spans[0].begin, end = spans[0].end;
    for (long i = 1; i < callers; i++) {
        if (spans[i].begin < begin) begin = spans[i].begin;
        if (spans[i].end > end) end = spans[i].end;
    }
    printf("%.2f\n", (end - begin) / 1e6);
    free(spans);
}

static void authenticate_all(long callers) {
    pthread_t *threads = calloc((size_t)callers, sizeof *threads);
    left = calls;
    for (long i = 1; i < callers; i++) pthread_create(&threads[i], NULL, authenticate, NULL);
    authenticate(NULL);
    for (long i = 1; i < callers; i++) pthread_join(threads[i], NULL);
    free(threads);
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    const bool is_cached = strcmp(mode, "cached") == 0, is_herd = strcmp(mode, "herd") == 0;
    const int numbers = is_cached || is_herd ? 2 : 1;
    const long first = argc > numbers ? atol(argv[numbers]) : 0;
    const long callers = argc > numbers + 1 ? atol(argv[numbers + 1]) : 1;
    calls = first > 0 ? first : 1;
    client_id = getenv("FRONTEGG_CLIENT_ID");
    secret = getenv("FRONTEGG_SECRET");

    frontegg_config *config = frontegg_config_new();
    frontegg_config_set_base_url(config, getenv("FRONTEGG_BASE_URL"));
    frontegg_config_set_ca_file(config, getenv("FRONTEGG_CA_FILE"));
    frontegg_config_set_proxy(config, "none");
    frontegg_error *error = NULL;
    if (frontegg_client_new(config, &client, &error) != 0) fail(error);
    frontegg_config_free(config);
    if (frontegg_token_source_new(client, client_id, secret, NULL, &source, &error) != 0) {
        fail(error);
    }

    if (is_cached) {
        cached(callers);
    } else if (is_herd) {
        herd(first > 0 ? first : 1000);
    } else {
        authenticate_all(callers);
    }
    frontegg_token_source_free(source);
    frontegg_client_free(client);
    return 0;
}
