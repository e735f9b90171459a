/* Handles freed in every order, each of them used for as long as it lives. */
#include "check.h"

static frontegg_config *config;
static frontegg_client *client;
static frontegg_token_set *set;
static frontegg_error *error;

static void make(void) {
    config = emulator_config();
    CHECK(frontegg_client_new(config, &client, NULL) == FRONTEGG_STATUS_OK);
    CHECK(frontegg_client_authenticate(client, variable("FRONTEGG_CLIENT_ID"),
                                       variable("FRONTEGG_SECRET"), &set, NULL) ==
          FRONTEGG_STATUS_OK);
    frontegg_token_set *none = NULL;
    CHECK(frontegg_client_refresh(client, "unknown", &none, &error) ==
          FRONTEGG_STATUS_REFRESH_REJECTED);
}

static void use(void) {
    if (config != NULL) {
        frontegg_client *another = NULL;
        CHECK(frontegg_client_new(config, &another, NULL) == FRONTEGG_STATUS_OK);
        frontegg_client_free(another);
    }
    if (client != NULL) CHECK_TEXT(frontegg_client_base_url(client), variable("FRONTEGG_BASE_URL"));
    if (set != NULL) CHECK_TEXT(frontegg_token_set_subject(set), variable("FRONTEGG_CLIENT_ID"));
    if (error != NULL) CHECK_TEXT(frontegg_error_message_at(error, 0), "Refresh token is not valid");
}

static void release(int which) {
    switch (which) {
    case 0:
        frontegg_config_free(config);
        config = NULL;
        break;
    case 1:
        frontegg_client_free(client);
        client = NULL;
        break;
    case 2:
        frontegg_token_set_free(set);
        set = NULL;
        break;
    default:
        frontegg_error_free(error);
        error = NULL;
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
