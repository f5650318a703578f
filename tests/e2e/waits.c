/*
 * A program that waits in known ways and says so at its end: "truth NAME VALUE", times in seconds by its own clock.
 *   locks SECONDS     thread "holder" holds conn_tbl for 5 ms in 20, "first" and "second" want it: truth waits, blocked
 *   pi SECONDS        the same with a mutex of priority inheritance
 *   rwlock SECONDS    the same with a read-write lock, held for writing, wanted for reading
 *   work SECONDS      "worker" waits on a condition variable for "giver", which joins nobody: no contention at all
 *   chain SECONDS     "third" waits for "second", which waits for "first", which sleeps
 *   deadlock SECONDS  "first" and "second" wait for each other until the program ends
 *   split SECONDS     "burner" burns, "sleeper" sleeps, "piper" reads a pipe, "socketer" a socket, "locker" wants a lock
 *   exec MODE SECONDS a thread that is not the first execs this program with MODE
 *   pairs N           N pairs of threads play ping-pong until they are ended
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

pthread_mutex_t conn_tbl = PTHREAD_MUTEX_INITIALIZER;
pthread_rwlock_t route_tbl = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t second_lock = PTHREAD_MUTEX_INITIALIZER, third_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_cond = PTHREAD_COND_INITIALIZER;
static int work;
static volatile int over;
static struct {
	long waits;
	double blocked;
} truth[2];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void sleep_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void name(const char *text)
{
	prctl(PR_SET_NAME, text);
}

static void *holder(void *unused)
{
	(void)unused;
	name("holder");
	while (!over) {
		pthread_mutex_lock(&conn_tbl);
		sleep_ms(5);
		pthread_mutex_unlock(&conn_tbl);
		sleep_ms(15);
	}
	return NULL;
}

static void *waiter(void *arg)
{
	long which = (long)arg;

	name(which ? "second" : "first");
	while (!over) {
		if (pthread_mutex_trylock(&conn_tbl)) {
			double begin = now();

			pthread_mutex_lock(&conn_tbl);
			truth[which].blocked += now() - begin;
			truth[which].waits++;
		}
		pthread_mutex_unlock(&conn_tbl);
		sleep_ms(7);
	}
	return NULL;
}

static void *write_holder(void *unused)
{
	(void)unused;
	name("holder");
	while (!over) {
		pthread_rwlock_wrlock(&route_tbl);
		sleep_ms(5);
		pthread_rwlock_unlock(&route_tbl);
		sleep_ms(15);
	}
	return NULL;
}

static void *reader(void *arg)
{
	long which = (long)arg;

	name(which ? "second" : "first");
	while (!over) {
		if (pthread_rwlock_tryrdlock(&route_tbl)) {
			double begin = now();

			pthread_rwlock_rdlock(&route_tbl);
			truth[which].blocked += now() - begin;
			truth[which].waits++;
		}
		pthread_rwlock_unlock(&route_tbl);
		sleep_ms(7);
	}
	return NULL;
}

static void *worker(void *unused)
{
	(void)unused;
	name("worker");
	pthread_mutex_lock(&conn_tbl);
	while (!over) {
		while (!work && !over)
			pthread_cond_wait(&work_cond, &conn_tbl);
		work = 0;
	}
	pthread_mutex_unlock(&conn_tbl);
	return NULL;
}

static void *giver(void *unused)
{
	(void)unused;
	name("giver");
	while (!over) {
		sleep_ms(10);
		pthread_mutex_lock(&conn_tbl);
		work = 1;
		pthread_mutex_unlock(&conn_tbl);
		pthread_cond_signal(&work_cond); /* unlocked first, so that the worker does not meet the lock */
	}
	pthread_cond_signal(&work_cond);
	return NULL;
}

static void *chain_first(void *unused)
{
	(void)unused;
	name("first");
	pthread_mutex_lock(&second_lock);
	while (!over)
		sleep_ms(50);
	pthread_mutex_unlock(&second_lock);
	return NULL;
}

static void *chain_second(void *unused)
{
	(void)unused;
	name("second");
	pthread_mutex_lock(&third_lock);
	sleep_ms(100);
	pthread_mutex_lock(&second_lock);
	pthread_mutex_unlock(&second_lock);
	pthread_mutex_unlock(&third_lock);
	return NULL;
}

static void *chain_third(void *unused)
{
	(void)unused;
	name("third");
	sleep_ms(200);
	pthread_mutex_lock(&third_lock);
	pthread_mutex_unlock(&third_lock);
	return NULL;
}

static void *lock_both(const char *as, pthread_mutex_t *one, pthread_mutex_t *other)
{
	name(as);
	pthread_mutex_lock(one);
	sleep_ms(100);
	pthread_mutex_lock(other);
	return NULL;
}

