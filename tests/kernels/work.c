/*
 * What check.sh watches on each kernel: a little of everything that tach's probes count, in numbers that are known, then
 * the end. Writes those numbers under the names of tach's metrics: one line "truth NAME VALUE" each.
 *   work TRUTH_FILE [BLOCK_DEVICE]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LOCK_ROUNDS 100
#define HOLD_NS 5000000
#define DATAGRAMS 1000
#define REQUESTS 200
#define SERVICE_NS 1000000
#define MESSAGE 100 /* bytes */
#define BLOCKS 50
#define BLOCK_BYTES 4096
#define PAGES 1000

static FILE *truth;
static _Atomic uint64_t slept; /* nanoseconds */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int go[2], done[2]; /* pipes, so that nothing but the mutex waits by futex while it is counted */

static void check(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "work: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void say(const char *name, double value)
{
	fprintf(truth, "truth %s %.9g\n", name, value);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void sleep_ns(long ns)
{
	double begin = now();

	nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL);
	slept += (uint64_t)((now() - begin) * 1e9);
}

static void signal_pipe(int fd)
{
	check(write(fd, "x", 1) == 1, "write");
}

static void wait_pipe(int fd)
{
	char c;

	check(read(fd, &c, 1) == 1, "read");
}

static pthread_t start(void *(*run)(void *), void *argument)
{
	pthread_t thread;

	check(pthread_create(&thread, NULL, run, argument) == 0, "pthread_create");
	return thread;
}

/* ---- one lock, one holder, one waiter ---- */

static void *hold_lock(void *unused)
{
	pthread_setname_np(pthread_self(), "holder");
	for (int i = 0; i < LOCK_ROUNDS; i++) {
		pthread_mutex_lock(&lock);
		signal_pipe(go[1]);
		sleep_ns(HOLD_NS);
		pthread_mutex_unlock(&lock);
		wait_pipe(done[0]);
	}
	return unused;
}

static void do_locks(void)
{
	pthread_t holder;
	double waited = 0;
	int waits = 0;

	check(pipe(go) == 0 && pipe(done) == 0, "pipe");
	holder = start(hold_lock, NULL);
	for (int i = 0; i < LOCK_ROUNDS; i++) {
		double begin;

		wait_pipe(go[0]);
		begin = now();
		if (pthread_mutex_trylock(&lock)) { /* a slow emulator may get here when it is free again */
			waits++;
			pthread_mutex_lock(&lock);
			waited += now() - begin;
		}
		pthread_mutex_unlock(&lock);
		signal_pipe(done[1]);
	}
	pthread_join(holder, NULL);
	say("lock.waits", waits);
	say("lock.wait_seconds", waited);
	say("thr.lock_seconds", waited);
	say("lat.offcpu_lock_seconds", waits);
}

/* ---- sockets ---- */

static int bound_socket(int type, struct sockaddr_in *a)
{
	socklen_t size = sizeof *a;
	int fd = socket(AF_INET, type, 0);

	*a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	check(fd >= 0 && bind(fd, (struct sockaddr *)a, sizeof *a) == 0, "bind");
	check(getsockname(fd, (struct sockaddr *)a, &size) == 0, "getsockname");
	return fd;
}

/* Is also timed by its name. */
__attribute__((noinline)) static void send_message(int fd)
{
	char bytes[MESSAGE] = "";

	check(send(fd, bytes, sizeof bytes, 0) == sizeof bytes, "send");
}

static void receive_message(int fd)
{
	char bytes[MESSAGE];

	check(recv(fd, bytes, sizeof bytes, MSG_WAITALL) == sizeof bytes, "recv");
}

static void *echo_datagrams(void *fd)
{
	for (int i = 0; i < DATAGRAMS / 2; i++) {
		receive_message(*(int *)fd);
		send_message(*(int *)fd);
	}
	return NULL;
}

static void do_udp(void)
{
	struct sockaddr_in a, b;
	int one = bound_socket(SOCK_DGRAM, &a), two = bound_socket(SOCK_DGRAM, &b);
	pthread_t echo;

	check(connect(one, (struct sockaddr *)&b, sizeof b) == 0 && connect(two, (struct sockaddr *)&a, sizeof a) == 0,
		"connect");
	echo = start(echo_datagrams, &two);
	for (int i = 0; i < DATAGRAMS / 2; i++) {
		send_message(one);
		receive_message(one);
	}
	pthread_join(echo, NULL);
	say("lat.gap_seconds", DATAGRAMS - 1); /* each end's first answer to the other, but for the last */
	say("sock.udp_tx_messages", DATAGRAMS);
	say("sock.udp_rx_messages", DATAGRAMS);
	say("sock.udp_tx_bytes", DATAGRAMS * MESSAGE);
	say("sock.udp_rx_bytes", DATAGRAMS * MESSAGE);
}

static void *serve(void *listener)
{
	int fd = accept(*(int *)listener, NULL, NULL);

	check(fd >= 0, "accept");
	for (int i = 0; i < REQUESTS; i++) {
		receive_message(fd);
		sleep_ns(SERVICE_NS);
		send_message(fd);
	}
	close(fd);
	return NULL;
}

static void do_tcp(void)
{
	struct sockaddr_in a;
	int listener = bound_socket(SOCK_STREAM, &a), fd = socket(AF_INET, SOCK_STREAM, 0);
	pthread_t server;

	check(listen(listener, 1) == 0, "listen");
	server = start(serve, &listener);
	check(connect(fd, (struct sockaddr *)&a, sizeof a) == 0, "connect");
	for (int i = 0; i < REQUESTS; i++) {
		send_message(fd);
		receive_message(fd);
	}
	pthread_join(server, NULL);
	close(fd);
	say("sock.tcp_tx_messages", REQUESTS * 2);
	say("sock.tcp_rx_messages", REQUESTS * 2);
	say("sock.tcp_tx_bytes", REQUESTS * 2 * MESSAGE);
	say("sock.tcp_rx_bytes", REQUESTS * 2 * MESSAGE);
	say("lat.request_seconds", REQUESTS);
	say("lat.upstream_seconds", REQUESTS);
	say("fn.send_message_calls", DATAGRAMS + REQUESTS * 2);
	say("fn.send_message_seconds", DATAGRAMS + REQUESTS * 2);
}

/* ---- block I/O and memory ---- */

static void do_blocks(const char *device)
{
	int fd = open(device, O_RDONLY | O_DIRECT);
	void *page = aligned_alloc(BLOCK_BYTES, BLOCK_BYTES);

	check(fd >= 0 && page, device);
	for (int i = 0; i < BLOCKS; i++)
		check(pread(fd, page, BLOCK_BYTES, (off_t)i * 65536) == BLOCK_BYTES, device);
	close(fd);
	free(page);
	say("io.block_reads", BLOCKS);
	say("io.block_read_bytes", (double)BLOCKS * BLOCK_BYTES);
	say("lat.block_seconds", BLOCKS);
}

static void do_memory(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = PAGES * page;
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(at != MAP_FAILED, "mmap");
	madvise(at, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < size; i += page)
		at[i] = 1;
	say("mem.faults_anon", PAGES);
	say("mem.faults_minor", PAGES);
}

int main(int argc, char **argv)
{
	check(argc >= 2 && (truth = fopen(argv[1], "w")), "usage: work TRUTH_FILE [BLOCK_DEVICE]");
	do_locks();
	do_udp();
	do_tcp();
	do_memory();
	if (argc > 2)
		do_blocks(argv[2]);
	sleep_ns(300000000); /* so that the last tick is none of the busy ones */
	say("thr.sleep_seconds", (double)slept / 1e9);
	return fclose(truth) == 0 ? 0 : 1;
}
