/* The stores that sources share. */
#define _POSIX_C_SOURCE 200809L
#include "driver.h"

#include <string.h>

/* Those with a name. */
static thing *stores;

static void release(void *store) { frontegg_token_store_free(store); }

static frontegg_status make(const cJSON *asked, frontegg_token_store **store,
                            frontegg_error **error) {
    const char *kind = text(asked, "kind");
    if (strcmp(kind, "memory") == 0) {
        *store = frontegg_token_store_new_memory();
        return FRONTEGG_STATUS_OK;
    }
    if (strcmp(kind, "file") == 0) {
        return frontegg_token_store_new_file(text(asked, "directory"), store, error);
    }
    if (strcmp(kind, "redis") != 0) fail("a store of a kind that C does not have");
    frontegg_redis_config *config = frontegg_redis_config_new(text(asked, "url"));
    const cJSON *timeout = cJSON_GetObjectItem(asked, "timeout_ms");
    const char *prefix = text(asked, "key_prefix"), *roots = text(asked, "roots_pem");
    if (timeout != NULL) {
        frontegg_redis_config_set_timeout_ms(config, (uint64_t)timeout->valuedouble);
    }
    if (prefix != NULL) frontegg_redis_config_set_key_prefix(config, prefix);
    if (roots != NULL) frontegg_redis_config_set_ca_pem(config, roots, strlen(roots));
    const frontegg_status status = frontegg_token_store_new_redis(config, store, error);
    frontegg_redis_config_free(config);
    return status;
}

frontegg_status give_store(frontegg_source_config *config, const cJSON *asked,
                           frontegg_error **error) {
    if (cJSON_IsString(asked)) {
        frontegg_source_config_set_store_name(config, cJSON_GetStringValue(asked));
        return FRONTEGG_STATUS_OK;
    }
    const char *name = text(asked, "name");
    for (thing *this = stores; name != NULL && this != NULL; this = this->next) {
        if (strcmp(this->name, name) == 0) {
            frontegg_source_config_set_store(config, this->handle);
            return FRONTEGG_STATUS_OK;
        }
    }
    frontegg_token_store *store = NULL;
    const frontegg_status status = make(asked, &store, error);
    if (status != FRONTEGG_STATUS_OK) return status;
    frontegg_source_config_set_store(config, store);
    if (name == NULL) {
        release(store);
    } else {
        add(&stores, name, store, release);
    }
    return FRONTEGG_STATUS_OK;
}

void free_stores(void) {
    for (thing *this = stores; this != NULL; this = this->next) this->dropped = true;
    sweep(&stores);
}
