/* Runs the parts of a step: by the application's parallel-for, by the library's pool, or one after the other. */
#ifndef QCC_PARALLEL_H
#define QCC_PARALLEL_H

#include "qcc_api.h"
#include "qcc_pool.h"

/* What the parts of a step need of the run that they belong to. */
typedef struct {
    const qcc_context *context;
    const void *const *inputs;
    void *const *outputs;
} qcc_frame;

QCC_HELPER void qcc_parallel(const qcc_frame *frame, void (*task)(void *frame, int part), int parts) {
    const qcc_options *const options = &frame->context->options;
    void *const argument = (void *)(uintptr_t)frame;
    if (options->parallel_for != NULL) {
        options->parallel_for(options->user, task, argument, parts);
    } else if (frame->context->pool != NULL) {
        qcc_pool_run((qcc_pool *)frame->context->pool, task, argument, parts);
    } else {
        for (int part = 0; part < parts; part++)
            task(argument, part);
    }
}

#endif
