/*
 * The library's own threads (compiled in by --threads). A worker takes every n-th part of a step: a static partition,
 * so that it finds in its cache what it wrote in the step before. Parts that a worker has not begun when the caller is
 * done with its own are the caller's: nobody waits for a worker that sleeps, or whose processor has other work.
 *
 * Between the steps of a run workers watch for the next one for some time, because waking a sleeper costs more than a
 * layer; then they sleep, so that an idle pool uses no processor.
 */
#ifndef QCC_POOL_H
#define QCC_POOL_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "qcc_api.h"
#include "qcc_runtime.h"

enum {
    QCC_POOL_THREADS = 16, /* at most, the caller included */
    QCC_POOL_LINE = 64,    /* bytes of a cache line */
    QCC_POOL_SPINS = 2000, /* pauses before others may have the processor; some tens of microseconds */
    QCC_POOL_YIELDS = 500  /* times that they may, before going to sleep */
};

typedef struct qcc_pool qcc_pool;

/* What one thread is to do, on a cache line of its own. */
typedef struct {
    _Alignas(QCC_POOL_LINE) atomic_int left; /* parts that nobody has begun */
    int number;                              /* 1 and up; the caller is 0 */
    qcc_pool *pool;
    void (*task)(void *argument, int part);
    void *argument;
    pthread_t thread;
} qcc_worker;

struct qcc_pool {
    _Alignas(QCC_POOL_LINE) atomic_int unfinished; /* parts of the step */
    _Alignas(QCC_POOL_LINE) atomic_int sleeping;   /* workers */
    atomic_int waiting;                            /* whether the caller sleeps */
    int count;                                     /* threads, the caller included */
    /* Guarded by the mutex. */
    unsigned calls;
    int stop;
    pthread_mutex_t mutex;
    pthread_cond_t work, finished;
    qcc_worker workers[QCC_POOL_THREADS];
};

QCC_INLINE void qcc_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield");
#endif
}

/* Watches until a number is zero (or, with `busy`, until it is not). Whether that came before it was time to sleep. */
QCC_HELPER int qcc_pool_watch(atomic_int *number, int busy) {
    for (int spins = 0; spins < QCC_POOL_SPINS; spins++) {
        if ((atomic_load(number) != 0) == busy)
            return 1;
        qcc_pause();
    }
    for (int yields = 0; yields < QCC_POOL_YIELDS; yields++) {
        if ((atomic_load(number) != 0) == busy)
            return 1;
        sched_yield();
    }
    return 0;
}

/* Does the parts of a worker that nobody has begun. The last one of a step wakes the caller. */
QCC_HELPER void qcc_pool_work(qcc_pool *pool, qcc_worker *worker) {
    int left = atomic_load(&worker->left);
    while (left > 0) {
        if (!atomic_compare_exchange_weak(&worker->left, &left, left - 1))
            continue;
        worker->task(worker->argument, worker->number + (left - 1) * pool->count);
        if (atomic_fetch_sub(&pool->unfinished, 1) == 1 && atomic_load(&pool->waiting)) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->finished);
            pthread_mutex_unlock(&pool->mutex);
        }
        left = atomic_load(&worker->left);
    }
}

/* Sleeps until somebody is called, though perhaps no part is left by then. Whether the pool goes on. */
QCC_HELPER int qcc_pool_sleep(qcc_pool *pool, qcc_worker *worker) {
    pthread_mutex_lock(&pool->mutex);
    const unsigned calls = pool->calls;
    atomic_fetch_add(&pool->sleeping, 1);
    while (atomic_load(&worker->left) == 0 && pool->calls == calls && !pool->stop)
        pthread_cond_wait(&pool->work, &pool->mutex);
    atomic_fetch_sub(&pool->sleeping, 1);
    const int stop = pool->stop;
    pthread_mutex_unlock(&pool->mutex);
    return !stop;
}

QCC_HELPER void *qcc_pool_main(void *argument) {
    qcc_worker *const self = (qcc_worker *)argument;
    do {
        while (qcc_pool_watch(&self->left, 1))
            qcc_pool_work(self->pool, self);
    } while (qcc_pool_sleep(self->pool, self));
    return NULL;
}

QCC_HELPER void qcc_pool_call(qcc_pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    pool->calls++;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
}

QCC_HELPER void qcc_pool_wait(qcc_pool *pool) {
    if (qcc_pool_watch(&pool->unfinished, 0))
        return;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->waiting, 1);
    while (atomic_load(&pool->unfinished) != 0)
        pthread_cond_wait(&pool->finished, &pool->mutex);
    atomic_store(&pool->waiting, 0);
    pthread_mutex_unlock(&pool->mutex);
}

QCC_HELPER void qcc_pool_run(qcc_pool *pool, void (*task)(void *, int), void *argument, int parts) {
    const int count = pool->count;
    atomic_store(&pool->unfinished, parts);
    for (int i = 1; i < count; i++) {
        pool->workers[i].task = task;
        pool->workers[i].argument = argument;
        atomic_store(&pool->workers[i].left, (parts - i + count - 1) / count);
    }
    /* A worker first says that it sleeps, then looks whether there is work; here it is the other way round. */
    if (atomic_load(&pool->sleeping) != 0)
        qcc_pool_call(pool);
    for (int part = 0; part < parts; part += count) {
        task(argument, part);
        atomic_fetch_sub(&pool->unfinished, 1);
    }
    for (int i = 1; i < count; i++)
        qcc_pool_work(pool, &pool->workers[i]);
    qcc_pool_wait(pool);
}

QCC_HELPER void qcc_pool_stop(qcc_pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    pool->stop = 1;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 1; i < pool->count; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->finished);
    pthread_mutex_destroy(&pool->mutex);
}

/* Starts count - 1 threads in memory of the arena. Fewer run if the system refuses more. */
QCC_HELPER void qcc_pool_start(qcc_pool *pool, int count) {
    pool->count = 1;
    pool->calls = 0;
    pool->stop = 0;
    atomic_init(&pool->unfinished, 0);
    atomic_init(&pool->sleeping, 0);
    atomic_init(&pool->waiting, 0);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->finished, NULL);
    for (int i = 1; i < count && i < QCC_POOL_THREADS; i++) {
        qcc_worker *const worker = &pool->workers[i];
        worker->pool = pool;
        worker->number = i;
        atomic_init(&worker->left, 0);
        if (pthread_create(&worker->thread, NULL, qcc_pool_main, worker) != 0)
            break;
        pool->count = i + 1;
    }
}

#endif
