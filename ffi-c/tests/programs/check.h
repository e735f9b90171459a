/* What the test programs share: a check that reports and ends, and a client of the emulator. */
#ifndef CHECK_H
#define CHECK_H

#include <frontegg_token.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

#endif
