/*
 * What lies in published memory (tach/publish.h). The memory belongs to another program, which may change it while it
 * is read: nothing in it is believed, and nothing is read twice. Works on any buffer of 8-byte alignment.
 */
#ifndef TACH_SOURCE_PUBLISH_PARSE_H
#define TACH_SOURCE_PUBLISH_PARSE_H

#include "base/err.h"
#include "model/hist.h"

#include <stddef.h>
#include <stdint.h>
#include <tach/publish.h>

struct publish_name {
	unsigned kind; /* enum tach_publish_kind; 0: nothing is defined here (yet) */
	unsigned cell;
	char name[TACH_PUBLISH_NAME_SIZE]; /* as tach_publish_name_ok() wants it */
	char unit[TACH_PUBLISH_UNIT_SIZE]; /* clean text */
};

/* What is known of one publisher. Zero to begin with. */
struct publish_view {
	struct publish_name names[TACH_PUBLISH_NAMES];
	unsigned writers[TACH_PUBLISH_WRITERS]; /* those that were ever in use */
	size_t nwriters;
};

/* Checks the head, and takes up the names and writers that came since the last call. Returns 0, or -1 with the reason
 * for which this memory is refused. */
int publish_parse(const void *memory, size_t size, struct publish_view *v, struct err *why);

/* What all writers together have in a name of the view. A gauge that was never set, or is not finite, is NaN. */
uint64_t publish_count(const void *memory, const struct publish_view *v, const struct publish_name *n);
double publish_level(const void *memory, const struct publish_name *n);
void publish_bins(const void *memory, const struct publish_view *v, const struct publish_name *n, struct hist *add);

#endif
