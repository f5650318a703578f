/* One group on one thread and one kind of core: open, read, close. Knows the kernel's formats, not what is counted. */
#include "source/perf/engine.h"

#include <errno.h>

#define REREADS 10 /* of about a microsecond */

static void make_attr(const struct perf *p, const struct perf_event *ev, size_t pmu, struct perf_event_attr *attr)
{
	const struct perf_code *code = &ev->code;

	*attr = (struct perf_event_attr){ .size = sizeof *attr, .type = code->type, .config = code->config,
		.config1 = code->config1, .config2 = code->config2, .exclude_user = code->exclude_user,
		.exclude_kernel = code->exclude_kernel || ev->user_only, .inherit = 1,
		.inherit_thread = !p->children && p->inherit_thread };
	attr->exclude_hv = attr->exclude_kernel;
	attr->read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
	/* Linux 5.13: the kind of core stands in the upper half, else a generic event counts on the first kind only. */
	if (p->npmus >= 2 && (code->type == PERF_TYPE_HARDWARE || code->type == PERF_TYPE_HW_CACHE))
		attr->config |= (uint64_t)p->pmus[pmu].type << PERF_PMU_TYPE_SHIFT;
}

int perf_event_open_one(const struct perf *p, const struct perf_event *ev, pid_t tid, size_t pmu, int leader)
{
	const struct perf_kernel *k = p->kernel;
	struct perf_event_attr attr;
	int fd;

	make_attr(p, ev, pmu, &attr);
	fd = k->open(k->context, &attr, tid, leader);
	if (fd >= 0 && (uint64_t)fd >= p->file_limit / PERF_SHARE) {
		k->close(k->context, fd);
		errno = EMFILE;
		return -1;
	}
	return fd;
}

void perf_lane_close(const struct perf *p, const int *fds, size_t count)
{
	while (count--) /* siblings first: a leader's end would make each of them a group of its own */
		p->kernel->close(p->kernel->context, fds[count]);
}

int perf_lane_open(const struct perf *p, const struct perf_group *g, pid_t tid, size_t pmu, int *fds)
{
	for (size_t i = 0; i < g->ncounted; i++) {
		fds[i] = perf_event_open_one(p, g->counted[i], tid, pmu, i ? fds[0] : -1);
		if (fds[i] < 0) {
			int saved = errno;

			perf_lane_close(p, fds, i);
			errno = saved;
			return -1;
		}
	}
	return 0;
}

int perf_lane_read(const struct perf_kernel *k, int leader, size_t count, uint64_t *out)
{
	uint64_t answer[3 + PERF_GROUP_SIZE]; /* number of values, enabled, running, values */
	size_t size = (3 + count) * sizeof answer[0];
	ssize_t n = -1;

	/* ECHILD: a thread that had inherited was just being ended, its group half gone. */
	for (unsigned i = 0; n < 0 && i < REREADS && (i == 0 || errno == ECHILD); i++)
		n = k->read(k->context, leader, answer, size);
	if (n < 0)
		return -1;
	if ((size_t)n != size || answer[0] != count) {
		errno = EIO;
		return -1;
	}
	for (size_t i = 0; i < 2 + count; i++)
		out[i] = answer[1 + i];
	return 0;
}
