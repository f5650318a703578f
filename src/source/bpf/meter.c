/* Rates of the groups, what others do, the correction, and the states that say what was decided. */
#include "source/bpf/meter.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/fmt.h"
#include "base/log.h"
#include "source/bpf/runs.h"
#include "source/bpf/slots.h"
#include "source/bpf/spend.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOOK (900 * NSEC_PER_MSEC)   /* at most so often: a tick of a second is never too early for it */
#define RUNS_EVERY (10 * NSEC_PER_SEC)
#define RUNS_LEAST 200               /* runs from which the statistics say something */
#define HOOK_NS 27.0                 /* of an empty program at a tracepoint, which the statistics do not see */
#define IDLE 1e-5                    /* CPU seconds a second: nothing can cost a share of so little */
#define PAUSE (60 * NSEC_PER_SEC)    /* the first; each is twice as long as the one before, up to PRICE_CALM_MOST */
#define SMOOTH 0.5                   /* weight of what is new */
#define TIMING_ROUNDS 20
#define TIMING_CALLS 1000

struct rate {
	double before;       /* events at the last look; NaN: there was none */
	double events, others; /* a second */
	double correction;   /* of the table, by the statistics */
};

struct pause {
	nsec_t length, end;  /* after which a group that was too dear is tried again; 0: it never was */
};

struct meter {
	struct bpf_room *room;
	struct runs *runs;
	struct spend spend;
	nsec_t run;          /* CPU time of the target at the last look, by the scheduler's hooks */
	struct price_guard guard;
	struct rate rates[PRICE_GROUPS];
	struct pause pauses[PRICE_GROUPS];
	double machine;      /* how much slower than the table's */
	nsec_t looked, measured; /* 0: not yet */
	bool known;          /* costs are: there was an interval to look at */
	double switches;     /* of the whole machine, at the last look at them; NaN: there was none */
	nsec_t switched;     /* when that was */
	bool counted;        /* there were two such looks */
	bool by_runs;        /* the statistics have said what others do */
	double cpu;          /* of the target, CPU seconds a second */
	double cost, bystanders; /* the same, as of now */
	double total;        /* that others have paid, CPU seconds */
	double most;
};

/* A system call that does nothing, against the table's machine. The shortest round: whatever else runs only adds. */
static double time_machine(void)
{
	nsec_t least = UINT64_MAX;
	double ratio;

	for (int round = 0; round < TIMING_ROUNDS; round++) {
		nsec_t begin = clock_cpu_thread(), took;

		for (int i = 0; i < TIMING_CALLS; i++)
			syscall(SYS_getppid);
		took = clock_cpu_thread() - begin;
		least = took < least ? took : least;
	}
	ratio = (double)least / TIMING_CALLS / PRICE_REFERENCE;
	return ratio < 0.2 ? 0.2 : ratio > 10 ? 10 : ratio;
}

struct meter *meter_open(struct bpf_room *r)
{
	struct meter *m = xcalloc(1, sizeof *m);

	m->room = r;
	m->runs = runs_open();
	m->switches = (double)NAN;
	m->machine = time_machine();
	m->most = r->env->max_cost > 0 ? r->env->max_cost : PRICE_MOST;
	for (size_t i = 0; i < PRICE_GROUPS; i++)
		m->rates[i] = (struct rate){ .before = (double)NAN, .correction = 1 };
	return m;
}

void meter_close(struct meter *m)
{
	if (!m)
		return;
	runs_close(m->runs);
	spend_free(&m->spend);
	free(m);
}

static bool has_price(const struct group *g)
{
	return !g->switching && g->attached && g->ops->price;
}

/* ---- what happens ---- */

static double smoothed(double old, double new)
{
	return old > 0 ? old + SMOOTH * (new - old) : new;
}

