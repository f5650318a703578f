/* Loading one group, sharing its maps, reading per-CPU values. Knows no group by name. */
#include "source/bpf/group.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"
#include "source/bpf/privilege.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAMPLED_COVERAGE (1.0f / (1 << PRICE_SHIFT))

/* Maps that several objects define and that exist once. */
static const char *const shared_maps[] = { "marks", "tid_marks", "control", "losses", "thread_slots", "thread_splits", "records",
	"sock_states", NULL };

int group_map(const struct group *g, const char *name)
{
	struct bpf_map *map = g->skeleton ? bpf_object__find_map_by_name(*g->skeleton->obj, name) : NULL;

	return map ? bpf_map__fd(map) : -1;
}

/* Gives the object the maps that another group has made already. */
static int share_maps(struct group *g, struct bpf_object *object, struct err *e)
{
	for (const char *const *name = shared_maps; *name; name++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, *name);

		for (size_t i = 0; map && i < g->room->ngroups; i++) {
			int fd = &g->room->groups[i] == g ? -1 : group_map(&g->room->groups[i], *name);

			if (fd < 0)
				continue;
			if (bpf_map__reuse_fd(map, fd))
				return err_set(e, errno, "the map %s cannot be shared: %s", *name, strerror(errno));
			break;
		}
	}
	return 0;
}

/* Switches off what this kernel does not know: the hooks go to g->missing. */
static void leave_out(struct group *g, struct bpf_object *object)
{
	bool storage = g->room->features.task_storage;
	struct bpf_program *p;
	struct bpf_map *m;
	size_t n = 0;

	bpf_object__for_each_map(m, object) /* each map on tasks has one by tid that stands in for it */
		if (storage ? str_starts(bpf_map__name(m), "tid_") : bpf_map__type(m) == BPF_MAP_TYPE_TASK_STORAGE)
			bpf_map__set_autocreate(m, false);
	bpf_object__for_each_program(p, object) {
		const char *section = bpf_program__section_name(p);

		if (!bpf_program__autoload(p) || !str_starts(section, "tp_btf/") || group_has_hook(g->room, section + 7))
			continue;
		bpf_program__set_autoload(p, false);
		n += (size_t)snprintf(g->missing + n, sizeof g->missing - n, "%s%s", n ? ", " : "", section + 7);
		n = n < sizeof g->missing ? n : sizeof g->missing - 1;
	}
}

/* As a program that was not loaded cannot be attached. Iterators are run, not attached. */
int group_attach(struct group *g, struct err *e)
{
	struct bpf_object_skeleton *s = g->skeleton;

	for (int i = 0; i < s->prog_cnt; i++) {
		struct bpf_program *p = *s->progs[i].prog;

		if (*s->progs[i].link || !bpf_program__autoload(p) || !bpf_program__autoattach(p) ||
			str_starts(bpf_program__section_name(p), "iter"))
			continue;
		*s->progs[i].link = bpf_program__attach(p);
		if (!*s->progs[i].link)
			return err_set(e, errno, "%s does not attach: %s", bpf_program__name(p), strerror(errno));
	}
	g->attached = true;
	return 0;
}

void group_detach(struct group *g)
{
	struct bpf_object_skeleton *s = g->skeleton;

	for (int i = 0; s && i < s->prog_cnt; i++) {
		bpf_link__destroy(*s->progs[i].link);
		*s->progs[i].link = NULL;
	}
	g->attached = false;
	if (s && g->ops->detached)
		g->ops->detached(g);
}

static int load(struct group *g, struct err *e)
{
	struct bpf_object *object = *g->skeleton->obj;
	int rc;

	leave_out(g, object);
	if (share_maps(g, object, e))
		return -1;
	rc = bpf_object__load_skeleton(g->skeleton);
	if (rc)
		return privilege_explain(-rc, e, &g->fix);
	if (group_attach(g, e))
		return -1;
	return g->ops->attached ? g->ops->attached(g, e) : 0;
}

static bool load_variant(struct group *g)
{
	nsec_t begin = clock_cpu_thread();

	g->why.text[0] = g->fix.text[0] = g->missing[0] = g->note[0] = '\0';
	if (g->ops->open(g, &g->why) || load(g, &g->why)) {
		log_line("probe %s is not loaded: %s", g->ops->name, g->why.text);
		group_unload(g);
		return false;
	}
	log_line("probe %s is loaded, for %.1f ms of CPU", g->ops->name,
		nsec_to_seconds(clock_cpu_thread() - begin) * 1e3);
	return true;
}

