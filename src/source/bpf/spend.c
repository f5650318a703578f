/* Reading CPU clocks of processes. */
#include "source/bpf/spend.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <time.h>

struct spend_entry {
	pid_t pid;
	uint64_t start;
	nsec_t cpu;
};

nsec_t spend_of(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &ts))
		return 0;
	return (nsec_t)ts.tv_sec * NSEC_PER_SEC + (nsec_t)ts.tv_nsec;
}

static int by_pid(const void *a, const void *b)
{
	const struct spend_entry *x = a, *y = b;

	if (x->pid != y->pid)
		return (x->pid > y->pid) - (x->pid < y->pid);
	return (x->start > y->start) - (x->start < y->start);
}

nsec_t spend_since(struct spend *s, const struct target *t)
{
	size_t count, n = 0;
	const struct process *p = target_processes(t, &count);
	struct spend_entry *list = xcalloc(count + 1, sizeof *list);
	nsec_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		struct spend_entry now = { p[i].pid, p[i].start, p[i].gone ? 0 : spend_of(p[i].pid) }, *before;

		if (!now.cpu)
			continue;
		before = s->count ? bsearch(&now, s->list, s->count, sizeof now, by_pid) : NULL;
		if (before)
			sum += now.cpu > before->cpu ? now.cpu - before->cpu : 0;
		else if (p[i].born)
			sum += now.cpu;
		list[n++] = now;
	}
	qsort(list, n, sizeof *list, by_pid);
	free(s->list);
	s->list = list;
	s->count = n;
	return sum;
}

void spend_free(struct spend *s)
{
	free(s->list);
}
