/* Threads that leave signals to the thread that started tach. */
#ifndef TACH_BASE_THREAD_H
#define TACH_BASE_THREAD_H

#include "base/clock.h"

#include <pthread.h>
#include <stdbool.h>

/* As pthread_create(), but the thread gets no signals other than those that a crash of its own raises: a crash by a blocked
 * signal is one that no handler hears of, and the terminal would stay as it is. Returns 0 or an errno value. */
int thread_start(pthread_t *thread, void *(*body)(void *), void *arg);

/* As pthread_join(), but false when the thread is not at its end by then: it hangs in the kernel, and what it uses has to be
 * left to it. */
bool thread_join_within(pthread_t thread, void **result, nsec_t patience);

#endif
