/* The bpf source without a session around it. */
#include "probe.h"

#include "model/tables.h"
#include "source/source.h"
#ifdef HAVE_LIBBPF
#include "source/bpf/bpf.h"
#endif

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct probe {
	struct target *target;
	struct registry *registry;
	struct source_env env;
	bool *wanted;
	void *state;
	struct sample *sample;
	char answer[256];
};

#ifdef HAVE_LIBBPF
static const struct source_ops *const ops = &source_bpf;

const char *probe_refused(void)
{
	static struct err why, fix;

	return ops->probe(&why, &fix) ? NULL : why.text;
}
#else
static const struct source_ops *const ops = NULL;

const char *probe_refused(void)
{
	return "built without libbpf";
}
#endif

static bool is_in(const char *const words[], const char *word)
{
	for (; words && *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return !words;
}

struct probe *probe_open(pid_t pid, const char *const wants[])
{
	return probe_open_env(pid, wants, &(struct source_env){ .functions = NULL });
}

struct probe *probe_open_env(pid_t pid, const char *const wants[], const struct source_env *extra)
{
	struct probe *p = calloc(1, sizeof *p);
	struct target_options o = { .children = true };
	struct err e;

	p->target = target_open_pids(&pid, 1, &o, &e);
	if (!p->target)
		fail_msg("%s", e.text);
	p->registry = registry_new();
	p->wanted = calloc(ops->nmetrics, sizeof *p->wanted);
	for (size_t i = 0; i < ops->nmetrics; i++) {
		metric_id id = registry_add(p->registry, &ops->metrics[i]);

		p->env.first = i ? p->env.first : id;
		p->wanted[i] = is_in(wants, ops->metrics[i].name);
	}
	p->env.functions = extra->functions;
	p->env.force = extra->force;
	p->env.max_cost = extra->max_cost;
	p->env.handover = extra->handover;
	p->env.registry = p->registry;
	p->env.wanted = p->wanted;
	p->env.children = true;
	p->state = ops->open(&p->env, p->target, &e);
	if (!p->state)
		fail_msg("%s", e.text);
	for (int i = 0; i < 30000; i++) {
		probe_read(p);
		if (!probe_status(p, "bpf"))
			return p;
		usleep(2000);
	}
	fail_msg("the programs were not loaded within a minute");
	return NULL;
}

void probe_close(struct probe *p)
{
	if (!p)
		return;
	ops->close(p->state);
	sample_free(p->sample);
	target_close(p->target);
	registry_free(p->registry);
	free(p->wanted);
	free(p);
}

struct sample *probe_read(struct probe *p)
{
	sample_free(p->sample);
	p->sample = sample_new(p->registry);
	target_refresh(p->target);
	ops->read(p->state, p->target, p->sample);
	return p->sample;
}

const char *probe_ask(struct probe *p, const char *question)
{
	ops->ask(p->state, p->target, question, p->answer, sizeof p->answer);
	return p->answer;
}

bool probe_await(struct probe *p, const char *group, enum status_state state)
{
	for (int i = 0; i < 200; i++) {
		const struct status *s;

		probe_read(p);
		s = probe_status(p, group);
		if (s && s->state == state)
			return true;
		usleep(10000);
	}
	return false;
}

static metric_id id_of(const struct probe *p, const char *metric)
{
	metric_id id = registry_find(p->registry, metric);

	if (id == METRIC_NONE)
		fail_msg("there is no metric %s", metric);
	return id;
}

enum point_state probe_state(const struct probe *p, const char *metric, const char **why)
{
	metric_id id = id_of(p, metric);
	static const struct point none = { .state = POINT_GAP };
	const struct point *point = id < p->sample->nmetrics ? &p->sample->points[id] : &none;

	if (why)
		*why = point->why;
	return point->state;
}

double probe_value(const struct probe *p, const char *metric)
{
	metric_id id = id_of(p, metric);

	if (id >= p->sample->nmetrics || !point_has_value(p->sample->points[id]))
		return (double)NAN;
	return p->sample->points[id].value;
}

const struct hist *probe_hist(const struct probe *p, const char *metric)
{
	metric_id id = id_of(p, metric);

	return id < p->sample->nmetrics ? p->sample->hists[id] : NULL;
}

const struct status *probe_status(const struct probe *p, const char *group)
{
	for (size_t i = 0; i < p->sample->nstatuses; i++)
		if (strcmp(p->sample->statuses[i].name, group) == 0)
			return &p->sample->statuses[i];
	return NULL;
}

const union cell *probe_row(const struct probe *p, const struct table_def *def, size_t column, const char *text)
{
	const struct table *t = sample_find_table(p->sample, def);

	for (size_t i = 0; t && i < t->nrows; i++) {
		const union cell *row = t->cells + i * t->def->ncolumns;

		if (strcmp(row[column].text, text) == 0)
			return row;
	}
	return NULL;
}

struct order {
	long n;
	int what;
};

static void obey(int orders, int done, void (*act)(int what, long n))
{
	struct order o;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(orders, &o, sizeof o) == (ssize_t)sizeof o) {
		act(o.what, o.n);
		if (write(done, "", 1) != 1)
			break;
	}
	_exit(0);
}

struct puppet puppet_start(void (*act)(int what, long n))
{
	int orders[2], done[2];
	struct puppet p;

	if (pipe(orders) || pipe(done))
		fail_msg("no pipe");
	p = (struct puppet){ .pid = fork(), .order = orders[1], .done = done[0] };
	if (p.pid == 0)
		obey(orders[0], done[1], act);
	close(orders[0]);
	close(done[1]);
	return p;
}

void puppet_order(const struct puppet *p, int what, long n)
{
	struct order o = { .n = n, .what = what };

	if (write(p->order, &o, sizeof o) != (ssize_t)sizeof o)
		fail_msg("the puppet has gone");
}

void puppet_await(const struct puppet *p)
{
	char byte;

	if (read(p->done, &byte, 1) != 1)
		fail_msg("the puppet has ended");
}

void puppet_do(const struct puppet *p, int what, long n)
{
	puppet_order(p, what, n);
	puppet_await(p);
}

void puppet_end(const struct puppet *p)
{
	kill(p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
	close(p->order);
	close(p->done);
}