/* The first way that the kernel takes. */
void group_load(struct group *g)
{
	for (g->variant = 0; !load_variant(g) && g->variant + 1 < g->ops->variants; g->variant++)
		if (g->variant == 0)
			g->refused = g->why;
}

void group_unload(struct group *g)
{
	if (g->ops->close && g->skeleton)
		g->ops->close(g);
	if (g->skeleton)
		bpf_object__destroy_skeleton(g->skeleton);
	free(g->typed);
	g->skeleton = NULL;
	g->typed = g->state = NULL;
	g->attached = false;
}

bool group_wants(const struct group *g, enum bpf_metric m)
{
	return g->room->env->wanted[m];
}

void group_put_state(const struct group *g, struct sample *out, enum bpf_metric m, double value, enum point_state state)
{
	struct point p = point_of(value);

	p.state = state;
	p.coverage = state == POINT_SCALED ? SAMPLED_COVERAGE : 1;
	if (group_wants(g, m))
		sample_put(out, (metric_id)(g->room->env->first + m), p);
}

enum point_state group_state(const struct group *g)
{
	if (g->room->losing & (g->ops->losses | LOSS_BIT(LOST_MARKS)))
		return POINT_PARTIAL;
	return g->stage == PRICE_SAMPLED ? POINT_SCALED : POINT_OK;
}

/* Why something is not measured that would cost too much. */
static const char *too_dear(const struct group *g, struct err *e)
{
	err_set(e, 0, "left out: the probes of %s would cost more than --max-cost allows", g->ops->name);
	return e->text;
}

void group_put(const struct group *g, struct sample *out, enum bpf_metric m, double value)
{
	struct err e;

	if (g->stage >= PRICE_COUNTS)
		group_missing(g, out, m, POINT_ABSENT, too_dear(g, &e));
	else
		group_put_state(g, out, m, value, group_state(g));
}

void group_put_count(const struct group *g, struct sample *out, enum bpf_metric m, double value)
{
	enum point_state now = group_state(g);

	group_put_state(g, out, m, value, now == POINT_SCALED ? POINT_OK : now);
}

void group_missing(const struct group *g, struct sample *out, enum bpf_metric m, enum point_state state, const char *why)
{
	if (group_wants(g, m))
		sample_put_missing(out, (metric_id)(g->room->env->first + m), state, why);
}

void group_put_hist(const struct group *g, struct sample *out, enum bpf_metric m, struct hist *take)
{
	metric_id id = (metric_id)(g->room->env->first + m);
	struct err e;

	if (g->stage >= PRICE_COUNTS)
		group_missing(g, out, m, POINT_ABSENT, too_dear(g, &e));
	if (g->stage >= PRICE_COUNTS || !group_wants(g, m)) {
		free(take);
		return;
	}
	sample_put_hist(out, id, take);
	out->points[id].state = group_state(g);
	out->points[id].coverage = g->stage == PRICE_SAMPLED ? SAMPLED_COVERAGE : 1;
}

/* Why a group gives no numbers, at each of its rows. */
static void read_missing(struct group *g, struct sample *out)
{
	bool denied = g->why.code == EACCES || g->why.code == EPERM;
	enum status_state state = denied ? STATUS_DENIED : STATUS_ABSENT;

	for (unsigned m = g->ops->first; m <= g->ops->last && m < BPF_METRIC_COUNT; m++)
		group_missing(g, out, m, denied ? POINT_DENIED : POINT_ABSENT, g->why.text);
	if (g->why.text[0])
		sample_status(out, g->ops->name, state, g->why.text, g->fix.text);
	else
		sample_status(out, g->ops->name, STATUS_OFF, "not asked for", g->ops->how ? g->ops->how : "");
}

bool group_may_come_back(const struct group *g)
{
	return !g->ops->opt_in && !g->ops->staged;
}

