/*
 * Helper threads, for what would keep a loop waiting: syncs and lookups.
 */
#ifndef SHARED_THREAD_H
#define SHARED_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* Starts a thread that no signal is given to: those are the main thread's
 * business. To be joined; false with errno when there is none to be had. */
bool thread_start(pthread_t *thread, void *(*run)(void *self), void *self);

#endif
