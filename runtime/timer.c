/*
 * Times a compiled model without an interpreter between two readings of the clock; `qcc-bench` compiles it on demand.
 * Functions return QCC_OK, an error of the model, or -1 without memory.
 */
#define _POSIX_C_SOURCE 200112L
#include <stdlib.h>
#include <time.h>

#include "qcc_api.h"

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void stamp(void *user, int step) {
    int64_t *const *const stamps = user;
    (*stamps)[step + 1] = now();
}

/* A context and its memory. */
typedef struct {
    const qcc_api *api;
    qcc_context *context;
    unsigned char *memory;
} session;

static int open_session(session *s, const qcc_api *api, const qcc_options *options) {
    s->api = api;
    s->context = calloc(1, api->context_bytes);
    s->memory = malloc(api->arena_bytes + api->arena_align);
    if (s->context == NULL || s->memory == NULL)
        return -1;
    const size_t past = (size_t)((uintptr_t)s->memory % api->arena_align);
    return api->init(s->context, s->memory + (past ? api->arena_align - past : 0), options);
}

static void close_session(session *s, int status) {
    if (status == QCC_OK)
        s->api->stop(s->context);
    free(s->context);
    free(s->memory);
}

/* What a timed model is given; `target` is one of the library's, or NULL. */
typedef struct {
    const qcc_api *api;
    const char *target;
    const void *const *inputs;
    void *const *outputs;
    int64_t threads, runs;
} timed;

/* Nanoseconds of each run, one after the other, into `times`. */
int qcc_time_runs(const timed *what, int64_t *times) {
    session s;
    const qcc_options options = {.target = what->target, .threads = (int)what->threads};
    int status = open_session(&s, what->api, &options);
    for (int64_t r = 0; r < what->runs && status == QCC_OK; r++) {
        const int64_t start = now();
        status = what->api->run(s.context, what->inputs, what->outputs);
        times[r] = now() - start;
    }
    close_session(&s, status);
    return status;
}

/* Clock readings into `stamps`: for each run its start, then the end of each of its `steps` steps. */
int qcc_time_steps(const timed *what, int64_t steps, int64_t *stamps) {
    session s;
    const qcc_options options = {
        .profile = stamp, .user = &stamps, .target = what->target, .threads = (int)what->threads};
    int status = open_session(&s, what->api, &options);
    for (int64_t r = 0; r < what->runs && status == QCC_OK; r++) {
        stamps[0] = now();
        status = what->api->run(s.context, what->inputs, what->outputs);
        stamps += steps + 1;
    }
    close_session(&s, status);
    return status;
}

/* The same for steps that do nothing: what reading the clock adds to each. */
void qcc_time_nothing(int64_t steps, int64_t *stamps) {
    void (*volatile step_done)(void *, int) = stamp;
    stamps[0] = now();
    for (int64_t i = 0; i < steps; i++)
        step_done(&stamps, (int)i);
}
