/*
 * A program to be watched, which does one thing until it is ended (at the latest after ten minutes), and says "ready" once
 * it does:
 *   work N      N threads, each busy for a millisecond in ten
 *   threads N   N threads that sleep
 *   forks N     N children a second, each ends at once
 *   burst N     waits for SIGUSR1, then touches N new pages, says "done" and sleeps
 *   name TEXT   sleeps under that name
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void sleep_ns(long ns)
{
	struct timespec t = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	nanosleep(&t, NULL);
}

static uint64_t now_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *work(void *unused)
{
	(void)unused;
	for (;;) {
		uint64_t end = now_ns(CLOCK_THREAD_CPUTIME_ID) + 1000000;

		while (now_ns(CLOCK_THREAD_CPUTIME_ID) < end)
			;
		sleep_ns(9000000);
	}
	return NULL;
}

static void *rest(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static void start_threads(long count, void *(*run)(void *))
{
	pthread_attr_t small;
	pthread_t thread;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (long i = 0; i < count; i++)
		if (pthread_create(&thread, &small, run, NULL)) {
			printf("only %ld threads\n", i);
			return;
		}
}

static void run_threads(long count)
{
	start_threads(count, rest);
}

static void run_work(long count)
{
	start_threads(count, work);
}

static void run_forks(long per_second)
{
	uint64_t next = now_ns(CLOCK_MONOTONIC);

	puts("ready");
	for (;;) {
		pid_t pid = fork();
		uint64_t now = now_ns(CLOCK_MONOTONIC);

		if (pid == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
		next += 1000000000u / (uint64_t)per_second;
		if (next > now)
			sleep_ns((long)(next - now));
	}
}

static void run_burst(long pages)
{
	long size = sysconf(_SC_PAGESIZE);
	sigset_t set;
	char *memory;
	int got;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	memory = mmap(NULL, (size_t)(pages * size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		exit(1);
	madvise(memory, (size_t)(pages * size), MADV_NOHUGEPAGE);
	puts("ready");
	sigwait(&set, &got);
	for (long i = 0; i < pages; i++)
		memory[i * size] = 1;
	puts("done");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(long n);
	} modes[] = { { "threads", run_threads }, { "work", run_work }, { "forks", run_forks }, { "burst", run_burst } };

	if (argc != 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(600);
	if (strcmp(argv[1], "name") == 0)
		prctl(PR_SET_NAME, argv[2]);
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (strcmp(argv[1], modes[i].name) == 0)
			modes[i].run(atol(argv[2]));
	puts("ready");
	for (;;)
		pause();
}
