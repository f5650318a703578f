/* Where stacks came from: one site for each place in the code, thread and lock, with how often it was met. Bounded. */
#ifndef TACH_SOURCE_BPF_SITES_H
#define TACH_SOURCE_BPF_SITES_H

#include "model/sample.h"
#include "source/bpf/shared.h"
#include "symbol/symbol.h"

struct locks;

struct site_key {
	u64 addr;      /* of the lock; 0 for faults */
	u64 pc;
	u32 tgid, tid; /* tid 0: all threads together */
	u32 role, kind;
};

struct site {
	struct site_key key;
	u64 samples;
	bool lined;                             /* its line was looked for */
	char thread[24], where[96], callers[160];
};

struct sites;

struct sites *sites_new(void);
void sites_free(struct sites *s);

/* One more stack, that stands for so many events; frames from its place outwards. Returns the site, valid until the next
 * call. */
const struct site *sites_add(struct sites *s, const struct site_key *key, u64 weight, const char *thread,
	const struct symbol_name *frames, size_t count);

/* The sites of that place in the code whose line is not known: the first, the next ones; NULL: no more. */
struct site *sites_unlined_at(struct sites *s, struct site *after, u32 tgid, u64 pc);

void sites_each_unlined(struct sites *s, void (*visit)(void *context, struct site *site, struct locks *locks),
	void *context, struct locks *locks);

void sites_put(const struct sites *s, struct sample *out);        /* lock_sites */
void sites_put_growth(const struct sites *s, struct sample *out); /* growth */

#endif
