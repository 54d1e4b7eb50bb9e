/* Tells the application's profile callback that a step of a run is done. */
#ifndef QCC_STEP_H
#define QCC_STEP_H

#include "qcc_runtime.h"

#include "qcc_api.h"

/* Not inlined: a library has as many calls as steps. */
static QCC_NOINLINE void qcc_step(const qcc_context *context, int step) {
    if (context->options.profile != NULL) {
        context->options.profile(context->options.user, step);
    }
}

#endif
