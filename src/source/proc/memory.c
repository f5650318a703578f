/*
 * The memory of processes. libproc2 reads the levels; without it they are taken from /proc/PID/status, which it reads too.
 * A process is held by its start time here: libproc2 knows it by its number only.
 */
#include "source/proc/memory.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/fmt.h"
#include "source/proc/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIB 1024u

#ifdef HAVE_LIBPROC2
#include <libproc2/pids.h>

#ifdef __SANITIZE_ADDRESS__
/* libproc2 4.0.2 keeps the buffers that it reads /proc with (256 KiB, once): no leak of ours, and none that grows. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libproc2\n";
}

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "print_suppressions=0";
}
#endif

struct memory {
	struct pids_info *info;
	size_t next; /* whose turn it is */
};

enum { ITEM_PID, ITEM_START, ITEM_MEMORY };

struct memory *memory_open(void)
{
	enum pids_item items[] = { PIDS_ID_PID, PIDS_TICS_BEGAN, PIDS_VM_RSS, PIDS_VM_RSS_ANON, PIDS_VM_RSS_FILE,
		PIDS_VM_RSS_SHARED, PIDS_VM_SWAP, PIDS_VM_SIZE };
	struct memory *m = xcalloc(1, sizeof *m);

	if (procps_pids_new(&m->info, items, sizeof items / sizeof items[0]) < 0)
		m->info = NULL;
	return m;
}

void memory_close(struct memory *m)
{
	if (m->info)
		procps_pids_unref(&m->info);
	free(m);
}

static void take(struct member *m, struct pids_stack *stack)
{
	if (PIDS_VAL(ITEM_START, ull_int, stack, ) != m->start)
		return;
	for (int i = 0; i < MEMORY_PARTS; i++)
		m->memory[i] = (uint64_t)PIDS_VAL(ITEM_MEMORY + i, ul_int, stack, ) * KIB;
	m->has_memory = true;
}

/* Answers come in the order of the question, without those that have ended. */
static void read_some(struct memory *m, struct member *const members[], size_t n)
{
	unsigned pids[MEMORY_A_TICK];
	struct pids_fetch *fetch;
	int at = 0;

	for (size_t i = 0; i < n; i++)
		pids[i] = (unsigned)members[i]->settle.pid;
	fetch = n && m->info ? procps_pids_select(m->info, pids, (int)n, PIDS_SELECT_PID) : NULL;
	for (size_t i = 0; fetch && i < n && at < fetch->counts->total; i++)
		if (PIDS_VAL(ITEM_PID, s_int, fetch->stacks[at], ) == members[i]->settle.pid)
			take(members[i], fetch->stacks[at++]);
}

#else

struct memory {
	size_t next;
};

struct memory *memory_open(void)
{
	return xcalloc(1, sizeof(struct memory));
}

void memory_close(struct memory *m)
{
	free(m);
}

static void read_some(struct memory *m, struct member *const members[], size_t n)
{
	static const char *const names[MEMORY_PARTS] = { "VmRSS", "RssAnon", "RssFile", "RssShmem", "VmSwap", "VmSize" };
	char text[4096];

	(void)m;
	for (size_t i = 0; i < n; i++) {
		uint64_t kib[MEMORY_PARTS] = { 0 }; /* a zombie and a kernel thread have none of these lines */

		if (file_read_at(members[i]->dir, "status", text, sizeof text) < 0)
			continue;
		text_keyed(text, names, MEMORY_PARTS, kib);
		for (int part = 0; part < MEMORY_PARTS; part++)
			members[i]->memory[part] = kib[part] * KIB;
		members[i]->has_memory = true;
	}
}

#endif

/* The next members whose turn it is. */
static size_t take_turns(struct memory *m, const struct processes *p, struct member *turn[MEMORY_A_TICK])
{
	size_t n = 0, i = 0;

	for (; i < p->count && n < MEMORY_A_TICK; i++) {
		struct member *member = p->list[(m->next + i) % p->count];

		if (member->listed)
			turn[n++] = member;
	}
	m->next = i < p->count ? (m->next + i) % p->count : 0;
	return n;
}

