/* Reading the threads' places. The kernel writes while this reads: a copy whose number changed meanwhile is made anew. */
#include "source/bpf/slots.h"

#include "base/alloc.h"
#include "base/str.h"
#include "model/tables.h"
#include "source/bpf/locks.h"
#include "source/calls.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TRIES 8
#define PLACES_FIRST 512

/* What was told of the thread in a place. The other columns of its row are /proc's: totals go on from where they stood
 * when the probe first saw it, split into user and system as /proc splits them. */
struct told {
	u64 start;
	u32 tid;
	double user, system;             /* told */
	double proc_user, proc_system;   /* what /proc said */
	double queue_before;             /* its queue less the slot's */
	nsec_t run;                      /* the slot's, at the last telling */
};

struct slots {
	struct thread_slot *shared; /* the first `mapped` of them: all that are mapped count as tach's memory */
	struct thread_split *splits; /* of the same threads; NULL: nobody wants them */
	size_t mapped;
	int map, free_map, split_map;
	struct thread_slot *list; /* copies of those alive, in the order of their places */
	size_t count, capacity;
	nsec_t now;               /* of the copies */
	struct slot_times ended, total;
	u32 *places;              /* of list[] */
	size_t places_capacity;
	struct thread_slot *whole; /* by place: the last copy during which nobody wrote */
	size_t whole_capacity;
	struct told *told;        /* by place */
	size_t told_capacity;
	u32 *by_tid, *by_inner;   /* open addressing: place in list[] + 1 */
	size_t index_size;        /* of each; a power of two */
};

static void *map_array(int map, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static void unmap_places(struct thread_slot *shared, struct thread_split *splits, size_t count)
{
	if (shared)
		munmap(shared, count * sizeof *shared);
	if (splits)
		munmap(splits, count * sizeof *splits);
}

static bool map_places(struct slots *s, size_t count)
{
	struct thread_slot *shared = map_array(s->map, count * sizeof *shared);
	struct thread_split *splits = s->split_map < 0 ? NULL : map_array(s->split_map, count * sizeof *splits);

	if (!shared || (s->split_map >= 0 && !splits)) {
		unmap_places(shared, splits, count);
		return false;
	}
	unmap_places(s->shared, s->splits, s->mapped);
	s->shared = shared;
	s->splits = splits;
	s->mapped = count;
	return true;
}

struct slots *slots_open(int map, int free_map, int split_map, struct err *e)
{
	struct slots *s = xcalloc(1, sizeof *s);

	s->map = map;
	s->free_map = free_map;
	s->split_map = split_map;
	if (!map_places(s, PLACES_FIRST)) {
		err_set(e, errno, "the threads' places cannot be mapped: %s", strerror(errno));
		free(s);
		return NULL;
	}
	for (u32 i = SLOTS; i-- > 0;) /* taken from the top: the lowest first, so that few pages are in use */
		bpf_map_update_elem(free_map, NULL, &i, BPF_ANY);
	return s;
}

void slots_close(struct slots *s)
{
	if (!s)
		return;
	unmap_places(s->shared, s->splits, s->mapped);
	free(s->list);
	free(s->places);
	free(s->told);
	free(s->whole);
	free(s->by_tid);
	free(s->by_inner);
	free(s);
}

/* False: it was written to all the time. */
static bool copy(const struct thread_slot *from, struct thread_slot *to)
{
	for (int i = 0; i < TRIES; i++) {
		u32 seq = __atomic_load_n(&from->seq, __ATOMIC_ACQUIRE);

		memcpy(to, from, sizeof *to);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(seq & 1) && __atomic_load_n(&from->seq, __ATOMIC_RELAXED) == seq)
			return true;
	}
	return false;
}

void slot_times_of(const struct thread_slot *t, nsec_t now, struct slot_times *out)
{
	nsec_t on = now > t->since ? now - t->since : 0, blocked = on;
	unsigned weight = t->weight ? t->weight : 1; /* waits that this one stands for: so it is counted when it is over */

	*out = (struct slot_times){ .run = t->run, .queue = t->queue, .voluntary = t->voluntary,
		.involuntary = t->involuntary };
	memcpy(out->blocked, t->blocked, sizeof t->blocked);
	if (t->state == SLOT_RUNNING)
		out->run += on;
	else if (t->state == SLOT_RUNNABLE)
		out->queue += on * weight;
	if (t->state != SLOT_BLOCKED)
		return;
	if (t->woken >= t->since && t->woken <= now) {
		blocked = t->woken - t->since;
		out->queue += (on - blocked) * weight;
	}
	out->blocked[t->cause < CAUSES ? t->cause : CAUSE_OTHER] += blocked * weight;
}

