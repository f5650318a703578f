/* The group of functions: opening, the rows that appear as functions are found, their numbers and states. */
#include "source/bpf/fn.h"

#include "base/alloc.h"
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "model/hist.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <linux/bpf.h>

#include "fn.skel.h"

/* What the sampler keeps of a slot. */
struct row {
	metric_id calls, seconds; /* METRIC_NONE: not there yet */
};

struct fn_group {
	struct fn fn;
	struct row rows[FN_SLOTS];
	uint64_t generation;
};

static bool fn_wanted(const struct bpf_room *r)
{
	return r->env->functions && r->env->functions[0];
}

/* A spec that means one function has a slot, and so its metrics, from the beginning: also when it is never found. */
static void take_specs(struct fn *f, const char *const *words)
{
	for (; *words && f->nspecs < FN_SLOTS; words++) {
		struct fn_spec *s = &f->specs[f->nspecs];
		struct fn_slot *slot = &f->slots[f->nslots];

		if (fn_spec_parse(*words, s, &f->whys[f->nspecs])) {
			str_copy(s->symbol, sizeof s->symbol, s->text); /* for its state */
			s->text[0] = '\0';
		} else if (s->kind != FN_GLOB) {
			*slot = (struct fn_slot){ .spec = f->nspecs, .price = (double)NAN };
			str_copy(slot->shown, sizeof slot->shown, s->text);
			fn_spec_metric(s, s->kind == FN_ADDRESS ? strrchr(s->text, ':') : s->symbol, slot->metric);
			f->nslots++;
		}
		f->nspecs++;
	}
}

static int fn_open(struct group *g, struct err *e)
{
	struct fn_group *own;
	struct fn_bpf *s;
	struct fn *f;
	struct stat st;

	if (!g->room->features.task_storage || libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_attach_cookie, NULL) <= 0)
		return err_set(e, ENOENT, "timing functions needs Linux 5.15");
	s = fn_bpf__open();
	if (!s)
		return err_set(e, errno, "the program does not open: %s", strerror(errno));
	GROUP_TAKE(g, s);
	GROUP_SET_FEATURES(g, s);
	g->state = own = xcalloc(1, sizeof *own);
	f = &own->fn;
	f->group = g;
	f->programs = s;
	f->many = fn_link_many();
	f->force = g->room->env->force;
	f->max_cost = g->room->env->max_cost > 0 ? g->room->env->max_cost : FN_COST_MOST;
	f->own = stat("/proc/self/exe", &st) == 0 ? st.st_ino : 0;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->wake, NULL);
	take_specs(f, g->room->env->functions);
	fn_link_prepare(s, f->many);
	return 0;
}

static int fn_attached(struct group *g, struct err *e)
{
	struct fn_group *own = g->state;

	(void)e;
	own->fn.entries = group_map(g, "fn_entries");
	own->fn.hists = group_map(g, "fn_hists");
	for (size_t i = 0; i < FN_SLOTS; i++)
		own->rows[i] = (struct row){ METRIC_NONE, METRIC_NONE };
	return 0;
}

static void fn_marked(struct group *g)
{
	struct fn_group *own = g->state;
	struct err e;

	if (own->fn.running) /* more of it was marked: what is new is posted when it is read */
		return;
	fn_follow_post(&own->fn, g->room->target);
	own->generation = target_generation(g->room->target);
	if (target_is_held(g->room->target))
		fn_follow_held(&own->fn, target_program(g->room->target));
	if (fn_follow_start(&own->fn, &e))
		log_line("probe fn: %s", e.text);
}

/* ---- numbers ---- */

static metric_id add_row(const struct group *g, const struct fn_slot *s, const char *end, enum metric_kind kind,
	enum metric_unit unit, const char *what, const char *remark)
{
	char name[FN_NAME + 16], label[11], full[FN_TEXT + 80];

	snprintf(name, sizeof name, "fn.%s_%s", s->metric, end);
	str_copy(label, sizeof label, s->shown);
	snprintf(full, sizeof full, "%s %s%s.", what, s->shown, remark);
	for (int other = 2; registry_find(g->room->env->registry, name) != METRIC_NONE && other < 100; other++)
		snprintf(name, sizeof name, "fn.%s_%d_%s", s->metric, other, end);
	return registry_add(g->room->env->registry,
		&(struct metric){ .name = name, .label = label, .help = full, .kind = kind, .unit = unit });
}

static void put_slot(const struct group *g, struct row *row, const struct fn_slot *s, u32 slot, bool late, struct sample *out)
{
	const struct fn *f = &((const struct fn_group *)g->state)->fn;
	const struct bpf_room *r = g->room;
	struct point p = point_of((double)group_read_count(g, f->entries, slot));
	bool measured = s->found && !s->refused;
	struct hist *h;

	if (row->calls == METRIC_NONE)
		row->calls = add_row(g, s, "calls", METRIC_COUNTER, UNIT_COUNT, "Calls of", "");
	if (row->seconds == METRIC_NONE && f->specs[s->spec].kind != FN_STATIC)
		row->seconds = add_row(g, s, "seconds", METRIC_HISTOGRAM, UNIT_SECONDS,
			"Time from entry to return of", ", blocked time included");
	if (late || r->losing & (g->ops->losses))
		p.state = POINT_PARTIAL;
	if (measured)
		sample_put(out, row->calls, p);
	else if (s->why.text[0])
		sample_put_missing(out, row->calls, s->why.code == EACCES ? POINT_DENIED : POINT_ABSENT, s->why.text);
	if (row->seconds == METRIC_NONE)
		return;
	if (measured && s->ever_timed && group_read_hist(g, f->hists, slot, h = hist_new()))
		sample_put_hist(out, row->seconds, h);
	else if (s->why.text[0])
		sample_put_missing(out, row->seconds, s->why.code == EACCES ? POINT_DENIED : POINT_ABSENT, s->why.text);
}

