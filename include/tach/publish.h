/*
 * Shows tach what only this program knows: its own counters, gauges and latencies, per thread, at a few nanoseconds
 * an event and without a system call. The whole of it is this header; man 3 tach-publish tells how to use it.
 *
 *     struct tach_publisher *p = tach_publish_open();
 *     struct tach_counter packets = tach_publish_counter(p, "rx_packets", "packets");
 *     struct tach_histogram rtt = tach_publish_histogram(p, "rtt", "seconds");
 *     struct tach_writer *w = tach_publish_writer(p, "receiver");    (one for each thread)
 *
 *     tach_add(w, packets, 32);
 *     tach_record(w, rtt, nanoseconds);
 *
 * The numbers lie in a memfd of this process. Nobody is asked, told or waited for: whoever watches reads them through
 * /proc/PID/fd, which the kernel allows to whom it allows ptrace. Nothing is left behind when the program ends.
 *
 * Every function takes NULL, and a handle of all zero bits, and then does nothing: where tach_publish_open() fails
 * (no memfd, no descriptors left, not a 64-bit Linux) the program runs on unwatched.
 *
 * After fork() the child shares the memory of its parent. It may count too, but with writers of its own: two threads
 * must never use one writer. C99, C++11 and later; gcc or clang.
 */
#ifndef TACH_PUBLISH_H
#define TACH_PUBLISH_H

#include <tach/histogram.h>

#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TACH_PUBLISH_NAMES 64u      /* 63 names: number 0 is nobody's, so that a failed definition harms nothing */
#define TACH_PUBLISH_HISTOGRAMS 16u /* 15 of them histograms */
#define TACH_PUBLISH_WRITERS 128u   /* 127 threads at a time; those beyond share number 0 */
#define TACH_PUBLISH_NAME_SIZE 40u  /* with the NUL */
#define TACH_PUBLISH_UNIT_SIZE 12u

/* Handles. */
struct tach_counter {
	uint32_t cell;
};
struct tach_gauge {
	uint32_t cell;
};
struct tach_histogram {
	uint32_t cell;
};

/* ---- the layout, version 1; a reader refuses what differs from it in any size ---- */

#define TACH_PUBLISH_MAGIC UINT64_C(0x3168736c62757074) /* "tpublsh1" */
#define TACH_PUBLISH_VERSION 1u
#define TACH_PUBLISH_NAN UINT64_C(0x7ff8000000000000) /* a gauge that was never set */

enum tach_publish_kind { TACH_COUNTER = 1, TACH_GAUGE = 2, TACH_HISTOGRAM = 3 };
enum tach_publish_state { TACH_FREE = 0, TACH_BUSY = 1, TACH_READY = 2 };

struct tach_publish_name {
	uint32_t state; /* FREE, BUSY while it is written, READY stored last and for good */
	uint32_t kind;
	uint32_t cell;  /* of a histogram: which one it is; else the place of this name */
	char name[TACH_PUBLISH_NAME_SIZE];
	char unit[TACH_PUBLISH_UNIT_SIZE];
};

/* What one thread counts. Only that thread writes here, so plain adds do; the totals stay when the thread ends. */
struct tach_writer {
	uint32_t shared; /* number 0: more than one thread, so every add is atomic */
	char name[28];
	uint64_t unused[4];
	uint64_t counters[TACH_PUBLISH_NAMES];
	uint64_t sums[TACH_PUBLISH_HISTOGRAMS];
	uint64_t tops[TACH_PUBLISH_HISTOGRAMS]; /* highest value plus 1; 0: none came, the bins were never touched */
	uint64_t bins[TACH_PUBLISH_HISTOGRAMS][TACH_HIST_BINS];
	uint64_t filler[152]; /* to whole pages, so that what no thread touches costs no memory */
};

