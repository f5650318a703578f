/* Groups that run only when asked for: switched on and off while tach runs. */
#ifndef TACH_SOURCE_BPF_SWITCH_H
#define TACH_SOURCE_BPF_SWITCH_H

#include "source/bpf/group.h"

/* Does one thing at a time, on a thread of its own, which g->switching tells: loading takes longer than a tick may. All calls
 * are the sampler's. */
struct switcher;

struct switcher *switcher_open(struct bpf_room *r);
void switcher_stop(struct switcher *s); /* waits for its thread; switches nothing any more */
void switcher_close(struct switcher *s);

/* Once a tick: takes over what was switched, switches off what nobody keeps, begins with what was asked for since. */
void switcher_go(struct switcher *s, nsec_t now);

/* "on NAME", "on NAME keep" or "off NAME"; the answer is one line. */
void switcher_ask(struct switcher *s, const char *question, char *answer, size_t size, nsec_t now);

#endif
