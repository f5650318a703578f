/* Starting threads with the right signal mask, and waiting for their end. */
#include "base/thread.h"

#include <signal.h>
#include <time.h>

int thread_start(pthread_t *thread, void *(*body)(void *), void *arg)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };
	sigset_t blocked, old;
	int rc;

	sigfillset(&blocked);
	for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
		sigdelset(&blocked, crashes[i]);
	pthread_sigmask(SIG_SETMASK, &blocked, &old);
	rc = pthread_create(thread, NULL, body, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

/* By the wall clock: the call that takes another one is not known to the thread sanitizer. */
bool thread_join_within(pthread_t thread, void **result, nsec_t patience)
{
	struct timespec now, until;

	clock_gettime(CLOCK_REALTIME, &now);
	until = nsec_to_timespec((nsec_t)now.tv_sec * NSEC_PER_SEC + (nsec_t)now.tv_nsec + patience);
	return pthread_timedjoin_np(thread, result, &until) == 0;
}