static void *deadlock_first(void *unused)
{
	(void)unused;
	return lock_both("first", &second_lock, &third_lock);
}

static void *deadlock_second(void *unused)
{
	(void)unused;
	return lock_both("second", &third_lock, &second_lock);
}

static void *burner(void *unused)
{
	(void)unused;
	name("burner");
	while (!over)
		;
	return NULL;
}

static void *sleeper(void *unused)
{
	(void)unused;
	name("sleeper");
	while (!over)
		sleep_ms(10);
	return NULL;
}

/* Reads what comes every ten milliseconds. */
static void *read_slowly(const char *as, const int fds[2])
{
	char byte;

	name(as);
	while (!over && read(fds[0], &byte, 1) == 1)
		;
	return NULL;
}

static int pipe_fds[2], socket_fds[2];

static void *piper(void *unused)
{
	(void)unused;
	return read_slowly("piper", pipe_fds);
}

static void *socketer(void *unused)
{
	(void)unused;
	return read_slowly("socketer", socket_fds);
}

static void *feeder(void *unused)
{
	(void)unused;
	name("feeder");
	while (!over) {
		sleep_ms(10);
		if (write(pipe_fds[1], "x", 1) != 1 || write(socket_fds[1], "x", 1) != 1)
			break;
	}
	close(pipe_fds[1]);
	close(socket_fds[1]);
	return NULL;
}

static void *player(void *arg)
{
	int *fds = arg;
	char byte = 0;

	while (read(fds[0], &byte, 1) == 1 && write(fds[0], &byte, 1) == 1)
		;
	return NULL;
}

static int play(int pairs)
{
	for (int i = 0; i < pairs; i++) {
		static int fds[256][2];
		pthread_t t;

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds[i]) || pthread_create(&t, NULL, player, fds[i]) ||
			pthread_create(&t, NULL, player, &fds[i][1]) || write(fds[i][0], "x", 1) != 1)
			return 1;
	}
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}

static char **exec_argv;

static void *execs(void *unused)
{
	(void)unused;
	sleep_ms(100);
	execv("/proc/self/exe", exec_argv);
	return NULL;
}

static const struct {
	const char *mode;
	void *(*threads[8])(void *);
} modes[] = {
	{ "locks", { holder, waiter, waiter } },
	{ "pi", { holder, waiter, waiter } },
	{ "rwlock", { write_holder, reader, reader } },
	{ "work", { worker, giver } },
	{ "chain", { chain_first, chain_second, chain_third } },
	{ "deadlock", { deadlock_first, deadlock_second } },
	{ "split", { burner, sleeper, piper, socketer, feeder, holder, waiter } },
};

static int run(const char *mode, const char *seconds)
{
	size_t m = 0, n = 0;
	struct rusage usage;
	pthread_t threads[8];

	while (m < sizeof modes / sizeof modes[0] && strcmp(modes[m].mode, mode) != 0)
		m++;
	if (m == sizeof modes / sizeof modes[0] || pipe(pipe_fds) || socketpair(AF_UNIX, SOCK_STREAM, 0, socket_fds))
		return 2;
	if (strcmp(mode, "pi") == 0) {
		pthread_mutexattr_t inherit;

		pthread_mutexattr_init(&inherit);
		pthread_mutexattr_setprotocol(&inherit, PTHREAD_PRIO_INHERIT);
		pthread_mutex_init(&conn_tbl, &inherit);
	}
	for (long waiters = 0; modes[m].threads[n]; n++)
		if (pthread_create(&threads[n], NULL, modes[m].threads[n],
			modes[m].threads[n] == waiter || modes[m].threads[n] == reader ? (void *)waiters++ : NULL))
			return 1;
	puts("ready");
	fflush(stdout);
	sleep_ms((long)(atof(seconds) * 1000));
	over = 1;
	for (size_t i = 0; i < n && modes[m].threads[0] != deadlock_first; i++)
		pthread_join(threads[i], NULL);
	getrusage(RUSAGE_SELF, &usage);
	printf("truth switches %ld\ntruth waits %ld\ntruth blocked %.6f\n", usage.ru_nvcsw + usage.ru_nivcsw, truth[0].waits + truth[1].waits,
		truth[0].blocked + truth[1].blocked);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t t;

	if (argc == 4 && strcmp(argv[1], "exec") == 0) {
		exec_argv = argv + 1;
		exec_argv[0] = argv[0];
		if (pthread_create(&t, NULL, execs, NULL))
			return 1;
		pause();
	}
	if (argc == 3 && strcmp(argv[1], "pairs") == 0)
		return play(atoi(argv[2]) < 256 ? atoi(argv[2]) : 256);
	return argc == 3 ? run(argv[1], argv[2]) : 2;
}
