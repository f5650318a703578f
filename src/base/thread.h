/* Threads that leave signals to the thread that started tach. */
#ifndef TACH_BASE_THREAD_H
#define TACH_BASE_THREAD_H

#include <pthread.h>

/* As pthread_create(), but the thread gets no signals other than those that a crash of its own raises: a crash by a blocked
 * signal is one that no handler hears of, and the terminal would stay as it is. Returns 0 or an errno value. */
int thread_start(pthread_t *thread, void *(*body)(void *), void *arg);

#endif
