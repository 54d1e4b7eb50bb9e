/* Runs a compiled model on inputs from stdin; writes its outputs, then its whole arena, to stdout. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include RUNNER_HEADER

#ifndef RUNNER_THREADS
#define RUNNER_THREADS 1
#endif

static unsigned char *aligned(size_t size) {
    /* Exactly as large as asked for, so that sanitizers see the first byte too many. */
    return aligned_alloc(RUNNER_ALIGN, (size + RUNNER_ALIGN - 1) / RUNNER_ALIGN * RUNNER_ALIGN);
}

int main(int argc, char **argv) {
    const qcc_api *const api = RUNNER_API();
    const int inputs = atoi(argv[1]);
    const int outputs = argc - 2 - inputs;
    const void *read[64] = {0};
    void *written[64] = {0};
    size_t sizes[64];
    for (int i = 0; i < inputs + outputs; i++) {
        sizes[i] = (size_t)atol(argv[2 + i]);
        unsigned char *const buffer = malloc(sizes[i] ? sizes[i] : 1);
        if (i < inputs) {
            if (fread(buffer, 1, sizes[i], stdin) != sizes[i])
                return 10;
            read[i] = buffer;
        } else {
            written[i - inputs] = buffer;
        }
    }
    unsigned char *const arena = aligned(api->arena_bytes);
    /* What a run reads it must have written: no luck with zeros. */
    memset(arena, 0xa5, api->arena_bytes);
    qcc_context *const context = malloc(api->context_bytes);
    const qcc_options options = {.threads = RUNNER_THREADS};
    int status = api->init(context, arena, RUNNER_THREADS > 1 ? &options : NULL);
    for (int runs = 0; runs < RUNNER_THREADS && status == QCC_OK; runs++)
        status = api->run(context, read, written);
    if (status != QCC_OK)
        return 20 + status;
    api->stop(context);
    for (int i = 0; i < outputs; i++)
        fwrite(written[i], 1, sizes[inputs + i], stdout);
    fwrite(arena, 1, api->arena_bytes, stdout);
    for (int i = 0; i < inputs + outputs; i++)
        free(i < inputs ? (void *)(size_t)read[i] : written[i - inputs]);
    free(context);
    free(arena);
    return 0;
}
