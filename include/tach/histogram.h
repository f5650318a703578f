/*
 * The one histogram of tach: log-linear bins, 16 to an octave, from 0 to 2^36.
 *
 * Values are nanoseconds where they are times. Below 16 a bin is one unit wide; above, a bin is at most 1/16 of its
 * lower edge, so a value read back as the middle of its bin is off by at most 3.2 %, and a percentile interpolated
 * inside its bin by less than 1 % on smooth data (tests/model/test_hist.c). Values of 2^36 and more
 * (68.7 s) fall into the last bin. This is the H2 histogram with grouping power 4 (rezolus), capped.
 *
 * C99, C++ and BPF clean: no include beyond stdint.h, no loop, no call.
 */
#ifndef TACH_HISTOGRAM_H
#define TACH_HISTOGRAM_H

#ifndef __bpf__
#include <stdint.h>
#endif

#define TACH_HIST_BINS 528u
#define TACH_HIST_MAX_LOG2 36u

/* Position of the highest set bit of v, 4 <= result <= 63; v must be at least 16. */
static inline unsigned tach_hist_log2(uint64_t v)
{
#ifndef __bpf__
	return 63u - (unsigned)__builtin_clzll(v);
#else /* clang 14 crashes on the builtin. Without branches, of which each that is guessed wrong costs as much as all this */
	unsigned n = 0, shift;

	shift = (unsigned)((0xffffffffull - v) >> 63) << 5;
	v >>= shift;
	n += shift;
	shift = (unsigned)((0xffffull - v) >> 63) << 4;
	v >>= shift;
	n += shift;
	shift = (unsigned)((0xffull - v) >> 63) << 3;
	v >>= shift;
	n += shift;
	shift = (unsigned)((0xfull - v) >> 63) << 2;
	v >>= shift;
	n += shift;
	shift = (unsigned)((3ull - v) >> 63) << 1;
	v >>= shift;
	n += shift;
	return n + (unsigned)(v >> 1);
#endif
}

/* The bin of a value: 0 <= result < TACH_HIST_BINS. */
static inline unsigned tach_hist_bin(uint64_t v)
{
	unsigned octave;

	if (v < 16)
		return (unsigned)v;
	octave = tach_hist_log2(v);
	if (octave >= TACH_HIST_MAX_LOG2)
		return TACH_HIST_BINS - 1;
	return (octave - 3) * 16 + (unsigned)((v >> (octave - 4)) & 15);
}

/* The lowest value that falls into a bin; bin < TACH_HIST_BINS. */
static inline uint64_t tach_hist_floor(unsigned bin)
{
	if (bin < 16)
		return bin;
	return (uint64_t)(16 + bin % 16) << (bin / 16 - 1);
}

/* How many different values fall into a bin (the last one also takes everything above it); bin < TACH_HIST_BINS. */
static inline uint64_t tach_hist_width(unsigned bin)
{
	return bin < 16 ? 1 : (uint64_t)1 << (bin / 16 - 1);
}

#endif