/* The scheduler's hooks know it of those too that have ended. */
static double cpu_since(struct meter *m)
{
	nsec_t run = m->room->slots ? slots_total(m->room->slots)->run : 0, since = run > m->run ? run - m->run : 0;
	nsec_t clocks = spend_since(&m->spend, m->room->target);

	m->run = run;
	return nsec_to_seconds(since > clocks ? since : clocks);
}

static void look_at_target(struct meter *m, double seconds)
{
	m->cpu = smoothed(m->cpu, cpu_since(m) / seconds);
	for (size_t i = 0; i < m->room->ngroups; i++) {
		struct group *g = &m->room->groups[i];
		struct rate *r = &m->rates[i];
		double now;

		if (!has_price(g)) {
			*r = (struct rate){ .before = (double)NAN, .correction = r->correction };
			continue;
		}
		now = g->ops->events(g);
		if (!isnan(r->before))
			r->events = smoothed(r->events, now > r->before ? (now - r->before) / seconds : 0);
		r->before = now;
	}
}

/* ---- the kernel's statistics ---- */

static bool is_counted(const struct group *g, const char *name)
{
	for (const char *const *n = g->ops->counted; n && *n; n++)
		if (strcmp(*n, name) == 0)
			return true;
	return false;
}

/* Switches of the whole machine since it started; NaN: /proc/stat does not say. Its lines are long on large machines. */
static double machine_switches(void)
{
	char *text = NULL, *at;
	size_t length;
	double switches = (double)NAN;

	if (file_read_all("/proc/stat", 4 << 20, &text, &length) == 0 && (at = strstr(text, "\nctxt ")))
		switches = strtod(at + 6, NULL);
	free(text);
	return switches;
}

/* Without the statistics: what others pay for hooks of the scheduler is known at least. */
static void count_switches(struct meter *m, nsec_t now)
{
	double all, rate;

	if (m->counted && now - m->switched < RUNS_EVERY)
		return;
	all = machine_switches();
	rate = (all - m->switches) / nsec_to_seconds(now - m->switched);
	m->counted = !isnan(rate);
	for (size_t i = 0; i < m->room->ngroups && !isnan(rate); i++) {
		struct rate *r = &m->rates[i];

		if (has_price(&m->room->groups[i]) && m->room->groups[i].ops->price->switches)
			r->others = rate > r->events ? rate - r->events : 0;
	}
	m->switches = all;
	m->switched = now;
}

static void begin_runs(struct meter *m, nsec_t now)
{
	struct runs_program list[RUNS_MOST];
	size_t n = 0;

	m->measured = now;
	for (size_t i = 0; i < m->room->ngroups; i++) {
		const struct group *g = &m->room->groups[i];

		for (int k = 0; has_price(g) && g->ops->counted && k < g->skeleton->prog_cnt && n < RUNS_MOST; k++) {
			const struct bpf_program *p = *g->skeleton->progs[k].prog;
			int fd = bpf_program__fd(p) < 0 ? -1 : fcntl(bpf_program__fd(p), F_DUPFD_CLOEXEC, 3);

			if (fd >= 0)
				list[n++] = (struct runs_program){ .fd = fd, .group = i, .counted = is_counted(g, bpf_program__name(p)) };
		}
	}
	if (n)
		runs_begin(m->runs, list, n);
}

/* What the programs of a group took, against what the table says they would. */
static void take_group(struct meter *m, size_t group, double seconds, double counted, double all, double time)
{
	const struct group *g = &m->room->groups[group];
	struct rate *r = &m->rates[group];
	double target = r->events * seconds < counted ? r->events * seconds : counted, others = counted - target;
	double expected = (target * g->ops->price->target[g->stage] + others * g->ops->price->bystander) * m->machine;
	double took = time + all * HOOK_NS * m->machine, correction;

	r->others = others / seconds;
	if (counted < RUNS_LEAST || !(expected > 0))
		return;
	correction = took / expected;
	correction = correction < 0.25 ? 0.25 : correction > 4 ? 4 : correction;
	r->correction += SMOOTH * (correction - r->correction);
	log_line("probe %s: %.0f runs a second, %.0f ns each; the target's events are %.0f; prices times %.2f", g->ops->name,
		all / seconds, time / all, r->events, correction);
}