static void add(struct slot_times *to, const struct slot_times *t)
{
	to->run += t->run;
	to->queue += t->queue;
	for (int c = 0; c < CAUSES; c++)
		to->blocked[c] += t->blocked[c];
	to->voluntary += t->voluntary;
	to->involuntary += t->involuntary;
}

/* A dead thread's times are kept, its place is given back. */
static void bury(struct slots *s, u32 place, const struct thread_slot *t)
{
	struct slot_times times;

	slot_times_of(t, s->now, &times);
	add(&s->ended, &times);
	if (s->splits)
		memset(&s->splits[place], 0, sizeof s->splits[place]);
	s->shared[place].state = s->whole[place].state = SLOT_FREE;
	bpf_map_update_elem(s->free_map, NULL, &place, BPF_ANY);
}

static bool has_place(struct slots *s, u32 place)
{
	return place < s->mapped || (place < SLOTS && map_places(s, s->mapped * 2 < SLOTS ? s->mapped * 2 : SLOTS));
}

static size_t hash_of(const struct slots *s, u32 tgid, u32 tid)
{
	return ((u64)tgid << 32 | tid) * 0x9e3779b97f4a7c15u >> 32 & (s->index_size - 1);
}

static void put_into(const struct slots *s, u32 *index, size_t at, u32 i)
{
	while (index[at])
		at = (at + 1) & (s->index_size - 1);
	index[at] = i + 1;
}

static void index_threads(struct slots *s)
{
	size_t size = s->index_size ? s->index_size : 64;

	while (size < 2 * s->count)
		size *= 2;
	if (size > s->index_size) {
		s->by_tid = xreallocarray(s->by_tid, size, sizeof(u32));
		s->by_inner = xreallocarray(s->by_inner, size, sizeof(u32));
		s->index_size = size;
	}
	memset(s->by_tid, 0, size * sizeof(u32));
	memset(s->by_inner, 0, size * sizeof(u32));
	for (u32 i = 0; i < s->count; i++) {
		put_into(s, s->by_tid, hash_of(s, 0, s->list[i].tid), i);
		put_into(s, s->by_inner, hash_of(s, s->list[i].tgid, s->list[i].inner_tid), i);
	}
}

/* Totals never sink: what seemed to go on may turn out to have been over. */
static void grow(struct slot_times *to, const struct slot_times *t)
{
#define GROW(member) to->member = t->member > to->member ? t->member : to->member
	GROW(run);
	GROW(queue);
	for (int c = 0; c < CAUSES; c++)
		GROW(blocked[c]);
	GROW(voluntary);
	GROW(involuntary);
#undef GROW
}

void slots_read(struct slots *s, nsec_t now)
{
	struct slot_times times, sum;

	s->now = now;
	s->count = 0;
	/* Places are taken in their order: behind the first that never was, none is. */
	for (u32 i = 0; has_place(s, i) && s->shared[i].tid; i++) {
		struct thread_slot *t;

		s->list = xgrow(s->list, &s->capacity, s->count + 1, sizeof *s->list);
		s->places = xgrow(s->places, &s->places_capacity, s->count + 1, sizeof *s->places);
		s->places[s->count] = i;
		s->whole = xgrow(s->whole, &s->whole_capacity, i + 1, sizeof *s->whole);
		t = &s->list[s->count];
		if (copy(&s->shared[i], t))
			s->whole[i] = *t;
		else
			*t = s->whole[i]; /* a tick old: no thread is left out */
		if (t->state == SLOT_FREE)
			continue;
		if (t->state == SLOT_DEAD)
			bury(s, i, t);
		else
			s->count++;
	}
	sum = s->ended;
	for (size_t i = 0; i < s->count; i++) {
		slot_times_of(&s->list[i], now, &times);
		add(&sum, &times);
	}
	grow(&s->total, &sum);
	index_threads(s);
}

const struct thread_slot *slots_list(const struct slots *s, size_t *count)
{
	*count = s->count;
	return s->list;
}

u32 slots_place(const struct slots *s, size_t i)
{
	return s->places[i];
}

const struct thread_split *slots_split(const struct slots *s, size_t i)
{
	return s->splits ? &s->splits[s->places[i]] : NULL;
}

bool slots_are_split(const struct slots *s)
{
	return s->splits != NULL;
}

const struct thread_slot *slots_by_tid(const struct slots *s, u32 tid)
{
	for (size_t at = hash_of(s, 0, tid); s->index_size && s->by_tid[at]; at = (at + 1) & (s->index_size - 1)) {
		const struct thread_slot *t = &s->list[s->by_tid[at] - 1];

		if (t->tid == tid)
			return t;
	}
	return NULL;
}

