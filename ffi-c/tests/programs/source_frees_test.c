/* A client, a source's config, the source and its token freed in every order, each of them used for
 * as long as it lives. */
#include "check.h"

static frontegg_client *client;
static frontegg_source_config *config;
static frontegg_token_source *source;
static frontegg_access_token *token;

static void observe(const frontegg_event *event, void *user_data) {
    CHECK(event->kind == FRONTEGG_EVENT_KIND_AUTHENTICATED);
    CHECK(user_data == &client);
}

static void make(void) {
    client = emulator_client();
    config = frontegg_source_config_new();
    frontegg_source_config_set_observer(config, observe, &client);
    source = emulator_source(client, config);
    token = token_of(source);
}

static void use(void) {
    if (client != NULL) CHECK_TEXT(frontegg_client_base_url(client), variable("FRONTEGG_BASE_URL"));
    if (config != NULL && client != NULL) {
        frontegg_token_source_free(emulator_source(client, config));
    }
    if (source != NULL) frontegg_access_token_free(token_of(source));
    if (token != NULL) {
        CHECK_TEXT(frontegg_access_token_subject(token), variable("FRONTEGG_CLIENT_ID"));
    }
}

static void release(int which) {
    switch (which) {
    case 0:
        frontegg_client_free(client);
        client = NULL;
        break;
    case 1:
        frontegg_source_config_free(config);
        config = NULL;
        break;
    case 2:
        frontegg_token_source_free(source);
        source = NULL;
        break;
    default:
        frontegg_access_token_free(token);
        token = NULL;
    }
}

int main(void) {
    int orders = 0;
    for (int order = 0; order < 4 * 4 * 4 * 4; ++order) {
        const int each[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3};
        if ((1 << each[0] | 1 << each[1] | 1 << each[2] | 1 << each[3]) != 15) continue;
        ++orders;
        make();
        for (int i = 0; i < 4; ++i) {
            use();
            release(each[i]);
        }
    }
    CHECK(orders == 24);
    return 0;
}