static void read_too_dear(struct group *g, struct sample *out)
{
	struct err why;

	for (unsigned m = g->ops->first; m <= g->ops->last && m < BPF_METRIC_COUNT; m++)
		group_missing(g, out, m, POINT_ABSENT, too_dear(g, &why));
	sample_status(out, g->ops->name, STATUS_OFF, too_dear(g, &why),
		group_may_come_back(g) ? "--max-cost; it is tried again later" : "--max-cost, and tach anew");
}

/* It could be had, but nobody has asked for it, or not lately. */
static void read_off(struct group *g, struct sample *out)
{
	struct err why;

	if (!g->ops->how) {
		sample_status(out, g->ops->name, STATUS_OFF, "nothing needs it", "");
		return;
	}
	err_set(&why, 0, "off until it is asked for: %s", g->ops->how);
	for (unsigned m = g->ops->first; m <= g->ops->last && m < BPF_METRIC_COUNT; m++)
		group_missing(g, out, m, POINT_ABSENT, why.text);
	sample_status(out, g->ops->name, STATUS_OFF, "not asked for", g->ops->how);
}

void group_set_stage(struct group *g, enum price_stage stage)
{
	g->stage = stage;
	if (g->ops->staged && g->room->control)
		g->room->control->stage[g->ops->staged - 1] = stage;
}

void group_read(struct group *g, struct sample *out)
{
	static const char *const staged[] = { [PRICE_SAMPLED] = "one event in 16 is timed: all would cost too much",
		[PRICE_COUNTS] = "only counts: times would cost too much" };
	char why[240] = "";
	nsec_t now = clock_now();

	if (g->stage == PRICE_OFF) {
		read_too_dear(g, out);
		return;
	}
	if (!g->attached && g->ops->opt_in && !g->why.text[0]) {
		read_off(g, out);
		return;
	}
	if (!g->attached) {
		read_missing(g, out);
		if (g->ops->refused && g->why.text[0])
			g->ops->refused(g);
		return;
	}
	if (g->ops->read)
		g->ops->read(g, out);
	if (g->missing[0])
		snprintf(why, sizeof why, "this kernel has no %s", g->missing);
	else if (g->partial[0])
		str_copy(why, sizeof why, g->partial);
	else if (g->stage)
		snprintf(why, sizeof why, "%s", staged[g->stage]);
	else if (g->ops->opt_in && !g->keep && now < g->until)
		snprintf(why, sizeof why, "on for %u s more", (unsigned)((g->until - now) / NSEC_PER_SEC) + 1);
	else
		snprintf(why, sizeof why, "%s", g->note);
	for (const struct table_def *const *t = g->ops->tables; t && *t && g->stage; t++)
		sample_table_note(out, *t, true, staged[g->stage]);
	sample_status(out, g->ops->name, g->missing[0] || g->partial[0] || g->stage ? STATUS_PARTIAL : STATUS_ON, why,
		g->stage ? "--max-cost" : "");
}

bool group_read_hist(const struct group *g, int map, u32 which, struct hist *out)
{
	struct bpf_hist *cpus = xcalloc((size_t)g->room->ncpus, sizeof *cpus);
	bool ok = bpf_map_lookup_elem(map, &which, cpus) == 0;

	memset(out, 0, sizeof *out);
	for (int c = 0; ok && c < g->room->ncpus; c++) {
		for (unsigned b = 0; b < TACH_HIST_BINS; b++)
			out->bins[b] += cpus[c].bins[b];
		out->sum += cpus[c].sum;
		out->max = cpus[c].max > out->max ? cpus[c].max : out->max;
	}
	free(cpus);
	return ok;
}

u64 group_read_count(const struct group *g, int map, u32 which)
{
	u64 *cpus = xcalloc((size_t)g->room->ncpus, sizeof *cpus), sum = 0;

	if (bpf_map_lookup_elem(map, &which, cpus) == 0)
		for (int c = 0; c < g->room->ncpus; c++)
			sum += cpus[c];
	free(cpus);
	return sum;
}

int group_iterate(const struct bpf_program *p, struct err *e)
{
	struct bpf_link *link = bpf_program__attach_iter(p, NULL);
	char text[64];
	int fd, rc = 0;

	if (!link)
		return err_set(e, errno, "%s does not attach: %s", bpf_program__name(p), strerror(errno));
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0)
		rc = err_set(e, errno, "tasks cannot be walked: %s", strerror(errno));
	else
		while (read(fd, text, sizeof text) > 0)
			;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return rc;
}
