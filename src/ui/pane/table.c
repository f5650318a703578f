/* The panes, in the order of their numbers. */
#include "ui/pane/panes.h"

#include <stddef.h>

const struct pane_ops *const pane_table[] = {
	&pane_rate, &pane_latency, &pane_cache, &pane_locks, &pane_memory, &pane_threads, NULL,
};

size_t pane_count(void)
{
	return sizeof pane_table / sizeof pane_table[0] - 1;
}
