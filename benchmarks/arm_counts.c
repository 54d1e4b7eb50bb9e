/*
 * Runs a compiled model argv[1] times on pseudo-random bytes and prints a checksum of its outputs, so that the bits of
 * libraries for different processors can be compared.
 */
#include <stdio.h>
#include <stdlib.h>

#include COUNTED_HEADER

enum { PORTS = 8, PORT_BYTES = 1 << 20 };

static unsigned char inputs[PORTS][PORT_BYTES], outputs[PORTS][PORT_BYTES];

int main(int argc, char **argv) {
    const qcc_api *const api = COUNTED_API();
    const void *read[PORTS];
    void *written[PORTS];
    uint32_t state = 1;
    for (int i = 0; i < PORTS; i++) {
        for (int j = 0; j < PORT_BYTES; j++) {
            state = state * 1664525u + 1013904223u;
            inputs[i][j] = (unsigned char)(state >> 24);
        }
        read[i] = inputs[i];
        written[i] = outputs[i];
    }
    void *const arena = aligned_alloc(api->arena_align, (api->arena_bytes + 63) / 64 * 64);
    qcc_context context;
    if (arena == NULL || api->init(&context, arena, NULL) != QCC_OK)
        return 2;
    for (int n = argc > 1 ? atoi(argv[1]) : 1; n > 0; n--)
        if (api->run(&context, read, written) != QCC_OK)
            return 3;
    uint64_t sum = 14695981039346656037u;
    for (int i = 0; i < PORTS; i++)
        for (int j = 0; j < 1 << 14; j++)
            sum = (sum ^ outputs[i][j]) * 1099511628211u;
    printf("checksum %016llx\n", (unsigned long long)sum);
    free(arena);
    return 0;
}
