/* A short queue of requests. */
#include "ui/asks.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

void asks_put(struct asks *a, const char *source, const char *text)
{
	struct ask *ask = &a->list[a->count];

	if (a->count == ASKS_WAITING) /* nobody takes them: nobody can answer */
		return;
	a->count++;
	ask->source = source;
	str_copy(ask->text, sizeof ask->text, text);
}

bool asks_take(struct asks *a, struct ask *out)
{
	if (!a->count)
		return false;
	*out = a->list[0];
	a->count--;
	memmove(a->list, a->list + 1, (size_t)a->count * sizeof a->list[0]);
	return true;
}

static void put_switch(struct asks *a, const char *verb, const char *group)
{
	char text[sizeof a->list[0].text];

	snprintf(text, sizeof text, "%s %s", verb, group);
	asks_put(a, "bpf", text);
}

void asks_switch(struct asks *a, int pane, const char *group)
{
	const char *had = a->on[pane];

	if (had && (!group || strcmp(had, group) != 0))
		put_switch(a, "off", had);
	if (group)
		put_switch(a, "on", group);
	a->on[pane] = group;
}
