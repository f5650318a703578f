/* Bytes of frames, counted as they are made. */
#include "cmd/frames.h"

#include <stdio.h>

void frames_add(struct frames *f, size_t bytes)
{
	if (!f->count++) {
		f->first = bytes;
		return;
	}
	f->others += bytes;
	if (bytes > f->most)
		f->most = bytes;
}

void frames_print(const struct frames *f)
{
	unsigned long long first = f->first, others = f->others, most = f->most;
	double mean = f->count > 1 ? (double)others / (double)(f->count - 1) : 0;

	fprintf(stderr,
		"tach: %llu frames, %llu skipped; bytes: first %llu, others %.0f on average and %llu at most, all %llu\n",
		(unsigned long long)f->count, (unsigned long long)f->skipped, first, mean, most, first + others);
}
