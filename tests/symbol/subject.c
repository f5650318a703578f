/*
 * A program whose names and calls are known; built several ways (with and without frame pointers and unwind tables):
 *   subject chain|qsort FILE   main > outer > middle > [qsort >] inner > nanosleep; writes into FILE the registers (as in
 *                              struct pt_regs) and the stack of the sleep, as a probe would take them
 *   subject rest               only rests
 *   subject map FILE           maps FILE as if it were code, and rests
 * It says where things are ("name ADDRESS" a line), then "ready", and rests until it is ended, at most five minutes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define STACK_MOST 16384

struct dump {
	uint64_t word[34], base, size;
	uint8_t stack[STACK_MOST];
};

struct entry {
	int key, value;
};

struct entry conn_tbl[64] = { { 1, 2 } }; /* a variable with a value */
uint64_t zero_tbl[512];                  /* one of the memory that begins as zero */
static struct dump dump;
static char *own_stack_end;

/* Names as other languages' compilers make them. */
__attribute__((noinline, used)) int cxx_find(int n) __asm__("_ZN4shop5Table4findEi");
__attribute__((noinline, used)) int rust_find(int n) __asm__("_RNvNtCs1234_7mycrate4shop4find");
__attribute__((noinline, used)) int rust_old_find(int n) __asm__("_ZN7mycrate4shop3add17h0123456789abcdefE");

int cxx_find(int n)
{
	return conn_tbl[n & 63].value;
}

int rust_find(int n)
{
	return conn_tbl[n & 63].key;
}

int rust_old_find(int n)
{
	return conn_tbl[n & 63].key + 1;
}

static void copy_registers(const mcontext_t *m)
{
#if defined(__x86_64__)
	static const int order[] = { REG_R15, REG_R14, REG_R13, REG_R12, REG_RBP, REG_RBX, REG_R11, REG_R10, REG_R9, REG_R8,
		REG_RAX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RAX, REG_RIP, REG_CSGSFS, REG_EFL, REG_RSP };

	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		dump.word[i] = (uint64_t)m->gregs[order[i]];
	dump.base = dump.word[19];
#elif defined(__aarch64__)
	for (size_t i = 0; i < 31; i++)
		dump.word[i] = m->regs[i];
	dump.word[31] = dump.base = m->sp;
	dump.word[32] = m->pc;
#endif
}

/* What the signal interrupts is the system call below inner(). */
static void capture(int signal, siginfo_t *info, void *context)
{
	size_t left;

	(void)signal;
	(void)info;
	copy_registers(&((ucontext_t *)context)->uc_mcontext);
	left = (size_t)(own_stack_end - (char *)dump.base);
	dump.size = left < STACK_MOST ? left : STACK_MOST;
	memcpy(dump.stack, (char *)dump.base, dump.size);
}

__attribute__((noinline)) int inner(int n)
{
	struct timespec t = { .tv_sec = 5 };
	volatile char room[200]; /* a frame of some size */

	memset((char *)room, n, sizeof room);
	nanosleep(&t, NULL);
	return room[7] + n;
}

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	static int once;

	return once++ ? x->key - y->key : inner(x->value) * 0 + x->key - y->key;
}

__attribute__((noinline)) int middle(int n, int sorted)
{
	if (sorted)
		qsort(conn_tbl, 8, sizeof *conn_tbl, compare);
	else
		n += inner(n);
	return n + conn_tbl[1].value;
}

__attribute__((noinline)) int outer(int n, int sorted)
{
	return middle(n + 1, sorted) + 1;
}

static void write_dump(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, &dump, sizeof dump) != sizeof dump) {
		printf("cannot write %s: %s\n", path, strerror(errno));
		exit(1);
	}
	close(fd);
}

static void be_interrupted(void)
{
	struct sigaction a = { .sa_sigaction = capture, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct itimerval soon = { .it_value = { .tv_usec = 20000 } };
	static char room[65536];
	stack_t other = { .ss_sp = room, .ss_size = sizeof room };
	pthread_attr_t attr;
	size_t size;
	void *start;

	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &start, &size);
	own_stack_end = (char *)start + size;
	sigaltstack(&other, NULL);
	sigaction(SIGALRM, &a, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
}

static void tell(void)
{
	char *heap = malloc(1000), *anonymous, *shared, *code, local = 0;

	anonymous = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	shared = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	code = mmap(NULL, 65536, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("code %p\nnanosleep %p\nconn_tbl %p\nzero_tbl %p\nheap %p\nanonymous %p\nshared %p\nstack %p\n", (void *)code,
		(void *)nanosleep, (void *)conn_tbl, (void *)zero_tbl,
		(void *)heap, (void *)(anonymous + 0x1040), (void *)(shared + 0x40), (void *)&local);
	printf("inner %p\nouter %p\ncxx %p\nrust %p\nrust_old %p\n", (void *)inner, (void *)outer, (void *)cxx_find,
		(void *)rust_find, (void *)rust_old_find);
}

static void map_file(const char *path)
{
	int fd = open(path, O_RDONLY);

	printf("mapped %p\n", mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0));
	close(fd);
}

int main(int argc, char **argv)
{
	int sorted = argc > 1 && strcmp(argv[1], "qsort") == 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(0);
	tell();
	if (argc > 2 && strcmp(argv[1], "map") == 0)
		map_file(argv[2]);
	else if (argc > 2) {
		be_interrupted();
		outer(argc, sorted);
		write_dump(argv[2]);
	}
	signal(SIGALRM, SIG_DFL);
	alarm(300);
	puts("ready");
	for (;;)
		pause();
}
