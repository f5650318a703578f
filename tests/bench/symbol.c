/* Names and stacks: what the thread that finds them spends on it. Nothing of it is spent in the target. */
#include "bench.h"

#include "../symbol/live.h"

#define ROUNDS 9
#define TIMES 1000

struct dump {
	uint64_t word[34], base, size;
	uint8_t stack[16384];
};

static double since(nsec_t begin, double times)
{
	return (double)(clock_cpu_thread() - begin) / times;
}

/* In milliseconds: opens the process anew and names one address, which reads its maps and a file's symbols. */
static double time_first(struct live *l, uint64_t address)
{
	struct symbol_name name;
	nsec_t begin;

	symbols_close(l->symbols);
	symbol_cache_free(l->cache);
	begin = clock_cpu_thread();
	live_look(l, child_pid(l->child));
	symbols_name(l->symbols, address, &name);
	return since(begin, NSEC_PER_MSEC);
}

/* In nanoseconds; step 0: the same address again and again. */
static double time_names(struct live *l, uint64_t address, uint64_t step)
{
	nsec_t begin = clock_cpu_thread();
	struct symbol_name name;

	for (uint64_t i = 0; i < TIMES; i++)
		symbols_name(l->symbols, address + i * step, &name);
	return since(begin, TIMES);
}

static double time_unwind(struct live *l, const struct dump *d, struct symbol_unwound *how)
{
	nsec_t begin = clock_cpu_thread();
	struct symbol_regs regs;
	uint64_t pcs[64];

	memcpy(regs.word, d->word, sizeof regs.word);
	for (int i = 0; i < TIMES; i++)
		symbols_unwind(l->symbols, &regs, d->stack, d->size, d->base, pcs, 64, how);
	return since(begin, TIMES);
}

static void start(struct live *l, struct dump *d)
{
	char program[256], path[] = "/tmp/tach-bench-XXXXXX";
	const char *const argv[] = { program, "qsort", path, NULL };
	int fd = mkstemp(path);

	subject_path(program, sizeof program, "nofp");
	live_start(l, argv);
	live_look(l, child_pid(l->child));
	assert_int_equal(read(fd, d, sizeof *d), sizeof *d);
	close(fd);
	unlink(path);
}

static void find_libc(pid_t pid, char path[256])
{
	char maps[32], line[512];
	FILE *f;

	snprintf(maps, sizeof maps, "/proc/%d/maps", (int)pid);
	f = fopen(maps, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f))
		if (strstr(line, "/libc.so"))
			sscanf(strchr(line, '/'), "%255s", path);
	fclose(f);
}

/* The peer, in milliseconds of waiting: lists the symbols that the library exports. */
static double time_nm(const char *file)
{
	char command[300];
	nsec_t begin = clock_now();

	snprintf(command, sizeof command, "nm -D %s >/dev/null", file);
	assert_int_equal(system(command), 0);
	return (double)(clock_now() - begin) / NSEC_PER_MSEC;
}

void bench_symbol(void)
{
	double first[ROUNDS], again[ROUNDS], other[ROUNDS], unwind[ROUNDS], nm[ROUNDS];
	struct symbol_unwound how = { .count = 0 };
	char libc[256] = "";
	static struct dump d;
	uint64_t address;
	struct live l;

	start(&l, &d);
	find_libc(child_pid(l.child), libc);
	address = live_address(&l, "nanosleep");
	for (int i = 0; i < ROUNDS; i++) {
		first[i] = time_first(&l, address);
		again[i] = time_names(&l, address, 0);
		other[i] = time_names(&l, address, 16);
		unwind[i] = time_unwind(&l, &d, &how);
		nm[i] = time_nm(libc);
	}
	printf("\nNames and stacks (CPU time of the thread that finds them)\n");
	printf("  %-44s %8.2f ms  nm -D: %.2f ms\n", "maps and the C library's symbols read",
		bench_quantile(first, ROUNDS, 0.5), bench_quantile(nm, ROUNDS, 0.5));
	printf("  %-44s %8.0f ns\n", "a name that was asked for lately", bench_quantile(again, ROUNDS, 0.5));
	printf("  %-44s %8.0f ns\n", "another name of that library", bench_quantile(other, ROUNDS, 0.5));
	if (how.whole)
		printf("  %-44s %8.2f us  %zu frames\n", "a stack through the C library",
			bench_quantile(unwind, ROUNDS, 0.5) / NSEC_PER_USEC, how.count);
	else
		printf("  a stack through the C library: %s\n", how.why);
	printf("  %-44s %8zu KiB\n", "kept of files", symbol_cache_bytes(l.cache) >> 10);
	live_end(&l);
}
