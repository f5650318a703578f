/* The loads: processes of ours that count what they do in shared memory, and a redis-server that says it when asked. */
#include "load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void pin(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof one, &one);
}

#if defined(__x86_64__)
__asm__(".text\n.globl bench_called\n.type bench_called,@function\nbench_called: push %rbx\npop %rbx\nret\n"
	".size bench_called,.-bench_called\n");
#else
__asm__(".text\n.globl bench_called\n.type bench_called,@function\nbench_called: stp x29, x30, [sp, #-16]!\n"
	"ldp x29, x30, [sp], #16\nret\n.size bench_called,.-bench_called\n");
#endif
void bench_called(void);

static void run_calls(atomic_ullong *operations)
{
	for (;;) {
		for (int i = 0; i < 1000; i++)
			bench_called();
		atomic_fetch_add_explicit(operations, 1000, memory_order_relaxed);
	}
}

static void run_getppid(atomic_ullong *operations)
{
	for (;;) {
		for (int i = 0; i < 1000; i++)
			syscall(SYS_getppid);
		atomic_fetch_add_explicit(operations, 1000, memory_order_relaxed);
	}
}

/* Two tasks that wake each other on one CPU are all that runs there, on kernels whose scheduler picks whoever was woken
 * last: everybody else, the kernel's own workers included, waits for them to rest. */
static void rest(atomic_ullong *operations)
{
	if (atomic_fetch_add_explicit(operations, 1, memory_order_relaxed) % 400 == 399)
		usleep(1000);
}