static void take_runs(struct meter *m)
{
	size_t count;
	double seconds;
	const struct runs_program *list = runs_take(m->runs, &count, &seconds);

	if (!list)
		return;
	m->by_runs = true;
	for (size_t i = 0; i < m->room->ngroups; i++) {
		double counted = 0, all = 0, time = 0;

		if (!has_price(&m->room->groups[i]) || m->room->groups[i].stage >= PRICE_OFF)
			continue;
		for (size_t k = 0; k < count; k++) {
			if (list[k].group != i)
				continue;
			counted += list[k].counted ? (double)list[k].count : 0;
			all += (double)list[k].count;
			time += (double)list[k].time;
		}
		take_group(m, i, seconds, counted, all, time);
	}
}

/* ---- costs and stages ---- */

static size_t fill_uses(const struct meter *m, struct price_use uses[PRICE_GROUPS], size_t places[PRICE_GROUPS])
{
	size_t n = 0;

	for (size_t i = 0; i < m->room->ngroups; i++) {
		const struct rate *r = &m->rates[i];

		if (!has_price(&m->room->groups[i]))
			continue;
		places[n] = i;
		uses[n++] = (struct price_use){ .row = m->room->groups[i].ops->price, .events = r->events, .others = r->others,
			.scale = m->room->groups[i].ops->price->own ? 1 : m->machine * r->correction };
	}
	return n;
}

static void set_stage(struct meter *m, struct group *g, enum price_stage stage)
{
	static const char *const names[] = { "full", "sampled", "counts", "off" };
	struct pause *p = &m->pauses[g - m->room->groups];

	if (g->stage == stage)
		return;
	if (stage == PRICE_OFF) {
		p->length = !p->length ? PAUSE : p->length < PRICE_CALM_MOST / 2 ? 2 * p->length : PRICE_CALM_MOST;
		p->end = clock_now() + p->length;
	}
	log_line("probe %s: %s; the probes cost %.1f%% of the target's time", g->ops->name, names[stage], m->cost * 100);
	group_set_stage(g, stage);
}

static void decide(struct meter *m, const struct price_use *uses, const size_t *places, size_t n, nsec_t now)
{
	enum price_stage right[PRICE_GROUPS], milder[PRICE_GROUPS];
	struct price_guard guard = { .stage = { PRICE_FULL } };

	if (m->room->env->force || !n)
		return;
	price_decide(uses, n, m->cpu, m->most, right);
	price_decide(uses, n, m->cpu, m->most * PRICE_MARGIN, milder);
	for (size_t i = 0; i < n; i++) { /* those of the groups that are there now */
		guard.stage[i] = m->room->groups[places[i]].stage;
		guard.off_since[i] = m->guard.off_since[places[i]];
		guard.calm_since[i] = m->guard.calm_since[places[i]];
		guard.calm[i] = m->guard.calm[places[i]];
	}
	price_guard_take(&guard, uses, right, milder, n, now);
	for (size_t i = 0; i < n; i++) {
		m->guard.off_since[places[i]] = guard.off_since[i];
		m->guard.calm_since[places[i]] = guard.calm_since[i];
		m->guard.calm[places[i]] = guard.calm[i];
		set_stage(m, &m->room->groups[places[i]], guard.stage[i]);
	}
}

/* What was only dear for a while (memory that is filled at the start) may be worth it now. Not so what keeps an account
 * of every thread or call: it has missed too much. */
static void try_again(struct meter *m, nsec_t now)
{
	for (size_t i = 0; i < m->room->ngroups; i++) {
		struct group *g = &m->room->groups[i];

		if (g->stage != PRICE_OFF || g->switching || g->attached || !group_may_come_back(g) || now < m->pauses[i].end)
			continue;
		group_set_stage(g, PRICE_FULL);
		g->again = true;
	}
}

