/* Switching groups on and off by name. Knows none of them by name itself. */
#include "source/bpf/switch.h"

#include "base/alloc.h"
#include "base/str.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ON_FOR (10 * NSEC_PER_SEC) /* unless it is kept */

struct switcher {
	struct bpf_room *room;
	pthread_t thread;
	struct group *group; /* that the thread has; NULL: there is no thread */
	bool on;             /* what it does with it */
	atomic_bool done;
};

static void load(struct group *g)
{
	group_load(g);
	malloc_trim(0); /* the kernel's types were 10 MiB of it */
}

static void *work(void *switcher)
{
	struct switcher *s = switcher;
	struct group *g = s->group;

	if (s->on && !g->skeleton)
		load(g);
	else if (!s->on || group_attach(g, &g->why))
		group_detach(g);
	atomic_store(&s->done, true);
	return NULL;
}

struct switcher *switcher_open(struct bpf_room *r)
{
	struct switcher *s = xcalloc(1, sizeof *s);

	s->room = r;
	return s;
}

void switcher_stop(struct switcher *s)
{
	if (s->group) {
		pthread_join(s->thread, NULL);
		s->group->switching = false;
	}
	s->group = NULL;
}

void switcher_close(struct switcher *s)
{
	switcher_stop(s);
	free(s);
}

static void take_over(struct switcher *s, nsec_t now)
{
	struct group *g = s->group;

	pthread_join(s->thread, NULL);
	s->group = NULL;
	g->switching = false;
	if (s->on && !g->attached) /* it is not tried again until it is asked for again */
		g->asked = false;
	g->until = now + ON_FOR;
	if (g->attached)
		g->why.text[0] = '\0';
	else if (g->stage != PRICE_OFF)
		group_set_stage(g, PRICE_FULL); /* the next time it begins anew */
	if (g->attached && g->ops->marked)
		g->ops->marked(g);
}

static void begin(struct switcher *s, struct group *g)
{
	s->group = g;
	g->switching = true;
	s->on = g->asked;
	group_set_stage(g, g->stage);
	g->again = false;
	atomic_store(&s->done, false);
	if (pthread_create(&s->thread, NULL, work, s)) {
		s->group = NULL;
		g->switching = false;
		g->asked = g->attached;
		err_set(&g->why, 0, "cannot start a thread");
	}
}

void switcher_go(struct switcher *s, nsec_t now)
{
	if (s->group && atomic_load(&s->done))
		take_over(s, now);
	for (size_t i = 0; i < s->room->ngroups; i++) {
		struct group *g = &s->room->groups[i];

		if (g->switching)
			continue;
		if (g->stage == PRICE_OFF)
			g->asked = false;
		if (!(g->ops->opt_in || (g->stage == PRICE_OFF && g->attached) || g->again))
			continue;
		if (g->again)
			g->asked = true;
		if (g->ops->wanted && !g->why.text[0])
			g->asked = g->keep = g->ops->wanted(s->room);
		if (g->attached && !g->keep && now >= g->until)
			g->asked = false;
		if (!s->room->groups[0].skeleton) {
			g->why = s->room->groups[0].why;
			g->asked = false;
		}
		if (!s->group && g->asked != g->attached)
			begin(s, g);
	}
}

static struct group *find(struct bpf_room *r, const char *name)
{
	for (size_t i = 0; i < r->ngroups; i++)
		if (r->groups[i].ops->opt_in && !r->groups[i].ops->wanted && strcmp(r->groups[i].ops->name, name) == 0)
			return &r->groups[i];
	return NULL;
}

void switcher_ask(struct switcher *s, const char *question, char *answer, size_t size, nsec_t now)
{
	char verb[8] = "", name[32] = "", more[8] = "";
	int words = sscanf(question, "%7s %31s %7s", verb, name, more);
	bool on = strcmp(verb, "on") == 0, keep = strcmp(more, "keep") == 0;
	struct group *g = find(s->room, name);

	if ((!on && strcmp(verb, "off") != 0) || words < 2 || (words > 2 && !(on && keep))) {
		str_copy(answer, size, "not understood: on NAME, on NAME keep, or off NAME");
	} else if (!g) {
		snprintf(answer, size, "there is no probe %s to be switched", name);
	} else {
		if (on)
			g->stage = PRICE_FULL; /* told to its programs when it is switched on */
		g->asked = on;
		g->keep = on && keep;
		g->until = now + ON_FOR;
		snprintf(answer, size, "%s is switched %s%s", name, verb, on && !keep ? " for 10 seconds" : "");
	}
}
