/* Identities (cookies, inodes) that the kernel gives to sockets, and what is known of each: a hash table. */
#ifndef TACH_SOURCE_SOCKDIAG_IDMAP_H
#define TACH_SOURCE_SOCKDIAG_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct idslot {
	uint64_t id;           /* 0: free */
	uint32_t value;
	uint32_t since, newest; /* the caller's: moments */
};

struct idmap { /* zeroed: empty */
	struct idslot *slots;
	size_t size, used;
};

struct idslot *idmap_find(const struct idmap *m, uint64_t id); /* NULL: not there. Valid until the next idmap_put() */
struct idslot *idmap_put(struct idmap *m, uint64_t id);        /* zeroed but for its id when it is new; id is not 0 */
void idmap_clear(struct idmap *m);
void idmap_free(struct idmap *m);

/* Drops those that keep() returns false for. */
void idmap_filter(struct idmap *m, bool keep(const struct idslot *slot, const void *context), const void *context);

#endif