static void add_up(struct meter *m, const struct price_use *uses, const size_t *places, size_t n)
{
	double target = 0;

	m->bystanders = 0;
	for (size_t i = 0; i < n; i++) {
		target += price_target(&uses[i], m->room->groups[places[i]].stage);
		m->bystanders += price_bystanders(&uses[i], m->room->groups[places[i]].stage);
	}
	m->cost = m->cpu > IDLE ? target / m->cpu : 0;
}

static void look(struct meter *m, nsec_t now)
{
	double seconds = nsec_to_seconds(now - m->looked);
	struct price_use uses[PRICE_GROUPS];
	size_t places[PRICE_GROUPS], n;

	take_runs(m);
	look_at_target(m, seconds);
	n = fill_uses(m, uses, places);
	add_up(m, uses, places, n);
	m->total += m->bystanders * seconds;
	decide(m, uses, places, n, now);
	try_again(m, now);
	if (runs_denied(m->runs))
		count_switches(m, now);
	else if (now - m->measured >= RUNS_EVERY || !m->measured)
		begin_runs(m, now);
	m->known = true;
}

/* ---- telling ---- */

static void put(const struct meter *m, struct sample *out)
{
	const struct source_env *env = m->room->env;
	struct point cost = point_of(m->cost), others = point_of(m->total);

	cost.state = POINT_SCALED;
	others.state = m->by_runs ? POINT_SCALED : POINT_PARTIAL;
	if (env->wanted[BPF_TARGET_COST])
		sample_put(out, (metric_id)(env->first + BPF_TARGET_COST), cost);
	if (env->wanted[BPF_BYSTANDER_COST])
		sample_put(out, (metric_id)(env->first + BPF_BYSTANDER_COST), others);
}

static void put_missing(const struct meter *m, struct sample *out)
{
	group_missing(&m->room->groups[0], out, BPF_TARGET_COST, POINT_ABSENT, "no probe is loaded");
	group_missing(&m->room->groups[0], out, BPF_BYSTANDER_COST, POINT_ABSENT, "no probe is loaded");
}

static void tell(const struct meter *m, struct sample *out)
{
	char less[160] = "", why[320], ratio[FMT_SIZE], most[FMT_SIZE], others[FMT_SIZE];
	size_t n = 0;

	for (size_t i = 0; i < m->room->ngroups && n < sizeof less; i++) {
		static const char *const words[] = { "", "sampled", "only counts", "off" };
		const struct group *g = &m->room->groups[i];

		if (g->stage)
			n += (size_t)snprintf(less + n, sizeof less - n, "%s%s %s", n ? ", " : "", g->ops->name, words[g->stage]);
	}
	if (n)
		snprintf(why, sizeof why, "less is measured (%s): all would cost more than %s of its CPU time; now %s", less,
			fmt_percent(most, m->most), fmt_percent(ratio, m->cost));
	else
		snprintf(why, sizeof why, "about %s of its CPU time, and %s a second of all others'", fmt_percent(ratio, m->cost),
			fmt_seconds(others, m->bystanders));
	sample_status(out, STATUS_PROBE_COST, n ? STATUS_PARTIAL : STATUS_ON, why, n ? "--max-cost" : "");
}

void meter_read(struct meter *m, nsec_t now, struct sample *out)
{
	if (!m->room->groups[0].attached) {
		put_missing(m, out);
		return;
	}
	if (!m->looked) {
		m->looked = now;
		look_at_target(m, 1);
		m->cpu = 0;
	}
	if (now - m->looked >= LOOK && !target_is_over(m->room->target)) {
		look(m, now);
		m->looked = now;
	}
	if (!m->known)
		return;
	put(m, out);
	tell(m, out);
}
