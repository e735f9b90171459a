/* What the test programs share: a check that reports and ends, a client of the emulator, and a
 * source. */
#ifndef CHECK_H
#define CHECK_H

#include <frontegg_token.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                      \
        }                                                                                 \
    } while (0)

/* Two strings that are both there and equal. */
#define CHECK_TEXT(actual, expected)                                                             \
    do {                                                                                         \
        const char *text_ = (actual);                                                            \
        if (text_ == NULL || strcmp(text_, (expected)) != 0) {                                   \
            fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #actual,    \
                    text_ == NULL ? "(NULL)" : text_, (expected));                               \
            exit(1);                                                                             \
        }                                                                                        \
    } while (0)

/* How many threads this process has; 1 where the system does not tell. */
static inline int threads(void) {
    int count = 1;
    char line[128];
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL) return 1;
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "Threads:", 8) == 0) count = atoi(line + 8);
    }
    fclose(status);
    return count;
}

/* What runs at the end of a program: a thread that is about to end, and that the library does not
 * wait for any longer, would look to valgrind like a leak. */
__attribute__((destructor)) static inline void let_threads_end(void) {
    const time_t start = time(NULL);
    while (threads() > 1 && time(NULL) - start < 10) continue;
}

/* A variable of the environment that has to be there. */
static inline const char *variable(const char *name) {
    const char *value = getenv(name);
    if (value == NULL) {
        fprintf(stderr, "%s is not set\n", name);
        exit(1);
    }
    return value;
}

/* The settings for the emulator that the environment names. */
static inline frontegg_config *emulator_config(void) {
    frontegg_config *config = frontegg_config_new();
    frontegg_config_set_base_url(config, variable("FRONTEGG_BASE_URL"));
    frontegg_config_set_ca_file(config, variable("FRONTEGG_CA_FILE"));
    return config;
}

static inline frontegg_client *emulator_client(void) {
    frontegg_config *config = emulator_config();
    frontegg_client *client = NULL;
    frontegg_error *error = NULL;
    const frontegg_status status = frontegg_client_new(config, &client, &error);
    frontegg_config_free(config);
    if (status != FRONTEGG_STATUS_OK) {
        fprintf(stderr, "no client: %s\n", frontegg_error_message(error));
        exit(1);
    }
    return client;
}

/* A source of the first API token; NULL for the config has every setting at its default. */
static inline frontegg_token_source *emulator_source(const frontegg_client *client,
                                                     const frontegg_source_config *config) {
    frontegg_token_source *source = NULL;
    frontegg_error *error = NULL;
    if (frontegg_token_source_new(client, variable("FRONTEGG_CLIENT_ID"),
                                  variable("FRONTEGG_SECRET"), config, &source,
                                  &error) != FRONTEGG_STATUS_OK) {
        fprintf(stderr, "no source: %s\n", frontegg_error_message(error));
        exit(1);
    }
    return source;
}

/* A token of a source that has to have one. */
static inline frontegg_access_token *token_of(const frontegg_token_source *source) {
    frontegg_access_token *token = NULL;
    frontegg_error *error = NULL;
    if (frontegg_token_source_token(source, &token, &error) != FRONTEGG_STATUS_OK) {
        fprintf(stderr, "no token: %s\n", frontegg_error_message(error));
        exit(1);
    }
    return token;
}

#endif
