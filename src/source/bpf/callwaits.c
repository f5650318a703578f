/* Rows by system call, from memory that is shared with the kernel. */
#include "source/bpf/callwaits.h"

#include "base/alloc.h"
#include "model/tables.h"
#include "source/calls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define WINDOW (10 * NSEC_PER_SEC) /* maxima are of the last one to two of them */

struct callwaits {
	const struct call_total *shared;
	nsec_t max[CALLS], max_before[CALLS], turned;
};

struct callwaits *callwaits_open(int map, struct err *e)
{
	struct callwaits *w = xcalloc(1, sizeof *w);
	void *memory = mmap(NULL, CALLS * CAUSES * CALL_SHARDS * sizeof *w->shared, PROT_READ, MAP_SHARED, map, 0);

	if (memory == MAP_FAILED) {
		err_set(e, errno, "the waits by system call cannot be mapped: %s", strerror(errno));
		free(w);
		return NULL;
	}
	w->shared = memory;
	return w;
}

void callwaits_close(struct callwaits *w)
{
	if (!w)
		return;
	munmap((void *)w->shared, CALLS * CAUSES * CALL_SHARDS * sizeof *w->shared);
	free(w);
}

/* Over all CPUs and causes; *cause is that of most of the time. */
static struct call_total total_of(const struct callwaits *w, u32 call, u64 epoch, u32 *cause)
{
	struct call_total sum = { .epoch = epoch };
	u64 by_cause[CAUSES] = { 0 };

	*cause = 0;
	for (u32 i = 0; i < CALL_SHARDS * CAUSES; i++) {
		const struct call_total *c = &w->shared[i * CALLS + call];

		sum.waits += c->waits;
		sum.blocked += c->blocked;
		if (c->epoch + 1 >= epoch && c->max > sum.max) /* or since the last look at it */
			sum.max = c->max;
		by_cause[i % CAUSES] += c->blocked;
	}
	for (u32 i = 1; i < CAUSES; i++)
		*cause = by_cause[i] > by_cause[*cause] ? i : *cause;
	return sum;
}

static void put_row(const struct callwaits *w, u32 call, u32 cause, const struct call_total *c, struct table *t,
	struct sample *out)
{
	union cell *row = table_row(t, call);
	const char *name = calls_name(call);
	char number[16];

	snprintf(number, sizeof number, "%u", call);
	row[SYSCALLS_NAME].text = sample_text(out, name ? name : number);
	row[SYSCALLS_CAUSE].text = calls_cause_name(cause);
	row[SYSCALLS_WAITS].number = (double)c->waits;
	row[SYSCALLS_WAIT].number = nsec_to_seconds(c->blocked);
	row[SYSCALLS_MAX].number = nsec_to_seconds(w->max[call] > w->max_before[call] ? w->max[call] : w->max_before[call]);
}

void callwaits_put(struct callwaits *w, u64 epoch, nsec_t now, struct sample *out)
{
	struct table *t = NULL;
	bool turn = now - w->turned >= WINDOW;

	for (u32 call = 0; call < CALLS; call++) {
		u32 cause;
		struct call_total c = total_of(w, call, epoch, &cause);

		if (!c.waits)
			continue;
		if (turn) {
			w->max_before[call] = w->max[call];
			w->max[call] = 0;
		}
		w->max[call] = c.max > w->max[call] ? c.max : w->max[call];
		t = t ? t : sample_table(out, &table_syscalls);
		put_row(w, call, cause, &c, t, out);
	}
	w->turned = turn ? now : w->turned;
}
