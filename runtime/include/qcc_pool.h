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

/*
 * What one thread is to do. A line that travels between two processors takes as long as hundreds of instructions, so
 * each is written by one side: the caller's has no part of a worker's done, and nobody counts for all.
 */
typedef struct {
    _Alignas(QCC_POOL_LINE) atomic_int left; /* parts that nobody has begun; who begins one takes it away */
    int number;                              /* 1 and up; the caller is 0 */
    qcc_pool *pool;
    void (*task)(void *argument, int part);
    void *argument;
    pthread_t thread;
    unsigned expected;                        /* parts that the worker has ever begun, as the caller knows it */
    _Alignas(QCC_POOL_LINE) atomic_uint done; /* parts that it has ever finished */
} qcc_worker;

struct qcc_pool {
    _Alignas(QCC_POOL_LINE) int count; /* threads, the caller included */
    atomic_int sleeping;               /* workers */
    atomic_int waiting;                /* whether the caller sleeps */
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

/* How long to watch before going to sleep: first alone, then so that others may have the processor. */
QCC_INLINE int qcc_pool_rest(int *turns) {
    if (*turns < QCC_POOL_SPINS)
        qcc_pause();
    else
        sched_yield();
    return ++*turns < QCC_POOL_SPINS + QCC_POOL_YIELDS;
}

/* Takes one of a worker's parts that nobody has begun. Its number, counted from 1; 0 if there is none. */
QCC_INLINE int qcc_pool_take(qcc_worker *worker) {
    int left = atomic_load_explicit(&worker->left, memory_order_acquire);
    while (left > 0)
        if (atomic_compare_exchange_weak(&worker->left, &left, left - 1))
            return left;
    return 0;
}

QCC_INLINE void qcc_pool_do(const qcc_worker *worker, int part) {
    worker->task(worker->argument, worker->number + (part - 1) * worker->pool->count);
}

QCC_HELPER void qcc_pool_work(qcc_worker *worker) {
    qcc_pool *const pool = worker->pool;
    for (int part = qcc_pool_take(worker); part != 0; part = qcc_pool_take(worker)) {
        qcc_pool_do(worker, part);
        atomic_fetch_add(&worker->done, 1);
        if (atomic_load(&pool->waiting)) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->finished);
            pthread_mutex_unlock(&pool->mutex);
        }
    }
}

/* Sleeps until somebody is called, though perhaps no part is left by then. Whether the pool goes on. */
QCC_HELPER int qcc_pool_sleep(qcc_worker *worker) {
    qcc_pool *const pool = worker->pool;
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
        for (int turns = 0; qcc_pool_rest(&turns);)
            if (atomic_load_explicit(&self->left, memory_order_relaxed) != 0) {
                qcc_pool_work(self);
                turns = 0;
            }
    } while (qcc_pool_sleep(self));
    return NULL;
}

QCC_HELPER void qcc_pool_call(qcc_pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    pool->calls++;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
}

/* Waits until a worker has finished what it has begun. */
QCC_HELPER void qcc_pool_wait(qcc_pool *pool, qcc_worker *worker) {
    for (int turns = 0; qcc_pool_rest(&turns);)
        if (atomic_load_explicit(&worker->done, memory_order_acquire) == worker->expected)
            return;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->waiting, 1);
    while (atomic_load(&worker->done) != worker->expected)
        pthread_cond_wait(&pool->finished, &pool->mutex);
    atomic_store(&pool->waiting, 0);
    pthread_mutex_unlock(&pool->mutex);
}

/*
 * Stores here do not wait for lines to arrive: should a worker go to sleep at the same time and neither notice the
 * other, the caller does its parts, and calls it in the next step.
 */
QCC_HELPER void qcc_pool_run(qcc_pool *pool, void (*task)(void *, int), void *argument, int parts) {
    const int count = pool->count;
    for (int i = 1; i < count; i++) {
        qcc_worker *const worker = &pool->workers[i];
        const int left = (parts - i + count - 1) / count;
        worker->task = task;
        worker->argument = argument;
        worker->expected += (unsigned)left;
        atomic_store_explicit(&worker->left, left, memory_order_release);
    }
    if (atomic_load_explicit(&pool->sleeping, memory_order_relaxed) != 0)
        qcc_pool_call(pool);
    for (int part = 0; part < parts; part += count)
        task(argument, part);
    for (int i = 1; i < count; i++) {
        qcc_worker *const worker = &pool->workers[i];
        for (int part = qcc_pool_take(worker); part != 0; part = qcc_pool_take(worker)) {
            worker->expected--;
            qcc_pool_do(worker, part);
        }
    }
    for (int i = 1; i < count; i++)
        qcc_pool_wait(pool, &pool->workers[i]);
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
    atomic_init(&pool->sleeping, 0);
    atomic_init(&pool->waiting, 0);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->finished, NULL);
    for (int i = 1; i < count && i < QCC_POOL_THREADS; i++) {
        qcc_worker *const worker = &pool->workers[i];
        worker->pool = pool;
        worker->number = i;
        worker->expected = 0;
        atomic_init(&worker->left, 0);
        atomic_init(&worker->done, 0);
        if (pthread_create(&worker->thread, NULL, qcc_pool_main, worker) != 0)
            break;
        pool->count = i + 1;
    }
}

#endif