struct tach_publisher {
	uint64_t magic; /* stored last */
	uint32_t version;
	uint32_t size, writer_size;
	uint32_t names_max, histograms_max, writers_max, bins;
	uint32_t histograms; /* taken so far */
	int32_t fd;          /* only for tach_publish_close() */
	uint32_t unused[5];
	uint32_t writer_states[TACH_PUBLISH_WRITERS]; /* FREE, BUSY while a thread has it, READY for the next one */
	uint64_t gauges[TACH_PUBLISH_NAMES]; /* the bits of a double */
	struct tach_publish_name names[TACH_PUBLISH_NAMES];
	uint64_t filler[376];
	struct tach_writer writers[TACH_PUBLISH_WRITERS];
};

/* ---- setting up ---- */

/* As linux/memfd.h and linux/fcntl.h have them; with strict -std=c99 the C library does not tell. */
#define TACH_MFD_FLAGS 3u       /* MFD_CLOEXEC | MFD_ALLOW_SEALING */
#define TACH_MFD_NOEXEC_SEAL 8u /* Linux 6.3; from then on a memfd that could be run may be forbidden */
#define TACH_F_ADD_SEALS 1033
#define TACH_F_GET_SEALS 1034
#define TACH_SEALS 7 /* F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW: whoever maps it never gets SIGBUS */

#ifndef __cplusplus
extern long syscall(long number, ...);
#endif

static inline int tach_publish_memfd(void)
{
	long fd = syscall(SYS_memfd_create, "tach-publish", TACH_MFD_FLAGS | TACH_MFD_NOEXEC_SEAL);

	if (fd < 0)
		fd = syscall(SYS_memfd_create, "tach-publish", TACH_MFD_FLAGS);
	return (int)fd;
}

