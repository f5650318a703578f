/* The bpf source: loads the groups that somebody wants, beside the sampler, and reads them at the tick. */
#include "source/bpf/bpf.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"
#include "source/bpf/features.h"
#include "source/bpf/id.h"
#include "source/bpf/meter.h"
#include "source/bpf/privilege.h"
#include "source/bpf/records.h"
#include "source/bpf/slow.h"
#include "source/bpf/stacks.h"
#include "source/bpf/switch.h"
#include "symbol/worker.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACKS_A_TICK 48 /* what the ring has room for, and some slow waits */

/* The kernel's types are 6 MiB in one piece, which every object reads anew: between them that memory is kept, as to give
 * it back and get it again takes longer than to read it. Then it goes: malloc_trim() does not free what lies on top of a
 * thread's heap, but free() does, above the threshold, which is the C library's own first value. */
#define KEEP_WHILE_LOADING (32 << 20)
#define KEEP (128 << 10)

struct bpf_state {
	struct bpf_room room;
	pthread_t loader;
	bool joined;       /* the sampler has taken over what the loader made */
	atomic_bool ready; /* the loader is done */
	struct switcher *switcher;
};

static __attribute__((format(printf, 2, 0))) int tell(enum libbpf_print_level level, const char *format, va_list args)
{
	char text[512];

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(text, sizeof text, format, args);
	log_line("%s", text);
	return 0;
}

static bool probe(struct err *why, struct err *fix)
{
	return privilege_has(why, fix);
}

static bool is_wanted(const struct bpf_room *r, const struct group_ops *ops)
{
	if (ops->always)
		return true;
	if (ops->opt_in)
		return false;
	if (ops->wanted)
		return ops->wanted(r);
	for (unsigned m = ops->first; m <= ops->last; m++)
		if (r->env->wanted[m])
			return true;
	return false;
}

static void map_control(struct bpf_room *r)
{
	int fd = group_map(&r->groups[0], "control");
	void *memory = fd < 0 ? MAP_FAILED :
		mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	r->control = memory == MAP_FAILED ? NULL : memory;
	if (r->control) {
		*r->control = (struct bpf_control){ .epoch = 1, .slow = { 0 } };
	} else if (r->groups[0].skeleton) {
		err_set(&r->groups[0].why, errno, "what the probes are told by cannot be mapped: %s", strerror(errno));
		group_unload(&r->groups[0]); /* without it there are no others */
	}
}

/* The ring is of whichever group has it first; and the thread that finds names. */
static void open_records(struct bpf_room *r)
{
	struct err e;

	for (size_t i = 0; i < r->ngroups && !r->records; i++) {
		int map = group_map(&r->groups[i], "records");

		if (map >= 0 && !(r->records = records_open(r, map, &e)))
			log_line("%s", e.text);
	}
	if (r->groups[0].skeleton && !(r->symbols = symbol_worker_start(&e)))
		log_line("%s", e.text);
	if (!r->records || !r->symbols)
		return;
	r->stacks = stacks_open(r);
	records_handle(r->records, RECORD_STACK, stacks_take);
}

/* Loads everything. Runs beside the sampler, which meanwhile has the numbers of /proc to show. */
static void *load(void *state)
{
	struct bpf_state *s = state;
	struct bpf_room *r = &s->room;
	nsec_t begin = clock_now(), cpu = clock_cpu_thread();

	mallopt(M_MMAP_THRESHOLD, KEEP_WHILE_LOADING);
	mallopt(M_TRIM_THRESHOLD, KEEP_WHILE_LOADING);
	features_find(&r->features);
	for (size_t i = 0; i < r->ngroups; i++) {
		struct group *g = &r->groups[i];

		if (i && !r->groups[0].skeleton)
			g->why = r->groups[0].why;
		else if (is_wanted(r, g->ops))
			group_load(g);
		if (i == 0)
			map_control(r);
	}
	r->meter = meter_open(r);
	open_records(r);
	mallopt(M_MMAP_THRESHOLD, KEEP);
	mallopt(M_TRIM_THRESHOLD, KEEP);
	free(xcalloc(1, KEEP - 4096));
	malloc_trim(0);
	atomic_store(&s->ready, true);
	log_line("probes loaded in %.1f ms, %.1f ms of CPU", nsec_to_seconds(clock_now() - begin) * 1e3,
		nsec_to_seconds(clock_cpu_thread() - cpu) * 1e3);
	return NULL;
}

static void *open_bpf(const struct source_env *env, const struct target *t, struct err *e)
{
	struct bpf_state *s = xcalloc(1, sizeof *s);
	struct bpf_room *r = &s->room;
	int rc;

	libbpf_set_print(tell);
	*r = (struct bpf_room){ .env = env, .target = t, .ncpus = libbpf_num_possible_cpus(), .slow = slow_new() };
	if (r->ncpus <= 0) {
		err_set(e, -r->ncpus, "the number of CPUs is not known: %s", strerror(-r->ncpus));
		slow_free(r->slow);
		free(s);
		return NULL;
	}
	while (group_table[r->ngroups])
		r->ngroups++;
	r->groups = xcalloc(r->ngroups, sizeof *r->groups);
	for (size_t i = 0; i < r->ngroups; i++)
		r->groups[i] = (struct group){ .ops = group_table[i], .room = r };
	rc = pthread_create(&s->loader, NULL, load, s);
	if (rc) {
		err_set(e, rc, "cannot start a thread: %s", strerror(rc));
		slow_free(r->slow);
		free(r->groups);
		free(s);
		return NULL;
	}
	s->switcher = switcher_open(r);
	if (env->handover)
		env->handover->taker = true;
	return s;
}

