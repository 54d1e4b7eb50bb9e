/* What every compiled model shares: its context, its options, its description.
 *
 * This file is part of the generated <model>.h; several models may be used in one program. */
#ifndef QCC_API_H
#define QCC_API_H

#include <stddef.h>
#include <stdint.h>

enum {
    QCC_OK = 0,
    QCC_ERROR_ARGUMENT = 1, /* a null pointer or an arena that is not aligned */
    QCC_ERROR_CPU = 2       /* the processor lacks instructions that the library needs, or no such target */
};

/* All members may be zero. */
typedef struct qcc_options {
    /* Called after each step of a run; steps are listed in the description. */
    void (*profile)(void *user, int step);
    void *user;
    /* The target to run, one of those that the library was compiled for; NULL: the best that the processor has. */
    const char *target;
    /* Threads of the library's own, the caller included, where it was compiled with --threads. */
    int threads;
    /* The application's own way to run task(argument, 0) ... task(argument, count - 1) and to wait for them. */
    void (*parallel_for)(void *user, void (*task)(void *argument, int part), void *argument, int count);
} qcc_options;

/* One per concurrent caller. All state is here and in the arena. */
typedef struct qcc_context {
    unsigned char *arena;
    const unsigned char *weights;
    void (*run)(struct qcc_context *context, const void *const *inputs, void *const *outputs);
    const char *target; /* that init chose */
    void *pool;         /* threads, in the arena */
    qcc_options options;
} qcc_context;

/* For loaders that know neither names nor shapes; version 1. */
typedef struct qcc_api {
    uint32_t version;
    const char *description; /* JSON: names, shapes, types, scales, memory, steps */
    size_t arena_bytes;
    size_t arena_align;
    size_t context_bytes;
    int (*init)(qcc_context *context, void *arena, const qcc_options *options);
    int (*run)(qcc_context *context, const void *const *inputs, void *const *outputs);
    void (*stop)(qcc_context *context);
} qcc_api;

#endif