/* Maps the memfd at its final size and seals it; NULL when any of this fails. */
static inline struct tach_publisher *tach_publish_map(int fd)
{
	void *memory;

	if (syscall(SYS_ftruncate, fd, sizeof(struct tach_publisher)) < 0 ||
		fcntl(fd, TACH_F_ADD_SEALS, TACH_SEALS) < 0)
		return NULL;
	memory = mmap(NULL, sizeof(struct tach_publisher), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return memory == MAP_FAILED ? NULL : (struct tach_publisher *)memory;
}

/* Begins to publish. A program opens one publisher, a library that counts for itself another; all are read and equal
 * names are added up. Open it after a program has made itself a daemon: that closes descriptors. */
static inline struct tach_publisher *tach_publish_open(void)
{
	struct tach_publisher *p;
	int fd = sizeof(void *) == 8 ? tach_publish_memfd() : -1;

	if (fd < 0)
		return NULL;
	p = tach_publish_map(fd);
	if (!p) {
		close(fd);
		return NULL;
	}
	p->version = TACH_PUBLISH_VERSION;
	p->size = (uint32_t)sizeof(struct tach_publisher);
	p->writer_size = (uint32_t)sizeof(struct tach_writer);
	p->names_max = TACH_PUBLISH_NAMES;
	p->histograms_max = TACH_PUBLISH_HISTOGRAMS;
	p->writers_max = TACH_PUBLISH_WRITERS;
	p->bins = TACH_HIST_BINS;
	p->fd = fd;
	__atomic_store_n(&p->magic, TACH_PUBLISH_MAGIC, __ATOMIC_RELEASE);
	return p;
}

/* Ends it; no thread may use p, its writers or its handles any more. What was counted remains in tach's totals. */
static inline void tach_publish_close(struct tach_publisher *p)
{
	int fd, seals;

	if (!p)
		return;
	fd = p->fd;
	munmap((void *)p, sizeof *p);
	seals = fcntl(fd, TACH_F_GET_SEALS);
	if (seals > 0 && (seals & TACH_SEALS) == TACH_SEALS) /* else it was closed and the number is another's */
		close(fd);
}

/* Lower-case letters, digits, '_' and '.', a letter first; at most 39 of them. */
static inline int tach_publish_name_ok(const char *name)
{
	size_t i;

	if (!name || name[0] < 'a' || name[0] > 'z')
		return 0;
	for (i = 0; name[i]; i++)
		if (i + 1 == TACH_PUBLISH_NAME_SIZE || !((name[i] >= 'a' && name[i] <= 'z') ||
			(name[i] >= '0' && name[i] <= '9') || name[i] == '_' || name[i] == '.'))
			return 0;
	return 1;
}

/* Copies at most size - 1 bytes; the rest of to[] is zero already or becomes so. */
static inline void tach_publish_copy(char *to, size_t size, const char *text)
{
	size_t i;

	for (i = 0; i + 1 < size && text && text[i]; i++)
		to[i] = text[i];
	for (; i < size; i++)
		to[i] = '\0';
}

/* Takes what is in state `was`; false when somebody else was faster. */
static inline int tach_publish_take(uint32_t *state, uint32_t was)
{
	return __atomic_compare_exchange_n(state, &was, (uint32_t)TACH_BUSY, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* The state of a name once it is settled: another thread may be writing it, and is given the CPU to come to its end.
 * BUSY only where that thread was killed. */
static inline uint32_t tach_publish_settled(const uint32_t *state)
{
	uint32_t is = __atomic_load_n(state, __ATOMIC_ACQUIRE), patience = 100000;

	while (is == TACH_BUSY && patience--) {
		sched_yield();
		is = __atomic_load_n(state, __ATOMIC_ACQUIRE);
	}
	return is;
}

/* Takes a free place for a name: its number, or that of the same name defined before (*known), or 0. */
static inline uint32_t tach_publish_place(struct tach_publisher *p, uint32_t kind, const char *name, int *known)
{
	uint32_t i;

	for (i = 1; i < TACH_PUBLISH_NAMES; i++) {
		struct tach_publish_name *n = &p->names[i];
		uint32_t state;

		while ((state = tach_publish_settled(&n->state)) == TACH_FREE)
			if (tach_publish_take(&n->state, state))
				return i;
		*known = state == TACH_READY && n->kind == kind && strcmp(n->name, name) == 0;
		if (*known)
			return i;
	}
	return 0;
}

/* Which cell a new name counts in; 0 when there is none left. */
static inline uint32_t tach_publish_cell(struct tach_publisher *p, uint32_t kind, uint32_t place)
{
	uint32_t n = __atomic_load_n(&p->histograms, __ATOMIC_RELAXED);

	if (kind != TACH_HISTOGRAM)
		return place;
	while (n + 1 < TACH_PUBLISH_HISTOGRAMS)
		if (__atomic_compare_exchange_n(&p->histograms, &n, n + 1, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return n + 1;
	return 0;
}

/* Defines a name or finds it again; returns its cell, 0 when it cannot be published. */
static inline uint32_t tach_publish_define(struct tach_publisher *p, uint32_t kind, const char *name, const char *unit)
{
	struct tach_publish_name *n;
	uint32_t place, cell;
	int known = 0;

	if (!p || !tach_publish_name_ok(name))
		return 0;
	place = tach_publish_place(p, kind, name, &known);
	n = &p->names[place];
	if (!place || known)
		return place ? n->cell : 0;
	cell = tach_publish_cell(p, kind, place);
	if (cell) {
		n->kind = kind;
		n->cell = cell;
		tach_publish_copy(n->name, sizeof n->name, name);
		tach_publish_copy(n->unit, sizeof n->unit, unit);
		if (kind == TACH_GAUGE)
			__atomic_store_n(&p->gauges[cell], TACH_PUBLISH_NAN, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&n->state, (uint32_t)(cell ? TACH_READY : TACH_FREE), __ATOMIC_RELEASE);
	return cell;
}

/*
 * Define a name; from any thread, the same name gives the same handle. The unit is "bytes", "seconds", "ratio" or a
 * word for what is counted ("packets"). tach shows app.NAME, with _bytes, _seconds or _ratio behind it where the unit
 * is one of these and the name does not end so. A handle of zero bits comes back when the name is malformed or there is
 * no room for it.
 */

/* A total that only grows. In the unit "seconds" it is counted in nanoseconds. */
static inline struct tach_counter tach_publish_counter(struct tach_publisher *p, const char *name, const char *unit)
{
	struct tach_counter c;

	c.cell = tach_publish_define(p, TACH_COUNTER, name, unit);
	return c;
}

/* A level: one for the whole program, whichever thread sets it. Unknown until it is set. */
static inline struct tach_gauge tach_publish_gauge(struct tach_publisher *p, const char *name, const char *unit)
{
	struct tach_gauge g;

	g.cell = tach_publish_define(p, TACH_GAUGE, name, unit);
	return g;
}

/* A distribution, 0 to 2^36 (68.7 s) with an error below 3.2 %. In the unit "seconds" it takes nanoseconds. */
static inline struct tach_histogram tach_publish_histogram(struct tach_publisher *p, const char *name, const char *unit)
{
	struct tach_histogram h;

	h.cell = tach_publish_define(p, TACH_HISTOGRAM, name, unit);
	return h;
}

/* The writer of the calling thread, to be used by no other. The name says what the thread does. */
static inline struct tach_writer *tach_publish_writer(struct tach_publisher *p, const char *name)
{
	uint32_t i;

	if (!p)
		return NULL;
	for (i = 1; i < TACH_PUBLISH_WRITERS; i++) {
		uint32_t state = __atomic_load_n(&p->writer_states[i], __ATOMIC_RELAXED);

		if (state != TACH_BUSY && tach_publish_take(&p->writer_states[i], state)) {
			tach_publish_copy(p->writers[i].name, sizeof p->writers[i].name, name);
			return &p->writers[i];
		}
	}
	__atomic_store_n(&p->writers[0].shared, 1u, __ATOMIC_RELAXED);
	__atomic_store_n(&p->writer_states[0], (uint32_t)TACH_BUSY, __ATOMIC_RELEASE);
	return &p->writers[0];
}

/* Before a thread ends: its totals stay, its place may be taken by the next thread. */
static inline void tach_publish_writer_done(struct tach_publisher *p, struct tach_writer *w)
{
	if (p && w && w != &p->writers[0])
		__atomic_store_n(&p->writer_states[w - p->writers], (uint32_t)TACH_READY, __ATOMIC_RELEASE);
}

/* ---- counting ---- */

/* Every cell has one writer (but for number 0), so a load, an add and a store need no lock prefix. */
static inline void tach_publish_increase(uint64_t *cell, uint64_t n, uint32_t shared)
{
	if (shared)
		__atomic_fetch_add(cell, n, __ATOMIC_RELAXED);
	else
		__atomic_store_n(cell, __atomic_load_n(cell, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

/* Makes *cell at least `least`. */
static inline void tach_publish_raise_to(uint64_t *cell, uint64_t least)
{
	uint64_t is = __atomic_load_n(cell, __ATOMIC_RELAXED);

	while (is < least && !__atomic_compare_exchange_n(cell, &is, least, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

static inline void tach_add(struct tach_writer *w, struct tach_counter c, uint64_t n)
{
	if (w)
		tach_publish_increase(&w->counters[c.cell % TACH_PUBLISH_NAMES], n, w->shared);
}

static inline void tach_set(struct tach_publisher *p, struct tach_gauge g, double level)
{
	uint64_t bits;

	if (!p)
		return;
	memcpy(&bits, &level, sizeof bits);
	__atomic_store_n(&p->gauges[g.cell % TACH_PUBLISH_NAMES], bits, __ATOMIC_RELAXED);
}

/* The bins come before the top: a reader that sees the top finds pages that were touched. */
static inline void tach_record(struct tach_writer *w, struct tach_histogram h, uint64_t value)
{
	uint64_t above = value < UINT64_MAX ? value + 1 : value, *top;
	uint32_t i = h.cell % TACH_PUBLISH_HISTOGRAMS;

	if (!w)
		return;
	tach_publish_increase(&w->bins[i][tach_hist_bin(value)], 1, w->shared);
	tach_publish_increase(&w->sums[i], value, w->shared);
	top = &w->tops[i];
	if (above > __atomic_load_n(top, __ATOMIC_RELAXED))
		tach_publish_raise_to(top, above);
}

#endif
