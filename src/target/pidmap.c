/* From pid to a small number, so that a target of thousands of processes is not searched for each pid that it lists. */
#include "target/private.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

static struct pidslot *slot_of(const struct pidmap *m, pid_t pid)
{
	size_t at = (size_t)pid * 2654435761u & (m->size - 1);

	while (m->slots[at].pid && m->slots[at].pid != pid)
		at = (at + 1) & (m->size - 1);
	return &m->slots[at];
}

static void make_room(struct pidmap *m)
{
	struct pidmap old = *m;

	m->size = old.size ? old.size * 2 : 64;
	m->slots = xcalloc(m->size, sizeof *m->slots);
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i].pid)
			*slot_of(m, old.slots[i].pid) = old.slots[i];
	free(old.slots);
}

void pidmap_put(struct pidmap *m, pid_t pid, uint32_t value)
{
	struct pidslot *slot;

	if (m->used * 2 >= m->size)
		make_room(m);
	slot = slot_of(m, pid);
	m->used += slot->pid == 0;
	*slot = (struct pidslot){ .pid = pid, .value = value };
}

const uint32_t *pidmap_get(const struct pidmap *m, pid_t pid)
{
	const struct pidslot *slot = m->size ? slot_of(m, pid) : NULL;

	return slot && slot->pid ? &slot->value : NULL;
}

void pidmap_clear(struct pidmap *m)
{
	if (m->used)
		memset(m->slots, 0, m->size * sizeof *m->slots);
	m->used = 0;
}