static void tell_marked(struct bpf_room *r)
{
	for (size_t i = 0; i < r->ngroups; i++)
		if (!r->groups[i].switching && r->groups[i].attached && r->groups[i].ops->marked)
			r->groups[i].ops->marked(&r->groups[i]);
}

/* Takes over from the loader and marks the target: its hooks are attached, so no child is missed. */
static void take_over(struct bpf_state *s)
{
	struct group *id = &s->room.groups[0];
	struct err e;

	pthread_join(s->loader, NULL);
	s->joined = true;
	if (!id->skeleton)
		return;
	if (id_find(id, &e))
		log_line("probes: %s", e.text);
	tell_marked(&s->room);
}

/* What could not be kept, in a status row; and the bits of what grew, which make numbers lower bounds. */
static void read_losses(struct bpf_room *r, struct sample *out)
{
	static const char *const texts[LOSSES] = {
#define X(id, text) text,
		BPF_LOSSES(X)
#undef X
	};
	const struct group *id = &r->groups[0];
	int map = group_map(id, "losses");
	char why[240] = "";
	size_t n = 0;

	r->losing = 0;
	for (u32 i = 0; map >= 0 && i < LOSSES; i++) {
		u64 lost = group_read_count(id, map, i);

		if (lost != r->lost[i])
			r->losing |= LOSS_BIT(i);
		r->lost[i] = lost;
		if (lost && n < sizeof why)
			n += (size_t)snprintf(why + n, sizeof why - n, "%s%llu %s", n ? ", " : "lost so far: ",
				(unsigned long long)lost, texts[i]);
	}
	if (n)
		sample_status(out, "probe tables", STATUS_PARTIAL, why, "");
}

/* The last of the target has ended: nobody is to pay for it any more. */
static void take_out(struct bpf_state *s)
{
	switcher_stop(s->switcher);
	for (size_t i = 0; i < s->room.ngroups; i++)
		if (s->room.groups[i].attached)
			group_detach(&s->room.groups[i]);
}

static void read_bpf(void *state, const struct target *t, struct sample *out)
{
	struct bpf_state *s = state;

	if (!s->joined && !atomic_load(&s->ready) && !target_is_held(t) && !target_is_over(t)) {
		sample_status(out, "bpf", STATUS_PARTIAL, "its programs are being loaded", "");
		return;
	}
	if (!s->joined)
		take_over(s);
	if (id_follow(&s->room.groups[0]))
		tell_marked(&s->room);
	read_losses(&s->room, out);
	switcher_go(s->switcher, clock_now());
	for (size_t i = 0; i < s->room.ngroups; i++)
		if (s->room.groups[i].switching)
			sample_status(out, s->room.groups[i].ops->name, STATUS_OFF, "it is being switched on or off", "");
		else
			group_read(&s->room.groups[i], out);
	if (s->room.records) /* after the threads and locks, by whose names they go */
		records_read(s->room.records);
	if (s->room.stacks) {
		stacks_read(s->room.stacks, s->room.locks);
		stacks_put(s->room.stacks, out);
	}
	slow_forget(s->room.slow, clock_now());
	slow_put(s->room.slow, clock_now(), out);
	meter_read(s->room.meter, clock_now(), out);
	if (s->room.control) {
		s->room.control->epoch++;
		s->room.control->stacks_left = STACKS_A_TICK;
	}
	if (target_is_over(t))
		take_out(s);
}

static void ask_bpf(void *state, const struct target *t, const char *question, char *answer, size_t size)
{
	struct bpf_state *s = state;

	if (target_is_over(t)) {
		str_copy(answer, size, "the target has ended");
		return;
	}
	switcher_ask(s->switcher, question, answer, size, clock_now());
	if (s->joined)
		switcher_go(s->switcher, clock_now());
}

static void close_bpf(void *state)
{
	struct bpf_state *s = state;

	if (!s->joined)
		pthread_join(s->loader, NULL);
	switcher_close(s->switcher);
	for (size_t i = s->room.ngroups; i-- > 0;)
		group_unload(&s->room.groups[i]);
	stacks_close(s->room.stacks);
	symbol_worker_stop(s->room.symbols);
	meter_close(s->room.meter);
	records_close(s->room.records);
	slow_free(s->room.slow);
	if (s->room.control)
		munmap(s->room.control, (size_t)sysconf(_SC_PAGESIZE));
	features_free(&s->room.features);
	free(s->room.groups);
	free(s);
}

static bool describe(size_t i, struct source_probe *out)
{
	const struct group_ops *ops = group_table[i];

	if (!ops)
		return false;
	*out = (struct source_probe){ .name = ops->name, .summary = ops->summary, .how = ops->opt_in ? ops->how : NULL };
	if (ops->price && !ops->price->own) {
		out->target = ops->price->target[PRICE_FULL];
		out->others = ops->price->bystander;
	}
	return true;
}

const struct source_ops source_bpf = {
	.name = "bpf",
	.summary = "waits, locks, run queue and the time of every thread, by programs in the kernel",
	.metrics = bpf_rows,
	.nmetrics = BPF_METRIC_COUNT,
	.takes_counters = true,
	.probe = probe,
	.open = open_bpf,
	.read = read_bpf,
	.ask = ask_bpf,
	.close = close_bpf,
	.describe = describe,
};
