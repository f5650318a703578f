/* CPU time of the target by the clocks that the kernel keeps of each process: exact, and one call each. */
#ifndef TACH_SOURCE_BPF_SPEND_H
#define TACH_SOURCE_BPF_SPEND_H

#include "base/clock.h"
#include "target/target.h"

struct spend {
	struct spend_entry *list; /* by pid */
	size_t count;
};

/* Since the last look, of those that were there then or were born since; what ended in between is not known. */
nsec_t spend_since(struct spend *s, const struct target *t);
void spend_free(struct spend *s);

nsec_t spend_of(pid_t pid); /* so far; 0: it has ended */

#endif