/* A byte to a second process and back, on one CPU: two switches an operation, and hardly anything else. */
static void run_ping_pong(atomic_ullong *operations)
{
	int fds[2];
	char byte = 0;

	pin(sched_getcpu());
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		_exit(1);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (read(fds[1], &byte, 1) == 1 && write(fds[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	while (write(fds[0], &byte, 1) == 1 && read(fds[0], &byte, 1) == 1)
		rest(operations);
	_exit(1);
}

static void *answer(void *fds)
{
	int *fd = fds;
	char byte;

	while (read(fd[0], &byte, 1) == 1 && write(fd[1], &byte, 1) == 1)
		;
	return NULL;
}

static void run_switches(atomic_ullong *operations)
{
	int there[2], back[2], fds[2];
	pthread_t thread;
	char byte = 0;

	pin(sched_getcpu());
	if (pipe(there) || pipe(back))
		_exit(1);
	fds[0] = there[0];
	fds[1] = back[1];
	if (pthread_create(&thread, NULL, answer, fds))
		_exit(1);
	while (write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1)
		rest(operations);
	_exit(1);
}

static void run_faults(atomic_ullong *operations)
{
	const size_t pages = 256, size = 4096;
	char *memory = mmap(NULL, pages * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(memory, pages * size, MADV_NOHUGEPAGE);
	while (memory != MAP_FAILED) {
		for (size_t i = 0; i < pages; i++)
			((volatile char *)memory)[i * size] = 1;
		madvise(memory, pages * size, MADV_DONTNEED);
		atomic_fetch_add_explicit(operations, pages, memory_order_relaxed);
	}
	_exit(1);
}

static void run_datagrams(atomic_ullong *operations)
{
	struct sockaddr_in self = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof self;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char data[64] = "";

	if (bind(fd, (struct sockaddr *)&self, size) || getsockname(fd, (struct sockaddr *)&self, &size) ||
		connect(fd, (struct sockaddr *)&self, size))
		_exit(1);
	while (send(fd, data, sizeof data, 0) > 0 && recv(fd, data, sizeof data, 0) > 0)
		atomic_fetch_add_explicit(operations, 1, memory_order_relaxed);
	_exit(1);
}

static void run_reads(atomic_ullong *operations)
{
	char path[] = "/var/tmp/tach-bench-XXXXXX";
	void *data = aligned_alloc(4096, 4096);
	int fd = mkostemp(path, O_DIRECT | O_CLOEXEC);

	unlink(path);
	memset(data, 1, 4096);
	if (fd < 0 || pwrite(fd, data, 4096, 0) != 4096)
		_exit(1);
	while (pread(fd, data, 4096, 0) == 4096)
		atomic_fetch_add_explicit(operations, 1, memory_order_relaxed);
	_exit(1);
}

static void start_process(struct load *l, void (*run)(atomic_ullong *operations))
{
	l->operations = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	l->pid = fork();
	if (l->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (l->cpu)
			pin(l->cpu - 1);
		run(l->operations);
	}
}

void load_calls(struct load *l)
{
	start_process(l, run_calls);
}

void load_getppid(struct load *l)
{
	start_process(l, run_getppid);
}

void load_ping_pong(struct load *l)
{
	start_process(l, run_ping_pong);
}

void load_switches(struct load *l)
{
	start_process(l, run_switches);
}

void load_faults(struct load *l)
{
	start_process(l, run_faults);
}

void load_reads(struct load *l)
{
	start_process(l, run_reads);
}

void load_datagrams(struct load *l)
{
	start_process(l, run_datagrams);
}

static int dial(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
	for (int i = 0; i < 100 && connect(fd, (struct sockaddr *)&to, sizeof to) < 0; i++)
		usleep(50000);
	return fd;
}

void load_redis(struct load *l)
{
	const char *const server[] = { l->program, "--port", "0", "--unixsocket", l->socket, "--dir", l->folder, "--save", "", NULL };
	const char *const clients[] = { "redis-benchmark", "-s", l->socket, "-t", "get", "-c", "16", "-n", "1000000000", "-q", NULL };

	snprintf(l->folder, sizeof l->folder, "/tmp/tach-bench-XXXXXX");
	if (!have_program("redis-benchmark") || !mkdtemp(l->folder))
		return;
	snprintf(l->program, sizeof l->program, "%s/redis-server", l->folder);
	snprintf(l->socket, sizeof l->socket, "%s/socket", l->folder);
	if (symlink("/usr/bin/redis-check-rdb", l->program) < 0) /* the same program; it looks at its name */
		return;
	l->redis = child_start(server);
	l->fd = dial(l->socket);
	l->clients = child_start(clients);
	l->pid = child_pid(l->redis);
}

void load_stop(struct load *l)
{
	if (l->operations) {
		kill(l->pid, SIGKILL);
		waitpid(l->pid, NULL, 0);
		munmap((void *)l->operations, 4096);
	}
	child_free(l->clients);
	child_free(l->redis);
	if (l->redis) {
		close(l->fd);
		unlink(l->socket);
		unlink(l->program);
		rmdir(l->folder);
	}
}

static double ask_redis(int fd)
{
	static const char question[] = "INFO stats\r\n", key[] = "total_commands_processed:";
	char answer[16384] = "";
	size_t length = 0;
	const char *at;
	ssize_t n;

	if (write(fd, question, sizeof question - 1) < 0)
		fail_msg("redis has gone");
	while (!(at = strstr(answer, key)) || !strchr(at, '\n')) {
		n = read(fd, answer + length, sizeof answer - 1 - length);
		if (n <= 0)
			fail_msg("redis has gone");
		length += (size_t)n;
		answer[length] = '\0';
	}
	while (length < 2 || strcmp(answer + length - 2, "\r\n") != 0) {
		n = read(fd, answer + length, sizeof answer - 1 - length);
		length += n > 0 ? (size_t)n : 0;
		answer[length] = '\0';
	}
	return strtod(at + sizeof key - 1, NULL);
}

double load_operations(const struct load *l)
{
	return l->operations ? (double)atomic_load(l->operations) : ask_redis(l->fd);
}

double load_cpu_ns(pid_t pid)
{
	struct timespec t = { 0 };
	clockid_t id;

	if (clock_getcpuclockid(pid, &id) || clock_gettime(id, &t))
		fail_msg("the load has ended");
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double load_measure(const struct load *l, int ms)
{
	double cpu = load_cpu_ns(l->pid), before = load_operations(l);

	usleep((useconds_t)ms * 1000);
	return (load_cpu_ns(l->pid) - cpu) / (load_operations(l) - before);
}
