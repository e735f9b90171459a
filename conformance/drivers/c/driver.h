/* What the driver's files share. */
#ifndef DRIVER_H
#define DRIVER_H

#include <cjson/cJSON.h>
#include <frontegg_token.h>

/* A client or a source by its name. One that was dropped is freed once no call uses it any more. */
typedef struct thing {
    char *name;
    void *handle;
    void (*release)(void *handle);
    int calls;
    bool dropped;
    struct thing *next;
} thing;

/* All clients, and all sources. */
extern thing *clients, *sources;

void fail(const char *what);
void *zeroed(size_t size);

/* Adds a thing to a list; finds one, or ends the program; frees those that nobody uses. */
void add(thing **list, const char *name, void *handle, void (*release)(void *));
thing *find(thing *list, const char *name);
void drop(thing **list, const char *name);
void sweep(thing **list);

/* Runs what a request asks of a thing: here, or on a thread if it says so. */
typedef cJSON *work(void *handle, const cJSON *request);
cJSON *start(thing **list, const char *name, work *work, const cJSON *request);

const char *text(const cJSON *object, const char *key);
void add_text(cJSON *object, const char *key, const char *value);
/* A number, or null where it is what stands for "unknown". */
void add_number(cJSON *object, const char *key, int64_t value, int64_t unknown);

cJSON *done(void);
/* Tells the facts of an error, which is freed. */
cJSON *failed(frontegg_error *error);

frontegg_config *client_config(const cJSON *settings);

/* Gives a source the store that its settings ask for. */
frontegg_status give_store(frontegg_source_config *config, const cJSON *asked,
                           frontegg_error **error);
void free_stores(void);

/* Answers an operation on a source or on the clock; NULL if it is none. */
cJSON *answer_of_source(const char *op, const cJSON *request);
void close_sources(void);

#endif
