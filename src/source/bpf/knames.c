/* A small table of names, filled by the symbol worker; and the ends of two sections, from one pass over /proc/kallsyms. */
#include "source/bpf/knames.h"

#include "base/alloc.h"
#include "base/thread.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES 1024 /* places; when three quarters are taken, all are given up */
#define ENDS 4
#define PAUSE_LEAST (10 * NSEC_PER_SEC) /* between two readings of the kernel's symbols; twice as long each time */
#define PAUSE_MOST (600 * NSEC_PER_SEC)
#define IMAGE (1ull << 31) /* the image and its modules lie that near to each other */

struct place {
	u64 address; /* 0: free */
	bool known;
	struct symbol_name name;
};

struct knames {
	const struct bpf_room *room;
	struct place *places; /* open addressing by address */
	size_t count;
	nsec_t next, pause;
	bool may_ask, asked; /* at this tick */
	pthread_t thread;
	bool sought, started, hidden; /* started: the thread is there */
	atomic_bool done;
	u64 ends[ENDS];
};

/* The order of struct knames.ends: begin and end of each section. */
static const char *const end_names[ENDS] = { "__sched_text_start", "__sched_text_end", "__lock_text_start",
	"__lock_text_end" };

/* Returns how many it had of them. */
static size_t take_line(struct knames *k, const char *line)
{
	unsigned long long address;
	char name[32];

	if (sscanf(line, "%llx %*c %31s", &address, name) != 2)
		return 0;
	for (size_t i = 0; i < ENDS; i++)
		if (strcmp(name, end_names[i]) == 0) {
			k->ends[i] = address;
			return 1;
		}
	return 0;
}

static void *find_ends(void *knames)
{
	struct knames *k = knames;
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[256];
	size_t found = 0;

	while (f && found < ENDS && fgets(line, sizeof line, f)) /* all stand in its first part */
		if (strstr(line, "_text_"))
			found += take_line(k, line);
	if (f)
		fclose(f);
	atomic_store(&k->done, true);
	return NULL;
}

struct knames *knames_open(const struct bpf_room *r)
{
	struct knames *k = xcalloc(1, sizeof *k);

	k->room = r;
	k->places = xcalloc(NAMES, sizeof *k->places);
	return k;
}

void knames_close(struct knames *k)
{
	if (!k)
		return;
	if (k->started)
		pthread_join(k->thread, NULL);
	free(k->places);
	free(k);
}

void knames_tick(struct knames *k, nsec_t now)
{
	if (k->asked) {
		k->pause = !k->pause ? PAUSE_LEAST : k->pause < PAUSE_MOST / 2 ? 2 * k->pause : PAUSE_MOST;
		k->next = now + k->pause;
	}
	k->asked = false;
	k->may_ask = now >= k->next;
}

static struct place *place_of(struct knames *k, u64 address)
{
	size_t at = (size_t)(address * 0x9e3779b97f4a7c15ull >> 32) % NAMES;

	if (k->count > NAMES / 4 * 3) {
		memset(k->places, 0, NAMES * sizeof *k->places);
		k->count = 0;
	}
	while (k->places[at].address && k->places[at].address != address)
		at = (at + 1) % NAMES;
	k->count += !k->places[at].address;
	k->places[at].address = address;
	return &k->places[at];
}

const struct symbol_name *knames_get(struct knames *k, u64 address)
{
	struct symbol_key key = { .pid = SYMBOL_KERNEL, .ask = SYMBOL_ASK_NAME, .id = address };
	struct place *p = place_of(k, address);
	struct symbol_result *result;

	if (p->known)
		return &p->name;
	if (!k->room->symbols)
		return NULL;
	switch (symbol_worker_take(k->room->symbols, key, &result)) {
	case SYMBOL_STATE_DONE:
		p->known = true;
		p->name = result->names[0];
		free(result);
		return &p->name;
	case SYMBOL_STATE_NONE:
		k->asked |= k->may_ask && symbol_worker_ask(k->room->symbols, key);
		break;
	case SYMBOL_STATE_WAITS:
		break;
	}
	return NULL;
}

bool knames_take_lock_text(struct knames *k, u64 begin[2], u64 end[2])
{
	if (!k->started && !k->sought)
		k->started = k->sought = thread_start(&k->thread, find_ends, k) == 0;
	if (!k->started || !atomic_load(&k->done))
		return false;
	pthread_join(k->thread, NULL);
	k->started = false;
	for (size_t i = 0; i < 2; i++) {
		begin[i] = k->ends[2 * i];
		end[i] = k->ends[2 * i + 1];
	}
	k->hidden = !end[0];
	return !k->hidden;
}

bool knames_hidden(const struct knames *k)
{
	return k->hidden;
}

bool knames_near(const struct knames *k, u64 address)
{
	u64 from;

	if (!k->sought || k->started) /* they are the thread's */
		return false;
	from = k->ends[0] > IMAGE ? k->ends[0] - IMAGE : 0;
	return k->ends[0] && address - from < 2 * IMAGE;
}
