/* Starting threads with the right signal mask. */
#include "base/thread.h"

#include <signal.h>

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