void memory_read(struct memory *m, const struct proc_tick *t, const struct processes *p)
{
	struct member *turn[MEMORY_A_TICK];
	double sum[MEMORY_PARTS] = { 0 };
	size_t known = 0, unknown = 0;

	if (!proc_wants(t->env, PROC_MEM_RSS, PROC_MEM_VIRTUAL))
		return;
	read_some(m, turn, take_turns(m, p, turn));
	for (size_t i = 0; i < p->count; i++) {
		const struct member *member = p->list[i];

		known += member->listed && member->has_memory;
		unknown += member->listed && !member->has_memory;
		for (int part = 0; part < MEMORY_PARTS; part++)
			sum[part] += member->listed ? (double)member->memory[part] : 0;
	}
	for (int part = 0; known && part < MEMORY_PARTS; part++)
		proc_put_state(t, PROC_MEM_RSS + part, sum[part], unknown ? POINT_PARTIAL : POINT_OK);
	if (!known && unknown)
		proc_missing(t, PROC_MEM_RSS, PROC_MEM_VIRTUAL, POINT_ABSENT, "the memory of its processes cannot be read");
}

/* ---- on request ---- */

enum { ROLLUP_PSS, ROLLUP_SHARED_DIRTY, ROLLUP_PRIVATE_DIRTY, ROLLUP_HUGE, ROLLUP_SWAP, ROLLUP_PARTS };

struct rollup {
	uint64_t kib[ROLLUP_PARTS];
	size_t read, failed;
	int error; /* of the last that failed */
};

static void add_rollup(struct rollup *sum, const struct process *process)
{
	static const char *const names[ROLLUP_PARTS] = { "Pss", "Shared_Dirty", "Private_Dirty", "AnonHugePages", "Swap" };
	uint64_t kib[ROLLUP_PARTS] = { 0 };
	char text[4096];
	ssize_t n = file_read_at(process->dir, "smaps_rollup", text, sizeof text);

	if (n < 0) {
		sum->error = errno;
		sum->failed += errno != ESRCH && errno != ENOENT;
		return;
	}
	sum->read += n > 0;
	text_keyed(text, names, ROLLUP_PARTS, kib);
	for (int i = 0; i < ROLLUP_PARTS; i++)
		sum->kib[i] += kib[i];
}

static void tell_rollup(const struct rollup *sum, nsec_t took, char *answer, size_t size)
{
	char pss[FMT_SIZE], dirty[FMT_SIZE], huge[FMT_SIZE], swap[FMT_SIZE], time[FMT_SIZE], missing[64] = "";

	fmt_bytes(pss, (double)sum->kib[ROLLUP_PSS] * KIB);
	fmt_bytes(dirty, (double)(sum->kib[ROLLUP_SHARED_DIRTY] + sum->kib[ROLLUP_PRIVATE_DIRTY]) * KIB);
	fmt_bytes(huge, (double)sum->kib[ROLLUP_HUGE] * KIB);
	fmt_bytes(swap, (double)sum->kib[ROLLUP_SWAP] * KIB);
	fmt_seconds(time, nsec_to_seconds(took));
	if (sum->failed)
		snprintf(missing, sizeof missing, "; %zu more could not be read", sum->failed);
	snprintf(answer, size,
		"PSS %s, dirty %s, anonymous huge pages %s, swapped %s; took %s, during which the target's memory map was locked%s",
		pss, dirty, huge, swap, time, missing);
}

void memory_ask(const struct target *t, char *answer, size_t size)
{
	struct rollup sum = { .read = 0 };
	nsec_t begin = clock_now();
	size_t n;
	const struct process *process = target_processes(t, &n);

	for (; n; n--, process++)
		if (!process->gone)
			add_rollup(&sum, process);
	if (sum.read)
		tell_rollup(&sum, clock_now() - begin, answer, size);
	else if (sum.failed)
		snprintf(answer, size, "smaps_rollup cannot be read (%s): run tach as root or as the program's user",
			strerror(sum.error));
	else
		snprintf(answer, size, "no process is left whose memory could be read");
}