/* ---- states ---- */

static void tell(struct sample *out, const char *what, enum status_state state, const char *why, const char *fix)
{
	char name[FN_TEXT + 8];

	snprintf(name, sizeof name, "fn %s", what);
	sample_status(out, name, state, why, fix);
}

static void tell_slot(const struct fn *f, const struct fn_slot *s, struct sample *out)
{
	bool is_static = f->specs[s->spec].kind == FN_STATIC, whole = s->ever_timed || is_static;
	char why[400], price[FMT_SIZE] = "", processes[64] = "";

	if (!s->found || s->refused) {
		const char *text = s->why.text[0] ? s->why.text : f->whys[s->spec].text;

		tell(out, s->shown, s->refused ? STATUS_OFF : s->why.code == EACCES ? STATUS_DENIED :
			text[0] ? STATUS_ABSENT : STATUS_PARTIAL, text[0] ? text : "it is being looked for", s->refused ? "--force" : "");
		return;
	}
	if (f->left_out)
		snprintf(processes, sizeof processes, "; %zu processes are left out", f->left_out);
	snprintf(why, sizeof why, "%s%sa call takes %s longer%s%s", s->why.text, s->why.text[0] ? "; " : "",
		isnan(s->price) ? "an unknown time" : fmt_seconds(price, s->price),
		s->past_landing_pad ? ", probed past its landing pad" : "", processes);
	tell(out, s->shown, whole && !f->left_out ? STATUS_ON : STATUS_PARTIAL, why, "");
}

/* Of specs without a slot: nothing is found of a pattern, or not all of it has room; words that mean nothing. */
static void tell_spec(const struct fn *f, size_t spec, struct sample *out)
{
	const struct fn_spec *s = &f->specs[spec];
	char why[120];

	if (!s->text[0])
		tell(out, s->symbol, STATUS_ABSENT, f->whys[spec].text, "");
	else if (s->kind == FN_GLOB && !f->found[spec])
		tell(out, s->text, f->whys[spec].text[0] ? STATUS_ABSENT : STATUS_PARTIAL,
			f->whys[spec].text[0] ? f->whys[spec].text : "it is being looked for", "");
	if (!f->more[spec])
		return;
	snprintf(why, sizeof why, "%zu more functions match; at most %d are measured at a time", f->more[spec], FN_SLOTS);
	tell(out, s->text, STATUS_PARTIAL, why, "a narrower pattern");
}

static void fn_read(struct group *g, struct sample *out)
{
	struct fn_group *own = g->state;
	struct fn *f = &own->fn;

	if (own->generation != target_generation(g->room->target))
		fn_follow_post(f, g->room->target);
	own->generation = target_generation(g->room->target);
	pthread_mutex_lock(&f->lock);
	for (u32 i = 0; i < f->nslots; i++) {
		struct fn_slot s = f->slots[i];

		if (!s.why.text[0] && !s.found)
			s.why = f->whys[s.spec];
		put_slot(g, &own->rows[i], &s, i, f->late, out);
		tell_slot(f, &s, out);
	}
	for (size_t i = 0; i < f->nspecs; i++)
		tell_spec(f, i, out);
	f->late = false;
	pthread_mutex_unlock(&f->lock);
}

/* What the calls have cost so far, nanoseconds. */
static double fn_events(struct group *g)
{
	struct fn *f = &((struct fn_group *)g->state)->fn;
	double sum = 0;

	pthread_mutex_lock(&f->lock);
	for (u32 i = 0; i < f->nslots; i++)
		if (f->slots[i].found && !isnan(f->slots[i].price))
			sum += (double)group_read_count(g, f->entries, i) * f->slots[i].price * 1e9;
	pthread_mutex_unlock(&f->lock);
	return sum;
}

static const struct price_row fn_price = { .target = { 1 }, .own = true };

static void fn_close(struct group *g)
{
	struct fn_group *own = g->state;

	if (!own)
		return;
	if (!fn_follow_stop(&own->fn)) {
		g->skeleton = NULL; /* they are the thread's now */
		g->typed = NULL;
		return;
	}
	for (size_t i = 0; i < own->fn.nknown; i++) {
		fn_file_close(&own->fn.known[i].file);
		free(own->fn.known[i].found);
	}
	free(own->fn.known);
	pthread_cond_destroy(&own->fn.wake);
	pthread_mutex_destroy(&own->fn.lock);
	free(own);
}

const struct group_ops group_fn = {
	.name = "fn",
	.summary = "functions of the program and its libraries by --fn, at entry and return",
	.first = BPF_NO_METRIC,
	.last = BPF_NO_METRIC,
	.losses = LOSS_BIT(LOST_RETURNS),
	.how = "--fn SYMBOL",
	.price = &fn_price,
	.events = fn_events,
	.wanted = fn_wanted,
	.open = fn_open,
	.attached = fn_attached,
	.marked = fn_marked,
	.read = fn_read,
	.close = fn_close,
};