const struct thread_slot *slots_by_inner(const struct slots *s, u32 tgid, u32 tid)
{
	for (size_t at = hash_of(s, tgid, tid); s->index_size && s->by_inner[at]; at = (at + 1) & (s->index_size - 1)) {
		const struct thread_slot *t = &s->list[s->by_inner[at] - 1];

		if (t->tgid == tgid && t->inner_tid == tid)
			return t;
	}
	return NULL;
}

const struct slot_times *slots_total(const struct slots *s)
{
	return &s->total;
}

nsec_t slots_now(const struct slots *s)
{
	return s->now;
}

const char *slot_label(const struct thread_slot *t, char *buf, size_t size)
{
	char raw[sizeof t->comm + 1] = "", name[40];

	memcpy(raw, t->comm, sizeof t->comm);
	str_clean(name, sizeof name, raw, strlen(raw));
	snprintf(buf, size, "%s/%u", name, t->tid);
	return buf;
}

const char *slot_waits_for(const struct thread_slot *t, char *buf, size_t size)
{
	const char *call = t->call == CALL_NONE ? "page fault" : calls_name(t->call);

	if (t->state == SLOT_RUNNING)
		call = "";
	else if (t->state == SLOT_RUNNABLE || t->woken)
		call = "run queue";
	snprintf(buf, size, "%s", call ? call : "an unknown call");
	return buf;
}

static void fill_row(union cell *row, const struct slot_times *t)
{
	static const int column[CAUSES] = {
#define X(id, word, place) [id] = (place),
		WAIT_CAUSES(X)
#undef X
	};
	double sum[table_threads_columns] = { 0 };

	for (int c = 0; c < CAUSES; c++)
		sum[column[c]] += nsec_to_seconds(t->blocked[c]);
	for (int c = THREADS_LOCK; c <= THREADS_OTHER; c++)
		row[c].number = sum[c];
}

/* The exact times in place of those that /proc samples, so that all parts of the row are of one clock and one moment. */
static void fill_run(struct told *k, const struct thread_slot *t, const struct slot_times *now, union cell *row)
{
	double user = row[THREADS_USER].number - k->proc_user, system = row[THREADS_SYSTEM].number - k->proc_system;
	double ran = now->run > k->run ? nsec_to_seconds(now->run - k->run) : 0; /* what seemed to go on was over */

	if (isnan(row[THREADS_RUNQUEUE].number) || isnan(user + system + row[THREADS_USER].number))
		return;
	if (k->tid != t->tid || k->start != t->start) {
		*k = (struct told){ .start = t->start, .tid = t->tid, .user = row[THREADS_USER].number,
			.system = row[THREADS_SYSTEM].number,
			.queue_before = row[THREADS_RUNQUEUE].number - nsec_to_seconds(now->queue) };
	} else {
		double share = user + system > 0 ? user / (user + system) : 1;

		k->user += ran * share;
		k->system += ran * (1 - share);
	}
	k->proc_user = row[THREADS_USER].number;
	k->proc_system = row[THREADS_SYSTEM].number;
	k->run = now->run > k->run ? now->run : k->run;
	row[THREADS_USER].number = k->user;
	row[THREADS_SYSTEM].number = k->system;
	row[THREADS_RUN].number = k->user + k->system;
	row[THREADS_RUNQUEUE].number = k->queue_before + nsec_to_seconds(now->queue);
}

void slots_fill_threads(struct slots *s, const struct locks *names, struct table *threads, struct sample *out)
{
	const nsec_t tick = NSEC_PER_SEC / (nsec_t)sysconf(_SC_CLK_TCK);

	for (size_t i = 0; threads && i < threads->nrows; i++) {
		const struct thread_slot *t = slots_by_tid(s, (u32)table_thread_tid(threads->keys[i]));
		union cell *row = threads->cells + i * threads->def->ncolumns;
		struct slot_times times;
		char text[64];
		u32 place;

		if (!t || table_thread_key((pid_t)t->tid, t->start / tick) != threads->keys[i])
			continue;
		place = s->places[t - s->list];
		slot_times_of(t, s->now, &times);
		s->told = xgrow(s->told, &s->told_capacity, place + 1, sizeof *s->told);
		fill_run(&s->told[place], t, &times, row);
		fill_row(row, &times);
		slot_waits_for(t, text, sizeof text);
		row[THREADS_WAITS_FOR].text = sample_text(out,
			t->state == SLOT_BLOCKED && t->kind && !t->woken ? locks_name(names, t->tgid, t->addr) : text);
	}
}
