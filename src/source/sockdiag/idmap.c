/* Open addressing, never more than half full. */
#include "source/sockdiag/idmap.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define LEAST 64

/* The slot of an id, or the free one where it would go. */
static struct idslot *place(const struct idmap *m, uint64_t id)
{
	size_t i = (size_t)(id * 0x9e3779b97f4a7c15u >> 32) & (m->size - 1); /* Fibonacci hashing (Knuth) */

	while (m->slots[i].id && m->slots[i].id != id)
		i = (i + 1) & (m->size - 1);
	return &m->slots[i];
}

struct idslot *idmap_find(const struct idmap *m, uint64_t id)
{
	struct idslot *slot = m->size && id ? place(m, id) : NULL;

	return slot && slot->id ? slot : NULL;
}

static void rebuild(struct idmap *m, size_t size, bool keep(const struct idslot *, const void *), const void *context)
{
	struct idmap next = { .slots = xcalloc(size, sizeof *next.slots), .size = size };

	for (size_t i = 0; i < m->size; i++)
		if (m->slots[i].id && (!keep || keep(&m->slots[i], context))) {
			*place(&next, m->slots[i].id) = m->slots[i];
			next.used++;
		}
	free(m->slots);
	*m = next;
}

struct idslot *idmap_put(struct idmap *m, uint64_t id)
{
	struct idslot *slot;

	if (2 * (m->used + 1) > m->size)
		rebuild(m, m->size ? 2 * m->size : LEAST, NULL, NULL);
	slot = place(m, id);
	m->used += slot->id == 0;
	slot->id = id;
	return slot;
}

void idmap_filter(struct idmap *m, bool keep(const struct idslot *slot, const void *context), const void *context)
{
	if (m->size)
		rebuild(m, m->size, keep, context);
}

void idmap_clear(struct idmap *m)
{
	if (m->size)
		memset(m->slots, 0, m->size * sizeof *m->slots);
	m->used = 0;
}

void idmap_free(struct idmap *m)
{
	free(m->slots);
	*m = (struct idmap){ .slots = NULL };
}
