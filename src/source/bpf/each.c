/* In batches where the kernel has them (5.6), else key by key. */
#include "source/bpf/each.h"

#include "base/alloc.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 256u

/* False: the kernel cannot, of such a map or of any. */
static bool each_batch(int map, size_t key_size, size_t value_size, char *keys, char *values,
	void (*visit)(void *context, const void *key, const void *value), void *context)
{
	unsigned next[2], *from = NULL; /* a token of the kernel's: of a hash table a bucket's number */
	int rc;

	do {
		unsigned count = CHUNK;

		rc = bpf_map_lookup_batch(map, from, next, keys, values, &count, NULL);
		if (rc && rc != -ENOENT) /* the last has that too */
			return from != NULL;
		for (size_t i = 0; i < count; i++)
			visit(context, keys + i * key_size, values + i * value_size);
		from = next;
	} while (!rc);
	return true;
}

/* The next key is looked up before visit is called, which may delete this one. */
static void each_key(int map, size_t key_size, char *key, char *next, char *value,
	void (*visit)(void *context, const void *key, const void *value), void *context)
{
	bool more = bpf_map_get_next_key(map, NULL, key) == 0;

	while (more) {
		bool there = bpf_map_lookup_elem(map, key, value) == 0;

		more = bpf_map_get_next_key(map, key, next) == 0;
		if (there)
			visit(context, key, value);
		memcpy(key, next, key_size);
	}
}

void map_each(int map, size_t key_size, size_t value_size,
	void (*visit)(void *context, const void *key, const void *value), void *context)
{
	char *keys = xcalloc(CHUNK, key_size), *values = xcalloc(CHUNK, value_size);

	if (!each_batch(map, key_size, value_size, keys, values, visit, context))
		each_key(map, key_size, keys, keys + key_size, values, visit, context);
	free(keys);
	free(values);
}
