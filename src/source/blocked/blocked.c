/*
 * The blocked source. It has the metrics of the scheduler's probe, and puts them only in ticks in which that probe has
 * said that it cannot: then they are estimates. Reading what another thread waits for takes the rights of a debugger.
 */
#include "source/blocked/blocked.h"

#include "base/alloc.h"
#include "base/file.h"
#include "model/tables.h"
#include "source/blocked/tables.h"
#include "source/blocked/rhythm.h"
#include "source/waits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROW(id, name_, label_, kind_, unit_, help_) \
	{ .name = name_, .label = label_, .help = help_, .kind = METRIC_##kind_, .unit = UNIT_##unit_ },
#define ID(id, name, label, kind, unit, help) BLOCKED_##id,
static const struct metric rows[] = { WAIT_METRICS(ROW) };
enum blocked_metric { WAIT_METRICS(ID) BLOCKED_METRICS };

struct blocked {
	const struct source_env *env;
	metric_id id[BLOCKED_METRICS];
	struct sampler *sampler;    /* NULL: not needed so far */
	struct naming *naming;
	struct err failure;         /* why there is none, though it is needed */
	uint64_t generation, looks; /* of the target; at the last report */
	nsec_t reported;            /* at first: when it began */
};

static bool probe(struct err *why, struct err *fix)
{
	char line[256];

	(void)fix;
	if (file_read_at(AT_FDCWD, "/proc/self/syscall", line, sizeof line) > 0)
		return true;
	err_set(why, ENOENT, "this kernel does not tell what threads wait for (/proc/PID/syscall)");
	return false;
}

static void *open_blocked(const struct source_env *env, const struct target *t, struct err *e)
{
	struct blocked *b = xcalloc(1, sizeof *b);

	(void)t;
	(void)e;
	b->env = env;
	b->naming = naming_open();
	for (int m = 0; m < BLOCKED_METRICS; m++)
		b->id[m] = registry_find(env->registry, rows[m].name);
	return b;
}

static void close_blocked(void *state)
{
	struct blocked *b = state;

	sampler_close(b->sampler);
	naming_close(b->naming);
	free(b);
}

/* Whether nobody better tells: a source before this one has said that it cannot, or there is none. A gap is not no: its
 * programs may be on their way; nor is a table of its own, whatever it leaves out. */
static bool is_needed(const struct blocked *b, const struct sample *out)
{
	if (sample_find_table(out, &table_locks))
		return false;
	for (int m = 0; m < BLOCKED_METRICS; m++) {
		enum point_state state;

		if (!b->env->wanted[m])
			continue;
		state = b->id[m] < out->nmetrics ? out->points[b->id[m]].state : POINT_GAP;
		return b->id[m] >= b->env->first || state == POINT_DENIED || state == POINT_ABSENT;
	}
	return false;
}

static void follow(struct blocked *b, const struct target *t)
{
	struct watch list;

	if (!b->sampler && !b->failure.code) {
		b->sampler = sampler_open(&b->failure);
		b->generation = target_generation(t) - 1;
		b->reported = clock_now();
	}
	if (!b->sampler || b->generation == target_generation(t))
		return;
	b->generation = target_generation(t);
	list = watch_list(t);
	sampler_follow(b->sampler, &list);
}

/* ---- what is said ---- */

static void put(const struct blocked *b, enum blocked_metric m, nsec_t total, float coverage, struct sample *out)
{
	struct point p = point_of(nsec_to_seconds(total));

	p.state = POINT_SCALED;
	p.coverage = coverage;
	if (b->env->wanted[m])
		sample_put(out, b->id[m], p);
}

static void put_sums(const struct blocked *b, const struct report *r, float coverage, struct sample *out)
{
	nsec_t sum[BLOCKED_METRICS] = { [BLOCKED_LOCK_WAIT] = r->sum[CAUSE_LOCK] };
	static const enum blocked_metric place[CAUSES] = { [CAUSE_LOCK] = BLOCKED_THR_LOCK, [CAUSE_DISK] = BLOCKED_THR_DISK,
		[CAUSE_NET] = BLOCKED_THR_NET, [CAUSE_SLEEP] = BLOCKED_THR_SLEEP, [CAUSE_IDLE] = BLOCKED_THR_IDLE,
		[CAUSE_FAULT] = BLOCKED_THR_DISK, [CAUSE_OTHER] = BLOCKED_THR_OTHER };

	for (int c = 0; c < CAUSES; c++)
		sum[place[c]] += r->sum[c];
	for (unsigned m = 0; m < BLOCKED_METRICS; m++)
		put(b, m, sum[m], coverage, out);
}

/* A missing point may have the better reason of the source that could count exactly. */
static void put_missing(const struct blocked *b, enum point_state state, const char *why, struct sample *out)
{
	for (int m = 0; m < BLOCKED_METRICS; m++)
		if (b->env->wanted[m] && b->id[m] >= b->env->first)
			sample_put_missing(out, b->id[m], state, why);
}

static bool only_parents_may(void)
{
	char text[16];

	return file_read_at(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope", text, sizeof text) > 0 && text[0] != '0';
}

static void put_denied(const struct blocked *b, size_t refused, const struct report *r, struct sample *out)
{
	bool yama = geteuid() != 0 && only_parents_may(), all = refused == r->list.nprocesses;
	const char *fix = yama ? "sysctl kernel.yama.ptrace_scope=0, or let tach start the program" :
		"run tach as root or as the user of the program";
	char why[200];

	if (all)
		snprintf(why, sizeof why, "%s may see what its threads wait for",
			yama ? "only the parent of a program (kernel.yama.ptrace_scope)" : "only root and the program's own user");
	else
		snprintf(why, sizeof why, "%zu of its %zu processes may not be looked at", refused, r->list.nprocesses);
	sample_status(out, source_blocked.name, all ? STATUS_DENIED : STATUS_PARTIAL, why, fix);
	if (all)
		put_missing(b, POINT_DENIED, why, out);
}

static size_t count_refused(const struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->list.nprocesses; i++)
		n += r->list.processes[i].refused != 0;
	return n;
}

static void put_estimated(double hz, struct sample *out)
{
	char why[120];

	snprintf(why, sizeof why, "waits are estimates, from looking at each thread %.3g times a second", hz);
	sample_status(out, source_blocked.name, STATUS_PARTIAL, why, "");
}

static void put_report(struct blocked *b, const struct report *r, struct sample *out)
{
	double seconds = nsec_to_seconds(r->time - b->reported), hz;
	size_t refused = count_refused(r);
	char note[64];

	hz = r->count && seconds > 0 ? (double)(r->looks - b->looks) / (double)r->count / seconds : 0;
	b->looks = r->looks;
	b->reported = r->time;
	if (refused)
		put_denied(b, refused, r, out);
	if (refused == r->list.nprocesses && refused)
		return;
	put_sums(b, r, (float)(hz < RHYTHM_FULL_HZ ? hz / RHYTHM_FULL_HZ : 1), out);
	snprintf(note, sizeof note, hz < 9.5 ? "sampled %.1f Hz, no BPF" : "sampled %.0f Hz, no BPF", hz);
	blocked_put_tables(&(struct told){ r, b->naming, note }, out);
	if (!refused)
		put_estimated(hz, out);
}

static void read_blocked(void *state, const struct target *t, struct sample *out)
{
	struct blocked *b = state;
	const struct report *r;

	if (!is_needed(b, out)) {
		sampler_close(b->sampler);
		b->sampler = NULL;
		b->looks = 0;
		return;
	}
	follow(b, t);
	r = b->sampler ? sampler_report(b->sampler) : NULL;
	if (r) {
		naming_read(b->naming, t, r, b->sampler);
		put_report(b, r, out);
	} else {
		sample_status(out, source_blocked.name, b->sampler ? STATUS_PARTIAL : STATUS_ABSENT,
			b->sampler ? "a look at the program is held up (it may be in an exec)" : b->failure.text, "");
	}
}

const struct source_ops source_blocked = {
	.name = "blocked",
	.summary = "estimates of what threads wait for, and of locks with their owners, where no probe may be loaded",
	.metrics = rows,
	.nmetrics = BLOCKED_METRICS,
	.probe = probe,
	.open = open_blocked,
	.read = read_blocked,
	.close = close_blocked,
};
