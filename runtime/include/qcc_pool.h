/*
 * The library's own threads (compiled in by --threads). A worker takes every n-th part of a step: a static
 * partition. Between the steps of a run workers watch for the next one for some microseconds, because waking a
 * sleeper costs more than a layer; then they sleep, so that an idle pool uses no processor.
 */
#ifndef QCC_POOL_H
#define QCC_POOL_H

#include <pthread.h>
#include <stdatomic.h>

#include "qcc_api.h"
#include "qcc_runtime.h"

enum {
    QCC_POOL_THREADS = 16, /* at most, the caller included */
    QCC_POOL_SPINS = 4000  /* pauses before going to sleep, some tens of microseconds */
};

typedef struct qcc_pool qcc_pool;

typedef struct {
    qcc_pool *pool;
    int number; /* 1 and up; the caller is 0 */
} qcc_worker;

struct qcc_pool {
    pthread_mutex_t mutex;
    pthread_cond_t work, finished;
    pthread_t threads[QCC_POOL_THREADS];
    qcc_worker workers[QCC_POOL_THREADS];
    int count; /* threads, the caller included */
    atomic_uint step;
    atomic_int running;
    int stop;
    void (*task)(void *argument, int part);
    void *argument;
    int parts;
};

QCC_INLINE void qcc_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield");
#endif
}

QCC_INLINE void qcc_pool_work(qcc_pool *pool, int number) {
    for (int part = number; part < pool->parts; part += pool->count)
        pool->task(pool->argument, part);
}

QCC_HELPER void *qcc_pool_main(void *argument) {
    const qcc_worker *const self = (const qcc_worker *)argument;
    qcc_pool *const pool = self->pool;
    unsigned seen = 0;
    for (;;) {
        for (int spins = 0; spins < QCC_POOL_SPINS && atomic_load(&pool->step) == seen; spins++)
            qcc_pause();
        if (atomic_load(&pool->step) == seen) {
            pthread_mutex_lock(&pool->mutex);
            while (atomic_load(&pool->step) == seen)
                pthread_cond_wait(&pool->work, &pool->mutex);
            pthread_mutex_unlock(&pool->mutex);
        }
        seen = atomic_load(&pool->step);
        if (pool->stop)
            return NULL;
        qcc_pool_work(pool, self->number);
        if (atomic_fetch_sub(&pool->running, 1) == 1) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->finished);
            pthread_mutex_unlock(&pool->mutex);
        }
    }
}

/* Lets all threads begin the next step. */
QCC_INLINE void qcc_pool_begin(qcc_pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->step, 1);
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
}

QCC_HELPER void qcc_pool_run(qcc_pool *pool, void (*task)(void *, int), void *argument, int parts) {
    pool->task = task;
    pool->argument = argument;
    pool->parts = parts;
    atomic_store(&pool->running, pool->count - 1);
    qcc_pool_begin(pool);
    qcc_pool_work(pool, 0);
    for (int spins = 0; spins < QCC_POOL_SPINS && atomic_load(&pool->running) != 0; spins++)
        qcc_pause();
    if (atomic_load(&pool->running) != 0) {
        pthread_mutex_lock(&pool->mutex);
        while (atomic_load(&pool->running) != 0)
            pthread_cond_wait(&pool->finished, &pool->mutex);
        pthread_mutex_unlock(&pool->mutex);
    }
}

QCC_HELPER void qcc_pool_stop(qcc_pool *pool) {
    pool->stop = 1;
    qcc_pool_begin(pool);
    for (int i = 1; i < pool->count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->finished);
    pthread_mutex_destroy(&pool->mutex);
}

/* Starts count - 1 threads in memory of the arena. Fewer run if the system refuses more. */
QCC_HELPER void qcc_pool_start(qcc_pool *pool, int count) {
    pool->count = 1;
    pool->stop = 0;
    atomic_init(&pool->step, 0);
    atomic_init(&pool->running, 0);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->finished, NULL);
    for (int i = 1; i < count && i < QCC_POOL_THREADS; i++) {
        pool->workers[i].pool = pool;
        pool->workers[i].number = i;
        if (pthread_create(&pool->threads[i], NULL, qcc_pool_main, &pool->workers[i]) != 0)
            break;
        pool->count = i + 1;
    }
}

#endif
