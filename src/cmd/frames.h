/* --print-frame-bytes: how much a refresh puts on the line. */
#ifndef TACH_CMD_FRAMES_H
#define TACH_CMD_FRAMES_H

#include <stddef.h>
#include <stdint.h>

struct frames {
	uint64_t count, skipped;      /* skipped: samples that the line was too slow to see */
	uint64_t first, others, most; /* bytes: of the first, of all others together, of the largest of these */
};

void frames_add(struct frames *f, size_t bytes);
void frames_print(const struct frames *f); /* to stderr */

#endif
