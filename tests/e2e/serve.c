/*
 * A server whose service time is known: it answers N requests of a caller of its own over one TCP connection on loopback,
 * nine in ten after 0.3 ms at work, the tenth after 2 ms asleep, and says at its end what its own clock saw between the
 * read and the write: "truth requests N", "truth p50 SECONDS", and the same for p99 and max.
 *   serve N
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST = 10, ANSWER = 20 };

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void serve_one(long which)
{
	static const struct timespec slow = { .tv_nsec = 2000000 };
	uint64_t begin = now_ns();

	if (which % 10 == 9)
		nanosleep(&slow, NULL);
	else
		while (now_ns() - begin < 300000)
			;
}

/* What each took into `took`; false: the caller went away. */
static int serve(int fd, long n, uint64_t *took)
{
	char in[REQUEST], out[ANSWER] = { 0 };

	for (long i = 0; i < n; i++) {
		uint64_t begin;

		if (read(fd, in, sizeof in) != REQUEST)
			return 0;
		begin = now_ns();
		serve_one(i);
		took[i] = now_ns() - begin;
		if (write(fd, out, sizeof out) != ANSWER)
			return 0;
	}
	return 1;
}

static void call(const struct sockaddr_in *to, long n)
{
	char out[REQUEST] = { 0 }, in[ANSWER];
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (connect(fd, (const struct sockaddr *)to, sizeof *to))
		_exit(1);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	while (n-- > 0 && write(fd, out, sizeof out) == REQUEST && read(fd, in, sizeof in) == ANSWER)
		;
	_exit(0);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void tell(uint64_t *took, long n)
{
	qsort(took, (size_t)n, sizeof *took, by_size);
	printf("truth requests %ld\ntruth p50 %.9f\ntruth p99 %.9f\ntruth max %.9f\n", n, 1e-9 * (double)took[n / 2],
		1e-9 * (double)took[n * 99 / 100], 1e-9 * (double)took[n - 1]);
}

int main(int argc, char **argv)
{
	long n = argc == 2 ? atol(argv[1]) : 0;
	uint64_t *took = n > 0 ? calloc((size_t)n, sizeof *took) : NULL;
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1, fd;

	if (!took)
		return 2;
	alarm(60);
	if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1) ||
		getsockname(listener, (struct sockaddr *)&address, &size))
		return 1;
	if (fork() == 0)
		call(&address, n);
	fd = accept(listener, NULL, NULL);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (fd < 0 || !serve(fd, n, took))
		return 1;
	wait(NULL);
	tell(took, n);
	free(took);
	return 0;
}
