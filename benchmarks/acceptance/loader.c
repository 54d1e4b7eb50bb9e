/*
 * How much a library adds to the resident memory of a program: prints the growth in bytes from before dlopen to after
 * init. The arena is the application's own and not counted.
 *
 *   cc -I runtime/include benchmarks/acceptance/loader.c -o loader -ldl && ./loader model.so
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "qcc_api.h"

static long resident(void) {
    long size = 0, pages = 0;
    FILE *const file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld %ld", &size, &pages) != 2)
        exit(2);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

int main(int count, char **arguments) {
    if (count != 2)
        return 2;
    (void)resident(); /* stdio's own buffers */
    const long before = resident();
    void *const library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    const qcc_api *(*get)(void) = NULL;
    *(void **)&get = dlsym(library, "qcc_get_api");
    if (get == NULL)
        return 1;
    const qcc_api *const api = get();
    void *const arena = aligned_alloc(api->arena_align, (api->arena_bytes + 4095) / 4096 * 4096);
    qcc_context *const context = malloc(api->context_bytes);
    if (arena == NULL || context == NULL || api->init(context, arena, NULL) != QCC_OK)
        return 1;
    printf("%ld\n", resident() - before);
    return 0;
}
