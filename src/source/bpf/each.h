/* Walking a hash table of the kernel's. */
#ifndef TACH_SOURCE_BPF_EACH_H
#define TACH_SOURCE_BPF_EACH_H

#include <stddef.h>

/* Calls visit for each entry; it may delete that one. Of what the kernel adds meanwhile some are missed. */
void map_each(int map, size_t key_size, size_t value_size,
	void (*visit)(void *context, const void *key, const void *value), void *context);

#endif
