/* Which threads a latency is made of: of each metric those in which most time passed lately. */
#include "source/bpf/split.h"

#include "base/alloc.h"
#include "model/tables.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW (10 * NSEC_PER_SEC)
#define SHOWN 32 /* threads of a metric */

enum { KIND_OFFCPU = PARTS, KINDS }; /* all causes, beside the parts that are kept */

_Static_assert(KINDS <= 16, "four bits of a row's key");

/* Of the thread in a place: its times when this window began, and the one before. */
struct past {
	u64 start;
	u32 tid;
	nsec_t begun[KINDS], before[KINDS];
};

/* A thread's part of each kind. */
struct parts {
	nsec_t time[KINDS], now[KINDS]; /* what goes on included; that alone */
};

/* Those in which most time passed, the most first. */
struct top {
	struct {
		size_t thread;
		nsec_t lately;
	} list[SHOWN];
	size_t count, left_out;
};

struct split {
	struct past *past; /* by place */
	size_t past_capacity;
	nsec_t turned;
};

static enum bpf_metric metric_of(unsigned kind)
{
	if (kind == KIND_OFFCPU)
		return BPF_LAT_OFFCPU;
	if (kind >= PART_REQUEST)
		return BPF_LAT_REQUEST + (kind - PART_REQUEST);
	return kind == HIST_RUNQUEUE ? BPF_LAT_RUNQUEUE : BPF_LAT_OFFCPU_LOCK + (kind - HIST_OFFCPU);
}

bool split_is_wanted(const struct group *g)
{
	for (unsigned k = 0; k < KINDS; k++)
		if (group_wants(g, metric_of(k)))
			return true;
	return false;
}

struct split *split_new(void)
{
	return xcalloc(1, sizeof(struct split));
}

void split_free(struct split *s)
{
	if (!s)
		return;
	free(s->past);
	free(s);
}

static void parts_of(const struct thread_slot *t, const struct thread_split *by, nsec_t now, struct parts *out)
{
	struct slot_times times;

	slot_times_of(t, now, &times);
	memset(out, 0, sizeof *out);
	out->time[HIST_RUNQUEUE] = times.queue;
	out->now[HIST_RUNQUEUE] = times.queue - t->queue;
	for (unsigned c = 0; c < CAUSES; c++) {
		nsec_t on = times.blocked[c] - t->blocked[c];

		out->time[HIST_OFFCPU + c] = times.blocked[c];
		out->time[KIND_OFFCPU] += times.blocked[c];
		out->now[HIST_OFFCPU + c] = on;
		out->now[KIND_OFFCPU] += on; /* it waits for one thing at a time */
	}
	for (unsigned r = 0; r < PART_REQUESTS; r++)
		out->time[PART_REQUEST + r] = by->requested[r];
}

static void top_offer(struct top *t, size_t thread, nsec_t lately)
{
	size_t at = t->count;

	if (at == SHOWN) {
		t->left_out++;
		if (lately <= t->list[--at].lately)
			return;
	}
	for (; at > 0 && t->list[at - 1].lately < lately; at--)
		t->list[at] = t->list[at - 1];
	t->list[at].thread = thread;
	t->list[at].lately = lately;
	t->count += t->count < SHOWN;
}

static struct past *past_of(struct split *s, u32 place, const struct thread_slot *t)
{
	struct past *p;

	s->past = xgrow(s->past, &s->past_capacity, place + 1, sizeof *s->past);
	p = &s->past[place];
	if (p->tid != t->tid || p->start != t->start)
		*p = (struct past){ .start = t->start, .tid = t->tid };
	return p;
}

/* Offers a thread to each kind that is wanted, and begins its next window when it is time. */
static void take_thread(const struct group *g, struct past *p, const struct parts *have, size_t thread, bool turn,
	struct top tops[KINDS])
{
	for (unsigned k = 0; k < KINDS; k++)
		if (have->time[k] && group_wants(g, metric_of(k)))
			top_offer(&tops[k], thread, have->time[k] > p->before[k] ? have->time[k] - p->before[k] : 0);
	if (turn) {
		memcpy(p->before, p->begun, sizeof p->before);
		memcpy(p->begun, have->time, sizeof p->begun);
	}
}

static nsec_t longest_of(const struct split_part *p, u32 window)
{
	if (p->window == window)
		return p->longest > p->before ? p->longest : p->before;
	return p->window + 1 == window ? p->longest : 0;
}

/* All but the texts. */
static void fill_row(union cell *row, const struct thread_slot *t, const struct thread_split *by, unsigned kind,
	u32 window, nsec_t now)
{
	bool all = kind == KIND_OFFCPU;
	unsigned first = all ? HIST_OFFCPU : kind, end = all ? SCHED_HISTS : kind + 1;
	nsec_t longest;
	u64 events = 0;
	struct parts have;

	parts_of(t, by, now, &have);
	longest = have.now[kind];
	for (unsigned k = first; k < end; k++) {
		nsec_t most = longest_of(&by->parts[k], window);

		events += by->parts[k].events;
		longest = most > longest ? most : longest;
	}
	row[SPLIT_TID].number = t->tid;
	row[SPLIT_EVENTS].number = (double)events;
	row[SPLIT_SECONDS].number = nsec_to_seconds(have.time[kind]);
	row[SPLIT_MAX].number = nsec_to_seconds(longest);
}

static void put_rows(const struct group *g, const struct slots *slots, const struct top tops[KINDS], struct sample *out)
{
	size_t count;
	const struct thread_slot *list = slots_list(slots, &count);
	const char **labels = xcalloc(count, sizeof *labels);
	struct table *t = sample_table(out, &table_latency_threads);
	char buf[64];

	for (unsigned k = 0; k < KINDS; k++) {
		for (size_t i = 0; i < tops[k].count; i++) {
			size_t thread = tops[k].list[i].thread;
			const struct thread_slot *s = &list[thread];
			union cell *row = table_row(t, table_thread_key((pid_t)s->tid, s->start / NSEC_PER_MSEC) << 4 | k);

			if (!labels[thread])
				labels[thread] = sample_text(out, slot_label(s, buf, sizeof buf));
			row[SPLIT_METRIC].text = bpf_rows[metric_of(k)].name;
			row[SPLIT_THREAD].text = labels[thread];
			fill_row(row, s, slots_split(slots, thread), k, g->room->control->window, slots_now(slots));
		}
		t->left_out += tops[k].left_out;
	}
	free(labels);
}

void split_put(struct split *s, const struct group *g, const struct slots *slots, struct sample *out)
{
	nsec_t now = slots_now(slots);
	struct top tops[KINDS];
	size_t count;
	const struct thread_slot *list = slots_list(slots, &count);
	bool turn = now - s->turned >= WINDOW;

	if (!slots_are_split(slots) || !count)
		return;
	for (unsigned k = 0; k < KINDS; k++)
		tops[k].count = tops[k].left_out = 0;
	for (size_t i = 0; i < count; i++) {
		struct parts have;

		parts_of(&list[i], slots_split(slots, i), now, &have);
		take_thread(g, past_of(s, slots_place(slots, i), &list[i]), &have, i, turn, tops);
	}
	put_rows(g, slots, tops, out);
	if (!turn)
		return;
	s->turned = now;
	g->room->control->window++;
}
